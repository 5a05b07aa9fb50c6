"""What every source keeps, whatever its family: one body of tests over a sample of each."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

import telemetry
from telemetry import queries as q
from telemetry.answers import ANSWERS
from telemetry.cancel import CancelToken
from telemetry.concepts import RunId, TickRange
from telemetry.errors import NothingFoundError, QueryCancelled, RequestError
from telemetry.export import json_text, write_table
from telemetry.families import families
from telemetry.filters import Filter
from telemetry.reader import Reader
from telemetry.source import Source
from tests.builders.answers import same
from tests.builders.questions import every_query
from tests.builders.samples import SAMPLES, Sample
from tests.builders.traces import descriptors, traces
from tests.effort import effort

pytestmark = pytest.mark.sampled(6)

EACH = effort(2, 5)
PASSWORD = "pass-word-of-the-test"


@dataclass
class Opened:
    """A sample that is open: where it lies, and the run of it that holds rows."""

    sample: Sample
    location: Path | str
    source: Source

    @property
    def run(self) -> RunId:
        return self.sample.run


@pytest.fixture(scope="module", params=SAMPLES, ids=str)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    sample: Sample = request.param
    if sample.sql is None:
        location: Path | str = sample.make(tmp_path_factory.mktemp(sample.name))
    else:
        location = request.getfixturevalue("server").create(sample.sql())
    source = telemetry.open_source(location)
    yield Opened(sample, location, source)
    source.close()


def _recorded(source: Source) -> list[str]:
    return [table.name for table in source.tables if table.recorded]


def test_every_family_has_a_sample_here() -> None:
    assert {sample.family for sample in SAMPLES} == {family.name for family in families()}


def test_it_is_recognised_as_its_family(opened: Opened) -> None:
    assert opened.source.identity.family == opened.sample.family


def test_every_question_is_answered_or_refused_in_a_sentence(opened: Opened) -> None:
    source, run = opened.source, opened.run
    asked = _few(every_query(source, run, thorough=False))
    asked += [q.ExperimentsQuery(), q.IterationsQuery("none")]
    asked += [q.VerifyQuery(run), q.OrderBookQuery(run, 1)]
    said = {query: _refusal(source, query) for query in asked}
    assert all(text is None or text.endswith(".") for text in said.values()), said
    answered = {type(query) for query, refusal in said.items() if refusal is None}
    always = {q.RunsQuery, q.RunQuery, q.RunSizesQuery, q.TableQuery, q.CountQuery, q.FacetQuery}
    assert always <= answered


def _few(asked: Iterable[q.Query[object]]) -> list[q.Query[object]]:
    """At most `EACH` questions of a kind, each about another table or measure."""
    found: dict[type, dict[object, q.Query[object]]] = {}
    for query in asked:
        about = getattr(query, "table", None) or getattr(query, "measure", None)
        kind = found.setdefault(type(query), {})
        if about in kind or len(kind) < EACH:
            kind[about] = query
    return [query for kind in found.values() for query in kind.values()]


def _refusal(source: Source, query: q.Query[object]) -> str | None:
    """The sentence with which a question is refused; any other error is one."""
    try:
        source.ask(query)
    except (NothingFoundError, RequestError) as error:
        return str(error)
    return None


def test_a_run_that_is_not_there_is_named_with_what_there_is(opened: Opened) -> None:
    with pytest.raises(NothingFoundError, match=str(opened.run)):
        opened.source.parse_run_id("no-such-run")


def test_pages_hold_every_row_once_and_counts_agree(opened: Opened) -> None:
    source, run = opened.source, opened.run
    rows_seen = 0
    for name in _recorded(source):
        keys: list[int | str] = []
        rows: list[tuple[object, ...]] = []
        query = q.TableQuery(run, name, limit=3)
        while True:
            page = source.ask(query)
            keys += page.keys
            rows += page.rows
            if page.next is None:
                break
            query = q.TableQuery(run, name, limit=3, after=page.next)
            assert len(keys) < 10_000, f"{name} never ends"
        streamed = [row for chunk in source.stream(q.TableQuery(run, name)) for row in chunk]
        assert rows == streamed, name
        assert len(rows) == source.ask(q.CountQuery(run, name)), name
        if source._layout.has(name, *source._family.table(name).key):
            assert len(set(keys)) == len(keys), name
        rows_seen += len(rows)
    assert rows_seen > 10


def test_facets_add_up_to_the_count(opened: Opened) -> None:
    source, run = opened.source, opened.run
    for name in _recorded(source):
        count = source.ask(q.CountQuery(run, name))
        for column in source.table(name).columns:
            if column.facet:
                facets = source.ask(q.FacetQuery(run, name, column.name))
                assert sum(n for _, n in facets.values) == facets.total == count, (name, column)
                assert len(facets.values) == facets.distinct


def test_what_is_not_recorded_is_null_and_never_zero(opened: Opened) -> None:
    source, run = opened.source, opened.run
    for table in source.tables:
        page = source.ask(q.TableQuery(run, table.name, limit=20))
        assert table.recorded or page.rows == (), table.name
        for place, column in enumerate(page.columns):
            if not column.recorded:
                assert {row[place] for row in page.rows} <= {None}, (table.name, column.name)
    for measure in source.measures:
        if not measure.recorded:
            assert source.ask(q.SeriesQuery(run, measure.name)).lines == ()


def test_series_lie_within_the_ticks_of_the_run_and_agents_are_known(opened: Opened) -> None:
    source, run = opened.source, opened.run
    ticks = source.ask(q.RunQuery(run)).run.ticks
    assert ticks is not None
    agents = {agent.agent_id for agent in source.ask(q.AgentsQuery(run))}
    drawn = 0
    for measure in source.measures:
        for line in source.ask(q.SeriesQuery(run, measure.name)).lines:
            assert agents == set() or line.agent_id in agents | {"system"}, measure.name
            assert (line.tick[1:] > line.tick[:-1]).all(), measure.name
            assert ticks.first <= line.tick[0] <= line.tick[-1] <= ticks.last, measure.name
            drawn += 1
    if any(measure.recorded for measure in source.measures):
        assert drawn


def test_bands_of_many_runs_are_those_of_each(opened: Opened) -> None:
    """Also where a run records nothing of the measure, is rebuilt, or is not there at all."""
    run_ids = [run.run_id for run in opened.source.ask(q.RunsQuery()).runs][: effort(3, 4)]
    for measure in opened.source.measures[:: effort(3, 1)]:
        together = opened.source.ask(q.BandsQuery((*run_ids, opened.run), measure.name))
        for place, run_id in enumerate((*run_ids, opened.run)):
            alone = opened.source.ask(q.BandQuery(run_id, measure.name))
            assert same(together.of(place), alone), (measure.name, run_id)


def test_an_agent_that_is_not_there_has_no_rows(opened: Opened) -> None:
    """Also where ids are of another type: 0 among names, a name among numbers."""
    source, run = opened.source, opened.run
    asked = 0
    for name in _recorded(source):
        if not source._family.table(name).agents and not source._family.table(name).taking_part:
            continue
        where = q.Where(agents=("no such agent", 10**6))
        assert source.ask(q.CountQuery(run, name, where)) == 0, name
        asked += 1
    assert asked


def test_ticks_split_a_table_without_loss(opened: Opened) -> None:
    source, run = opened.source, opened.run
    for table in source.tables:
        tick = table.with_role("tick")
        if not table.recorded or tick is None or source._family.table(table.name).tick is None:
            continue
        count = source.ask(q.CountQuery(run, table.name))
        column = source.ask(q.TableQuery(run, table.name, (tick.name,), limit=10_000)).rows
        known = [row[0] for row in column if row[0] is not None]
        halves = (TickRange(-100, 3), TickRange(4, 10**9))
        parts = [source.ask(q.CountQuery(run, table.name, q.Where(ticks=h))) for h in halves]
        assert sum(parts) == len(known) <= count, table.name


def test_the_identity_tells_everything_but_a_password(opened: Opened) -> None:
    if not isinstance(opened.location, str):
        identity = opened.source.identity
        assert identity.location == opened.source.key
        return
    with_password = opened.location.replace("postgres@", f"postgres:{PASSWORD}@", 1)
    source = telemetry.open_source(with_password)
    try:
        assert "postgres:***@" in source.identity.location
        assert PASSWORD not in f"{source.identity}{source.key}{source.name}"
    finally:
        source.close()


@pytest.fixture(params=[s for s in SAMPLES if s.sql is None], ids=str)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Sample, Path]:
    return request.param, request.param.make(tmp_path)


def test_asking_leaves_files_as_they_were_and_holds_none_after_close(
    fresh: tuple[Sample, Path],
) -> None:
    sample, location = fresh
    folders = [p for p in (location, *location.rglob("*")) if p.is_dir()] or [location.parent]
    files = [location] if location.is_file() else [p for p in location.rglob("*") if p.is_file()]
    before = [traces(folder) for folder in folders]
    source = telemetry.open_source(location)
    source.ask(q.RunsQuery())
    for name in _recorded(source):
        for _ in source.stream(q.TableQuery(sample.run, name)):
            pass
    source.close()
    assert [descriptors(path) for path in files] == [0] * len(files)
    assert [traces(folder) for folder in folders] == before
    for path in files:  # nothing is held: what was opened can be moved away
        path.rename(path.with_name(path.name + ".moved"))


def test_a_stream_that_is_left_early_holds_nothing(fresh: tuple[Sample, Path]) -> None:
    sample, location = fresh
    source = telemetry.open_source(location)
    for name in _recorded(source)[:4]:
        stream = source.stream(q.TableQuery(sample.run, name))
        next(stream, None)
        stream.close()
    source.close()
    files = [location] if location.is_file() else [p for p in location.rglob("*") if p.is_file()]
    assert [descriptors(path) for path in files] == [0] * len(files)


ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT 1 FROM n WHERE i < 0",
    "duckdb": "SELECT max(a.range * b.range) FROM range(10000000) a, range(10000000) b",
    "postgresql": "SELECT pg_sleep(600)",
}


def test_a_cancel_that_comes_just_before_a_statement_is_not_lost(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver was asked to stop while it had nothing to stop; what it is given next must end."""
    source, token, asked = opened.source, CancelToken(), threading.Event()
    plain = CancelToken.interrupting

    def interrupting(self: CancelToken, interrupt: Callable[[], None]):
        def told() -> None:
            if not asked.is_set():  # the first time is before the statement, and has no effect
                asked.set()
            else:
                interrupt()

        return plain(self, told)

    def rows(reader: Reader, _query: object) -> object:
        token.cancel()
        assert asked.wait(30)
        statement = ENDLESS[reader.connection.dialect.name]
        return reader.connection.exec_driver_sql(statement).fetchall()

    monkeypatch.setattr(CancelToken, "interrupting", interrupting)
    monkeypatch.setitem(ANSWERS, q.RunsQuery, rows)
    with pytest.raises(QueryCancelled):
        source.ask(q.RunsQuery(), token)
    monkeypatch.undo()
    assert source.ask(q.RunsQuery()).runs


