"""COPY: the server writes the rows of a statement as lines of CSV."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import generators, pq
from psycopg.waiting import Wait

from telemetry.engines.lines import ODD, ByValuesError, Kind, Lines, corrected
from telemetry.engines.postgresql_sessions import STATEMENT_TIMEOUT, for_parts
from telemetry.engines.spelling import spelled
from telemetry.engines.whole_numbers import with_points

_SOME = 1 << 18
"""Bytes that are handed on together, or a few more."""
_KINDS: dict[str, Kind] = {
    "bool": "plain", "int2": "plain", "int4": "plain", "int8": "plain", "uuid": "plain",
    "text": "text", "varchar": "text", "json": "text", "jsonb": "text",
    "float8": "real", "numeric": "decimal", "timestamp": "plain",
}  # fmt: skip
_OF_TYPE = {psycopg.postgres.types[name].oid: name for name in _KINDS}
# Every digit; and our own limit is meant for the fetching of some rows: what others have set holds.
_SETTINGS = (
    "SELECT set_config('extra_float_digits', '1', true), CASE current_setting('statement_timeout') "
    f"WHEN '{STATEMENT_TIMEOUT}' THEN set_config('statement_timeout', '0', true) END"
)
# What its lines can hold that stands otherwise in ours: an exponent, no number, a decimal that is
# too long, white space beside a comma or at the end of a line. The byte is looked for first: most
# are rare, and finding one byte takes no time.
_SUSPECT = (
    (b"+", b"e+"), (b"N", b"NaN"), (b"I", b"Infinity"), (b" ", b", "), (b" ", b" ,"),
    (b" ", b"\n "), (b" ", b" \n"), (b"\xe1", b"\xe1\x9a"), (b"\xe2", b"\xe2\x80"),
    (b"\xe2", b"\xe2\x81"), (b"\xe3", b"\xe3\x80"),
    *((byte, byte) for byte in (ODD.encode(), b"\t", b"\x0b", b"\x0c", b"\x1c", b"\x1d",
                                b"\x1e", b"\x1f", b"\xc2")),
)  # fmt: skip


def copied(connection: sa.Connection, select: sa.Select[Any]) -> Lines:
    """The rows of `select` in its order, in constant memory.

    ByValuesError, before the first of them, where a column is of a type that is not known to be
    written alike.
    """
    driver: Any = connection.connection.driver_connection
    if driver.info.encoding != "utf-8":
        raise ByValuesError
    statement = spelled(for_parts(connection, select), connection.dialect)
    with driver.execute(f"SELECT * FROM ({statement}) rows LIMIT 0") as none:
        types = _types(connection, select, none.description)
    names = (column.name.replace('"', '""') for column in select.selected_columns)
    fields = ", ".join(
        _field(f'rows."{name}"', kind) for name, kind in zip(names, types, strict=True)
    )
    driver.execute(_SETTINGS)
    copy = f"COPY (SELECT {fields} FROM ({statement}) rows) TO STDOUT (FORMAT csv)"
    ended = False
    try:
        driver.pgconn.send_query(copy.encode())
        driver.wait(generators.execute(driver.pgconn))
        kinds = [_KINDS[name] for name in types]
        while not ended:
            part, rows, ended = driver.wait(_some(driver.pgconn))
            yield _text(part, kinds), rows
    finally:
        if not ended:
            connection.invalidate()  # the server is still sending


def _types(
    connection: sa.Connection, select: sa.Select[Any], description: Sequence[Any]
) -> list[str]:
    """The server's type of each column, of which no declared type makes something else."""
    dialect, found = connection.dialect, []
    for column, told in zip(select.selected_columns, description, strict=True):
        name = _OF_TYPE.get(told.type_code)
        floats = isinstance(column.type, sa.Float) and name == "float8"
        impl = column.type.dialect_impl(dialect)
        if name is None or not (floats or impl.result_processor(dialect, told.type_code) is None):
            raise ByValuesError
        found.append(name)
    if len(found) < 2:  # a line of one field has rules of its own
        raise ByValuesError
    return found


def _field(name: str, kind: str) -> str:
    """What the server selects so that it writes what we would, or what `corrected` makes that."""
    if kind == "bool":
        return f"CASE WHEN {name} THEN 'true' WHEN NOT {name} THEN 'false' END"
    if kind == "numeric":
        short = f"abs({name}) >= 1e-20 OR {name} = 0 AND scale({name}) < 20"
        usual = f"abs({name}) < 1e41 AND ({short})"
        return f"CASE WHEN {usual} THEN {name}::text ELSE '{ODD}' || {name}::text END"
    if kind == "timestamp":
        part = f"CASE to_char({name}, 'US') WHEN '000000' THEN '' ELSE to_char({name}, '.US') END"
        return f"to_char({name}, 'YYYY-MM-DD\"T\"HH24:MI:SS') || {part}"
    return name


def _some(connection: pq.abc.PGconn) -> Generator[Wait, Any, tuple[bytearray, int, bool]]:
    """The next rows as lines, how many they are, and whether they are the last."""
    found, rows = bytearray(), 0  # objects in their thousands would be gone through for garbage
    while len(found) < _SOME:
        length, row = connection.get_copy_data(1)
        if length > 0:
            found += row
            rows += 1
        elif length == 0:
            yield Wait.R
            connection.consume_input()
        else:
            for result in (yield from generators.fetch_many(connection)):
                if result.status != pq.ExecStatus.COMMAND_OK:
                    raise psycopg.errors.error_from_result(result)
            return found, rows, True
    return found, rows, False


def _text(lines: bytearray, kinds: Sequence[Kind]) -> str:
    reals = [place for place, kind in enumerate(kinds) if kind == "real"]
    text = with_points(lines, len(kinds), reals).decode()
    around = b"\n" + lines
    suspect = any(byte in lines and odd in around for byte, odd in _SUSPECT)
    return corrected(text, kinds) if suspect else text
