"""A statement about one run says so in each of its parts, so that the plan reads one partition.

PostgreSQL carries `trades.run_id = 7` through a join, but not into a sub-select that names
`trades.run_id` of the row outside: planned for any run, that one connects to every server.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BindParameter, BooleanClauseList

_replaced: Any = visitors.replacement_traverse


def pinned(statement: Any) -> Any:
    """`statement` with constants for the columns that its own condition sets equal to one.

    They are put into the scalar sub-selects of its columns and conditions, where these name such
    a column of the row outside, and so they are in each SELECT that it reads from; nothing else
    changes, and neither do the rows.
    """
    if not isinstance(statement, sa.Select):
        return statement
    if not any(isinstance(e, sa.ScalarSelect) for e in visitors.iterate(statement)):
        return statement
    outside: dict[int, dict[int, BindParameter[Any]]] = {}
    for select in (statement, *_read_from(statement)):
        _note(select, outside)

    def pin(element: Any, **_: Any) -> Any:
        known = outside.get(id(element))
        if not known:
            return None
        return _replaced(element, {}, lambda e, **_: known.get(id(e)))

    return _replaced(statement, {}, pin) if outside else statement


def _read_from(statement: sa.Select[Any]) -> list[sa.Select[Any]]:
    """The SELECTs that stand in the place of a table, at any depth."""
    found = (e.element for e in visitors.iterate(statement) if isinstance(e, sa.Subquery | sa.CTE))
    return [select for select in found if isinstance(select, sa.Select)]


def _note(select: sa.Select[Any], outside: dict[int, dict[int, BindParameter[Any]]]) -> None:
    """What each scalar sub-select of `select` may take for known of the row outside it."""
    if select.whereclause is None:
        return
    known = {
        part.left: part.right
        for part in _parts(select.whereclause)
        if isinstance(part, sa.BinaryExpression)
        and part.operator is operators.eq
        and isinstance(part.left, sa.ColumnClause)
        and isinstance(part.right, BindParameter)
    }
    below = {id(e) for table in select.get_final_froms() for e in visitors.iterate(table)}
    for element in visitors.iterate(select) if known else ():
        if not isinstance(element, sa.ScalarSelect) or not isinstance(element.element, sa.Select):
            continue
        here = {
            id(column): value
            for column, value in known.items()
            if _from_outside(column.table, element.element, id(element) in below)
        }
        if here:
            outside.setdefault(id(element), {}).update(here)


def _from_outside(table: Any, inner: sa.Select[Any], below: bool) -> bool:
    """Whether a sub-select means by `table` that of the row outside, and has no such one itself.

    One `below` the tables of the statement does only where it says so; one that reads from another
    SELECT is left alone, since that may have such a table of its own.
    """
    if any(isinstance(e, sa.Subquery) for e in visitors.iterate(inner)):
        return False
    if inner._correlate:
        return table in inner._correlate
    return not below and any(own is not table for own in inner.get_final_froms())


def _parts(condition: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[Any], ...]:
    """What a condition demands together."""
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        return tuple(part for clause in condition.clauses for part in _parts(clause))
    return (condition,)
