"""``replay serve``: splunkd's REST API and the HTTP Event Collector over the same engine and apps as ``replay run``.

    server.py      the two HTTPS ports, start and stop
    gateway.py     a request on its way in: body, login, endpoint; and the answer on its way out
    calls.py       what an endpoint gets, and how endpoints are declared
    endpoints/     ONE FILE PER FAMILY OF ENDPOINTS; the gateway walks the folder
    patience.py    how long a client is waited for
    description.py the OpenAPI description, made from the endpoints' declarations
    hec.py         the HTTP Event Collector
    head.py        the search head: all that the endpoints work on
    accounts.py    users, sessions, tokens
    apps.py        the apps: those given, each with a local/ of the server's own
    jobs.py        search jobs
    arguments.py   what a search may be asked for, and what of it is followed
    saved.py       how saved searches are dispatched
    scheduler.py   saved searches that run when they are due (cron.py)
    alerts.py      when results are worth their actions: conditions, throttling
    actions.py     what a correlation search does with its results: risk events, findings
    feeds.py       entries as Atom or JSON
    results.py     rows as JSON, CSV, XML

Source of every endpoint: Splunk REST API Reference Manual; where its text leaves something open, what unmodified
clients (splunk-sdk for Python and JavaScript, contentctl) read decides.
"""
