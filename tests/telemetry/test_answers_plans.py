"""No question that a click asks scans a whole table: the producer's own indices answer it."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import telemetry
from telemetry import queries as q
from telemetry.concepts import TickRange
from telemetry.filters import Filter
from telemetry.reader import Reader
from telemetry.source import Source
from tests.builders import vmt

pytestmark = pytest.mark.sampled(4)

#: A table read from end to end, where no index led to the wanted rows.
SCAN = re.compile(r"\bSCAN (?!CONSTANT|hop|hops|n\b|anon|\()(\w+)")


@pytest.fixture(scope="module", params=vmt.VINTAGES)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / f"{request.param}.db"
    vmt.build(request.param, path, ticks=60)
    return path


@pytest.fixture
def plans(built: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Source, list[str]]]:
    """A source, and the lines of the plan of every statement that it executes."""
    lines: list[str] = []

    def explain(reader: Reader, statement: sa.Select) -> None:
        compiled = statement.compile(
            dialect=reader.connection.dialect, compile_kwargs={"render_postcompile": True}
        )
        values = tuple(compiled.params[name] for name in compiled.positiontup or ())
        rows = reader.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)
        lines.extend(row[3] for row in rows)

    def chunks(self: Reader, statement: sa.Select, *more):
        explain(self, statement)
        return plain_chunks(self, statement, *more)

    def one(self: Reader, statement: sa.Select):
        explain(self, statement)
        return plain_one(self, statement)

    source = telemetry.open_source(built)
    plain_chunks, plain_one = Reader.chunks, Reader.one
    monkeypatch.setattr(Reader, "chunks", chunks)
    monkeypatch.setattr(Reader, "one", one)
    yield source, lines
    source.close()


def _scanned(lines: list[str]) -> set[str]:
    """Tables that are read whole; that of the runs is small."""
    found = {match[1] for line in lines if (match := SCAN.search(line))}
    return found - {"simulation_runs"}


QUESTIONS = {
    "runs": q.RunsQuery(),
    "agents": q.AgentsQuery(2),
    "series of an agent": q.SeriesQuery(2, "utility", (1,)),
    "series of all": q.SeriesQuery(2, "utility"),
    "series of some ticks": q.SeriesQuery(2, "utility", (1,), TickRange(10, 20)),
    "fan": q.FanQuery(2, "utility"),
    "fan of few ticks": q.FanQuery(2, "utility", max_ticks=8),
    "timeline": q.TimelineQuery(2),
    "scene": q.SceneQuery(2, 20, "utility"),
    "negotiation": q.NegotiationQuery(2, 21, (0, 1)),
    "first trades": q.TableQuery(2, "trades", limit=5),
    "trades by tick": q.TableQuery(2, "trades", sort=q.Sort("tick"), limit=5),
    "trades by tick, last first": q.TableQuery(2, "trades", sort=q.Sort("tick", True), limit=5),
    "attempts of a range": q.TableQuery(
        2, "trade_attempts", where=q.Where(ticks=TickRange(9, 12)), limit=5
    ),
    "states at a tick": q.TableQuery(
        2, "agent_snapshots", where=q.Where(ticks=TickRange(9, 9)), limit=5
    ),
    "count of a run": q.CountQuery(2, "trades"),
    "run sizes": q.RunSizesQuery((2,)),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_along_an_index(plans: tuple[Source, list[str]], name: str):
    source, lines = plans
    source.ask(QUESTIONS[name])
    assert lines
    assert _scanned(lines) == set(), lines


@pytest.mark.parametrize(
    "name", ["first trades", "trades by tick", "trades by tick, last first", "attempts of a range"]
)
def test_a_page_in_the_order_of_ticks_is_not_sorted(plans: tuple[Source, list[str]], name: str):
    source, lines = plans
    page = source.ask(QUESTIONS[name])
    assert page.next is not None
    assert not [line for line in lines if "TEMP B-TREE" in line], lines


@pytest.mark.parametrize("descending", [False, True])
def test_a_later_page_begins_at_its_place_in_the_index(
    plans: tuple[Source, list[str]], descending: bool
):
    source, lines = plans
    query = q.TableQuery(2, "trades", sort=q.Sort("tick", descending), limit=5)
    first = source.ask(query)
    lines.clear()
    second = source.ask(q.TableQuery(2, "trades", sort=query.sort, limit=5, after=first.next))
    assert second.rows
    assert _scanned(lines) == set()
    assert not [line for line in lines if "TEMP B-TREE" in line]
    reached = [line for line in lines if re.search(r"SEARCH trades\b.*tick[<>]", line)]
    assert reached, lines


def test_a_series_of_one_agent_is_reached_through_its_own_index(
    plans: tuple[Source, list[str]],
):
    source, lines = plans
    source.ask(q.SeriesQuery(2, "utility", (1,)))
    assert any(
        re.search(r"SEARCH agent_snapshots USING INDEX \w*agent\w* \(run_id=\? AND agent_id", line)
        for line in lines
    ), lines


@pytest.mark.parametrize(
    "query",
    [
        q.FanQuery(2, "utility"),
        q.SeriesQuery(2, "lambda_money"),
        q.SeriesQuery(2, "utility"),
        q.ColumnsQuery(2, "agent_snapshots"),
        q.FacetQuery(2, "trades", "price"),
        q.SummaryQuery(2, "trades"),
        q.PointsQuery(2, "trades", "tick", "price"),
        q.TableQuery(2, "trades", sort=q.Sort("price"), limit=5),
        q.TableQuery(
            2, "agent_snapshots", where=q.Where((Filter.parse("utility", ">3"),)), limit=5
        ),
        q.CountQuery(2, "agent_snapshots", q.Where((Filter.parse("utility", ">3"),))),
    ],
    ids=lambda query: f"{type(query).__name__} {getattr(query, 'measure', '')}",
)
def test_all_rows_of_a_run_are_read_in_the_order_in_which_they_lie_in_the_file(
    plans: tuple[Source, list[str]], query: q.Query[object]
):
    """Along an index that begins with agents, each row would be a jump: ten times slower."""
    source, lines = plans
    source.ask(query)
    table = getattr(query, "table", "agent_snapshots")
    reads = [line for line in lines if line.startswith(f"SEARCH {table} ")]
    assert reads or isinstance(query, q.ColumnsQuery | q.SeriesQuery)
    assert not [line for line in reads if "run_tick" not in line], reads


def test_rows_of_one_agent_are_read_along_its_own_index(plans: tuple[Source, list[str]]):
    source, lines = plans
    for where in (
        q.Where(agents=(1,)),
        q.Where((Filter.parse("agent_id", "1"),)),
        q.Where(ticks=TickRange(0, 50), agents=(1,)),
    ):
        lines.clear()
        source.ask(q.CountQuery(2, "agent_snapshots", where))
        assert "idx_agent_snapshots_agent (run_id=? AND agent_id=?" in " ".join(lines)


def test_many_rows_do_not_slow_the_first_answers(tmp_path: Path):
    """Not a stop-watch: the work that SQLite does, counted in its own steps."""
    steps = []
    for ticks in (40, 400):
        path = vmt.build("barter", tmp_path / f"{ticks}.db", runs=2, ticks=ticks)
        source = telemetry.open_source(path)
        steps.append(
            [
                _steps(source, query)
                for query in (
                    q.RunsQuery(),
                    q.AgentsQuery(2),
                    q.SceneQuery(2, 30, "utility"),
                    q.TableQuery(2, "agent_snapshots", limit=50),
                    q.TableQuery(2, "agent_snapshots", sort=q.Sort("tick", True), limit=50),
                    q.NegotiationQuery(2, 30, (0, 1)),
                )
            ]
        )
        source.close()
    for few, many in zip(*steps, strict=True):
        assert many <= few * 1.5 + 2, steps


def _steps(source: Source, query: q.Query[object]) -> int:
    """Hundreds of virtual machine steps that the query takes."""
    counted = 0

    def count() -> bool:
        nonlocal counted
        counted += 1
        return False

    def begin(database, driver: sqlite3.Connection, token) -> None:
        driver.set_progress_handler(count, 100)
        driver.execute("BEGIN")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("telemetry.engines.sqlite.SQLiteDatabase._begin", begin)
        source.ask(query)
    return counted


def test_a_fan_at_some_ticks_seeks_each_of_them(plans: tuple[Source, list[str]]):
    source, lines = plans
    source.ask(q.FanQuery(1, "utility", max_ticks=5))
    source.ask(q.FanQuery(1, "utility", TickRange(10, 50), max_ticks=5))
    sought = [
        line for line in lines if "idx_agent_snapshots_run_tick (run_id=? AND tick=?)" in line
    ]
    assert len(sought) == 2
