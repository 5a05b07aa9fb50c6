"""A divergence in words and rows: one sentence, the cells that differ, the keys that do."""

from __future__ import annotations

import json

from telemetry.analysis.divergence import only_seeds
from telemetry.analysis.policies import difference
from telemetry.analysis.rows_apart import comparable
from telemetry.concepts import Cell, Column, Divergence, RowDifference, Setting
from telemetry.text import cell_text, exact_shown, one_line

ALSO = (
    Column("also at this tick", "also at this tick", "text"),
    Column("agents", "agents", "text"),
    Column("what", "what", "text"),
)
FLAT = (
    Column("kind", "kind", "text"),
    Column("table", "table", "text"),
    Column("tick", "tick", "int"),
    Column("agents", "agents", "text"),
    Column("column", "column", "text"),
    Column("before", "last common value", "text"),
    Column("left", "left", "text"),
    Column("right", "right", "text"),
)
CELLS = 60
"""Characters of a cell that a sentence repeats."""
NOTHING = "missing"
NAMED = 3
"""So many keys of a configuration are named in a sentence."""


def sentence(found: Divergence, left: str, right: str) -> str:
    """What became of the comparison of two runs that are called `left` and `right`."""
    pair = f"{left[:1].upper()}{left[1:]} and {right}"
    if found.kind == "none":
        return f"{pair} are equal: all of {found.rows} rows were compared{_but_settings(found)}."
    if found.kind == "empty":
        return f"{pair} have no rows that could be compared{_but_settings(found)}."
    if found.kind == "order":
        where = ", ".join(f"{table} from tick {tick}" for table, tick in found.reordered.items())
        return f"{pair} hold the same rows, but in another order within ticks ({where})."
    if found.kind == "length":
        return f"{pair} are equal until {_ended(found, left, right)}{_but_settings(found)}."
    assert found.first is not None
    return f"{pair} part {_place(found.first)}: {what(found.first, left, right)}; {_why(found)}."


def headings(found: RowDifference, left: str, right: str) -> tuple[Column, ...]:
    """Columns for `cells`: the common state before, and both runs."""
    before = f"both at tick {found.before_tick}"
    return (
        Column("column", "column", "text"),
        *(() if found.before is None else (Column(before, before, "text"),)),
        Column(left, left, "text"),
        Column(right, right, "text"),
        Column("differs", "", "text"),
    )


def cells(found: RowDifference) -> tuple[tuple[Cell, ...], ...]:
    """A row for each column, those that differ first: its value in either run, and before.

    The last common value stands first, where there is one; "≠" stands last.
    """
    names = {column.name for column in found.differing}
    rows = []
    for i, column in enumerate(found.columns):
        shown = [found.left, found.right] if found.before is None else [
            found.before, found.left, found.right]  # fmt: skip
        here = [row[i] if row is not None else None for row in (found.left, found.right)]
        close = column.name in names and len({cell_text(v, column) for v in here}) == 1
        values = [
            None if row is None
            else exact_shown(row[i], column) if close and row[i] is not None
            else cell_text(row[i], column, limit=200)
            for row in shown
        ]  # fmt: skip
        differs = column.name in names or found.left is None or found.right is None
        rows.append((column.label, *values, "≠" if differs else ""))
    return tuple(sorted(rows, key=lambda row: row[-1] == ""))


def flat_rows(found: Divergence) -> tuple[tuple[Cell, ...], ...]:
    """A row for each cell that differs where the runs part, under `FLAT`."""
    rows: list[tuple[Cell, ...]] = []
    for part in (found.first, *found.also):
        if part is None:
            continue
        agents = ", ".join(map(str, part.agents)) or None
        for row in cells(part):
            if row[-1]:
                words = [None if v is None else str(v) for v in row[:-1]]
                before = [None] if part.before is None else []
                rows.append((found.kind, part.table, part.tick, agents, words[0], *before,
                             *words[1:]))  # fmt: skip
    return tuple(rows)


