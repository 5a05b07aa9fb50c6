"""The VMT recorder keeps whole ticks, checks every value, and says the truth about its runs."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import event

from telemetry.errors import RecordingError
from telemetry.families.vmt.models import Base
from telemetry.families.vmt.recorder import LogPolicy, VmtRecorder, VmtRun
from telemetry.families.vmt.rules import row_checks
from telemetry.recording.batch import TickBatch
from telemetry.recording.run import RunRecorder
from telemetry.recording.target import open_target
from tests.builders import vmt
from tests.telemetry.test_vmt_models import SEED_SQL

AGENT = {
    "agent_id": 0,
    "x": 1,
    "y": 2,
    "inventory_A": 3,
    "inventory_B": 4,
    "inventory_M": 100,
    "utility": 7.5,
    "lambda_money": 0.05,
    "ask_A_in_M": 12.0,
}
TRADE = {
    "x": 1,
    "y": 2,
    "buyer_id": 0,
    "seller_id": 1,
    "dA": 2,
    "dB": 0,
    "dM": 6,
    "price": 3.0,
    "direction": "A_traded_for_M",
    "exchange_pair_type": "A<->M",
    "buyer_lambda": 0.05,
    "seller_lambda": 0.04,
    "buyer_surplus": 0.5,
    "seller_surplus": 0.25,
}
ATTEMPT = {
    **dict.fromkeys(("buyer_id", "dA_attempted", "dB_calculated", "dM_attempted"), 0),
    **dict.fromkeys(
        (f"{s}_{g}_{w}" for s in ("buyer", "seller") for g in "AB" for w in ("init", "final")), 5
    ),
    **dict.fromkeys((f"{s}_U_{w}" for s in ("buyer", "seller") for w in ("init", "final")), 1.0),
    **dict.fromkeys(("buyer_ask", "buyer_bid", "seller_ask", "seller_bid", "surplus"), 1.5),
    **dict.fromkeys(("buyer_improves", "seller_improves"), False),
    **dict.fromkeys(("buyer_feasible", "seller_feasible"), True),
    "seller_id": 1,
    "direction": "i_buys_A",
    "price": 1.0,
    "result": "fail",
    "result_reason": "dB_nonpositive",
}
STEP = {
    "agent_id": 0,
    "lambda_old": 0.05,
    "lambda_new": 0.06,
    "lambda_hat_A": 0.1,
    "lambda_hat_B": 0.2,
    "lambda_hat": 0.1,
    "clamped": True,
    "clamp_type": "upper",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test records to."""
    return tmp_path / "runs.db"


@pytest.fixture
def recorder(path: Path):
    """A recorder of an empty database."""
    with VmtRecorder(path) as recorder:
        yield recorder


def money_run(recorder: VmtRecorder, **options: object) -> VmtRun:
    """A run in which everything may be recorded."""
    options = {"exchange_regime": "mixed", "policy": LogPolicy(level="debug"), **options}
    return recorder.begin_run("run", **options)


def count(path: Path, table: str) -> int:
    """How many rows another program sees."""
    return vmt.query(path, f"SELECT COUNT(*) FROM {table}")[0][0]


# Ticks are whole


def test_a_tick_becomes_visible_as_a_whole_when_it_ends(recorder: VmtRecorder, path: Path):
    run = money_run(recorder)
    run.log_agent_snapshot(0, **AGENT)
    run.log_trade(0, **TRADE)
    assert count(path, "agent_snapshots") == count(path, "trades") == 0
    run.end_tick(0)
    assert count(path, "agent_snapshots") == count(path, "trades") == 1
    run.finish()


def test_rows_of_a_tick_that_never_ended_are_not_stored(recorder: VmtRecorder, path: Path):
    with money_run(recorder) as run:
        run.log_trade(0, **TRADE)
        run.end_tick(0)
        run.log_trade(1, **TRADE)
    assert vmt.query(path, "SELECT tick FROM trades") == [(0,)]


def test_several_ticks_may_share_a_commit(recorder: VmtRecorder, path: Path):
    with money_run(recorder, ticks_per_commit=3) as run:
        for tick in range(4):
            run.log_trade(tick, **TRADE)
            run.end_tick(tick)
            assert count(path, "trades") == (3 if tick >= 2 else 0)
    assert count(path, "trades") == 4


