"""Databases laid out by run: recorded to, asked about, and which partitions the plans name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import telemetry
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.moltmarket.recorder import MarketRecorder
from telemetry.families.simcash.recorder import SimCashRecorder
from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.location import parse_location
from telemetry.queries import Query
from telemetry.upgrade import initialise
from tests.builders.postgresql import Server
from tests.builders.questions import one_of_each
from tests.builders.simcash_rows import SETTING, log_everything
from tests.telemetry.markets import Player
from tests.telemetry.test_recording_targets import record
from tests.telemetry.test_vmt_recorder import money_run

PAGE = Path(__file__).parent.parent.parent / "docs" / "team-server.md"
_PARTITION = re.compile(r" on (?:\w+\.)?(\w+)_p(\d+)\b")


def statements(name: str, **said: object) -> str:
    """The statements of that name in the page about servers, with other values for its `\\set`."""
    found = re.search(rf"<!-- statements: {name} -->\n```sql\n(.*?)```", PAGE.read_text(), re.S)
    assert found is not None
    sql = found[1]
    for key, value in said.items():
        sql, count = re.subn(rf"(?m)^(\\set {key}) .*$", rf"\1 {value}", sql)
        assert count == 1
    return sql


def record_vmt(url: str, runs: int = 1, ticks: int = 4) -> list[int]:
    """So many runs with rows in every table that matters; their ids."""
    found = []
    with VmtRecorder(url) as recorder:
        for _ in range(runs):
            with money_run(recorder) as run:
                record(run, range(ticks))
            found.append(run.run_id)
    return found


def record_simcash(url: str) -> list[str]:
    """Two runs with rows in every table."""
    with SimCashRecorder(url) as recorder:
        for name in ("one", "two"):
            with recorder.begin_run(SETTING, simulation_id=name) as run:
                for tick in range(4):
                    log_everything(run, tick)
    return ["one", "two"]


def record_market(url: str) -> list[str]:
    """Two markets, whose orders and agents are changed after they were written."""
    for name in ("one", "two"):
        with MarketRecorder(url) as recorder, recorder.begin_run("v1", seed=4, run_id=name) as run:
            Player(run, seed=4).play(range(12))
    return ["one", "two"]


@contextmanager
def opened(url: str) -> Iterator[telemetry.Source]:
    source = telemetry.open_source(url)
    yield source
    source.close()


def about_one(source: telemetry.Source, run_id: int | str) -> list[Query[object]]:
    """A question of every kind that names a run and nothing else."""
    return [q for q in one_of_each(source, run_id) if getattr(q, "run_id", None) == run_id]


def ask_all(source: telemetry.Source, queries: Iterable[Query[object]]) -> list[object]:
    """What each has for an answer; where it has none, why."""
    found: list[object] = []
    for query in queries:
        try:
            found.append(source.ask(query))
        except (NothingFoundError, RequestError) as error:
            found.append(str(error))
    return found


def filled(server: Server, sql: str) -> str:
    """The URL of a new database with the tables of VMT, in which `sql` was run."""
    url = server.create()
    initialise(url, "vmt")
    server.run(parse_location(url).name, sql)
    return url


@contextmanager
def executed() -> Iterator[list[tuple[int, str]]]:
    """The statements that are executed meanwhile, each with the session that it is asked in."""
    found: list[tuple[int, str]] = []

    def note(connection: Any, _cursor: object, text: str, *_: object) -> None:
        found.append((id(connection.connection.driver_connection), " ".join(text.split())))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


@contextmanager
def planned(source: telemetry.Source) -> Iterator[list[tuple[str, str]]]:
    """The plan of every statement that the source executes, with the statement; of its own
    questions about plans none."""
    found: list[tuple[str, str]] = []
    engine = source._database._engine

    def explain(connection: Any, _cursor: object, text: str, values: Any, *_: object) -> None:
        driver = connection.connection.driver_connection
        if text.startswith("EXPLAIN"):
            return
        rows = driver.execute(f"EXPLAIN {text}", values or None)
        found.append((text, "\n".join(row[0] for row in rows)))

    sa.event.listen(engine, "before_cursor_execute", explain)
    yield found
    sa.event.remove(engine, "before_cursor_execute", explain)


def partitions_in(plan: str) -> set[str]:
    """The numbers of the partitions that a plan names, also those that need not be read."""
    return {number for _, number in _PARTITION.findall(plan)}
