"""`migrate`: an old database brought to the current schema, and what was done said."""

from __future__ import annotations

import os
from pathlib import Path

import click

from telemetry.cli.asking import PASSWORD
from telemetry.cli.options import common
from telemetry.cli.output import Output
from telemetry.cli.progress import reported
from telemetry.concepts import Cell, Column
from telemetry.upgrade import Migration
from telemetry.upgrade import migrate as migrated

_COLUMNS = (
    Column("version", "Version", "int"),
    Column("step", "Step", "text"),
    Column("table", "Table", "text"),
    Column("what", "What", "text"),
    Column("columns", "Columns", "text"),
    Column("rows", "Rows", "int"),
)


@click.command()
@click.argument("source")
@click.option(
    "--to", metavar="COPY",
    help="The file to make; NAME.migrated.SUFFIX beside SOURCE unless told. On a server the URL of "
    "an empty database, or of a new schema by ?schema=NAME.",
)  # fmt: skip
@click.option(
    "--in-place", is_flag=True,
    help="Change SOURCE itself, after NAME.backup-DATE was made beside it and verified (on a "
    "server: a schema with the tables that are changed).",
)  # fmt: skip
@common
def migrate(source: str, to: str | None, in_place: bool) -> int:
    """Bring SOURCE to the schema that is recorded today, and say what was done.

    SOURCE is left as it is: the result is a copy, with all that a writer left in a WAL. What was
    not recorded in its runs stays not recorded. A second time changes nothing.

    \b
    Examples:
      telemetry migrate old.db
      telemetry migrate old.db --to new.db
      telemetry migrate old.db --in-place
      telemetry migrate postgresql://me@host/runs --to 'postgresql://me@host/runs?schema=new'
    """
    output = Output()
    with reported("Copying") as token:
        done = migrated(
            source,
            to=to,
            in_place=in_place,
            password=os.environ.get(PASSWORD) or None,
            token=token,
        )
    output.rows(_COLUMNS, _rows(done)) if done.done or not output.for_people else None
    output.note(_sentence(done))
    return 0


def _rows(done: Migration) -> list[tuple[Cell, ...]]:
    return [
        (one.version, one.title, one.table, one.what, ", ".join(one.columns) or None, one.rows)
        for one in done.done
    ]


def _sentence(done: Migration) -> str:
    kind = f"{done.family} database of version {done.after}"
    if done.current:
        return f"{done.target} is a {kind} already: already current, nothing was changed."
    was = f"“{done.vintage}”" if done.before is None else f"version {done.before}"
    if isinstance(done.backup, Path):
        return (
            f"{done.target}, which was {was}, is now a {kind}; {done.backup.name} beside it is as "
            "it was."
        )
    if done.target == done.source:
        kept = f"the schema {done.backup} holds the changed tables as they were"
        said = kept if done.backup else "no table that was there is changed"
        return f"{done.target}, which was {was}, is now a {kind}; {said}."
    without = f" Left out: {', '.join(done.left)}." if done.left else ""
    return f"{done.target} is a {kind}, made of {done.source} ({was}), which is as it was.{without}"
