"""Strange data in a good file, on the command line: shown exactly, never a crash."""

import json
import math
import sqlite3
from pathlib import Path

import pytest

from telemetry.cli.program import NOTHING
from tests.builders import vmt
from tests.telemetry.command_line import ran, refused

pytestmark = pytest.mark.sampled(4)

Capsys = pytest.CaptureFixture[str]


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


def _words(command: list[str], source: object, target: object) -> list[object]:
    places = {"SOURCE": source, "TARGET": target}
    return [places.get(word, word) for word in command]


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


def test_a_database_without_runs_finds_nothing(capsys: Capsys, folder: Path) -> None:
    path = vmt.create("money", folder / "money.db")
    result = ran(capsys, "runs", path, "--format", "json")
    assert (result.code, result.out) == (NOTHING, "[]\n")
    assert "no runs" in result.err
    for command in COMMANDS[2:]:
        assert "no runs" in refused(capsys, NOTHING, *_words(command, path, folder / "out"))
    assert not (folder / "out").exists()


def test_a_run_without_snapshots_can_be_asked_everything(
    capsys: Capsys, folder: Path, tmp_path: Path
) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=0)
    shown = ran(capsys, "show", path, "1", "--format", "json").json()
    assert (shown["first_tick"], shown["last_tick"]) == (None, None)
    assert ran(capsys, "series", path, "1", "utility", "--format", "json").out == "[]\n"
    _every_command_answers(capsys, path, tmp_path)


@pytest.mark.parametrize("run", ["99", "zero", "", "1;DROP TABLE trades", "1.0"])
def test_a_run_that_does_not_exist_is_nothing_found(capsys: Capsys, folder: Path, run: str) -> None:
    path = vmt.build("money", folder / "money.db", runs=2, ticks=3)
    for command in COMMANDS[2:]:
        words = [run if word == "1" else word for word in command]
        said = refused(capsys, NOTHING, *_words(words, path, folder / "out"))
        assert "it has 1, 2" in said


def test_an_agent_that_comes_late_and_leaves_early_has_only_its_own_ticks(
    capsys: Capsys, folder: Path
) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=20, agents=3)
    _execute(path, "DELETE FROM agent_snapshots WHERE agent_id = 2 AND tick NOT BETWEEN 5 AND 8")
    found = ran(capsys, "series", path, "1", "utility", "--agent", "2", "--format", "json").json()
    assert [row["tick"] for row in found] == [5, 6, 7, 8]


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, 1e308, "text", b"\x00\xff"])
def test_any_value_in_any_numeric_column_is_shown(
    capsys: Capsys, folder: Path, tmp_path: Path, value: object
) -> None:
    path = vmt.build("money_full", folder / "money.db", runs=1, ticks=6, agents=2)
    _put_everywhere(path, value)
    _every_command_answers(capsys, path, tmp_path)
    columns = "tick,lambda_money"
    found = ran(capsys, "table", "agent_snapshots", path, "1", "--columns", columns,
                "--limit", "1", "--format", "csv").csv()  # fmt: skip
    shown = {None: "", "text": "text", b"\x00\xff": "0x00ff"}.get(value)
    expected = shown if shown is not None else ("" if value != value else repr(value))
    assert found[1][1] == expected


@pytest.mark.parametrize("text", ["", "[", '{"a": }', "null", '"A<->M"', "[1, null]", "[[]]"])
def test_active_pairs_that_are_no_list_of_pairs_do_not_matter(
    capsys: Capsys, folder: Path, tmp_path: Path, text: str
) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=6)
    _execute(path, "UPDATE tick_states SET active_pairs = ?", text)
    _every_command_answers(capsys, path, tmp_path)
    found = ran(capsys, "table", "tick_states", path, "1", "--columns", "active_pairs",
                "--limit", "1", "--format", "json").json()  # fmt: skip
    assert found == [{"active_pairs": text}]


@pytest.mark.parametrize("text", ["", "{", "not json", "NaN", "[1, 2]", "3", "[" * 5000])
def test_a_configuration_that_is_no_json_is_shown_as_it_is(
    capsys: Capsys, folder: Path, tmp_path: Path, text: str
) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=6, config_json=text)
    _every_command_answers(capsys, path, tmp_path)


def test_a_configuration_that_is_nested_too_deeply_is_given_as_text(
    capsys: Capsys, folder: Path
) -> None:
    text = '{"a":' * 600 + "1" + "}" * 600
    path = vmt.build("money", folder / "money.db", runs=1, ticks=6, config_json=text)
    shown = ran(capsys, "show", path, "1", "--format", "json").json()
    assert shown["config"] is None
    assert shown["config_text"] == text
    assert shown["config_problem"]


