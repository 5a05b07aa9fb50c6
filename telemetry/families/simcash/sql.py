"""JSON and whole numbers in DuckDB's SQL, so that text which is neither reads as NULL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.families.vocabulary import Stored

Element = sa.ColumnElement[Any]


def decoded(text: Element) -> Element:
    """Stored JSON as JSON, also where it was encoded twice; NULL where it is not valid."""
    once = sa.try_cast(text, sa.JSON)
    again = sa.try_cast(sa.func.json_extract_string(once, "$"), sa.JSON)
    return sa.case((sa.func.json_type(once) == "VARCHAR", again), else_=once)


def text_at(json: Element, path: str) -> sa.ColumnElement[str]:
    """The text at a path of decoded JSON; NULL where there is none, or it is null."""
    return sa.type_coerce(sa.func.json_extract_string(json, path), sa.Text())


def whole_at(json: Element, path: str) -> sa.ColumnElement[int]:
    """The whole number at a path; NULL where it is none."""
    return sa.try_cast(text_at(json, path), sa.BigInteger())


def real_at(json: Element, path: str) -> sa.ColumnElement[float]:
    return sa.try_cast(text_at(json, path), sa.Double())


def nothing(kind: sa.types.TypeEngine[Any]) -> Element:
    """NULL of a type, for a column that one of several stored tables lacks."""
    return sa.cast(sa.null(), kind)


def first_of(stored: Stored, *places: tuple[str, str]) -> Element | None:
    """The first that is not NULL of the columns (table, column) that exist; None: none does."""
    found = [stored.column(*place) for place in places if stored.has(*place)]
    if not found:
        return None
    return found[0] if len(found) == 1 else sa.func.coalesce(*found)


def labelled(**columns: Element | None) -> list[sa.Label[Any]]:
    """The columns that exist, each under its name."""
    return [e.label(name) for name, e in columns.items() if e is not None]


def day_of(tick: Element, ticks_per_day: Element) -> Element:
    """Tick ÷ ticks per day, rounded down."""
    return sa.cast(tick.op("//")(sa.func.nullif(ticks_per_day, 0)), sa.BigInteger())
