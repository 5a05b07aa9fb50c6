"""Every command answers in every format, with exactly what plain SQL finds."""

import json
from pathlib import Path

import pytest

from telemetry import __version__
from telemetry.cli.program import _COMMANDS
from tests.builders import vmt
from tests.telemetry.command_line import ran, refused

_COLUMNS = "tick,buyer_id,seller_id,dA,dB,dM,price"


@pytest.fixture(autouse=True)
def _bugs_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEMETRY_DEBUG", "1")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "money.db"
    return vmt.build("money_full", path, runs=3, ticks=60, agents=4)


def _objects(database: Path, names: list[str], sql: str) -> list[dict[str, object]]:
    return [dict(zip(names, row, strict=True)) for row in vmt.query(database, sql)]


def test_help_lists_every_command_and_each_has_an_example(
    capsys: pytest.CaptureFixture[str],
) -> None:
    overview = ran(capsys, "--help")
    assert overview.code == 0
    for name in _COMMANDS:
        assert f"\n  {name} " in overview.out
        own = ran(capsys, name, "--help")
        assert (own.code, own.err) == (0, "")
        assert "Example" in own.out
        assert f"telemetry {name} " in own.out
        assert "--format" in own.out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert __version__ in ran(capsys, "--version").out


def test_no_command_is_bad_use_with_help_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = ran(capsys)
    assert (result.code, result.out) == (2, "")
    assert "Usage: telemetry" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["runs"],
        ["runs", "x.db", "--format", "xml"],
        ["trades", "x.db"],
        ["trades", "x.db", "1", "--nonsense"],
        ["trades", "x.db", "1", "--limit", "0"],
        ["trades", "x.db", "1", "--limit", "many"],
        ["trades", "x.db", "1", "--ticks", "9~3"],
        ["trades", "x.db", "1", "--ticks", "soon"],
        ["runs", "x.db", "--scale", "0"],
        ["export", "x.db", "1"],
    ],
)
def test_bad_use_is_one_line_and_exit_code_two(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert "--help" in refused(capsys, 2, *arguments)


def test_identify_tells_family_vintage_tables_and_what_is_missing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = vmt.build("barter", tmp_path / "b.db", runs=1, ticks=3)
    found = ran(capsys, "identify", path, "--format", "json").json()
    assert (found["family"], found["engine"]) == ("vmt", "SQLite")
    assert "barter" in found["vintage"]
    assert found["location"] == str(path)
    tables = {table["name"]: table for table in found["tables"]}
    assert not tables["tick_states"]["recorded"]
    assert "dM" in tables["trades"]["columns_missing"]
    assert "dA" in tables["trades"]["columns"]
    text = ran(capsys, "identify", path)
    assert text.code == 0
    for expected in ("barter", "SQLite", "tick_states", "not recorded", "inventory_A"):
        assert expected in text.out
    pairs = dict(ran(capsys, "identify", path, "--format", "csv").csv())
    assert pairs["vintage"] == found["vintage"]
    assert json.loads(pairs["tables"])[0]["name"] == found["tables"][0]["name"]
    (line,) = ran(capsys, "identify", path, "--format", "jsonl").lines()
    assert line == found


def test_runs_are_listed_with_their_ids_fields_and_ticks(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    found = ran(capsys, "runs", database, "--format", "json").json()
    names = ["run_id", "scenario_name", "end_time", "num_agents"]
    expected = _objects(
        database, names, f"SELECT {', '.join(names)} FROM simulation_runs ORDER BY run_id"
    )
    assert [{name: run[name] for name in names} for run in found] == expected
    assert {(run["first_tick"], run["last_tick"]) for run in found} == {(0, 59)}
    assert ran(capsys, "runs", database, "--format", "jsonl").lines() == found
    header, *rows = ran(capsys, "runs", database, "--format", "csv").csv()
    assert header == list(found[0])
    assert [row[header.index("run_id")] for row in rows] == ["1", "2", "3"]
    text = ran(capsys, "runs", database)
    assert vmt.SCENARIO in text.out


def test_runs_can_be_filtered(capsys: pytest.CaptureFixture[str], database: Path) -> None:
    found = ran(capsys, "runs", database, "-f", "run_id=2~3", "-f", "end_time=!null",
                "--format", "json").json()  # fmt: skip
    assert [run["run_id"] for run in found] == [2, 3]
    nothing = ran(capsys, "runs", database, "--filter", "run_id=>99", "--format", "json")
    assert (nothing.code, nothing.out) == (1, "[]\n")
    assert "no column 'nope'" in refused(capsys, 2, "runs", database, "--filter", "nope=1")


def test_show_gives_one_run_in_full(capsys: pytest.CaptureFixture[str], database: Path) -> None:
    found = ran(capsys, "show", database, "1", "--format", "json").json()
    assert (found["run_id"], found["scenario_name"]) == (1, vmt.SCENARIO)
    assert (found["first_tick"], found["last_tick"]) == (0, 59)
    assert found["config"]["seed"] == 41
    for table in ("trades", "agent_snapshots", "tick_states"):
        ((count,),) = vmt.query(database, f"SELECT count(*) FROM {table} WHERE run_id = 1")
        assert found["rows"][table] == count
    text = ran(capsys, "show", database, "1")
    assert text.code == 0
    assert vmt.SCENARIO in text.out
    assert "agent_snapshots" in text.out


def test_a_series_has_one_row_per_agent_and_tick(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    result = ran(capsys, "series", database, "1", "utility", "--agent", "0", "--agent", "3",
                 "--ticks", "10~20", "--format", "json")  # fmt: skip
    sql = (
        "SELECT agent_id, tick, utility FROM agent_snapshots WHERE run_id = 1 "
        "AND agent_id IN (0, 3) AND tick BETWEEN 10 AND 20 ORDER BY agent_id, tick"
    )
    assert result.json() == _objects(database, ["agent_id", "tick", "value"], sql)
    assert (result.code, result.err) == (0, "")


def test_a_series_for_people_is_cut_and_says_so(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    text = ran(capsys, "series", database, "1", "utility")
    assert "50 of 240 values shown; --limit all" in text.err
    whole = ran(capsys, "series", database, "1", "utility", "--limit", "all")
    assert whole.err == ""
    assert len(whole.out.splitlines()) > 240


def test_a_measure_that_is_not_recorded_is_nothing_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = vmt.build("barter", tmp_path / "b.db", runs=1, ticks=3)
    result = ran(capsys, "series", path, "1", "lambda_money", "--format", "json")
    assert (result.code, result.out) == (1, "[]\n")
    assert "not recorded" in result.err
    assert "lambda_money" in refused(capsys, 2, "series", path, "1", "lambda_moneys")
    silent = ran(capsys, "series", path, "1", "utility", "--agent", "77", "--format", "csv")
    assert (silent.code, silent.out) == (1, "agent_id,tick,value\n")


def test_the_timeline_has_an_interval_a_row(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    found = ran(capsys, "timeline", database, "1", "--lane", "mode", "--format", "json").json()
    modes = {
        tick: row["state"]
        for row in found
        for tick in range(row["first_tick"], row["last_tick"] + 1)
    }
    sql = "SELECT tick, current_mode FROM tick_states WHERE run_id = 1"
    assert modes == dict(vmt.query(database, sql))
    assert all(list(row) == ["lane", "first_tick", "last_tick", "state"] for row in found)
    assert {row["lane"] for row in found} == {"mode"}
    changes = [row for row in found[1:] if row["state"] == found[found.index(row) - 1]["state"]]
    assert changes == [], "neighbours of the same state are one interval"


def test_the_lane_of_pairs_is_every_pair_type(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    found = ran(capsys, "timeline", database, "1", "--lane", "pairs", "--format", "json").json()
    active: dict[int, set[str]] = {tick: set() for tick in range(60)}
    for row in found:
        if row["state"] == "on":
            for tick in range(row["first_tick"], row["last_tick"] + 1):
                active[tick].add(row["lane"])
    sql = "SELECT tick, active_pairs FROM tick_states WHERE run_id = 1"
    assert active == {tick: set(json.loads(text)) for tick, text in vmt.query(database, sql)}
    refused(capsys, 2, "timeline", database, "1", "--lane", "nope")


def test_an_export_of_one_table_is_that_file_and_its_note(
    capsys: pytest.CaptureFixture[str], database: Path, tmp_path: Path
) -> None:
    target = tmp_path / "money.csv"
    result = ran(
        capsys, "export", database, "1", "-o", target, "--table", "trades", "--filter", "dM=>0",
        "--columns", _COLUMNS, "--sort", "-tick", "--limit", "3", "--format", "json",
    )  # fmt: skip
    assert result.json() == [{"path": str(target), "rows": 3}]
    printed = ran(
        capsys, "trades", database, "1", "--filter", "dM=>0", "--columns", _COLUMNS,
        "--sort", "-tick", "--limit", "3", "--format", "csv",
    )  # fmt: skip
    assert target.read_text("utf-8") == printed.out
    note = json.loads((tmp_path / "money.csv.json").read_text("utf-8"))
    assert (note["filters"], note["rows"], note["limit"]) == (["dM=>0"], 3, 3)


def test_an_export_of_a_run_is_a_folder(
    capsys: pytest.CaptureFixture[str], database: Path, tmp_path: Path
) -> None:
    result = ran(capsys, "export", database, "2", "-o", tmp_path / "run", "--format", "jsonl")
    written = {Path(row["path"]).name: row["rows"] for row in result.lines()}
    ((count,),) = vmt.query(database, "SELECT count(*) FROM trades WHERE run_id = 2")
    assert written["trades.jsonl"] == count
    assert len((tmp_path / "run" / "trades.jsonl").read_text("utf-8").splitlines()) == count
    assert (tmp_path / "run" / "run.json").exists()
    some = ran(capsys, "export", database, "2", "-o", tmp_path / "some", "-t", "trades")
    assert sorted(p.name for p in (tmp_path / "some").iterdir()) == [
        "trades.csv",
        "trades.csv.json",
    ]
    assert "trades.csv" in some.out


def test_an_export_needs_one_table_for_one_file(
    capsys: pytest.CaptureFixture[str], database: Path, tmp_path: Path
) -> None:
    base = ["export", database, "1", "-o"]
    assert "--table" in refused(capsys, 2, *base, tmp_path / "x.csv")
    assert "--table" in refused(capsys, 2, *base, tmp_path / "x", "--columns", "tick")
    assert ".jsonl" in refused(capsys, 2, *base, tmp_path / "x.tsv", "-t", "trades")
    assert "has no column" in refused(capsys, 2, *base, tmp_path / "x", "--filter", "dM=>0")
    assert list(tmp_path.iterdir()) == []


def test_the_demo_writes_databases_that_open(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from telemetry.samples import demo

    def small(directory: str, progress: object = None) -> list[Path]:
        assert callable(progress)
        progress("a run", 0.5)
        Path(directory).mkdir()
        return [vmt.build("money", Path(directory) / "demo.db", runs=1, ticks=3)]

    monkeypatch.setattr(demo, "write_demo", small)
    result = ran(capsys, "demo", tmp_path / "demo", "--format", "jsonl")
    assert (result.code, result.err) == (0, "")
    (written,) = result.lines()
    assert ran(capsys, "runs", written["path"]).code == 0


def test_text_never_carries_escapes_or_markup_from_the_data(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = "[bold]\x1b[31mred\u202e :smile:\nnext"
    path = vmt.build("barter", tmp_path / "b.db", runs=1, ticks=3, scenario_name=name)
    for command in (["runs", path], ["show", path, "1"]):
        text = ran(capsys, *command).out
        assert "[bold]\\x1b[31mred\\u202e :smile:\\nnext" in text
        assert "\x1b" not in text
    assert ran(capsys, "runs", path, "--format", "json").json()[0]["scenario_name"] == name
