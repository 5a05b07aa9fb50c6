"""Only views that suit have a tab; the View menu says why another has none."""

from tests.viewer.programs import opened


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
