"""The report of a run as one HTML page: searches around the hits, what they tell, and the page.

findings    the search, its risk, and what surrounds its hits
events      process events, and which of them a hit is about
processes   process events -> who started whom, who touched whom
tree        the part of that which a hit is shown with
references  what the saved search says of itself
timeline    hits in time
page        all of it as HTML (page.html.j2, page.css)
"""
