"""A server whose connection breaks in a question, that is full or stops: said, and soon over."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa

import telemetry
from telemetry.cancel import CancelToken
from telemetry.cli.program import UNREADABLE
from telemetry.engines.postgresql import PostgreSQLDatabase
from telemetry.errors import QueryCancelled, SourceError
from telemetry.location import parse_location
from telemetry.queries import CountQuery, RunsQuery, TableQuery
from telemetry.reader import Reader
from tests.builders import moltmarket
from tests.builders.postgresql import Server, running
from tests.telemetry.command_line import ran, refused

Capsys = pytest.CaptureFixture[str]
RUN = moltmarket.RUN


@pytest.fixture(scope="module")
def url(server: Server) -> str:
    return server.create(moltmarket.write_sql(moltmarket.small_market()))


@pytest.fixture
def source(url: str) -> Iterator[telemetry.Source]:
    opened = telemetry.open_source(url)
    yield opened
    opened.close()


def _before_a_statement(monkeypatch: pytest.MonkeyPatch, once: Callable[[Reader], object]) -> None:
    """Call `once` just before the next statement reaches the database, and never again."""
    rows, chunks, left = Reader.rows, Reader.chunks, [once]

    def before(self: Reader) -> None:
        if left:
            left.pop()(self)

    def all_rows(self: Reader, *arguments):
        before(self)
        return rows(self, *arguments)

    def some_rows(self: Reader, *arguments, **named):
        before(self)
        yield from chunks(self, *arguments, **named)

    monkeypatch.setattr(Reader, "rows", all_rows)
    monkeypatch.setattr(Reader, "chunks", some_rows)


def test_a_connection_that_breaks_is_said_and_the_next_question_works_by_itself(
    server: Server, url: str, source: telemetry.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = parse_location(url).name
    _before_a_statement(monkeypatch, lambda _: server.drop_connections(name))
    with pytest.raises(SourceError, match=r"the connection was lost \(.*\); ask again"):
        source.ask(TableQuery(RUN, "events"))
    assert source.ask(CountQuery(RUN, "events")) == len(moltmarket.small_market())


def test_a_stream_that_breaks_between_two_chunks_is_said(
    server: Server, url: str, source: telemetry.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telemetry.reader.CHUNK", 2)
    stream = source.stream(TableQuery(RUN, "events"))
    assert next(stream)
    assert server.drop_connections(parse_location(url).name) == 1
    with pytest.raises(SourceError, match="the connection was lost"):
        list(stream)
    assert sum(map(len, source.stream(TableQuery(RUN, "events")))) > 2


def test_a_command_whose_connection_breaks_is_one_sentence_and_works_again(
    capsys: Capsys, server: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = parse_location(url).name
    _before_a_statement(monkeypatch, lambda _: server.drop_connections(name))
    assert "the connection was lost" in refused(capsys, UNREADABLE, "events", url, RUN)
    assert ran(capsys, "events", url, RUN).code == 0


def test_a_server_that_stops_and_comes_back_is_asked_anew() -> None:
    with running() as own:
        url = own.create(moltmarket.write_sql(moltmarket.small_market()))
        source = telemetry.open_source(url)
        own.pause()
        with pytest.raises(SourceError, match=r"cannot be reached .*check that the server is up"):
            source.ask(RunsQuery())
        own.resume()
        assert len(source.ask(RunsQuery()).runs) == 1
        source.close()


def test_a_query_that_the_server_ends_is_an_error_and_no_cancel_of_ours(url: str) -> None:
    source = telemetry.open_source(f"{url}&statement_timeout=50ms")
    for _ in range(2):  # for every question, not for a session's first alone
        with pytest.raises(SourceError, match=r"longer than its statement_timeout") as caught:
            with source._database.connection() as connection:
                connection.execute(sa.text("SELECT pg_sleep(60)"))
        assert not isinstance(caught.value, QueryCancelled)
    source.close()


def _timeout(source: telemetry.Source) -> str:
    with source._database.connection() as connection:
        return str(connection.exec_driver_sql("SHOW statement_timeout").scalar())


def test_the_url_says_how_long_a_query_may_take_and_else_the_server_or_ten_minutes(
    server: Server, url: str, source: telemetry.Source
) -> None:
    name = parse_location(url).name
    assert _timeout(source) == "10min"
    said = telemetry.open_source(f"{url}&statement_timeout=7s")
    assert _timeout(said) == "7s"
    assert _timeout(telemetry.open_source(f"{url}&statement_timeout=0")) == "0"
    server.run("postgres", f"ALTER DATABASE {name} SET statement_timeout = '3min'")
    try:
        assert [_timeout(telemetry.open_source(url)), _timeout(said)] == ["3min", "7s"]
    finally:
        server.run("postgres", f"ALTER DATABASE {name} RESET statement_timeout")
    with pytest.raises(SourceError, match="statement_timeout"):
        telemetry.open_source(f"{url}&statement_timeout=soon")


def test_a_server_that_does_not_answer_is_not_waited_for_once_the_question_is_cancelled() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/db"
        database = PostgreSQLDatabase(parse_location(place))
        token = CancelToken()
        with ThreadPoolExecutor() as pool:
            asked = pool.submit(lambda: database.connection(token).__enter__())
            caller, _ = silent.accept()
            token.cancel()
            with pytest.raises(QueryCancelled):
                asked.result()
        assert caller.recv(4096)
        caller.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody has hung up: it is still being connected to
            caller.recv(1)
    caller.close()
    database.close()


def _cancelled_in_sleep(url: str, seconds: int) -> None:
    """A question that sleeps on the server, and is cancelled."""
    database = PostgreSQLDatabase(parse_location(url))
    token, begun = CancelToken(), threading.Event()

    def sleep() -> None:
        with database.connection(token) as connection:
            begun.set()
            connection.execute(sa.text(f"SELECT pg_sleep({seconds})"))

    with ThreadPoolExecutor() as pool:
        asked = pool.submit(sleep)
        begun.wait()
        token.cancel()
        with pytest.raises(QueryCancelled):
            asked.result()
    database.close()


def test_a_cancel_ends_the_statement_on_the_server_too(server: Server, url: str) -> None:
    _cancelled_in_sleep(url, 601)
    left = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(' || '601)%'"
    assert int(server.run("postgres", f"{left} AND state = 'active'")) == 0


def test_a_statement_of_a_server_that_hears_no_cancel_is_given_up(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deaf(*_: object, **__: object) -> None:
        raise psycopg.errors.CancellationTimeout("cancellation timeout expired")

    monkeypatch.setattr(psycopg.Connection, "cancel_safe", deaf)
    _cancelled_in_sleep(url, 600)


def test_a_server_that_takes_no_more_connections_is_said(server: Server, url: str) -> None:
    name = parse_location(url).name
    role = "crowd"
    server.run(name, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    with pytest.raises(SourceError, match=r"too many connections.*check") as caught:
        telemetry.open_source(server.url(name, user=role))
    assert "\n" not in str(caught.value)


def test_a_table_that_is_gone_since_opening_is_said(server: Server) -> None:
    url = server.create(moltmarket.write_sql(moltmarket.small_market()))
    source = telemetry.open_source(url)
    server.run(parse_location(url).name, "DROP TABLE trades")
    with pytest.raises(SourceError, match=r"has changed since it was opened .*reopen it"):
        source.ask(TableQuery(RUN, "trades"))
    source.close()


def test_json_keeps_the_digits_of_its_numbers(server: Server) -> None:
    digits = '{"a": 40312.50000000000000000000001}'
    url = server.create(moltmarket.write_sql(moltmarket.small_market()))
    server.run(parse_location(url).name, f"UPDATE events SET payload = '{digits}'")
    source = telemetry.open_source(url)
    page = source.ask(TableQuery(RUN, "events", ("payload",), limit=1))
    assert page.rows == ((digits,),)
    source.close()


def test_a_cancel_between_connecting_and_executing_is_not_lost(
    source: telemetry.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver has nothing to stop then; the statement after it must end all the same."""
    token = CancelToken()
    asked = threading.Event()

    def cancel_and_sleep(reader: Reader) -> None:
        plain = token._interrupts[0]

        def interrupt() -> None:
            plain()
            asked.set()

        token._interrupts[0] = interrupt
        token.cancel()
        assert asked.wait(20)  # the server was asked to stop while nothing ran
        token._interrupts[0] = plain
        reader.connection.execute(sa.text("SELECT pg_sleep(600)"))

    _before_a_statement(monkeypatch, cancel_and_sleep)
    with pytest.raises(QueryCancelled):
        source.ask(TableQuery(RUN, "events"), token)
    assert source.ask(CountQuery(RUN, "events")) == len(moltmarket.small_market())
