"""The grid economy is honest: it conserves, both sides gain, rules hold, a seed decides it all."""

import hashlib
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from telemetry.families.vmt.recorder import LogPolicy, VmtRecorder
from telemetry.frozen import replace
from telemetry.samples.grid_economy import Scenario, simulate
from telemetry.samples.grid_economy.agent import Agent
from telemetry.samples.grid_economy.goods import Ces, Linear
from telemetry.samples.grid_economy.negotiation import ladder, offers, settle, tries

pytestmark = pytest.mark.sampled(4)

REGIMES = ("barter_only", "money_only", "mixed", "mixed_liquidity_gated")
ALL_PAIRS = ("A<->M", "B<->M", "A<->B")
SMALL = Scenario(
    name="small",
    seed=1,
    agents=8,
    ticks=25,
    width=8,
    height=8,
    money_range=(20, 60),
    policy=LogPolicy(level="debug", resource_snapshot_every=1),
)


def scenario_of(regime: str, **changes: object) -> Scenario:
    """A small scenario of a regime; barter has no money."""
    mode = None if regime == "barter_only" else "quasilinear"
    return replace(SMALL, regimes=((0, regime),), money_mode=mode, **changes)


@contextmanager
def recorded(scenario: Scenario) -> Iterator[sqlite3.Connection]:
    """A connection to the database that the scenario was recorded into."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.db"
        with VmtRecorder(path) as recorder:
            simulate(scenario, recorder, ticks_per_commit=100)
        connection = sqlite3.connect(path)
        try:
            yield connection
        finally:
            connection.close()


def rows(connection: sqlite3.Connection, sql: str) -> list[tuple]:
    """All rows of a query."""
    return connection.execute(sql).fetchall()


# Trade


utilities = st.one_of(
    st.builds(Ces, st.floats(0.2, 0.8), st.sampled_from((-1.0, -0.5, 0.3, 0.5))),
    st.builds(Linear, st.floats(0.3, 1.5), st.floats(0.3, 1.5)),
)
stocks = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 200))


def agent(number: int, stock: tuple[int, int, int], utility: object, value: float) -> Agent:
    """An agent with quotes, standing somewhere."""
    a, b, m = stock
    made = Agent(number, 0, 0, a, b, m, utility, value, money_scale=1)
    made.requote(0.02, money=True)
    return made


@given(stocks, stocks, utilities, utilities, st.floats(0.01, 1), st.floats(0.01, 1))
@settings(max_examples=150, deadline=None)
def test_a_trade_conserves_everything_and_both_sides_strictly_gain(
    first_stock, second_stock, first_utility, second_utility, first_lambda, second_lambda
):
    first = agent(0, first_stock, first_utility, first_lambda)
    second = agent(1, second_stock, second_utility, second_lambda)
    trade = next(
        (t for offer in offers(first, second, ALL_PAIRS) for t in tries(offer, 4) if t.succeeded),
        None,
    )
    assume(trade is not None)
    both = (first, second)
    before = [(x.a, x.b, x.m, x.total_utility(x.a, x.b, x.m)) for x in both]
    settle(trade)
    after = [(x.a, x.b, x.m, x.total_utility(x.a, x.b, x.m)) for x in both]
    for good in range(3):
        assert sum(state[good] for state in before) == sum(state[good] for state in after)
        assert min(state[good] for state in after) >= 0
    assert all(new[3] > old[3] for old, new in zip(before, after, strict=True))


@given(st.floats(0.01, 50), st.floats(0.001, 50), st.integers(1, 5))
def test_a_ladder_rises_from_ask_to_bid(ask: float, width: float, block: int):
    bid = ask + width
    prices = ladder(ask, bid, block)
    assert prices == sorted(set(prices))
    assert prices[0] == ask
    assert prices[-1] == bid
    assert len(prices) >= 5 or width < 1e-9


@pytest.mark.parametrize("regime", REGIMES)
@given(seed=st.integers(0, 10**9), agents=st.integers(2, 12))
@settings(max_examples=6, deadline=None)
def test_stocks_change_by_trade_and_by_foraging_alone(regime: str, seed: int, agents: int):
    """Every stock is the one before, plus the tick's trades, plus at most one foraged unit."""
    with recorded(scenario_of(regime, seed=seed, agents=agents)) as db:
        assert not rows(db, "SELECT 1 FROM trades WHERE NOT (buyer_surplus > 0)")
        assert not rows(db, "SELECT 1 FROM trades WHERE NOT (seller_surplus > 0)")
        traded: dict[tuple[int, int], list[int]] = {}
        sql = "SELECT tick, buyer_id, seller_id, dA, dB, dM, exchange_pair_type FROM trades"
        for tick, buyer, seller, d_a, d_b, d_m, pair in rows(db, sql):
            sign = {pair[0]: 1, pair[-1]: -1}
            moved = [d_a * sign.get("A", 0), d_b * sign.get("B", 0), d_m * sign.get("M", 0)]
            assert (tick, buyer) not in traded
            assert (tick, seller) not in traded
            traded[tick, buyer] = moved
            traded[tick, seller] = [-amount for amount in moved]
        sql = """
            SELECT tick, agent_id, inventory_A, inventory_B, inventory_M FROM agent_snapshots
            ORDER BY agent_id, tick
        """
        snapshots = rows(db, sql)
        for old, new in pairwise(snapshots):
            if old[1] != new[1]:
                continue
            change = [after - before for before, after in zip(old[2:], new[2:], strict=True)]
            if (new[0], new[1]) in traded:
                assert change == traded[new[0], new[1]]
            else:
                assert change[2] == 0
                assert sorted(change[:2]) in ([0, 0], [0, 1])
        money = rows(db, "SELECT SUM(inventory_M) FROM agent_snapshots GROUP BY tick")
        assert len(set(money)) == 1


