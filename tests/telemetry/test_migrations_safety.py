"""Migrating can be killed, refused or starved at any moment, and nothing is half done."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import telemetry
from telemetry.cancel import CancelToken
from telemetry.errors import QueryCancelled
from telemetry.families import families, families_in
from telemetry.migrations.changes import Changes
from telemetry.upgrade import migrate
from tests.builders import simcash, vmt
from tests.telemetry.command_line import ran, refused

pytestmark = pytest.mark.sampled(4)

_ROOT = Path(telemetry.__file__).resolve().parent.parent
Capsys = pytest.CaptureFixture[str]

KILLED = """
import os, signal, sys
import telemetry.cli.program
from telemetry.migrations import changes, upgrading
from telemetry.upgrade import files

place, seen = sys.argv[1], []

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def killing(step):
    def apply(self, wanted):
        if wanted.version == int(place[-1]):
            die()
        step(self, wanted)
    return apply

if place.startswith("step"):
    changes.Changes.apply = killing(changes.Changes.apply)
elif place == "before the commit":
    upgrading.stamp = die
elif place == "before it appears":
    os.link = die
elif place == "before it is replaced":
    os.replace = die
elif place == "after it appeared":
    files.sync_folder = die
elif place == "while it is copied":
    files.copy_sqlite = die
sys.exit(telemetry.cli.program.run(sys.argv[2:]))
"""
MOMENTS = (
    "while it is copied",
    "step 2",
    "step 5",
    "before the commit",
    "before it appears",
)


def killed(place: str, *arguments: object) -> None:
    """Run a command that kills itself at a moment."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, place, *map(str, arguments)],
        cwd=_ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def rows(path: Path) -> list[tuple[object, ...]]:
    return vmt.query(path, "SELECT * FROM agent_snapshots ORDER BY id")


def tables(path: Path) -> list[tuple[object, ...]]:
    return vmt.query(path, "SELECT name, sql FROM sqlite_master ORDER BY name")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return vmt.build("barter", tmp_path / "old.db", runs=1, ticks=6)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_the_copy_is_not_there_and_the_next_try_makes_it(
    old: Path, moment: str, capsys: Capsys
) -> None:
    before = (old.read_bytes(), old.stat().st_mtime_ns)
    killed(moment, "migrate", old)
    copy = old.with_name("old.migrated.db")
    assert not copy.exists()
    assert (old.read_bytes(), old.stat().st_mtime_ns) == before
    assert ran(capsys, "migrate", old).code == 0
    assert ran(capsys, "runs", copy, "--format", "csv").csv()[1][0] == "1"


def test_killed_once_the_copy_is_there_it_is_all_there(old: Path, capsys: Capsys) -> None:
    killed("after it appeared", "migrate", old)
    assert "already current" in ran(capsys, "migrate", old.with_name("old.migrated.db")).err
    assert "already current" in ran(capsys, "migrate", old).err


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_in_place_the_file_is_as_it_was(
    old: Path, moment: str, capsys: Capsys
) -> None:
    before, made = rows(old), tables(old)
    killed(moment, "migrate", old, "--in-place")
    assert rows(old) == before
    assert tables(old) == made
    assert ran(capsys, "migrate", old, "--in-place").code == 0
    assert [row[: len(b)] for row, b in zip(_known(old), before, strict=True)] == before


@pytest.mark.parametrize("moment", ["step 2", "step 3", "before it is replaced"])
def test_killed_while_a_duckdb_file_is_changed_in_place_it_is_as_it_was(
    tmp_path: Path, moment: str, capsys: Capsys
) -> None:
    old = _legacy(tmp_path / "old.db")
    listed = ran(capsys, "experiments", old, "--format", "json").json()
    killed(moment, "migrate", old, "--in-place")
    assert ran(capsys, "experiments", old, "--format", "json").json() == listed
    assert "experiment, legacy" in ran(capsys, "identify", old).out
    assert ran(capsys, "migrate", old, "--in-place").code == 0
    assert "unified" in ran(capsys, "identify", old).out


def test_an_existing_file_is_never_overwritten(old: Path, tmp_path: Path, capsys: Capsys) -> None:
    target = tmp_path / "target.db"
    target.write_text("mine")
    said = refused(capsys, 2, "migrate", old, "--to", target)
    assert "target.db exists already and is left as it is" in said
    assert target.read_text() == "mine"
    said = refused(capsys, 2, "migrate", old, "--to", old)
    assert "exists already" in said


