"""DuckDB files that cannot be read are refused with one sentence that says why."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import telemetry
from telemetry.errors import LockedError, SourceError
from telemetry.queries import CountQuery, RunsQuery
from tests.builders import simcash

_WORD = 0xBF58476D1CE4E5B9
_HEADER = 4096
_WRITER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("holding", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return simcash.unified(tmp_path / "u.db")


@pytest.fixture
def writer(database: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the database open for writing."""
    arguments = [sys.executable, "-c", _WRITER, str(database)]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        yield process
        process.kill()


def refused(path: Path) -> str:
    """The sentence with which the file is refused, at opening or at the first question."""
    with pytest.raises(SourceError) as caught:
        telemetry.open_source(path).ask(RunsQuery())
    said = str(caught.value)
    assert "\n" not in said
    assert path.name in said
    return said


def test_a_writer_is_named_by_its_process(database: Path, writer: subprocess.Popen[str]) -> None:
    with pytest.raises(LockedError, match=f"process {writer.pid}.*copy"):
        telemetry.open_source(database)


def test_an_open_source_reads_on_once_the_writer_has_gone(database: Path) -> None:
    source = telemetry.open_source(database)
    with duckdb.connect(str(database)):  # our source holds nothing between questions
        with pytest.raises(LockedError):
            source.ask(RunsQuery())
    assert len(source.ask(RunsQuery()).runs) == 6


def test_a_pointer_of_git_lfs_is_not_the_data(tmp_path: Path) -> None:
    path = tmp_path / "pointer.db"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:bd3a\nsize 3158016\n")
    assert "git lfs pull" in refused(path)


@pytest.mark.parametrize("size", [0, 11, 12, 100, 4096, 8192, 12288, 20_000])
def test_a_database_cut_short_is_refused(database: Path, tmp_path: Path, size: int) -> None:
    path = tmp_path / "cut.db"
    path.write_bytes(database.read_bytes()[:size])
    refused(path)


def test_a_database_that_was_changed_by_a_byte_is_refused(database: Path, tmp_path: Path) -> None:
    content = bytearray(database.read_bytes())
    content[5000] ^= 0xFF
    content[9000] ^= 0xFF
    path = tmp_path / "changed.db"
    path.write_bytes(content)
    refused(path)


def test_a_newer_storage_version_names_the_writer_and_both_versions(
    database: Path, tmp_path: Path
) -> None:
    content = bytearray(database.read_bytes())
    content[12:20] = (990).to_bytes(8, "little")
    content[52:84] = b"v9.1.0".ljust(32, b"\0")
    content[:8] = checksum(bytes(content[8:_HEADER])).to_bytes(8, "little")
    path = tmp_path / "newer.db"
    path.write_bytes(content)
    said = refused(path)
    assert "DuckDB v9.1.0" in said
    assert "990" in said
    assert duckdb.__version__ in said


def checksum(block: bytes) -> int:
    """DuckDB's checksum of a block."""
    found = 5381
    for i in range(0, len(block), 8):
        found ^= int.from_bytes(block[i : i + 8], "little") * _WORD & 2**64 - 1
    return found


def test_the_checksum_here_is_that_of_duckdb(database: Path) -> None:
    content = database.read_bytes()
    assert checksum(content[8:_HEADER]) == int.from_bytes(content[:8], "little")


def test_a_source_whose_file_was_taken_away_says_so(database: Path) -> None:
    source = telemetry.open_source(database)
    database.unlink()
    with pytest.raises(SourceError, match="no longer there"):
        source.ask(CountQuery(simcash.ALONE, "transactions"))
