"""What held for two agents at a tick: mode, regime, places, pairing, stocks and quotes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import AgentId, Gate, GateState, RunId
from telemetry.families.asker import Asker
from telemetry.families.vmt.audit_words import numeric
from telemetry.frozen import Frozen

PAIRS_OF = {
    "barter_only": ("A<->B",),
    "money_only": ("A<->M", "B<->M"),
    "mixed": ("A<->B", "A<->M", "B<->M"),
    "mixed_liquidity_gated": ("A<->B", "A<->M", "B<->M"),
}
ALIASES = {"B<->A": "A<->B", "M<->A": "A<->M", "M<->B": "B<->M"}
_STATE = (
    "x", "y", "inventory_A", "inventory_B", "inventory_M", "utility", "ask_A_in_B", "bid_A_in_B",
    "ask_A_in_M", "bid_A_in_M", "ask_B_in_M", "bid_B_in_M", "lambda_money", "utility_type",
)  # fmt: skip
State = Mapping[str, Any]


class Circumstances(Frozen):
    """Everything but the tries. `before` are states at `quoted_at`, the last tick before, in which
    stocks and quotes stood as the two met; `at` those of the tick, which tell where they were."""

    run_id: RunId
    tick: int
    agents: tuple[AgentId, AgentId]
    mode: str | None
    regime: str | None
    active: tuple[str, ...] | None
    params: Mapping[str, Any]
    quoted_at: int | None
    before: Mapping[AgentId, State]
    at: Mapping[AgentId, State]
    pairing: tuple[int, str, str] | None  # tick, event, reason of the last one of the two
    has_pairings: bool
    partners: Mapping[AgentId, Any] | None  # what each decided at the tick; None: not recorded

    @property
    def pairs(self) -> tuple[str, ...]:
        """Pair types to judge: the active ones (else the regime's), then others that both quote,
        which the first gate may forbid; A<->B where nothing tells."""
        told = self.active or PAIRS_OF.get(str(self.regime), ())
        quoted = [
            pair
            for pair in PAIRS_OF["mixed"]
            if len(self.before) == 2 and all(_quotes(s, pair) for s in self.before.values())
        ]
        return tuple(dict.fromkeys((*told, *quoted))) or ("A<->B",)

    def allowed(self, pair: str) -> Gate:
        """The first gate: mode and regime let this pair type trade."""
        name, label = "allowed", "Mode and regime allow it"
        if self.mode is None and self.active is None and self.regime is None:
            return Gate(name, label, "not judged", "Neither mode nor regime is recorded.")
        if self.mode == "forage":
            return Gate(name, label, "failed", "The mode is forage: nobody trades.")
        known = [f"mode {self.mode}"] if self.mode else []
        if self.active is not None:
            said = ", ".join(self.active) or "none"
            held = pair in self.active
            mode = f" ({known[0]})" if known else ""
            return Gate(name, label, outcome(held), f"Active pairs are {said}{mode}.")
        if self.regime in PAIRS_OF:
            held = pair in PAIRS_OF[str(self.regime)]
            return Gate(name, label, outcome(held), f"The regime is {self.regime}.")
        return Gate(name, label, "passed", f"The {' '.join(known)} lets agents trade.")

    def near(self) -> Gate:
        """Within reach of each other at the tick."""
        name, label = "reach", "Within reach"
        radius = numeric(self.params.get("interaction_radius"))
        places = [self.at.get(agent, {}) for agent in self.agents]
        spots: list[Any] = [p.get(axis) for axis in ("x", "y") for p in places]
        if radius is None or None in spots:
            lacks = "interaction_radius" if radius is None else "where both were"
            return Gate(name, label, "not judged", f"Not recorded: {lacks}.")
        steps = abs(spots[0] - spots[1]) + abs(spots[2] - spots[3])
        apart = "1 step" if steps == 1 else f"{steps} steps"
        said = f"They stand {apart} apart; the reach is {radius}."
        return Gate(name, label, outcome(steps <= radius), said, float(radius - steps), "steps")

    def paired(self) -> Gate:
        """Paired with each other, where pairings or decisions are recorded."""
        name, label = "paired", "Paired with each other"
        first, second = self.agents
        if self.has_pairings:
            if self.pairing is None:
                return Gate(name, label, "failed", "They were never paired until this tick.")
            when, event, reason = self.pairing
            if event == "pair" or when == self.tick:
                said = "Paired" if event == "pair" else "Paired until"
                return Gate(name, label, "passed", f"{said} tick {when} ({reason}).")
            return Gate(name, label, "failed", f"Unpaired at tick {when} ({reason}).")
        if self.partners is None:
            return Gate(name, label, "not judged", "Not recorded: pairings and decisions.")
        chosen = {agent: self.partners.get(agent) for agent in self.agents}
        if chosen[first] == second or chosen[second] == first:
            both = chosen[first] == second and chosen[second] == first
            said = "Each chose the other." if both else "One chose the other."
            return Gate(name, label, "passed", said)
        words = ", ".join(f"{a} chose {'nobody' if c is None else c}" for a, c in chosen.items())
        return Gate(name, label, "failed", f"Neither chose the other: {words}.")


def _quotes(state: State, pair: str) -> bool:
    """Whether an agent has a quote in this pair type."""
    return any(state.get(f"{side}_{pair[0]}_in_{pair[-1]}") is not None for side in ("ask", "bid"))


def outcome(held: bool) -> GateState:
    """The state of a gate that can be judged."""
    return "passed" if held else "failed"


def circumstances(
    asker: Asker, run_id: RunId, tick: int, agents: tuple[AgentId, AgentId]
) -> Circumstances:
    """Read them; what is not recorded is None or empty."""
    before, quoted_at = _states(asker, run_id, tick, agents, earlier=True)
    at, _ = _states(asker, run_id, tick, agents, earlier=False)
    state = _one(asker, "tick_states", run_id, tick, ("current_mode", "active_pairs"))
    regime = _one(asker, "tick_states", run_id, tick, ("exchange_regime",))
    mode = state[0] if state else _mode(asker, run_id, tick)
    return Circumstances(
        run_id, tick, agents, mode, regime[0] if regime else None,
        _pairs(state[1]) if state else None, params(asker, run_id), quoted_at, before, at,
        _pairing(asker, run_id, tick, agents), _has_pairings(asker, run_id),
        _partners(asker, run_id, tick, agents),
    )  # fmt: skip


def params(asker: Asker, run_id: RunId) -> Mapping[str, Any]:
    """config_json.params; empty where there is none."""
    if not asker.has("simulation_runs", "config_json"):
        return {}
    own = asker.column("simulation_runs", "run_id") == run_id
    rows = asker.rows(sa.select(asker.column("simulation_runs", "config_json")).where(own))
    try:
        found = json.loads(rows[0][0]) if rows else {}
    except (TypeError, ValueError, RecursionError):
        return {}
    inner = found.get("params") if isinstance(found, dict) else None
    return inner if isinstance(inner, dict) else {}


def _pairs(text: Any) -> tuple[str, ...] | None:
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    if not isinstance(found, list):
        return None
    return tuple(ALIASES.get(str(p), str(p)) for p in found)


def _states(
    asker: Asker,
    run_id: RunId,
    tick: int,
    agents: tuple[AgentId, AgentId],
    *,
    earlier: bool,
) -> tuple[dict[AgentId, State], int | None]:
    if not asker.has("agent_snapshots", "run_id", "tick", "agent_id"):
        return {}, None
    at, run, who = (asker.column("agent_snapshots", n) for n in ("tick", "run_id", "agent_id"))
    when = at < tick if earlier else at == tick
    own = (run == run_id, who.in_(agents))
    last = asker.rows(sa.select(at).where(*own, when).order_by(at.desc()).limit(1))
    if not last:
        return {}, None
    columns = [asker.column("agent_snapshots", n).label(n) for n in _STATE]
    rows = asker.rows(sa.select(who, *columns).where(*own, at == last[0][0]))
    found: dict[AgentId, State] = {}
    for row in rows:
        state = dict(zip(_STATE, row[1:], strict=True))
        found[row[0]] = {n: v if n == "utility_type" else numeric(v) for n, v in state.items()}
    return found, last[0][0]


def _one(
    asker: Asker, table: str, run_id: RunId, tick: int, names: tuple[str, ...]
) -> tuple[Any, ...] | None:
    if not asker.has(table, "run_id", "tick", *names):
        return None
    own = (asker.column(table, "run_id") == run_id, asker.column(table, "tick") == tick)
    rows = asker.rows(sa.select(*(asker.column(table, n) for n in names)).where(*own).limit(1))
    return rows[0] if rows else None


def _mode(asker: Asker, run_id: RunId, tick: int) -> str | None:
    if not asker.has("mode_changes", "run_id", "tick", "old_mode", "new_mode"):
        return None
    at, run = asker.column("mode_changes", "tick"), asker.column("mode_changes", "run_id")
    new, old = (asker.column("mode_changes", n) for n in ("new_mode", "old_mode"))
    past = sa.select(new).where(run == run_id, at <= tick).order_by(at.desc()).limit(1)
    coming = sa.select(old).where(run == run_id, at > tick).order_by(at).limit(1)
    rows = asker.rows(past) or asker.rows(coming)
    return rows[0][0] if rows else None


def _has_pairings(asker: Asker, run_id: RunId) -> bool:
    """Whether pairings of this run are recorded at all."""
    if not asker.has("pairings", "run_id", "agent_i", "agent_j", "event"):
        return False
    own = asker.column("pairings", "run_id") == run_id
    return bool(asker.rows(sa.select(sa.literal(1)).where(own).limit(1)))


def _pairing(
    asker: Asker, run_id: RunId, tick: int, agents: tuple[AgentId, AgentId]
) -> tuple[int, str, str] | None:
    if not asker.has("pairings", "agent_i", "agent_j", "event"):
        return None
    names = ("tick", "event", "reason", "run_id", "agent_i", "agent_j", "id")
    at, event, reason, run, i, j, key = (asker.column("pairings", n) for n in names)
    rows = asker.rows(
        sa.select(at, event, reason)
        .where(run == run_id, i.in_(agents), j.in_(agents), at <= tick)
        .order_by(at.desc(), key.desc())
        .limit(1)
    )
    return (rows[0][0], str(rows[0][1]), str(rows[0][2])) if rows else None


def _partners(
    asker: Asker, run_id: RunId, tick: int, agents: tuple[AgentId, AgentId]
) -> dict[AgentId, Any] | None:
    if not asker.has("decisions", "agent_id", "chosen_partner_id"):
        return None
    names = ("agent_id", "chosen_partner_id", "run_id", "tick")
    who, partner, run, at = (asker.column("decisions", n) for n in names)
    rows = asker.rows(sa.select(who, partner).where(run == run_id, at == tick, who.in_(agents)))
    return dict(rows) or None
