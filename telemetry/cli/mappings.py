"""`roles`: what an unknown database's tables are read as, to be corrected and shared."""

from __future__ import annotations

from pathlib import Path

import click

from telemetry.cli.asking import opened
from telemetry.cli.options import common
from telemetry.cli.output import Output, Section
from telemetry.concepts import Cell, Column
from telemetry.errors import NothingFoundError
from telemetry.roles import kept
from telemetry.roles.mapping import Mapping, to_json
from telemetry.roles.opening import PROPOSED, ByRoles
from telemetry.roles.proposing import TableProposal
from telemetry.roles.words import KINDS, LEFT_OUT, PLAIN, ROLES, SECRET
from telemetry.source import Source
from telemetry.text import exact_text, one_line

_COLUMNS = (
    Column("table", "Table", "text"),
    Column("kind", "Kind", "text"),
    Column("column", "Column", "text"),
    Column("role", "Role", "text"),
    Column("confidence", "Sure", "real"),
    Column("reason", "Why", "text"),
    Column("examples", "Examples", "text"),
)
Row = tuple[Cell, ...]


@click.command()
@click.argument("source")
@click.option("--out", "-o", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the roles to FILE, to correct and to give as --roles FILE.")  # fmt: skip
@click.option("--use", type=click.Path(path_type=Path), metavar="FILE",
              help="Keep the roles in FILE for every database of this shape.")  # fmt: skip
@click.option("--forget", is_flag=True, help="Forget the roles kept for databases of this shape.")
@common
def roles(source: str, out: Path | None, use: Path | None, forget: bool) -> int:
    """What the tables and columns of SOURCE are read as, where it is of no known family.

    \b
    Examples:
      telemetry roles mlflow.db
      telemetry roles mlflow.db -o roles.json
      telemetry series mlflow.db RUN loss --roles roles.json
      telemetry roles mlflow.db --use roles.json
    """
    output = Output()
    with opened(source, output) as asked:
        read = _of(asked)
        if forget:
            there = kept.forget(read.stored.tables)
            output.note("Forgotten." if there else "No roles were kept for this shape.")
            return 0 if there else 1
        if use is not None:
            asked.read_by(kept.read(use))
            read = _of(asked)
            kept.keep(read.stored.tables, read.mapping, f"from {use.name}")
            output.note(f"Kept for every database of the shape of {asked.name}.")
        if out is not None:
            kept.write(out, read.mapping, f"for databases of the shape of {asked.name}")
            output.note(f"Written to {out}.")
        _show(output, read, asked)
    return 0


def _of(source: Source) -> ByRoles:
    if source.by_roles is None:
        label = source.identity.family_label
        raise NothingFoundError(f"{label} sources are of a known family and need no roles.")
    return source.by_roles


def _show(output: Output, read: ByRoles, source: Source) -> None:
    if output.format == "json":
        output.plain(to_json(read.mapping, f"{read.origin}: {source.name}"))
        return
    tables = sorted(read.proposal.tables, key=lambda t: _rank(read.mapping, t))
    rows = [row for table in tables for row in _rows(read, table)]
    if not output.for_people:
        output.rows(_COLUMNS, rows)
        return
    shown = [t for t in tables if _kind(read.mapping, t) not in ("other", LEFT_OUT)]
    rest = [t.evidence.name for t in tables if t not in shown]
    sections: list[Section] = [
        (_heading(read, table), _COLUMNS[2:], [row[2:] for row in _rows(read, table)])
        for table in shown
    ]
    if rest:
        names = ", ".join(one_line(name, limit=60) for name in rest)
        sections.append(("Shown as they are, or left out", (), [(names,)]))
    output.sections(sections)


def _rank(mapping: Mapping, table: TableProposal) -> int:
    return list(KINDS).index(_kind(mapping, table))


def _kind(mapping: Mapping, table: TableProposal) -> str:
    own = mapping.tables.get(table.evidence.name)
    return "other" if own is None else own.kind


def _heading(read: ByRoles, table: TableProposal) -> str:
    word = KINDS[_kind(read.mapping, table)]
    why = f" ({table.reason})" if read.origin == PROPOSED else ""
    return f"{one_line(table.evidence.name, limit=60)}: {word.meaning}{why}"


def _rows(read: ByRoles, table: TableProposal) -> list[Row]:
    """A row for each column. What may be secret is shown no value of."""
    own = read.mapping.tables.get(table.evidence.name)
    found: list[Row] = []
    for column in table.evidence.columns:
        guess = table.columns[column.name]
        role = PLAIN if own is None else own.columns.get(column.name, PLAIN)
        agreed = role == guess.role
        hidden = SECRET in (role, guess.role)
        told = "" if hidden else ", ".join(
            one_line(exact_text(value), limit=24) for value in column.shown[:3]
        )  # fmt: skip
        found.append(
            (
                table.evidence.name,
                _kind(read.mapping, table),
                column.name,
                ROLES[role].label if role == PLAIN else role,
                guess.confidence if agreed and guess.confidence else None,
                guess.reason if agreed else "set by you",
                told,
            )
        )
    return found
