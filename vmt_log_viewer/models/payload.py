"""A payload as facts: JSON taken apart, however often it was encoded, other text line by line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, RunId
from telemetry.errors import NothingFoundError
from telemetry.frozen import Frozen
from telemetry.text import one_line
from vmt_log_viewer.models.fact_tree import Fact, Section
from vmt_log_viewer.models.one_row import read_row
from vmt_log_viewer.state.items import RowItem

if TYPE_CHECKING:
    from telemetry.source import Source

TEXT_SHOWN = 100_000  # characters of a payload that is no JSON
ENCODED = 3  # how often JSON may be wrapped into a JSON text


class Told(Frozen):
    """A row in words ("" where the family has none for it), and its payload as facts."""

    words: str
    sections: tuple[Section, ...]


def tell_row(source: Source, run_id: RunId, item: RowItem, token: CancelToken) -> Told:
    """Read one row with its payload and take that apart; blocks, so call it in a worker."""
    page = read_row(source, run_id, item, token)
    if not page.rows:
        label = page.table.label.lower()
        raise NothingFoundError(
            f"The row {item.key} of {label} is no longer there; refresh the view (F5)."
        )
    cells = {c.name: v for c, v in zip(page.columns, page.rows[0], strict=True)}
    words = one_line(source.explain(item.table, cells), limit=2000)
    column = next((c for c in page.columns if c.role == "payload"), None)
    if column is None:
        return Told(words, ())
    if not column.recorded:
        facts: tuple[Fact, ...] = (Fact("payload", None, recorded=False),)
    else:
        facts = payload_facts(cells[column.name])
    return Told(words, (Section("Payload", facts),))


def payload_facts(cell: Cell) -> tuple[Fact, ...]:
    """The payload's own top level; NULL says so, text that is no JSON stays text."""
    if cell is None:
        return (Fact("No payload was recorded with this event.", wide=True, mood="muted"),)
    value: object = cell
    if isinstance(cell, str):
        value = decoded(cell)
    if isinstance(value, dict):
        found = tuple(Fact(one_line(str(k)), v) for k, v in value.items())
        return found or (Fact("The payload is an empty object.", wide=True, mood="muted"),)
    if isinstance(value, list):
        return (Fact("list", value),)
    if isinstance(value, str):
        return _text_facts(value)
    return (Fact("value", value),)


def decoded(text: str) -> object:
    value: object = text
    for _ in range(ENCODED):
        if not isinstance(value, str):
            return value
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _text_facts(text: str) -> tuple[Fact, ...]:
    lines = text[:TEXT_SHOWN].splitlines() or [""]
    facts = tuple(Fact(str(number), line) for number, line in enumerate(lines, 1))
    if len(text) <= TEXT_SHOWN:
        return facts
    cut = f"The first {TEXT_SHOWN} of {len(text)} characters are shown."
    return (Fact(cut, wide=True), *facts)
