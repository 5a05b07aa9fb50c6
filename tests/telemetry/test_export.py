"""Exports: exact in every format, explained by a note beside them, whole or not there at all."""

import csv
import errno
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

import telemetry
from telemetry.cancel import CancelToken
from telemetry.errors import ExportError, NothingFoundError, QueryCancelled, RequestError
from telemetry.export import (
    sidecar_path,
    write_run,
    write_series,
    write_table,
)
from telemetry.filters import Filter
from telemetry.queries import SeriesQuery, Sort, TableQuery, Where
from telemetry.source import Source
from tests.builders import vmt

_ROOT = Path(telemetry.__file__).resolve().parent.parent


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return vmt.build("money", tmp_path / "money.db", runs=2, ticks=30, agents=3)


@pytest.fixture
def source(database: Path) -> Iterator[Source]:
    opened = telemetry.open_source(database)
    yield opened
    opened.close()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_an_unknown_format_is_refused(source: Source, out: Path) -> None:
    with pytest.raises(RequestError, match="use csv, json or jsonl"):
        write_table(source, TableQuery(1, "trades"), out / "trades.xls", format="xls")
    assert list(out.iterdir()) == []


def test_a_table_is_written_as_filtered_sorted_and_limited(
    source: Source, database: Path, out: Path
) -> None:
    where = Where((Filter.parse("dM", ">0"),))
    query = TableQuery(1, "trades", ("tick", "dM"), where, Sort("tick", True), limit=1)
    report = write_table(source, query, out / "t.csv")
    sql = "SELECT tick, dM FROM trades WHERE run_id = 1 AND dM > 0 ORDER BY tick DESC, id DESC"
    expected = vmt.query(database, sql)
    assert len(expected) > 1, "the page limit of the query must not apply"
    assert (out / "t.csv").read_text("utf-8") == "tick,dM\n" + "".join(
        f"{tick},{dM}\n" for tick, dM in expected
    )
    assert (report.rows, report.columns, report.left_out) == (len(expected), ("tick", "dM"), {})
    assert write_table(source, query, out / "t.csv", limit=1).rows == 1


def test_the_note_beside_a_file_says_where_it_comes_from(
    source: Source, database: Path, out: Path
) -> None:
    where = Where((Filter.parse("dM", " > 0"), Filter.parse("mode", "!=forage")))
    query = TableQuery(1, "trades", where=where, sort=Sort("price", True))
    report = write_table(source, query, out / "t.csv")
    assert report.sidecar == sidecar_path(out / "t.csv") == out / "t.csv.json"
    note = json.loads(report.sidecar.read_text("utf-8"))
    told = note["source"].pop("fingerprint")
    content = database.read_bytes()
    digest = hashlib.blake2b(f"{len(content)}\n".encode() + content, digest_size=16)
    assert (told["value"], told["size"], told["whole"]) == (digest.hexdigest(), len(content), True)
    assert note["query"]["kind"] == "TableQuery"
    assert note["query"]["where"]["filters"] == ["dM=>0", "mode=!forage"]
    assert note["thinned"].startswith("Nothing was thinned")
    rows = vmt.query(database, note["sql"])
    assert len(rows) == note["rows"]
    assert len(rows[0]) == len(note["columns"])
    assert note["source"] == {
        "location": source.identity.location,
        "family": source.identity.family,
        "vintage": source.identity.vintage,
        "engine": "SQLite",
    }
    assert note["filters"] == ["dM=>0", "mode=!forage"]
    assert (note["run"], note["table"], note["sort"]) == (1, "trades", "-price")
    assert (note["rows"], note["format"]) == (report.rows, "csv")
    assert note["version"] == telemetry.__version__
    assert note["scales"] == dict(source.scales)
    assert [column["name"] for column in note["columns"]] == list(report.columns)
    assert "NULL is an empty field" in note["conventions"]
    by_name = {column["name"]: column for column in note["columns"]}
    assert by_name["implied_price"]["derived"]
    assert not by_name["dM"]["derived"]


def test_columns_without_a_value_in_the_run_are_left_out_and_named(
    source: Source, out: Path
) -> None:
    report = write_table(source, TableQuery(2, "trades"), out / "t.csv")
    header = (out / "t.csv").read_text("utf-8").splitlines()[0].split(",")
    assert "buyer_lambda" not in header
    assert report.left_out["buyer_lambda"] == "empty in this run"
    note = json.loads(report.sidecar.read_text("utf-8"))
    assert {"name": "buyer_lambda", "why": "empty in this run"} in note["columns_left_out"]
    everything = write_table(source, TableQuery(2, "trades"), out / "t.csv", drop_empty=False)
    assert "buyer_lambda" in everything.columns
    assert everything.left_out == {}