def test_a_huge_configuration_is_read_only_where_it_is_shown(
    capsys: Capsys, folder: Path, tmp_path: Path
) -> None:
    value = "x" * 50_000_000
    path = vmt.build("money", folder / "money.db", runs=1, ticks=3,
                     config_json=json.dumps({"seed": 4, "blob": value}))  # fmt: skip
    listed = ran(capsys, "runs", path, "--format", "json")
    assert len(listed.out) < 10_000
    shown = ran(capsys, "show", path, "1")
    assert shown.code == 0
    assert len(shown.out) < 100_000
    assert ran(capsys, "export", path, "1", "-o", tmp_path / "out").code == 0
    assert json.loads((tmp_path / "out" / "config.json").read_text("utf-8"))["blob"] == value


@pytest.mark.parametrize(
    "name",
    ["two\nlines\r\n", "\u202egnirts", "שלום", "<b>bold</b> &amp;", "x" * 10_000, "", " ", "🐟\t"],
)
def test_any_scenario_name_is_one_line_for_people_and_exact_otherwise(
    capsys: Capsys, folder: Path, name: str
) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=3, scenario_name=name)
    found = ran(capsys, "runs", path, "--format", "json").json()
    assert [run["scenario_name"] for run in found] == [name]
    header, row = ran(capsys, "runs", path, "--format", "csv").csv()
    assert row[header.index("scenario_name")] == name
    lines = [line for line in ran(capsys, "runs", path).out.splitlines() if line.strip()]
    assert len(lines) == 3
    assert len(lines[2]) < 1_000
    shown = ran(capsys, "show", path, "1", "--format", "json").json()
    assert shown["scenario_name"] == name
    assert ran(capsys, "show", path, "1").out.count("\n") < 80


@pytest.mark.parametrize("first", [1_000_000, -7])
def test_ticks_may_begin_anywhere(capsys: Capsys, folder: Path, tmp_path: Path, first: int) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=10, first_tick=first)
    (run,) = ran(capsys, "runs", path, "--format", "json").json()
    assert (run["first_tick"], run["last_tick"]) == (first, first + 9)
    found = ran(capsys, "series", path, "1", "utility", "--agent", "0",
                "--ticks", f"{first + 2}~{first + 4}", "--format", "json").json()  # fmt: skip
    assert [row["tick"] for row in found] == [first + 2, first + 3, first + 4]
    by_filter = ran(
        capsys, "table", "tick_states", path, "1", "--filter", f"tick={first}~{first + 1}",
        "--columns", "tick", "--format", "csv",
    )  # fmt: skip
    assert by_filter.csv()[1:] == [[str(first)], [str(first + 1)]]
    _every_command_answers(capsys, path, tmp_path)


def test_holes_in_the_ticks_stay_holes(capsys: Capsys, folder: Path) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=40)
    for table in ("tick_states", "agent_snapshots"):
        _execute(path, f"DELETE FROM {table} WHERE tick BETWEEN 12 AND 33")
    found = ran(capsys, "timeline", path, "1", "--lane", "regime", "--format", "json").json()
    covered = {t for row in found for t in range(row["first_tick"], row["last_tick"] + 1)}
    assert covered == set(range(12)) | set(range(34, 40))
    series = ran(capsys, "series", path, "1", "utility", "--agent", "0", "--format", "json").json()
    assert {row["tick"] for row in series} == covered


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("x")', "\t=1"])
def test_a_cell_that_looks_like_a_formula_is_written_as_it_is_and_the_note_says_so(
    capsys: Capsys, folder: Path, tmp_path: Path, cell: str
) -> None:
    path = vmt.build("money", folder / "money.db", runs=1, ticks=9)
    _execute(path, "UPDATE trades SET direction = ?", cell)
    printed = ran(capsys, "trades", path, "1", "--columns", "direction", "--format", "csv").csv()
    assert {row[0] for row in printed[1:]} == {cell}
    ran(capsys, "export", path, "1", "-o", tmp_path / "t.csv", "--table", "trades")
    note = json.loads((tmp_path / "t.csv.json").read_text("utf-8"))
    assert "begin with =, +, - or @" in note["conventions"]
    literal = '"' + cell.replace('"', '""') + '"'
    asked = ["trades", path, "1", "--filter", f"direction={literal}", "--format", "csv"]
    assert len(ran(capsys, *asked).csv()) == len(printed)


def _execute(path: Path, sql: str, *parameters: object) -> None:
    connection = vmt.connect(path)
    with connection:
        connection.execute(sql, parameters)
    connection.close()


def _put_everywhere(path: Path, value: object) -> None:
    """Set every numeric column that is no key to `value`, where its constraints allow it."""
    connection = vmt.connect(path)
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    changed = 0
    for (table,) in tables:
        for _, name, kind, *_rest in connection.execute(f"PRAGMA table_info({table})").fetchall():
            if kind not in ("INTEGER", "REAL") or name in ("id", "run_id", "tick", "agent_id"):
                continue
            try:
                with connection:
                    connection.execute(f'UPDATE {table} SET "{name}" = ?', (value,))
                changed += 1
            except sqlite3.IntegrityError:
                pass
    connection.close()
    assert changed > 10
