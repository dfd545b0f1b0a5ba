"""``replay lint``: what of an app's searches, macros and risk settings goes wrong in production.

examined.py   what rules look at: the app, its searches, each with its macros expanded and its commands parsed
flow.py       which fields a search has after each of its commands
rules/        ONE FILE PER RULE, with a bad and a good example that are its test and its documentation
switches.py   rules that pyproject.toml or a comment switches off
linter.py     all of this over an app
output/       ONE FILE PER FORMAT
document.py   ``--explain`` and docs/lint.md, from the rules
"""