def small_run(path: Path, max_rows: int, ticks_per_commit: int = 1) -> RunRecorder[int]:
    """A run of the generic recorder that holds only so many rows in memory."""
    with VmtRecorder(path) as recorder:
        run = money_run(recorder)
    target = open_target(path, Base.metadata)
    return RunRecorder(
        TickBatch(target, ticks_per_commit=ticks_per_commit, max_rows=max_rows),
        run.run_id,
        row_checks(barter=False, lacking={}),
        finalise=lambda ticks: None,
    )


def test_a_tick_larger_than_the_buffer_is_still_committed_whole(path: Path):
    run = small_run(path, max_rows=10)
    for _ in range(35):
        run.record("trades", 0, TRADE)
        assert count(path, "trades") == 0
    run.end_tick(0)
    assert count(path, "trades") == 35
    run.finish()
    run._batch._target.close()


def test_what_spilled_of_a_tick_that_never_ended_is_taken_back(path: Path):
    run = small_run(path, max_rows=10, ticks_per_commit=100)
    for tick in (0, 1):
        run.record("trades", tick, TRADE)
        run.end_tick(tick)
    for _ in range(35):
        run.record("trades", 2, TRADE)
    run.finish()
    run._batch._target.close()
    assert vmt.query(path, "SELECT tick FROM trades ORDER BY id") == [(0,), (1,)]


def test_ended_ticks_that_wait_are_written_before_a_tick_that_spills(path: Path):
    run = small_run(path, max_rows=10, ticks_per_commit=100)
    for tick, amount in enumerate((3, 25)):
        for _ in range(amount):
            run.record("trades", tick, TRADE)
        run.end_tick(tick)
    assert vmt.query(path, "SELECT tick FROM trades ORDER BY id") == [(0,)] * 3 + [(1,)] * 25
    run.finish()
    run._batch._target.close()


def test_a_write_that_fails_lets_go_of_the_database(path: Path):
    run = small_run(path, max_rows=1)
    state = {"current_mode": "both", "exchange_regime": "mixed", "active_pairs": "[]"}
    run.record("tick_states", 0, state)
    with pytest.raises(RecordingError, match="UNIQUE constraint failed"):
        run.record("tick_states", 0, state)
    other = sqlite3.connect(path, timeout=0)
    with other:
        other.execute("UPDATE simulation_runs SET scenario_name = 'renamed'")
    other.close()
    assert count(path, "tick_states") == 0
    run._batch._target.close()


def test_ticks_must_rise_and_end_before_the_next(recorder: VmtRecorder):
    with money_run(recorder) as run:
        run.log_trade(4, **TRADE)
        with pytest.raises(RecordingError, match=r"tick 5 before tick 4 has ended"):
            run.log_trade(5, **TRADE)
        run.end_tick(4)
        with pytest.raises(RecordingError, match=r"tick 4 has ended; ticks must rise"):
            run.log_trade(4, **TRADE)
        run.log_trade(1_000_000, **TRADE)
        run.end_tick(1_000_000)


def test_a_tick_has_one_state(recorder: VmtRecorder, path: Path):
    with money_run(recorder) as run:
        run.log_tick_state(0, "both", "mixed", ["A<->M"])
        with pytest.raises(RecordingError, match="already has tick 0"):
            run.log_tick_state(0, "both", "mixed", [])
        run.end_tick(0)
    assert count(path, "tick_states") == 1


def test_two_runs_may_be_recorded_at_once(recorder: VmtRecorder, path: Path):
    with money_run(recorder) as first, money_run(recorder) as second:
        for tick in range(3):
            for run in (first, second):
                run.log_trade(tick, **TRADE)
                run.end_tick(tick)
    sql = "SELECT run_id, COUNT(*) FROM trades GROUP BY run_id"
    assert vmt.query(path, sql) == [(1, 3), (2, 3)]


