"""What "Copy as" gives of views that work their rows out: run, it gives the rows of the view."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
import types

import pytest

from telemetry.cli import main
from telemetry.concepts import TickRange
from telemetry.export import write_rows
from telemetry.queries import RunsQuery
from tests.builders import moltmarket, vmt
from tests.viewer.programs import opened, settle
from vmt_log_viewer.proof import told

RUNS = RunsQuery()
FACES = {
    "compare": ("Over ticks", "Totals", "Configuration", "First difference", "Seeds"),
    "flows": ("Matrix", "Agents"),
    "lens": ("Fan", "Settling", "Phase", "What binds"),
    "regimes": ("By state", "Around switches"),
    "audit": ("",),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Four runs: two seeds of each of two configurations; an estimate that binds, a fault."""
    path = vmt.build("money_full", tmp_path_factory.mktemp("copied") / "it's m.db", runs=4)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "UPDATE simulation_runs SET config_json = json_object('seed', run_id, 'much', "
            "CASE WHEN run_id < 3 THEN 'x' ELSE 'y' END)"
        )
        connection.execute("UPDATE trades SET price = 12345 WHERE id = 1")
        connection.executemany(
            "INSERT INTO lambda_updates (run_id, tick, agent_id, lambda_old, lambda_new, "
            "lambda_hat_A, lambda_hat_B, lambda_hat, clamped, clamp_type) "
            "VALUES (1, ?, 0, 1, 1, 1, 2, 1, 0, NULL)", [(tick,) for tick in range(4)],
        )  # fmt: skip
    connection.close()
    return path


def as_text(columns, rows):
    stream = io.StringIO()
    write_rows(stream, columns, rows, "csv")
    return stream.getvalue()


@pytest.fixture
def run_copied(monkeypatch, capsys):
    """Runs copied Python in this process: the frames that it makes, each as a text of CSV."""

    def command(words, stdout):
        assert words[0] == "telemetry"
        capsys.readouterr()
        code = main(list(words[1:]))
        return types.SimpleNamespace(returncode=code, stdout=capsys.readouterr().out.encode())

    def asked(sql, connection):
        cursor = connection.execute(sql)
        return as_text([column[0] for column in cursor.description], cursor.fetchall())

    stub = types.ModuleType("pandas")
    stub.read_csv = lambda stream, **_: stream.read().decode()
    stub.read_sql_query = asked
    monkeypatch.setitem(sys.modules, "pandas", stub)
    monkeypatch.setattr(subprocess, "run", command)

    def run(text):
        found = {}
        exec(compile(text, "copied.py", "exec"), found)
        return [found[name] for name in found if isinstance(found[name], str) and "\n" in
                found[name] and not name.isupper()]  # fmt: skip

    return run


def same(request, source, run_copied):
    """Whether the Python copied gives each frame of the view; the SQL says how."""
    frames = run_copied(told(source, request, "pandas"))
    assert frames == [as_text(frame.columns, frame.rows) for frame in request.frames]
    text = told(source, request, "sql")
    assert "SELECT" in text or any(
        f"telemetry {word} " in text for word in ("audit", "diff", "compare")
    )
    return sum(len(frame.rows) for frame in request.frames)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", FACES)
def test_what_is_copied_gives_the_rows_of_the_view(qtbot, program, database, run_copied, name):
    opened(qtbot, program, database)
    document, window = program.document, program.window
    source = document.source
    if name == "compare":
        window.show_view("compare")
        settle(qtbot, program)
        window.area.current.empty.triggered.emit()
        settle(qtbot, program)
    elif name != "audit":
        document.selection.set_brush(TickRange(1, 30))
    window.show_view(name)
    settle(qtbot, program)
    view = window.area.current
    for face in FACES[name]:
        if face == "First difference":
            document.compare(document.comparison[:2])
            settle(qtbot, program)
        if face == "Seeds":
            document.compare([(source, run) for run in source.ask(RUNS).runs])
            settle(qtbot, program)
        view.turn_to_face(face)
        settle(qtbot, program)
        assert program.window.actions_["copy_pandas"].isEnabled(), face
        assert same(view.export_request(), source, run_copied), face


def test_what_is_copied_of_an_order_book_gives_the_same_book(qtbot, program, run_copied, tmp_path):
    log = moltmarket.write_log(tmp_path / "events.jsonl", moltmarket.small_market())
    opened(qtbot, program, log)
    program.document.cursor.move_to(1)
    program.window.show_view("order_book")
    settle(qtbot, program)
    request = program.window.area.current.export_request()
    assert same(request, program.document.source, run_copied) > 3
