"""Columns of a SQLite file as arrays: exact, in order, or refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from telemetry.cancel import CancelToken
from telemetry.engines import sqlite_columns
from telemetry.engines.columns import by_agent
from telemetry.engines.lines import ByValuesError
from telemetry.engines.sqlite_connection import file_uri
from telemetry.errors import QueryCancelled

ROWS = 20_000
KINDS = ("whole", "number")
ALL = "SELECT a, v FROM t ORDER BY a"


def _read(path: Path, *statements: str, token: CancelToken | None = None):
    uri = file_uri(path, "mode=ro&immutable=1")
    return sqlite_columns.read(uri, statements, KINDS, token or CancelToken())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "columns.db"
    with closing(sqlite3.connect(found)) as connection, connection:
        connection.execute("CREATE TABLE t (a INTEGER, v REAL)")
        rows = [(i + (1 << 53), None if i % 7 == 0 else i / 3) for i in range(ROWS)]
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    return found


def test_numbers_arrive_exactly_and_null_as_nan(path):
    ((whole, number),) = _read(path, ALL)
    assert whole.dtype == np.int64
    assert whole.tolist() == [i + (1 << 53) for i in range(ROWS)]
    wanted = [np.nan if i % 7 == 0 else i / 3 for i in range(ROWS)]
    np.testing.assert_array_equal(number, wanted)


def test_statements_are_answered_in_their_order_also_by_nothing(path):
    parts = [f"SELECT a - {1 << 53}, v FROM t LIMIT {n} OFFSET 5" for n in (3, 0, 1, 4, 2)]
    assert [whole.tolist() for whole, _ in _read(path, *parts)] == [
        [5, 6, 7], [], [5], [5, 6, 7, 8], [5, 6],
    ]  # fmt: skip


@pytest.mark.parametrize("row", [3, ROWS - 3], ids=["first", "late"])
@pytest.mark.parametrize("odd", ["a = NULL", "a = 'x'", "a = 1.5", "v = 'x'", "v = x'01'"])
def test_a_value_of_another_kind_is_refused_wherever_it_stands(path, odd, row):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE t SET {odd} WHERE rowid = {row}")
    with pytest.raises(ByValuesError):
        list(_read(path, ALL))


def test_whole_numbers_and_infinities_among_doubles_are_doubles(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE t RENAME COLUMN v TO w")
        connection.execute("ALTER TABLE t ADD COLUMN v")  # of no kind, so it keeps what it is given
        connection.execute("UPDATE t SET v = CASE rowid WHEN 4 THEN 7 WHEN 9 THEN 9e999 END")
    ((_, number),) = _read(path, ALL)
    assert (number[3], number[8]) == (7.0, np.inf)
    assert np.isnan(number[4])


def test_a_withdrawn_question_ends_its_processes(path):
    token = CancelToken()
    slow = f"{ALL} LIMIT 1", "SELECT s.a, s.v FROM t, t AS s, t AS u WHERE t.a + s.a < u.v * 0"
    parts = _read(path, *slow, token=token)
    next(parts)
    token.cancel()
    with pytest.raises(QueryCancelled):
        next(parts)


def test_rows_are_put_by_agent_however_far_apart_their_ids_lie():
    least, most = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    agent = np.array([most, 7, least, most, 7 + (1 << 16), least, 7], np.int64)
    assert agent[by_agent(agent)].tolist() == sorted(agent.tolist())
    tick = np.arange(agent.size, 0, -1)
    order = by_agent(agent, tick)
    assert list(zip(agent[order].tolist(), tick[order].tolist(), strict=True)) == sorted(
        zip(agent.tolist(), tick.tolist(), strict=True)
    )
