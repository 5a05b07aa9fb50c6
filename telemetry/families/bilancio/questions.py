"""What only this family answers: who takes part, which experiments there are, a run's facts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.concepts import (
    Agent,
    Cell,
    Experiment,
    ExperimentList,
    IterationList,
    RunDetail,
    RunId,
)
from telemetry.errors import NothingFoundError
from telemetry.families.asker import Asker
from telemetry.families.bilancio import sweep_columns
from telemetry.families.bilancio.views import CSV_TABLES
from telemetry.frozen import replace
from telemetry.queries import AgentsQuery, ExperimentsQuery, IterationsQuery
from telemetry.text import one_line

_SERIES = (
    ("inventory_timeseries", "bucket", "bucket"),
    ("system_state_timeseries", "agent", "system"),
    ("metrics", "agent", "system"),
)


def agents(asker: Asker, query: AgentsQuery) -> tuple[Agent, ...]:
    """Those that series are about (buckets, the system), then agents by kind and name."""
    found: dict[str, Agent] = {}
    for table, column, kind in _SERIES:
        own, day = asker.column(table, column), asker.column(table, "day")
        rows = asker.rows(
            sa.select(own, sa.func.min(day), sa.func.max(day))
            .where(asker.column(table, "run_id") == query.run_id, own.is_not(None))
            .group_by(own)
            .order_by(own)
        )
        for name, first, last in rows:
            known = found.get(name)
            if known is not None and known.first_tick is not None and first is not None:
                first, last = min(first, known.first_tick), max(last, known.last_tick or last)
            found[name] = Agent(name, str(name), kind, first, last)
    agent, sort = asker.column("agents", "agent"), asker.column("agents", "kind")
    rows = asker.rows(
        sa.select(agent, sort)
        .where(asker.column("agents", "run_id") == query.run_id)
        .order_by(sort.nulls_last(), agent)
    )
    for name, what in rows:
        found.setdefault(name, Agent(name, str(name), what, None, None))
    return tuple(found.values())


def experiments(asker: Asker, query: ExperimentsQuery) -> ExperimentList:
    """Every sweep below what was opened; none where a run was opened alone."""
    specs = sweep_columns.EXPERIMENTS
    rows = asker.rows(
        sa.select(*(asker.column("experiments", c.name) for c in specs)).order_by(
            asker.column("experiments", "experiment_id")
        )
    )
    listed = []
    for row in rows:
        fields: dict[str, Cell] = {c.name: v for c, v in zip(specs, row, strict=True)}
        listed.append(
            Experiment(
                experiment_id=str(fields["experiment_id"]),
                name=str(fields["name"] or fields["experiment_id"]),
                kind=str(fields["kind"] or "sweep"),
                status=str(fields["status"] or "unknown"),
                iterations=None,
                runs=_whole(fields["runs"]),
                fields=fields,
            )
        )
    reader: Any = asker
    table = reader.layout.table_spec("experiments")
    described = tuple(reader.layout.describe_column(table, c) for c in specs)
    return ExperimentList(described, tuple(listed))


def iterations(asker: Asker, query: IterationsQuery) -> IterationList:
    """A sweep has pairs of runs, no iterations: always NothingFoundError, with what to do."""
    known = [e.experiment_id for e in experiments(asker, ExperimentsQuery()).experiments]
    if query.experiment_id not in known:
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise NothingFoundError(f"There is no experiment {query.experiment_id!r} here; {has}.")
    raise NothingFoundError(
        f"{query.experiment_id} compares pairs of runs and has no iterations; "
        "look at its runs, or at the table pairs."
    )


def detail(asker: Asker, run_id: RunId, found: RunDetail) -> RunDetail:
    """Facts of the run and its pair, and a warning for all that could not be read."""
    fields = found.run.fields
    facts = [
        (spec.label, fields.get(spec.name))
        for spec in sweep_columns.RUNS
        if spec.name not in _NOT_FACTS and fields.get(spec.name) is not None
    ]
    ticks = found.run.ticks
    facts.append(("days", None if ticks is None else f"{ticks.first} to {ticks.last}"))
    outcomes, notes = _outcomes(asker, run_id)
    facts += outcomes
    return replace(
        found,
        facts=tuple(facts),
        warnings=(
            *_state_of_files(found),
            *_not_utf8(asker, run_id),
            *_unreadable(asker, run_id),
        ),
        notes=notes,
        config_problem=None,
        agents=_count(asker, run_id),
    )


_NOT_FACTS = ("run_id", "title", "files_missing", "files", "folder", "unreadable")


def _outcomes(asker: Asker, run_id: RunId) -> tuple[list[tuple[str, Cell]], tuple[str, ...]]:
    """Obligations by outcome, whether those who defaulted had ever traded, and who says so."""
    outcome, traded, debtor, told = (
        asker.column("obligations", n) for n in ("outcome", "debtor_traded", "debtor", "told_by")
    )
    rows = asker.rows(
        sa.select(
            outcome,
            sa.func.count(),
            sa.func.count(debtor.distinct()),
            sa.func.count(sa.case((traded, debtor)).distinct()),
            sa.func.count(sa.case((told == "events", 1))),
        )
        .where(asker.column("obligations", "run_id") == run_id)
        .group_by(outcome)
        .order_by(outcome)
    )
    facts: list[tuple[str, Cell]] = [
        (f"obligations {name or 'without outcome'}", n) for name, n, *_ in rows
    ]
    notes: tuple[str, ...] = ()
    for name, _, debtors, traders, from_events in rows:
        if name == "defaulted":
            facts += [("debtors in default", debtors), ("of them had traded", traders)]
            notes = () if not from_events else (_not_logged(from_events),)
    return facts, notes


def _not_logged(n: int) -> str:
    what = "1 default follows" if n == 1 else f"{n} defaults follow"
    return f"{what} from events (due, and not settled): repayment_events has no row of it."


def _state_of_files(found: RunDetail) -> list[str]:
    run = found.run
    if run.fields.get("files_missing"):
        return [
            f"The files of {run.run_id} are not here: only the registry and the aggregates know it."
        ]
    if run.fields.get("files") is None:
        return [f"The folder of {run.run_id} may not be read by you; ask its owner for permission."]
    if run.fields.get("files") == 0:
        return [f"{run.run_id} has written no files yet; its status is {run.status}."]
    return []


def _not_utf8(asker: Asker, run_id: RunId) -> list[str]:
    """A sentence for the files in another encoding: read as Latin-1, or not at all."""
    names = ("run_id", "as_latin", "not_read")
    own, latin, left = (asker.column("folders", name) for name in names)
    said = []
    for as_latin, not_read in asker.rows(sa.select(latin, left).where(own == run_id)):
        if as_latin:
            said.append(
                f"Not in UTF-8: {as_latin}, read as Latin-1, so that letters beyond ASCII may be "
                "wrong ones; save a copy in UTF-8."
            )
        if not_read:
            said.append(f"Not read, as it is no text in UTF-8: {not_read}; save a copy as that.")
    return [one_line(each, limit=500) for each in said]


def _unreadable(asker: Asker, run_id: RunId) -> list[str]:
    """A sentence for each table in which something could not be read as what it should be."""
    parts = []
    for table in (*CSV_TABLES, "events"):
        text, line = asker.column(table, "unreadable"), asker.column(table, "line")
        parts.append(
            sa.select(
                sa.literal(table),
                sa.func.count(),
                sa.func.min(line),
                sa.func.arg_min(text, line),
            ).where(asker.column(table, "run_id") == run_id, text.is_not(None))
        )
    statement: Any = sa.union_all(*parts)
    said = []
    for table, n, line, text in asker.rows(statement):
        if n:
            rows = "1 row" if n == 1 else f"{n} rows"
            said.append(f"{table}: {rows} could not be read in full, first row {line} ({text}).")
    return said


def _count(asker: Asker, run_id: RunId) -> int:
    of_run = asker.column("named_agents", "run_id") == run_id
    return int(asker.rows(sa.select(sa.func.count()).where(of_run))[0][0])


def _whole(cell: Cell) -> int | None:
    return cell if isinstance(cell, int) else None
