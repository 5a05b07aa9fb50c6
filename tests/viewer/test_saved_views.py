"""A view is a file: opened again it shows the same, rendered it gives the same bytes."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from PySide6.QtGui import QGuiApplication

from telemetry.cancel import CancelToken
from telemetry.concepts import TickRange
from telemetry.errors import SourceError
from telemetry.export import png_text
from telemetry.queries import RunQuery
from tests.viewer.programs import opened
from tests.viewer.test_saved_choices import DOWN, settle
from vmt_log_viewer.background.exporting import Order
from vmt_log_viewer.exports import with_picture, writing
from vmt_log_viewer.rendering import render
from vmt_log_viewer.state.items import AgentItem
from vmt_log_viewer.state.marks import Mark
from vmt_log_viewer.state.saved_view import SavedSource, SavedView, is_view, read_view


def save(qtbot, program, path):
    settle(qtbot, program)
    program.verbs.proof.write_view(path)
    qtbot.waitUntil(path.exists, timeout=20_000)
    settle(qtbot, program)
    return path


def exported(program, folder):
    """What the window writes of its current view, by the end of each file's name."""
    view = program.window.area.current
    request = with_picture(view.export_request(), view)
    for kind in [*request.pictures, *(("csv",) if request.queries or request.frames else ())]:
        order = Order(folder / f"x.{kind}", kind)
        writing(program.window, program.document.source, request, order)(CancelToken())
    return {p.name.removeprefix("x"): p.read_bytes() for p in folder.iterdir() if "x" in p.name}


def same(rendered, window):
    """Whether what was rendered are the files of the window; notes apart, which hold a clock."""
    found = {}
    for path in rendered:
        end = next(e for e in sorted(window, key=len, reverse=True) if path.name.endswith(e))
        found[end] = path.read_bytes()
    assert found.keys() == window.keys()
    files = [end for end in window if not end.endswith(".json")]
    assert any(end.endswith("png") for end in files)
    return all(found[end] == window[end] for end in files)


def as_trades(program, qtbot):
    document, window = program.document, program.window
    window.show_view("trades")
    settle(qtbot, program)
    trades = window.area.current
    trades.panel.view.show_column("seller_id", False)
    trades.panel.view.sortByColumn(trades.panel.model.column_index("price"), DOWN)
    trades.panel.filters.set_text("tick", ">=1")
    document.selection.set_brush(TickRange(0, 9))
    document.selection.set_agents((0, 2))
    settle(qtbot, program)
    trades.panel.step(1)


def as_lines(program, qtbot):
    program.window.show_view("trajectories")
    settle(qtbot, program)
    lines = program.window.area.current
    lines.choose_style("fan")
    lines.choose_measures(tuple(lines.stack.plots)[:2])
    lines.window_of_ticks.show(1.0, 4.0)
    program.document.selection.select(AgentItem(0))
    program.document.cursor.move_to(3)


def as_compared(program, qtbot):
    document = program.document
    runs = [document.source.ask(RunQuery(run)).run for run in (1, 2)]
    document.compare((document.source, run) for run in runs)
    program.window.show_view("compare")
    settle(qtbot, program)
    program.window.area.current.choose("utility", "share")


@pytest.mark.parametrize("shape", [as_trades, as_lines, as_compared])
def test_a_saved_view_is_rendered_to_the_very_bytes_of_its_window(
    program, make, qtbot, money_db, tmp_path, shape
):
    opened(qtbot, program, money_db, run="1")
    shape(program, qtbot)
    path = save(qtbot, program, tmp_path / "view.json")
    (tmp_path / "window").mkdir()
    window = exported(program, tmp_path / "window")
    for name in ("one", "two"):
        assert same(render(make(), path, tmp_path / name), window)
    assert program.window.messages.text == ""


def test_a_picture_says_where_it_comes_from_and_its_note_opens_as_the_view(
    program, make, qtbot, money_db, tmp_path, monkeypatch
):
    monkeypatch.setattr("vmt_log_viewer.views.trades._POINTS", 1)
    opened(qtbot, program, money_db, run="2")
    as_trades(program, qtbot)
    program.document.marks.put(Mark(1, "here", "why?"))
    settle(qtbot, program)
    exported(program, tmp_path)
    told = json.loads(png_text((tmp_path / "x.png").read_bytes())["Source"])
    note = json.loads((tmp_path / "x.png.json").read_text("utf-8"))
    assert "created" not in told
    assert {**told, "created": note["created"], "format": "png"} == note
    assert told["source"]["fingerprint"]["whole"]
    assert (told["run"], told["view"]["view"]) == (2, "trades")
    assert told["query"][0]["where"]["filters"] == ["tick=>=1"]
    assert told["view"]["state"]["sort"] == "-price"
    assert "points drawn: every" in told["thinned"]
    rows = json.loads((tmp_path / "x.csv.json").read_text("utf-8"))
    assert rows["thinned"].startswith("Nothing was thinned")
    assert rows["view"] == told["view"]
    assert "filtered" in told["shows"]
    other = make()
    other.window.show()
    with qtbot.waitSignal(other.verbs.proof.views.opened, timeout=20_000):
        other.open([str(tmp_path / "x.csv.json")])
    assert other.document.run_id == 2
    assert other.window.area.current.panel.filters.texts == {"tick": ">=1"}
    assert other.document.selection.brush == TickRange(0, 9)
    assert other.document.marks.all == (Mark(1, "here", "why?"),)
    assert not other.document.history.undo_text


