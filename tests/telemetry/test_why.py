"""Each gate fails with its own margin where that is planted, and says where it cannot be judged."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import telemetry
from telemetry.analysis.whys import verdict
from telemetry.concepts import TickRange, Why
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.vmt import near_misses
from telemetry.queries import FunnelQuery, NearMissesQuery, WhyQuery
from tests.builders import vmt
from tests.telemetry.command_line import ran

CONFIG = json.dumps({"params": {"interaction_radius": 1, "dA_max": 2}})
STATE = {"x": 0, "y": 0, "inventory_A": 5, "inventory_B": 5, "utility": 1.0}
NAMES = ["allowed", "reach", "paired", "quotes", "block", "utility"]


def market(folder: Path, **changes: object) -> Path:
    """Agents 0 and 1 side by side at tick 5, paired, quotes that cross by 1; agent 0 buys A."""
    given = {"mode": "both", "pairs": '["A<->B"]', "x": 0, "ask": 1.0, "stock": 5, "pair": "pair"}
    given |= changes
    path = vmt.create("money", folder / "m.db")
    vmt.insert(path, "simulation_runs", run_id=1, scenario_name="s", config_json=CONFIG,
               exchange_regime="mixed")  # fmt: skip
    for tick in (4, 5):
        vmt.insert(path, "tick_states", run_id=1, tick=tick, current_mode=given["mode"],
                   exchange_regime="mixed", active_pairs=given["pairs"])  # fmt: skip
        buyer = STATE | {"ask_A_in_B": 3.0, "bid_A_in_B": 2.0}
        seller = STATE | {"x": given["x"], "inventory_A": given["stock"]}
        seller |= {"ask_A_in_B": given["ask"], "bid_A_in_B": 0.5}
        for agent, state in enumerate((buyer, seller)):
            vmt.insert(path, "agent_snapshots", run_id=1, tick=tick, agent_id=agent, **state)
    others = {"agent_i": 2, "agent_j": 3, "event": "pair"}
    ours = {"agent_i": 0, "agent_j": 1, "event": given["pair"]}
    pairing = ours if given["pair"] else others
    vmt.insert(path, "pairings", run_id=1, tick=3, reason="r", **pairing)
    return path


def asked(path: Path, tick: int = 5) -> Why:
    source = telemetry.open_source(path)
    try:
        return source.ask(WhyQuery(1, tick, (0, 1)))
    finally:
        source.close()


def test_where_nothing_fails_only_the_utilities_are_open(tmp_path):
    found = asked(market(tmp_path))
    best = found.cases[0]
    assert best.label == "0 buys A from 1 for B"
    assert [gate.name for gate in best.gates] == NAMES
    assert [gate.state for gate in best.gates] == ["passed"] * 5 + ["not judged"]
    assert [gate.margin for gate in best.gates] == [None, 1.0, None, 1.0, 4.0, None]
    assert found.happened is False
    assert "no gate is known to have failed" in verdict(found)


@pytest.mark.sampled(10)
@pytest.mark.parametrize(
    ("changes", "gate", "margin"),
    [
        ({"mode": "forage"}, "allowed", None),
        ({"pairs": '["A<->M"]'}, "allowed", None),
        ({"x": 3}, "reach", -2.0),
        ({"pair": "unpair"}, "paired", None),
        ({"pair": None}, "paired", None),
        ({"ask": 2.25}, "quotes", -0.25),
        ({"stock": 0}, "block", -1.0),
    ],
)
def test_the_first_gate_that_fails_is_named_with_its_margin(tmp_path, changes, gate, margin):
    found = asked(market(tmp_path, **changes))
    case = next(c for c in found.cases if c.label == "0 buys A from 1 for B")
    assert case.failed.name == gate
    assert case.failed.margin == margin


def test_a_single_step_is_not_called_steps(tmp_path):
    reach = asked(market(tmp_path, x=1)).cases[0].gates[1]
    assert reach.sentence == "They stand 1 step apart; the reach is 1."


def test_what_is_not_recorded_is_not_judged(tmp_path):
    path = vmt.create("money", tmp_path / "m.db")
    vmt.insert(path, "simulation_runs", run_id=1, scenario_name="s")
    for agent in (0, 1):
        vmt.insert(path, "agent_snapshots", run_id=1, tick=5, agent_id=agent, **STATE)
    gates = asked(path).cases[0].gates
    assert {gate.state for gate in gates} == {"not judged"}
    with pytest.raises(NothingFoundError, match="Nothing is recorded of agents 0 and 1 at tick 2"):
        asked(path, 2)


def test_agents_that_cannot_be_meant_are_refused(tmp_path):
    source = telemetry.open_source(market(tmp_path))
    for agents in ((0,), (), (1, 1)):
        with pytest.raises(RequestError):
            source.ask(WhyQuery(1, 5, agents))
    source.close()


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """The barter vintage: every attempt recorded."""
    return vmt.build("barter", tmp_path_factory.mktemp("why") / "b.db", ticks=12, agents=4)


def test_near_misses_and_the_funnel_keep_to_their_ticks(tried):
    source = telemetry.open_source(tried)
    window = TickRange(3, 7)
    within = "run_id = 1 AND tick BETWEEN 3 AND 7"
    ((attempts,),) = vmt.query(tried, f"SELECT count(*) FROM trade_attempts WHERE {within}")
    found = source.ask(FunnelQuery(1, window))
    assert sum(found.tries(group) for group in found.counts) == attempts > 0
    misses = source.ask(NearMissesQuery(1, window, limit=3))
    assert all(miss.tick in window for miss in misses.misses)
    margins = [miss.margin for miss in misses.misses]
    assert margins == sorted(margins, reverse=True)
    source.close()


def test_the_nearest_misses_are_those_of_all_however_the_run_is_cut(tmp_path, monkeypatch, tried):
    """Most of them missed by the same: of these the earliest, at one tick by who they are."""
    path = tmp_path / "alike.db"
    shutil.copyfile(tried, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE trade_attempts SET result = 'fail', result_reason = 'both_utility', "
            "buyer_U_init = 1, buyer_U_final = 1 - (tick = 9) * 0.5, seller_U_init = 2, "
            "seller_U_final = 2 WHERE tick > 2"
        )
    source = telemetry.open_source(path)
    every = source.ask(NearMissesQuery(1, limit=10_000))
    funnel = source.ask(FunnelQuery(1))
    order = [(-m.margin, m.tick, str(m.agents)) for m in every.misses]
    assert order == sorted(order)
    assert len({m.margin for m in every.misses}) > 1
    monkeypatch.setattr(near_misses, "ROWS", 20)
    for limit in (1, 4, len(order)):
        found = source.ask(NearMissesQuery(1, limit=limit))
        assert (found.misses, found.total) == (every.misses[:limit], every.total)
    assert source.ask(FunnelQuery(1)) == funnel
    source.close()


def test_a_run_without_attempts_has_an_empty_funnel(tmp_path):
    path = vmt.create("money", tmp_path / "m.db")
    source = telemetry.open_source(path)
    assert source.ask(FunnelQuery(1)).counts == {}
    source.close()


def test_the_commands_print_gates_misses_and_funnel(capsys, tmp_path, tried):
    path = market(tmp_path, ask=2.25)
    found = ran(capsys, "why", path, 1, "--tick", 5, "--agents", "1,0", "--format", "json")
    assert found.code == 1
    quotes = next(row for row in found.json() if row["gate"] == "Quotes cross")
    assert (quotes["verdict"], quotes["margin"]) == ("failed", -0.25)
    text = ran(capsys, "why", path, 1, "--tick", 5, "--agents", "1,0").out
    assert "failed at “quotes cross” by −0.25 B per A" in text
    assert ran(capsys, "why", path, 1, "--tick", 5, "--agents", "1").code == 2
    funnel = ran(capsys, "funnel", tried, 1, "--format", "csv").csv()
    assert funnel[0][:4] == ["pair", "mode", "regime", "all"]
    assert int(funnel[1][3]) == sum(int(cell) for cell in funnel[1][4:])
    assert ran(capsys, "near-misses", tried, 1, "--limit", 2, "--format", "json").code == 0


def test_the_audit_command_lists_faults_and_says_so_by_its_code(capsys, tmp_path):
    path = market(tmp_path)
    clean = ran(capsys, "audit", path, 1, "--rule", "no-negative-stock")
    assert clean.code == 0
    assert "no fault (1 of 1 rules judged)" in clean.out
    (tmp_path / "more").mkdir()
    broken = market(tmp_path / "more", stock=-3)
    listed = ran(capsys, "audit", broken, "--rule", "no-negative-stock", "--format", "csv")
    assert listed.code == 1
    assert [row[9] for row in listed.csv()[1:]] == [
        f"Agent 1 holds -3 A at tick {tick}." for tick in (4, 5)
    ]
    assert ran(capsys, "audit", broken, 1, "--without", "no-negative-stock").code == 0
    names = [row[0] for row in ran(capsys, "audit", path, "--list", "--format", "csv").csv()[1:]]
    assert "both-gain" in names
    assert ran(capsys, "audit", path, "--rule", "nonsense").code == 2
