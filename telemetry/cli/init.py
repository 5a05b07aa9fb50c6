"""`init`: an empty database, ready to be recorded to and opened."""

from __future__ import annotations

import os

import click

from telemetry.cli.asking import PASSWORD
from telemetry.cli.options import common
from telemetry.cli.output import Output
from telemetry.concepts import Column
from telemetry.upgrade import initialise
from telemetry.upgrade.partitions import MOST_PARTITIONS, PARTITIONS


@click.command()
@click.argument("url", metavar="URL")
@click.option("--family", required=True, metavar="F", help="vmt, simcash or moltmarket.")
@click.option(
    "--partition-by", type=click.Choice(["run"]),
    help="On PostgreSQL: lay the big tables out by run, so that parts can live on other servers.",
)  # fmt: skip
@click.option(
    "--partitions", metavar="N", type=click.IntRange(0, MOST_PARTITIONS), default=PARTITIONS,
    show_default=True, help="How many parts; 0: plain tables, every key with the run (Citus).",
)  # fmt: skip
@common
def init(url: str, family: str, partition_by: str | None, partitions: int) -> int:
    """Make an empty database of a family at URL, a path or a database URL.

    A path becomes the engine that the family is usually recorded on. Nothing that exists is
    touched, unless it is empty.

    \b
    Examples:
      telemetry init runs.db --family vmt
      telemetry init duckdb:///results.db --family simcash
      telemetry init postgresql://user@host/market --family moltmarket
      telemetry init postgresql://user@host/lab --family vmt --partition-by run
    """
    output = Output()
    made = initialise(
        url,
        family,
        password=os.environ.get(PASSWORD) or None,
        partitions=None if partition_by is None else partitions,
    )
    output.rows((Column("table", "Table", "text"),), [(name,) for name in made.tables])
    output.note(
        f"{made.location} is an empty {made.family} database of version {made.version} "
        f"({made.engine}); it has no runs yet."
    )
    return 0
