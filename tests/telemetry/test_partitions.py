"""`init --partition-by run`: partitions by run, on which recorder and viewer work unchanged."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from telemetry.families import families
from telemetry.families.moltmarket.models import Base
from telemetry.location import parse_location
from telemetry.queries import RunQuery, RunsQuery, TableQuery
from telemetry.upgrade import initialise
from tests.builders.postgresql import Server
from tests.telemetry.command_line import ran, refused
from tests.telemetry.laid_out import (
    about_one,
    ask_all,
    opened,
    partitions_in,
    planned,
    record_market,
    record_simcash,
    record_vmt,
)

Capsys = pytest.CaptureFixture[str]
Record = Callable[[str], list]
RECORDERS: dict[str, Record] = {
    "vmt": lambda url: record_vmt(url, runs=2),
    "simcash": record_simcash,
    "moltmarket": record_market,
}


def keys(server: Server, url: str, tables: str) -> list[str]:
    """The definitions of all keys of the tables whose names are so."""
    return server.run(
        parse_location(url).name,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        f"WHERE contype IN ('p', 'u') AND conrelid::regclass::text {tables}",
    ).splitlines()


@dataclass(frozen=True)
class Twins:
    """A database laid out by run, a usual one with the same runs, and the ids of these."""

    family: str
    url: str
    plain: str
    ids: list


@pytest.fixture(scope="module", params=RECORDERS)
def twins(server: Server, request: pytest.FixtureRequest) -> Twins:
    family = request.param
    url, plain = server.create(), server.create()
    initialise(url, family, partitions=3)
    ids = RECORDERS[family](url)
    assert RECORDERS[family](plain) == ids
    return Twins(family, url, plain, ids)


@pytest.mark.sampled(3)
def test_every_answer_is_that_of_usual_tables(twins: Twins) -> None:
    run_id = twins.ids[1]
    with opened(twins.url) as source, opened(twins.plain) as usual:
        assert source.identity.tables == usual.identity.tables
        assert len(source.ask(RunsQuery()).runs) == 2
        queries = [q for q in about_one(source, run_id) if not isinstance(q, RunQuery)]  # has times
        answers = zip(queries, ask_all(source, queries), ask_all(usual, queries), strict=True)
        assert [query for query, one, other in answers if repr(one) != repr(other)] == []
        assert len(queries) > 10


@pytest.mark.sampled(3)
def test_a_question_about_a_run_reads_one_partition_of_each_table(twins: Twins) -> None:
    with opened(twins.url) as source:
        with planned(source) as plans:
            ask_all(source, about_one(source, twins.ids[0]))
    read = [partitions_in(plan) for _, plan in plans]
    assert len(set().union(*read)) == 1
    assert sum(map(bool, read)) > 10


def test_only_where_tables_lie_in_parts_is_a_statement_pinned_to_its_run(server: Server) -> None:
    """Which reads through each statement, and would cost a command on usual tables for nothing."""
    told = []
    for partitions in (None, 2):
        url = server.create()
        initialise(url, "vmt", partitions=partitions)
        run_id = RECORDERS["vmt"](url)[0]
        with opened(url) as source:
            told.append(source.statement(TableQuery(run_id, "trades")).text)
    usual, in_parts = ("simulation_runs.run_id = trades.run_id" in text for text in told)
    assert (usual, in_parts) == (True, False)


@pytest.mark.sampled(3)
def test_every_key_of_a_partition_holds_the_run(twins: Twins, server: Server) -> None:
    found = keys(server, twins.url, "~ '_p[0-9]+$'")
    assert len(found) >= 3 * 5
    run = next(f.schema.run_column for f in families() if f.name == twins.family and f.schema)
    assert all(f"({run}, " in key for key in found)


def test_plain_tables_whose_every_key_holds_the_run_are_made_for_others_to_distribute(
    server: Server, capsys: Capsys
) -> None:
    url = server.create()
    options = ("--partition-by", "run", "--partitions", "0")
    assert ran(capsys, "init", url, "--family", "moltmarket", *options).code == 0
    found = keys(server, url, "IN ('agents', 'events', 'metrics_snapshots', 'orders', 'trades')")
    assert len(found) == 7
    assert all("(run_id, " in key for key in found)
    assert record_market(url) == ["one", "two"]


def test_what_is_laid_out_is_current_and_says_its_tables_as_usual(
    server: Server, capsys: Capsys
) -> None:
    url = server.create() + "&schema=of market"
    options = ("--family", "moltmarket", "--partition-by", "run", "--partitions", "2")
    made = ran(capsys, "init", url, *options, "--format", "csv")
    assert [name for (name,) in made.csv()[1:]] == [
        table.name for table in Base.metadata.sorted_tables
    ]
    assert "already current" in ran(capsys, "migrate", url).err


def test_a_file_is_not_laid_out_by_run(tmp_path: Path, capsys: Capsys) -> None:
    path = tmp_path / "new.db"
    said = refused(capsys, 2, "init", path, "--family", "vmt", "--partition-by", "run")
    assert "is a file, and only PostgreSQL lays tables out by run" in said
    assert not path.exists()