@pytest.mark.parametrize("regime", REGIMES)
def test_only_pairs_of_the_regime_are_traded(regime: str):
    with recorded(scenario_of(regime, ticks=40)) as db:
        found = {pair for (pair,) in rows(db, "SELECT exchange_pair_type FROM trades")}
        active = {pair for (pair,) in rows(db, "SELECT active_pairs FROM tick_states")}
    allowed = {"barter_only": {"A<->B"}, "money_only": {"A<->M", "B<->M"}}
    assert found
    assert found <= allowed.get(regime, set(ALL_PAIRS))
    if regime == "barter_only":
        assert active == {'["A<->B"]'}


def test_the_gate_lets_barter_in_where_few_quotes_are_seen():
    with recorded(scenario_of("mixed_liquidity_gated", min_quotes=0)) as db:
        assert rows(db, "SELECT DISTINCT active_pairs FROM tick_states") == [
            ('["A<->M", "B<->M"]',)
        ]
        assert not rows(db, "SELECT 1 FROM trades WHERE exchange_pair_type = 'A<->B'")
    with recorded(scenario_of("mixed_liquidity_gated", min_quotes=99)) as db:
        assert rows(db, "SELECT DISTINCT active_pairs FROM tick_states") == [
            ('["A<->M", "B<->M", "A<->B"]',)
        ]
        assert rows(db, "SELECT 1 FROM trades WHERE exchange_pair_type = 'A<->B'")


def test_an_attempt_says_what_it_would_have_led_to():
    with recorded(scenario_of("mixed", ticks=60, agents=12)) as db:
        assert not rows(
            db,
            """
            SELECT 1 FROM trade_attempts WHERE
                buyer_A_final - buyer_A_init <> seller_A_init - seller_A_final OR
                buyer_B_final - buyer_B_init <> seller_B_init - seller_B_final OR
                buyer_M_final - buyer_M_init <> seller_M_init - seller_M_final
            """,
        )
        reasons = {reason for (reason,) in rows(db, "SELECT result_reason FROM trade_attempts")}
        successes = "SELECT COUNT(*) FROM trade_attempts WHERE result = 'success'"
        assert rows(db, successes) == rows(db, "SELECT COUNT(*) FROM trades")
        assert not rows(
            db,
            """
            SELECT 1 FROM trade_attempts WHERE
                (result_reason = 'seller_insufficient_A') <> (seller_A_final < 0)
                AND result_reason NOT LIKE '%nonpositive'
            """,
        )
    assert {
        "utility_improves_both",
        "buyer_utility_no_improvement",
        "seller_utility_no_improvement",
        "both_utility_no_improvement",
        "seller_insufficient_A",
        "seller_insufficient_B",
        "buyer_insufficient_B",
    } <= reasons


