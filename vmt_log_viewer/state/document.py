"""Document: the open sources, the run that is shown, and the state that belongs to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from psygnal import Signal

from telemetry.concepts import AgentId, Audit, Run, RunId, TickRange
from telemetry.frozen import replace
from vmt_log_viewer.state.alerts import Alerts
from vmt_log_viewer.state.cursor import Cursor
from vmt_log_viewer.state.history import Change, History
from vmt_log_viewer.state.marks import Mark, Marks
from vmt_log_viewer.state.playback import Playback
from vmt_log_viewer.state.selection import Selection
from vmt_log_viewer.state.shelf import Shelf

if TYPE_CHECKING:
    from telemetry.source import Source


class Document:
    """Everything the window is about.

    `run_shown` comes after cursor, selection and history were reset to the new run, while
    `source` and `run_id` name the new run already when those resets are announced. A source may
    be shown without any of its runs (`show_source`): `run` is None then, `source` is not.
    """

    source_opened = Signal(object)  # Source
    source_closed = Signal(object)  # Source
    run_shown = Signal(object, object)  # Source, RunId
    run_updated = Signal(object)  # Run: the same run, looked at again
    run_cleared = Signal()  # no run is shown any more
    source_shown = Signal(object)  # Source: what it tells above its runs, and none of these
    experiment_chosen = Signal(str, object)  # its id, and an iteration or None
    audited = Signal(object, object)  # Source, Audit
    compared = Signal(object)  # tuple[tuple[Source, Run], ...]: the runs to be held side by side
    rows_wanted = Signal(str, object)  # a table, {column: filter}: somebody asks for these rows
    run_wanted = Signal(object, object)  # Source, Run: somebody other than the Library asks for it

    def __init__(self, shelf: Shelf | None = None) -> None:
        self.shelf = Shelf() if shelf is None else shelf
        self.cursor = Cursor()
        self.selection = Selection()
        self.playback = Playback(self.cursor)
        self.history = History()
        self.marks = Marks()
        self.alerts = Alerts()
        self._sources: tuple[Source, ...] = ()
        self._source: Source | None = None
        self._run: Run | None = None
        self._experiment: tuple[str, int | None] | None = None
        self._audits: dict[tuple[str, RunId], Audit] = {}
        self._comparison: tuple[tuple[Source, Run], ...] = ()
        self._resetting = False
        self._tick: int | None = None
        self._awaited: int | None = None  # asked for before the run's ticks were known
        self._agents: tuple[AgentId, ...] = ()
        self._brush: TickRange | None = None
        self._marked: tuple[Mark, ...] = ()
        self.cursor.moved.connect(self._remember_tick)
        self.selection.agents_changed.connect(self._remember_agents)
        self.selection.brush_changed.connect(self._remember_brush)
        self.marks.changed.connect(self._remember_marks)
        self._speed = self.playback.speed
        self.playback.speed_changed.connect(self._remember_speed)

    @property
    def sources(self) -> tuple[Source, ...]:
        return self._sources

    @property
    def source(self) -> Source | None:
        """The source of the run that is shown, or that is shown without a run."""
        return self._source

    @property
    def run(self) -> Run | None:
        return self._run

    @property
    def run_id(self) -> RunId | None:
        return None if self._run is None else self._run.run_id

    @property
    def experiment(self) -> tuple[str, int | None] | None:
        """The experiment (and iteration) chosen by hand since the run was shown, if any was."""
        return self._experiment

    def audit_of(self, source: Source, run_id: RunId) -> Audit | None:
        """What an audit of the run found, if one was asked for since the program began."""
        return self._audits.get((source.key, run_id))

    def keep_audit(self, source: Source, audit: Audit) -> None:
        """A run was audited: whoever lists it may show the verdict."""
        self._audits[source.key, audit.run_id] = audit
        self.audited.emit(source, audit)

    @property
    def comparison(self) -> tuple[tuple[Source, Run], ...]:
        """The runs that are held side by side, from any open sources; () before any were."""
        return self._comparison

    def compare(self, runs: Iterable[tuple[Source, Run]]) -> None:
        """Hold these runs side by side, in this order."""
        self._comparison = tuple(runs)
        self.compared.emit(self._comparison)

    @property
    def resetting(self) -> bool:
        """True while cursor, selection and marks change because the run does, not the user."""
        return self._resetting

    def add_source(self, source: Source) -> None:
        if source not in self._sources:
            self._sources = (*self._sources, source)
            self.source_opened.emit(source)

    def close_source(self, source: Source) -> None:
        """Forget a source (the caller closes it); its run is shown no more."""
        if source not in self._sources:
            return
        if source is self._source:
            self.clear_run()
        self._sources = tuple(s for s in self._sources if s is not source)
        left = tuple(pair for pair in self._comparison if pair[0] is not source)
        if left != self._comparison:
            self.compare(left)
        self.source_closed.emit(source)

    def show_run(self, source: Source, run: Run, tick: int | None = None) -> None:
        """Show `run` of an open source, the cursor at `tick` or its first tick."""
        self._source, self._run, self._experiment = source, run, None
        self._awaited = tick
        self._reset(run.ticks, tick)
        self.run_shown.emit(source, run.run_id)

    def show_source(self, source: Source) -> None:
        """Show what `source` tells above its runs, and none of them."""
        self._source, self._run, self._experiment = source, None, None
        self._reset(None, None)
        self.source_shown.emit(source)

    def choose_experiment(self, experiment_id: str, iteration: int | None = None) -> None:
        """Turn to an experiment of the source that is shown."""
        self._experiment = (experiment_id, iteration)
        self.experiment_chosen.emit(experiment_id, iteration)

    def update_run(self, run: Run) -> None:
        """Take over what a newer look at the run shown tells: more ticks, another status."""
        if self._run is None or run.run_id != self._run.run_id:
            return
        grown, first_told = run.ticks != self._run.ticks, self._run.ticks is None
        self._run = run
        if grown and first_told:
            self._start(run.ticks, self._awaited)
        elif grown:
            self.cursor.set_bounds(run.ticks)
        self.run_updated.emit(run)

    def grow(self, ticks: TickRange, status: str) -> None:
        """The run shown has come further: a cursor at its end goes on with it, another stays.

        Nothing is announced but the cursor's own: who grows is told by the one who noticed.
        """
        if self._run is None:
            return
        bounds = self.cursor.bounds
        at_end = bounds is None or self.cursor.tick == bounds.last
        self._run = replace(self._run, ticks=ticks, status=status)
        self._resetting = True  # nobody's move, nothing to undo
        try:
            self.cursor.grow(ticks)
            if at_end:
                self.cursor.last()
        finally:
            self._resetting = False

    def restore_marks(self, marks: Iterable[Mark]) -> None:
        """The marks that the run was given before: nobody's change, nothing to undo."""
        self._resetting = True
        try:
            self.marks.replace(marks)
        finally:
            self._resetting = False

    def clear_run(self) -> None:
        if self._source is None:
            return
        self._source = self._run = self._experiment = None
        self._reset(None, None)
        self.run_cleared.emit()

    def _reset(self, bounds: TickRange | None, tick: int | None) -> None:
        self.playback.stop()
        self._resetting = True
        try:
            self.selection.reset()
            self.marks.replace(())
            self.alerts.clear()
        finally:
            self._resetting = False
        self._start(bounds, tick)
        self._agents, self._brush = (), None
        self.history.clear()

    def _start(self, bounds: TickRange | None, tick: int | None) -> None:
        """Put the cursor where the run begins to be looked at: nobody's move, nothing to undo."""
        self._resetting = True
        try:
            self.cursor.reset(bounds, tick)
        finally:
            self._resetting = False
        self._tick = self.cursor.tick

    def _remember_tick(self, tick: int | None) -> None:
        old, self._tick = self._tick, tick
        if not self._resetting and not self.playback.playing:
            move = self.cursor.move_to
            self.history.push(
                Change(f"go to tick {tick}", lambda: move(old), lambda: move(tick), kind="cursor")
            )

    def _remember_agents(self, agents: tuple[AgentId, ...]) -> None:
        old, self._agents = self._agents, agents
        if not self._resetting:
            choose = self.selection.set_agents
            self.history.push(Change("choose agents", lambda: choose(old), lambda: choose(agents)))

    def _remember_brush(self, brush: TickRange | None) -> None:
        old, self._brush = self._brush, brush
        if not self._resetting:
            limit = self.selection.set_brush
            text = "show all ticks" if brush is None else f"limit to ticks {brush}"
            self.history.push(Change(text, lambda: limit(old), lambda: limit(brush), kind="brush"))

    def _remember_marks(self, marks: tuple[Mark, ...]) -> None:
        old, self._marked = self._marked, marks
        if not self._resetting:
            put, count = self.marks.replace, len(marks) - len(old)
            text = "mark a tick" if count > 0 else "take a mark away" if count else "name a mark"
            kind = "" if count else "mark"
            self.history.push(Change(text, lambda: put(old), lambda: put(marks), kind=kind))

    def _remember_speed(self, speed: float) -> None:
        old, self._speed = self._speed, speed
        play = self.playback.set_speed
        text = f"play {speed:g} ticks a second"
        self.history.push(Change(text, lambda: play(old), lambda: play(speed), kind="speed"))
