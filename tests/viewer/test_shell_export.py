"""Tests of exporting from the window: what is seen, exactly, or one sentence why not."""

import csv
import json
from pathlib import Path

import pytest

from tests.builders import vmt
from tests.viewer.programs import opened
from vmt_log_viewer.background.exporting import Order
from vmt_log_viewer.dialogs.export import ExportDialog


@pytest.fixture
def program(make, qtbot, money_db):
    return opened(qtbot, make(), money_db, "2")


@pytest.fixture
def choose(monkeypatch):
    """Answers the dialog with an order; remembers what it offered."""
    offered = {}

    def choose(path, format="csv", drop_empty=True):
        def ask(parent, what, name, formats, folder, whole_run=False):
            offered.update(what=what, name=name, formats=formats)
            return None if path is None else Order(Path(path), format, drop_empty)

        monkeypatch.setattr(ExportDialog, "ask", ask)
        return offered

    return choose


def read(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def go_to(qtbot, program, name):
    area = program.window.area
    area.go_to(area.page(name))
    qtbot.waitUntil(lambda: program.runner.idle() and area.settled(), timeout=20_000)


def export(qtbot, program, verb="export"):
    program.actions[verb].trigger()
    qtbot.waitUntil(program.runner.idle, timeout=20_000)


def test_a_table_is_written_with_its_provenance(program, qtbot, choose, money_db, tmp_path):
    go_to(qtbot, program, "trades")
    path = tmp_path / "trades.csv"
    offered = choose(path)
    export(qtbot, program)
    rows = read(path)
    sql = "SELECT tick, buyer_id, price FROM trades WHERE run_id = 2 ORDER BY tick, id"
    expected = vmt.query(money_db, sql)
    assert [(int(r["tick"]), int(r["buyer_id"]), float(r["price"])) for r in rows] == expected
    assert offered["formats"][:3] == ("csv", "jsonl", "json")
    beside = [p for p in tmp_path.iterdir() if p != path]
    assert len(beside) == 1
    assert str(money_db) in json.dumps(json.loads(beside[0].read_text(encoding="utf-8")))
    assert str(len(rows)) in program.window.statusBar().currentMessage()


@pytest.mark.parametrize("name", ["overview", "trajectories", "trades", "attempts", "map"])
def test_every_view_gives_a_picture(program, qtbot, choose, tmp_path, name):
    go_to(qtbot, program, name)
    path = tmp_path / "picture.png"
    offered = choose(path, "png")
    export(qtbot, program)
    assert "png" in offered["formats"]
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_measure_a_file_is_written_of_trajectories(program, qtbot, choose, tmp_path, money_db):
    go_to(qtbot, program, "trajectories")
    choose(tmp_path / "plots.csv")
    export(qtbot, program)
    files = sorted(p.name for p in tmp_path.glob("*.csv"))
    assert len(files) > 1
    assert all(name.startswith("plots-") for name in files)
    snapshots = vmt.query(money_db, "SELECT count(*) FROM agent_snapshots WHERE run_id = 2")[0][0]
    for name in files:
        rows = read(tmp_path / name)
        assert len(rows) == snapshots


def test_the_whole_run_is_written_to_a_folder(program, qtbot, choose, tmp_path):
    choose(tmp_path / "run", "jsonl")
    export(qtbot, program, "export_run")
    names = {p.name for p in (tmp_path / "run").iterdir()}
    assert {"run.json", "trades.jsonl", "agent_snapshots.jsonl"} <= names


@pytest.mark.parametrize(("verb", "format"), [
    ("export", "csv"), ("export", "png"), ("export_run", "csv"),
])  # fmt: skip
def test_a_place_that_cannot_be_written_is_one_sentence(
    program, qtbot, choose, tmp_path, verb, format
):
    go_to(qtbot, program, "trades")
    (tmp_path / "file").write_text("in the way")
    choose(tmp_path / "file" / "out", format)
    export(qtbot, program, verb)
    qtbot.waitUntil(lambda: bool(program.window.messages.text), timeout=5000)
    assert "\n" not in program.window.messages.text
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_opened_file_is_never_replaced(program, qtbot, choose, money_db):
    before = money_db.read_bytes()
    go_to(qtbot, program, "trades")
    choose(money_db)
    export(qtbot, program)
    assert program.window.messages.text
    assert money_db.read_bytes() == before


def test_thinking_better_of_it_writes_nothing(program, qtbot, choose, tmp_path):
    go_to(qtbot, program, "trades")
    choose(None)
    export(qtbot, program)
    assert list(tmp_path.iterdir()) == []


def test_the_suffix_follows_the_format(qtbot, tmp_path):
    dialog = ExportDialog("What", "run 1.5", ("csv", "json", "png"), tmp_path)
    qtbot.addWidget(dialog)
    assert dialog.order() == Order(tmp_path / "run 1.5.csv", "csv", True)
    dialog.format.setCurrentIndex(1)
    assert dialog.order().path == tmp_path / "run 1.5.json"
    dialog.format.setCurrentIndex(2)
    assert dialog.order().path == tmp_path / "run 1.5.png"
    assert not dialog.drop_empty.isEnabled()
