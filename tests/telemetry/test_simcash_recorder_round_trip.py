"""What the SimCash recorder takes, our reader and the producer's own queries give back."""

from __future__ import annotations

import json
import secrets
from contextlib import closing, suppress
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import telemetry
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.simcash.recipes import can_rerun, recipe
from telemetry.families.simcash.recorder import Persistence, Setting, SimCashRecorder
from telemetry.queries import (
    ExperimentsQuery,
    IterationsQuery,
    PointsQuery,
    RunQuery,
    RunsQuery,
    TableQuery,
)
from tests.builders import simcash_rows as rows
from tests.builders.postgresql import Server
from tests.builders.questions import one_of_each
from tests.builders.simcash_rows import SETTING, log_everything
from tests.effort import effort

KINDS = ("duckdb", "sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("server")
        return server.create()
    return f"{request.param}:///{tmp_path / 'runs'}"


def opened(url: str) -> telemetry.Source:
    """Our reader at what a recorder wrote."""
    return telemetry.open_source(url if url.startswith("postgresql") else url.split("///")[1])


def read(source: telemetry.Source, run_id: str, table: str, names: list[str]) -> list[tuple]:
    """Those columns of all rows, flags as flags and times as text."""
    columns = {column.name: column.kind for column in source.table(table).columns}
    query = TableQuery(run_id, table, tuple(names))
    found = [row for chunk in source.stream(query) for row in chunk]
    flags = [place for place, name in enumerate(names) if columns[name] == "flag"]
    return [tuple(bool(c) if i in flags else c for i, c in enumerate(row)) for row in found]


# Random runs

CENTS = st.integers(0, 2**63 - 1)
SIGNED = st.integers(-(2**63), 2**63 - 1)
TICK = st.integers(0, 2**40)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
TRANSACTIONS = st.fixed_dictionaries(
    {
        "sender_id": TEXT,
        "receiver_id": TEXT,
        "amount": CENTS,
        "priority": st.integers(0, 10),
        "is_divisible": st.booleans(),
        "arrival_tick": TICK,
        "arrival_day": TICK,
        "deadline_tick": TICK,
        "settlement_tick": st.none() | TICK,
        "status": st.sampled_from(["pending", "settled", "overdue", "dropped"]),
        "drop_reason": st.none() | TEXT,
        "amount_settled": CENTS,
        "queue1_ticks": TICK,
        "queue2_ticks": TICK,
        "total_delay_ticks": TICK,
        "delay_cost": CENTS,
    }
)
STATES = st.fixed_dictionaries(
    {
        name: SIGNED if name.endswith("_delta") or "balance" in name else CENTS
        for name in rows.STATE
        if name != "agent_id"
    }
)
EVENTS = st.tuples(TEXT, st.dictionaries(TEXT, PLAIN, max_size=4), st.none() | TEXT)
TICKS = st.lists(
    st.tuples(
        st.lists(TRANSACTIONS, max_size=3),
        st.lists(STATES, max_size=3),
        st.lists(EVENTS, max_size=4),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=effort(5, 25), deadline=None, suppress_health_check=list(HealthCheck))
@given(ticks=TICKS, seed=SIGNED, config=st.dictionaries(TEXT, PLAIN, min_size=1, max_size=3))
def test_random_runs_are_read_back_with_nothing_lost(url, ticks, seed, config):
    name = f"r{secrets.token_hex(6)}"  # the database is that of the examples before
    setting = Setting("s", seed, 2, 2, config=config, policies={"A": config})
    written: dict[str, list[dict]] = {"transactions": [], "tick_agent_states": []}
    happened: list[tuple] = []
    with SimCashRecorder(url) as recorder, recorder.begin_run(setting, simulation_id=name) as run:
        for tick, (payments, states, events) in enumerate(ticks):
            for payment in payments:
                row = {**payment, "tx_id": f"t{len(written['transactions'])}"}
                run.log_transaction(tick, **row)
                written["transactions"].append(row)
            for number, state in enumerate(states):
                row = {**state, "agent_id": f"b{number}"}
                run.log_agent_state(tick, **row)
                written["tick_agent_states"].append({**row, "tick": tick, "day": tick // 2})
            for kind, details, tx in events:
                run.log_event(tick, kind, details, tx_id=tx)
                happened.append((tick, kind, details, tx))
            run.end_tick(tick)
        run.finish(total_cost=7)
    with closing(opened(url)) as source:
        for table, given_rows in written.items():
            names = list(given_rows[0]) if given_rows else []
            if names:
                expected = [tuple(row[name] for name in names) for row in given_rows]
                assert sorted(read(source, name, table, names), key=repr) == sorted(
                    expected, key=repr
                )
        names = ["tick", "event_type", "details", "tx_id"]
        found = read(source, name, "simulation_events", names)
        assert [(t, k, json.loads(str(d)), x) for t, k, d, x in found] == happened
        detail = source.ask(RunQuery(name))
        assert detail.run.fields["rng_seed"] == seed
        assert detail.run.fields["total_cost"] == 7
        kept = recipe(source, name)
        assert (kept.config, kept.policies, kept.seed) == (config, {"A": config}, seed)


def record_experiment(url: str) -> None:
    """Two iterations with samples, and a run alone."""
    with SimCashRecorder(url) as recorder:
        container = recorder.begin_experiment(
            "exp",
            config={"evaluation": {"mode": "bootstrap"}},
            master_seed=7,
            experiment_id="e",
            persistence=Persistence(level="full", thin_surpassed=False),
        )
        with container:
            for number, purpose in enumerate(("initial", "evaluation")):
                iteration = container.begin_iteration(number)
                runs = [
                    iteration.begin_run(SETTING, purpose="bootstrap", sample_index=sample)
                    for sample in (1, 2)
                ]
                for run in (*runs, iteration.begin_run(SETTING, purpose=purpose)):
                    with run:
                        for tick in range(4):
                            log_everything(run, tick)
                        run.finish(total_cost=100 - number)
                iteration.finish(
                    costs_per_agent={"A": 90 - number, "ÅBO": 10},
                    policies={"A": {"p": number}},
                    accepted_changes={"A": bool(number), "ÅBO": False},
                )
                container.log_llm_interaction(number, **rows.TALK)
            container.finish(converged=True, reason="Stability achieved")
        with recorder.begin_run(SETTING, simulation_id="alone") as run:
            for tick in range(4):
                log_everything(run, tick)


def test_our_reader_answers_every_question_about_a_recording(url):
    record_experiment(url)
    with closing(opened(url)) as source:
        assert source.identity.family == "simcash"
        assert source.identity.missing == ()
        runs = {run.run_id: run for run in source.ask(RunsQuery()).runs}
        assert len(runs) == 7
        run = runs["e-iter1-evaluation"].fields
        assert (run["experiment_name"], run["iteration"], run["run_purpose"]) == (
            "exp",
            1,
            "evaluation",
        )
        assert (run["events"], run["persistence_level"], run["total_cost"]) == (4, "full", 99)
        assert runs["e-iter1-bootstrap-sample2"].fields["events"] == 0
        (told,) = source.ask(ExperimentsQuery()).experiments
        assert (told.status, told.iterations, told.runs) == ("converged", 2, 6)
        assert told.fields["best_cost"] == told.fields["lowest_cost"] == 99
        iterations = source.ask(IterationsQuery("e")).iterations
        assert [i.total_cost for i in iterations] == [100, 99]
        assert iterations[1].accepted == {"A": True, "ÅBO": False}
        assert iterations[1].runs == (
            "e-iter1-evaluation",
            "e-iter1-bootstrap-sample1",
            "e-iter1-bootstrap-sample2",
        )
        talks = read(source, "alone", "llm_interactions", ["iteration", "model", "prompt_tokens"])
        assert talks == [(0, "some:model", 3173), (1, "some:model", 3173)]
        for question in one_of_each(source, "alone"):
            with suppress(NothingFoundError, RequestError):
                source.ask(question)
        for table in source.tables:
            if table.recorded:
                read(source, "alone", table.name, [column.name for column in table.columns])
                points = PointsQuery(
                    "alone", table.name, table.columns[0].name, table.columns[1].name
                )
                assert source.ask(points) is not None


def test_the_producers_own_queries_find_what_was_recorded(tmp_path: Path):
    path = tmp_path / "exp.db"
    record_experiment(f"duckdb:///{path}")
    with closing(duckdb.connect(str(path), read_only=True)) as connection:

        def ask(sql: str, *values: object) -> list[tuple]:
            return connection.execute(sql, list(values)).fetchall()

        listed = ask(
            "SELECT sr.simulation_id, sr.config_name, sr.status, sr.start_time, "
            "e.experiment_name, sr.iteration, sr.sample_index, sr.run_purpose "
            "FROM simulation_runs sr LEFT JOIN experiments e "
            "ON sr.experiment_id = e.experiment_id ORDER BY sr.start_time DESC"
        )
        assert len(listed) == 7
        assert listed[0][0::4] == ("alone", None)
        replayable = ask(
            "SELECT sr.simulation_id, sr.iteration, sr.sample_index, sr.run_purpose, "
            "(SELECT COUNT(*) FROM simulation_events se "
            "WHERE se.simulation_id = sr.simulation_id) as event_count "
            "FROM simulation_runs sr WHERE sr.experiment_id = ? AND sr.simulation_id IN ("
            "SELECT DISTINCT simulation_id FROM simulation_events) "
            "ORDER BY sr.iteration, sr.sample_index",
            "e",
        )
        assert replayable == [
            ("e-iter0-initial", 0, None, "initial", 4),
            ("e-iter1-evaluation", 1, None, "evaluation", 4),
        ]
        assert ask("SELECT master_seed FROM experiments WHERE experiment_id = 'e'") == [(7,)]
        assert ask(
            "SELECT iteration, costs_per_agent, evaluation_simulation_id "
            "FROM experiment_iterations WHERE experiment_id = 'e' ORDER BY 1"
        ) == [
            (0, '{"A": 90, "ÅBO": 10}', "e-iter0-initial"),
            (1, '{"A": 89, "ÅBO": 10}', "e-iter1-evaluation"),
        ]
        drilled = ask(
            "SELECT se.* FROM simulation_events se JOIN simulation_runs sr "
            "ON se.simulation_id = sr.simulation_id WHERE sr.experiment_id = 'e' "
            "AND sr.iteration = 1 AND sr.run_purpose = 'evaluation' ORDER BY se.tick"
        )
        assert [row[2] for row in drilled] == [0, 1, 2, 3]


# Simulated again


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE simulations SET config_json = NULL", "its configuration was not recorded"),
        ("UPDATE simulations SET config_json = '{}'", "its configuration was not recorded"),
        ("UPDATE simulations SET config_json = '{\"a\": 2}'", "does not match config_hash"),
        ("UPDATE simulations SET config_json = 'odd'", "its configuration was not recorded"),
        ("DELETE FROM policy_snapshots WHERE agent_id = 'A'", "policies of 1 of 2 agents"),
        ("UPDATE policy_snapshots SET policy_json = '{}'", "does not match its hash"),
        ("ALTER TABLE simulation_runs DROP COLUMN rng_seed", ""),
    ],
)
def test_a_run_that_cannot_be_simulated_again_says_why(tmp_path: Path, change: str, why: str):
    path = tmp_path / "runs.db"
    with SimCashRecorder(f"duckdb:///{path}") as recorder:
        recorder.begin_run(SETTING, simulation_id="r").finish()
    with closing(telemetry.open_source(path)) as source:
        assert can_rerun(source, "r")[0]
    with closing(duckdb.connect(str(path))) as connection:
        if "DROP COLUMN" in change:
            connection.execute("UPDATE simulations SET rng_seed = 43")
            connection.execute("DROP INDEX IF EXISTS idx_sim_config_seed")
        connection.execute(change)
    with closing(telemetry.open_source(path)) as source:
        possible, reason = can_rerun(source, "r")
    assert possible == (not why)
    assert why in reason
    assert "\n" not in reason
