"""The pictures of the guide are what the program draws; UPDATE_PICTURES=1 writes them anew."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QSplitter, QWidget

from telemetry.analysis.chosen import every_run
from telemetry.concepts import TickRange
from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.frozen import replace
from telemetry.samples.grid_economy import simulate
from telemetry.samples.grid_economy.catalogue import SCENARIOS
from telemetry.samples.grid_economy.scenario import Scenario
from tests.builders import other_tools
from tests.viewer.programs import opened, settle
from tests.viewer.test_pictures import SCREENSHOTS, UPDATE, differing
from vmt_log_viewer.dialogs.palette import CommandPalette
from vmt_log_viewer.state.marks import Mark

GUIDE = SCREENSHOTS / "guide"
MOST_DIFFERENT = 0.08
_ATTEMPTS = replace(SCENARIOS[2], ticks=120)
_LAMBDA = replace(SCENARIOS[4], ticks=200)
_SCHEDULE = replace(SCENARIOS[6], ticks=180)
_NARROW = Scenario(
    name="Mixed, narrow spread", seed=1, agents=14, ticks=80, width=12, height=12,
    regimes=((0, "mixed"),), money_mode="quasilinear",
)  # fmt: skip
_WIDE = replace(_NARROW, name="Mixed, wide spread", spread=0.2)
_SEEDS = range(1, 6)

Drive = Callable[[Any, Any], None]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Attempts (run 1), λ (2), modes and regimes (3), five seeds with either spread (4 to 13)."""
    path = tmp_path_factory.mktemp("guide") / "economies.db"
    with VmtRecorder(path) as recorder:
        for scenario in (_ATTEMPTS, _LAMBDA, _SCHEDULE):
            simulate(scenario, recorder, ticks_per_commit=20)
        for scenario in (_NARROW, _WIDE):
            for seed in _SEEDS:
                simulate(replace(scenario, seed=seed), recorder, ticks_per_commit=20)
    with sqlite3.connect(path) as connection:  # no clock in a picture, and a fault for the audit
        connection.execute(
            "UPDATE simulation_runs SET start_time='2026-01-01T12:00:00', "
            "end_time='2026-01-01T12:00:09'"
        )
        connection.execute(
            "UPDATE trades SET price = 3 * price WHERE run_id = 13 AND tick IN (22, 57)"
        )
    connection.close()
    return path


def _face(qtbot: Any, program: Any, view: str, face: str | None = None) -> Any:
    program.window.show_view(view)
    settle(qtbot, program)
    shown = program.window.area.current
    if face is not None:
        shown.turn_to_face(face)
        settle(qtbot, program)
    return shown


def _negotiation(page: str, **texts: str) -> Drive:
    def drive(qtbot: Any, program: Any) -> None:
        program.window.actions_["show_inspector"].trigger()
        attempts = _face(qtbot, program, "attempts")
        attempts.filter_by(texts)
        settle(qtbot, program)
        for _ in ("failures alone", "the first of them"):
            attempts.step_failure(1)
            settle(qtbot, program)
        attempts.negotiation.sides.buttons[page].click()
        settle(qtbot, program)
        for splitter in attempts.findChildren(QSplitter):
            if splitter.orientation() == Qt.Orientation.Vertical:
                splitter.setSizes([120, 120, 480][-splitter.count() :])
        settle(qtbot, program)

    return drive


def _compared(face: str, *runs: int) -> Drive:
    def drive(qtbot: Any, program: Any) -> None:
        document = program.document
        listed = {chosen.run_id: chosen.run for chosen in every_run(document.source)}
        document.compare([(document.source, listed[run]) for run in runs])
        compare = _face(qtbot, program, "compare", face)
        compare.choose("utility", "tick")

    return drive


def _shown(view: str, face: str | None = None, brush: tuple[int, int] | None = None) -> Drive:
    def drive(qtbot: Any, program: Any) -> None:
        if brush is not None:
            program.document.selection.set_brush(TickRange(*brush))
        _face(qtbot, program, view, face)

    return drive


def _within_reach(qtbot: Any, program: Any) -> None:
    document = program.document
    for tick, name in ((40, "first money trade"), (90, "money only"), (150, "gate closes")):
        document.marks.put(Mark(tick, name))
    _face(qtbot, program, "trajectories")
    program.window.area.split_current("right")
    settle(qtbot, program)
    program.window.actions_["palette"].trigger()
    settle(qtbot, program)
    program.window.findChild(CommandPalette).line.setText("mo")


PICTURES: dict[str, tuple[int, int, Drive]] = {
    "why": (1, 40, _negotiation("why", tick="51", buyer_id="13", seller_id="14")),
    "edgeworth": (1, 40, _negotiation("box", tick="32", buyer_id="16", seller_id="15")),
    "divergence": (4, 20, _compared("First difference", 4, 5)),
    "compare": (4, 20, _compared("Over ticks", 4, 5, 6, 9, 10)),
    "seeds": (4, 20, _compared("Seeds", *range(4, 14))),
    "regimes": (3, 60, _shown("regimes", "Around switches")),
    "lens": (2, 60, _shown("lens", "Fan")),
    "flows": (1, 60, _shown("flows", "Circle", (20, 100))),
    "audit": (13, 40, _shown("audit")),
    "within-reach": (3, 60, _within_reach),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_the_guide_is_what_the_program_draws(
    qtbot: Any, program: Any, database: Path, tmp_path: Path, name: str
) -> None:
    run, tick, drive = PICTURES[name]
    program.window.resize(1400, 900)
    opened(qtbot, program, database, run=str(run), tick=tick)
    drive(qtbot, program)
    settle(qtbot, program)
    _compare(program.window, tmp_path, name)


def test_the_picture_of_the_roles_is_the_panel(qtbot: Any, program: Any, tmp_path: Path) -> None:
    program.window.resize(1400, 900)
    opened(qtbot, program, other_tools.mesa(tmp_path / "wealth.db"))
    dialog = program.verbs.role_choice.dialog
    assert dialog is not None
    _compare(dialog, tmp_path, "roles")
    dialog.close()


def test_the_picture_of_the_proof_is_a_view_beside_its_file(
    qtbot: Any, program: Any, database: Path, tmp_path: Path
) -> None:
    program.window.resize(1400, 900)
    opened(qtbot, program, database, run="2", tick=60)
    program.window.actions_["show_inspector"].trigger()
    view = _face(qtbot, program, "trajectories")
    saved = database.with_name("lambda.json")
    program.verbs.proof.write_view(saved)
    qtbot.waitUntil(saved.exists, timeout=20_000)
    settle(qtbot, program)
    both, shown, text = QWidget(), QLabel(), QPlainTextEdit()
    qtbot.addWidget(both)
    shown.setPixmap(view.grab())
    text.setPlainText(saved.read_text())
    text.setFixedWidth(420)
    row = QHBoxLayout(both)
    row.addWidget(shown)
    row.addWidget(text)
    _compare(both, tmp_path, "proof")


def _compare(widget: QWidget, folder: Path, name: str) -> None:
    new, kept = folder / f"{name}.png", GUIDE / f"{name}.png"
    assert widget.grab().save(str(new), "PNG")
    if UPDATE:
        GUIDE.mkdir(exist_ok=True)
        shutil.copyfile(new, kept)
    assert differing(new, kept) < MOST_DIFFERENT
