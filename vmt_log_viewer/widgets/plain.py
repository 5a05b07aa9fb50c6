"""Small widgets that many views need, in the program's look: captions, headings, tool buttons."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QMenu, QSizePolicy, QToolButton, QWidget, QWidgetAction

from vmt_log_viewer import icons
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.theme import ICON, Theme


class ElidedLabel(QLabel):
    """One line of plain text that gives way with an ellipsis; the whole text is its tooltip."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._whole = ""
        self.setText(text)

    def setText(self, text: str) -> None:
        self._whole = text
        self._elide()

    def text(self) -> str:
        return self._whole

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._elide()

    def _elide(self) -> None:
        room = max(0, self.contentsRect().width())
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, room)
        super().setText(shown)
        self.setToolTip("" if shown == self._whole else plain_tip(self._whole))


def caption(theme: Theme, text: str = "", *, elided: bool = True) -> QLabel:
    """A muted line in the smaller size."""
    label = ElidedLabel(text) if elided else QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setFont(theme.font("caption"))
    label.setMinimumHeight(label.fontMetrics().height())
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)  # the muted colour
    return label


def heading(theme: Theme, text: str = "") -> QLabel:
    """A line in the stronger weight above a part of a view."""
    label = ElidedLabel(text)
    label.setFont(theme.font("strong"))
    label.setMinimumHeight(label.fontMetrics().height() + 4)
    return label


def tool_button(text: str, icon: str, tip: str, *, only_icon: bool = False) -> QToolButton:
    """A flat button of the height of a row."""
    button = QToolButton()
    button.setText(text)
    button.setAccessibleName(text)
    button.setToolTip(tip)
    button.setIcon(icons.icon(icon))
    button.setIconSize(QSize(ICON, ICON))
    style = Qt.ToolButtonStyle
    button.setToolButtonStyle(
        style.ToolButtonIconOnly if only_icon else style.ToolButtonTextBesideIcon
    )
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def drop_down(button: QToolButton, content: QWidget) -> QMenu:
    """Let `button` drop `content` down; the menu, which belongs to the button, is returned."""
    menu = QMenu(button)
    action = QWidgetAction(menu)
    action.setDefaultWidget(content)
    menu.addAction(action)
    button.setMenu(menu)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return menu
