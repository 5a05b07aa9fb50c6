"""Tables of a PostgreSQL schema as they are: how they are made, copied and compared elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from telemetry.cancel import CancelToken
from telemetry.frozen import Frozen

_KINDS = ("r", "p")
_SEQUENCES = """
SELECT c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
    s.seqcycle, t.relname, a.attname
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
LEFT JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass
    AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
LEFT JOIN pg_class t ON t.oid = d.refobjid
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE pg_table_is_visible(c.oid) AND c.relnamespace = current_schema()::regnamespace
    AND coalesce(d.deptype, 'a') = 'a'
ORDER BY 1
"""


class Plan(Frozen):
    """What a copy is made of: tables so that each follows those it names, and what counts ids.

    `before` are the statements that make the sequences which tables count by, `after` those that
    tie them to their columns and let them go on counting. `left` are the views and foreign tables
    that stay behind.
    """

    tables: tuple[sa.Table, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    left: tuple[str, ...]


def names(connection: sa.Connection, kinds: Sequence[str] = _KINDS) -> list[str]:
    """What the schema in which the connection looks holds, without partitions."""
    rows = connection.exec_driver_sql(
        "SELECT relname FROM pg_class WHERE relkind::text = ANY(%s) AND NOT relispartition "
        "AND relnamespace = current_schema()::regnamespace ORDER BY 1",
        (list(kinds),),
    )
    return [str(name) for (name,) in rows]


def reflected(connection: sa.Connection, wanted: Iterable[str]) -> sa.MetaData:
    """The tables of these names as they stand in the database; ids count as they do there."""
    metadata = sa.MetaData()
    sa.event.listen(sa.Table, "column_reflect", _plain)
    try:
        metadata.reflect(connection, only=list(wanted), resolve_fks=False)
    finally:
        sa.event.remove(sa.Table, "column_reflect", _plain)
    return metadata


def _plain(_inspector: object, _table: sa.Table, column: dict[str, Any]) -> None:
    """A default that counts stays as it is, with its sequence's own name."""
    identity = column.get("identity")
    if identity is None:
        column["autoincrement"] = False
    elif isinstance(identity, str):  # a connection that reads leaves JSON as its text
        column["identity"] = json.loads(identity)


def plan_of(source: sa.Connection) -> Plan:
    """How the tables in the schema where `source` looks are made again."""
    quote = source.dialect.identifier_preparer.quote
    before, after = [], []
    for name, kind, start, step, least, most, cycle, table, column in source.exec_driver_sql(
        _SEQUENCES
    ):
        turning = "CYCLE" if cycle else "NO CYCLE"
        before.append(
            f"CREATE SEQUENCE {quote(name)} AS {kind} INCREMENT {step} MINVALUE {least} "
            f"MAXVALUE {most} START {start} {turning}"
        )
        if table is not None:
            after.append(f"ALTER SEQUENCE {quote(name)} OWNED BY {quote(table)}.{quote(column)}")
        last = source.exec_driver_sql(f"SELECT last_value, is_called FROM {quote(name)}").one()
        after.append(f"SELECT setval('{_literal(quote(name))}', {last[0]}, {last[1]})")
    tables = reflected(source, names(source)).sorted_tables
    after += [s for table in tables for s in _identities(source, table)]
    return Plan(tuple(tables), tuple(before), tuple(after), tuple(names(source, ("v", "m", "f"))))


def _identities(source: sa.Connection, table: sa.Table) -> list[str]:
    """Where the identity columns of a table go on counting."""
    quote = source.dialect.identifier_preparer.quote
    found = []
    for column in table.c:
        if column.identity is not None:
            place = f"'{_literal(quote(table.name))}', '{_literal(column.name)}'"
            asked = f"pg_get_serial_sequence({place})"
            own = source.exec_driver_sql(f"SELECT {asked}").scalar_one()
            last, called = source.exec_driver_sql(f"SELECT last_value, is_called FROM {own}").one()
            found.append(f"SELECT setval({asked}, {last}, {called})")
    return found


def make(target: sa.Connection, plan: Plan) -> None:
    """The empty tables, counting where the originals do."""
    for statement in plan.before:
        target.exec_driver_sql(statement)
    if plan.tables:
        plan.tables[0].metadata.create_all(target, tables=plan.tables, checkfirst=False)
    for statement in plan.after:
        target.exec_driver_sql(statement)


def copy_rows(
    source: sa.Connection, target: sa.Connection, table: sa.Table, token: CancelToken
) -> None:
    """All rows of a table, streamed from the one server to the other."""
    columns = written(source, table)
    quoted = source.dialect.identifier_preparer.format_table(table)
    reading: Any = source.connection.driver_connection
    writing: Any = target.connection.driver_connection
    with (
        reading.cursor() as one,
        writing.cursor() as other,
        one.copy(f"COPY (SELECT {columns} FROM {quoted}) TO STDOUT") as rows,
        other.copy(f"COPY {quoted} ({columns}) FROM STDIN") as copied,
    ):
        for block in rows:
            token.check()
            copied.write(block)


def written(connection: sa.Connection, table: sa.Table) -> str:
    """The columns that hold values of their own, quoted: those that are not computed."""
    quote = connection.dialect.identifier_preparer.quote
    return ", ".join(quote(c.name) for c in table.c if c.computed is None)


def digest(
    connection: sa.Connection, table: sa.Table, name: str | None = None
) -> tuple[object, ...]:
    """Rows and a sum over the contents of each, whatever their order; of `name` if it is given."""
    quoted = name or connection.dialect.identifier_preparer.format_table(table)
    for setting, value in (("datestyle", "ISO"), ("timezone", "UTC"), ("extra_float_digits", "3")):
        connection.exec_driver_sql(f"SET LOCAL {setting} = '{value}'")
    counted = connection.exec_driver_sql(
        "SELECT count(*), sum(hashtextextended(t::text, 0)) "
        f"FROM (SELECT {written(connection, table)} FROM {quoted}) t"
    ).one()
    return tuple(counted)


def _literal(text: str) -> str:
    return text.replace("'", "''")
