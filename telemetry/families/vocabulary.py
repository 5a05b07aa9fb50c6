"""How a family of telemetry databases declares itself; telemetry/source.py executes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from telemetry.engines import Shape
from telemetry.families.asker import Asker
from telemetry.families.auditing import AuditRule
from telemetry.frozen import Frozen, field
from telemetry.migrations.vocabulary import SchemaSpec

if TYPE_CHECKING:
    from telemetry.concepts import AgentId, Cell, Findings, FlowLeg, Kind, RunDetail, RunId, Word

_WHOLE: TypeEngine[int] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NUMBER: TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
_STORED: Mapping[Kind, TypeEngine[Any]] = {
    "int": _WHOLE,
    "flag": _WHOLE,
    "real": _NUMBER,
    "text": sa.Text(),
    "json": sa.Text(),
    "time": sa.Text(),
}
"""What a kind of column is stored as, where no model says otherwise."""


class Columns(Protocol):
    """The columns of the database at hand, for derived columns: absent ones read as NULL."""

    def column(self, table: str, name: str) -> sa.ColumnElement[Any]: ...

    def has(self, table: str, *names: str) -> bool: ...

    def scale(self, name: str) -> int: ...


class Stored(Protocol):
    """The database's own tables, for a declared table that is a query over them."""

    def has(self, table: str, *names: str) -> bool: ...

    def table(self, name: str) -> sa.TableClause: ...

    def column(self, table: str, name: str) -> sa.ColumnElement[Any]: ...


class Doubt(Frozen):
    """Zeros that another table contradicts: where `column` of `table` is above 0 in any row.

    `sentence` then tells why; "{n}" in it is the number of such rows.
    """

    table: str
    column: str
    sentence: str


class ColumnSpec(Frozen):
    """A column of a table. Without `derive` it is the database's own column of that name, else
    the one that is called as it was `formerly`.

    `needs` are the columns ("column" or "table.column", alternatives as "a|b") without which a
    derived one is not recorded. `scale` names the family's scale that stored integers are divided
    by ("goods", "money"). `default` is what an unused column holds; with `optional` a run in which
    every row holds NULL or the default leaves the column out of exports. `decimal_text`: numbers
    are stored as text; cells are the exact Decimals (text that is no number stays as it is), and
    filters, sorts and aggregates compare the nearest doubles. `weight` names the column that a
    mean of this one is weighted by: a rate by what it is a share of. `words` are texts
    that mean something to views: a success, money, a colour. `doubt` says when means that are
    all 0 are not to be believed.
    """

    name: str
    label: str = ""
    kind: Kind = "text"
    role: str | None = None
    unit: str | None = None
    scale: str | None = None
    derive: Callable[[Columns], sa.ColumnElement[Any]] | None = None
    needs: tuple[str, ...] = ()
    visible: bool = True
    facet: bool = False
    optional: bool = False
    default: Cell = None
    help: str = ""
    decimal_text: bool = False
    weight: str | None = None
    words: tuple[Word, ...] = ()
    doubt: Doubt | None = None
    formerly: str = ""


Aggregate = Literal["count", "sum", "avg", "min", "max"]


class AggregateSpec(Frozen):
    """An aggregate of a table's summary; `column` None only for "count"."""

    name: str
    label: str
    function: Aggregate
    column: str | None = None


class SummarySpec(Frozen):
    group: str
    aggregates: tuple[AggregateSpec, ...]


