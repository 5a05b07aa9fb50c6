"""Tables of a mapped database as declarations, also those without a run or agent of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from telemetry.families.vocabulary import AggregateSpec, ColumnSpec, Stored, SummarySpec, TableSpec
from telemetry.frozen import Frozen
from telemetry.roles.columns import columns_of, model_of, odd, specs_of
from telemetry.roles.evidence import TableEvidence
from telemetry.roles.inside import number
from telemetry.roles.mapping import TableRoles
from telemetry.roles.words import PLAIN, SECRET, label_of

WHOLE = "whole run"
"""The agent of a number that belongs to a run and to no agent of it."""
ONLY_RUN = 1
"""The id of the run of a database that tells of no runs."""
_ROLES = ("trades", "attempts", "events")
_AGENTS = ("agent", "buyer", "seller", "counterparty")
_GROUPS = {
    "trades": ("pair", "kind", "direction", "mode", "regime", "status"),
    "attempts": ("reason", "result", "pair", "direction", "kind"),
    "events": ("event", "kind", "status"),
}
Select = Callable[[Stored], sa.Select[Any]]


class Mapped(Frozen):
    """A table with its roles, and the names under which it is read: its own, or a query's.

    `run`, `tick` and `agent` name columns of the declared table; None: it has none.
    """

    evidence: TableEvidence
    own: TableRoles
    dialect: str
    run: str | None
    tick: str | None
    agent: str | None
    given: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return self.evidence.name

    def read(self, column: str, table: sa.TableClause) -> sa.ColumnElement[Any]:
        """The stored column as it is read, or the number within one of JSON."""
        known = self.evidence.column(column)
        if known is not None and known.of:
            return number(table.c[known.of], known.path, self.dialect)
        role = self.own.columns.get(column, PLAIN)
        cast = None if known is None else odd(known, role, self.dialect)
        return table.c[column] if cast is None else sa.cast(table.c[column], cast)

    @property
    def asked(self) -> bool:
        """Whether the table has to be read by a query, for it is not as it is declared."""
        roles = [(c, self.own.columns.get(c.name, PLAIN)) for c in self.evidence.columns]
        inside = any(c.of and r != PLAIN for c, r in roles)
        odd_ones = (odd(c, r, self.dialect) is not None for c, r in roles if not c.of)
        return bool(self.given) or inside or any(odd_ones)

    def select(self) -> Select:
        """The stored columns and those that the table lacks."""

        def build(stored: Stored) -> sa.Select[Any]:
            table = stored.table(self.name)
            hidden = self.own.all_with(SECRET)
            names = [c.name for c in columns_of(self.evidence, self.own) if c.name not in hidden]
            columns: list[Any] = [self.read(name, table).label(name) for name in names]
            if "rowid" in table.c:
                columns.append(table.c["rowid"].label("rowid"))
            for name, text in self.given:
                columns.append(sa.literal_column(text).label(name))
            return sa.select(*columns).select_from(table)

        return build


def mapped(table: TableEvidence, own: TableRoles, dialect: str, runs: bool) -> Mapped:
    """How a table is read. `runs`: the database tells its runs apart; else each row is of one."""
    names = {c.name for c in table.columns}
    tick, run, agent = (own.with_role(role) for role in ("tick", "run", "agent"))
    given: list[tuple[str, str]] = []
    if run is None and not runs:
        run = _free("run", names)
        given.append((run, str(ONLY_RUN)))
    if tick is not None and agent is None and own.kind in ("states", "values"):
        agent = _free("of", names)
        given.append((agent, f"'{WHOLE}'"))
    return Mapped(table, own, dialect, run, tick, agent, tuple(given))


def declared(place: Mapped, metadata: sa.MetaData, role: str | None) -> TableSpec:
    """The declaration of a table; `role` is what views look for it by."""
    table, own = place.evidence, place.own
    columns = specs_of(table, own, place.dialect)
    extra = tuple(
        ColumnSpec(name, "run" if name == place.run else "of",
                   "int" if name == place.run else "text",
                   role="run" if name == place.run else None, visible=False)
        for name, _ in place.given
    )  # fmt: skip
    sides = own.kind in ("trades", "attempts")
    order = (*_AGENTS[1:], _AGENTS[0]) if sides else _AGENTS
    return TableSpec(
        table.name,
        label_of(table.name),
        role,
        model_of(table, metadata, place.dialect),
        (*columns, *extra),
        key=table.keys.primary or ("rowid",),
        run=place.run,
        tick=place.tick,
        agents=tuple(name for r in order for name in own.all_with(r)),
        sort=place.tick,
        summary=_summary(own),
        secret=own.all_with(SECRET),
        select=place.select() if place.asked else None,
    )


def role_of(kind: str, agent: bool) -> str | None:
    """What views look for a table of that kind by."""
    if kind == "states":
        return "states" if agent else None
    return kind if kind in _ROLES else None


def _summary(own: TableRoles) -> SummarySpec | None:
    wanted = _GROUPS.get(own.kind)
    if wanted is None:
        return None
    group = next((name for role in wanted if (name := own.with_role(role))), None)
    if group is None:
        return None
    found = [AggregateSpec("rows", own.kind, "count")]
    for role, function in (("quantity", "sum"), ("amount", "sum"), ("price", "avg")):
        name = own.with_role(role)
        if name is not None and own.kind != "events":
            label = f"{'mean' if function == 'avg' else 'sum of'} {label_of(name)}"
            found.append(AggregateSpec(f"{function}_{role}", label, function, name))  # type: ignore[arg-type]
    return SummarySpec(group, tuple(found))


def _free(name: str, taken: set[str]) -> str:
    while name in taken or name.lower() in {t.lower() for t in taken}:
        name += "_"
    return name