def test_a_view_moves_with_its_source_and_says_when_that_has_changed(
    program, make, qtbot, money_db, tmp_path
):
    here = tmp_path / "here"
    here.mkdir()
    database = shutil.copyfile(money_db, here / "money.db")
    opened(qtbot, program, database, run="1")
    save(qtbot, program, here / "view.json")
    assert json.loads((here / "view.json").read_text("utf-8"))["sources"][0]["location"] == (
        "money.db"
    )
    there = shutil.copytree(here, tmp_path / "there")
    with (there / "money.db").open("r+b") as file:
        file.seek(60)  # the number that applications may set: nothing that is read
        file.write(b"\1\2\3\4")
    other = make()
    other.window.show()
    with qtbot.waitSignal(other.verbs.proof.views.opened, timeout=20_000):
        other.open([str(there / "view.json")])
    assert other.document.source.location == str(there / "money.db")
    qtbot.waitUntil(lambda: bool(other.window.messages.text), timeout=20_000)
    assert other.window.messages.text.startswith("money.db has changed since this view was saved")


def bad(change):
    def write(path):
        view = SavedView(view="trades", sources=(SavedSource("gone.db"),), run="1")
        path.write_text(json.dumps({**view.as_json(), **change}), "utf-8")

    return write


@pytest.mark.parametrize(("write", "said"), [
    (bad({}), "which is not there; put it there again"),
    (bad({"format": 99, "program_version": "7.0"}), "by version 7.0 in format 99, and version"),
    (bad({"tick": "noon"}), "is damaged (Expected `int | null`, got `str` - at `$.tick`)"),
    (bad({"sources": []}), "is damaged (it names no source)"),
    (bad({"kind": "a poem"}), "is no saved view; open it as a source"),
    (lambda path: path.write_text("{", "utf-8"), "is no JSON, so it is no saved view"),
    (lambda path: None, "cannot be read: No such file or directory"),
])  # fmt: skip
def test_a_view_that_cannot_be_opened_is_one_sentence(make, tmp_path, write, said):
    path = tmp_path / "view.json"
    write(path)
    with pytest.raises(SourceError) as caught:
        render(make(), path, tmp_path / "out")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_password_is_in_no_saved_view():
    from telemetry.export import without_secrets

    place = "postgresql://me:s3cret@host/db?sslmode=require&password=hidden&schema=a"
    assert without_secrets(place) == "postgresql://me@host/db?sslmode=require&schema=a"
    assert without_secrets("/data/a@b:c.db") == "/data/a@b:c.db"


def test_the_command_renders_and_repeats_what_the_viewer_says(program, qtbot, money_db, tmp_path):
    opened(qtbot, program, money_db, run="1")
    program.window.show_view("map")
    path = save(qtbot, program, tmp_path / "view.json")
    assert is_view(path)
    assert read_view(path).view == "map"
    command = [sys.executable, "-m", "telemetry", "render"]
    done = subprocess.run([*command, path, "-o", tmp_path / "out", "--format", "csv"],
                          capture_output=True, text=True)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    names = {line.rsplit("/", 1)[1] for line in done.stdout.splitlines()[1:]}
    assert {"map-tick-0.png", "map-tick-0.svg", "map-tick-0.csv"} <= names
    path.write_text("{}", "utf-8")
    done = subprocess.run([*command, path, "-o", tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr == f"telemetry: {path} is no saved view; open it as a source.\n"


def test_what_is_seen_is_copied_as_sql_and_reported(program, qtbot, money_db, tmp_path):
    opened(qtbot, program, money_db, run="1")
    actions, proof = program.actions, program.verbs.proof
    program.window.show_view("trades")
    settle(qtbot, program)
    program.window.area.current.panel.filters.set_text("tick", ">=1")
    settle(qtbot, program)
    actions["copy_sql"].trigger()
    qtbot.waitUntil(lambda: "SELECT" in QGuiApplication.clipboard().text(), timeout=20_000)
    shown = program.window.area.current.panel.model.rowCount()
    with closing(sqlite3.connect(money_db)) as connection:
        rows = connection.execute(QGuiApplication.clipboard().text()).fetchall()
    assert len(rows) == shown > 0
    program.window.show_view("compare")
    settle(qtbot, program)
    assert not actions["copy_sql"].isEnabled()
    page = tmp_path / "report.html"
    proof.write_report(page, proof.reported())
    qtbot.waitUntil(page.exists, timeout=20_000)
    settle(qtbot, program)
    assert "<h1>Run 1: " in page.read_text("utf-8")