def test_a_file_that_appears_meanwhile_is_not_overwritten_either(
    old: Path, tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, sound = tmp_path / "target.db", telemetry.upgrade.files.sound

    def another(part: Path, name: str) -> None:
        target.write_text("quicker")
        sound(part, name)

    monkeypatch.setattr(telemetry.upgrade.files, "sound", another)
    assert "exists already" in refused(capsys, 2, "migrate", old, "--to", target)
    assert target.read_text() == "quicker"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old.db", "target.db"]


def test_a_folder_that_is_not_there_is_one_sentence(old: Path, tmp_path: Path, capsys: Capsys):
    said = refused(capsys, 2, "migrate", old, "--to", tmp_path / "no" / "x.db")
    assert "does not exist; make it first" in said


def test_a_folder_that_may_not_be_written_is_one_sentence(
    old: Path, tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(telemetry.upgrade.files.tempfile, "mkdtemp", refuse)
    said = refused(capsys, 2, "migrate", old, "--to", tmp_path / "x.db")
    assert "writing there is not permitted; choose another folder" in said


@pytest.mark.parametrize("size", [4_000, 60_000])
@pytest.mark.parametrize("how", [[], ["--in-place"]])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    old: Path, tmp_path: Path, size: int, how: list[str]
) -> None:
    before, made = rows(old), tables(old)
    done = _with_files_of(size, "migrate", old, *how)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "free some space or choose another folder" in done.stderr
    assert {p.name for p in tmp_path.iterdir()} - {"old.db-wal", "old.db-shm"} == {"old.db"}
    assert (rows(old), tables(old)) == (before, made)


@pytest.mark.usefixtures("impatient")
def test_a_locked_source_is_one_sentence(tmp_path: Path, capsys: Capsys) -> None:
    path = vmt.build("barter", tmp_path / "old.db", runs=1, ticks=3, journal="delete")
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    try:
        assert "is locked by" in refused(capsys, 3, "migrate", path)
        assert "is locked by" in refused(capsys, 3, "migrate", path, "--in-place")
    finally:
        writer.close()
    assert [p.name for p in tmp_path.iterdir()] == ["old.db"]


@pytest.mark.usefixtures("impatient")
def test_a_source_that_is_being_written_is_copied_but_not_changed_in_place(
    old: Path, tmp_path: Path, capsys: Capsys
) -> None:
    before = rows(old)
    writer = vmt.connect(old)
    writer.execute("INSERT INTO simulation_runs (scenario_name) VALUES ('not committed')")
    try:
        assert ran(capsys, "migrate", old, "--to", tmp_path / "copy.db").code == 0
        said = refused(capsys, 3, "migrate", old, "--in-place")
        assert "is being written by another program; wait until it has finished" in said
    finally:
        writer.rollback()
        writer.close()
    assert rows(old) == before
    names = vmt.query(tmp_path / "copy.db", "SELECT scenario_name FROM simulation_runs")
    assert ("not committed",) not in names


def test_a_truncated_source_is_one_sentence(old: Path, tmp_path: Path, capsys: Capsys) -> None:
    cut = tmp_path / "cut.db"
    cut.write_bytes(old.read_bytes()[:-8192])
    assert "is truncated" in refused(capsys, 3, "migrate", cut)


def test_a_source_that_is_damaged_within_is_not_migrated(
    old: Path, tmp_path: Path, capsys: Capsys
) -> None:
    damaged = tmp_path / "damaged.db"
    content = bytearray(old.read_bytes())
    page = vmt.query(old, "SELECT rootpage FROM sqlite_master WHERE name = 'idx_trades_agents'")
    at = (int(str(page[0][0])) - 1) * 4096
    content[at : at + 200] = b"\xff" * 200
    damaged.write_bytes(content)
    for how in ([], ["--in-place"]):
        said = refused(capsys, 3, "migrate", damaged, *how)
        assert "damaged" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["damaged.db", "old.db"]
    assert damaged.read_bytes() == bytes(content)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_migration_that_is_cancelled_leaves_nothing(
    engine: str, in_place: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = {"sqlite": lambda p: vmt.build("barter", p, runs=1, ticks=3), "duckdb": _legacy}
    old, token = build[engine](tmp_path / "old.db"), CancelToken()
    before = old.read_bytes()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    def forever(changes: Changes, _step: object) -> None:
        token.cancel()
        changes.connection.exec_driver_sql(endless).all()

    monkeypatch.setattr(Changes, "apply", forever)
    with pytest.raises(QueryCancelled):
        migrate(str(old), in_place=in_place, token=token)
    assert old.read_bytes() == before
    left = {p.name for p in tmp_path.iterdir() if ".backup-" not in p.name}
    assert left == {"old.db"}


def test_a_full_disk_is_one_sentence_for_a_duckdb_file_too(tmp_path: Path) -> None:
    old = _legacy(tmp_path / "old.db")
    done = _with_files_of(9_000, "migrate", old)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["old.db"]


@pytest.mark.parametrize("how", [[], ["--in-place"]])
def test_a_view_in_the_place_of_a_table_is_one_sentence_and_changes_nothing(
    old: Path, how: list[str], capsys: Capsys
) -> None:
    vmt.query(old, "CREATE VIEW mode_changes AS SELECT run_id, tick FROM trades")
    before, made = rows(old), tables(old)
    said = refused(capsys, 3, "migrate", old, *how)
    assert f"{old} holds something that stands in the way of the current schema" in said
    assert "(views may not be indexed)" in said
    assert (rows(old), tables(old)) == (before, made)
    assert not old.with_name("old.migrated.db").exists()


def test_a_duckdb_view_in_the_place_of_a_table_is_one_sentence(
    tmp_path: Path, capsys: Capsys
) -> None:
    old = simcash.create(tmp_path / "old.db", "simulations")
    with duckdb.connect(str(old)) as connection:
        connection.execute("CREATE VIEW experiment_iterations AS SELECT 1 AS iteration")
    assert "stands in the way" in refused(capsys, 3, "migrate", old)
    assert [p.name for p in tmp_path.iterdir()] == ["old.db"]


def test_to_and_in_place_exclude_each_other(old: Path, tmp_path: Path, capsys: Capsys) -> None:
    said = refused(capsys, 2, "migrate", old, "--in-place", "--to", tmp_path / "x.db")
    assert "--in-place and --to exclude each other" in said


def test_a_backup_that_differs_stops_everything(
    old: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = telemetry.upgrade.files.copy_sqlite

    def wrong(source: object, target: Path, token: object) -> None:
        copy(source, target, token)
        vmt.query(target, "SELECT 1")
        connection = sqlite3.connect(target)
        with connection:
            connection.execute("UPDATE agent_snapshots SET utility = 5 WHERE id = 7")
        connection.close()

    before, made = rows(old), tables(old)
    monkeypatch.setattr(telemetry.upgrade.files, "copy_sqlite", wrong)
    assert "not what its backup holds" in refused(capsys, 2, "migrate", old, "--in-place")
    assert (rows(old), tables(old)) == (before, made)
    assert [p.name for p in old.parent.iterdir()] == ["old.db"]


@pytest.fixture
def writer_of_duckdb(tmp_path: Path) -> Iterator[Path]:
    path = _legacy(tmp_path / "held.db")
    code = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print(1, flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield path
    process.communicate(b"\n")


@pytest.mark.parametrize("how", [[], ["--in-place"]])
def test_a_duckdb_file_that_is_being_written_is_one_sentence(
    writer_of_duckdb: Path, how: list[str], capsys: Capsys
) -> None:
    assert "is being written by" in refused(capsys, 3, "migrate", writer_of_duckdb, *how)
    assert [p.suffix for p in writer_of_duckdb.parent.iterdir()] == [".db"]


def _with_files_of(size: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command that cannot make a file larger than `size` bytes."""
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
        "from telemetry.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def _legacy(path: Path) -> Path:
    simcash.create(path, "legacy")
    simcash.insert(path, "experiments", [simcash.experiment("run_id")])
    simcash.insert(path, "experiment_iterations", simcash.iterations("run_id"))
    simcash.insert(path, "experiment_events", simcash.experiment_events("run_id"))
    return path


def _known(path: Path) -> list[tuple[object, ...]]:
    names = (
        "id, run_id, tick, agent_id, x, y, inventory_A, inventory_B, utility, ask_A_in_B, "
        "bid_A_in_B, p_min, p_max, target_agent_id, target_x, target_y, utility_type"
    )
    return vmt.query(path, f"SELECT {names} FROM agent_snapshots ORDER BY id")


def test_versions_name_the_folder_of_their_family() -> None:
    """By it the declaration is found of whoever wrote a database, and no other is loaded."""
    versioned = {family.name for family in families() if family.schema is not None}
    assert versioned == {family.name for family in families_in(versioned) if family.schema}
    assert all(f.schema.family == f.name for f in families() if f.schema is not None)
    assert not list(families_in({"nobody"}))