def test_a_price_is_the_payment_for_one_unit():
    with recorded(scenario_of("mixed", ticks=60)) as db:
        sql = "SELECT exchange_pair_type, dA, dB, dM, price FROM trades"
        found = rows(db, sql)
    wanted = {
        "A<->B": lambda a, b, m: b / a,
        "A<->M": lambda a, b, m: m / a,
        "B<->M": lambda a, b, m: m / b,
    }
    assert {row[0] for row in found} == set(wanted)
    assert all(price == wanted[pair](a, b, m) for pair, a, b, m, price in found)


# Modes, meeting


def test_nobody_trades_while_foraging_and_nobody_forages_while_trading():
    modes = (("forage", 7), ("trade", 9))
    with recorded(scenario_of("barter_only", modes=modes, ticks=64)) as db:
        states = dict(rows(db, "SELECT tick, current_mode FROM tick_states"))
        assert states == {tick: "forage" if tick % 16 < 7 else "trade" for tick in range(64)}
        changes = rows(db, "SELECT tick, old_mode, new_mode FROM mode_changes")
        assert changes[:2] == [(7, "forage", "trade"), (16, "trade", "forage")]
        trades = {tick for (tick,) in rows(db, "SELECT tick FROM trades")}
        assert trades
        assert {states[tick] for tick in trades} == {"trade"}
        goods = rows(db, "SELECT SUM(inventory_A + inventory_B) FROM agent_snapshots GROUP BY tick")
        grown = {states[tick] for tick in range(1, 64) if goods[tick][0] > goods[tick - 1][0]}
        assert grown == {"forage"}
        empty = "SELECT DISTINCT active_pairs FROM tick_states WHERE current_mode = 'forage'"
        assert rows(db, empty) == [("[]",)]


def test_agents_pair_and_part_by_turns():
    with recorded(scenario_of("mixed", ticks=60, agents=12)) as db:
        log = rows(db, "SELECT agent_i, agent_j, event, reason FROM pairings ORDER BY id")
    partner: dict[int, int] = {}
    for first, second, event, _reason in log:
        assert first < second
        if event == "pair":
            assert first not in partner
            assert second not in partner
            partner |= {first: second, second: first}
        else:
            assert partner.pop(first) == second
            assert partner.pop(second) == first
    assert {reason for *_, reason in log} == {"mutual_consent", "greedy_fallback", "trade_failed"}


def test_preferences_are_ranked_by_discounted_surplus():
    with recorded(scenario_of("mixed", ticks=30)) as db:
        sql = """
            SELECT tick, agent_id, rank, surplus, discounted_surplus, distance FROM preferences
            ORDER BY tick, agent_id, rank
        """
        found = rows(db, sql)
        chosen = rows(db, "SELECT alternatives FROM decisions WHERE target_type = 'trade'")
    assert {row[2] for row in found} >= {0, 1}
    for _, _, _, surplus, discounted, distance in found:
        assert discounted == pytest.approx(surplus * 0.95**distance)
    for old, new in pairwise(found):
        if old[:2] == new[:2]:
            assert new[2] == old[2] + 1
            assert new[4] <= old[4]
        else:
            assert new[2] == 0
    assert any(":" in text for (text,) in chosen)


