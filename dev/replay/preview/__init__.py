"""``replay preview``: the dashboards of apps, in a browser, over ``replay serve``.

    command.py     the verb: what it loads, where it listens
    bundle.py      the page's JavaScript, made on demand with npm from ``dev/preview``
    views.py       dashboards in the XML that apps ship
    definition.py  what is wrong with a dashboard's JSON; the tests hold the app's dashboard to it
    web.py         what Splunk Web would do: the pages, the session cookie, the way to the REST API
    results.py     the search page that drilldowns open: one search, and its rows

The dashboards are drawn by Splunk's own npm packages. They are development dependencies, installed and built on demand;
neither they nor what is built of them is committed or shipped.
"""
