"""`init`: an empty database, ready to be recorded to and opened."""

from __future__ import annotations

import os

import click

from telemetry.cli.asking import PASSWORD
from telemetry.cli.options import common
from telemetry.cli.output import Output
from telemetry.concepts import Column
from telemetry.upgrade import initialise


@click.command()
@click.argument("url", metavar="URL")
@click.option("--family", required=True, metavar="F", help="vmt, simcash or moltmarket.")
@common
def init(url: str, family: str) -> int:
    """Make an empty database of a family at URL, a path or a database URL.

    A path becomes the engine that the family is usually recorded on. Nothing that exists is
    touched, unless it is empty.

    \b
    Examples:
      telemetry init runs.db --family vmt
      telemetry init duckdb:///results.db --family simcash
      telemetry init postgresql://user@host/market --family moltmarket
    """
    output = Output()
    made = initialise(url, family, password=os.environ.get(PASSWORD) or None)
    output.rows((Column("table", "Table", "text"),), [(name,) for name in made.tables])
    output.note(
        f"{made.location} is an empty {made.family} database of version {made.version} "
        f"({made.engine}); it has no runs yet."
    )
    return 0