def test_recorders_of_one_new_file_wait_for_each_other(path: Path):
    failures: list[BaseException] = []

    def record() -> None:
        try:
            with VmtRecorder(path) as recorder, money_run(recorder) as run:
                for tick in range(40):
                    run.log_trade(tick, **TRADE)
                    run.end_tick(tick)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert count(path, "trades") == 160


# Crashes and failures

CHILD = """
import sys
sys.path.insert(0, sys.argv[2])
from telemetry.families.vmt.recorder import VmtRecorder
from tests.telemetry.test_vmt_recorder import AGENT, TRADE, money_run

with VmtRecorder(sys.argv[1]) as recorder, money_run(recorder) as run:
    for tick in range(10**6):
        run.log_tick_state(tick, "both", "mixed", ["A<->M"])
        for agent in range(40):
            run.log_agent_snapshot(tick, **{**AGENT, "agent_id": agent})
        run.log_trade(tick, **TRADE)
        run.end_tick(tick)
        print(tick, flush=True)
"""
WHOLE_TICKS = """
    SELECT tick, COUNT(*), (SELECT COUNT(*) FROM trades t WHERE t.tick = s.tick),
           (SELECT COUNT(*) FROM tick_states t WHERE t.tick = s.tick)
    FROM agent_snapshots s GROUP BY tick ORDER BY tick
"""


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be killed that hard there")
@pytest.mark.parametrize("ticks", [0, 1, 7, 30, 81])
def test_a_killed_simulator_leaves_every_ended_tick_and_no_half_one(path: Path, ticks: int):
    root = Path(__file__).resolve().parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(root)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    last = [int(child.stdout.readline()) for _ in range(ticks + 1)][-1]
    child.send_signal(signal.SIGKILL)
    rest = [int(line) for line in child.stdout.read().split() if line.strip()]
    child.wait()
    child.stdout.close()
    ended = rest[-1] if rest else last

    found = vmt.query(path, WHOLE_TICKS)
    assert [row[0] for row in found] == list(range(len(found)))
    assert {row[1:] for row in found} == {(40, 1, 1)}
    assert found[-1][0] >= ended
    sql = "SELECT end_time, total_ticks FROM simulation_runs"
    assert vmt.query(path, sql) == [(None, None)]
    with VmtRecorder(path) as recorder, money_run(recorder) as run:
        run.end_tick(0)
    assert count(path, "simulation_runs") == 2


def test_an_exception_leaves_the_run_unfinished(recorder: VmtRecorder, path: Path):
    def crash(run: VmtRun) -> None:
        with run:
            run.log_trade(0, **TRADE)
            run.end_tick(0)
            run.log_trade(1, **TRADE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash(money_run(recorder))
    assert vmt.query(path, "SELECT tick FROM trades") == [(0,)]
    assert vmt.query(path, "SELECT end_time, total_ticks FROM simulation_runs") == [(None, None)]


def fill_up(run: VmtRun) -> None:
    """Record tick after tick, twenty rows each."""
    for tick in range(1000):
        for _ in range(20):
            run.log_trade(tick, **TRADE)
        run.end_tick(tick)


def test_a_full_disk_is_one_sentence_and_loses_nothing_committed(path: Path):
    with VmtRecorder(path) as recorder:
        pages = vmt.query(path, "PRAGMA page_count")[0][0]
        event.listen(
            recorder._target.engine,
            "checkout",
            lambda raw, record, proxy: raw.execute(f"PRAGMA max_page_count = {pages + 4}"),
        )
        run = money_run(recorder)
        with pytest.raises(RecordingError, match="full; free some space") as failure:
            fill_up(run)
        assert "\n" not in str(failure.value)
        ended = run.last_tick
        assert ended is not None
        with pytest.raises(RecordingError, match="stopped when a write failed"):
            run.log_trade(ended + 1, **TRADE)
    sql = "SELECT tick, COUNT(*) FROM trades GROUP BY tick"
    assert vmt.query(path, sql) == [(tick, 20) for tick in range(ended + 1)]


# What a run row says


def test_a_run_is_visible_as_unfinished_at_once(recorder: VmtRecorder, path: Path):
    run = recorder.begin_run("Größe ×", config={"seed": 3, "λ": 1}, num_agents=0)
    sql = "SELECT scenario_name, config_json, num_agents, end_time FROM simulation_runs"
    assert vmt.query(path, sql) == [("Größe ×", '{"seed": 3, "λ": 1}', 0, None)]
    run.finish()


def test_a_run_row_tells_its_regime_and_its_ticks(recorder: VmtRecorder, path: Path):
    with money_run(recorder, money_mode="kkt_lambda", money_scale=100) as run:
        for tick in (5, 6, 7):
            run.end_tick(tick)
    sql = "SELECT exchange_regime, money_mode, money_scale, total_ticks FROM simulation_runs"
    assert vmt.query(path, sql) == [("mixed", "kkt_lambda", 100, 3)]
    assert vmt.query(path, "SELECT end_time FROM simulation_runs") != [(None,)]


def test_a_finished_run_takes_no_more(recorder: VmtRecorder):
    run = money_run(recorder)
    run.finish("failed")
    run.finish("completed")
    with pytest.raises(RecordingError, match="run 1 is finished"):
        run.end_tick(0)
    with pytest.raises(RecordingError, match="status must be one of"):
        run.finish("splendid")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"exchange_regime": "barter"}, "exchange_regime"),
        ({"money_mode": "kkt"}, "money_mode"),
        ({"money_scale": 0}, "money_scale"),
        ({"num_agents": -1}, "num_agents"),
        ({"config": {"seed": {1}}}, "config"),
        ({"config": {"lambda": float("nan")}}, "config"),
        ({"ticks_per_commit": 0}, "ticks_per_commit"),
    ],
)
def test_a_wrong_run_is_refused_by_name(recorder: VmtRecorder, options: dict, field: str):
    with pytest.raises(RecordingError, match=field):
        money_run(recorder, **options)


