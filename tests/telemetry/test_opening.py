"""Opening and asking leave bytes, time stamps and folder listings as they were."""

import gc
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import telemetry
from telemetry.cancel import CancelToken
from telemetry.engines import sqlite_connection
from telemetry.errors import SourceError
from telemetry.queries import RunsQuery, TableQuery
from tests.builders import vmt
from tests.builders.questions import ask_everything, one_of_each
from tests.builders.traces import descriptors, traces
from tests.builders.writers import Writer
from tests.effort import effort

pytestmark = pytest.mark.sampled(4)

NOBODY = 65534


def _plain(path: Path) -> None:
    vmt.build("money_full", path, ticks=16, journal="delete")


def _closed_wal(path: Path) -> None:
    vmt.build("money_full", path, ticks=16)


def _read_only_file(path: Path) -> None:
    _closed_wal(path)
    path.chmod(0o444)


def _killed_with_index(path: Path) -> None:
    _killed_writer(path)
    assert path.with_name(path.name + "-shm").exists()


def _killed_without_index(path: Path) -> None:
    _killed_writer(path)
    path.with_name(path.name + "-shm").unlink()


def _killed_writer(path: Path) -> None:
    _closed_wal(path)
    with Writer(path) as writer:
        writer.do("UPDATE simulation_runs SET scenario_name = 'from the wal'")
        writer.kill()
    assert path.with_name(path.name + "-wal").stat().st_size > 0


def _hot_journal(path: Path) -> None:
    """The journal of a transaction that a crash cut off: the file holds half of it."""
    _plain(path)
    with Writer(path) as writer:
        writer.do("PRAGMA cache_spill=1", "PRAGMA cache_size=1", "BEGIN")
        writer.do("UPDATE simulation_runs SET scenario_name = 'never committed'")
        writer.do("DELETE FROM agent_snapshots", "DELETE FROM decisions")
        writer.kill()
    assert path.with_name(path.name + "-journal").stat().st_size > 0


def _empty_sidecars(path: Path) -> None:
    _closed_wal(path)
    path.with_name(path.name + "-wal").touch()
    path.with_name(path.name + "-shm").touch()


