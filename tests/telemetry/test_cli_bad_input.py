"""Bad input on the command line: one sentence, the right exit code, and nothing lost or created."""

import json
import os
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import telemetry
from telemetry.cli.program import NOTHING, UNREADABLE
from tests.builders import vmt
from tests.telemetry.command_line import ran, refused

_ROOT = Path(telemetry.__file__).resolve().parent.parent


Capsys = pytest.CaptureFixture[str]


Listing = dict[str, tuple[bytes, int]]


COMMANDS = (
    ["identify", "SOURCE"],
    ["runs", "SOURCE"],
    ["show", "SOURCE", "1"],
    ["series", "SOURCE", "1", "utility"],
    ["timeline", "SOURCE", "1"],
    ["trades", "SOURCE", "1"],
    ["attempts", "SOURCE", "1"],
    ["table", "decisions", "SOURCE", "1"],
    ["facets", "SOURCE", "1", "trades", "direction"],
    ["summary", "SOURCE", "1", "trades"],
    ["export", "SOURCE", "1", "-o", "TARGET"],
)


@pytest.fixture(autouse=True)
def _bugs_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEMETRY_DEBUG", "1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the bad file lies: its listing, bytes and time stamps must not change."""
    made = tmp_path / "data"
    made.mkdir()
    return made


def _listing(folder: Path) -> Listing:
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in sorted(folder.iterdir())}


def _words(command: list[str], source: object, target: object) -> list[object]:
    places = {"SOURCE": source, "TARGET": target}
    return [places.get(word, word) for word in command]


def _every_command_refuses(capsys: Capsys, source: Path, tmp_path: Path) -> str:
    """All commands end with exit code 3 and the same sentence; the listing is as before."""
    before = _listing(source.parent)
    said = {
        refused(capsys, UNREADABLE, *_words(command, source, tmp_path / "out"))
        for command in COMMANDS
    }
    assert _listing(source.parent) == before
    assert not (tmp_path / "out").exists()
    (sentence,) = said
    return sentence


def _every_command_answers(capsys: Capsys, source: Path, tmp_path: Path) -> None:
    """All commands answer, or find nothing, as text and as JSON; none shows a traceback."""
    for command in COMMANDS:
        for form in ("text", "json"):
            target = tmp_path / f"out-{form}"
            result = ran(capsys, *(words := _words(command, source, target)), "--format", form)
            assert result.code in (0, 1), (words, result)
            assert "Traceback" not in result.err
            if form == "json":
                json.loads(result.out, parse_constant=pytest.fail)


def test_a_path_that_does_not_exist_creates_nothing(
    capsys: Capsys, folder: Path, tmp_path: Path
) -> None:
    said = _every_command_refuses(capsys, folder / "typo.db", tmp_path)
    assert "does not exist" in said
    assert "typo.db" in said


@pytest.mark.parametrize("url", ["sqlite:///{}", "file://{}"])
def test_a_url_of_a_file_that_does_not_exist_creates_nothing(
    capsys: Capsys, folder: Path, url: str
) -> None:
    path = folder / "typo.db"
    assert "does not exist" in refused(capsys, UNREADABLE, "runs", url.format(path.as_posix()))
    assert list(folder.iterdir()) == []


def test_a_folder_is_refused(capsys: Capsys, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    for command in COMMANDS:
        words = _words(command, inner, tmp_path / "out")
        assert "is a folder" in refused(capsys, UNREADABLE, *words)
    assert [p.name for p in tmp_path.iterdir()] == ["inner"]
    assert list(inner.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("empty.db", b"", "empty"),
        ("notes.db", b"these are\nmy notes\n", "text"),
        ("cat.db", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "picture"),
        ("photo.db", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8, "picture"),
        ("noise.db", bytes(range(256)) * 40, "binary"),
        ("short.db", b"SQLite format 3\x00", "truncated"),
    ],
)
def test_a_file_that_is_no_database_is_named_for_what_it_is(
    capsys: Capsys, folder: Path, tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    path = folder / name
    path.write_bytes(content)
    said = _every_command_refuses(capsys, path, tmp_path)
    assert expected in said
    assert name in said


def test_the_database_of_another_program_is_left_as_it_was(
    capsys: Capsys, folder: Path, tmp_path: Path
) -> None:
    path = folder / "browser.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.execute("CREATE TABLE trades (isin TEXT)")
    connection.close()
    before = _listing(folder)
    told = ran(capsys, "identify", path)
    assert told.code == 0
    assert "bookmarks" in told.out
    assert "no known family" in told.err
    assert _listing(folder) == before


def test_a_truncated_database_is_refused(capsys: Capsys, folder: Path, tmp_path: Path) -> None:
    path = vmt.build("money", folder / "money.db", journal="delete")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    said = _every_command_refuses(capsys, path, tmp_path)
    assert "truncated" in said or "damaged" in said or "malformed" in said


def test_a_corrupt_page_in_the_middle_is_one_sentence_and_leaves_no_file(
    capsys: Capsys, folder: Path, tmp_path: Path
) -> None:
    path = vmt.build("barter", folder / "b.db", runs=1, ticks=200, journal="delete")
    ((size,),) = vmt.query(path, "PRAGMA page_size")
    ((root,),) = vmt.query(
        path, "SELECT rootpage FROM sqlite_master WHERE name = 'agent_snapshots'"
    )
    with path.open("r+b") as file:
        file.seek((int(root) - 1) * int(size))
        page = bytearray(file.read(int(size)))
        (cells,) = struct.unpack(">H", page[3:5])
        assert cells > 2, "the table must have pages below its root"
        page[8:] = os.urandom(len(page) - 8)
        file.seek((int(root) - 1) * int(size))
        file.write(page)
    before = _listing(folder)
    result = ran(capsys, "table", "agent_snapshots", path, "1", "--format", "csv")
    assert result.code == UNREADABLE
    assert result.err.count("\n") == 1
    assert "damaged" in result.err or "malformed" in result.err
    refused(capsys, UNREADABLE, "export", path, "1", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert ran(capsys, "identify", path).code == 0, "what is whole can still be asked"
    assert _listing(folder) == before


def test_a_wal_database_in_a_read_only_folder_is_read_without_a_trace(
    capsys: Capsys, folder: Path, tmp_path: Path
) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=6)
    path.chmod(0o400)
    folder.chmod(0o500)
    try:
        before = _listing(folder)
        assert list(before) == ["money.db"]
        _every_command_answers(capsys, path, tmp_path)
        assert ran(capsys, "trades", path, "1").code in (0, NOTHING)
        assert _listing(folder) == before
    finally:
        folder.chmod(0o700)


@pytest.fixture
def locked(folder: Path) -> Iterator[Path]:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=6, journal="delete")
    writer = sqlite3.connect(path)
    writer.execute("BEGIN EXCLUSIVE")
    yield path
    writer.rollback()
    writer.close()


@pytest.mark.usefixtures("impatient")
def test_a_database_locked_by_a_writer_is_one_sentence(capsys: Capsys, locked: Path) -> None:
    said = refused(capsys, UNREADABLE, "runs", locked)
    assert "lock" in said or "in use" in said or "busy" in said


def test_a_database_that_is_being_filled_shows_what_is_committed(
    capsys: Capsys, folder: Path, tmp_path: Path
) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=6)
    writer = sqlite3.connect(path)
    try:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE simulation_runs SET scenario_name = 'committed'")
        writer.commit()
        writer.execute("UPDATE simulation_runs SET scenario_name = 'half done'")
        names = {p.name for p in folder.iterdir()}
        found = ran(capsys, "runs", path, "--format", "json").json()
        assert [run["scenario_name"] for run in found] == ["committed"]
        _every_command_answers(capsys, path, tmp_path)
        assert {p.name for p in folder.iterdir()} == names
        writer.commit()
        found = ran(capsys, "runs", path, "--format", "json").json()
        assert [run["scenario_name"] for run in found] == ["half done"]
    finally:
        writer.close()


@pytest.mark.parametrize("target", ["no/such/run", "no/such.csv", "taken/inside"])
def test_an_export_to_a_missing_place_writes_nothing(
    capsys: Capsys, folder: Path, tmp_path: Path, target: str
) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=3)
    (tmp_path / "taken").write_text("a file")
    said = refused(capsys, 2, "export", path, "1", "-o", tmp_path / target, "--table", "trades")
    assert "cannot be written" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "taken"]


_LIMITED = """
import resource, sys
from telemetry.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
@pytest.mark.parametrize("target", ["run", "states.csv"])
def test_an_export_that_runs_out_of_room_leaves_nothing(
    folder: Path, tmp_path: Path, target: str
) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=900)
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, "export", str(path), "1", "-o", str(tmp_path / target),
         "--table", "agent_snapshots"],
        capture_output=True, text=True, cwd=_ROOT, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "would become too large" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["data"]


def test_a_password_in_a_url_is_never_repeated(capsys: Capsys, folder: Path) -> None:
    for url in (
        "postgresql://me:s3cret@localhost:1/db",
        "mysql://me:s3cret@localhost/db",
        "postgresql://me@localhost:1/db?password=s3cret",
        "nonsense://me:s3cret@",
    ):
        assert "s3cret" not in refused(capsys, UNREADABLE, "runs", url)
