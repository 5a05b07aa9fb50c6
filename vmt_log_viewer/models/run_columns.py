"""The columns of the Library: what is known of a run, by role so that families line up."""

from __future__ import annotations

from collections.abc import Iterable

from telemetry.concepts import Cell, Column, Run, RunList, RunSizes
from telemetry.frozen import Frozen
from vmt_log_viewer.notes import RunNote

NAME = Column("name", "name", "text", role="name")
TICKS = Column("ticks", "ticks", "text", role="ticks")
STATUS = Column("status", "status", "text", role="status")
STAR = Column("starred", "star", "flag", role="starred")
TAGS = Column("tags", "tags", "text", role="tags")
AUDIT = Column("audit", "audit", "text", role="audit", help="The verdict, once it was asked for.")
NOTE = Column("note", "note", "text", role="note", visible=False)
COUNTED = (
    Column("trades", "trades", "int", role="count trades"),
    Column("attempts", "attempts", "int", role="count attempts", visible=False),
)
_OWN = {"name", "ticks", "status"}
# Left to right; roles that are not listed follow in the family's own order, hidden.
_ORDER = (
    "name", "starred", "run", "count trades", "regime", "money_mode", "ticks", "agents", "status",
    "audit", "start", "seed", "count attempts", "tags", "note",
)  # fmt: skip


NO_NOTE = RunNote()


class RunRow(Frozen):
    """A run with all that the Library knows of it, whoever told it."""

    run: Run
    list_columns: tuple[Column, ...]
    note: RunNote = NO_NOTE
    counts: dict[str, int | None] | None = None
    audit: str | None = None

    def cell(self, column: Column) -> Cell:
        """The value under `column`: None where it is not known (yet)."""
        own = {
            "name": self.run.name,
            "ticks": None if self.run.ticks is None else str(self.run.ticks),
            "status": self.run.status,
            "starred": self.note.starred,
            "tags": " ".join(self.note.tags) or None,
            "note": self.note.note or None,
            "audit": self.audit,
        }
        if column.role in own:
            return own[column.role]
        if column.role is not None and column.role.startswith("count "):
            return self.counts.get(column.role[6:]) if self.has_counted(column) else None
        mine = self.own_column(column)
        return None if mine is None else self.run.fields.get(mine.name)

    def has_counted(self, column: Column) -> bool:
        """Whether the column tells how many rows there are, and this is known by now."""
        counted = (column.role or "").removeprefix("count ")
        return self.counts is not None and counted != column.role and counted in self.counts

    @property
    def part(self) -> str:
        """What the run is within its iteration ("bootstrap 2"); "" for one that is not of any.

        Runs of an iteration share their scenario's name, which would tell nothing.
        """
        if self.run.iteration is None:
            return ""
        by_role = {column.role: self.run.fields.get(column.name) for column in self.list_columns}
        words = (by_role.get("purpose"), by_role.get("sample"))
        return " ".join(str(word) for word in words if word is not None)

    def own_column(self, column: Column) -> Column | None:
        """What this run's family calls `column`: the same role, else the same name."""
        for mine in self.list_columns:
            if column.role is not None and mine.role == column.role:
                return mine
        return next((c for c in self.list_columns if c.name == column.name), None)

    def order(self, column: Column) -> tuple[int, float, str]:
        """What to sort by: values first as numbers, then as text, nothing last."""
        if column.role == "ticks":
            ticks = self.run.ticks
            return (2, 0, "") if ticks is None else (0, ticks.last - ticks.first, "")
        value = self.cell(column)
        if value is None:
            return (2, 0, "")
        if isinstance(value, str | bytes):
            return (1, 0, str(value).casefold())
        return (0, float(value), "")


def columns_of(lists: Iterable[RunList]) -> tuple[Column, ...]:
    """One column a role (or name) over all sources, the important ones first."""
    found: dict[str, Column] = {}
    for column in (NAME, STAR, TICKS, STATUS, *COUNTED, AUDIT, TAGS, NOTE):
        found[_key(column)] = column
    for runs in lists:
        for column in runs.columns:
            if column.role == "name" and found["name"] is NAME:
                found["name"] = column  # the family's own word, such as "scenario"
            if column.role not in _OWN and column.kind != "json":
                found.setdefault(_key(column), column)
    return tuple(sorted(found.values(), key=_place))


def sizes_by_role(sizes: RunSizes, roles: dict[str, str]) -> dict[object, dict[str, int | None]]:
    """Counts per run and table *role*; `roles` maps table names to roles."""
    return {
        run_id: {roles[name]: count for name, count in tables.items() if name in roles}
        for run_id, tables in sizes.counts.items()
    }


def shown_at_first(column: Column) -> bool:
    """Whether the Library shows this column until the user says otherwise.

    A run's number is short; an id that is text would take the room of the name, and is told by
    the inspector and in the heading of every view.
    """
    long = column.role == "run" and column.kind == "text"
    return column.visible and column.role in _ORDER and not long


def _key(column: Column) -> str:
    return column.role or column.name


def _place(column: Column) -> int:
    return _ORDER.index(column.role) if column.role in _ORDER else len(_ORDER)
