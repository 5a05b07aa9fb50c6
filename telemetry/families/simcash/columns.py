"""The columns of the tables that are shown as stored."""

from __future__ import annotations

from telemetry.families.simcash.states import cents, run_column
from telemetry.families.vocabulary import ColumnSpec

C = ColumnSpec
_TICK = C("tick", "tick", "int", role="tick")
_DAY = C("day", "day", "int", role="day")
_AGENT = C("agent_id", "agent", role="agent", facet=True)

DECISIONS = (
    C("id", "id", "int", role="key", visible=False),
    run_column(),
    _TICK,
    _DAY,
    _AGENT,
    C("decision_type", "decision", role="kind", facet=True),
    C("tx_id", "transaction", role="transaction"),
    C("reason", "reason", role="reason", facet=True),
    C("num_splits", "splits", "int"),
    C("child_tx_ids", "split into", "json", visible=False),
)
CYCLES = (
    C("id", "id", "int", role="key", visible=False),
    run_column(),
    _TICK,
    _DAY,
    C("cycle_type", "type", role="kind", facet=True),
    C("cycle_length", "length", "int", facet=True),
    C("agents", "agents", "json", role="agents"),
    cents("settled_value", "settled value", role="quantity"),
    cents("total_value", "total value", role="amount"),
    C("tx_amounts", "amounts", "json"),
    C("net_positions", "net positions", "json"),
    cents("max_net_outflow", "largest outflow"),
    C("max_net_outflow_agent", "largest outflow of", facet=True),
    C("transactions", "transactions", "json", role="transactions", visible=False),
)
COLLATERAL = (
    C("id", "id", "int", role="key", visible=False),
    run_column(),
    _TICK,
    _DAY,
    _AGENT,
    C("action", "action", role="kind", facet=True),
    cents("amount", "amount", role="amount"),
    C("reason", "reason", role="reason", facet=True),
    C("layer", "layer", facet=True),
    cents("balance_before", "balance before"),
    cents("posted_collateral_before", "posted before"),
    cents("posted_collateral_after", "posted after"),
    cents("available_capacity_after", "capacity left"),
)
QUEUES = (
    run_column(),
    _TICK,
    _AGENT,
    C("queue_type", "queue", role="kind", facet=True),
    C("position", "position", "int"),
    C("tx_id", "transaction", role="transaction"),
)
DAY_QUEUES = (
    run_column(),
    C("day", "day", "int", role="tick"),
    _AGENT,
    C("queue_type", "queue", role="kind", facet=True),
    C("position", "position", "int"),
    C("transaction_id", "transaction", role="transaction"),
)
POLICIES = (
    run_column(),
    C("snapshot_tick", "from tick", "int", role="tick"),
    C("snapshot_day", "day", "int", role="day"),
    _AGENT,
    C("created_by", "created by", facet=True),
    C("policy_hash", "hash", visible=False),
    C("policy_json", "policy", "json", role="policy", visible=False),
)
REGISTERS = (
    run_column(),
    _TICK,
    _AGENT,
    C("register_key", "register", role="kind", facet=True),
    C("register_value", "value", "real"),
)
CHECKPOINTS = (
    run_column(),
    C("checkpoint_tick", "tick", "int", role="tick"),
    C("checkpoint_day", "day", "int", role="day"),
    C("checkpoint_id", "checkpoint", role="key"),
    C("checkpoint_type", "type", role="kind", facet=True),
    C("checkpoint_timestamp", "saved", "time", role="start"),
    C("description", "description"),
    C("created_by", "created by", facet=True),
    C("num_agents", "agents", "int"),
    C("num_transactions", "transactions", "int"),
    C("total_size_bytes", "size", "int", unit="bytes"),
    C("state_hash", "state hash", visible=False),
    C("config_hash", "configuration hash", visible=False),
    C("state_json", "state", "json", role="payload", visible=False),
    C("config_json", "configuration", "json", role="config", visible=False),
)
EVALUATIONS = (
    C("run_id", "experiment", role="experiment", facet=True),
    C("iteration", "iteration", "int", role="iteration"),
    _AGENT,
    C("evaluation_mode", "evaluation", facet=True),
    cents("old_cost", "old cost"),
    cents("new_cost", "new cost", role="cost"),
    C("accepted", "accepted", "flag", role="accepted", facet=True),
    C("acceptance_reason", "reason", role="reason", facet=True),
    cents("delta_sum", "Σ difference"),
    C("num_samples", "samples", "int"),
    cents("cost_std_dev", "standard deviation"),
    C("confidence_interval_95", "95 % interval", "json"),
    cents("context_simulation_cost", "cost of the context run", visible=False),
    C("settlement_rate", "settlement rate", "real"),
    C("avg_delay", "mean delay", "real", unit="ticks"),
    C("scenario_seed", "seed", "int", role="seed", visible=False),
    C("timestamp", "at", "time", role="start", visible=False),
    C("cost_breakdown", "cost by kind", "json", visible=False),
    C("agent_stats", "by agent", "json", visible=False),
    C("sample_details", "samples in detail", "json", visible=False),
    C("proposed_policy", "policy", "json", role="policy", visible=False),
)
MIGRATIONS = (
    C("version", "version", "int", role="key"),
    C("applied_at", "applied", "time"),
    C("description", "description"),
)
