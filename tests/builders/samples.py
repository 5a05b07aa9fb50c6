"""A small source of each family and of each way it is stored: add a family by one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.builders import bilancio, moltmarket, simcash, vmt


@dataclass(frozen=True)
class Sample:
    """How to write a source into an empty folder, and a run of it that holds rows.

    `make` gives what to open, or with `sql` the statements for an empty PostgreSQL database.
    """

    name: str
    family: str
    run: int | str
    make: Callable[[Path], Path]
    sql: Callable[[], str] | None = None

    def __str__(self) -> str:
        return self.name


def _nowhere(folder: Path) -> Path:
    return folder


def _market_folder(folder: Path) -> Path:
    moltmarket.write_log(folder / "events.jsonl", moltmarket.small_market())
    return folder


def _market_sql() -> str:
    return moltmarket.write_sql(moltmarket.small_market())


SAMPLES = (
    Sample("vmt-barter", "vmt", 1, lambda f: vmt.build("barter", f / "b.db", ticks=12)),
    Sample("vmt-money", "vmt", 1, lambda f: vmt.build("money_full", f / "m.db", ticks=12)),
    Sample("vmt-decimal", "vmt", 1, lambda f: vmt.build("head_decimal", f / "d.db", ticks=12)),
    Sample("simcash-unified", "simcash", simcash.ALONE, lambda f: simcash.unified(f / "u.db")),
    Sample("moltmarket-server", "moltmarket", moltmarket.RUN, _nowhere, _market_sql),
    Sample("moltmarket-folder", "moltmarket", moltmarket.RUN, _market_folder),
    Sample("bilancio-sweep", "bilancio", "active_1", bilancio.write_experiment),
    Sample("bilancio-run", "bilancio", "active_7", lambda f: bilancio.write_run(f / "active_7")),
)
