"""The long texts of one row, as they are read: prompts and answers as text, JSON laid out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, RunId
from telemetry.errors import NothingFoundError
from telemetry.frozen import Frozen
from telemetry.text import exact_text
from vmt_log_viewer.models.one_row import read_row
from vmt_log_viewer.models.payload import decoded
from vmt_log_viewer.state.items import RowItem

if TYPE_CHECKING:
    from telemetry.source import Source

SHOWN = 200_000  # characters of one text
NULL = "Nothing was recorded here (NULL)."


class LongText(Frozen):
    """`problem` says why there is no text, or that not all of it is shown."""

    name: str
    label: str
    text: str
    problem: str = ""


def read_texts(
    source: Source, run_id: RunId, item: RowItem, roles: tuple[str, ...], token: CancelToken
) -> tuple[LongText, ...]:
    """The texts of a row in columns that play one of `roles`; blocks, so call it in a worker."""
    page = read_row(source, run_id, item, token)
    if not page.rows:
        label = page.table.label.lower()
        raise NothingFoundError(f"The row {item.key} of {label} is no longer there; refresh (F5).")
    found = []
    for column, cell in zip(page.columns, page.rows[0], strict=True):
        if column.role in roles:
            text, problem = laid_out(cell) if column.recorded else ("", "Not recorded here.")
            found.append(LongText(column.name, column.label, text, problem))
    return tuple(found)


def laid_out(cell: Cell) -> tuple[str, str]:
    """A cell to read: JSON with a line for each value; and what is to be said of it."""
    if cell is None:
        return "", NULL
    value = decoded(cell) if isinstance(cell, str) else cell
    text = exact_text(cell)
    if isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False, indent=2)
    if len(text) > SHOWN:
        return text[:SHOWN], f"The first {SHOWN} of {len(text)} characters are shown."
    return text, "" if text else "An empty text."
