"""Regimes: numbers split by state, and the step at each switch, are those that were planted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from telemetry.analysis.chosen import Chosen, every_run
from telemetry.analysis.event_study import Asked, event_study, switches
from telemetry.analysis.regimes import split
from telemetry.concepts import Lane, TickRange
from telemetry.detect import open_source
from tests.builders import vmt
from tests.telemetry.command_line import ran, refused

Capsys = pytest.CaptureFixture[str]
STEP = 7.0
"""By how much utility is higher in mode trade, from the first tick of it on."""


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run 1 turns between forage and trade every five ticks; run 2 never does.

    Utility is the agent's number, `STEP` more in mode trade, and a hundredth of the switch's
    tick, so that paths differ. One state is missing at tick 29.
    """
    path = vmt.build("money_full", tmp_path_factory.mktemp("regimes") / "steps.db", agents=4)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "UPDATE agent_snapshots "
            "SET utility = agent_id + ? * (tick / 5 % 2) + 0.01 * (tick / 5)",
            (STEP,),
        )
        connection.execute("DELETE FROM tick_states WHERE run_id = 1 AND tick = 29")
    connection.close()
    return path


@pytest.fixture(scope="module")
def runs(stepped: Path):
    source = open_source(stepped)
    yield every_run(source)
    source.close()


def test_each_state_has_its_ticks_and_what_sql_says_of_them(stepped: Path, runs):
    found = split(runs[:1], ("mode",))
    assert (found.states, found.ticks) == (("forage", "trade", None), (15, 14, 1))
    by_hand = dict(
        vmt.query(
            stepped,
            "SELECT current_mode, avg(utility) FROM agent_snapshots LEFT JOIN tick_states "
            "USING (run_id, tick) WHERE run_id = 1 GROUP BY 1",
        )
    )
    utility = next(q for q in found.quantities if q.label == "Utility")
    assert utility.count == (60, 56, 4)
    for i, state in enumerate(found.states):
        assert utility.value(i) == pytest.approx(by_hand[state])
    (traded,) = vmt.query(stepped, "SELECT count(*), sum(dA) FROM trades WHERE run_id = 1")
    count, sum_a = (
        next(q for q in found.quantities if q.name == f"trades: {name}")
        for name in ("trades", "Σ ΔA")
    )
    assert (count.value(0), count.value(1)) == (0, traded[0])
    assert (sum_a.value(0), sum_a.value(1)) == (None, traded[1])


def test_runs_are_put_together_and_lanes_crossed(stepped: Path, runs):
    together = split(runs, ("mode", "regime"), measures=("utility",), tables=("trades",))
    assert together.runs == 2
    assert dict(zip(together.states, together.ticks, strict=True)) == {
        "forage × mixed": 15, "trade × mixed": 14, "both × barter_only": 30, None: 1,
    }  # fmt: skip
    utility = together.quantities[-1]
    (mean,) = vmt.query(stepped, "SELECT avg(utility) FROM agent_snapshots WHERE run_id = 2")
    assert utility.value(together.states.index("both × barter_only")) == pytest.approx(mean[0])


def test_a_switch_across_ticks_without_a_state_is_none():
    lane = Lane("mode", "Mode", np.array([0, 5, 9]), np.array([4, 7, 12]), ("a", "b", "a"))
    assert [(s.tick, s.before, s.after) for s in switches(lane)] == [(5, "a", "b")]


def test_a_planted_step_is_found_with_its_size_and_n_at_every_offset(runs):
    found = event_study(runs, Asked("utility", ("mode",), window=6, relative=True))
    up, down = found.paths
    assert (up.name, up.switches, up.runs) == ("forage → trade", 3, 1)
    zero = found.window
    for offset in range(-5, 5):
        place = zero + offset
        wanted = 0 if offset < 0 else STEP + 0.01
        assert up.mean[place] == pytest.approx(wanted), offset
        # The last trade state is known for four ticks: there its window is cut.
        assert up.n[place] == (2 if offset == 4 else 3)
        assert up.values[place] == 4 * up.n[place]
    assert (up.n[0], up.n[-1]) == (0, 0)  # the neighbours' states are no part of a path
    assert np.isnan(up.mean[0])
    assert (down.switches, down.mean[zero]) == (2, pytest.approx(0.01 - STEP))
    assert any("never switches" in note for note in found.notes)  # run 2