# What a row may say


@pytest.mark.parametrize(
    ("log", "row", "change", "words"),
    [
        ("trade", TRADE, {"dM": -1}, r"trades\.dM must be 0 or more, not -1"),
        ("trade", TRADE, {"price": float("nan")}, r"trades\.price must be a number, not NaN"),
        ("trade", TRADE, {"price": "3"}, r"trades\.price must be a number"),
        ("trade", TRADE, {"dA": 1.0}, r"trades\.dA must be a whole number"),
        ("trade", TRADE, {"dM": 2**63}, r"trades\.dM must fit 64 bits"),
        ("trade", TRADE, {"exchange_pair_type": "A-M"}, r"exchange_pair_type must be one of A<->B"),
        ("trade", TRADE, {"direction": None}, r"trades\.direction is required"),
        ("trade", TRADE, {"direction": "a\0b"}, r"trades\.direction must not contain a NUL"),
        ("trade", TRADE, {"direction": "\ud800"}, r"trades\.direction must be valid Unicode"),
        ("trade", TRADE, {"buyer_surplus": float("inf")}, r"buyer_surplus must be finite"),
        ("trade", TRADE, {"colour": 1}, r"trades has no column colour"),
        ("agent_snapshot", AGENT, {"inventory_M": -5}, r"agent_snapshots\.inventory_M must be 0"),
        ("agent_snapshot", AGENT, {"lambda_money": -0.1}, r"agent_snapshots\.lambda_money"),
        ("agent_snapshot", AGENT, {"lambda_changed": 2}, r"lambda_changed must be true or false"),
        ("agent_snapshot", AGENT, {"utility": float("nan")}, r"agent_snapshots\.utility"),
        ("attempt", ATTEMPT, {"result": "maybe"}, r"trade_attempts\.result must be one of"),
        ("attempt", ATTEMPT, {"buyer_M_init": -1}, r"trade_attempts\.buyer_M_init"),
        ("lambda_update", STEP, {"clamp_type": "middle"}, r"lambda_updates\.clamp_type"),
        ("lambda_update", STEP, {"lambda_new": float("nan")}, r"lambda_updates\.lambda_new"),
        (
            "decision",
            {"agent_id": 0, "num_neighbors": 1, "target_type": "trade"},
            {"mode": "x"},
            r"decisions\.mode must be one of forage, trade, both",
        ),
        (
            "pairing",
            {"agent_i": 0, "agent_j": 1, "event": "pair", "reason": ""},
            {"event": "divorce"},
            r"pairings\.event",
        ),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(
    recorder: VmtRecorder, path: Path, log: str, row: dict, change: dict, words: str
):
    with money_run(recorder) as run:
        getattr(run, f"log_{log}")(0, **row)
        with pytest.raises(RecordingError, match=words) as refusal:
            getattr(run, f"log_{log}")(0, **{**row, **change})
        assert "\n" not in str(refusal.value)
        run.end_tick(0)
    table = {"attempt": "trade_attempts"}.get(log, f"{log}s")
    assert count(path, table) == 1  # the good row of the tick is kept


def test_a_missing_field_is_named(recorder: VmtRecorder):
    with money_run(recorder) as run:
        row = {name: value for name, value in TRADE.items() if name != "price"}
        with pytest.raises(RecordingError, match=r"trades\.price is required"):
            run.log_trade(0, **row)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (("trading", "mixed", []), "current_mode must be one of"),
        (("both", "anything", []), "exchange_regime must be one of"),
        (("both", "mixed", ["A<->C"]), "active_pairs must hold"),
        (("both", "mixed", "A<->B"), "active_pairs must hold"),
    ],
)
def test_a_wrong_state_is_refused_by_name(recorder: VmtRecorder, state: tuple, words: str):
    with money_run(recorder) as run, pytest.raises(RecordingError, match=words):
        run.log_tick_state(0, *state)