def test_columns_that_the_database_lacks_are_left_out_as_not_recorded(
    tmp_path: Path, out: Path
) -> None:
    opened = telemetry.open_source(vmt.build("barter", tmp_path / "b.db", runs=1, ticks=6))
    try:
        report = write_table(opened, TableQuery(1, "trades"), out / "t.csv")
        assert report.left_out["dM"] == "not recorded in this database"
        asked = TableQuery(1, "trades", ("tick", "dM"))
        assert write_table(opened, asked, out / "u.jsonl", format="jsonl").rows > 0
        first = json.loads((out / "u.jsonl").read_text("utf-8").splitlines()[0])
        assert first["dM"] is None
    finally:
        opened.close()


def test_a_table_that_is_not_recorded_is_not_written(tmp_path: Path, out: Path) -> None:
    opened = telemetry.open_source(vmt.build("barter", tmp_path / "b.db", runs=1, ticks=2))
    try:
        with pytest.raises(NothingFoundError, match="nothing was written"):
            write_table(opened, TableQuery(1, "tick_states"), out / "t.csv")
    finally:
        opened.close()
    assert list(out.iterdir()) == []


def test_scaled_quantities_are_written_exactly(tmp_path: Path, out: Path) -> None:
    path = vmt.build("head_decimal", tmp_path / "d.db", runs=1, ticks=6)
    opened = telemetry.open_source(path)
    try:
        write_table(opened, TableQuery(1, "trades", ("dA",)), out / "t.csv")
        assert json.loads((out / "t.csv.json").read_text("utf-8"))["scales"] == dict(
            opened.scales.items()
        )
    finally:
        opened.close()
    stored = vmt.query(path, "SELECT dA FROM trades WHERE run_id = 1 ORDER BY tick, id")
    lines = (out / "t.csv").read_text("utf-8").splitlines()[1:]
    assert [Decimal(line) * vmt.UNITS for line in lines] == [Decimal(str(v)) for (v,) in stored]


def test_a_series_is_written_one_row_per_agent_and_tick(
    source: Source, database: Path, out: Path
) -> None:
    report = write_series(source, SeriesQuery(1, "utility", (0, 2)), out / "u.csv")
    expected = vmt.query(
        database,
        "SELECT agent_id, tick, utility FROM agent_snapshots "
        "WHERE run_id = 1 AND agent_id IN (0, 2) ORDER BY agent_id, tick",
    )
    header, *read = _read(out / "u.csv")
    assert header == ["agent_id", "tick", "value"]
    assert [(int(a), int(t), float(v)) for a, t, v in read] == expected
    note = json.loads(report.sidecar.read_text("utf-8"))
    assert (note["series"], note["agents"], note["run"]) == ("utility", [0, 2], 1)


def test_a_missing_value_of_a_series_is_an_empty_field(tmp_path: Path, out: Path) -> None:
    path = vmt.build("money_full", tmp_path / "b.db", runs=1, ticks=6, agents=2)
    connection = vmt.connect(path)
    with connection:
        connection.execute("UPDATE agent_snapshots SET ask_A_in_M = NULL WHERE tick IN (0, 3)")
    connection.close()
    sql = "SELECT tick, agent_id FROM agent_snapshots WHERE run_id = 1 AND ask_A_in_M IS NULL"
    opened = telemetry.open_source(path)
    try:
        write_series(opened, SeriesQuery(1, "ask_A_in_M"), out / "p.csv")
    finally:
        opened.close()
    missing = {
        (int(tick), int(agent)) for agent, tick, value in _read(out / "p.csv")[1:] if value == ""
    }
    assert missing == set(vmt.query(path, sql)) != set()


def test_a_run_is_written_as_a_folder_of_all_its_tables(source: Source, out: Path) -> None:
    reports = write_run(source, 1, out / "run")
    names = {report.path.stem: report for report in reports}
    recorded = {t.name for t in source.tables if t.recorded and t.role != "runs"}
    assert set(names) == recorded
    for report in reports:
        assert len(_read(report.path)) == report.rows + 1
        assert json.loads(report.sidecar.read_text("utf-8"))["rows"] == report.rows
    row = json.loads((out / "run" / "run.json").read_text("utf-8"))
    assert row["fields"]["run_id"] == 1
    assert row["fields"]["scenario_name"] == vmt.SCENARIO
    config = json.loads((out / "run" / "config.json").read_text("utf-8"))
    assert config["seed"] == 41


def test_a_configuration_that_is_no_json_is_written_as_it_is(tmp_path: Path, out: Path) -> None:
    path = vmt.build("barter", tmp_path / "b.db", runs=1, ticks=2, config_json="{not json\n")
    opened = telemetry.open_source(path)
    try:
        write_run(opened, 1, out)
    finally:
        opened.close()
    assert (out / "config.txt").read_text("utf-8") == "{not json\n"
    assert "JSON" in json.loads((out / "run.json").read_text("utf-8"))["config_problem"]


