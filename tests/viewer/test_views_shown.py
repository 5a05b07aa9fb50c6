"""One body over all views and all families; only views that suit have a tab, the menu says why."""

import pytest

from tests.builders.samples import SAMPLES
from tests.effort import effort
from tests.viewer.programs import opened, settle

ONE_OF_EACH = ("vmt-money", "simcash-unified", "moltmarket-server", "bilancio-run")
TRIED = [
    sample for sample in SAMPLES if str(sample) in effort(ONE_OF_EACH, tuple(map(str, SAMPLES)))
]
REFRESHED = effort(4, 1)
"""Every so many views, all is read anew while it is seen."""
pytestmark = pytest.mark.sampled(len(TRIED))

SUIT = {
    "vmt": {"overview", "trades", "attempts", "trajectories"},
    "simcash": {"overview", "experiment", "trades", "attempts", "events", "trajectories"},
    "moltmarket": {"overview", "trades", "attempts", "events", "order_book"},
    "bilancio": {"overview", "trades", "attempts", "events", "trajectories"},
}
"""What each family must at least be shown by."""


@pytest.mark.parametrize("sample", TRIED, ids=str)
def test_every_view_shows_a_run_of_every_family_or_says_why_not(
    program, qtbot, tmp_path, request, sample
):
    if sample.sql is None:
        place = sample.make(tmp_path)
    else:
        place = request.getfixturevalue("server").create(sample.sql())
    opened(qtbot, program, place, run=str(sample.run))
    area, cursor = program.window.area, program.document.cursor
    shown = set()
    for number, page in enumerate(area.pages):
        if page.reason is not None:
            assert page.reason.strip().endswith("."), page.kind.title
            continue
        shown.add(page.kind.name)
        area.go_to(page)
        qtbot.waitUntil(lambda: program.runner.idle() and area.settled(), timeout=30_000)
        assert page.view.isVisible(), page.kind.title
        for tick in (cursor.bounds.first, cursor.bounds.last):  # each follows the one "now"
            cursor.move_to(tick)
            settle(qtbot, program)
        if number % REFRESHED == 0:
            program.session.refresh()
            qtbot.waitUntil(lambda: program.runner.idle() and area.settled(), timeout=30_000)
        assert not page.view.grab().isNull()
        assert program.window.messages.text == "", page.kind.title
    assert shown >= SUIT[sample.family]


def test_a_view_that_does_not_suit_has_no_tab_and_the_menu_says_why(program, qtbot, barter_db):
    opened(qtbot, program, barter_db)
    area, window = program.window.area, program.window
    titles = {side.tabText(i): side.isTabVisible(i) for side in area._sides
              for i in range(side.count())}  # fmt: skip
    assert titles["Overview"]
    assert not titles["Order book"]
    number = next(n for n, p in enumerate(area.pages, 1) if p.kind.title == "Order book")
    action = window.actions_[f"view_{number}"]
    assert not action.isEnabled()
    assert area.pages[number - 1].reason in action.toolTip()