def test_the_interval_is_that_of_t_over_switches_or_over_agents(runs):
    found = event_study(runs[:1], Asked("utility", ("mode",), 2, after="trade"))
    values = [1.5 + STEP + 0.01 * s for s in (1, 3, 5)]
    low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    (path,) = found.paths
    assert (path.low[2], path.high[2]) == (pytest.approx(low), pytest.approx(high))
    by_agent = event_study(runs[:1], Asked("utility", ("mode",), 2, after="trade", unit="agent"))
    assert by_agent.paths[0].n[2] == 12
    each = [a + STEP + 0.01 * s for s in (1, 3, 5) for a in range(4)]
    low, high = stats.t.interval(0.95, 11, np.mean(each), stats.sem(each))
    assert (by_agent.paths[0].low[2], by_agent.paths[0].high[2]) == pytest.approx((low, high))


def test_windows_that_are_kept_reach_over_neighbours_and_end_with_the_run(runs):
    kept = event_study(runs[:1], Asked("utility", ("mode",), 6, after="trade", overlap="keep"))
    (path,) = kept.paths
    assert path.n.tolist() == [2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2]
    together = event_study(runs[:1], Asked("utility", ("mode",), 1, together=True))
    assert [(p.name, p.switches) for p in together.paths] == [("every switch", 5)]


def test_the_commands_say_what_is_what(stepped: Path, capsys: Capsys, tmp_path: Path):
    told = ran(capsys, "regimes", stepped, "1", "--lane", "mode", "--table", "trades",
               "--format", "jsonl")  # fmt: skip
    rows = [r for r in told.lines() if r["quantity"] == "trades" and r["group"] is None]
    assert [(r["state"], r["ticks"], r["value"]) for r in rows] == [
        ("forage", 15, 0), ("trade", 14, 5), (None, 1, 0)]  # fmt: skip
    assert rows[1]["per_tick"] == pytest.approx(5 / 14)
    text = ran(capsys, "regimes", stepped, "1", "--lane", "mode")
    assert "not recorded (n = 1)" in text.out
    study = ran(capsys, "event-study", stepped, "--measure", "utility", "--lane", "mode",
                "--to", "trade", "--window", "2", "--format", "csv")  # fmt: skip
    assert [row[:2] + row[5:] for row in study.csv()[1:]] == [
        ["forage → trade", str(i), "3", "12"] for i in range(-2, 3)]  # fmt: skip
    assert "95 % t interval" in study.err
    assert "several lanes" in refused(capsys, 2, "regimes", stepped, "1", "--lane", "pairs")
    assert "no lane 'x'" in refused(
        capsys, 2, "event-study", stepped, "1", "--measure", "utility", "--lane", "x")  # fmt: skip
    assert "never switches from both" in refused(
        capsys, 1, "event-study", stepped, "2", "--measure", "utility", "--lane", "mode",
        "--from", "both")  # fmt: skip


def test_a_chosen_range_limits_rows_and_switches(runs):
    one: tuple[Chosen, ...] = runs[:1]
    found = split(one, ("mode",), tables=(), measures=("utility",), ticks=TickRange(3, 6))
    assert found.ticks == (2, 2)
    assert found.quantities[0].count == (8, 8)
    around = event_study(one, Asked("utility", ("mode",), 1, ticks=TickRange(4, 6)))
    assert [(p.name, p.switches) for p in around.paths] == [("forage → trade", 1)]
    assert np.isnan(around.paths[0].low).all()  # one path has no interval
