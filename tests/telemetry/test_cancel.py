"""A question can be withdrawn at any moment: before it starts, in a statement, between two."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import telemetry
from telemetry import queries as q
from telemetry.answers import ANSWERS
from telemetry.cancel import CancelToken
from telemetry.errors import QueryCancelled
from telemetry.reader import FIRST_STEP, QUICK, STEP, Reader
from telemetry.source import Source
from tests.builders import vmt
from tests.builders.questions import one_of_each
from tests.builders.traces import descriptors, traces

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vmt.build("money_full", tmp_path_factory.mktemp("built") / "runs.db", ticks=16)


@pytest.fixture
def source(path: Path) -> Iterator[Source]:
    source = telemetry.open_source(path)
    yield source
    source.close()
    assert descriptors(path) == 0


def _before_statement(
    monkeypatch: pytest.MonkeyPatch, number: int, hook: Callable[[Reader], object]
) -> None:
    """Call `hook` on the reader just before the statement of that number reaches the database."""
    count = 0

    def reached(reader: Reader) -> None:
        nonlocal count
        count += 1
        if count == number:
            hook(reader)

    def chunks(self: Reader, *arguments, **named):
        reached(self)
        yield from plain_chunks(self, *arguments, **named)

    def one(self: Reader, statement):
        reached(self)
        return plain_one(self, statement)

    plain_chunks, plain_one = Reader.chunks, Reader.one
    monkeypatch.setattr(Reader, "chunks", chunks)
    monkeypatch.setattr(Reader, "one", one)


def _query(source: Source, kind: type) -> q.Query[object]:
    return next(query for query in one_of_each(source) if type(query) is kind)


@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.__name__)
def test_a_running_question_ends_soon_when_it_is_cancelled(
    source: Source, monkeypatch: pytest.MonkeyPatch, kind: type
):
    query, token = _query(source, kind), CancelToken()
    running = threading.Event()

    def hang(reader: Reader) -> None:
        running.set()
        reader.connection.exec_driver_sql(ENDLESS).fetchall()

    if kind is q.ColumnsQuery:  # asks the database only about columns that may be empty
        query = q.ColumnsQuery(1, "trades")
    _before_statement(monkeypatch, 1, hang)

    def cancel() -> None:
        running.wait(10)
        token.cancel()

    cancelling = threading.Thread(target=cancel)
    cancelling.start()
    with pytest.raises(QueryCancelled):
        source.ask(query, token)
    cancelling.join()
    assert source.ask(query) is not None


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(
    "kind", [q.RunQuery, q.RunSizesQuery, q.FanQuery, q.SceneQuery, q.NegotiationQuery]
)
def test_a_cancel_that_comes_between_two_statements_is_not_lost(
    source: Source, monkeypatch: pytest.MonkeyPatch, kind: type, number: int
):
    """There is nothing for the driver to interrupt then; the next statement must not run on."""
    query, token = _query(source, kind), CancelToken()

    def cancel_and_hang(reader: Reader) -> None:
        token.cancel()
        reader.connection.exec_driver_sql(ENDLESS).fetchall()

    _before_statement(monkeypatch, number, cancel_and_hang)
    with pytest.raises(QueryCancelled):
        source.ask(query, token)


def test_a_question_that_is_cancelled_before_it_starts_reads_nothing(
    source: Source, monkeypatch: pytest.MonkeyPatch
):
    token = CancelToken()
    token.cancel()
    _before_statement(monkeypatch, 1, lambda _reader: pytest.fail("a statement was executed"))
    for query in one_of_each(source):
        with pytest.raises(QueryCancelled):
            source.ask(query, token)
    with pytest.raises(QueryCancelled):
        next(source.stream(q.TableQuery(1, "trades"), token))


def test_a_stream_ends_between_two_chunks_when_it_is_cancelled(tmp_path: Path):
    path = vmt.build("barter", tmp_path / "runs.db", runs=1, ticks=600, agents=8)
    before = traces(tmp_path)
    source = telemetry.open_source(path)
    token = CancelToken()
    rows = source.stream(q.TableQuery(1, "agent_snapshots"), token)
    assert len(next(rows)) == 2000
    token.cancel()
    with pytest.raises(QueryCancelled):
        next(rows)
    assert descriptors(path) == 1  # the one that the source keeps: no connection
    source.close()
    assert descriptors(path) == 0
    assert traces(tmp_path) == before


def test_rows_that_come_slowly_are_fetched_in_smaller_steps_and_none_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between two steps a question gives way; a row may take a moment by itself."""
    now, slow, asked, left = [0.0], [0.0], [], list(range(2_000))
    monkeypatch.setattr(telemetry.reader, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def fetch(count):
        asked.append(count)
        found = [left.pop(0) for _ in range(min(count, len(left)))]
        now[0] += slow[0] * len(found)
        return found

    given = []
    reader = Reader(None, None, CancelToken(give_way=lambda: given.append(len(asked))))
    chunks = reader._in_steps(fetch, 1_000)
    first = next(chunks)
    assert asked == [FIRST_STEP, 2 * FIRST_STEP, 4 * FIRST_STEP, 8 * FIRST_STEP, 500, 20]
    slow[0] = 2 * QUICK
    assert [*first, *(row for chunk in chunks for row in chunk)] == list(range(2_000))
    assert asked[6:9] == [STEP, STEP // 2, STEP // 4]
    assert asked[-2:] == [1, 1]
    assert given == list(range(1, len(asked) + 1))


def test_a_stream_that_nobody_reads_on_lets_go_of_its_connection(source: Source, path: Path):
    rows = source.stream(q.TableQuery(1, "agent_snapshots"))
    next(rows)
    assert descriptors(path) == 2
    rows.close()
    assert descriptors(path) == 1


def test_no_connection_is_left_after_a_cancelled_question(
    source: Source, path: Path, monkeypatch: pytest.MonkeyPatch
):
    token = CancelToken()
    _before_statement(monkeypatch, 1, lambda _reader: token.cancel())
    with pytest.raises(QueryCancelled):
        source.ask(q.RunsQuery(), token)
    assert descriptors(path) == 1


def test_cancelling_one_question_leaves_the_others_alone(
    source: Source, monkeypatch: pytest.MonkeyPatch
):
    token = CancelToken()
    hanging, released = threading.Event(), threading.Event()

    def hang(reader: Reader) -> None:
        if reader.token is token:
            hanging.set()
            reader.connection.exec_driver_sql(ENDLESS).fetchall()

    _before_statement(monkeypatch, 1, hang)
    ended: list[str] = []

    def ask() -> None:
        try:
            source.ask(q.RunQuery(1), token)
        except QueryCancelled:
            ended.append("cancelled")
        released.set()

    asking = threading.Thread(target=ask)
    asking.start()
    hanging.wait(10)
    other = CancelToken()
    assert len(source.ask(q.RunsQuery(), other).runs) == 2
    token.cancel()
    released.wait(10)
    asking.join()
    assert ended == ["cancelled"]
    assert source.ask(q.RunQuery(2), other).run.run_id == 2


def test_cancelling_again_or_too_late_does_nothing(source: Source):
    token = CancelToken()
    assert len(source.ask(q.RunsQuery(), token).runs) == 2
    token.cancel()
    token.cancel()
    assert token.cancelled
    assert token._interrupts == []


def test_progress_of_a_stream_is_reported(tmp_path: Path):
    path = vmt.build("barter", tmp_path / "runs.db", runs=1, ticks=600, agents=8)
    source = telemetry.open_source(path)
    said: list[tuple[int, int | None, str]] = []
    token = CancelToken(lambda *progress: said.append(progress))
    total = sum(map(len, source.stream(q.TableQuery(1, "agent_snapshots"), token)))
    assert [done for done, _, _ in said] == [2000, 4000, 4800]
    assert total == 4800
    source.close()
