"""Page: one HTML file made of elements, so that no text of a database can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree as Tree

from telemetry.concepts import Cell, Column
from telemetry.export.formats import json_text
from telemetry.report.style import STYLE
from telemetry.text import cell_text, one_line, shown_unit

Child = Tree.Element | str
Row = Sequence[Cell]
SHORT = 48
"""Characters up to which a text stands on one line."""
MOST_ROWS = 200
"""Rows that a table of a report has; the page says how many more there are."""


def element(tag: str, *children: Child, **attributes: str) -> Tree.Element:
    """An element; texts are texts, whatever stands in them. `class_` is the attribute class."""
    found = Tree.Element(tag, {name.rstrip("_"): value for name, value in attributes.items()})
    last: Tree.Element | None = None
    for child in children:
        if isinstance(child, Tree.Element):
            found.append(child)
            last = child
        elif last is None:
            found.text = (found.text or "") + child
        else:
            last.tail = (last.tail or "") + child
    return found


def page(title: str, parts: Iterable[Tree.Element]) -> str:
    """The whole file: no script, nothing from elsewhere, light or dark as the reader likes."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", **{"http-equiv": "Content-Security-Policy", "content": policy}),
        element("title", one_line(title)),
        element("style", STYLE),
    )
    whole = element("html", head, element("body", element("main", *parts)), lang="en")
    return "<!DOCTYPE html>\n" + Tree.tostring(whole, encoding="unicode", method="html") + "\n"


def section(title: str, *parts: Tree.Element | None, note: str = "") -> Tree.Element:
    """A heading with what stands below it; `note` beside the heading says what it is."""
    heading = element("h2", title)
    if note:
        heading.append(element("small", note))
    return element("section", heading, *(part for part in parts if part is not None))


def said(text: str, kind: str = "") -> Tree.Element:
    """A paragraph; `kind` "warning", "good", "bad" or "quiet" colours it."""
    return element("p", one_line(text, limit=2000), class_=kind)


def facts(pairs: Iterable[tuple[str, Cell]]) -> Tree.Element:
    """Labels and values, one below the other."""
    found = element("dl")
    for label, value in pairs:
        found.append(element("dt", one_line(label)))
        found.append(element("dd", cell_text(value, missing="not recorded")))
    return found


def table(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    bars: str = "",
    moods: Mapping[int, str] | None = None,
) -> Tree.Element:
    """Rows under their headings; `bars` names a column whose numbers are drawn as bars besides.

    `moods` colours the first cell of a row: "good", "bad" or "quiet".
    """
    numeric = [c.kind in ("int", "real") for c in columns]
    head = element("tr", *(_heading(c, n) for c, n in zip(columns, numeric, strict=True)))
    body = element("tbody")
    drawn = next((i for i, c in enumerate(columns) if c.name == bars), -1)
    most = max((_number(row[drawn]) for row in rows), default=0.0) if drawn >= 0 else 0.0
    for place, row in enumerate(rows[:MOST_ROWS]):
        line = element("tr")
        for i, (cell, column) in enumerate(zip(row, columns, strict=True)):
            text = "–" if cell is None and column.recorded else cell_text(cell, column, limit=400)
            kind = "number" if numeric[i] else "text" if len(text) > SHORT else "text short"
            mood = (moods or {}).get(place, "") if i == 0 else ""
            line.append(element("td", text, class_=f"{kind} {mood}".strip()))
            if i == drawn and most > 0:
                width = 100 * _number(cell) / most
                bar = element("span", class_="bar", style=f"width:{width:.1f}%")
                line[-1].append(bar)
        body.append(line)
    whole = element("table", element("thead", head), body)
    parts = [element("div", whole, class_="wide")]
    if len(rows) > MOST_ROWS:
        parts.append(said(f"{len(rows) - MOST_ROWS} more rows are left out here.", "quiet"))
    return element("div", *parts)


def source_text(values: object) -> Tree.Element:
    """Nested values as JSON, each in full."""
    return element("pre", json_text(values, indent=2))


def _heading(column: Column, numeric: bool) -> Tree.Element:
    unit = shown_unit(column.unit)
    words = re.split("(?<=_)", one_line(column.label))
    broken: list[Child] = [part for word in words for part in (element("wbr"), word)][1:]
    found = element("th", *broken, scope="col", class_="number" if numeric else "text")
    if unit and unit not in column.label:
        found.append(element("small", unit))
    if column.help:
        found.set("title", column.help)
    return found


def _number(cell: Cell) -> float:
    return 0.0 if cell is None or isinstance(cell, str | bytes) else max(0.0, float(cell))
