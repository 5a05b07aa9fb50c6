"""Halves: the two tab widgets that the views stand in, side by side or one below the other."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QMimeData, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QIcon,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import QSplitter, QStyleOptionTab, QTabBar, QTabWidget, QWidget

Zone = Literal["left", "right", "top", "bottom"]
ZONES: dict[Zone, tuple[Qt.Orientation, int]] = {
    "left": (Qt.Orientation.Horizontal, 0),
    "right": (Qt.Orientation.Horizontal, 1),
    "top": (Qt.Orientation.Vertical, 0),
    "bottom": (Qt.Orientation.Vertical, 1),
}
"""How the halves lie, and which of them it is."""
MIME = "application/x-vmt-log-viewer-view"
OUT = 16
"""Pixels that a tab has to be drawn out of its bar before it can be put elsewhere."""
UNDERLINE = 2
TEXT_MARGIN, ICON_WIDTH = 20, 36
"""Pixels beside the words of a tab that has no icon; pixels of a tab that has nothing else."""
Dress = Literal["both", "words", "icons"]


class HalfBar(QTabBar):
    """Tabs that can be moved within the bar, or drawn out of it to another half.

    Where there is no room for all of them they lose their icons, and then all but the chosen one
    their words; `tabText` is the whole title whatever is drawn.
    """

    drawn_out = Signal(int)  # index

    def __init__(self) -> None:
        super().__init__()
        self.active = True
        self.dress: Dress = "both"
        self._pressed: int = -1
        self._hints: dict[str, QSize] = {}  # of whole tabs, by their titles
        self._words: dict[str, int] = {}  # widths of tabs without icons
        self._dressed_for: tuple[object, ...] = ()
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setSelectionBehaviorOnRemove(QTabBar.SelectionBehavior.SelectPreviousTab)
        self.currentChanged.connect(lambda index: self._dress_up())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._dress_up()
        super().resizeEvent(event)

    def tabLayoutChange(self) -> None:
        super().tabLayoutChange()
        self._dress_up()

    def tabSizeHint(self, index: int) -> QSize:
        return QSize(self._width(index, self.dress), self._hint(index).height())

    def changeEvent(self, event: QEvent) -> None:
        self._hints.clear()  # another font or style
        self._words.clear()
        self._dressed_for = ()
        super().changeEvent(event)

    def minimumTabSizeHint(self, index: int) -> QSize:
        return self.tabSizeHint(index)

    def initStyleOption(self, option: QStyleOptionTab, index: int) -> None:
        super().initStyleOption(option, index)
        if self._only_icon(index):
            option.text = ""
        elif self.dress != "both":
            option.icon = QIcon()

    def _dress_up(self) -> None:
        """The richest dress in which all tabs have room."""
        seen = [index for index in range(self.count()) if self.isTabVisible(index)]
        asked = (self.width(), self.currentIndex(), *(self.tabText(index) for index in seen))
        if asked == self._dressed_for:
            return  # Qt tells of every layout of the tabs
        self._dressed_for = asked
        dresses: tuple[Dress, ...] = ("both", "words", "icons")
        dress = next(
            (d for d in dresses if sum(self._width(i, d) for i in seen) <= self.width()), "icons"
        )
        for index in seen:
            bare = dress == "icons" and index != self.currentIndex()
            self.setTabToolTip(index, self.tabText(index) if bare else "")
        if dress != self.dress or dress == "icons":
            self.dress = dress
            self.setIconSize(self.iconSize())  # has the tabs laid out anew

    def _only_icon(self, index: int) -> bool:
        return self.dress == "icons" and index != self.currentIndex()

    def _width(self, index: int, dress: Dress) -> int:
        if dress == "both":
            return self._hint(index).width()
        if dress == "icons" and index != self.currentIndex():
            return ICON_WIDTH
        return self._words_width(self.tabText(index))

    def _hint(self, index: int) -> QSize:
        """What a whole tab takes: asked for each of the tabs whenever one of them changes."""
        title = self.tabText(index)
        if title not in self._hints:
            self._hints[title] = super().tabSizeHint(index)
        return self._hints[title]

    def _words_width(self, title: str) -> int:
        if title not in self._words:
            self._words[title] = self.fontMetrics().horizontalAdvance(title) + TEXT_MARGIN
        return self._words[title]

    def show_active(self, active: bool) -> None:
        """Whether verbs mean the view of this half."""
        self.active = active
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        self._pressed = self.tabAt(event.position().toPoint()) if left else -1
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        y = event.position().y()
        if self._pressed >= 0 and (y < -OUT or y > self.height() + OUT):
            self._pressed = -1
            self._let_go(event)
            self.drawn_out.emit(self.currentIndex())  # the press has chosen it
            return
        super().mouseMoveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The chosen tab of the half that verbs do not mean is underlined in grey."""
        super().paintEvent(event)
        if not self.active and self.currentIndex() >= 0:
            tab = self.tabRect(self.currentIndex())
            line = QRect(tab.left(), tab.bottom() - UNDERLINE + 1, tab.width(), UNDERLINE)
            QPainter(self).fillRect(line, self.palette().color(QPalette.ColorRole.Mid))

    def _let_go(self, event: QMouseEvent) -> None:
        """End the bar's own moving, which would go on below the drag."""
        released = QMouseEvent(
            QMouseEvent.Type.MouseButtonRelease,
            event.position(),
            event.globalPosition(),
            Qt.MouseButton.LeftButton,
            Qt.MouseButton.NoButton,
            event.modifiers(),
        )
        super().mouseReleaseEvent(released)


