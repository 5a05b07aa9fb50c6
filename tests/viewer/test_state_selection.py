"""Tests of selection, marks and history."""

import pytest

from telemetry.concepts import TickRange
from vmt_log_viewer.state.history import Change, History
from vmt_log_viewer.state.items import AgentItem
from vmt_log_viewer.state.marks import Mark, Marks, marks_of, plain_marks
from vmt_log_viewer.state.selection import Selection


def test_agent_zero_is_an_agent():
    selection = Selection()
    selection.toggle_agent(0)
    assert selection.agents == (0,)
    selection.toggle_agent(0)
    assert selection.agents == ()


def test_agents_are_kept_once_and_in_the_order_chosen():
    selection = Selection()
    seen = []
    selection.agents_changed.connect(seen.append)
    selection.set_agents([3, 1, 3])
    selection.set_agents([3, 1])
    assert seen == [(3, 1)]


def test_a_brush_is_announced_only_when_it_changes():
    selection = Selection()
    seen = []
    selection.brush_changed.connect(seen.append)
    selection.set_brush(TickRange(2, 4))
    selection.set_brush(TickRange(2, 4))
    selection.set_brush(None)
    assert seen == [TickRange(2, 4), None]


def test_selecting_the_same_item_again_shows_it_again():
    selection = Selection()
    seen = []
    selection.item_selected.connect(seen.append)
    selection.select(AgentItem(0))
    selection.select(AgentItem(0))
    assert seen == [AgentItem(0), AgentItem(0)]


def test_marks_are_sorted_toggled_and_found_in_a_circle():
    marks = Marks()
    for tick in (9, 0, 4, 9, 9):
        marks.toggle(tick)
    assert marks.ticks == (0, 4, 9)
    assert [marks.after(t) for t in (0, 4, 9)] == [4, 9, 0]
    assert [marks.before(t) for t in (0, 4, 9)] == [9, 0, 4]
    assert Marks().after(3) is Marks().before(3) is None


def test_a_mark_that_is_named_stays_one_mark_and_is_announced():
    marks, seen = Marks(), []
    marks.toggle(4)
    marks.changed.connect(seen.append)
    marks.put(Mark(4, "switch", "why?"))
    marks.put(Mark(4, "switch", "why?"))
    assert seen == [(Mark(4, "switch", "why?"),)]
    marks.toggle(4)
    assert marks.all == ()


@pytest.mark.parametrize(
    ("plain", "found"),
    [
        ([0, 5], (Mark(0), Mark(5))),
        (plain_marks([Mark(0, "a", "b")]), (Mark(0, "a", "b"),)),
        ([{"name": "no tick"}, "5", None, True, {"tick": 3, "name": None}], (Mark(3),)),
        ("nonsense", ()),
    ],
)
def test_marks_are_read_from_plain_values_whatever_else_is_there(plain, found):
    assert marks_of(plain) == found


class Box:
    """A value that changes can be made to."""

    def __init__(self, history):
        self.value, self.history = 0, history

    def put(self, value, kind=""):
        old, self.value = self.value, value
        self.history.push(
            Change(f"put {value}", lambda: self.put(old), lambda: self.put(value), kind)
        )


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def box(now):
    return Box(History(lambda: now[0]))


def test_undo_and_redo_go_back_and_forth(box):
    box.put(1)
    box.put(2)
    box.history.undo()
    assert box.value == 1
    assert (box.history.undo_text, box.history.redo_text) == ("put 1", "put 2")
    box.history.undo()
    box.history.redo()
    box.history.redo()
    box.history.redo()
    assert box.value == 2


def test_a_new_change_forgets_what_was_undone(box):
    box.put(1)
    box.history.undo()
    box.put(5)
    box.history.redo()
    assert box.value == 5
    assert box.history.redo_text is None


def test_quick_changes_of_a_kind_are_undone_together(box, now):
    for value in (1, 2, 3):
        box.put(value, "drag")
        now[0] += 0.2
    box.history.undo()
    assert box.value == 0
    box.history.redo()
    assert box.value == 3


def test_a_pause_separates_changes_of_a_kind(box, now):
    box.put(1, "drag")
    now[0] += 5
    box.put(2, "drag")
    box.history.undo()
    assert box.value == 1


def test_changes_of_different_kinds_are_undone_one_by_one(box):
    box.put(1, "drag")
    box.put(2, "brush")
    box.history.undo()
    assert box.value == 1


def test_history_does_not_grow_for_ever(box):
    for value in range(500):
        box.put(value)
    count = 0
    while box.history.undo_text is not None:
        box.history.undo()
        count += 1
    assert count == 200