WAYS = {
    "rollback journal": _plain,
    "WAL, closed": _closed_wal,
    "read-only file": _read_only_file,
    "writer killed, with -shm": _killed_with_index,
    "writer killed, without -shm": _killed_without_index,
    "hot journal": _hot_journal,
    "empty sidecars": _empty_sidecars,
}


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user may enter (those of pytest are its user's own)."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can become another user")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_kind_of_query_leaves_the_folder_as_it_was(tmp_path: Path, way):
    path = tmp_path / "runs.db"
    way(path)
    before = traces(tmp_path)

    source = telemetry.open_source(path)
    for query in one_of_each(source):
        source.ask(query)
    assert sum(map(len, source.stream(TableQuery(1, "trades")))) > 0
    source.close()

    assert traces(tmp_path) == before


def test_all_queries_there_are_leave_the_folder_as_it_was(tmp_path: Path):
    path = tmp_path / "runs.db"
    vmt.build("money_full", path, ticks=16)
    before = traces(tmp_path)

    source = telemetry.open_source(path)
    with_answers = ask_everything(source, thorough=effort(False, True))
    source.close()

    assert with_answers["TableQuery"] > effort(50, 300)
    assert traces(tmp_path) == before


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_closed_source_holds_nothing(tmp_path: Path, way, monkeypatch: pytest.MonkeyPatch):
    path, temporary = tmp_path / "runs.db", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    way(path)

    source = telemetry.open_source(path)
    source.ask(RunsQuery())
    source.close()

    assert descriptors(path) == 0
    assert list(temporary.iterdir()) == []
    with pytest.raises(SourceError, match="has been closed"):
        source.ask(RunsQuery())


def test_a_source_that_is_forgotten_holds_nothing_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, temporary = tmp_path / "runs.db", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    _killed_without_index(path)

    telemetry.open_source(path)
    gc.collect()

    assert descriptors(path) == 0
    assert list(temporary.iterdir()) == []


def test_what_a_killed_writer_had_committed_is_seen(tmp_path: Path):
    for way in (_killed_with_index, _killed_without_index):
        path = tmp_path / way.__name__ / "runs.db"
        path.parent.mkdir()
        way(path)
        source = telemetry.open_source(path)
        assert [run.name for run in source.ask(RunsQuery()).runs] == ["from the wal"] * 2
        source.close()


def test_a_private_copy_says_so_in_the_notes(tmp_path: Path):
    path = tmp_path / "runs.db"
    _killed_without_index(path)
    source = telemetry.open_source(path)
    assert any("runs.db-wal" in note and "copy" in note for note in source.identity.notes)
    source.close()


def test_a_private_copy_is_made_anew_when_the_file_changes(tmp_path: Path):
    path = tmp_path / "runs.db"
    _killed_without_index(path)
    source = telemetry.open_source(path)
    assert source.ask(RunsQuery()).runs[0].name == "from the wal"

    with Writer(path) as writer:
        writer.do("UPDATE simulation_runs SET scenario_name = 'of the next writer'")

    assert source.ask(RunsQuery()).runs[0].name == "of the next writer"
    source.close()


def test_a_transaction_that_was_cut_off_is_not_shown(tmp_path: Path):
    path = tmp_path / "runs.db"
    _hot_journal(path)
    with path.open("rb") as file:
        assert b"never committed" in file.read()  # else this shows nothing

    source = telemetry.open_source(path)
    assert source.ask(RunsQuery()).runs[0].name == vmt.SCENARIO
    assert sum(map(len, source.stream(TableQuery(1, "agent_snapshots")))) == 64
    source.close()


def test_a_read_only_folder_with_a_closed_wal_database_can_be_read(public_folder: Path):
    _ask_as_nobody(public_folder, _closed_wal)


def test_a_read_only_folder_with_a_rollback_database_can_be_read(public_folder: Path):
    _ask_as_nobody(public_folder, _plain)


def test_a_read_only_folder_with_a_killed_writers_wal_can_be_read(public_folder: Path):
    _ask_as_nobody(public_folder, _killed_with_index)


def test_a_read_only_folder_with_a_wal_without_index_can_be_read(public_folder: Path):
    _ask_as_nobody(public_folder, _killed_without_index)


def test_a_read_only_folder_with_a_hot_journal_can_be_read(public_folder: Path):
    _ask_as_nobody(public_folder, _hot_journal)


def test_a_file_that_may_not_be_read_is_refused_in_one_sentence(public_folder: Path):
    said = _run_as_nobody(public_folder, _plain, mode=0o000)
    assert said.startswith("SourceError: ")
    assert "may not be read by you" in said


@pytest.mark.parametrize(
    "name",
    [
        "with space.db",
        "100% #1?.db",
        "λ – Übung.db",
        "two\nlines.db",
        "trailing ",
        "a'b\"c;d&e.db",
        "file:x.db",
    ],
)
def test_a_strange_file_name_is_only_a_name(tmp_path: Path, name: str):
    path = tmp_path / name
    vmt.build("money_full", tmp_path / "plain.db", runs=1, ticks=3)
    shutil.copyfile(tmp_path / "plain.db", path)
    before = traces(tmp_path)

    for location in (path, str(path)):
        source = telemetry.open_source(location)
        assert len(source.ask(RunsQuery()).runs) == 1
        assert "\n" not in source.identity.location
        source.close()

    assert traces(tmp_path) == before


@pytest.mark.skipif(sys.platform == "win32", reason="names of files are text on Windows")
def test_a_file_name_that_is_no_utf8_is_only_a_name(tmp_path: Path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.db"))
    vmt.build("barter", tmp_path / "plain.db", runs=1, ticks=3)
    try:
        shutil.copyfile(tmp_path / "plain.db", path)
    except OSError:
        pytest.skip("this file system takes no such name")

    source = telemetry.open_source(path)
    assert len(source.ask(RunsQuery()).runs) == 1
    source.identity.location.encode("utf-8")  # can be printed
    source.close()


def test_a_link_is_read_with_what_lies_beside_its_target(tmp_path: Path):
    target, link = tmp_path / "data" / "runs.db", tmp_path / "link.db"
    target.parent.mkdir()
    _killed_with_index(target)
    link.symlink_to(target)

    source = telemetry.open_source(link)
    assert source.ask(RunsQuery()).runs[0].name == "from the wal"
    source.close()


def test_a_database_of_another_program_is_left_byte_for_byte(tmp_path: Path):
    path = tmp_path / "places.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=wal")
    connection.execute("CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url TEXT)")
    connection.close()
    before = traces(tmp_path)

    source = telemetry.open_source(path)
    assert source.identity.family == "mapped"
    assert "no known family" in source.identity.notes[0]
    source.close()

    assert traces(tmp_path) == before
    assert descriptors(path) == 0


def test_column_and_table_names_in_another_case_are_the_same_names(tmp_path: Path):
    path = tmp_path / "runs.db"
    connection = sqlite3.connect(path)
    connection.executescript(vmt.ddl("money").upper())
    connection.execute("INSERT INTO SIMULATION_RUNS (RUN_ID, SCENARIO_NAME) VALUES (1, 'Loud')")
    connection.execute(
        "INSERT INTO TRADES (run_id, tick, x, y, buyer_id, seller_id, dA, dB, price, direction)"
        " VALUES (1, 7, 0, 0, 0, 1, 2, 1, 0.5, 'i_buys_A')"
    )
    connection.commit()
    connection.close()

    source = telemetry.open_source(path)
    assert source.ask(RunsQuery()).runs[0].name == "Loud"
    page = source.ask(TableQuery(1, "trades", ("tick", "dA", "pair_type")))
    assert page.rows == ((7, 2, "A<->B"),)
    assert ask_everything(source)["SceneQuery"] > 5
    source.close()


def test_a_question_can_be_asked_of_the_same_file_opened_twice(tmp_path: Path):
    path = tmp_path / "runs.db"
    _plain(path)
    one, two = telemetry.open_source(path), telemetry.open_source(path)
    rows = one.stream(TableQuery(1, "agent_snapshots"), CancelToken())
    next(rows)
    two.close()  # must not drop the lock under which `one` is reading

    with Writer(path, timeout=0.2) as writer:
        with pytest.raises(RuntimeError, match="locked"):
            writer.do("DELETE FROM agent_snapshots")
        assert sum(map(len, rows)) + 64 >= 64
        rows.close()
        one.close()
        writer.do("DELETE FROM agent_snapshots")


def test_closing_a_source_drops_no_lock_of_a_writer_in_the_same_process(tmp_path: Path):
    path = tmp_path / "runs.db"
    _plain(path)
    ours = sqlite3.connect(path, isolation_level=None)
    ours.execute("BEGIN IMMEDIATE")
    ours.execute("UPDATE simulation_runs SET scenario_name = 'ours'")

    telemetry.open_source(path).close()

    with Writer(path, timeout=0.2) as other:
        with pytest.raises(RuntimeError, match="locked"):
            other.do("UPDATE simulation_runs SET scenario_name = 'theirs'")
    ours.execute("COMMIT")
    ours.close()
    telemetry.open_source(path).close()
    assert descriptors(path) == 0


def _ask_as_nobody(folder: Path, way) -> None:
    assert _run_as_nobody(folder, way) == "2 runs"


def _run_as_nobody(folder: Path, way, mode: int = 0o444) -> str:
    """What a user says who may only read the folder, which must stay as it is.

    Another source is asked first, as root: nobody may be unable to read the program's own modules.
    """
    _plain(folder / "other.db")
    data = folder / "data"
    data.mkdir()
    path = data / "runs.db"
    way(path)
    for file in data.iterdir():
        file.chmod(mode)
    data.chmod(0o555)
    before = traces(data)
    program = (
        "import os, sys; import telemetry, telemetry.queries as q\n"
        "from telemetry.errors import SourceError\n"
        "other = telemetry.open_source(sys.argv[2]); other.ask(q.RunsQuery()); other.close()\n"
        f"os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "try:\n"
        "    source = telemetry.open_source(sys.argv[1])\n"
        "    print(len(source.ask(q.RunsQuery()).runs), 'runs')\n"
        "    source.close()\n"
        "except SourceError as error: print('SourceError:', error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), str(folder / "other.db")],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert traces(data) == before
    return done.stdout.strip()


def test_a_large_sort_overflows_into_the_systems_folder_or_memory_but_not_the_working_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(sqlite_connection, "_TEMPORARY", (str(tmp_path / "missing"),))
    for name in ("SQLITE_TMPDIR", "TMPDIR"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "runs.db"
    _plain(path)
    connection = sqlite_connection.open_connection(path, "mode=ro")
    in_memory = 2
    assert connection.execute("PRAGMA temp_store").fetchone() == (in_memory,)
    connection.close()
