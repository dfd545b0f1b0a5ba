"""Plain values. Not dataclasses: loading those takes longer than all else before the command's first reply."""

from __future__ import annotations


class Value:
    """Equal to another of its class where all attributes are equal."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        attributes = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({attributes})"
