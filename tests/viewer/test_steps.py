"""Every switch of every view is a step: Ctrl+Z takes it back, Ctrl+Shift+Z makes it again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QHeaderView, QListWidget, QTabBar

from tests.builders import simcash
from tests.effort import effort
from tests.viewer.programs import opened, settle
from vmt_log_viewer.views.steps import told
from vmt_log_viewer.widgets.row_table import RowTable

LEFT = Qt.MouseButton.LeftButton
AT_LEAST = {
    "trajectories": {"style", "log", "marks"},
    "trades": {"sort", "facets", "chosen_agents_only", "columns"},
    "attempts": {"sort", "facets", "above"},
    "map": {"color", "targets", "resources"},
    "tables": {"table", "sort"},
    "compare": {"page", "panes", "align", "measure"},
    "experiment": {"page", "on_page"},
}
"""What the switches of a view are known to change."""


def touches(view) -> Iterator[tuple[str, object]]:
    """What a hand can do in a view, one after the other; of buttons of one name the first."""
    buttons = {button.text(): button for button in reversed(view.findChildren(QAbstractButton))
               if button.isVisible() and button.isEnabled() and button.isCheckable()}  # fmt: skip
    for text, button in buttons.items():
        yield f"button {text}", button.click
    for box in view.findChildren(QComboBox):
        if box.isVisible() and box.isEnabled() and box.count() > 1:
            yield f"box {box.toolTip()}", lambda box=box: choose(box)
    for header in view.findChildren(QHeaderView):
        visible = header.isVisible() and header.sectionsClickable()
        if visible and header.orientation() == Qt.Orientation.Horizontal and header.count():
            where = QPoint(header.sectionViewportPosition(header.logicalIndex(0)) + 20, 10)
            yield "header", lambda h=header, w=where: QTest.mouseClick(h.viewport(), LEFT, pos=w)
    for bar in view.findChildren(QTabBar):
        for index in range(bar.count()):
            if bar.isVisible() and bar.isTabVisible(index) and index != bar.currentIndex():
                yield f"tab {bar.tabText(index)}", lambda b=bar, i=index: QTest.mouseClick(
                    b, LEFT, pos=b.tabRect(i).center())  # fmt: skip
                break
    for table in view.findChildren(RowTable):
        if table.isVisible() and len(table.visible_columns()) > 1:
            last = table.visible_columns()[-1]
            yield "column", lambda t=table, last=last: t.show_column(last, False)
    for rows in view.findChildren(QListWidget):
        if rows.isVisible() and rows.count() > 1:
            yield "list", lambda rows=rows: rows.setCurrentRow((rows.currentRow() + 1) % 2)


def choose(box):
    index = (box.currentIndex() + 1) % box.count()
    box.setCurrentIndex(index)
    box.activated.emit(index)


def calm(qtbot, program):
    """Wait until nothing is asked, painted, noticed or taken back any more."""
    window = program.window
    qtbot.wait(1)
    qtbot.waitUntil(
        lambda: program.runner.idle() and window.area.settled() and window.steps.idle(),
        timeout=30_000,
    )


@pytest.mark.parametrize("name", ["money", "payments"])
def test_what_a_hand_changes_in_a_view_is_taken_back_and_made_again(
    program, qtbot, tmp_path, money_db, name
):
    payments = name == "payments"
    place = simcash.unified(tmp_path / "u.db") if payments else money_db
    opened(qtbot, program, place, simcash.SECOND if payments else "2")
    window, document = program.window, program.document
    window.resize(1400, 900)
    if name == "money":
        document.compare(list(window.library.model.all_runs())[:3])
    for number, page in enumerate(window.area.suitable()):
        if payments and page.kind.name != "experiment":
            continue  # the other ones are those of the money run
        if page.kind.name not in AT_LEAST and number % effort(2, 1):
            continue
        window.area.go_to(page)
        calm(qtbot, program)
        view, changed = page.view, set()
        for what, touch in list(touches(view)):
            before = told(view)
            document.history.clear()
            calm(qtbot, program)
            touch()
            calm(qtbot, program)
            after = told(view)
            keys = {key for key in after if after[key] != before.get(key)} - {"audited"}
            if not keys:
                continue
            where = (view.name, what, keys)
            assert document.history.undo_text is not None, where
            document.history.undo()
            calm(qtbot, program)
            assert told(view) == before, where
            assert document.history.undo_text is None, where
            document.history.redo()
            calm(qtbot, program)
            assert told(view) == after, where
            changed |= keys
        assert changed >= AT_LEAST.get(view.name, set()), (view.name, changed)
    settle(qtbot, program)
