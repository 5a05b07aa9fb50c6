"""RowChoice: which row of a table is chosen, by hand, by its key or by a step."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, SignalInstance

from vmt_log_viewer.models.paged_table import PagedTable
from vmt_log_viewer.widgets.row_table import RowTable


class RowChoice(QObject):
    """Tells of a row once its cells are here, unless another was chosen meanwhile."""

    chosen = Signal(int)  # by hand
    found = Signal(int)  # the row that `choose_key` looked for

    def __init__(self, model: PagedTable, view: RowTable, parent: QObject) -> None:
        super().__init__(parent)
        self._model, self._view = model, view
        self._due: tuple[int, SignalInstance] | None = None
        view.row_chosen.connect(lambda row: self._tell(row, self.chosen))
        model.dataChanged.connect(self._page_came)

    def choose_key(self, key: int | str) -> None:
        """Select the row with `key` and bring it into view, wherever it is."""

        def found(row: int | None) -> None:
            if row is not None and row < self._model.rowCount():
                self._view.choose_row(row)
                self._tell(row, self.found)

        self._model.find_row(key, found)

    def current_key(self) -> int | str | None:
        """The key of the current row, None without one (or where it is not loaded)."""
        current = self._view.currentIndex()
        return self._model.key_at(current.row()) if current.isValid() else None

    def step(self, count: int) -> None:
        """Choose the row `count` below the current one, as if it had been clicked."""
        current = self._view.currentIndex()
        row = (current.row() if current.isValid() else -1 if count > 0 else 0) + count
        if 0 <= row < self._model.rowCount():
            self._view.choose_row(row)
            self._tell(row, self.chosen)

    def _tell(self, row: int, signal: SignalInstance) -> None:
        """Emit `signal` with `row` as soon as the row is loaded, unless another is chosen."""
        self._due = None
        if self._model.values(row) is not None:
            signal.emit(row)
        else:
            self._due = (row, signal)

    def _page_came(self) -> None:
        if self._due is None:
            return
        row, signal = self._due
        if self._view.currentIndex().row() == row:
            self._tell(row, signal)
