"""Analyses of 10 M rows, against the pass over the same rows that the bare driver makes for each.

What a driver is asked is the least that such an answer must ask: the same rows, grouped or fetched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from benchmarks.frame import Pair, Room, line, ratio, seconds
from benchmarks.lines.bare import LAMBDA_PER_TICK, driver, forget
from telemetry.analysis.chosen import Chosen, every_run
from telemetry.analysis.comparison import curves, totals
from telemetry.analysis.event_study import Asked, event_study
from telemetry.analysis.seeds import seed_groups
from telemetry.queries import (
    AuditQuery,
    FlowsQuery,
    FunnelQuery,
    IntermediariesQuery,
    LensQuery,
    NearMissesQuery,
    Query,
    RunQuery,
    SettlingQuery,
    SplitQuery,
    WhyQuery,
)

AUDITED = (
    "SELECT tick, agent_id, inventory_A, inventory_B, inventory_M, lambda_money "
    "FROM agent_snapshots WHERE run_id = 1 AND tick >= 0",
    "SELECT tick, buyer_id, seller_id, dA, dB, dM, price, exchange_pair_type, buyer_surplus, "
    "seller_surplus FROM trades WHERE run_id = 1 AND tick >= 0",
)
SPLIT = (
    "SELECT tick, exchange_pair_type, count(*), sum(dA), sum(dB), sum(dM), sum(price), "
    "sum(buyer_surplus + seller_surplus) FROM trades WHERE run_id = 1 GROUP BY 1, 2",
    "SELECT tick, avg(utility), avg(inventory_A), avg(inventory_B), avg(inventory_M), "
    "avg(lambda_money) FROM agent_snapshots WHERE run_id = 1 AND tick >= 0 GROUP BY tick",
)
EDGES = (
    "SELECT buyer_id, seller_id, count(*), sum(dA), sum(dB), sum(dM) FROM trades "
    "WHERE run_id = 1 AND tick >= 0 GROUP BY 1, 2"
)
GIVEN = (
    "SELECT tick, id, buyer_id, seller_id, dA, dB, dM FROM trades "
    "WHERE run_id = 1 AND tick >= 0 ORDER BY tick, id"
)
REASONS = (
    "SELECT tick, result_reason, result, count(*) FROM trade_attempts "
    "WHERE run_id = 1 GROUP BY 1, 2, 3"
)
MISSES = (
    "SELECT tick, buyer_id, seller_id, direction, max(min(buyer_U_final - buyer_U_init, "
    "seller_U_final - seller_U_init)), count(*) FROM trade_attempts WHERE run_id = 1 "
    "GROUP BY 1, 2, 3, 4 HAVING sum(result = 'success') = 0"
)
OF_RUNS = (
    "SELECT run_id, config_json FROM simulation_runs",
    "SELECT run_id, exchange_pair_type, count(*), sum(dA), sum(dB), sum(dM), avg(price), "
    "sum(buyer_surplus + seller_surplus) FROM trades GROUP BY 1, 2",
    "SELECT run_id, result_reason, count(*) FROM trade_attempts GROUP BY 1, 2",
)
CURVES = "SELECT run_id, tick, avg(lambda_money) FROM agent_snapshots GROUP BY 1, 2"
PASS = "sqlite3 driver, "


def _asked(room: Room, query: Query[object], *statements: str, path: Path | None = None) -> Pair:
    """A question asked for the first time, against the driver's statements fetched to the end."""
    path = path or room.large
    source, bare = room.open(path), driver(room, path)
    return Pair(lambda: source.ask(query), lambda: _fetched(bare, statements), before=forget)


def _again(room: Room, query: Query[object], *statements: str) -> Pair:
    """The same once it is known."""
    source, bare = room.open(room.large), driver(room, room.large)
    source.ask(query)
    return Pair(lambda: source.ask(query), lambda: _fetched(bare, statements))


