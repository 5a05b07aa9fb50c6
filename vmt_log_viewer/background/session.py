"""Session: which sources are open and which run is shown, from opening to looking again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal

from telemetry.concepts import ExperimentList, Run, RunDetail, RunId, RunList
from telemetry.errors import LockedError, TelemetryError
from telemetry.frozen import Frozen, replace
from telemetry.queries import ExperimentsQuery, RunQuery, TimelineQuery
from vmt_log_viewer.background.opening import Opener, shown
from vmt_log_viewer.background.runner import Runner
from vmt_log_viewer.notes import Notes
from vmt_log_viewer.settings import Settings
from vmt_log_viewer.state.document import Document
from vmt_log_viewer.state.marks import Mark
from vmt_log_viewer.state.recorded import recorded_ticks

if TYPE_CHECKING:
    from telemetry.source import Source

RECENT = 12
Show = Literal["always", "last", "never"]


class Wanted(Frozen):
    """What to do once a source is open: show `run` at `tick`, or the run shown last.

    `show` "last" leaves another source's run alone unless this source was the one shown last.
    """

    run: str | None = None
    tick: int | None = None
    show: Show = "always"


class Session(QObject):
    """Opens, closes and shows. It asks the library (by signal) to list the runs of a source.

    A run that was asked for together with its source is shown as soon as the runs are listed.
    """

    failed = Signal(str)  # one sentence
    copy_offered = Signal(str, object)  # one sentence, and the Path of which a copy can be read
    listing_wanted = Signal(object)  # Source: list its runs (again)
    refreshed = Signal()  # everything that is shown is to be asked for again
    recent_changed = Signal()

    def __init__(
        self, document: Document, runner: Runner, settings: Settings, notes: Notes
    ) -> None:
        super().__init__()
        self.opener = Opener(runner, self)
        self._document, self._runner = document, runner
        self._settings, self._notes = settings, notes
        self._wanted: dict[str, Wanted] = {}
        self._locations: dict[int, str] = {}
        self._glanced: set[str] = set()
        self.opener.opened.connect(self._opened)
        self.opener.failed.connect(self._refused)
        self.opener.copied.connect(self.open)
        document.marks.changed.connect(self._keep_marks)

    def open(
        self,
        location: str,
        run: str | None = None,
        tick: int | None = None,
        password: str | None = None,
        show: Show = "always",
    ) -> None:
        """Open `location` and show `run` of it (where None: the one shown last, or the first)."""
        self._wanted[location] = Wanted(run, tick, show)
        self.opener.open(location, password)

    def close(self, source: Source) -> None:
        """Close a source; if its run is shown, none is any more."""
        self._document.close_source(source)
        self._runner.forget(source)
        self._locations.pop(id(source), None)
        self._remember_open()
        source.close()

    def close_all(self) -> None:
        """The program ends: what is open now is opened again next time."""
        self._remember_open()
        self._document.clear_run()
        for source in self._document.sources:
            source.close()
        self.opener.close()

    def show_run(self, source: Source, run: Run, tick: int | None = None) -> None:
        """Show a run, with the marks that it was given before."""
        document = self._document
        if source is document.source and run.run_id == document.run_id:
            return
        document.show_run(source, run, tick)
        document.restore_marks(self._notes.of_run(source.key, run.run_id).marks)
        last = {**self._settings.get("last_runs", {}), source.key: run.run_id}
        self._settings.set("last_runs", last)
        self._settings.set("last_source", source.key)
        self._ask_ticks(source, run.run_id)
        self._ask_bounds(source, run)

    def show_source(self, source: Source) -> None:
        """Show what a source tells above its runs; a run of it that is shown already stays."""
        if source is self._document.source:
            return
        self._document.show_source(source)
        self._settings.set("last_source", source.key)

    def listed(self, source: Source, runs: RunList) -> None:
        """The runs of a source are known: show the one that is wanted, or update the one shown."""
        document = self._document
        if source is document.source:
            self._wanted.pop(source.key, None)
            run = next((r for r in runs.runs if r.run_id == document.run_id), None)
            if source.key in self._glanced:
                self._glanced.discard(source.key)  # how far the run came is followed by itself
            elif run is not None:
                known = document.run.ticks if document.run is not None else None
                document.update_run(replace(run, ticks=run.ticks or known))
                self._ask_ticks(source, run.run_id)
                self._ask_bounds(source, run)
            return
        wanted = self._wanted.get(source.key)
        if wanted is None:
            return
        if not runs.runs and wanted.run is None and source.can_answer(ExperimentsQuery):
            return  # its experiments, listed next, may be worth showing
        del self._wanted[source.key]
        if not runs.runs:
            self.failed.emit(f"{source.name} holds no runs yet; look again later (F5).")
        run = self._choose(source, runs, wanted)
        if run is not None:
            self.show_run(source, run, wanted.tick)

    def experiments_listed(self, source: Source, found: ExperimentList) -> None:
        """The experiments of a source without runs are known: show them, if that is wanted."""
        wanted = self._wanted.pop(source.key, None)
        if wanted is None or wanted.show == "never":
            return
        if not found.experiments:
            self.failed.emit(
                f"{source.name} holds no runs and no experiments yet; look again later (F5)."
            )
        elif wanted.show == "always" or self._document.source is None:
            self.show_source(source)

    def glance(self, source: Source) -> None:
        """List the runs of a source again, and leave the run that is shown alone."""
        self._glanced.add(source.key)
        self.listing_wanted.emit(source)

    def refresh(self) -> None:
        """Look again at everything that is open."""
        for source in self._document.sources:
            self.listing_wanted.emit(source)
        self.refreshed.emit()

    def set_scale(self, source: Source, scale: int) -> None:
        """Show the source's quantities divided by `scale`; remembered for the next time."""
        source.set_scale(scale)
        self._settings.set("scales", {**self._settings.get("scales", {}), source.key: scale})
        self.refreshed.emit()

    def show_anew(self, source: Source) -> None:
        """Forget all that was shown of a source that is read in another way now, and show it."""
        self._document.close_source(source)
        self._runner.forget(source)
        self._document.add_source(source)
        self._wanted[source.key] = Wanted()
        self.listing_wanted.emit(source)

    def recent(self) -> list[str]:
        """Locations opened before, the latest first."""
        return list(self._settings.get("recent", []))

    def _opened(self, source: Source, location: str) -> None:
        known = next((s for s in self._document.sources if s.key == source.key), None)
        wanted = self._wanted.pop(location, Wanted())
        if known is not None and known is not source:
            source.close()
            source = known
        else:
            self._locations[id(source)] = shown(location)
            self._restore_scale(source)
            self._document.add_source(source)
        self._remember_recent(shown(location))
        self._remember_open()
        if self._document.source is source and wanted.run is not None:
            self._document.clear_run()
        self._wanted[source.key] = wanted
        self.listing_wanted.emit(source)

    def _refused(self, location: str, error: TelemetryError) -> None:
        self._wanted.pop(location, None)
        copyable = error.copyable if isinstance(error, LockedError) else None
        if copyable is None:
            self.failed.emit(str(error))
        else:
            self.copy_offered.emit(str(error), copyable)

    def _restore_scale(self, source: Source) -> None:
        scale = self._settings.get("scales", {}).get(source.key)
        if isinstance(scale, int):
            with contextlib.suppress(TelemetryError):
                source.set_scale(scale)

    def _choose(self, source: Source, runs: RunList, wanted: Wanted) -> Run | None:
        if wanted.run is not None:
            found = next((r for r in runs.runs if str(r.run_id) == wanted.run.strip()), None)
            if found is None:
                self.failed.emit(
                    f"There is no run {wanted.run!r} in {source.name}; choose another."
                )
            return found
        if wanted.show == "never":
            return None
        was_last = self._settings.get("last_source") == source.key
        if wanted.show == "last" and self._document.run is not None and not was_last:
            return None
        last = self._settings.get("last_runs", {}).get(source.key)
        order = sorted(runs.runs, key=lambda r: (r.run_id != last, r.ticks is None))
        return order[0] if order else None

    def _ask_ticks(self, source: Source, run_id: RunId) -> None:
        """Which ticks are recorded, so that the arrow keys skip the others."""

        def show(timeline: object) -> None:
            document = self._document
            if source is document.source and run_id == document.run_id:
                bounds = document.cursor.bounds
                document.cursor.set_bounds(bounds, recorded_ticks(timeline, bounds))  # type: ignore[arg-type]

        self._runner.submit(
            "session.ticks", source, TimelineQuery(run_id), show, lambda error: None, later=True
        )

    def _ask_bounds(self, source: Source, run: Run) -> None:
        """Only a run in full says its ticks where a list of runs would be too dear with them."""
        if run.ticks is not None:
            return

        def show(detail: RunDetail) -> None:
            document = self._document
            if source is document.source and run.run_id == document.run_id:
                unknown = document.cursor.bounds is None
                if detail.run.ticks is not None:
                    document.update_run(detail.run)
                    self._ask_ticks(source, run.run_id)
                    if unknown:  # views asked about a run without ticks
                        self.refreshed.emit()

        self._runner.submit(
            "session.bounds", source, RunQuery(run.run_id), show, lambda error: None
        )

    def _keep_marks(self, marks: tuple[Mark, ...]) -> None:
        document = self._document
        if document.source is not None and document.run_id is not None and not document.resetting:
            self._notes.change(document.source.key, document.run_id, marks=marks)

    def _remember_recent(self, location: str) -> None:
        if self.opener.is_copy(location):
            return
        recent = [location, *(known for known in self.recent() if known != location)]
        self._settings.set("recent", recent[:RECENT])
        self.recent_changed.emit()

    def _remember_open(self) -> None:
        found = [self._locations.get(id(s)) for s in self._document.sources]
        kept = [text for text in found if text and not self.opener.is_copy(text)]
        self._settings.set("open_sources", kept)
