"""A DuckDB file that is being written is copied whole, and the original is only read."""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import telemetry
from telemetry.cancel import CancelToken
from telemetry.errors import LockedError, QueryCancelled, SourceError
from tests.builders import simcash
from tests.builders.traces import traces

WRITER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE more (tick INT, text VARCHAR)")
for tick in range(10**6):
    connection.execute("BEGIN")
    connection.execute("INSERT INTO more SELECT ?, repeat('x', 99) FROM range(10)", [tick])
    connection.execute("COMMIT")
    if tick % 20 == 0:
        connection.execute("CHECKPOINT")
    print(tick, flush=True)
"""


@pytest.fixture
def busy(tmp_path: Path):
    """A database that another process is writing, fast, with a checkpoint now and then."""
    path = simcash.unified(tmp_path / "busy.duckdb")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    for _ in range(30):
        writer.stdout.readline()
    yield Path(path)
    writer.kill()
    writer.stdout.close()
    writer.wait()


def test_a_database_that_is_being_written_says_so_and_a_copy_of_it_opens(
    busy: Path, tmp_path: Path
):
    with pytest.raises(LockedError, match="is being written by process") as locked:
        telemetry.open_source(busy)
    assert locked.value.copyable == busy
    folder = tmp_path / "copies"
    folder.mkdir()
    for _ in range(3):
        copy = telemetry.copy_of(busy, folder)
        assert copy.parent == folder
        assert "busy as of " in copy.name
        with duckdb.connect(str(copy), read_only=True) as connection:
            rows, ticks = connection.execute("SELECT COUNT(*), MAX(tick) FROM more").fetchall()[0]
        assert rows == 10 * (ticks + 1)
        telemetry.open_source(copy).close()


def test_a_log_that_a_checkpoint_takes_away_is_left_out(tmp_path: Path, monkeypatch):
    path = Path(simcash.unified(tmp_path / "busy.duckdb"))
    beside = tmp_path / "busy.duckdb.wal"
    beside.write_bytes(b"not of this file")
    keep_times = shutil.copystat

    def checkpoint(source: Path, target: Path) -> None:
        if source == beside:
            beside.unlink()
        keep_times(source, target)

    monkeypatch.setattr(shutil, "copystat", checkpoint)
    copy = telemetry.copy_of(path, tmp_path)
    assert copy.read_bytes() == path.read_bytes()
    assert not copy.with_name(copy.name + ".wal").exists()


def test_copying_leaves_the_original_as_it_was(tmp_path: Path):
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    path = Path(simcash.unified(home / "still.duckdb"))
    before = traces(home)
    copy = telemetry.copy_of(path, away)
    assert copy.read_bytes() == path.read_bytes()
    assert traces(home) == before


def test_what_cannot_be_copied_is_one_sentence(tmp_path: Path):
    path = Path(simcash.unified(tmp_path / "still.duckdb"))
    with pytest.raises(SourceError, match="could not be copied") as failure:
        telemetry.copy_of(path, tmp_path / "nowhere")
    assert "\n" not in str(failure.value)


def test_copying_can_be_cancelled(tmp_path: Path):
    path = Path(simcash.unified(tmp_path / "still.duckdb"))
    token = CancelToken()
    token.cancel()
    with pytest.raises(QueryCancelled):
        telemetry.copy_of(path, tmp_path, token)