class TableSpec(Frozen, dict=True):
    """A table of the family. `model` is the declared SQLAlchemy table; None where the kinds of the
    columns tell how they are stored, and all of them are listed: then no models are loaded to read.

    `run`, `tick` and `agents` name the columns that say which run, when and who; `sort` is the
    order that the table's own index serves. `explain` turns a row into a sentence. `taking_part`
    is the condition that one of some agents takes part, where that is more than the equality of
    a column in `agents`. `of` names the stored table where this one is a selection of another's
    rows, and `only` the condition that selects them. `select` makes the table by a query over
    stored ones, each of its columns labelled; it is recorded where all of `needs` ("table.column",
    alternatives as "a|b") are. `order` breaks ties of the sort before the key does. `secret`
    columns are never offered, to no view, filter, command or export. `always_written`: runs in
    which there was something to write have rows, so that a run without them had nothing.
    `left_out_at` are the levels (`RunSpec.level`) of runs of which no rows were kept. An `inner`
    table is what measures are read from and is offered to nobody.
    """

    name: str
    label: str
    role: str | None
    model: sa.Table | None
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...] = ("id",)
    run: str | None = "run_id"
    tick: str | None = "tick"
    agents: tuple[str, ...] = ()
    sort: str | None = "tick"
    summary: SummarySpec | None = None
    how_to_record: str = ""
    always_written: bool = False
    explain: Callable[[Mapping[str, Cell]], str] | None = None
    secret: tuple[str, ...] = ()
    of: str | None = None
    only: Callable[[Columns], sa.ColumnElement[bool]] | None = None
    select: Callable[[Stored], sa.Select[Any]] | None = None
    needs: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    taking_part: Callable[[Columns, tuple[AgentId, ...]], sa.ColumnElement[bool]] | None = None
    inner: bool = False
    left_out_at: frozenset[str] = frozenset()

    @cached_property
    def _by_name(self) -> Mapping[str, ColumnSpec]:
        return {c.name: c for c in reversed(self.columns)}

    def spec(self, name: str) -> ColumnSpec | None:
        return self._by_name.get(name)

    def types(self) -> dict[str, TypeEngine[Any]]:
        """How the declared columns are stored."""
        if self.model is not None:
            return {c.name: c.type for c in self.model.c}
        return {c.name: _STORED[c.kind] for c in self.columns if c.derive is None}

    def role_name(self, role: str) -> str | None:
        return next((c.name for c in self.columns if c.role == role), None)


class MeasureSpec(Frozen):
    """A number per agent and tick: column `column` of `table`.

    `evidence`: columns of which at least one must differ from its default in a run, else the
    measure counts as not recorded there (a column left at 0 is no zero). `constant` reads a value
    fixed for all agents from the run row and its decoded configuration. `divisor` names the
    run row's column that stored values are divided by (minor units per unit). `mark` names the
    column whose words mark single values (a clamp, the good that binds).
    `rebuild` makes (agent, tick, value) by tick from the rows of table `rebuilt_from`, for runs
    of which `table` holds nothing. `against` names the measure that this one is drawn against,
    `phase` the one that is its other axis in a phase portrait. `bounds` reads what values are
    kept within from the run row and its decoded configuration, None where that is not recorded.
    """

    name: str
    label: str
    unit: str
    group: str
    table: str
    column: str
    agent: str = "agent_id"
    tick: str = "tick"
    mark: str | None = None
    divisor: str | None = None
    evidence: tuple[str, ...] = ()
    constant: Callable[[Mapping[str, Cell], object], float | None] | None = None
    default: bool = False
    help: str = ""
    rebuild: Callable[[Asker, RunId], list[tuple[AgentId, int, Any]]] | None = None
    rebuilt_from: str = ""
    against: str = ""
    phase: str = ""
    bounds: Callable[[Mapping[str, Cell], object], tuple[float, float] | None] | None = None


class LaneSpec(Frozen):
    """A lane read from a state per tick, or from the changes of it.

    `states` is (table, column); with `members` the column holds a JSON list and every member
    that ever occurs becomes a lane of its own, "on" or "off", in the order of `members`.
    `changes` is (table, old column, new column), the fallback where no states are recorded.
    With `by`, a column of the states' table, each of its values has a lane of its own.
    """

    name: str
    label: str
    states: tuple[str, str]
    changes: tuple[str, str, str] | None = None
    members: tuple[str, ...] | None = None
    by: str | None = None


class FlowSpec(Frozen):
    """Something that changes hands in rows of `table`: by which columns, and in which unit.

    `tick` is the column that says when, None: the table's own. `money`: others are paid with it;
    `stock` is the measure of how much agents hold. `divisor` is a `MeasureSpec`'s.
    """

    name: str
    label: str
    unit: str
    table: str
    legs: tuple[FlowLeg, ...]
    tick: str | None = None
    money: bool = False
    stock: str = ""
    divisor: str | None = None