def test_a_cell_is_claimed_by_one_agent_at_a_time():
    with recorded(scenario_of("barter_only")) as db:
        sql = """
            SELECT tick, claimed_resource_pos, COUNT(*) FROM decisions
            WHERE claimed_resource_pos IS NOT NULL GROUP BY 1, 2
        """
        found = rows(db, sql)
    assert found
    assert {row[2] for row in found} == {1}


# λ


KKT = replace(
    SMALL,
    regimes=((0, "mixed"),),
    money_mode="kkt_lambda",
    agents=12,
    ticks=60,
    lambda_spread=1.2,
    lambda_update_rate=0.3,
    lambda_bounds=(0.03, 0.09),
)


def test_lambda_moves_towards_the_estimate_that_binds_within_its_bounds():
    low, high = KKT.lambda_bounds
    with recorded(KKT) as db:
        sql = """
            SELECT lambda_old, lambda_new, lambda_hat_A, lambda_hat_B, lambda_hat, clamped,
                   clamp_type FROM lambda_updates
        """
        found = rows(db, sql)
        beyond = "SELECT COUNT(*) FROM agent_snapshots WHERE lambda_money NOT BETWEEN ? AND ?"
        assert db.execute(beyond, (low, high)).fetchone() == (0,)
    assert {row[6] for row in found} == {None, "lower", "upper"}
    for old, new, hat_a, hat_b, hat, clamped, kind in found:
        assert hat == min(hat_a, hat_b)
        moved = old + 0.3 * (hat - old)
        assert new == pytest.approx(min(max(moved, low), high))
        assert clamped == (kind is not None)
        assert kind == ("lower" if moved < low else "upper" if moved > high else None)


def test_lambda_s_estimates_are_marginal_utility_by_perceived_price():
    with recorded(replace(KKT, linear_share=1.0)) as db:
        sql = """
            SELECT u.agent_id, u.lambda_hat_A * s.perceived_price_A,
                   u.lambda_hat_B * s.perceived_price_B
            FROM lambda_updates u JOIN agent_snapshots s USING (run_id, tick, agent_id)
            WHERE s.perceived_price_A IS NOT NULL AND s.perceived_price_B IS NOT NULL
        """
        margins: dict[int, set[tuple[float, float]]] = {}
        for number, margin_a, margin_b in rows(db, sql):
            margins.setdefault(number, set()).add((round(margin_a, 9), round(margin_b, 9)))
    assert margins
    assert {len(found) for found in margins.values()} == {1}  # linear: MU never changes


def test_lambda_converges_from_a_wide_start():
    wide = replace(KKT, lambda_bounds=(1e-6, 1e6), agents=20, ticks=80)
    with recorded(wide) as db:
        sql = "SELECT MAX(lambda_money) / MIN(lambda_money) FROM agent_snapshots WHERE tick = ?"
        first, last = (db.execute(sql, (tick,)).fetchone()[0] for tick in (0, 79))
    assert first > 8
    assert 1 < last < first / 2


# Determinism


def digest(connection: sqlite3.Connection) -> str:
    """Everything in a database but the times at which it was written."""
    text = hashlib.sha256()
    tables = rows(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'telemetry_%' "
        "ORDER BY name",
    )
    for (table,) in tables:
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            kept = row[:2] + row[4:] if table == "simulation_runs" else row
            text.update(repr(kept).encode())
    return text.hexdigest()


def digest_of(scenario: Scenario) -> str:
    """The digest of a new recording."""
    with recorded(scenario) as db:
        return digest(db)


def test_the_same_seed_gives_the_same_run_and_another_seed_another():
    random.seed(os.urandom(8))
    assert digest_of(KKT) == digest_of(KKT)
    assert digest_of(KKT) != digest_of(replace(KKT, seed=2))


def test_hash_order_decides_nothing():
    code = (
        "from tests.telemetry.test_samples_grid_economy import KKT, digest_of; "
        "print(digest_of(KKT))"
    )
    root = Path(__file__).resolve().parents[2]
    prints = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert prints == {digest_of(KKT) + "\n"}
