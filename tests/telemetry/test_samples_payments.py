"""The settlement system is economically sane, follows from its seeds, and can be run again."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

import telemetry
from telemetry.families.simcash.recipes import can_rerun
from telemetry.families.simcash.recorder import Persistence, SimCashRecorder
from telemetry.samples.payments import Policy, Scenario, Search, search, setting, simulate
from telemetry.samples.payments.catalogue import CRISIS, LIQUIDITY, ORDINARY, write
from telemetry.samples.payments.rerun import rerun
from tests.effort import effort

EVENTS = (
    "SELECT tick, day, event_type, agent_id, tx_id, details FROM simulation_events "
    "WHERE simulation_id = ? ORDER BY tick, event_timestamp"
)


HEARD: list[tuple[str, float]] = []


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's file; read only."""
    HEARD.clear()
    path = tmp_path_factory.mktemp("payments") / "payments.db"
    return write(path, lambda name, part: HEARD.append((name, part)))


@pytest.fixture(scope="module")
def ask(file: Path):
    """SQL over the demo's file, which is let go of after each question."""

    def asked(sql: str, *values: object) -> list[tuple]:
        with closing(duckdb.connect(str(file), read_only=True)) as connection:
            return connection.execute(sql, list(values)).fetchall()

    return asked


def crisis(ask) -> str:
    """The id of the run alone."""
    ((run,),) = ask("SELECT simulation_id FROM simulation_runs WHERE experiment_id IS NULL")
    return run


# Money


def test_money_is_only_moved(ask):
    sql = (
        "SELECT config_name, sum(balance) FROM tick_agent_states JOIN simulation_runs "
        "USING (simulation_id) GROUP BY simulation_id, tick, config_name"
    )
    expected = {(s.name, sum(b.opening_balance for b in s.banks)) for s in (ORDINARY, CRISIS)}
    assert set(ask(sql)) == expected


def test_balances_change_by_what_was_paid(ask):
    run = crisis(ask)
    sql = (
        "SELECT coalesce(sum(t.amount) FILTER (WHERE t.receiver_id = s.agent_id), 0) "
        "- coalesce(sum(t.amount) FILTER (WHERE t.sender_id = s.agent_id), 0), "
        "any_value(s.balance_change) FROM tick_agent_states s LEFT JOIN transactions t "
        "ON t.simulation_id = s.simulation_id AND t.settlement_tick = s.tick "
        "WHERE s.simulation_id = ? AND s.tick > 0 GROUP BY s.tick, s.agent_id"
    )
    found = ask(sql, run)
    assert len(found) == (CRISIS.ticks - 1) * len(CRISIS.banks)
    assert all(paid == change for paid, change in found)


def test_no_balance_falls_below_its_credit(ask):
    sql = "SELECT min(balance + unsecured_cap + posted_collateral * 9 // 10) FROM tick_agent_states"
    assert ask(sql)[0][0] >= 0


def test_costs_are_the_sum_of_their_parts_in_every_table(ask):
    parts = "liquidity_cost + delay_cost + collateral_cost + split_friction_cost"
    sql = f"SELECT {parts} + deadline_penalty_cost = total_cost FROM daily_agent_metrics"
    assert set(ask(sql)) == {(True,)}
    run = crisis(ask)
    (accrued,) = ask(
        "SELECT sum(CAST(details->>'$.costs.total' AS BIGINT)), "
        "sum(CAST(details->>'$.costs.delay_cost' AS BIGINT)) FROM simulation_events "
        "WHERE simulation_id = ? AND event_type = 'CostAccrual'",
        run,
    )
    (days,) = ask(
        "SELECT sum(total_cost), sum(delay_cost) FROM daily_agent_metrics WHERE simulation_id = ?",
        run,
    )
    ((told,),) = ask("SELECT total_cost FROM simulation_runs WHERE simulation_id = ?", run)
    ((delays,),) = ask("SELECT sum(delay_cost) FROM transactions WHERE simulation_id = ?", run)
    (deltas,) = ask(
        "SELECT sum(liquidity_cost_delta + delay_cost_delta + collateral_cost_delta "
        "+ penalty_cost_delta + split_friction_cost_delta), sum(delay_cost_delta) "
        "FROM tick_agent_states WHERE simulation_id = ?",
        run,
    )
    assert accrued == days == deltas == (told, delays)
    assert told > 0


