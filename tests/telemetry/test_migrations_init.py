"""`telemetry init` makes empty databases, and a database of a newer program is refused."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import telemetry
from telemetry import queries as q
from telemetry.errors import ExportError, RecordingError, SourceError
from telemetry.families import families
from telemetry.families.vmt.migrations import SCHEMA
from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.frozen import replace
from telemetry.migrations import check, stamp
from telemetry.upgrade import initialise, migrate, writing
from tests.builders import moltmarket, simcash, vmt
from tests.builders.postgresql import Server, running
from tests.telemetry.command_line import ran, refused

Capsys = pytest.CaptureFixture[str]
FILES = (
    ("vmt", "{}/new.db"),
    ("vmt", "sqlite:///{}/new.db"),
    ("vmt", "duckdb:///{}/new.db"),
    ("simcash", "{}/new.db"),
    ("simcash", "sqlite:///{}/new.db"),
    ("moltmarket", "sqlite:///{}/new.db"),
    ("moltmarket", "duckdb:///{}/new.db"),
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as found:
        yield found


def version(path: Path) -> int:
    """What the stamp of a SQLite file says."""
    return int(str(vmt.query(path, "SELECT max(version) FROM telemetry_versions")[0][0]))


def newer(path: Path) -> Path:
    """The same file as if a program of a far future had written it."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE telemetry_versions SET version = 97")
    connection.close()
    return path


@pytest.mark.parametrize(("family", "url"), FILES)
def test_an_empty_database_is_made_and_opens_without_a_run(
    family: str, url: str, tmp_path: Path, capsys: Capsys
) -> None:
    made = ran(capsys, "init", url.format(tmp_path), "--family", family, "--format", "csv")
    assert made.code == 0
    assert "it has no runs yet" in made.err
    path = tmp_path / "new.db"
    assert [p.name for p in tmp_path.iterdir()] == ["new.db"]
    with_all = next(f for f in families() if f.name == family and f.schema is not None)
    source = telemetry.open_source(path)
    assert source.identity.family == family
    assert source.ask(q.RunsQuery()).runs == ()
    assert {t for (t,) in made.csv()[1:]} == set(with_all.schema.metadata.tables)
    source.close()
    listed = ran(capsys, "runs", path)
    assert (listed.code, "has no runs" in listed.err) == (1, True)
    assert "already current" in ran(capsys, "migrate", path).err


@pytest.mark.parametrize("family", ["vmt", "moltmarket", "simcash"])
def test_an_empty_database_is_made_on_a_server(family: str, server: Server, capsys: Capsys) -> None:
    url = server.create()
    assert ran(capsys, "init", url, "--family", family).code == 0
    source = telemetry.open_source(url)
    assert source.identity.family == family
    assert source.ask(q.RunsQuery()).runs == ()
    source.close()
    said = refused(capsys, 2, "init", url, "--family", family)
    assert "is not empty" in said
    assert "already current" in ran(capsys, "migrate", url).err


def test_a_servers_database_without_a_version_gets_one(server: Server, capsys: Capsys) -> None:
    url = server.create()
    ran(capsys, "init", url, "--family", "vmt")
    server.run(url.split("@/")[1].split("?")[0], "DROP TABLE telemetry_versions")
    said = ran(capsys, "migrate", url, "--in-place").err
    assert "the schema backup_vmt_" in said  # with what was known of added columns
    assert "already current" in ran(capsys, "migrate", url).err


def test_a_server_that_is_not_there_is_one_sentence(capsys: Capsys) -> None:
    url = "postgresql://me:secret@127.0.0.1:1/none"
    said = refused(capsys, 3, "init", url, "--family", "vmt")
    assert "cannot be reached" in said
    assert "secret" not in said


def test_ids_count_in_the_empty_duckdb_databases(tmp_path: Path) -> None:
    initialise(f"duckdb:///{tmp_path}/new.db", "vmt")
    with duckdb.connect(str(tmp_path / "new.db")) as connection:
        for _ in range(2):
            connection.execute("INSERT INTO simulation_runs (scenario_name) VALUES ('a')")
        found = connection.execute("SELECT run_id, money_scale FROM simulation_runs").fetchall()
    assert found == [(1, 1), (2, 1)]
    simcash_path = tmp_path / "simcash.db"
    initialise(str(simcash_path), "simcash")
    simcash.insert(simcash_path, "experiment_events", simcash.experiment_events("experiment_id"))


def test_a_run_is_recorded_to_an_empty_database(tmp_path: Path) -> None:
    initialise(str(tmp_path / "new.db"), "vmt")
    with VmtRecorder(tmp_path / "new.db") as recorder, recorder.begin_run("first") as run:
        run.end_tick(0)
    source = telemetry.open_source(tmp_path / "new.db")
    assert [r.name for r in source.ask(q.RunsQuery()).runs] == ["first"]
    source.close()


def test_what_is_there_is_left_alone(tmp_path: Path, capsys: Capsys) -> None:
    path = vmt.build("money", tmp_path / "old.db", runs=1, ticks=3)
    before = path.read_bytes()
    said = refused(capsys, 2, "init", path, "--family", "vmt")
    assert "exists already and is left as it is; name another file" in said
    assert path.read_bytes() == before


