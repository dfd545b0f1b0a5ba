"""Where text for people goes."""

from __future__ import annotations

from rich.console import Console


def console(*, stderr: bool = False, width: int | None = None, soft_wrap: bool = False) -> Console:
    """Shows text as it is: left to itself, rich makes a picture of ``:bug:``, and colours what looks like a number.

    Source: Rich documentation, "Console Markup", "Emoji"; "Console API", "Highlighting".
    """
    return Console(stderr=stderr, width=width, soft_wrap=soft_wrap, highlight=False, emoji=False)