def test_null_zero_and_infinite_quotes_stay_what_they_are(recorder: VmtRecorder, path: Path):
    with money_run(recorder) as run:
        for tick, quote in enumerate((None, 0.0, float("inf"), 1e308, -0.0)):
            run.log_agent_snapshot(tick, **{**AGENT, "ask_A_in_M": quote})
            run.end_tick(tick)
    found = [row[0] for row in vmt.query(path, "SELECT ask_A_in_M FROM agent_snapshots")]
    assert found == [None, 0.0, float("inf"), 1e308, 0.0]


def test_active_pairs_are_json_as_the_producer_writes_it(recorder: VmtRecorder, path: Path):
    with money_run(recorder) as run:
        run.log_tick_state(0, "both", "money_only", ("A<->M", "B<->M"))
        run.end_tick(0)
        run.log_tick_state(1, "forage", "money_only", ())
        run.end_tick(1)
    sql = "SELECT active_pairs FROM tick_states ORDER BY tick"
    assert vmt.query(path, sql) == [('["A<->M", "B<->M"]',), ("[]",)]


def test_every_column_that_is_given_is_read_back(recorder: VmtRecorder, path: Path):
    attempt = {**ATTEMPT, "exchange_pair_type": "B<->M", "buyer_M_final": -3, "buyer_lambda": 0.5}
    with money_run(recorder) as run:
        run.log_trade(0, **TRADE)
        run.log_attempt(0, **attempt)
        run.end_tick(0)
    for table, row in (("trades", TRADE), ("trade_attempts", attempt)):
        names = ", ".join(row)
        assert vmt.query(path, f"SELECT {names} FROM {table}") == [tuple(row.values())]


# Levels and ε


def log_everything(run: VmtRun, tick: int) -> None:
    """One row of every table."""
    run.log_tick_state(tick, "both", "mixed", [])
    run.log_mode_change(tick, "forage", "both")
    run.log_trade(tick, **TRADE)
    run.log_agent_snapshot(tick, **AGENT)
    run.log_resource(tick, x=0, y=0, resource_type="A", amount=3)
    run.log_decision(tick, agent_id=0, target_type="idle", num_neighbors=0)
    run.log_lambda_update(tick, **STEP)
    run.log_pairing(tick, agent_i=0, agent_j=1, event="pair", reason="mutual_consent")
    run.log_attempt(tick, **ATTEMPT)
    run.log_preference(
        tick, agent_id=0, partner_id=1, rank=0, surplus=1.0, discounted_surplus=0.9, distance=2
    )
    run.end_tick(tick)


MINIMAL = {"tick_states", "mode_changes", "trades", "agent_snapshots"}
STANDARD = MINIMAL | {"resource_snapshots", "decisions", "lambda_updates", "pairings"}