def setting_text(value: object, *, there: bool = True, limit: int = 200) -> str | None:
    """The value of a key as a person reads it; None where the run has no such key."""
    if not there:
        return None
    if isinstance(value, str):
        return one_line(value, limit=limit)
    return one_line(json.dumps(value, ensure_ascii=False, default=str), limit=limit)


def setting_rows(settings: tuple[Setting, ...]) -> tuple[tuple[Cell, ...], ...]:
    """A row for each key: its path and its value in each run."""
    return tuple(
        (
            s.path,
            *(setting_text(v, there=t) for v, t in zip(s.values, s.there, strict=True)),
        )
        for s in settings
    )


def also_rows(found: Divergence, left: str, right: str) -> tuple[tuple[Cell, ...], ...]:
    """A row for each other table that differs at the same tick: which, of whom, and how."""
    return tuple(
        (d.label, " and ".join(str(agent) for agent in d.agents) or None, what(d, left, right))
        for d in found.also
    )


def _place(first: RowDifference) -> str:
    when = "" if first.tick is None else f"at tick {first.tick} "
    who = " and ".join(str(agent) for agent in first.agents)
    many = "agents" if len(first.agents) > 1 else "agent"
    return f"{when}in {first.table}{f' ({many} {who})' if who else ''}"


def what(first: RowDifference, left: str, right: str) -> str:
    """How a row differs, in a few words."""
    if first.left is None or first.right is None:
        here, there = (left, right) if first.right is None else (right, left)
        return f"{here} has a row that {there} lacks"
    names = [column.name for column in first.columns]
    said = []
    for column in first.differing[:1]:
        i = names.index(column.name)
        within = _within(first.left[i], first.right[i])
        if within is not None:
            path, one, other = within
            said.append(f"{column.name}.{path} is {one} in {left} and {other} in {right}")
            continue
        one, other = (cell_text(row[i], column, limit=CELLS) for row in (first.left, first.right))
        if one == other:
            one, other = (exact_shown(row[i], column) for row in (first.left, first.right))
        said.append(f"{column.name} is {one} in {left} and {other} in {right}")
    more = len(first.differing) - 1
    return said[0] + (
        f" ({more} other column{'s' if more > 1 else ''} differ{'' if more > 1 else 's'} too)"
        if more
        else ""
    )


def _within(left: Cell, right: Cell) -> tuple[str, str, str] | None:
    """The first key of two JSON texts that differs by more than a random id, and both values."""
    if not (isinstance(left, str) and isinstance(right, str) and left[:1] in ("{", "[")):
        return None
    try:
        changes = difference(json.loads(left), json.loads(right))
    except (ValueError, RecursionError):
        return None
    for change in changes:
        one, other = (setting_text(v, limit=CELLS) or "" for v in (change.old, change.new))
        if comparable((one,)) != comparable((other,)):
            gone = {"added": (NOTHING, other), "removed": (one, NOTHING)}
            return change.path, *gone.get(change.change, (one, other))
    return None


def _why(found: Divergence) -> str:
    if found.kind == "configuration":
        return _keys(found)
    if found.kind == "chance":
        return "configuration and seed are the same, so the simulation is not deterministic"
    return "no configuration is recorded that could tell why"


def _keys(found: Divergence) -> str:
    paths = [setting.path for setting in found.settings]
    more = f", … ({len(paths)} in all)" if len(paths) > NAMED else ""
    what = "only the seed differs" if only_seeds(found) else "their configurations differ"
    return f"{what} ({', '.join(paths[:NAMED])}{more})"


def _but_settings(found: Divergence) -> str:
    return f", though {_keys(found)}" if found.settings else ""


def _ended(found: Divergence, left: str, right: str) -> str:
    one, other = found.ends
    if one is None or other is None:
        here, there = (left, right) if one is None else (right, left)
        return f"{here}, which has no ticks, ends before {there} begins"
    if one < other:
        return f"{left} ends at tick {one}; {right} goes on to tick {other}"
    return f"{right} ends at tick {other}; {left} goes on to tick {one}"
