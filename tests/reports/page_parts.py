"""A page taken apart again: its tables as the document's values, its charts, what is in it to load."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import attrs


@attrs.define
class PageTable:
    """A table: heads, and rows of values as they were in the document, as text."""

    caption: str = ""
    heads: list[str] = attrs.field(factory=list)
    rows: list[list[str]] = attrs.field(factory=list)

    def column(self, head: str) -> list[str]:
        """All values under a head."""
        place = self.heads.index(head)
        return [row[place] for row in self.rows]


@attrs.define
class Page:
    """All of it: elements as (tag, attributes), tables, scripts and styles by their texts."""

    elements: list[tuple[str, dict[str, str | None]]] = attrs.field(factory=list)
    tables: list[PageTable] = attrs.field(factory=list)
    scripts: list[tuple[dict[str, str | None], str]] = attrs.field(factory=list)
    styles: list[str] = attrs.field(factory=list)
    text: str = ""

    @property
    def charts(self) -> dict[str, Any]:
        """The charts' data, as the page's script reads them."""
        return self._data("charts")

    @property
    def definitions(self) -> dict[str, str]:
        """What the page says figures are."""
        return self._data("definitions")

    def table(self, caption: str, place: int = 0) -> PageTable:
        """The table of that caption."""
        return [table for table in self.tables if table.caption == caption][place]

    def policy(self) -> str:
        """The content policy."""
        (found,) = [with_ for tag, with_ in self.elements if tag == "meta" and "http-equiv" in with_]
        return str(found["content"])

    def _data(self, name: str) -> dict[str, Any]:
        (text,) = [text for with_, text in self.scripts if with_.get("id") == name]
        found: dict[str, Any] = json.loads(text)
        return found


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.into: list[str] | None = None
        self.value: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        with_ = dict(attrs)
        self.page.elements.append((tag, with_))
        if tag == "table":
            self.page.tables.append(PageTable())
        elif tag in ("caption", "th", "td", "script", "style"):
            self.into, self.value = [], with_.get("data-value")
        elif tag == "tr":
            self.page.tables[-1].rows.append([])
        elif tag == "span" and with_.get("class") == "unit" and self.into is not None:
            self.value = "".join(self.into)  # a head's unit is not its name

    def handle_data(self, data: str) -> None:
        if self.into is not None:
            self.into.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("caption", "th", "td", "script", "style") or self.into is None:
            return
        text = "".join(self.into) if self.value is None else self.value
        if tag == "script":
            with_ = next(with_ for name, with_ in reversed(self.page.elements) if name == "script")
            self.page.scripts.append((with_, text))
        elif tag == "style":
            self.page.styles.append(text)
        elif tag == "caption":
            self.page.tables[-1].caption = text
        else:
            self.page.tables[-1].rows[-1].append(text.strip())
        self.into = None


def parsed(text: str) -> Page:
    """A page from its text."""
    parser = _Parser()
    parser.feed(text)
    parser.page.text = text
    for table in parser.page.tables:
        table.heads = table.rows.pop(0)
    return parser.page
