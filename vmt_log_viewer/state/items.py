"""The things that can be selected and then shown in full by the inspector."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from telemetry.concepts import AgentId
from telemetry.frozen import Frozen, asdict


class AgentItem(Frozen):
    """An agent, as it is at the cursor's tick."""

    agent_id: AgentId


class RowItem(Frozen):
    """One row of a table: `key` is `TablePage.keys[i]`; `tick` where the row has one."""

    table: str
    key: int | str
    tick: int | None = None


class NegotiationItem(Frozen):
    """All that two agents tried at a tick."""

    tick: int
    agents: tuple[AgentId, AgentId]


class RunItem(Frozen):
    """The run itself: facts, warnings and configuration."""


Item = AgentItem | RowItem | NegotiationItem | RunItem
_KINDS: Mapping[str, type[Item]] = {
    "agent": AgentItem,
    "row": RowItem,
    "negotiation": NegotiationItem,
    "run": RunItem,
}


def item_values(item: Item | None) -> dict[str, object] | None:
    """An item as JSON can hold it."""
    if item is None:
        return None
    kind = next(name for name, known in _KINDS.items() if isinstance(item, known))
    return {"is": kind, **asdict(item)}


def item_of(values: object) -> Item | None:
    """The item that `item_values` told; None where it told none, or this is something else."""
    if not isinstance(values, dict) or values.get("is") not in _KINDS:
        return None
    try:
        return msgspec.convert(values, _KINDS[values["is"]])
    except msgspec.ValidationError:
        return None
