"""Three servers: partitions on two, the third is what recorder, viewer and commands are given.

What is done to the servers stands in docs/team-server.md and is run from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from telemetry.errors import SourceError
from telemetry.queries import RunsQuery, TableQuery, VerifyQuery
from telemetry.upgrade import initialise
from tests.builders.fdw import Cluster, clusters, installation
from tests.telemetry.command_line import ran
from tests.telemetry.laid_out import (
    about_one,
    ask_all,
    opened,
    planned,
    record_market,
    record_vmt,
    statements,
)

pytestmark = pytest.mark.fdw
_AT = re.compile(r"Foreign Scan on (?:\w+\.)?\w+_p(\d)\b")
_HERE = re.compile(r"(?<!Foreign )(?:Seq|Index|Index Only|Bitmap Heap) Scan\b.* on \w+_p\d")


@dataclass(frozen=True)
class Team:
    """A coordinator and two workers; of four partitions, 0 and 2 are at one, 1 and 3 at another."""

    coordinator: Cluster
    workers: tuple[Cluster, Cluster]

    @property
    def url(self) -> str:
        return self.coordinator.url()

    def runs_at(self, worker: Cluster, table: str) -> set[str]:
        return set(worker.sql(f"SELECT DISTINCT run_id FROM {table}").split())


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Cluster, ...]]:
    if installation() is None:
        pytest.skip("no PostgreSQL with postgres_fdw is installed on this system")
    with clusters(3) as found:
        yield tuple(found)


@pytest.fixture(scope="module")
def vmt(servers: tuple[Cluster, ...]) -> Team:
    """Runs 1 to 4 were recorded before the partitions moved, 5 to 8 after."""
    coordinator, *workers = servers
    for server in servers:
        initialise(server.url(), "vmt", partitions=4)
    record_vmt(coordinator.url(), runs=4)
    for number, worker in enumerate(workers, 1):
        said = {"worker": f"worker{number}", "host": worker.folder, "there": "postgres"}
        coordinator.sql(statements("worker", **said))
    for number in range(4):
        coordinator.sql(statements("move", worker=f"worker{number % 2 + 1}", number=number))
    record_vmt(coordinator.url(), runs=4)
    return Team(coordinator, (workers[0], workers[1]))


def test_the_rows_of_a_run_are_on_one_worker_and_none_stay(vmt: Team) -> None:
    for table in ("trades", "agent_snapshots", "tick_states"):
        one, other = (vmt.runs_at(worker, table) for worker in vmt.workers)
        assert one | other == {str(n) for n in range(1, 9)}
        assert one
        assert other
        assert not one & other
    kinds = "SELECT DISTINCT relkind FROM pg_class WHERE relispartition AND relkind IN ('r', 'f')"
    assert vmt.coordinator.sql(kinds).split() == ["f"]


def test_recorder_viewer_and_command_line_work_unchanged(
    vmt: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(vmt.url) as source:
        runs = source.ask(RunsQuery()).runs
        assert [run.run_id for run in runs] == list(range(1, 9))
        tables = ("trades", "trade_attempts", "lambda_updates", "tick_states")
        for table in tables:
            pages = [source.ask(TableQuery(run.run_id, table)).rows for run in runs]
            assert len({repr([row[2:] for row in page]) for page in pages}) == 1
            assert len(pages[0]) == 4
            ids = [row[0] for page in pages for row in page]
            assert len(set(ids)) == len(ids)
    listed = ran(capsys, "trades", vmt.url, 7, "--format", "csv")
    assert (listed.code, len(listed.csv())) == (0, 5)


def test_a_question_about_a_run_is_answered_by_one_server(vmt: Team) -> None:
    with opened(vmt.url) as source:
        for run_id in (1, 2, 8):
            with planned(source) as plans:
                ask_all(source, about_one(source, run_id))
            done = "\n".join(plan for _, plan in plans)
            assert len(set(_AT.findall(done))) == 1
            assert not _HERE.search(done)


def test_a_worker_that_is_away_is_said_and_the_other_runs_are_still_shown(vmt: Team) -> None:
    gone = vmt.workers[0]
    away, there = (min(map(int, vmt.runs_at(worker, "trades"))) for worker in vmt.workers)
    gone.stop()
    try:
        with opened(vmt.url) as source:
            assert len(source.ask(TableQuery(there, "trades")).rows) == 4
            with pytest.raises(SourceError, match="worker1") as caught:
                source.ask(TableQuery(away, "trades"))
            assert "\n" not in str(caught.value)
    finally:
        gone.start()


def test_orders_and_agents_are_changed_where_they_are(servers: tuple[Cluster, ...]) -> None:
    for server in servers:
        server.sql("CREATE DATABASE market")
        initialise(server.url("market"), "moltmarket", partitions=2)
    coordinator, *workers = servers
    said = {"worker": "worker1", "host": workers[0].folder, "there": "market"}
    coordinator.sql(statements("worker", **said), "market")
    for number in range(2):
        coordinator.sql(statements("move", number=number), "market")
    ids = record_market(coordinator.url("market"))
    with opened(coordinator.url("market")) as source:
        assert all(source.ask(VerifyQuery(run_id)).sound for run_id in ids)
        filled = [row for row in source.ask(TableQuery(ids[0], "orders")).rows if "filled" in row]
        assert filled
    assert int(workers[0].sql("SELECT count(*) FROM orders", "market")) > 0
