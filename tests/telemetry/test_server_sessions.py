"""A session with a server waits for the next question, holds nothing meanwhile, and is replaced."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry.cancel import CancelToken
from telemetry.engines import postgresql_sessions
from telemetry.engines.postgresql import PostgreSQLDatabase
from telemetry.errors import QueryCancelled
from telemetry.location import parse_location
from tests.builders.postgresql import Server

OTHERS = "SELECT {} FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def url(server: Server) -> str:
    return server.create("CREATE TABLE kept (n int)")


@pytest.fixture
def database(url: str) -> Iterator[PostgreSQLDatabase]:
    found = PostgreSQLDatabase(parse_location(url))
    yield found
    found.close()


def _session(database: PostgreSQLDatabase, token: CancelToken | None = None) -> int:
    """The server's process that answers a question."""
    with database.connection(token) as connection:
        connection.execute(sa.text("SELECT count(*) FROM kept"))
        return int(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())


def _there(server: Server, url: str, what: str = "count(*)") -> str:
    return server.run("postgres", OTHERS.format(what, parse_location(url).name)).strip()


def _gone(server: Server, url: str) -> None:
    deadline = time.monotonic() + 20
    while _there(server, url) != "0":
        assert time.monotonic() < deadline


def test_the_next_question_finds_the_session_of_the_last_one(database: PostgreSQLDatabase) -> None:
    assert len({_session(database) for _ in range(3)}) == 1


def test_a_waiting_session_is_in_no_transaction_and_holds_no_lock(
    server: Server, url: str, database: PostgreSQLDatabase
) -> None:
    asked = _session(database)
    assert _there(server, url, "state, xact_start, backend_xmin") == "idle||"
    locks = f"SELECT count(*) FROM pg_locks WHERE pid = {asked}"
    assert server.run("postgres", locks).strip() == "0"


def test_each_question_sees_what_was_written_before_it(
    server: Server, url: str, database: PostgreSQLDatabase
) -> None:
    seen = []
    for n in range(2):
        server.run(parse_location(url).name, f"INSERT INTO kept VALUES ({n})")
        with database.connection() as connection:
            seen.append(connection.execute(sa.text("SELECT count(*) FROM kept")).scalar_one())
    assert seen[1] == seen[0] + 1


def test_a_session_that_was_ended_while_it_waited_is_replaced_without_a_word(
    server: Server, url: str, database: PostgreSQLDatabase
) -> None:
    first = _session(database)
    assert server.drop_connections(parse_location(url).name) == 1
    assert _session(database) != first


def test_the_server_ends_a_session_that_waits_too_long(
    server: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_sessions, "IDLE_SECONDS", 0.1)
    database = PostgreSQLDatabase(parse_location(url))
    first = _session(database)
    _gone(server, url)
    assert _session(database) != first
    database.close()


def test_a_session_that_no_server_would_end_does_not_wait(
    server: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_sessions, "_ENDS_IDLE_ONES", 10**9)
    database = PostgreSQLDatabase(parse_location(url))
    _session(database)
    _gone(server, url)
    database.close()


def test_the_session_of_a_cancelled_question_is_not_used_again(
    database: PostgreSQLDatabase,
) -> None:
    token, asked = CancelToken(), []

    def cancelled() -> None:
        with database.connection(token) as connection:
            asked.append(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())
            token.cancel()
            connection.execute(sa.text("SELECT pg_sleep(600)"))

    with pytest.raises(QueryCancelled):
        cancelled()
    assert _session(database) not in asked


def test_a_waiting_session_that_does_not_answer_is_not_waited_for_once_the_question_is_cancelled(
    database: PostgreSQLDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent, token, begun = _session(database), CancelToken(), threading.Event()
    plain = postgresql_sessions.Sessions.waiting

    def noted(sessions: postgresql_sessions.Sessions, stopping: Any) -> Any:
        @contextmanager
        def stopping_noted(driver: Any) -> Iterator[None]:
            with stopping(driver):
                begun.set()
                yield

        return plain(sessions, stopping_noted)

    monkeypatch.setattr(postgresql_sessions.Sessions, "waiting", noted)
    os.kill(silent, signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        try:
            asked = pool.submit(_session, database, token)
            assert begun.wait(20)
            token.cancel()
            with pytest.raises(QueryCancelled):
                asked.result(20)
        finally:
            os.kill(silent, signal.SIGCONT)
    assert _session(database) != silent


def test_questions_at_the_same_time_have_sessions_of_their_own(
    database: PostgreSQLDatabase,
) -> None:
    with database.connection(), database.connection():
        assert len({_session(database), _session(database)}) == 1


def test_closing_ends_the_sessions_also_that_of_a_question_at_work(
    server: Server, url: str, database: PostgreSQLDatabase
) -> None:
    _session(database)
    with database.connection() as connection:
        database.close()
        connection.execute(sa.text("SELECT 1"))
    _gone(server, url)
