"""Odd sources of every family are shown by every view that suits them, and nothing is claimed."""

import pytest

from tests.builders.odd import MAKERS
from tests.viewer.programs import opened, settle

pytestmark = pytest.mark.sampled(4)

ALL = tuple(MAKERS)


@pytest.mark.parametrize("kind", ALL)
def test_an_odd_source_is_shown_by_every_view(program, qtbot, tmp_path, server, kind):
    odd = MAKERS[kind](tmp_path, server)
    opened(qtbot, program, odd.location, run=str(odd.run))
    area = program.window.area
    seen = 0
    for page in area.suitable():
        area.go_to(page)
        qtbot.waitUntil(lambda: program.runner.idle() and area.settled(), timeout=60_000)
        seen += 1
    assert seen
    assert program.document.run.run_id == odd.run
    assert program.window.messages.text == ""
    program.session.refresh()
    settle(qtbot, program)
    assert program.window.messages.text == ""
