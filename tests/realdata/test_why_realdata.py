"""Ten negotiations of the barter sample, worked out by hand from its rows, and the whole funnel."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

import telemetry
from telemetry.queries import BoxQuery, FunnelQuery, NearMissesQuery, WhyQuery

pytestmark = [pytest.mark.realdata, pytest.mark.sampled(10)]

# Tick, both agents, whether they traded, and of the case that came closest: what it is, the gate
# that failed, and its margin. By hand, for instance tick 12: of 31 tries the seller (agent 0)
# loses least by giving 2 A for 1 B: U falls by 0.05950826; tick 130: agent 1 has 0 of 1 A.
BY_HAND = (
    (3, (0, 1), False, "1 buys A from 0 for B", "utility", -0.006117505130147416),
    (12, (0, 2), False, "2 buys A from 0 for B", "utility", -0.059508263673256234),
    (48, (0, 1), False, "0 buys A from 1 for B", "utility", 0.0),
    (57, (0, 1), True, "0 buys A from 1 for B", None, 0.020876399966351933),
    (57, (0, 2), False, "0 buys A from 2 for B", "utility", -0.020876399966351933),
    (75, (0, 1), True, "0 buys A from 1 for B", None, 0.018781367776878),
    (130, (1, 0), False, "0 buys A from 1 for B", "block", -1.0),
    (201, (0, 1), False, "0 buys A from 1 for B", "block", -1.0),
    (100, (0, 1), False, "0 buys A from 1 for B", "reach", -4.0),
    (150, (1, 2), False, "1 buys A from 2 for B", "paired", None),
)


@pytest.fixture(scope="module")
def source(shared_data):
    source = telemetry.open_source(shared_data / "vmt" / "legacy.db")
    yield source
    source.close()


@pytest.fixture(scope="module")
def sql(shared_data):
    path = shared_data / "vmt" / "legacy.db"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        yield lambda text, *values: connection.execute(text, values).fetchall()


@pytest.mark.parametrize(("tick", "agents", "traded", "label", "gate", "margin"), BY_HAND)
def test_the_gates_are_those_worked_out_by_hand(
    source, sql, tick, agents, traded, label, gate, margin
):
    found = source.ask(WhyQuery(1, tick, agents))
    assert found.happened is traded
    best = found.cases[0]
    assert best.label == label
    failed = best.failed
    assert (None if failed is None else failed.name) == gate
    shown = best.gates[-1] if failed is None else failed
    assert shown.margin == (None if margin is None else pytest.approx(margin, abs=1e-12))
    if gate in (None, "utility"):
        rows = sql(
            "SELECT max(min(buyer_U_final - buyer_U_init, seller_U_final - seller_U_init)) FROM "
            "trade_attempts WHERE run_id = 1 AND tick = ? AND buyer_id IN (?, ?) AND seller_id IN "
            "(?, ?) AND result_reason LIKE '%utility%'",
            tick, *agents, *agents,
        )  # fmt: skip
        assert rows == [(pytest.approx(margin, abs=1e-12),)]


def test_the_funnel_adds_up_to_every_attempt(source, sql):
    found = source.ask(FunnelQuery(1))
    rows = sql(
        "SELECT sum(result_reason LIKE '%insufficient%' OR result_reason LIKE '%nonpositive%'), "
        "sum(result_reason LIKE '%no_improvement%'), sum(result = 'success') FROM trade_attempts"
    )
    ((group, counts),) = found.counts.items()
    assert group == ("A<->B", "not recorded", "not recorded")
    assert [(counts["block"], counts["utility"], counts["traded"])] == rows
    assert found.tries(group) == 5559


def test_near_misses_are_ranked_over_all_negotiations_without_a_trade(source, sql):
    found = source.ask(NearMissesQuery(1, limit=1000))
    rows = sql(
        "SELECT max(CASE WHEN result_reason LIKE '%utility%' THEN min(buyer_U_final - "
        "buyer_U_init, seller_U_final - seller_U_init) END) AS m FROM trade_attempts GROUP BY "
        "run_id, tick, buyer_id, seller_id HAVING sum(result = 'success') = 0 ORDER BY m DESC"
    )
    assert found.total == len(rows)
    assert [miss.margin for miss in found.misses] == [m for (m,) in rows if m is not None]


def test_the_box_agrees_with_the_utilities_that_were_recorded(source):
    """Parameters are not recorded; those worked out give back each try's gain exactly."""
    from telemetry.analysis.edgeworth import picture

    box = source.ask(BoxQuery(1, 57, (0, 1)))
    drawn = picture(box)
    assert (drawn.width, drawn.height) == (12.0, 31.0)
    assert drawn.split.first == pytest.approx(0.020876399966351933, abs=1e-9)
    assert drawn.split.second == pytest.approx(0.2, abs=1e-9)
    assert "ρ = -0.5" in drawn.notes[0]
    assert "u = 1 A + 1.2 B" in drawn.notes[1]
