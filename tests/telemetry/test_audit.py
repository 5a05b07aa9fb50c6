"""An honest grid economy breaks no rule, and each planted fault is found by its own rule alone."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Never

import pytest

import telemetry
from telemetry.answers import audit as auditing
from telemetry.cancel import CancelToken
from telemetry.concepts import Audit
from telemetry.engines import sqlite, sqlite_columns
from telemetry.engines.lines import ByValuesError
from telemetry.errors import NothingFoundError, QueryCancelled, RequestError
from telemetry.families.vmt.recorder import LogPolicy, VmtRecorder
from telemetry.queries import AuditQuery
from telemetry.samples.grid_economy import Scenario, simulate
from tests.builders import vmt

ECONOMY = Scenario(
    name="audited",
    seed=5,
    agents=10,
    ticks=40,
    width=8,
    height=8,
    regimes=((0, "mixed"),),
    money_mode="kkt_lambda",
    money_range=(20, 60),
    lambda_spread=0.5,
    policy=LogPolicy(level="debug"),
)
LAST = "tick = 39 AND agent_id = 3"
A_TRADE = "id = (SELECT min(id) FROM trades)"
A_SUCCESS = "id = (SELECT min(id) FROM trade_attempts WHERE result = 'success')"
TICK_OF_TRADE = "tick = (SELECT min(tick) FROM trades)"
COPY = "x, y, inventory_A, inventory_B, inventory_M, utility, utility_type"

# For each rule: statements that plant one fault, and what its sentence must name.
PLANTED: dict[str, tuple[Sequence[str], str]] = {
    "trade-conserves": (
        [f"UPDATE trade_attempts SET seller_A_final = seller_A_final + 1 WHERE {A_SUCCESS}"],
        "changed A: buyer",
    ),
    "goods-explained": (
        [f"UPDATE agent_snapshots SET inventory_A = inventory_A + 5 WHERE {LAST}"],
        "Agent 3 from tick 38 to 39 changed",
    ),
    "money-explained": (
        [f"UPDATE agent_snapshots SET inventory_M = inventory_M + 1 WHERE {LAST}"],
        "Agent 3 from tick 38 to 39 changed M by +1",
    ),
    "no-negative-stock": (
        [
            f"INSERT INTO agent_snapshots (run_id, tick, agent_id, {COPY}) "
            f"SELECT run_id, tick, 99, {COPY} FROM agent_snapshots WHERE {LAST}",
            "UPDATE agent_snapshots SET inventory_B = -2 WHERE agent_id = 99",
            "UPDATE simulation_runs SET num_agents = num_agents + 1",
        ],
        "Agent 99 holds -2 B at tick 39",
    ),
    "both-gain": ([f"UPDATE trades SET seller_surplus = 0 WHERE {A_TRADE}"], "gained"),
    "price-definition": ([f"UPDATE trades SET price = price + 7 WHERE {A_TRADE}"], "but price is"),
    "price-within-quotes": (
        [f"UPDATE trade_attempts SET seller_ask = price + 1 WHERE {A_SUCCESS}"],
        "the seller asked",
    ),
    "pair-type-told": (
        [
            "UPDATE trades SET exchange_pair_type = CASE exchange_pair_type WHEN 'A<->B' THEN "
            f"'A<->M' ELSE 'A<->B' END WHERE {A_TRADE}"
        ],
        "but exchange_pair_type is",
    ),
    "mode-allows": (
        [
            f"UPDATE tick_states SET current_mode = 'forage' WHERE {TICK_OF_TRADE}",
        ],
        "while the mode was forage",
    ),
    "pair-active": (
        [f"UPDATE tick_states SET active_pairs = '[]' WHERE {TICK_OF_TRADE}"],
        "while active_pairs were []",
    ),
    "lambda-bounds": (
        [
            f"UPDATE agent_snapshots SET lambda_money = 2e6 WHERE {LAST}",
            f"UPDATE lambda_updates SET lambda_new = 2e6 WHERE {LAST}",
        ],
        "λ of agent 3 is 2000000 at tick 39",
    ),
    "lambda-logged": ([f"DELETE FROM lambda_updates WHERE {LAST}"], "lambda_updates logs nothing"),
    "lambda-estimate": (
        [f"UPDATE lambda_updates SET lambda_hat = lambda_hat + 1 WHERE {LAST}"],
        "λ̂ of agent 3 at tick 39",
    ),
    "one-state-per-tick": (
        ["DELETE FROM tick_states WHERE tick = (SELECT max(tick) FROM trades) + 0"],
        "has no rows in tick_states",
    ),
    "snapshots-complete": (
        ["DELETE FROM agent_snapshots WHERE tick = 20 AND agent_id = 4"],
        "Agent 4 has no snapshot at tick 20",
    ),
    "run-row-agrees": (
        ["UPDATE simulation_runs SET num_agents = 11"],
        "counts 11 agents, snapshots name 10",
    ),
}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run with everything recorded; read only."""
    path = tmp_path_factory.mktemp("audit") / "honest.db"
    with VmtRecorder(path) as recorder:
        simulate(ECONOMY, recorder, ticks_per_commit=100)
    return path


def no_columns(*_: object) -> Never:
    raise ByValuesError


def audited(path: Path, run: int = 1, **more: object) -> Audit:
    source = telemetry.open_source(path)
    try:
        return source.ask(AuditQuery(run, **more))
    finally:
        source.close()


