"""Saved filters: named filter texts of a family's tables, in one small file of the user's own."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from telemetry.concepts import AgentId, Column, TickRange
from telemetry.errors import FilterError
from telemetry.filters import Filter

FILE = "filters.json"


class SavedFilter(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What rows of `table` must satisfy, by column as it would be typed.

    `ticks` and `agents` are None where they were not kept. `rings`: say so when a run that is
    followed gets such rows. One name is one filter of a family's table, whatever its case.
    """

    family: str
    table: str
    name: str
    filters: dict[str, str] = {}
    ticks: tuple[int, int] | None = None
    agents: tuple[AgentId, ...] | None = None
    rings: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.family, self.table, self.name.casefold())

    @property
    def range(self) -> TickRange | None:
        """`ticks` as a range; both ends count."""
        return None if self.ticks is None else TickRange(*sorted(self.ticks))

    @property
    def words(self) -> str:
        """ "price=>5, mode=trade, ticks 3–9, agents 0 1"."""
        parts = [f"{column}={text}" for column, text in self.filters.items()]
        if self.range is not None:
            parts.append(f"ticks {self.range.first}–{self.range.last}")
        if self.agents is not None:
            parts.append(f"agents {' '.join(map(str, self.agents))}")
        return ", ".join(parts) or "every row"

    def lacking(self, columns: Iterable[Column]) -> tuple[str, ...]:
        """The columns it asks about that are not among those recorded."""
        known = {column.name for column in columns if column.recorded}
        return tuple(sorted(name for name in self.filters if name not in known))

    def judged(self, columns: Iterable[Column], label: str = "") -> tuple[Filter, ...]:
        """The filters for a table of these columns, ordered by column.

        FilterError, one sentence, where a column is not there or a text does not suit it; then
        none of them is to be used, for fewer filters would let other rows pass.
        """
        known = {column.name: column for column in columns if column.recorded}
        if lacking := self.lacking(known.values()):
            where = label or self.table
            raise FilterError(
                f"The saved filter “{self.name}” asks about {', '.join(lacking)}, which "
                f"{where} of this source does not record; it was not applied."
            )
        found = tuple(Filter.parse(name, self.filters[name]) for name in sorted(self.filters))
        for each in found:
            each.check(known[each.column].kind)
        return found


def saved_filters_file() -> Path:
    """Where window and command line keep them; not created here."""
    import platformdirs

    return Path(platformdirs.user_data_dir("vmt-log-viewer", appauthor=False)) / FILE


class SavedFilters:
    """The filters in a file; `path` None keeps them in memory. Every change is written at once.

    The file is read again before it is written, so that two windows do not undo each other. A
    damaged file counts as empty and is put aside by the first write.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._filters: dict[tuple[str, str, str], SavedFilter] = {}
        self.problem = ""
        self.read()

    def read(self) -> None:
        """Look into the file again."""
        if self._path is None:
            return
        self.problem = ""
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=list[SavedFilter])
        except FileNotFoundError:
            found = []
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            self.problem = f"The saved filters in {self._path} cannot be read ({error})."
            found = []
        self._filters = {each.key: each for each in found}

    def of(self, family: str, table: str | None = None) -> tuple[SavedFilter, ...]:
        """The filters of a family's table (None: of all its tables), by table and name."""
        found = (f for f in self._filters.values() if f.family == family)
        wanted = (f for f in found if table in (None, f.table))
        return tuple(sorted(wanted, key=lambda each: each.key))

    def find(self, family: str, table: str, name: str) -> SavedFilter | None:
        return self._filters.get((family, table, name.strip().casefold()))

    def change(self, put: Iterable[SavedFilter] = (), remove: Iterable[SavedFilter] = ()) -> None:
        """Take `remove` out, then put `put` in, instead of what has the same name."""
        self.read()
        for each in remove:
            self._filters.pop(each.key, None)
        for each in put:
            self._filters[each.key] = each
        self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self.problem and self._path.exists():
                os.replace(self._path, self._path.with_suffix(".damaged"))
            text = msgspec.json.format(msgspec.json.encode(list(self._filters.values())), indent=1)
            _replace(self._path, text)
            self.problem = ""
        except OSError as error:
            self.problem = f"The saved filters cannot be kept in {self._path} ({error.strerror})."


def _replace(path: Path, content: bytes) -> None:
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
