"""Shelf: the user's saved filters, announced to everybody who offers or asks with them."""

from __future__ import annotations

from pathlib import Path

from psygnal import Signal

from telemetry.filters.saved import SavedFilter, SavedFilters, saved_filters_file


class Shelf:
    """Saved filters by family and table. `path` None forgets them with the window.

    The file may be written by another window or a command: `look_again` before it is shown.
    """

    changed = Signal()

    def __init__(self, path: Path | None = None) -> None:
        self._store = SavedFilters(path)

    @classmethod
    def of_user(cls) -> Shelf:
        return cls(saved_filters_file())

    @property
    def problem(self) -> str:
        """Why they could not be read or kept, as a sentence; "" where they could."""
        return self._store.problem

    def of(self, family: str, table: str | None = None) -> tuple[SavedFilter, ...]:
        return self._store.of(family, table)

    def find(self, family: str, table: str, name: str) -> SavedFilter | None:
        return self._store.find(family, table, name)

    def look_again(self) -> None:
        self._store.read()

    def keep(self, saved: SavedFilter, instead_of: SavedFilter | None = None) -> None:
        """Keep a filter under its name; `instead_of` is the one that it was before."""
        self._store.change((saved,), () if instead_of is None else (instead_of,))
        self.changed.emit()

    def forget(self, saved: SavedFilter) -> None:
        self._store.change((), (saved,))
        self.changed.emit()
