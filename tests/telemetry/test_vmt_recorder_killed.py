"""Many simulators killed at random moments: every ended tick is there, none is half there."""

import os
import random
from pathlib import Path

import pytest

from telemetry.families.vmt.recorder import VmtRecorder
from tests.builders import vmt
from tests.builders.killing import nursery
from tests.effort import effort
from tests.telemetry.test_vmt_recorder import money_run

KILLS = effort(20, 50)
CHILD = """
from telemetry.families.vmt.recorder import VmtRecorder
from tests.telemetry.test_vmt_recorder import AGENT, TRADE

def work(path, name, together):
    with VmtRecorder(path) as recorder:
        with recorder.begin_run(
            name, exchange_regime="mixed", ticks_per_commit=int(together)
        ) as run:
            for tick in range(10**6):
                run.log_tick_state(tick, "both", "mixed", ["A<->M"])
                agents = {name: [value] * 9 for name, value in AGENT.items()}
                run.record_columns("agent_snapshots", tick, {**agents, "agent_id": range(9)})
                run.log_trade(tick, **TRADE)
                run.end_tick(tick)
                say(tick)
"""
WHOLE = """
    SELECT tick, COUNT(*),
           (SELECT COUNT(*) FROM trades t WHERE t.run_id = s.run_id AND t.tick = s.tick),
           (SELECT COUNT(*) FROM tick_states t WHERE t.run_id = s.run_id AND t.tick = s.tick)
    FROM agent_snapshots s JOIN simulation_runs USING (run_id)
    WHERE scenario_name = '{name}' GROUP BY tick ORDER BY tick
"""


def check_whole(path: Path, name: str, last: int | None, together: int) -> None:
    """Nothing is half there; what had to be committed when tick `last` ended is there."""
    made = path.exists() and vmt.query(path, "SELECT name FROM sqlite_master LIMIT 1")
    found = vmt.query(path, WHOLE.format(name=name)) if made else []
    assert [row[0] for row in found] == list(range(len(found)))
    assert {row[1:] for row in found} <= {(9, 1, 1)}
    assert len(found) % together == 0
    if last is not None:
        assert len(found) >= (last + 1) // together * together


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked there")
def test_killed_simulators_leave_whole_ticks_and_the_next_one_starts(tmp_path: Path):
    path = tmp_path / "runs.db"
    chance = random.Random()
    with nursery(CHILD) as recorders:
        for kill in range(KILLS):
            together = chance.choice((1, 1, 4))
            last = recorders.kill_after(chance.randrange(25), str(path), f"{kill}", f"{together}")
            check_whole(path, f"{kill}", last, together)
    unfinished = "SELECT COUNT(*) FROM simulation_runs WHERE end_time IS NOT NULL"
    assert vmt.query(path, unfinished) == [(0,)]
    with VmtRecorder(path) as recorder, money_run(recorder) as run:
        run.end_tick(0)
    assert vmt.query(path, "PRAGMA integrity_check") == [("ok",)]
