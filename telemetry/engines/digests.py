"""Digests of rows tick by tick, worked out by DuckDB: equal digests are equal rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from telemetry.concepts import Ints
from telemetry.engines.lines import ByValuesError

Digested = tuple[Ints, Ints, Ints]
"""Ticks int64[n] ascending, rows of each int64[n], and their digests int64[n, 3]."""


def no_digests(*_: object) -> Digested:
    """Of an engine that works none out."""
    raise ByValuesError


def digest_query(rows: str, columns: Sequence[str]) -> str:
    """SQL for tick, count and three digests of `rows`; the tick is the first of the columns.

    The first two (sum and exclusive or of each row's 64-bit hash) do not depend on the order of
    rows, the third does. DuckDB's hash of several columns is linear under exclusive or, so it is
    hashed once more: else values that two rows exchange would cancel out.
    """
    tick = columns[0]
    return (
        f"SELECT {tick}, count(*), {_signed('sum(h::HUGEINT) % 18446744073709551616')}, "
        f"{_signed('bit_xor(h)')}, {_signed('bit_xor(hash(xor(h, n)))')} "
        f"FROM (SELECT {tick}, hash(hash({', '.join(columns)})) AS h, "
        f"(row_number() OVER ())::UBIGINT AS n FROM {rows}) GROUP BY {tick} ORDER BY {tick}"
    )


def digests_of(found: Iterable[Sequence[str | int | None]]) -> Digested:
    """The rows of `digest_query` as arrays; ByValuesError where a tick is no whole number."""
    import numpy as np

    try:
        table = np.array([[int(cell) for cell in row if cell is not None] for row in found], "i8")
    except ValueError as error:
        raise ByValuesError from error
    table = table.reshape(-1, 5)
    return table[:, 0].copy(), table[:, 1].copy(), table[:, 2:].copy()


def _signed(value: str) -> str:
    """An unsigned number of 64 bits as the signed one that NumPy and a cache can hold."""
    half, whole = "9223372036854775808", "18446744073709551616"
    wide = f"({value})::HUGEINT"
    return f"(CASE WHEN {wide} >= {half} THEN {wide} - {whole} ELSE {wide} END)::BIGINT"
