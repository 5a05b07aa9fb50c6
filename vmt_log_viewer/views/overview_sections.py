"""The parts of the overview: a titled section, facts, and a table of groups side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QColor, QPalette, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from telemetry.concepts import Cell, Column, Summary
from telemetry.text import cell_text, exact_shown, one_line
from vmt_log_viewer import icons
from vmt_log_viewer.models.cell_style import heading as column_heading
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.theme import BETWEEN, GRID, ICON, INSIDE, Theme
from vmt_log_viewer.widgets.plain import ElidedLabel, caption
from vmt_log_viewer.widgets.words import count_text

LINE = 22
READING = "reading …"


class Section(QWidget):
    """A heading, a note beside it, and either its content or a sentence in its place.

    `room` pixels are kept until the content is there, so that nothing below it jumps.
    """

    def __init__(self, theme: Theme, title: str, content: QWidget, room: int) -> None:
        super().__init__()
        self.content = content
        self.title = QLabel(title)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setFont(theme.font("strong"))
        self.title.setMinimumHeight(self.title.fontMetrics().height() + 4)
        self.note = caption(theme)
        self.sentence = caption(theme, elided=False)
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._room = room
        top = QHBoxLayout()
        top.setSpacing(BETWEEN)
        top.addWidget(self.title)
        top.addWidget(self.note, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(top)
        layout.addWidget(self.sentence)
        layout.addWidget(content)
        layout.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.say(READING)

    def say(self, text: str) -> None:
        """A sentence instead of the content; "" shows the content again."""
        self.sentence.setText(text)
        self.sentence.setVisible(bool(text))
        self.content.setVisible(not text)
        self.sentence.setMinimumHeight(self._room if text == READING else 0)


class Message(QWidget):
    """A whole sentence beside an icon: a warning, or a note of what was inferred."""

    def __init__(self, theme: Theme, text: str, icon: str) -> None:
        super().__init__()
        mark = QLabel()
        color = theme.color("warning") if icon == "warning" else theme.color("muted")
        mark.setPixmap(icons.icon(icon, color).pixmap(ICON, ICON))
        self.label = caption(theme, one_line(text, limit=400), elided=False)
        self.label.setWordWrap(True)
        if icon == "warning":
            self.label.setForegroundRole(QPalette.ColorRole.WindowText)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(INSIDE)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.label, 1)


class FactGrid(QWidget):
    """Labels and values; a value that is not there reads "not recorded" in grey."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(BETWEEN)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 1)

    def show_facts(self, facts: Sequence[tuple[str, Cell]], sought: Collection[str] = ()) -> None:
        """Facts whose labels are `sought` are still being read."""
        clear(self._grid)
        for row, (name, cell) in enumerate(facts):
            self._grid.addWidget(caption(self._theme, name, elided=False), row, 0)
            missing = cell is None
            nothing = READING if name in sought else "not recorded"
            text = cell_text(cell, missing=nothing, limit=300)
            label = caption(self._theme, text) if missing else ElidedLabel(text)
            label.setFixedHeight(LINE)
            self._grid.addWidget(label, row, 1)

    def show_counts(self, counts: Mapping[str, int | None], labels: Mapping[str, str]) -> None:
        """Counts at the right edge of their column; a 0 stays a 0, and None is no 0."""
        clear(self._grid)
        self._grid.setColumnStretch(1, 0)
        self._grid.setColumnStretch(2, 1)
        for row, (name, count) in enumerate(counts.items()):
            self._grid.addWidget(caption(self._theme, labels.get(name, name), elided=False), row, 0)
            number = QLabel("not recorded" if count is None else count_text(count))
            number.setTextFormat(Qt.TextFormat.PlainText)
            number.setFixedHeight(LINE)
            self._grid.addWidget(number, row, 1, Qt.AlignmentFlag.AlignRight)


class Sideways(QScrollArea):
    """As high as what it holds, which can be moved sideways where it is too wide."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setWidget(content)
        content.installEventFilter(self)

    def sizeHint(self) -> QSize:
        content, bar = self.widget(), self.horizontalScrollBar()
        wanted = content.minimumSizeHint()
        more = bar.sizeHint().height() if wanted.width() > self.width() else 0
        return QSize(wanted.width(), wanted.height() + more)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()


class GroupTable(QWidget):
    """A summary with one column per group and one line per aggregate.

    A mean or sum whose unit differs between the groups is not given for all of them together.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(BETWEEN)
        self._grid.setVerticalSpacing(0)

    def show_summary(self, summary: Summary, colors: Mapping[str, QColor]) -> None:
        clear(self._grid)
        names = [cell_text(group[0], missing="not recorded") for group in summary.groups]
        for place, name in enumerate(names, start=1):
            self._grid.addWidget(self._head(name, colors.get(name)), 0, place, _RIGHT)
        several = len(names) > 1
        if several:
            self._grid.addWidget(self._head("all", None), 0, len(names) + 1, _RIGHT)
        line = 1
        for i, column in enumerate(summary.columns[1:], start=1):
            cells = [group[i] for group in summary.groups]
            label = caption(self._theme, column_heading(column), elided=False)
            label.setToolTip(plain_tip(column.help))
            label.setFixedHeight(LINE)
            self._grid.addWidget(label, line, 0)
            if several:
                mixes = column.kind == "real" and not column.unit
                cells.append(None if mixes else summary.total[i])
            self._line(line, cells, column, missing=all(cell is None for cell in cells))
            line += 1
        wide = len(names) + several
        self._grid.setColumnStretch(0, 3)
        for place in range(1, self._grid.columnCount() + 1):
            self._grid.setColumnStretch(place, 0)
        self._grid.setColumnStretch(wide + 1, max(0, 3 - wide))  # few columns stay near their names

    def _line(self, line: int, cells: Sequence[Cell], column: Column, *, missing: bool) -> None:
        if missing:
            text = caption(self._theme, "not recorded", elided=False)
            self._grid.addWidget(text, line, 1, 1, len(cells), _RIGHT)
            return
        for place, cell in enumerate(cells, start=1):
            text = cell_text(cell, column, missing="", digits=4)
            label = QLabel(text)
            label.setTextFormat(Qt.TextFormat.PlainText)
            if cell is not None:
                label.setToolTip(plain_tip(exact_shown(cell, column)))
            self._grid.addWidget(label, line, place, _RIGHT)

    def _head(self, name: str, color: QColor | None) -> QWidget:
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        if color is not None:
            row.addWidget(swatch(color))
        label = QLabel(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setFont(self._theme.font("strong"))
        row.addWidget(label)
        return head


class Legend(QWidget):
    """Names with a square of their colour, in one line."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GRID)
        self._row.addStretch(1)

    def show_entries(self, entries: Sequence[tuple[str, QColor]]) -> None:
        clear(self._row)
        for name, color in entries:
            self._row.addWidget(swatch(color))
            self._row.addWidget(caption(self._theme, name, elided=False))
            self._row.addSpacing(INSIDE)
        self._row.addStretch(1)


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def swatch(color: QColor) -> QLabel:
    pixmap = QPixmap(9, 9)
    pixmap.fill(Qt.GlobalColor.transparent)
    pixmap.fill(color)
    label = QLabel()
    label.setPixmap(pixmap)
    return label


def clear(layout: QGridLayout | QHBoxLayout | QVBoxLayout) -> None:
    """Take everything out of a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
