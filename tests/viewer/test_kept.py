"""Kept pictures: painted in turns where that takes long, and seen only as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QSizeF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from telemetry.analysis.circulation import Matrix
from telemetry.concepts import Good
from vmt_log_viewer.plots import flow_circle
from vmt_log_viewer.plots.flow_circle import A_TURN, FlowCircle
from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.plots.picture import widget_image

PARTS = 4


class Columns(QWidget):
    """Fills a column of its picture in each step."""

    def __init__(self) -> None:
        super().__init__()
        self.kept, self.color, self.steps = Kept(self), "red", 0
        self.resize(40, 20)

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("white"))
        self.kept.draw(painter, QSizeF(self.size()), self.color, self.paint_columns)

    def paint_columns(self, painter: QPainter) -> Iterator[None]:
        wide = self.width() // PARTS
        for part in range(PARTS):
            painter.fillRect(part * wide, 0, wide, self.height(), QColor(self.color))
            self.steps += 1
            yield


def seen(widget: QWidget) -> list[str]:
    """The colours of a widget at the middle of each column, each once."""
    picture, wide = widget.grab().toImage(), widget.width() // PARTS
    found = [picture.pixelColor(wide * part + wide // 2, 10).name() for part in range(PARTS)]
    return sorted(set(found))


def test_a_picture_in_steps_is_seen_after_the_last_of_its_turns(qtbot):
    widget = Columns()
    qtbot.addWidget(widget)
    assert seen(widget) == ["#ffffff"]
    assert (widget.steps, widget.kept.idle()) == (0, False)
    qtbot.waitUntil(widget.kept.idle)
    assert (seen(widget), widget.steps) == (["#ff0000"], PARTS)


def test_a_picture_of_another_key_is_begun_anew_and_the_old_one_left(qtbot):
    widget = Columns()
    qtbot.addWidget(widget)
    seen(widget)
    widget.color = "blue"
    assert seen(widget) == ["#ffffff"]
    qtbot.waitUntil(widget.kept.idle)
    assert (seen(widget), widget.kept.paintings) == (["#0000ff"], 1)


def test_another_size_stretches_the_picture_until_it_is_there(qtbot):
    widget = Columns()
    qtbot.addWidget(widget)
    seen(widget)
    qtbot.waitUntil(widget.kept.idle)
    widget.resize(80, 20)
    assert seen(widget) == ["#ff0000"]
    assert (widget.steps, widget.kept.paintings) == (PARTS, 1)
    qtbot.waitUntil(lambda: seen(widget) == ["#ff0000"] and widget.kept.paintings == 2)
    assert widget.steps == 2 * PARTS


def test_what_a_theme_will_show_is_prepared_before_it_is_asked_for(qtbot):
    widget = Columns()
    qtbot.addWidget(widget)
    seen(widget)
    qtbot.waitUntil(widget.kept.idle)
    widget.color = "blue"
    for _ in widget.kept.prepare("blue", widget.paint_columns):
        assert widget.kept.paintings in (1, 2)
    assert (seen(widget), widget.steps) == (["#0000ff"], 2 * PARTS)


def test_an_export_has_all_of_a_picture_that_is_still_being_painted(qtbot):
    widget = Columns()
    qtbot.addWidget(widget)
    seen(widget)
    picture = widget_image(widget)
    assert {picture.pixelColor(x, 20).name() for x in range(picture.width())} == {"#ff0000"}
    assert not widget.kept.idle()


def test_a_widget_may_go_while_its_picture_is_painted(qtbot):
    widget = Columns()
    seen(widget)
    widget.deleteLater()
    qtbot.wait(1)
    assert widget.steps == 0


def test_a_circle_of_many_ribbons_is_painted_in_turns_and_looks_the_same(qtbot, theme, monkeypatch):
    agents = 30
    amount = np.triu(np.ones((agents, agents)), 1)
    good = Good("A", "A", "units", "trades", "tick", ())
    names = tuple(str(agent) for agent in range(agents))
    found = Matrix(good, tuple(range(agents)), 0, amount, amount.astype(np.int64), names)
    circle = FlowCircle(theme)
    qtbot.addWidget(circle)
    circle.resize(300, 300)
    circle.show_matrix(found, [QColor("teal")] * agents, by_rows=False)
    assert np.count_nonzero(amount) > 2 * A_TURN
    circle.grab()
    assert not circle.painted()
    qtbot.waitUntil(circle.painted)
    in_turns = circle.grab().toImage()
    monkeypatch.setattr(flow_circle, "A_TURN", 1_000_000)
    circle.show_matrix(found, [QColor("teal")] * agents, by_rows=False)
    circle.grab()
    qtbot.waitUntil(circle.painted)
    assert circle.grab().toImage() == in_turns