def test_ticks_and_agents_limit_the_tables_that_have_them(source: Source, out: Path) -> None:
    where = Where(ticks=telemetry.concepts.TickRange(3, 5), agents=(0,))
    reports = {r.path.stem: r for r in write_run(source, 1, out, where=where)}
    header, *rows = _read(out / "agent_snapshots.csv")
    tick, agent = header.index("tick"), header.index("agent_id")
    assert {(r[tick], r[agent]) for r in rows} == {("3", "0"), ("4", "0"), ("5", "0")}
    states = reports["tick_states"]
    assert states.rows == 3
    assert any("names no agents" in note for note in states.notes)
    note = json.loads(states.sidecar.read_text("utf-8"))
    assert (note["ticks"], note["agents"]) == ("3~5", None)


def test_a_filter_that_a_table_cannot_have_is_refused_before_anything_is_written(
    source: Source, out: Path
) -> None:
    where = Where((Filter.parse("dM", ">0"),))
    with pytest.raises(RequestError, match="has no column 'dM'"):
        write_run(source, 1, out / "run", where=where)
    assert not (out / "run").exists()
    with pytest.raises(RequestError, match="number"):
        write_run(source, 1, out / "run", tables=["trades"],
                  where=Where((Filter.parse("dM", "x"),)))  # fmt: skip
    assert not (out / "run").exists()


def test_a_run_that_is_not_there_leaves_no_folder(source: Source, out: Path) -> None:
    with pytest.raises(NothingFoundError):
        write_run(source, 99, out / "run")
    assert list(out.iterdir()) == []


def test_a_missing_folder_is_named(source: Source, out: Path) -> None:
    with pytest.raises(ExportError, match="does not exist"):
        write_table(source, TableQuery(1, "trades"), out / "no" / "t.csv")
    with pytest.raises(ExportError, match="does not exist"):
        write_run(source, 1, out / "no" / "run")
    assert list(out.iterdir()) == []


def test_a_target_that_is_a_folder_is_refused(source: Source, out: Path) -> None:
    (out / "t.csv").mkdir()
    with pytest.raises(ExportError, match="is a folder"):
        write_table(source, TableQuery(1, "trades"), out / "t.csv")
    assert list(out.iterdir()) == [out / "t.csv"]


def test_a_folder_that_is_a_file_is_refused(source: Source, out: Path) -> None:
    (out / "run").write_text("precious")
    with pytest.raises(ExportError, match="in the way"):
        write_run(source, 1, out / "run")
    assert (out / "run").read_text() == "precious"


def test_the_opened_file_itself_is_never_replaced(source: Source, database: Path) -> None:
    before = database.read_bytes()
    with pytest.raises(ExportError, match="the opened source itself"):
        write_table(source, TableQuery(1, "trades"), database)
    assert database.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions work differently here")
def test_a_folder_that_is_not_writable_is_named(source: Source, out: Path) -> None:
    if os.geteuid() == 0:
        if not Path("/proc/self/fdinfo").is_dir():
            pytest.skip("root may write everywhere here")
        folder = Path("/proc/self/fdinfo")
    else:
        folder = out
        folder.chmod(0o500)
    try:
        with pytest.raises(ExportError, match=r"cannot be written: .*; .*\.$"):
            write_table(source, TableQuery(1, "trades"), folder / "t.csv")
    finally:
        out.chmod(0o700)
    assert list(out.iterdir()) == []


def test_a_disk_that_is_full_leaves_nothing_and_keeps_the_old_file(
    source: Source, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (out / "trades.csv").write_text("old")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="the disk is full"):
        write_table(source, TableQuery(1, "trades"), out / "trades.csv")
    assert {p.name: p.read_text() for p in out.iterdir()} == {"trades.csv": "old"}
    with pytest.raises(ExportError, match="the disk is full"):
        write_run(source, 1, out / "run")
    assert not (out / "run").exists()


_LIMITED = """
import resource, sys
import telemetry
from telemetry.errors import ExportError
from telemetry.export import write_run
source = telemetry.open_source(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
try:
    write_run(source, 1, sys.argv[2])
except ExportError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_write_that_fails_half_way_leaves_nothing(database: Path, out: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(database), str(out)],
        capture_output=True, text=True, cwd=_ROOT, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "cannot be written: the file would become too large" in done.stdout
    assert list(out.iterdir()) == []


def test_a_cancelled_export_leaves_nothing(source: Source, out: Path) -> None:
    token = CancelToken(lambda done, total, what: token.cancel())
    with pytest.raises(QueryCancelled):
        write_run(source, 1, out / "run", token=token)
    assert list(out.iterdir()) == []


def test_a_file_that_is_replaced_keeps_its_permissions(source: Source, out: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("permissions work differently here")
    target = out / "t.csv"
    target.write_text("old")
    target.chmod(0o640)
    write_table(source, TableQuery(1, "trades"), target)
    assert target.stat().st_mode & 0o777 == 0o640
    mask = os.umask(0)
    os.umask(mask)
    assert (out / "t.csv.json").stat().st_mode & 0o777 == 0o666 & ~mask
