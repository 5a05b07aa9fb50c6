"""NegotiationSides: beside the tries, why they failed, both states, and the Edgeworth box."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from telemetry.analysis.edgeworth import Picture, picture
from telemetry.analysis.whys import margin_text
from telemetry.concepts import Box, Negotiation, RunId, Why
from telemetry.queries import BoxQuery, WhyQuery
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.widgets.edgeworth_plot import EdgeworthPlot
from vmt_log_viewer.widgets.gate_list import GateList
from vmt_log_viewer.widgets.plain import caption, tool_button
from vmt_log_viewer.widgets.state_grid import StateGrid

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.views.view import Context

_LEAST = 24  # pixels of a button
WHY, STATES, BOX = "why", "states", "box"
_BUTTONS = (
    (WHY, "Why", "question", "Each gate with its margin"),
    (STATES, "States", "users", "Both agents before and after"),
    (BOX, "Box", "bounding-box", "The Edgeworth box of the two"),
)


class NegotiationSides(QStackedWidget):
    """One of three pages, chosen by `buttons`; `chosen_by_hand` None: none was chosen yet.

    Asks its own questions, on lanes below the panel's.
    """

    page_wanted = Signal(str)  # by hand; "" where the page that is shown should go
    told = Signal(str)  # the verdict in a sentence

    def __init__(self, context: Context, lane: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._lane = context, lane
        theme = context.theme
        self.gates, self.states = GateList(theme), StateGrid(theme)
        self.plot, self._about = EdgeworthPlot(theme), caption(theme, elided=False)
        self._about.setWordWrap(True)
        self.box: Box | None = None
        self._key: int | str | None = None
        self._pages: dict[str, QWidget] = {
            WHY: _scrolled(self.gates),
            STATES: _scrolled(self.states),
            BOX: _column(self.plot, self._about),
        }
        self.buttons: dict[str, QToolButton] = {}
        for name, text, icon, tip in _BUTTONS:
            self.addWidget(self._pages[name])
            button = self.buttons[name] = tool_button(text, icon, tip, only_icon=True)
            button.setCheckable(True)
            button.setMinimumWidth(_LEAST)  # gives way to its icon in a narrow panel
            button.clicked.connect(lambda on, name=name: self.page_wanted.emit(name if on else ""))
        self.setMinimumWidth(3 * _LEAST)
        self.gates.told.connect(self.told)

    @property
    def page(self) -> str:
        """Which page is on top."""
        return next(name for name, page in self._pages.items() if page is self.currentWidget())

    def turn_to(self, name: str) -> None:
        """Put a page on top."""
        self.setCurrentWidget(self._pages[name])

    def offers(self, name: str) -> bool:
        """Whether this source has what the page needs."""
        return not self.buttons[name].isHidden()

    def set_narrow(self, narrow: bool) -> None:
        """Buttons without their words, where these would keep the panel from shrinking."""
        style = Qt.ToolButtonStyle
        for button in self.buttons.values():
            button.setToolButtonStyle(
                style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon
            )

    def ask(self, source: Source, run_id: RunId, found: Negotiation) -> None:
        """Show the states, and ask for gates and box of the same two."""
        self.states.show_negotiation(found)
        self._forget_answers()
        submit = self._context.runner.submit
        why, box = source.can_answer(WhyQuery), source.can_answer(BoxQuery)
        self.buttons[WHY].setVisible(why)
        self.buttons[BOX].setVisible(box)
        if why:
            query = WhyQuery(run_id, found.tick, found.agents)
            submit(f"{self._lane}.why", source, query, self._show_why, self._no_why, self)
        if box:
            asked = BoxQuery(run_id, found.tick, found.agents)
            submit(f"{self._lane}.box", source, asked, self._show_box, self._no_box, self)

    def forget(self) -> None:
        """Another run is shown."""
        for name in (WHY, BOX):
            self._context.runner.cancel(f"{self._lane}.{name}")
        self.states.show_negotiation(None)
        self._forget_answers()

    def point_out(self, key: int | str | None) -> None:
        """Draw the box through this try."""
        self._key = key
        if self.box is not None:
            self._show_box(self.box)

    def _forget_answers(self) -> None:
        self.gates.show_why(None)
        self.box = None
        self.plot.show_box(None, None)
        self._about.setText("")

    def _show_why(self, found: Why) -> None:
        self.gates.show_why(found)

    def _no_why(self, error: Exception) -> None:
        self.gates.say(str(error))

    def _show_box(self, box: Box) -> None:
        self.box = box
        drawn = picture(box, self._key)
        self.plot.show_box(box, drawn)
        self._about.setText("\n".join((*_split(box, drawn), *drawn.notes)))

    def _no_box(self, error: Exception) -> None:
        self._about.setText(str(error))


def _split(box: Box, drawn: Picture) -> tuple[str, ...]:
    """How the gain of the move that is drawn through is divided, in a line."""
    if drawn.split is None or drawn.chosen is None:
        return ()
    first, second = (holder.agent_id for holder in box.holders)
    gains = (
        f"agent {first} {margin_text(drawn.split.first, 'utility')}, "
        f"agent {second} {margin_text(drawn.split.second, 'utility')}"
    )
    share = drawn.split.share
    part = "" if share is None or not 0 <= share <= 1 else f"; {share:.0%} of the sum to {first}"
    return (f"{'Trade' if drawn.chosen.success else 'Try'}: {gains}{part}.",)


def _scrolled(inner: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(inner)
    return area


def _column(plot: QWidget, below: QLabel) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(INSIDE, 0, INSIDE, GRID)
    layout.setSpacing(GRID)
    layout.addWidget(plot, 1)
    layout.addWidget(below)
    return page