@pytest.mark.parametrize(
    ("level", "tables"),
    [
        ("minimal", MINIMAL),
        ("standard", STANDARD),
        ("debug", STANDARD | {"trade_attempts", "preferences"}),
    ],
)
def test_a_level_keeps_its_tables(recorder: VmtRecorder, path: Path, level: str, tables: set):
    with money_run(recorder, policy=LogPolicy(level=level)) as run:
        log_everything(run, 0)
    every = STANDARD | {"trade_attempts", "preferences"}
    assert {table for table in every if count(path, table)} == tables


def test_snapshots_are_taken_as_often_as_the_policy_says(recorder: VmtRecorder, path: Path):
    policy = LogPolicy(agent_snapshot_every=5, resource_snapshot_every=7)
    with money_run(recorder, policy=policy) as run:
        for tick in range(15):
            log_everything(run, tick)
    assert vmt.query(path, "SELECT tick FROM agent_snapshots") == [(0,), (5,), (10,)]
    assert vmt.query(path, "SELECT tick FROM resource_snapshots") == [(0,), (7,), (14,)]
    assert count(path, "trades") == 15


def test_only_steps_of_lambda_beyond_epsilon_are_kept(recorder: VmtRecorder, path: Path):
    with money_run(recorder, policy=LogPolicy(lambda_epsilon=0.5)) as run:
        for tick, new in enumerate((1.0, 1.5, 1.75, 0.25)):
            run.log_lambda_update(tick, **{**STEP, "lambda_old": 1.0, "lambda_new": new})
            run.end_tick(tick)
    assert vmt.query(path, "SELECT tick FROM lambda_updates") == [(2,), (3,)]


@pytest.mark.parametrize(
    "options",
    [
        {"level": "verbose"},
        {"agent_snapshot_every": 0},
        {"resource_snapshot_every": -1},
        {"lambda_epsilon": float("nan")},
    ],
)
def test_a_policy_without_meaning_is_refused_by_name(options: dict):
    with pytest.raises(RecordingError, match=next(iter(options))):
        LogPolicy(**options)


# Barter


BARTER_TRADE = {**TRADE, "dB": 1, "dM": 0, "exchange_pair_type": "A<->B"}


def test_a_barter_run_leaves_every_money_column_at_its_default(recorder: VmtRecorder, path: Path):
    policy = LogPolicy(level="debug")
    quotes = ("bid_A_in_M", "ask_B_in_M", "bid_B_in_M", "perceived_price_A", "perceived_price_B")
    purses = [f"{side}_M_{when}" for side in ("buyer", "seller") for when in ("init", "final")]
    with recorder.begin_run("barter", policy=policy) as run:
        run.log_tick_state(0, "both", "barter_only", ["A<->B"])
        run.log_agent_snapshot(0, **AGENT, **dict.fromkeys(quotes, 2.0), lambda_changed=True)
        run.log_trade(0, **BARTER_TRADE)
        run.log_attempt(
            0, **ATTEMPT, **dict.fromkeys(purses, 9), buyer_lambda=0.5, seller_lambda=0.5
        )
        run.end_tick(0)
    specified = re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", SEED_SQL)
    for table in ("agent_snapshots", "trades", "trade_attempts"):
        columns = [name for at, name in specified if at == table and "surplus" not in name]
        defaults = {row[1]: row[4] for row in vmt.query(path, f"PRAGMA table_info({table})")}
        wanted = tuple(_literal(defaults[name]) for name in columns)
        assert vmt.query(path, f"SELECT {', '.join(columns)} FROM {table}") == [wanted]
    sql = "SELECT exchange_regime, money_mode, money_scale FROM simulation_runs"
    assert vmt.query(path, sql) == [("barter_only", None, 1)]
    assert vmt.query(path, "SELECT buyer_surplus, seller_surplus FROM trades") == [(0.5, 0.25)]


def _literal(default: object) -> object:
    return {"NULL": None, "'A<->B'": "A<->B"}.get(str(default), 0 if default == "0" else default)