def test_a_payment_that_fails_or_is_late_says_why(ask):
    run = crisis(ask)
    sql = "SELECT status, count(*) FROM transactions WHERE simulation_id = ? GROUP BY 1 ORDER BY 1"
    found = dict(ask(sql, run))
    assert set(found) == {"dropped", "settled"}
    assert min(found.values()) > 5
    ((silent,),) = ask(
        "SELECT count(*) FROM transactions WHERE (drop_reason IS NULL) <> (status = 'settled') "
        "OR (status = 'dropped' AND overdue_since_tick IS NULL) "
        "OR (status = 'settled' AND settlement_tick > deadline_tick AND overdue_since_tick IS NULL)"
    )
    assert silent == 0
    ((late, told),) = ask(
        "SELECT count(*) FILTER (WHERE overdue_since_tick IS NOT NULL), (SELECT count(*) FROM "
        "simulation_events e WHERE e.simulation_id = ? AND event_type = 'TransactionWentOverdue') "
        "FROM transactions WHERE simulation_id = ?",
        run,
        run,
    )
    assert late == told > 0


def test_netting_settles_payments_that_could_not_settle_alone(ask):
    sql = (
        "SELECT cycle_type, agents, transactions, tx_amounts, net_positions, settled_value, "
        "total_value, max_net_outflow, tick FROM lsm_cycles WHERE simulation_id = ?"
    )
    found = ask(sql, crisis(ask))
    assert {row[0] for row in found} == {"bilateral", "multilateral"}
    for _, agents, ids, amounts, net, settled, total, outflow, tick in found:
        gains = json.loads(net)
        assert list(gains) == json.loads(agents)
        assert sum(gains.values()) == 0
        assert total == sum(json.loads(amounts)) == settled + outflow
        assert outflow == -min(gains.values()) < total
        marks = ", ".join("?" * len(json.loads(ids)))
        sql = (
            "SELECT DISTINCT settlement_tick FROM transactions "
            f"WHERE simulation_id = ? AND tx_id IN ({marks})"
        )
        assert ask(sql, crisis(ask), *json.loads(ids)) == [(tick,)]


def test_every_arrival_has_one_end(ask):
    run = crisis(ask)
    sql = "SELECT count(*), count(DISTINCT tx_id) FROM simulation_events WHERE simulation_id = ? "
    arrived = ask(sql + "AND event_type = 'Arrival'", run)[0]
    ended = ask(
        "SELECT count(*), count(DISTINCT tx_id) FROM transactions WHERE simulation_id = ?", run
    )
    assert arrived == ended[0]
    assert arrived[0] == arrived[1] > 100


def test_more_liquidity_costs_collateral_and_less_costs_delay(tmp_path: Path):
    costs = {}
    with SimCashRecorder(tmp_path / "none.db") as recorder:
        for fraction in (0.0, 1.0):
            policies = {bank.id: Policy(fraction, 0, 0.0) for bank in ORDINARY.banks}
            plan = setting(ORDINARY, policies, 3)
            with recorder.begin_run(plan, level="none") as run:
                costs[fraction] = simulate(ORDINARY, policies, 3, run).kinds
    assert costs[1.0]["collateral"] > costs[0.0]["collateral"]
    assert costs[1.0]["delay"] < costs[0.0]["delay"]


# The experiment


def test_the_demo_has_experiments_and_a_run_alone(ask):
    sql = (
        "SELECT experiment_name, num_iterations, converged, completed_at IS NOT NULL "
        "FROM experiments ORDER BY created_at"
    )
    (first, second) = ask(sql)
    assert first[0::2] == ("liquidity", True)
    assert first[1] >= 8
    assert second[0::2] == ("hoarders", False)
    assert first[3]
    assert second[3]
    sql = (
        "SELECT min(n), max(n) FROM (SELECT count(*) AS n FROM simulation_runs "
        "WHERE run_purpose = 'bootstrap' GROUP BY experiment_id, iteration)"
    )
    assert ask(sql) == [(3, 3)]


def test_the_search_saves_money(ask):
    sql = (
        "SELECT costs_per_agent FROM experiment_iterations JOIN experiments USING (experiment_id) "
        "WHERE experiment_name = 'liquidity' ORDER BY iteration"
    )
    totals = [sum(json.loads(text).values()) for (text,) in ask(sql)]
    ((best, final),) = ask(
        "SELECT best_cost, final_cost FROM experiments WHERE experiment_name = 'liquidity'"
    )
    assert best == min(totals) < 0.95 * totals[0]
    assert final == totals[-1]
    assert sorted(totals, reverse=True) != totals  # what samples promise, a day may not keep


