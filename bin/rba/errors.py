"""The one error of this package."""


class RbaError(Exception):
    """What is wrong, where, and what to do, in words for the person who runs the search."""
