"""HTML pages, read as a browser reads them."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = frozenset(("meta", "br"))


class Element:
    """A part of a page."""

    def __init__(self, tag: str, attributes: dict[str, str], above: Element | None) -> None:
        self.tag, self.attributes, self.above = tag, attributes, above
        self.content: list[Element | str] = []

    @property
    def text(self) -> str:
        """What it says; blanks are one blank."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> list[str]:
        found: list[str] = []
        for part in self.content:
            found += [part] if isinstance(part, str) else part._texts()
        return [*found, " "] if self.tag in ("li", "dd", "dt", "td", "p", "div", "code", "ul") else found

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """The elements in it with this tag and these attributes (``class_`` is ``class``), in order."""
        found = []
        for part in self.content:
            if isinstance(part, Element):
                given = {n.rstrip("_"): v for n, v in attributes.items()}
                if tag in ("", part.tag) and given.items() <= part.attributes.items():
                    found.append(part)
                found += part.all(tag, **attributes)
        return found

    def one(self, tag: str = "", **attributes: str) -> Element:
        """The only one."""
        (found,) = self.all(tag, **attributes)
        return found


class Page(HTMLParser):
    """A page; whatever is opened must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = self._at = Element("", {}, None)
        self.source = text
        self.feed(text)
        self.close()
        assert self._at is self.root, f"<{self._at.tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self._at)
        self._at.content.append(element)
        if tag not in VOID:
            self._at = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._at.content.append(Element(tag, {name: value or "" for name, value in attrs}, self._at))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self._at.tag, f"</{tag}> in <{self._at.tag}>"
        assert self._at.above is not None
        self._at = self._at.above

    def handle_data(self, data: str) -> None:
        self._at.content.append(data)

    def section(self, name: str) -> Element:
        """The section with this id."""
        return self.root.one("section", id=name)