def test_a_change_is_accepted_where_the_samples_are_cheaper(ask):
    ((experiment,),) = ask(
        "SELECT experiment_id FROM experiments WHERE experiment_name = 'liquidity'"
    )
    sql = (
        "SELECT iteration, agent_id, avg(d.total_cost) FROM daily_agent_metrics d "
        "JOIN simulation_runs USING (simulation_id) WHERE experiment_id = ? "
        "AND run_purpose = 'bootstrap' GROUP BY 1, 2"
    )
    means: dict[int, dict[str, float]] = {}
    for iteration, agent, mean in ask(sql, experiment):
        means.setdefault(iteration, {})[agent] = mean
    sql = "SELECT iteration, accepted_changes FROM experiment_iterations WHERE experiment_id = ?"
    held = dict(means[0])
    for iteration, text in sorted(ask(sql, experiment)):
        for agent, accepted in json.loads(text).items():
            assert accepted == (means[iteration][agent] < held[agent])
            if accepted:
                held[agent] = means[iteration][agent]


def test_the_same_seed_gives_the_same_search(tmp_path: Path):
    plan = Search("twice", ORDINARY, max_iterations=3, samples=2, persistence=Persistence("all"))
    told = []
    for number in range(2):
        path = tmp_path / f"{number}.db"
        with SimCashRecorder(f"duckdb:///{path}") as recorder:
            search(plan, recorder, experiment_id="e")
        with closing(duckdb.connect(str(path), read_only=True)) as connection:
            events = connection.execute(
                "SELECT simulation_id, tick, event_type, agent_id, tx_id, details "
                "FROM simulation_events ORDER BY event_id"
            ).fetchall()
            iterations = connection.execute(
                "SELECT * EXCLUDE (timestamp) FROM experiment_iterations ORDER BY iteration"
            ).fetchall()
        told.append((events, iterations))
    assert told[0] == told[1]
    assert len(told[0][0]) > 1000


def test_a_scenario_and_a_policy_survive_their_configuration():
    assert Scenario.of(json.loads(json.dumps(CRISIS.config))) == CRISIS
    policy = Policy(0.35, 3, 0.125)
    assert Policy.of(json.loads(json.dumps(policy.config))) == policy


def test_progress_is_told_to_the_end(file: Path):
    parts = [part for _, part in HEARD]
    assert parts == sorted(parts)
    assert {name for name, _ in HEARD} == {"liquidity", "hoarders"}
    assert 0 < parts[0] < parts[-1] <= 1


# Simulated again


def test_every_recorded_run_can_be_simulated_again_with_the_same_events(file: Path, ask, tmp_path):
    runs = [row[0] for row in ask("SELECT simulation_id FROM simulation_runs ORDER BY start_time")]
    with closing(telemetry.open_source(file)) as source:
        assert all(can_rerun(source, run)[0] for run in (runs[0], runs[1], runs[-1]))
    kept = {row[0] for row in ask("SELECT DISTINCT simulation_id FROM simulation_events")}
    thinned = next(run for run in runs if run not in kept)
    path = tmp_path / "again.db"
    with SimCashRecorder(f"duckdb:///{path}") as recorder:
        again = sorted(kept)[:: effort(2, 1)]
        outcomes = {run: rerun(file, run, recorder, run) for run in (*again, thinned)}
    sql = "SELECT total_cost, total_transactions FROM simulation_runs WHERE simulation_id = ?"
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        events = {run: connection.execute(EVENTS, [run]).fetchall() for run in again}
    assert events == {run: ask(EVENTS, run) for run in again}
    for run, outcome in outcomes.items():
        assert ask(sql, run) == [(outcome.cost, outcome.arrived)]


def test_the_smart_policy_kept_what_it_promises(ask):
    sql = (
        "SELECT run_purpose, iteration FROM simulation_runs JOIN experiments USING (experiment_id) "
        "WHERE experiment_name = 'liquidity' AND persistence_level = 'events' ORDER BY 2, 1"
    )
    found = ask(sql)
    sql = (
        "SELECT iteration FROM simulation_runs JOIN experiments USING (experiment_id) "
        "WHERE experiment_name = 'liquidity' AND run_purpose <> 'bootstrap' "
        "ORDER BY total_cost, end_time LIMIT 1"
    )
    ((best,),) = ask(sql)
    last = max(iteration for _, iteration in found)
    purpose = "final" if best == last else "evaluation"
    expected = {("bootstrap", 0), ("initial", 0), (purpose, best), ("final", last)}
    assert set(found) == expected
    assert LIQUIDITY.persistence == Persistence()