def test_a_file_of_no_bytes_counts_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    path.touch()
    initialise(str(path), "vmt")
    assert version(path) == SCHEMA.version
    assert [p.name for p in tmp_path.iterdir()] == ["new.db"]


def test_unknown_families_engines_and_folders_are_one_sentence(
    tmp_path: Path, capsys: Capsys
) -> None:
    path = tmp_path / "x.db"
    said = refused(capsys, 2, "init", path, "--family", "weather")
    assert "no family 'weather'; there are bilancio, moltmarket, simcash, vmt" in said
    said = refused(capsys, 2, "init", tmp_path / "x", "--family", "bilancio")
    assert "only a folder of files, which is there from the first run on" in said
    said = refused(capsys, 2, "init", tmp_path / "no" / "x.db", "--family", "vmt")
    assert "does not exist; make it first" in said
    assert "Missing option" in refused(capsys, 2, "init", path)
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_a_family_is_not_recorded_on_is_one_sentence(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    vmt_only = next(f for f in families() if f.name == "vmt")
    on_files = replace(vmt_only, schema=replace(SCHEMA, engines=("sqlite", "duckdb")))
    monkeypatch.setattr("telemetry.upgrade.initialising.families", lambda: (on_files,))
    said = refused(capsys, 2, "init", "postgresql://me@127.0.0.1:1/x", "--family", "vmt")
    assert "vmt is not recorded on postgresql; use sqlite or duckdb" in said


def test_a_newer_database_is_refused_with_both_versions_named(
    tmp_path: Path, capsys: Capsys
) -> None:
    initialise(str(tmp_path / "new.db"), "vmt")
    path = newer(tmp_path / "new.db")
    both = f"of version 97, but this program knows versions up to {SCHEMA.version}"
    assert both in refused(capsys, 3, "runs", path)
    assert both in refused(capsys, 3, "migrate", path)
    assert both in refused(capsys, 3, "migrate", path, "--in-place")
    with pytest.raises(SourceError, match="of version 97"):
        telemetry.open_source(path)
    with writing.sqlite_connection(path, "new.db") as connection:
        with pytest.raises(RecordingError, match="of version 97"):
            check(connection, SCHEMA, "new.db")


def test_a_newer_database_of_unknown_tables_is_refused_by_its_version(
    tmp_path: Path, capsys: Capsys
) -> None:
    initialise(str(tmp_path / "new.db"), "vmt")
    path = newer(tmp_path / "new.db")
    connection = sqlite3.connect(path)
    connection.executescript("ALTER TABLE simulation_runs RENAME TO runs_of_the_future")
    connection.close()
    assert "of version 97" in refused(capsys, 3, "runs", path)


def test_the_recorder_refuses_an_older_version_and_names_both(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    initialise(str(path), "vmt")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE telemetry_versions SET version = 3")
    connection.close()
    with writing.sqlite_connection(path, "new.db") as written:
        with pytest.raises(RecordingError, match=f"version 3 .* version {SCHEMA.version}"):
            check(written, SCHEMA, "old.db")


def test_an_older_version_is_brought_to_the_current_one(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    initialise(str(path), "vmt")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE telemetry_versions SET version = 4")
        connection.execute("ALTER TABLE trade_attempts DROP COLUMN buyer_M_final")
        connection.execute("INSERT INTO simulation_runs (scenario_name) VALUES ('before')")
    connection.close()
    report = migrate(str(path), to=tmp_path / "new.db")
    assert (report.before, report.after) == (4, SCHEMA.version)
    assert [(one.version, one.columns) for one in report.done] == [(5, ("buyer_M_final",))]
    assert version(tmp_path / "new.db") == SCHEMA.version


def test_a_stamp_is_written_once_and_checked_before_anything_is_recorded(tmp_path: Path) -> None:
    path = vmt.create("money_full", tmp_path / "bare.db")
    with writing.sqlite_connection(path, "new.db") as connection:
        check(connection, SCHEMA)  # no version: the columns tell
        stamp(connection, SCHEMA)
        stamp(connection, SCHEMA)
        check(connection, SCHEMA)
    assert vmt.query(path, "SELECT family, version FROM telemetry_versions") == [
        ("vmt", SCHEMA.version)
    ]


def test_opening_and_asking_stamps_nothing(tmp_path: Path) -> None:
    path = vmt.build("barter", tmp_path / "old.db", runs=1, ticks=3)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    source = telemetry.open_source(path)
    source.ask(q.RunsQuery())
    source.close()
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [p.name for p in tmp_path.iterdir()] == ["old.db"]


def test_a_folder_of_text_files_has_nothing_to_migrate(tmp_path: Path, capsys: Capsys) -> None:
    log = moltmarket.write_log(tmp_path / "events.jsonl", moltmarket.small_market())
    assert "there is nothing to migrate" in refused(capsys, 2, "migrate", log)


def test_the_source_itself_is_never_the_target(tmp_path: Path) -> None:
    path = vmt.build("barter", tmp_path / "old.db", runs=1, ticks=3)
    with pytest.raises(ExportError, match="exists already"):
        migrate(str(path), to=path)
