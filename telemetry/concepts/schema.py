"""What a source offers: its tables and columns, measures and lanes."""

from __future__ import annotations

from telemetry.concepts.values import Kind
from telemetry.frozen import Frozen

INCIDENTAL = (
    "run", "run_link", "key", "sequence", "link", "transaction", "start", "end", "duration",
)  # fmt: skip
"""Roles of columns that two recordings of the same events would not share."""


class Word(Frozen):
    """A text that a family writes into a column, and what it means to views that know no family.

    `sense` is "success" of a result, "barter" or "money" of a pair; `color` one of the palette's
    names ("blue", "orange", "green", "vermillion", "sky", "purple", "yellow", "grey").
    """

    text: str
    sense: str = ""
    color: str = ""


class Column(Frozen):
    """One column of a table as this source (or run) has it.

    `name` is the table's own column name, or a derived column's. `recorded` is False where the
    source lacks the column or a run left it at its default: its cells then mean nothing.
    `role` is the family-free meaning a view may look for: run, tick, agent, buyer, seller, pair,
    direction, mode, regime, price, surplus, surplus_buyer, surplus_seller, result, reason, x, y,
    target_x, target_y, kind, amount, quantity, config, payload, name, start, end, seed, status,
    link (to a row's id) …
    `weight` names the column that a mean of this one is weighted by.
    """

    name: str
    label: str
    kind: Kind
    role: str | None = None
    unit: str | None = None
    recorded: bool = True
    derived: bool = False
    visible: bool = True
    facet: bool = False
    optional: bool = False
    help: str = ""
    words: tuple[Word, ...] = ()
    weight: str | None = None

    @property
    def incidental(self) -> bool:
        """No content of a run: the run itself, row ids and links to them, wall-clock times."""
        return self.kind == "time" or self.role in INCIDENTAL

    def texts(self, sense: str) -> tuple[str, ...]:
        """The words that mean `sense`."""
        return tuple(word.text for word in self.words if word.sense == sense)


class Table(Frozen):
    """A table that a source offers, its columns in the order they are shown.

    `recorded` False: the source has no such table; `how_to_record` then says what to do.
    `explained`: its rows can be put into words (`Source.explain`). `always_written`: a run without
    rows has none, for they are written whenever there are any. `group` names the column that its
    summary goes by.
    """

    name: str
    label: str
    role: str | None
    columns: tuple[Column, ...]
    recorded: bool
    how_to_record: str = ""
    explained: bool = False
    always_written: bool = False
    group: str | None = None

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)

    def with_role(self, role: str) -> Column | None:
        """The first *recorded* column that plays `role`, else None."""
        return next((c for c in self.columns if c.role == role and c.recorded), None)


class Measure(Frozen):
    """A number per agent and tick that can be plotted.

    `group` bundles measures in a chooser ("Money", "Inventory", "Quotes" …); `reason` says why
    a measure cannot be had where `recorded` is False. `rebuilt` says from what its values were
    worked out where none are stored ("rebuilt from events"), else "". `against` names a measure of
    another unit that this one is to be seen against over ticks, else ""; `phase` the one that is
    the other axis of its phase portrait, else "".
    """

    name: str
    label: str
    unit: str
    group: str
    recorded: bool
    reason: str = ""
    help: str = ""
    default: bool = False
    rebuilt: str = ""
    against: str = ""
    phase: str = ""


class LaneInfo(Frozen):
    """A lane that a source can draw: `name` is what is asked for, `kind` colours its states."""

    name: str
    label: str
    recorded: bool
    reason: str = ""


class Identity(Frozen):
    """What a source turned out to be. `location` never holds a password."""

    location: str
    name: str
    family: str
    family_label: str
    vintage: str
    engine: str
    size_bytes: int | None
    tables: tuple[Table, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
