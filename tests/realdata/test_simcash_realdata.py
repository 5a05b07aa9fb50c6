"""On every real SimCash sample the answers are the numbers that its own SQL gave."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import telemetry
from telemetry.cancel import CancelToken
from telemetry.concepts import TickRange
from telemetry.filters import Filter
from telemetry.queries import (
    AgentsQuery,
    CountQuery,
    ExperimentsQuery,
    FacetQuery,
    FunnelQuery,
    RunQuery,
    RunSizesQuery,
    RunsQuery,
    SeriesQuery,
    Sort,
    SummaryQuery,
    TableQuery,
    TimelineQuery,
    Where,
)
from telemetry.source import Source

pytestmark = pytest.mark.realdata
VINTAGES = {
    "castro_wal.db": "two-bank experiment",
    "duckdb2_storage.db": "unified",
    "empty_castro_game.db": "game audit",
    "empty_main_head_experiment.db": "experiment, newer",
    "empty_main_head_sim.db": "simulations only",
    "empty_unified.db": "unified",
    "exp1.db": "experiment, legacy",
    "gen_unified.db": "unified",
}
# The names that the reference numbers give to a few runs.
RUNS = {
    "exp1_iter0": "exp1-20251215-084901-866d63-iter0-initial",
    "adv_crisis": "sim-18bced27",
    "crisis10": "sim-a3c5f418",
}
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "simcash"


@pytest.fixture(scope="module")
def reference(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "facts.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def unified(folder: Path) -> Iterator[Source]:
    source = telemetry.open_source(folder / "gen_unified.db")
    yield source
    source.close()


def facts(reference: dict[str, Any], file: str, name: str) -> Rows:
    found = reference[file]["facts"][name]
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def rows(source: Source, run: str, table: str, *names: str, where: Where | None = None) -> Rows:
    query = TableQuery(run, table, columns=names, where=where or Where())
    return [dict(zip(names, row, strict=True)) for chunk in source.stream(query) for row in chunk]


@pytest.mark.parametrize("name", VINTAGES)
def test_each_sample_opens_as_its_shape_and_is_left_as_it_was(name: str, folder: Path) -> None:
    before = {p.name: (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.iterdir()}
    source = telemetry.open_source(folder / name)
    assert (source.identity.family, source.identity.vintage) == ("simcash", VINTAGES[name])
    runs = source.ask(RunsQuery()).runs
    source.ask(ExperimentsQuery())
    for table in source.tables:
        source.ask(TableQuery(runs[0].run_id if runs else "none", table.name, limit=5))
    source.close()
    after = {p.name: (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.iterdir()}
    assert after == before


@pytest.mark.parametrize("name", [n for n in VINTAGES if "empty" in n or "storage" in n])
def test_an_empty_sample_has_neither_runs_nor_experiments(name: str, folder: Path) -> None:
    source = telemetry.open_source(folder / name)
    assert source.ask(RunsQuery()).runs == ()
    assert source.ask(ExperimentsQuery()).experiments == ()


def test_runs(unified: Source, reference: dict[str, Any]) -> None:
    found = {r.run_id: r for r in unified.ask(RunsQuery()).runs}
    expected = facts(reference, "gen_unified.db", "runs")
    assert set(found) == {r["simulation_id"] for r in expected}
    same = (
        "experiment_id",
        "iteration",
        "sample_index",
        "run_purpose",
        "rng_seed",
        "total_transactions",
        "total_settlements",
        "total_cost",
        "events",
    )
    for row in expected:
        fields = found[row["simulation_id"]].fields
        assert {n: fields[n] for n in same} == {n: row[n] for n in same}
        assert fields["planned_ticks"] == row["ticks"]
        assert fields["replayable"] == (row["events"] > 0)
    (without,) = facts(reference, "gen_unified.db", "runs_without_events")
    assert sum(not r.fields["replayable"] for r in found.values()) == without["count_star()"]


def test_runs_by_purpose(unified: Source, reference: dict[str, Any]) -> None:
    count: Counter[tuple[Any, Any]] = Counter()
    cost: Counter[tuple[Any, Any]] = Counter()
    for run in unified.ask(RunsQuery()).runs:
        key = (run.experiment_id, run.fields["run_purpose"])
        count[key] += 1
        cost[key] += int(str(run.fields["total_cost"]))
    expected = facts(reference, "gen_unified.db", "runs_by_purpose")
    for row in expected:
        key = (row["experiment_id"], row["run_purpose"])
        assert (count.pop(key), cost[key]) == (row["n"], row["cost"])
    assert not count


@pytest.mark.parametrize("name", RUNS)
def test_events_by_type_and_what_they_name(
    name: str, unified: Source, reference: dict[str, Any]
) -> None:
    run = RUNS[name]
    expected = facts(reference, "gen_unified.db", f"{name}.events_by_type")
    found = unified.ask(FacetQuery(run, "simulation_events", "event_type")).values
    assert dict(found) == {r["event_type"]: r["n"] for r in expected}
    named = rows(unified, run, "simulation_events", "event_type", "agent_id", "tx_id")
    agents = Counter(r["event_type"] for r in named if r["agent_id"] is not None)
    transactions = Counter(r["event_type"] for r in named if r["tx_id"] is not None)
    for row in facts(reference, "gen_unified.db", f"{name}.null_agent"):
        assert agents[row["event_type"]] == row["with_agent"]
        assert transactions[row["event_type"]] == row["with_tx"]


@pytest.mark.parametrize("name", RUNS)
def test_first_and_last_events_and_the_ticks_between(
    name: str, unified: Source, reference: dict[str, Any]
) -> None:
    run = RUNS[name]
    names = ("tick", "day", "event_type", "agent_id", "tx_id", "details")
    found = rows(unified, run, "simulation_events", *names)
    first = facts(reference, "gen_unified.db", f"{name}.first_events")
    last = facts(reference, "gen_unified.db", f"{name}.last_events")
    assert found[: len(first)] == first
    assert found[: -len(last) - 1 : -1] == last
    (expected,) = facts(reference, "gen_unified.db", f"{name}.summary")
    assert len(found) == expected["n"]
    assert unified.ask(RunQuery(run)).run.ticks == TickRange(expected["t0"], expected["t1"])
    assert max(r["day"] for r in found) == expected["d"]


@pytest.mark.parametrize("name", RUNS)
def test_costs_by_agent_and_kind(name: str, unified: Source, reference: dict[str, Any]) -> None:
    kinds = {
        "cost": "total",
        "liquidity": "liq",
        "delay": "delay",
        "collateral": "coll",
        "penalty": "pen",
        "split_friction": "split",
    }
    expected = {
        r["agent_id"]: r for r in facts(reference, "gen_unified.db", f"{name}.cost_by_agent")
    }
    for measure, column in kinds.items():
        for suffix in ("", "_so_far"):
            lines = unified.ask(SeriesQuery(RUNS[name], measure + suffix)).lines
            ends = {li.agent_id: li.value[-1] if suffix else li.value.sum() for li in lines}
            for agent, value in ends.items():
                cents = expected[agent][column] if agent in expected else 0
                assert round(value * 100, 4) == cents
            assert set(expected) <= set(ends)
    whole = sum(r["cost"] for r in rows(unified, RUNS[name], "costs", "cost"))
    assert whole == unified.ask(RunQuery(RUNS[name])).run.fields["total_cost"]


@pytest.mark.parametrize("name", RUNS)
def test_no_run_row_contradicts_its_rows(name: str, unified: Source) -> None:
    assert unified.ask(RunQuery(RUNS[name])).warnings == ()


def test_costs_beyond_their_parts_are_other(unified: Source) -> None:
    names = ("cost", "other", "other_so_far")
    found = rows(unified, RUNS["exp1_iter0"], "costs", *names)
    assert [r["other"] for r in found] == [2500, 2500, 2500, 2500]
    assert found[-1]["other_so_far"] == 5000
    assert {r["other"] for r in rows(unified, RUNS["adv_crisis"], "costs", "other")} == {0}


def test_transactions_by_status(unified: Source, reference: dict[str, Any]) -> None:
    by_run: dict[str, Rows] = {}
    for row in facts(reference, "gen_unified.db", "tx_status"):
        by_run.setdefault(row["simulation_id"], []).append(row)
    for run, expected in by_run.items():
        names = ("status", "amount", "settlement_tick", "deadline_tick")
        found = rows(unified, run, "transactions", *names)
        for row in expected:
            amounts = [r["amount"] for r in found if r["status"] == row["status"]]
            assert (len(amounts), sum(amounts)) == (row["n"], row["amt"])
        assert len(found) == sum(r["n"] for r in expected)
        failed = sum(r["n"] for r in expected if r["status"] != "settled")
        late = [r for r in found if (r["settlement_tick"] or 0) > r["deadline_tick"]]
        assert unified.ask(CountQuery(run, "unsettled")) == failed + len(late)
        if late:
            funnel = unified.ask(FunnelQuery(run))
            told = [c["settled after its deadline"] for c in funnel.counts.values()]
            assert (sum(told), sum(map(funnel.tries, funnel.counts))) == (
                len(late), failed + len(late))  # fmt: skip


def test_daily_metrics(unified: Source, reference: dict[str, Any]) -> None:
    expected = facts(reference, "gen_unified.db", "daily_metrics_adv")
    found = rows(unified, RUNS["adv_crisis"], "daily_agent_metrics", *expected[0])
    found.sort(key=lambda r: (r["agent_id"], r["day"]))
    assert found == expected


def test_balances_at_ticks(unified: Source, reference: dict[str, Any]) -> None:
    for measure in ("balance", "posted_collateral"):
        lines = unified.ask(SeriesQuery(RUNS["adv_crisis"], measure)).lines
        known = {
            (line.agent_id, tick): value
            for line in lines
            for tick, value in zip(line.tick.tolist(), line.value.tolist(), strict=True)
        }
        for row in facts(reference, "gen_unified.db", "balance_tick_adv"):
            assert known[row["agent_id"], row["tick"]] == row[measure] / 100


def names_in(value: object, agent: str) -> bool:
    """Whether a payload names the agent, at any depth and however often it was encoded."""
    if isinstance(value, str):
        if value == agent:
            return True
        return value[:1] in '{["' and names_in(json.loads(value), agent)
    if isinstance(value, dict):
        return any(names_in(part, agent) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(names_in(part, agent) for part in value)


@pytest.mark.parametrize("agent", ["METRO_CENTRAL", "REGIONAL_TRUST"])
def test_the_agent_filter_finds_every_event_that_names_it(
    agent: str, unified: Source, reference: dict[str, Any]
) -> None:
    run = RUNS["adv_crisis"]
    columns = ("agent_id", "details")
    every = rows(unified, run, "simulation_events", *columns)
    wanted = [r for r in every if r["agent_id"] == agent or names_in(r["details"], agent)]
    found = rows(unified, run, "simulation_events", *columns, where=Where(agents=(agent,)))
    assert found == wanted
    if agent == "METRO_CENTRAL":  # twice encoded payloads name it in 6 events more
        (complete,) = facts(reference, "gen_unified.db", "agent_filter_complete")
        (upstream,) = facts(reference, "gen_unified.db", "agent_filter_upstream")
        assert (complete["count_star()"], upstream["count_star()"]) == (496, 220)
        assert len(found) == 496 + 6


def test_the_transaction_filter_finds_netted_ones(unified: Source) -> None:
    where = Where((Filter.parse("transactions", "/b1274667-416b-4e6f-9c21-c2fd48eff08e/"),))
    found = rows(unified, RUNS["adv_crisis"], "simulation_events", "event_type", where=where)
    kinds = Counter(r["event_type"] for r in found)
    assert kinds["LsmBilateralOffset"] == 16
    assert kinds["Arrival"] == 1


@pytest.mark.parametrize("name", RUNS)
def test_every_event_reads_as_a_sentence(name: str, unified: Source) -> None:
    names = ("event_type", "agent_id", "tx_id", "details")
    for row in rows(unified, RUNS[name], "simulation_events", *names):
        said = unified.explain("simulation_events", row)
        assert said
        assert "not recorded" not in said
        assert "{" not in said


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", ["agent_id", "tx_id", "amount"])
def test_pages_of_a_column_with_null_join_to_the_whole(
    column: str, descending: bool, unified: Source
) -> None:
    sort = Sort(column, descending)
    query = TableQuery(
        RUNS["adv_crisis"], "simulation_events", columns=("event_id",), sort=sort, limit=700
    )
    whole = [row for chunk in unified.stream(query) for row in chunk]
    found: list[Any] = []
    page = unified.ask(query)
    found += page.rows
    while page.next is not None:
        page = unified.ask(
            TableQuery(
                RUNS["adv_crisis"],
                "simulation_events",
                columns=("event_id",),
                sort=sort,
                limit=700,
                after=page.next,
            )
        )
        found += page.rows
    assert found == whole
    assert len(set(found)) == 5199


def test_lanes_days_and_agents(unified: Source) -> None:
    timeline = unified.ask(TimelineQuery(RUNS["crisis10"]))
    day, status = timeline.lane("day"), timeline.lane("status")
    assert day is not None
    assert status is not None
    assert day.first.tolist() == list(range(0, 1000, 100))
    assert status.state == ("completed",)
    agents = [a.agent_id for a in unified.ask(AgentsQuery(RUNS["crisis10"]))]
    assert agents == ["CORRESPONDENT_HUB", "METRO_CENTRAL", "MOMENTUM_CAPITAL", "REGIONAL_TRUST"]


def test_table_counts(unified: Source, reference: dict[str, Any]) -> None:
    runs = [r.run_id for r in unified.ask(RunsQuery()).runs]
    expected = reference["gen_unified.db"]["table_counts"]
    sizes = unified.ask(RunSizesQuery(tuple(runs))).counts
    found = {
        t.name: sum(sizes[r][t.name] for r in runs)
        if t.name in sizes[runs[0]]
        else unified.ask(CountQuery("", t.name))
        for t in unified.tables
    }
    found["policy_snapshots"] += found["policy_templates"]
    found["simulation_runs"] = found["runs"]
    assert found["runs"] == len(runs)
    del expected["simulations"]  # listed with the other runs
    assert {name: found[name] for name in expected} == expected


def test_the_summary_of_transactions_matches_the_rows(unified: Source) -> None:
    run = RUNS["adv_crisis"]
    summary = unified.ask(SummaryQuery(run, "transactions"))
    total = dict(zip([c.name for c in summary.columns], summary.total, strict=True))
    found = rows(unified, run, "transactions", "amount", "settlement_delay")
    assert total["sum_amount"] == sum(r["amount"] for r in found)
    delays = [r["settlement_delay"] for r in found if r["settlement_delay"] is not None]
    assert total["avg_delay"] == pytest.approx(sum(delays) / len(delays))
    assert total["max_delay"] == max(delays)


@pytest.mark.parametrize("name", ["castro_wal.db", "exp1.db", "gen_unified.db"])
def test_a_withdrawn_question_stops(name: str, folder: Path) -> None:
    source = telemetry.open_source(folder / name)
    token = CancelToken()
    token.cancel()
    with pytest.raises(telemetry.errors.QueryCancelled):
        source.ask(RunsQuery(), token)
