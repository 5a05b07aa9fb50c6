"""Files that are no database, or were one once: one sentence each, and nothing touched."""

import os
import random
import socket
import sqlite3
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

import telemetry
from telemetry.detect import find
from telemetry.errors import SourceError, TelemetryError
from telemetry.queries import CountQuery, RunsQuery, TableQuery
from tests.builders import vmt
from tests.builders.questions import one_of_each
from tests.builders.traces import descriptors, traces

pytestmark = pytest.mark.sampled(4)

MAGIC = b"SQLite format 3\0"


def _png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + body


NO_DATABASES = {
    "empty": (b"", "an empty file"),
    "text": (b"run_id,tick\n1,2\n", "a text file"),
    "one line of text": (b"hello", "a text file"),
    "text of another alphabet": (("λ" * 60).encode(), "a text file"),
    "Latin-1 text": (("caf\xe9\n" * 20).encode("latin-1"), "a text file"),
    "picture": (_png(), "a PNG picture"),
    "archive": (b"PK\x03\x04" + bytes(200), "a zip archive, not a telemetry database; unpack it"),
    "compressed": (b"\x28\xb5\x2f\xfd" + bytes(200), "a zstd archive"),
    "dump": (
        b"--\n-- PostgreSQL database dump\n--\n\n",
        "a PostgreSQL dump, not the database; load",
    ),
    "binary": (bytes(range(256)), "a binary file"),
    "zeros": (bytes(8192), "a binary file"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
}


def _sentence(error: BaseException) -> str:
    """The error's text, which is one sentence on one line."""
    text = str(error)
    assert "\n" not in text
    assert text.endswith(".")
    assert len(text) < 600
    return text


@pytest.mark.parametrize(("content", "what"), NO_DATABASES.values(), ids=NO_DATABASES)
def test_a_file_that_is_no_database_is_called_what_it_is(tmp_path: Path, content: bytes, what: str):
    path = tmp_path / "runs.db"
    path.write_bytes(content)
    before = traces(tmp_path)

    with pytest.raises(SourceError) as caught:
        telemetry.open_source(path)

    assert what in _sentence(caught.value)
    assert str(path) in str(caught.value)
    assert traces(tmp_path) == before
    assert descriptors(path) == 0


def test_a_folder_is_called_a_folder(tmp_path: Path):
    link = tmp_path / "link"
    (tmp_path / "folder").mkdir()
    link.symlink_to(tmp_path / "folder")
    before = traces(tmp_path)
    for path in (tmp_path / "folder", link, tmp_path / "folder" / ""):
        with pytest.raises(SourceError, match="folder that holds no telemetry") as caught:
            telemetry.open_source(path)
        _sentence(caught.value)
    assert traces(tmp_path) == before


def test_links_that_lead_nowhere_are_refused(tmp_path: Path):
    (tmp_path / "broken").symlink_to(tmp_path / "missing")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = traces(tmp_path)
    for name in ("broken", "loop"):
        with pytest.raises(SourceError) as caught:
            telemetry.open_source(tmp_path / name)
        _sentence(caught.value)
    assert traces(tmp_path) == before


def test_a_name_that_is_too_long_is_refused(tmp_path: Path):
    with pytest.raises(SourceError) as caught:
        telemetry.open_source(tmp_path / ("x" * 300))
    assert len(str(caught.value)) < 1000


def test_a_path_below_a_file_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(SourceError):
        telemetry.open_source(tmp_path / "file" / "runs.db")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes among its files")
def test_a_pipe_a_device_and_a_socket_are_refused_without_waiting(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    paths = [tmp_path / "pipe", Path("/dev/zero"), Path("/dev/null")]
    with socket.socket(socket.AF_UNIX) as listening:
        try:
            listening.bind(str(tmp_path / "socket"))
            paths.append(tmp_path / "socket")
        except OSError:
            pass  # the folder's name is too long for a socket
        for path in paths:
            with pytest.raises(SourceError, match="not a file"):
                telemetry.open_source(path)


@pytest.mark.parametrize(
    "content",
    [
        MAGIC,
        MAGIC + bytes(83),
        MAGIC + bytes(84),
        MAGIC + bytes(4080),
        MAGIC + b"\x10\x00\x01\x01\x00\x40\x20\x20" + b"\xff" * 4072,
        MAGIC + b"\x10\x00\x02\x02\x00\x40\x20\x20" + b"\xff" * 8168,
        MAGIC + bytes(random.Random(1).randbytes(5000)),
        MAGIC + b"\x10\x00" + bytes(random.Random(2).randbytes(5000)),
    ],
    ids=["magic", "99 bytes", "100 bytes", "zeros", "ones", "ones as WAL", "noise", "noisy page"],
)
def test_the_magic_with_garbage_behind_it_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "runs.db"
    path.write_bytes(content)
    before = traces(tmp_path)
    with pytest.raises(SourceError) as caught:
        telemetry.open_source(path)
    _sentence(caught.value)
    assert traces(tmp_path) == before
    assert descriptors(path) == 0


def test_a_database_without_tables_says_so(tmp_path: Path):
    path = tmp_path / "runs.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=1")
    connection.close()
    with pytest.raises(SourceError, match="no tables at all"):
        telemetry.open_source(path)


def test_strange_table_names_stay_in_one_sentence(tmp_path: Path):
    path = tmp_path / "runs.db"
    connection = sqlite3.connect(path)
    connection.execute('CREATE TABLE "two\nlines \u202e \x1b[31m" (a)')
    connection.execute(f'CREATE TABLE "{"long" * 2000}" (a)')
    for i in range(20):
        connection.execute(f"CREATE TABLE t{i} (a)")
    connection.close()
    source = telemetry.open_source(path)
    assert len(source.tables) == 23  # and the one of the only run
    assert all(note.isprintable() for note in source.identity.notes)
    with pytest.raises(SourceError, match="and 14 more") as caught:
        find(path)
    assert _sentence(caught.value).isprintable()


def _cut_in_header(path: Path) -> int:
    return 60


def _cut_after_header(path: Path) -> int:
    return 100


def _cut_in_first_page(path: Path) -> int:
    return 3000


def _cut_in_mid_page(path: Path) -> int:
    return path.stat().st_size // 2 + 77


def _cut_last_page(path: Path) -> int:
    return path.stat().st_size - 4096


def _cut_last_byte(path: Path) -> int:
    return path.stat().st_size - 1


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize(
    "cut",
    [
        _cut_in_header,
        _cut_after_header,
        _cut_in_first_page,
        _cut_in_mid_page,
        _cut_last_page,
        _cut_last_byte,
    ],
)
def test_a_truncated_database_is_refused_as_truncated(
    tmp_path: Path, cut: Callable[[Path], int], journal: str
):
    path = vmt.build("money", tmp_path / "runs.db", ticks=20, journal=journal)
    os.truncate(path, cut(path))
    before = traces(tmp_path)
    with pytest.raises(SourceError, match=r"truncated: it .*; copy it again"):
        telemetry.open_source(path)
    assert traces(tmp_path) == before


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_corrupt_page_spoils_its_own_table_only(tmp_path: Path, journal: str):
    path = vmt.build("money", tmp_path / "runs.db", ticks=40, journal=journal)
    connection = sqlite3.connect(path)
    ((page,),) = connection.execute(
        "SELECT max(pageno) FROM dbstat WHERE name = 'agent_snapshots' AND pagetype = 'leaf'"
    ).fetchall()
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    before = traces(tmp_path)

    source = telemetry.open_source(path)
    for answer in (
        lambda: source.ask(TableQuery(2, "agent_snapshots", limit=10_000)),
        lambda: list(source.stream(TableQuery(2, "agent_snapshots"))),
    ):
        with pytest.raises(SourceError, match="is damaged") as caught:
            answer()
        _sentence(caught.value)
    assert len(source.ask(RunsQuery()).runs) == 2
    assert source.ask(CountQuery(2, "trades")) == 14
    assert len(source.ask(TableQuery(1, "decisions", limit=1000)).rows) == 160
    source.close()
    assert traces(tmp_path) == before


@pytest.mark.parametrize("seed", range(12))
def test_scattered_damage_gives_answers_or_sentences(tmp_path: Path, seed: int):
    """Whatever is broken: a TelemetryError at worst, and the file is left alone."""
    path = vmt.build("money", tmp_path / "runs.db", ticks=12)
    random_ = random.Random(seed)
    with path.open("r+b") as file:
        size = path.stat().st_size
        for _ in range(40):
            file.seek(random_.randrange(100, size))
            file.write(random_.randbytes(4))
    before = traces(tmp_path)
    try:
        source = telemetry.open_source(path)
    except TelemetryError as error:
        _sentence(error)
    else:
        for query in one_of_each(source):
            try:
                source.ask(query)
            except TelemetryError as error:
                _sentence(error)
        source.close()
    assert traces(tmp_path) == before


def test_a_view_of_what_is_gone_and_a_table_of_an_unknown_module_do_no_harm(tmp_path: Path):
    path = vmt.build("money", tmp_path / "runs.db", ticks=3)
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIEW broken AS SELECT * FROM nothing_there")
    connection.execute("PRAGMA writable_schema=ON")
    connection.execute(
        "INSERT INTO sqlite_master VALUES ('table', 'strange', 'strange', 0, "
        "'CREATE VIRTUAL TABLE strange USING no_such_module(a)')"
    )
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    assert len(source.ask(RunsQuery()).runs) == 2
    source.close()