def test_null_and_not_null_split_a_table_and_any_of_finds_what_a_facet_counts(
    opened: Opened,
) -> None:
    source, run = opened.source, opened.run
    for name in _recorded(source):
        count = source.ask(q.CountQuery(run, name))
        for column in [c for c in source.table(name).columns if c.facet][: effort(1, 3)]:
            parts = [
                source.ask(q.CountQuery(run, name, q.Where((Filter.parse(column.name, t),))))
                for t in ("null", "!null")
            ]
            assert sum(parts) == count, (name, column.name)
            for value, number in source.ask(q.FacetQuery(run, name, column.name)).values[
                : effort(1, 3)
            ]:
                where = q.Where((Filter.any_of(column.name, [value]),))
                assert source.ask(q.CountQuery(run, name, where)) == number, (name, value)


def test_an_export_holds_the_rows_that_are_asked(opened: Opened, tmp_path: Path) -> None:
    source, run = opened.source, opened.run
    for name in [t.name for t in source.tables if t.recorded and t.role][:4]:
        query = q.TableQuery(run, name, tuple(c.name for c in source.table(name).columns[:4]))
        path = tmp_path / f"{name}.jsonl"
        write_table(source, query, path, format="jsonl")
        rows = [row for chunk in source.stream(query) for row in chunk]
        names = [c.name for c in source.stream_columns(query)]
        lines = path.read_text("utf-8").splitlines()
        assert len(lines) == len(rows), name
        for line, row in zip(lines, rows, strict=True):
            found = json.loads(line, parse_float=Decimal)
            assert [str(found[n]) for n in names] == [
                str(json.loads(json_text(c), parse_float=Decimal)) for c in row
            ], name