class RunSpec(Frozen):
    """Where runs are listed. `heavy` columns (configurations) are left out of lists.

    `tick_tables` are asked for the first and last tick; `status` and `extra` compute from the
    row and its decoded configuration (None where it is missing, broken or too large). Runs are
    listed by the columns of `order`, NULL first, and then by their ids. `ticks_listed` False:
    only a run in full says its ticks, since to list them all would read every file. `under_way`
    are the statuses, in small letters, of runs that may still be written. `level` names the
    column that says how much of a run was kept.
    """

    table: str
    id: str
    name: str
    config: str | None
    columns: tuple[ColumnSpec, ...]
    extra: Callable[[Mapping[str, Cell], object], Mapping[str, Cell]]
    extra_columns: tuple[ColumnSpec, ...]
    status: Callable[[Mapping[str, Cell]], str]
    tick_tables: tuple[str, ...]
    grid: tuple[str, str] | None = None
    experiment: str | None = None
    iteration: str | None = None
    order: tuple[str, ...] = ()
    ticks_listed: bool = True
    under_way: frozenset[str] = frozenset({"unfinished", "running", "paused"})
    level: str | None = None


class ScaleSpec(Frozen):
    """An integer that stored quantities are divided by, and how it came to be known."""

    name: str
    value: int
    note: str = ""


class FolderSpec(Frozen):
    """A family that is written as a folder (or a file) of text files.

    `recognise` looks at the path alone; `views` gives each table's name and the DuckDB SELECT
    over the files that makes it. Where the files are many, `of_runs` is asked once, at opening,
    for what gives the SELECTs of a question: over the files of the runs that it is about.
    """

    label: str
    recognise: Callable[[Path], bool]
    views: Callable[[Path], Mapping[str, str]]
    of_runs: Callable[[Path], Callable[[tuple[RunId, ...]], Mapping[str, str]]] | None = None


class FamilySpec(Frozen, dict=True):
    """A family: how it is recognised, what it holds, and what only it knows.

    `recognise` gives the vintage of a shape, or None where it is not of this family; `scales`
    the scales of a source; `detail` completes a run's facts and warnings, `contradictions` finds
    what only a pass over the rows tells. `answers` are the
    queries that this family answers itself (experiments, proofs, order books), `answers_from`
    the stored table without which a source has no answer to one of them. A family with
    shapes that do not fit one another declares one FamilySpec a shape, all of the same `name`.
    `schema` is what its recorder writes and what databases of this shape can be migrated to.
    `audit` are the invariants that its runs are held against, `flows` what changes hands in them.
    """

    name: str
    label: str
    recognise: Callable[[Shape], str | None]
    runs: RunSpec
    tables: tuple[TableSpec, ...]
    measures: tuple[MeasureSpec, ...]
    lanes: tuple[LaneSpec, ...]
    scales: Callable[[Asker, str], tuple[ScaleSpec, ...]]
    detail: Callable[[Asker, RunId, RunDetail], RunDetail]
    contradictions: Callable[[Asker, RunId], Findings] | None = None
    answers: Mapping[type[Any], Callable[[Any, Any], Any]] = field(default_factory=dict)
    answers_from: Mapping[type[Any], str] = field(default_factory=dict)
    folder: FolderSpec | None = None
    schema: SchemaSpec | None = None
    audit: tuple[AuditRule, ...] = ()
    flows: tuple[FlowSpec, ...] = ()

    @cached_property
    def _by_name(self) -> Mapping[str, TableSpec]:
        return {t.name: t for t in reversed(self.tables)}

    def table(self, name: str) -> TableSpec | None:
        return self._by_name.get(name)

    def names(self) -> dict[str, tuple[str, ...]]:
        """The declared columns of each declared table."""
        return {t.name: tuple(t.types()) for t in self.tables}

    def measure(self, name: str) -> MeasureSpec | None:
        return next((m for m in self.measures if m.name == name), None)
