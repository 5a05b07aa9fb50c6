"""A mapping made into a family's declaration, which the one reader executes like any other."""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence

import sqlalchemy as sa

from telemetry.concepts import Agent
from telemetry.engines import Shape
from telemetry.families.asker import Asker
from telemetry.families.vocabulary import FamilySpec, TableSpec
from telemetry.frozen import replace
from telemetry.queries import AgentsQuery
from telemetry.roles.audit import rules_of
from telemetry.roles.evidence import TableEvidence
from telemetry.roles.flows import flows_of, paid
from telemetry.roles.mapping import Mapping, TableRoles
from telemetry.roles.measures import lanes_of, measures_of
from telemetry.roles.runs import runs_of
from telemetry.roles.tables import WHOLE, Mapped, declared, mapped, role_of
from telemetry.roles.words import LEFT_OUT, SECRET

FAMILY = "mapped"
LABEL = "Mapped"
_OTHER = TableRoles("other")


def declare(
    mapping: Mapping,
    tables: Sequence[TableEvidence],
    named: Map[str, tuple[str, ...]],
    dialect: str,
    name: str,
) -> FamilySpec:
    """The declaration of a database called `name`.

    `named` are the names of values that occur in each table of named values.
    """
    metadata = sa.MetaData()
    known = {table.name: table for table in tables}
    roles = {n: own for n, own in mapping.tables.items() if n in known}
    roles |= {n: _OTHER for n in known if n not in roles}
    used = {n: own for n, own in roles.items() if _shown(known[n], own)}
    runs = any(own.with_role("run") is not None for own in used.values())
    places = [mapped(known[n], own, dialect, runs) for n, own in used.items()]
    listed = _tables(places, metadata)
    experiments = _experiments(places, known)
    told = runs_of(places, named, experiments, metadata, name)
    inner, measures = measures_of(places, dict(named), metadata)
    who = any(table.role == "states" for table in listed)
    others = tuple(t for t in listed if t.name != told.table.name)
    return FamilySpec(
        name=FAMILY,
        label=LABEL,
        recognise=lambda shape: None,
        runs=told.spec,
        tables=(told.table, *others, *inner),
        measures=measures,
        lanes=lanes_of(places),
        scales=lambda asker, vintage: (),
        detail=told.detail,
        answers={} if who else {AgentsQuery: _whole_run},
        audit=rules_of(places, told.table),
        flows=flows_of(places),
    )


def _shown(table: TableEvidence, own: TableRoles) -> bool:
    """Whether anything of the table may be seen."""
    return own.kind != LEFT_OUT and len(own.all_with(SECRET)) < len(table.columns)


def numbered(shape: Shape, tables: Sequence[TableEvidence]) -> Shape:
    """The shape with the numbers that SQLite gives the rows of tables."""
    with_numbers = {t.name for t in tables if t.numbered}
    found = {
        name: {"rowid": "INTEGER", **columns} if name in with_numbers else columns
        for name, columns in shape.tables.items()
    }
    return replace(shape, tables=found)


def _whole_run(asker: Asker, query: AgentsQuery) -> tuple[Agent, ...]:
    """Where no table tells of agents, the run itself is the one whose numbers are drawn."""
    return (Agent(WHOLE, WHOLE, None, None, None),)


def _tables(places: Sequence[Mapped], metadata: sa.MetaData) -> list[TableSpec]:
    """The first table of a kind plays its role; any others are tables like all the rest."""
    found: list[TableSpec] = []
    taken: set[str] = set()
    for place in places:
        role = role_of(place.own.kind, place.own.with_role("agent") is not None)
        if role in taken or place.run is None:
            role = None
        if role is not None:
            taken.add(role)
        table, extra = declared(place, metadata, role), paid(place)
        if extra is not None:
            table = replace(table, columns=(*table.columns, extra))
        found.append(table)
    return found


def _experiments(places: Sequence[Mapped], known: Map[str, TableEvidence]) -> TableEvidence | None:
    """The table that the runs' experiment refers to."""
    runs = next((p for p in places if p.own.kind == "runs"), None)
    column = None if runs is None else runs.own.with_role("experiment")
    if runs is None or column is None or column not in runs.evidence.keys.refers:
        return None
    return known.get(runs.evidence.keys.refers[column][0])
