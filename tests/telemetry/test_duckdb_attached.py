"""A DuckDB file is attached while somebody asks it, once, and then let go of."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import duckdb
import pytest

import telemetry
from telemetry.engines.duckdb_attached import AttachedFiles
from telemetry.errors import LockedError, SourceError
from telemetry.queries import RunsQuery
from tests.builders import simcash

WRITER = """
import sys, duckdb
try:
    duckdb.connect(sys.argv[1]).execute("INSERT INTO numbers VALUES (5)")
except duckdb.IOException as error:
    print("refused" if "lock" in str(error) else error)
"""


@pytest.fixture
def files():
    return AttachedFiles(threads="1")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "it's a [file].db"
    with duckdb.connect(str(path)) as writer:
        writer.execute("CREATE TABLE numbers (n INTEGER); INSERT INTO numbers VALUES (1)")
        writer.execute("CREATE VIEW doubled AS SELECT 2 * n AS n FROM main.numbers")
        writer.execute('CREATE SCHEMA "odd ""one"; CREATE TABLE "odd ""one".words AS SELECT 7')
    return path


def numbers(connection):
    return connection.execute("SELECT n FROM numbers ORDER BY n").fetchall()


def written(path):
    """What another process hears that writes to the file."""
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(path)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_names_mean_what_they_mean_in_the_file(files, path):
    with closing(files.connect(path)) as connection:
        assert connection.execute("SELECT * FROM doubled").fetchall() == [(2,)]
        assert connection.execute("SELECT current_schema()").fetchall() == [("main",)]
    with closing(files.connect(path, 'odd "one')) as connection:
        assert connection.execute("SELECT * FROM words").fetchall() == [(7,)]


def test_who_writes_is_kept_out_until_the_last_one_has_closed(files, path, tmp_path):
    other = tmp_path / "other name.db"
    os.link(path, other)
    first, second = files.connect(path), files.connect(other)
    assert numbers(first) == numbers(second) == [(1,)]
    first.close()
    first.close()
    assert written(path) == "refused"
    second.close()
    assert written(path) == ""
    with closing(files.connect(path)) as connection:
        assert numbers(connection) == [(1,), (5,)]


def test_a_file_is_let_go_of_where_a_schema_is_not_there(files, path):
    with pytest.raises(duckdb.Error):
        files.connect(path, "nowhere")
    assert written(path) == ""


def test_nothing_can_be_written_to_it(files, path):
    with closing(files.connect(path)) as connection, pytest.raises(duckdb.Error, match="read-only"):
        connection.execute("INSERT INTO numbers VALUES (2)")


def test_a_file_that_is_no_database_or_not_there_makes_nothing(files, tmp_path):
    text = tmp_path / "text.db"
    text.write_text("no database " * 1000)
    with pytest.raises(duckdb.Error):
        files.connect(text)
    with pytest.raises(FileNotFoundError):
        files.connect(tmp_path / "missing.db")
    assert sorted(tmp_path.iterdir()) == [text]


def test_threads_ask_one_file_at_once(files, path):
    def ask(_):
        with closing(files.connect(path)) as connection:
            return numbers(connection)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(200))) == [[(1,)]] * 200
    assert written(path) == ""


def test_a_file_that_this_program_writes_is_said_to_be_open_here(tmp_path):
    path = simcash.unified(tmp_path / "unified.db")
    with duckdb.connect(str(path)):
        with pytest.raises(LockedError, match="open for writing in this very program"):
            telemetry.open_source(path)
    with closing(telemetry.open_source(path)) as source:
        assert source.ask(RunsQuery()).runs


@pytest.mark.parametrize("place", ["nothing", "a file where its folder was"])
def test_a_file_that_has_gone_is_said_to_be_no_longer_there(tmp_path, place):
    (tmp_path / "folder").mkdir()
    path = simcash.unified(tmp_path / "folder" / "unified.db")
    with closing(telemetry.open_source(path)) as source:
        shutil.rmtree(path.parent)
        if place != "nothing":
            path.parent.write_text("")
        with pytest.raises(SourceError, match="is no longer there"):
            source.ask(RunsQuery())