class Half(QTabWidget):
    """One half. Its pages are the area's."""

    def __init__(self) -> None:
        super().__init__()
        self.bar = HalfBar()
        self.setTabBar(self.bar)
        self.setDocumentMode(True)
        self.setMovable(True)

    def pages(self) -> list[QWidget]:
        """In the order of the tabs."""
        return [self.widget(index) for index in range(self.count())]

    def in_use(self) -> bool:
        """True where it has a tab that can be seen."""
        return any(self.isTabVisible(index) for index in range(self.count()))


class Halves(QSplitter):
    """Both halves, and where a tab that is dragged over them may be dropped."""

    dropped = Signal(str, str)  # the text that was dragged, a Zone

    def __init__(self, area: QWidget) -> None:
        """`area` is what the halves fill."""
        super().__init__(Qt.Orientation.Horizontal)
        self.sides = (Half(), Half())
        self._hint = _Hint(area)
        self.setChildrenCollapsible(False)
        self.setAcceptDrops(True)
        for side in self.sides:
            self.addWidget(side)
        self.sides[1].hide()

    @property
    def split(self) -> bool:
        return all(side.in_use() for side in self.sides)

    def show_used(self) -> None:
        """A half without tabs gives the other one its room."""
        was = [side.isHidden() for side in self.sides]
        for side in self.sides:
            side.setHidden(not side.in_use() and side is not self._only())
        if self.split and any(was):
            self.setSizes([1, 1])

    def drag(self, text: str) -> None:
        """Let the user carry `text` (a view's name) to a zone; returns when it was dropped."""
        drag, data = QDrag(self), QMimeData()
        data.setData(MIME, text.encode())
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.MoveAction)

    def zone_at(self, where: QPoint) -> Zone:
        """The edge that is nearest, as a share of the way to it."""
        across = where.x() / max(1, self.width())
        down = where.y() / max(1, self.height())
        away: dict[Zone, float] = {
            "left": across, "right": 1 - across, "top": down, "bottom": 1 - down,
        }  # fmt: skip
        return min(away, key=lambda zone: away[zone])

    def area_of(self, zone: Zone) -> QRect:
        """The half of the room that a zone stands for."""
        whole = self.rect()
        if zone in ("left", "right"):
            half = whole.adjusted(0, 0, -whole.width() // 2, 0)
            return half if zone == "left" else half.translated(whole.width() // 2, 0)
        half = whole.adjusted(0, 0, 0, -whole.height() // 2)
        return half if zone == "top" else half.translated(0, whole.height() // 2)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.mimeData().hasFormat(MIME):
            self._hint.show_at(self.area_of(self.zone_at(event.position().toPoint())))
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._hint.hide()
        if event.mimeData().hasFormat(MIME):
            text = bytes(event.mimeData().data(MIME).data()).decode()
            event.acceptProposedAction()
            self.dropped.emit(text, self.zone_at(event.position().toPoint()))

    def _only(self) -> Half | None:
        """The half that stays where neither is in use."""
        return None if any(side.in_use() for side in self.sides) else self.sides[0]


class _Hint(QWidget):
    """Where a tab that is dragged would go. No child of the splitter, which would lay it out."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_at(self, area: QRect) -> None:
        self.setGeometry(area)
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        color = self.palette().color(QPalette.ColorRole.Accent)
        color.setAlphaF(0.25)
        QPainter(self).fillRect(self.rect(), color)
