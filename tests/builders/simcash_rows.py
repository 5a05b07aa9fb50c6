"""One good row of every table of a SimCash run, and a small run made of them."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.families.simcash.recorder import Setting, SimCashRun

AGENTS = ("A", "ÅBO")
SETTING = Setting(
    config_name="two_banks.yaml",
    seed=42,
    ticks_per_day=2,
    num_days=2,
    config={"agents": list(AGENTS), "rate": 0.5},
    policies={agent: {"parameters": {"initial_liquidity_fraction": 0.5}} for agent in AGENTS},
)
ARRIVAL: Mapping[str, object] = {"amount": 1500, "sender_id": "A", "receiver_id": "ÅBO"}
STATE = {
    "agent_id": "A",
    "balance": -50,
    "balance_change": -1550,
    "unsecured_cap": 500,
    "posted_collateral": 0,
    **{f"{kind}_cost": 7 for kind in ("liquidity", "delay", "collateral", "penalty")},
    **{f"{kind}_cost_delta": -3 for kind in ("liquidity", "delay", "collateral", "penalty")},
    "split_friction_cost": 0,
    "split_friction_cost_delta": 0,
}
TRANSACTION = {
    "tx_id": "t1",
    "sender_id": "A",
    "receiver_id": "ÅBO",
    "amount": 1500,
    "priority": 5,
    "is_divisible": False,
    "arrival_tick": 0,
    "arrival_day": 0,
    "deadline_tick": 3,
    "settlement_tick": 1,
    "settlement_day": 0,
    "status": "settled",
    "amount_settled": 1500,
    "queue1_ticks": 1,
    "queue2_ticks": 0,
    "total_delay_ticks": 1,
    "delay_cost": 2,
}
DAY = {
    "agent_id": "A",
    "opening_balance": 1500,
    "closing_balance": -50,
    "min_balance": -50,
    "max_balance": 1500,
    **dict.fromkeys(
        (
            *("unsecured_cap", "peak_overdraft", "opening_posted_collateral"),
            *("closing_posted_collateral", "peak_posted_collateral", "collateral_capacity"),
            *("num_collateral_posts", "num_collateral_withdrawals", "num_arrivals", "num_sent"),
            *("num_received", "num_settled", "num_dropped", "queue1_peak_size"),
            *("queue1_eod_size", "split_friction_cost", "deadline_penalty_cost"),
        ),
        0,
    ),
    "liquidity_cost": 7,
    "delay_cost": 7,
    "collateral_cost": 6,
    "total_cost": 20,
}
COLLATERAL = {
    "agent_id": "A",
    "action": "post",
    "amount": 100,
    "reason": "UrgentLiquidityNeed",
    "layer": "strategic",
    "balance_before": -50,
    "posted_collateral_before": 0,
    "posted_collateral_after": 100,
    "available_capacity_after": 900,
}
NETTING = {
    "cycle_type": "bilateral",
    "agents": AGENTS,
    "transactions": ("t2", "t3"),
    "tx_amounts": (300, 200),
    "settled_value": 400,
    "total_value": 500,
    "net_positions": {"A": -100, "ÅBO": 100},
    "max_net_outflow": 100,
    "max_net_outflow_agent": "A",
}
DECISION = {"agent_id": "A", "decision_type": "hold", "tx_id": "t1", "reason": "buffer"}
TALK = {
    "agent_id": "A",
    "system_prompt": "s" * 5_000,
    "user_prompt": "What now?",
    "raw_response": "{}",
    "parsed_policy": {"parameters": {"initial_liquidity_fraction": 0.25}},
    "parsing_error": None,
    "model": "some:model",
    "prompt_tokens": 3173,
    "completion_tokens": 31,
    "latency_seconds": 1.5,
}


def log_everything(run: SimCashRun, tick: int) -> None:
    """A tick with at least one row of every table."""
    run.log_event(tick, "Arrival", ARRIVAL, tx_id=f"t{tick}")
    run.log_transaction(tick, **{**TRANSACTION, "tx_id": f"t{tick}"})
    for agent in AGENTS:
        run.log_agent_state(tick, **{**STATE, "agent_id": agent})
        run.log_queue(tick, agent_id=agent, queue_type="queue1", tx_ids=["t8", "t9"])
    run.log_collateral(tick, **COLLATERAL)
    run.log_netting(tick, **NETTING)
    run.log_decision(tick, **DECISION)
    run.log_register(tick, "A", "net", 1.5)
    run.log_checkpoint(tick, {"tick": tick}, {"a": 1}, num_agents=2, num_transactions=1)
    if tick:
        run.log_policy(tick, "A", {"parameters": {"tick": tick}}, created_by="llm")
    if tick % SETTING.ticks_per_day == SETTING.ticks_per_day - 1:
        for agent in AGENTS:
            run.log_day(tick, **{**DAY, "agent_id": agent})
            run.log_day_queue(tick, agent_id=agent, queue_type="rtgs", tx_ids=["t9"])
    run.end_tick(tick)
