"""Dressing: the program takes another look in turns, so that nobody has to wait for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from vmt_log_viewer.style_sheet import KINDS, SHEET
from vmt_log_viewer.theme import Theme
from vmt_log_viewer.turns import Turns, paint_again
from vmt_log_viewer.views.view import View
from vmt_log_viewer.window import Window

A_TURN = 20  # widgets that are not seen


class Dressing(QObject):
    """What is seen changes at one moment, once all of it is ready; the rest in the turns after.

    Qt keeps the colours that a style sheet gave to a widget until it is polished; to set the
    sheet once more would dress every widget of the window, which takes five times as long.
    """

    def __init__(self, window: Window, theme: Theme) -> None:
        super().__init__(window)
        self._window, self._theme = window, theme
        self._turns = Turns(self)
        window.setStyleSheet(SHEET)  # of the application it would take ten times as long
        theme.changed.connect(lambda: self._turns.begin(self._steps()))

    def idle(self) -> bool:
        return self._turns.idle()

    def stop(self) -> None:
        self._turns.stop()

    def _steps(self) -> Iterator[None]:
        window = self._window
        window.setUpdatesEnabled(False)
        QApplication.setPalette(self._theme.palette())
        yield  # in which Qt tells every widget
        views = [page.view for page in window.area.pages if page.view is not None]
        seen = [view for view in views if view.isVisible()]
        widgets = [w for w in (window, *window.findChildren(QWidget)) if isinstance(w, KINDS)]
        hidden = [widget for widget in widgets if not widget.isVisible()]
        _polish(widget for widget in widgets if widget.isVisible())
        yield
        if window.timeline is not None:
            yield from window.timeline.dress()
        yield from _dressed(seen)
        yield from paint_again(window, window.parts())
        yield
        for place in range(0, len(hidden), A_TURN):
            _polish(hidden[place : place + A_TURN])
            yield
        yield from _dressed(view for view in views if view not in seen)


def _dressed(views: Iterable[View]) -> Iterator[None]:
    for view in views:
        for _ in view.dress() if isValid(view) else ():
            yield


def _polish(widgets: Iterable[QWidget]) -> None:
    for widget in widgets:
        if isValid(widget):  # it may be gone since
            style = widget.style()
            style.unpolish(widget)
            style.polish(widget)
