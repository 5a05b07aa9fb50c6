"""Each event of a run reads as a sentence, with money as money."""

from __future__ import annotations

import json

import pytest

from telemetry.concepts import Cell
from telemetry.families.simcash.payments import explain as explain_payment
from telemetry.families.simcash.replay import explain


def said(kind: str, details: object, agent: str | None = None, tx: str | None = None) -> str:
    row: dict[str, Cell] = {
        "event_type": kind,
        "details": details if isinstance(details, str) else json.dumps(details),
        "agent_id": agent,
        "tx_id": tx,
    }
    return explain(row)


TX = "3b206cc7-9937-44ba-95dd-0ee341942988"


@pytest.mark.parametrize(
    ("kind", "details", "agent", "expected"),
    [
        (
            "Arrival",
            {"sender_id": "A", "receiver_id": "B", "amount": 12345, "priority": 5, "deadline": 9},
            None,
            "3b206cc7 arrives: A owes B 123.45, priority 5, deadline tick 9",
        ),
        ("PolicySubmit", {}, "A", "A submits 3b206cc7"),
        ("PolicyHold", {"reason": "Buffer"}, "A", "A holds 3b206cc7 back: Buffer"),
        ("PolicyDrop", {"reason": "Late"}, "A", "A drops 3b206cc7: Late"),
        ("PolicySplit", {"num_splits": 3, "child_ids": []}, "A", "A splits 3b206cc7 into 3"),
        (
            "TransactionReprioritized",
            {"old_priority": 0, "new_priority": 8},
            "A",
            "A moves 3b206cc7 from priority 0 to 8",
        ),
        (
            "PriorityEscalated",
            {
                "sender_id": "A",
                "original_priority": 5,
                "escalated_priority": 7,
                "ticks_until_deadline": 2,
            },
            None,
            "3b206cc7 of A escalates from priority 5 to 7, 2 ticks before its deadline",
        ),
        (
            "CollateralPost",
            {"amount": 500, "new_total": 1500, "reason": "Urgent"},
            "A",
            "A posts 5.00 of collateral, now 15.00: Urgent",
        ),
        (
            "CollateralWithdraw",
            {"amount": 500, "new_total": 0, "reason": "Excess"},
            "A",
            "A withdraws 5.00 of collateral, now 0.00: Excess",
        ),
        (
            "RtgsImmediateSettlement",
            {"sender": "A", "receiver": "B", "amount": 100, "sender_balance_after": -50},
            None,
            "3b206cc7 settles at once: A pays B 1.00, A has -0.50 left",
        ),
        (
            "RtgsSubmission",
            {"sender": "A", "receiver": "B", "amount": 100, "rtgs_priority": "Urgent"},
            None,
            "3b206cc7 enters settlement: A to B 1.00, Urgent",
        ),
        ("QueuedRtgs", {"sender_id": "A"}, None, "3b206cc7 of A waits in queue 2 for liquidity"),
        (
            "Queue2LiquidityRelease",
            {
                "sender": "A",
                "receiver": "B",
                "amount": 100,
                "queue_wait_ticks": 0,
                "release_reason": "liquidity_available",
            },
            None,
            "3b206cc7 settles after 0 ticks in queue 2: A pays B 1.00, liquidity_available",
        ),
        (
            "LsmBilateralOffset",
            {"agent_a": "A", "agent_b": "B", "amount_a": 1, "amount_b": 2, "tx_ids": [TX, "u"]},
            None,
            "A (0.01) and B (0.02) settle 2 transactions (3b206cc7, u) against each other",
        ),
        (
            "LsmCycleSettlement",
            {"agents": ["A", "B", "C"], "tx_ids": ["t"], "total_value": 300},
            None,
            "A, B, C settle 1 transaction (t) worth 3.00 in a cycle",
        ),
        (
            "TransactionWentOverdue",
            {
                "sender_id": "A",
                "receiver_id": "B",
                "remaining_amount": 100,
                "deadline_tick": 4,
                "deadline_penalty_cost": 5000,
            },
            None,
            "3b206cc7 is overdue (deadline tick 4): A still owes B 1.00, penalty 50.00",
        ),
        (
            "OverdueTransactionSettled",
            {
                "sender_id": "A",
                "receiver_id": "B",
                "settled_amount": 100,
                "total_ticks_overdue": 8,
            },
            None,
            "3b206cc7 settles 8 ticks late: A pays B 1.00",
        ),
        (
            "DeferredCreditApplied",
            {"amount": 15000, "source_transactions": [TX]},
            "A",
            "A is credited 150.00 for 1 transaction (3b206cc7)",
        ),
        (
            "LiquidityReturn",
            {"amount": 50000, "balance_after": 0},
            "A",
            "A returns 500.00 of liquidity, 0.00 left",
        ),
        (
            "EndOfDay",
            {"day": 0, "unsettled_count": 0, "total_penalties": 0},
            None,
            "Day 0 ends with 0 unsettled, penalties 0.00",
        ),
        ("AlgorithmExecution", {"algorithm": 2, "result": "NoProgress", "settlements": 0}, None,
         "Algorithm 2: NoProgress, 0 settled"),
    ],
)  # fmt: skip
def test_an_event_says_what_happened(
    kind: str, details: object, agent: str | None, expected: str
) -> None:
    assert said(kind, details, agent, TX) == expected


def test_an_accrual_names_its_parts_and_what_the_total_has_beyond_them() -> None:
    costs = {"delay_cost": 60, "penalty_cost": 0, "split_friction_cost": 5, "total": 100}
    expected = "A accrues 1.00: delay 0.60, split friction 0.05, other 0.35"
    assert said("CostAccrual", {"costs": costs}, "A") == expected
    assert said("CostAccrual", {"costs": {"total": 2500}}, "A") == "A accrues 25.00: other 25.00"


def test_a_scenario_event_tells_its_payload_which_is_encoded_twice() -> None:
    inner = json.dumps({"from_agent": "A", "to_agent": "B", "amount": 500})
    details = {"scenario_event_type": "direct_transfer", "details_json": inner}
    expected = "Scenario: direct transfer (from agent A, to agent B, amount 5.00)"
    assert said("ScenarioEventExecuted", details) == expected
    assert said("ScenarioEventExecuted", json.dumps(json.dumps(details))) == expected


def test_an_event_of_an_unknown_type_shows_its_payload() -> None:
    assert said("Brandnew", {"sender": "A", "amount": 100, "n": 0}) == (
        "Brandnew: sender A, amount 1.00, n 0"
    )
    assert said("Brandnew", {}) == "Brandnew"


@pytest.mark.parametrize("details", ["", "null", "[1]", "{broken", '"text"', "0"])
def test_a_payload_that_holds_nothing_reads_as_not_recorded(details: str) -> None:
    assert "not recorded" in said("Arrival", details)
    assert said("CostAccrual", details, "A") == "A accrues not recorded"


def test_an_unsettled_transaction_says_who_owes_what_and_why() -> None:
    row: dict[str, Cell] = {
        "tx_id": TX,
        "sender_id": "A",
        "receiver_id": "B",
        "amount": 34594,
        "deadline_tick": 269,
        "overdue_since_tick": 270,
        "reason": "waits at its bank",
    }
    assert explain_payment(row) == (
        "3b206cc7: A owes B 345.94 by tick 269, overdue since tick 270; waits at its bank."
    )
