"""View: what every panel of the centre offers to the window, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from telemetry.concepts import RunId, TickRange
from telemetry.frozen import Frozen, field
from telemetry.queries import Query
from vmt_log_viewer.background.exporting import Frame
from vmt_log_viewer.background.pace import Pace
from vmt_log_viewer.background.runner import Runner
from vmt_log_viewer.settings import Settings
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.state.document import Document
from vmt_log_viewer.theme import Theme

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.actions import Actions
    from vmt_log_viewer.widgets.saved_filters import SavedFilterPanel

__all__ = ["Context", "ExportRequest", "Frame", "View"]


class Context(Frozen):
    """All that a view may use: it knows no window and no other view."""

    document: Document
    runner: Runner
    theme: Theme
    settings: Settings
    actions: Actions | None = None


class ExportRequest(Frozen):
    """What Ctrl+E offers to write for a view: exactly what it shows.

    `name` is the file name without suffix. `queries` are the data (a TableQuery with the visible
    columns, filters and sort; SeriesQuery, TimelineQuery …; a view of several measures gives
    several); `frames` are rows that no query gives, for the view worked them out. `pictures`
    maps a suffix ("png", "svg") to a function that writes the picture to the path it is given
    and raises telemetry.errors.ExportError where it cannot. `thinning` says what the picture
    leaves out of the data, a note each: points that were thinned, values beyond its range.
    """

    name: str
    queries: tuple[Query[object], ...] = ()
    pictures: dict[str, Callable[[Path], None]] = field(default_factory=dict)
    frames: tuple[Frame, ...] = ()
    thinning: tuple[str, ...] = ()

    @property
    def in_words(self) -> bool:
        """Whether another tool's words can be copied that give the same rows."""
        return bool(self.queries) or any(frame.again is not None for frame in self.frames)


class View(QWidget):
    """One panel about the run shown. Questions go through `context.runner` only.

    Lanes of the runner must begin with `<name>.`; `settled` then works by itself. Every change
    of `state` by hand is taken back by Ctrl+Z (`views/steps.py`), but for the `own_steps` that
    the view itself pushes to `context.document.history`.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    icon: ClassVar[str] = "square"
    above_runs: ClassVar[bool] = False  # shows a source, too, of which no run is shown
    status_changed = Signal(str)  # one line for the status bar: "10 of 5559 rows"
    own_steps: ClassVar[frozenset[str]] = frozenset()  # keys of `state` that the view pushes
    touched = Signal()  # a switch was moved by hand that is no widget with a signal of its own
    export_changed = Signal()  # export_request() may now answer otherwise

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self._pace = Pace(self.refresh, self.settled, context.runner, self)

    @classmethod
    def unsuitable(cls, source: Source) -> str | None:
        """None where this view suits `source`, else the sentence that says what it lacks."""
        return None

    def show_run(self, source: Source, run_id: RunId) -> None:
        """Show another run (the first one too); called after the document was reset to it."""

    def show_source(self, source: Source) -> None:
        """Show what `source` tells above its runs; asked of views with `above_runs` only."""

    def clear(self) -> None:
        """No run is shown any more: drop what belongs to it."""

    def refresh(self) -> None:
        """Ask again for what is shown (F5): the file may have grown."""

    def grow(self, ticks: TickRange) -> None:
        """The run has come further: `ticks` are the last one known before and all since.

        Where a view does not read just these, everything is asked again now and then.
        """
        self._pace.want()

    def dress(self) -> Iterator[None]:
        """Show anew what was made in the theme's colours, in steps that take about as long."""
        yield from ()

    def fit(self) -> None:
        """Show everything, or focus the selection (F)."""

    def focus_filter(self) -> bool:
        """Put the keyboard into the view's filter; False where it has none."""
        return False

    def saved_filters(self) -> SavedFilterPanel | None:
        """The saved filters of the table that is seen; None where none is."""
        return None

    def export_request(self) -> ExportRequest | None:
        """What Ctrl+E writes; None where there is nothing to write."""
        return None

    def faces(self) -> tuple[str, ...]:
        """The titles of the view's own tabs that can be seen now; () where it has one face."""
        return ()

    def turn_to_face(self, title: str) -> None:
        """See the tab of this title."""

    def state(self) -> dict[str, JSON]:
        """What the user chose in this view, as a file can hold it; {} where nothing.

        Run, cursor, brush, chosen agents and the item selected are the document's, sizes and
        places of scroll bars the window's: neither belongs here.
        """
        return {}

    def restore(self, choices: Choices) -> None:
        """Take over what `state` once told, of this run or another.

        Called when the view has settled on its run, so that what is there can be chosen; it may
        ask anew. What `choices` lacks goes back to its default. Where a choice makes another
        possible (a tab, then what stands on it), it is called again once the view has settled,
        until `state` tells the same.
        """

    def settled(self) -> bool:
        """True when everything that was asked for is on the screen."""
        return not self.context.runner.pending(f"{self.name}.")