def planted(honest: Path, folder: Path, *statements: str) -> Path:
    path = folder / "planted.db"
    shutil.copyfile(honest, path)
    with closing(sqlite3.connect(path)) as connection:
        changed = [connection.execute(statement).rowcount for statement in statements]
        connection.commit()
    assert changed[-1] > 0
    return path


def test_an_honest_run_is_judged_by_every_rule_and_breaks_none(honest):
    found = audited(honest)
    assert {v.rule.name: v.state for v in found.verdicts} == dict.fromkeys(PLANTED, "sound")
    assert all(v.checked > 0 for v in found.verdicts)
    assert found.sound


@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_fault_is_found_by_its_rule_alone(honest, tmp_path, rule):
    statements, words = PLANTED[rule]
    found = audited(planted(honest, tmp_path, *statements))
    assert [v.rule.name for v in found.verdicts if v.faults] == [rule]
    verdict = next(v for v in found.verdicts if v.faults)
    assert words in verdict.first[0].sentence
    assert not found.sound


def test_small_windows_of_ticks_find_the_same(honest, tmp_path, monkeypatch):
    """What is judged must not depend on how the run is cut into parts."""
    path = planted(honest, tmp_path, *PLANTED["goods-explained"][0])
    whole = audited(path)
    monkeypatch.setattr(auditing, "ROWS", 37)
    parts = audited(path)
    assert parts == whole
    assert len(whole.verdicts) == len(PLANTED)


PASSED = (
    "goods-explained", "money-explained", "no-negative-stock", "lambda-bounds",
    "snapshots-complete",
)  # fmt: skip
"""Rules that one pass over the snapshots of a large run judges."""
TWICE = (
    f"INSERT INTO agent_snapshots (run_id, tick, agent_id, {COPY}) "
    "SELECT run_id, tick, agent_id, " + COPY + " FROM agent_snapshots WHERE tick = 7"
)


@pytest.mark.parametrize(("more", "parts"), [((), 10), ((TWICE,), 1)])
def test_one_pass_over_a_large_run_finds_what_statements_find(
    honest, tmp_path, monkeypatch, more, parts
):
    """A snapshot that is there twice ends the pass; then statements judge."""
    faults = [statement for rule in PASSED for statement in PLANTED[rule][0]]
    path = planted(honest, tmp_path, *faults, *more)
    read: list[int] = []

    def seen(*asked):
        for place, columns in enumerate(sqlite_columns.read(*asked)):
            read.append(place)
            yield columns

    monkeypatch.setattr(sqlite, "sqlite_columns", SimpleNamespace(read=seen))
    whole = audited(path)
    assert read == []
    monkeypatch.setattr(auditing, "ROWS", 37)
    assert audited(path) == whole
    assert len(read) >= parts
    assert {v.rule.name for v in whole.verdicts if v.faults} >= set(PASSED)
    monkeypatch.setattr(sqlite, "sqlite_columns", SimpleNamespace(read=no_columns))
    assert audited(path) == whole


@pytest.mark.parametrize("rows", [250_000, 37])
def test_snapshots_of_some_ticks_alone_are_judged_by_what_lies_between_them(
    honest, tmp_path, monkeypatch, rows
):
    monkeypatch.setattr(auditing, "ROWS", rows)
    thin = "DELETE FROM agent_snapshots WHERE tick % 4 <> 0"
    sparse = audited(planted(honest, tmp_path, thin))
    assert [v.rule.name for v in sparse.verdicts if v.state != "sound"] == []
    checked = {v.rule.name: v.checked for v in sparse.verdicts}
    assert checked["goods-explained"] == 9 * 10  # ten agents, from tick 0 to 36 by fours
    last = "tick = 36 AND agent_id = 3"
    more = f"UPDATE agent_snapshots SET inventory_A = inventory_A + 5 WHERE {last}"
    found = audited(planted(honest, tmp_path, thin, more))
    assert [v.rule.name for v in found.verdicts if v.faults] == ["goods-explained"]


def test_only_the_rules_asked_for_are_judged_and_faults_are_counted_beyond_those_shown(
    honest, tmp_path
):
    path = planted(honest, tmp_path, "UPDATE trades SET buyer_surplus = -1")
    found = audited(path, rules=("both-gain", "mode-allows"), first=2)
    assert [v.rule.name for v in found.verdicts] == ["both-gain", "mode-allows"]
    broken = found.verdicts[0]
    assert broken.faults == broken.checked > 2
    assert len(broken.first) == 2
    assert broken.first[0].table == "trades"
    with pytest.raises(RequestError, match="no rule 'nonsense'"):
        audited(path, rules=("nonsense",))


def test_what_an_old_vintage_lacks_is_not_judged_rather_than_passed(tmp_path):
    path = vmt.create("barter", tmp_path / "b.db")
    vmt.insert(path, "simulation_runs", run_id=1, scenario_name="empty")
    found = audited(path)
    assert found.judged == 0
    assert not found.sound
    assert all("record" in v.unjudged or "nothing to judge" in v.unjudged for v in found.verdicts)


def test_an_unknown_run_is_said_to_be_unknown(honest):
    with pytest.raises(NothingFoundError, match="no run 77"):
        audited(honest, 77)


def test_a_withdrawn_audit_ends(honest):
    source = telemetry.open_source(honest)
    token = CancelToken(lambda done, total, what: token.cancel())
    try:
        with pytest.raises(QueryCancelled):
            source.ask(AuditQuery(1), token)
    finally:
        source.close()
