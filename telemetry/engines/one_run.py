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
    a column of the row outside; nothing else changes, and neither do the rows.
    """
    if not isinstance(statement, sa.Select) or statement.whereclause is None:
        return statement
    known = {
        part.left: part.right
        for part in _parts(statement.whereclause)
        if isinstance(part, sa.BinaryExpression)
        and part.operator is operators.eq
        and isinstance(part.left, sa.ColumnClause)
        and isinstance(part.right, BindParameter)
    }
    if not known or not any(isinstance(e, sa.ScalarSelect) for e in visitors.iterate(statement)):
        return statement
    below = {id(e) for table in statement.get_final_froms() for e in visitors.iterate(table)}

    def pin(element: Any, **_: Any) -> Any:
        if not isinstance(element, sa.ScalarSelect) or not isinstance(element.element, sa.Select):
            return None
        outside = {
            id(column): value
            for column, value in known.items()
            if _from_outside(column.table, element.element, id(element) in below)
        }
        return _replaced(element, {}, lambda e, **_: outside.get(id(e)))

    return _replaced(statement, {}, pin)


def _from_outside(table: Any, inner: sa.Select[Any], below: bool) -> bool:
    """Whether a sub-select means by `table` that of the row outside, and has no such one itself.

    One `below` the tables of the statement does only where it says so.
    """
    if inner._correlate:
        return table in inner._correlate
    return not below and any(own is not table for own in inner.get_final_froms())


def _parts(condition: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[Any], ...]:
    """What a condition demands together."""
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        return tuple(part for clause in condition.clauses for part in _parts(clause))
    return (condition,)
