"""Tests of the document: sources, the run shown, and what a change of run resets."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from telemetry.concepts import Lane, Run, TickRange, Timeline
from vmt_log_viewer.state.document import Document
from vmt_log_viewer.state.items import AgentItem
from vmt_log_viewer.state.recorded import recorded_ticks


def run(run_id=0, first=0, last=9):
    return Run(run_id, f"run {run_id}", "finished", TickRange(first, last), {})


def source(name="a"):
    return SimpleNamespace(key=name)


@pytest.fixture
def document():
    document = Document()
    document.add_source(one := source())
    document.show_run(one, run())
    return document


def test_run_zero_is_a_run(document):
    assert document.run_id == 0
    assert document.run_id is not None


def test_showing_a_run_resets_what_belonged_to_the_last_one(document):
    document.cursor.move_to(5)
    document.selection.set_agents([0, 1])
    document.selection.set_brush(TickRange(1, 2))
    document.selection.select(AgentItem(0))
    document.marks.toggle(4)
    document.show_run(document.source, run(1, 100, 200))
    assert document.cursor.tick == 100
    assert (document.selection.agents, document.selection.brush) == ((), None)
    assert document.selection.item is None
    assert document.marks.ticks == ()
    assert document.history.undo_text is None


def test_run_shown_comes_after_the_reset_and_names_the_new_run(document):
    seen = []
    document.run_shown.connect(lambda s, r: seen.append((r, document.cursor.tick)))
    document.cursor.moved.connect(lambda tick: seen.append((document.run_id, tick)))
    document.show_run(document.source, run(7, 50, 60))
    assert seen == [(7, 50), (7, 50)]


def test_a_run_may_be_shown_at_a_tick(document):
    document.show_run(document.source, run(2), tick=4)
    assert document.cursor.tick == 4
    document.show_run(document.source, run(3), tick=400)
    assert document.cursor.tick == 9


def test_a_tick_asked_for_holds_when_the_runs_ticks_are_told_later(document):
    unknown = Run(7, "run 7", "finished", None, {})
    document.show_run(document.source, unknown, 4)
    assert document.cursor.tick is None
    document.update_run(run(7))
    assert document.cursor.tick == 4
    assert document.history.undo_text is None
    document.cursor.move_to(6)
    document.update_run(run(7, last=20))
    assert document.cursor.tick == 6


def test_closing_the_shown_source_clears_the_run(document):
    seen = []
    document.run_cleared.connect(lambda: seen.append("cleared"))
    document.close_source(document.source)
    assert (document.run_id, document.source, document.cursor.tick) == (None, None, None)
    assert seen == ["cleared"]


def test_closing_another_source_leaves_the_run(document):
    other = source("b")
    document.add_source(other)
    document.close_source(other)
    assert document.run_id == 0


def test_cursor_jumps_and_selections_can_be_undone(document):
    document.cursor.move_to(8)
    document.selection.set_agents([0])
    document.selection.set_brush(TickRange(2, 3))
    document.history.undo()
    assert document.selection.brush is None
    document.history.undo()
    assert document.selection.agents == ()
    document.history.undo()
    assert document.cursor.tick == 0
    document.history.redo()
    assert document.cursor.tick == 8


def test_what_playing_moves_is_not_a_change_to_undo(document):
    document.playback.play()
    document.playback.advance(0.3)
    assert document.cursor.tick == 3
    assert document.history.undo_text is None


def test_a_run_that_grew_keeps_cursor_and_selection(document):
    document.cursor.move_to(9)
    document.selection.set_agents([0])
    document.update_run(run(0, 0, 50))
    assert (document.cursor.tick, document.cursor.bounds) == (9, TickRange(0, 50))
    assert document.selection.agents == (0,)


def lane(*spans):
    first, last = (np.array(ends) for ends in zip(*spans, strict=True))
    return Lane("mode", "Mode", first, last, ("trade",) * len(spans))


def test_recorded_ticks_join_all_lanes_and_both_ends():
    timeline = Timeline(TickRange(0, 20), (lane((2, 3), (8, 9)), lane((3, 4))))
    found = recorded_ticks(timeline, TickRange(0, 20))
    assert found.tolist() == [0, 2, 3, 4, 8, 9, 20]


def test_a_run_without_holes_or_without_lanes_needs_no_list_of_ticks():
    bounds = TickRange(0, 9)
    assert recorded_ticks(Timeline(bounds, (lane((0, 4), (5, 9)),)), bounds) is None
    assert recorded_ticks(Timeline(bounds, ()), bounds) is None
    assert recorded_ticks(Timeline(None, ()), None) is None


def test_the_state_needs_no_qt():
    code = (
        "import sys, importlib, pkgutil, vmt_log_viewer.state as s\n"
        "for m in pkgutil.iter_modules(s.__path__):\n"
        "    importlib.import_module(f'{s.__name__}.{m.name}')\n"
        "assert not [m for m in sys.modules if m.startswith(('PySide6', 'pyqtgraph'))]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
