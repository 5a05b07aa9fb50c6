"""What a row of a table must hold: values that pass, in the order of columns, or the wrong field.

A check is asked a million times a run, so each set of given columns gets a plan of its own: one
compiled expression that lets plain values pass, and the rules one by one where it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple, cast

from sqlalchemy import Boolean, Column, Float, Integer, Numeric, Table

from telemetry.errors import RecordingError
from telemetry.recording.rules import RefusedValue, Rule, exact, flag, integer, real, text

Values = tuple[object, ...]


class Plan:
    """How rows that give one and the same set of columns become tuples for the database.

    `names` are the columns that are written, the check's own `given` ones first. Two plans are
    the same plan only if they are the same object.
    """

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        self.table = table
        self.names = tuple(names)


Pass = Callable[[Values, Mapping[str, object]], Values | None]


class Way(NamedTuple):
    """How rows with these columns pass at once (None: a rule must decide), and by what plan."""

    names: frozenset[str]
    plan: Plan
    passing: Pass


class RowCheck:
    """The rules of one table: turns keyword values into a row, or names the field that is wrong.

    A column that is left out keeps the database's default; it is never filled in here. Columns
    in ``unwritten`` are accepted and dropped, so that they keep their defaults. ``given`` are
    the columns that the recorder itself fills, in that order, without a check. Where rows of a
    table give now these columns and now those, ``whole`` spares a plan for each: what is NULL by
    default is written as NULL where it is left out.
    """

    def __init__(
        self,
        table: Table,
        rules: Mapping[str, Rule],
        *,
        given: Sequence[str] = ("run_id", "tick"),
        unwritten: Iterable[str] = (),
        whole: bool = False,
    ) -> None:
        self.table = table
        self.given = tuple(name for name in given if name in table.columns)
        mine = [c for c in table.columns if c.name not in self.given and not _numbered(c)]
        self._rules = {c.name: rules.get(c.name) or _rule_of(c) for c in mine}
        self._optional = frozenset(c.name for c in mine if _optional(c))
        self._unwritten = frozenset(unwritten)
        self._empty = frozenset(c.name for c in mine if whole and _empty(c)) - self._unwritten
        self._plans: dict[tuple[str, ...], Plan] = {}
        self._ways: dict[frozenset[str], Way] = {}
        self._last: frozenset[str] | None = None
        #: The way that the last row went: most rows give the columns that the one before gave.
        self.plan = Plan(table, ())
        self.passing: Pass = lambda *_: None

    def __call__(self, given: Values, values: Mapping[str, object]) -> tuple[Plan, Values]:
        """The row as a plan and its values, ``given`` first.

        Raises `RecordingError` naming ``table.column`` for an unknown, missing or wrong field.
        """
        try:
            row = self.passing(given, values)
        except KeyError:
            row = None
        if row is None:
            names = frozenset(values)
            if names == self._last:
                return self.plan, self._checked(given, values)
            self._last, self.plan, self.passing = self.way_for(names)
            return self(given, values)
        return self.plan, row

    def way_for(self, names: frozenset[str]) -> Way:
        """How rows with these columns become tuples; RecordingError where there are none such."""
        found = self._ways.get(names)
        if found is None:
            self._refuse_wrong(names)
            written = tuple(self._written(names))
            plan = self._plans.setdefault(written, Plan(self.table, (*self.given, *written)))
            found = self._ways[names] = Way(names, plan, self._passing(names, written))
        return found

    def _written(self, names: Container[str]) -> list[str]:
        """The columns that a row which gives these holds, beside those that all hold."""
        return [
            name
            for name in self._rules
            if (name in names or name in self._empty) and name not in self._unwritten
        ]

    def columns(
        self, given: Values, columns: Mapping[str, Sequence[object]]
    ) -> tuple[Plan, list[Values]]:
        """Many rows at once, column by column; all columns are of one length.

        What is ``given`` is the same in all rows, or a list of a value for each. NumPy arrays are
        taken too. Raises `RecordingError` naming ``table.column``, and the row (from 0) of the
        first wrong value in it.
        """
        if not columns:
            return Plan(self.table, ()), []
        lists = {name: _listed(values) for name, values in columns.items()}
        plan = self.way_for(frozenset(lists)).plan
        lengths = {name: len(values) for name, values in lists.items()}
        count = next(iter(lengths.values()))
        for name, length in lengths.items():
            if length != count:
                raise RecordingError(
                    f"{self.table.name}.{name} has {length} values where {count} are needed."
                )
        done = [self._checked_column(name, values) for name, values in lists.items()]
        kept = dict(zip(lists, done, strict=True))
        nothing = [None] * count
        named = [kept.get(name, nothing) for name in plan.names[len(given) :]]
        filled = [value if type(value) is list else repeat(value, count) for value in given]
        return plan, list(zip(*filled, *named, strict=True))

    def _refuse_wrong(self, names: frozenset[str]) -> None:
        missing = [n for n in self._rules if n not in names and n not in self._optional]
        if missing:
            raise RecordingError(f"{self.table.name}.{missing[0]} is required; give it a value.")
        unknown = sorted(names - set(self._rules))
        if unknown:
            raise RecordingError(
                f"{self.table.name} has no column {unknown[0]}; "
                f"its columns are {', '.join(sorted({*self._rules, *self.given}))}."
            )

    def _passing(self, names: Collection[str], written: Sequence[str]) -> Pass:
        """One compiled expression: the row of plain values, or None where a rule must decide."""
        terms = [f"len(values) == {len(names)}"]
        taken = dict.fromkeys(written, "None")
        words: dict[str, object] = {}
        for place, name in enumerate(name for name in self._rules if name in names):
            rule, value = self._rules[name], f"v{place}"
            term, kept = rule.plain.format(v=value), rule.taken.format(v=value)
            for word, meaning in rule.words.items():
                term = term.replace(word, f"{word}{place}")
                words[f"{word}{place}"] = meaning
            fetched = f"({value} := values[{name!r}])"
            if name in self._optional:
                term = f"({fetched} is None or {term})"
                kept = kept if kept == value else f"{value} if {value} is None else {kept}"
            else:
                term = f"{fetched} is not None and {term}"
            terms.append(term)
            if name in taken:
                taken[name] = kept
        row = "".join(f"{kept}, " for kept in taken.values())
        # Made of the rules' own expressions, numbers, and columns that this program declares.
        source = f"lambda given, values: (*given, {row}) if {' and '.join(terms)} else None"
        return cast("Pass", eval(source, words))

    def _checked(self, given: Values, values: Mapping[str, object]) -> Values:
        done = {
            name: self._checked_value(name, values[name]) for name in self._rules if name in values
        }
        return *given, *map(done.get, self._written(values))

    def _checked_value(self, name: str, value: object, place: str = "") -> object:
        if value is None:
            if name in self._optional:
                return None
            raise RecordingError(
                f"{self.table.name}.{name}{place} is required and must not be None."
            )
        try:
            return self._rules[name](value)
        except RefusedValue as refusal:
            raise RecordingError(f"{self.table.name}.{name}{place} {refusal}.") from None

    def _checked_column(self, name: str, values: list[object]) -> list[object]:
        if not values or self._rules[name].plain_column(values):
            return values
        if name in self._optional:
            present = [value for value in values if value is not None]
            if not present or self._rules[name].plain_column(present):
                return values
        return [
            self._checked_value(name, value, f" of row {place}")
            for place, value in enumerate(values)
        ]


def _listed(values: Sequence[object]) -> list[object]:
    """Plain Python values, so that numpy's numbers are not asked one by one."""
    to_list = getattr(values, "tolist", None)
    return list(values) if to_list is None else list(to_list())


def _rule_of(column: Column[Any]) -> Rule:
    kind = column.type
    if isinstance(kind, Boolean):
        return flag()
    if isinstance(kind, Integer):
        return integer()
    if isinstance(kind, Float):
        return real()
    if isinstance(kind, Numeric):
        places = kind.scale or 0
        return exact(digits=(kind.precision or 38) - places, places=places)
    return text()


def _numbered(column: Column[Any]) -> bool:
    """Whether the database gives the column its number itself."""
    return column.table.autoincrement_column is column and not column.foreign_keys


def _optional(column: Column[Any]) -> bool:
    return bool(column.nullable) or column.server_default is not None


def _empty(column: Column[Any]) -> bool:
    """Whether the column is NULL where a row leaves it out."""
    return bool(column.nullable) and column.server_default is None