@pytest.mark.parametrize("change", [{"dM": 6}, {"exchange_pair_type": "A<->M"}])
def test_a_barter_run_refuses_a_trade_for_money(recorder: VmtRecorder, change: dict):
    with recorder.begin_run("barter") as run:
        with pytest.raises(RecordingError, match="exchange_pair_type"):
            run.log_trade(0, **{**BARTER_TRADE, **change})


def test_a_barter_run_refuses_lambda_and_another_regime(recorder: VmtRecorder):
    with recorder.begin_run("barter") as run:
        with pytest.raises(RecordingError, match="lambda_updates belong to money runs"):
            run.log_lambda_update(0, **STEP)
        with pytest.raises(RecordingError, match="exchange_regime must be barter_only, not mixed"):
            run.log_tick_state(0, "both", "mixed", [])


def test_a_barter_run_can_be_recorded_with_the_tables_of_an_older_vintage(path: Path):
    vmt.create("barter", path)
    tables = vmt.query(path, "SELECT sql FROM sqlite_master")
    with VmtRecorder(path, older_vintage=True) as recorder:
        with pytest.raises(RecordingError, match="exchange_regime must be barter_only"):
            money_run(recorder)
        with recorder.begin_run("old", policy=LogPolicy(level="debug")) as run:
            assert not run.keeps("tick_states", 0)
            run.log_tick_state(0, "both", "barter_only", [])
            run.log_agent_snapshot(
                0, **{**AGENT, "ask_A_in_B": 1.0, "bid_A_in_B": 1.0, "p_min": 1.0, "p_max": 1.0}
            )
            run.log_trade(0, **BARTER_TRADE)
            run.log_attempt(0, **ATTEMPT)
            run.end_tick(0)
    assert vmt.query(path, "SELECT sql FROM sqlite_master") == tables
    assert [count(path, t) for t in ("agent_snapshots", "trades", "trade_attempts")] == [1, 1, 1]
    assert vmt.query(path, "SELECT total_ticks FROM simulation_runs") == [(1,)]


# Where to


def test_a_url_and_a_path_name_the_same_place(path: Path):
    with VmtRecorder(f"sqlite:///{path}") as recorder:
        money_run(recorder).finish()
    with VmtRecorder(str(path)) as recorder:
        assert money_run(recorder).run_id == 2
    assert vmt.query(path, "PRAGMA journal_mode") == [("wal",)]


def test_a_folder_and_a_missing_folder_are_refused(tmp_path: Path):
    with pytest.raises(RecordingError, match="it is a folder"):
        VmtRecorder(tmp_path)
    with pytest.raises(RecordingError, match="its folder does not exist"):
        VmtRecorder(tmp_path / "none" / "runs.db")
    assert list(tmp_path.iterdir()) == []


def refused(path: Path, words: str) -> None:
    """Recording there is refused, and leaves the folder and every byte of the file alone."""
    before = path.read_bytes()
    with pytest.raises(RecordingError, match=words) as refusal:
        VmtRecorder(path)
    assert "\n" not in str(refusal.value)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_no_database_is_left_alone(path: Path):
    path.write_text("tick,agent\n" * 100)
    refused(path, "file is not a database; move it away")


def test_another_program_s_database_is_left_alone(path: Path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    refused(path, r"another program's database \(it holds recipes\)")


@pytest.mark.parametrize("vintage", vmt.VINTAGES)
def test_an_older_vintage_is_refused_and_left_alone(path: Path, vintage: str):
    vmt.build(vintage, path, ticks=3, journal="delete")
    refused(path, "older vintage and lacks")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "database in memory"),
        ("nosuchengine://user:secret@host/db", "nosuchengine"),
        ("://", "URL is malformed"),
    ],
)
def test_a_bad_url_is_refused_without_its_password(url: str, words: str):
    with pytest.raises(RecordingError, match=words) as refusal:
        VmtRecorder(url)
    assert "secret" not in str(refusal.value)


def test_the_config_is_kept_as_json(recorder: VmtRecorder, path: Path):
    config = {"seed": 42, "params": {"lambda_bounds": [1e-6, 1e6], "name": "×"}}
    recorder.begin_run("run", config=config).finish()
    assert json.loads(vmt.query(path, "SELECT config_json FROM simulation_runs")[0][0]) == config
