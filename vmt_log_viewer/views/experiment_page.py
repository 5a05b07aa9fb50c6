"""ExperimentPage: what every tab of the Experiment view offers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from telemetry.concepts import Table
from telemetry.filters import Filter
from telemetry.frozen import Frozen
from vmt_log_viewer.views.view import ExportRequest

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.widgets.saved_filters import SavedFilterPanel

NO_RUN = ""
"""The run that is asked about where a table lies above all runs."""
ITS_OWN = ("experiments", "iterations", "pairs", "runs")
"""Roles of tables that pages of their own show."""


class Asked(Frozen):
    """Of which experiment a page tells; `alone`: the source has no other."""

    source: Source
    experiment_id: str
    alone: bool

    def filters(self, table: Table) -> tuple[Filter, ...]:
        """What keeps the rows of `table` to this experiment."""
        column = table.with_role("experiment")
        if column is None or self.alone:
            return ()
        return (Filter.any_of(column.name, (self.experiment_id,)),)


class ExperimentPage(QWidget):
    """Asks only once it is seen (`show_experiment` comes then), so that no tab waits for others."""

    run_wanted = Signal(object)  # RunId
    status_changed = Signal(str)
    export_changed = Signal()

    def show_experiment(self, asked: Asked) -> None:
        """Show this experiment, or what is new of it."""

    def clear(self) -> None:
        """No experiment is shown any more."""

    def export_request(self) -> ExportRequest | None:
        return None

    def focus_filter(self) -> bool:
        return False

    def saved_filters(self) -> SavedFilterPanel | None:
        """The saved filters of the page's table; None where it has none."""
        return None

    def settled(self) -> bool:
        return True


def tables_above_runs(source: Source) -> list[Table]:
    """Tables of experiments rather than of runs that no other page shows, recorded ones first."""
    found = [
        table
        for table in source.tables
        if table.role not in ITS_OWN
        and any(c.role == "experiment" for c in table.columns)
        and not any(c.role == "run" for c in table.columns)
    ]
    return sorted(found, key=lambda table: not table.recorded)