def _fetched(bare: sqlite3.Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        cursor = bare.execute(statement)
        while cursor.fetchmany(10_000):
            pass


FETCHED = f"{PASS}the columns that its rules look at, fetched"
AUDIT = AuditQuery(1)
SETTLING = SettlingQuery(1, "lambda_money")
AGGREGATE = f"{PASS}mean, min, max by tick over all rows"


@line("audit: all rules", against=FETCHED, bar=ratio(1.3), rounds=1, warming=False)
def audit(room: Room) -> Pair:
    room.read(room.large)
    return _asked(room, AUDIT, *AUDITED)


@line("audit: a second time", against=FETCHED, bar=ratio(0.05), rounds=1, warming=False)
def audit_again(room: Room) -> Pair:
    return _again(room, AUDIT, *AUDITED)


@line("lens: when each agent's λ settles", against=AGGREGATE, bar=ratio(1.3), rounds=3)
def settling(room: Room) -> Pair:
    return _asked(room, SETTLING, LAMBDA_PER_TICK)


@line("lens: settling a second time", against=AGGREGATE, bar=ratio(0.05), rounds=2)
def settling_again(room: Room) -> Pair:
    return _again(room, SETTLING, LAMBDA_PER_TICK)


@line("lens: fan and outliers, first picture", against=AGGREGATE, bar=seconds(0.5), rounds=3)
def lens(room: Room) -> Pair:
    return _asked(room, LensQuery(1, "lambda_money"), LAMBDA_PER_TICK)


@line(
    "regimes: every number by mode",
    against=f"{PASS}sums and means by tick",
    bar=ratio(1.3),
    rounds=2,
)
def regimes(room: Room) -> Pair:
    return _asked(room, SplitQuery(1, ("mode",)), *SPLIT)


@line("event study of λ around every mode", against=AGGREGATE, bar=ratio(1.3), rounds=2)
def around_modes(room: Room) -> Pair:
    source, bare = room.open(room.large), driver(room, room.large)
    run = Chosen(source, source.ask(RunQuery(1)).run)
    asked = Asked("lambda_money", ("mode",))
    return Pair(
        lambda: event_study([run], asked),
        lambda: _fetched(bare, (LAMBDA_PER_TICK,)),
        before=forget,
    )


@line("flows: who gives A to whom", against=f"{PASS}sums by pair", bar=ratio(1.3), rounds=3)
def edges(room: Room) -> Pair:
    return _asked(room, FlowsQuery(1, "A"), EDGES)


@line("flows: who passes M on", against=f"{PASS}the same rows", bar=ratio(1.3), rounds=2)
def intermediaries(room: Room) -> Pair:
    return _asked(room, IntermediariesQuery(1, "M"), GIVEN)


@line("why: a negotiation among 10 M attempts", bar=seconds(0.5))
def why(room: Room) -> Pair:
    path = room.database("vmt-attempts")
    source = room.open(path)
    return Pair(lambda: source.ask(WhyQuery(1, 2500, (3, 4))), before=forget)


@line("funnel of 10 M attempts", against=f"{PASS}GROUP BY", bar=ratio(1.3), rounds=1, warming=False)
def funnel(room: Room) -> Pair:
    path = room.read(room.database("vmt-attempts"))
    return _asked(room, FunnelQuery(1), REASONS, path=path)


@line(
    "near misses of 10 M attempts",
    against=f"{PASS}GROUP BY",
    bar=ratio(1.3),
    rounds=1,
    warming=False,
)
def near_misses(room: Room) -> Pair:
    path = room.read(room.database("vmt-attempts"))
    return _asked(room, NearMissesQuery(1), MISSES, path=path)


def _of_runs(room: Room, work: Callable[[tuple[Chosen, ...]], object], *statements: str) -> Pair:
    path = room.database("vmt-runs")
    source, bare = room.open(path), driver(room, path)
    runs = every_run(source)
    return Pair(lambda: work(runs), lambda: _fetched(bare, statements), before=forget)


@line("seeds: 3 000 runs grouped and added up", against=f"{PASS}GROUP BY run", bar=seconds(1))
def seeds(room: Room) -> Pair:
    return _of_runs(room, lambda runs: (seed_groups(runs), totals(runs)), *OF_RUNS)


@line("compare: λ of 3 000 runs", against=f"{PASS}GROUP BY run, tick", bar=ratio(1.3), rounds=3)
def compared(room: Room) -> Pair:
    return _of_runs(room, lambda runs: curves(runs, "lambda_money"), CURVES)
