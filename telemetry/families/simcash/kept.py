"""Which tables hold rows of a run that was recorded at a level of persistence.

Source: "Unified Database Architecture Exploration", selective persistence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_SUMMARY = ("daily_agent_metrics", "policy_snapshots")
_EVENTS = (
    "simulation_events",
    "transactions",
    "collateral_events",
    "lsm_cycles",
    "agent_queue_snapshots",
    "agent_state_registers",
    "simulation_checkpoints",
)
_FULL = ("tick_agent_states", "tick_queue_snapshots", "policy_decisions")
#: The tables in which a level keeps rows of ticks, beside the row of the run itself.
TABLES_OF_LEVEL: Mapping[str, frozenset[str]] = {
    "none": frozenset(),
    "summary": frozenset(_SUMMARY),
    "events": frozenset(_SUMMARY + _EVENTS),
    "full": frozenset(_SUMMARY + _EVENTS + _FULL),
}
#: What thinning a run to a summary takes away.
THINNED = _EVENTS + _FULL


def left_out_at(tables: Iterable[str]) -> frozenset[str]:
    """The levels at which none of these tables holds rows of ticks."""
    wanted = TABLES_OF_LEVEL["full"].intersection(tables)
    return frozenset(n for n, kept in TABLES_OF_LEVEL.items() if wanted and not kept & wanted)
