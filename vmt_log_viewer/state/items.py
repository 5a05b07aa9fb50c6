"""The things that can be selected and then shown in full by the inspector."""

from __future__ import annotations

from dataclasses import dataclass

from telemetry.concepts import AgentId


@dataclass(frozen=True)
class AgentItem:
    """An agent, as it is at the cursor's tick."""

    agent_id: AgentId


@dataclass(frozen=True)
class RowItem:
    """One row of a table: `key` is `TablePage.keys[i]`; `tick` where the row has one."""

    table: str
    key: int | str
    tick: int | None = None


@dataclass(frozen=True)
class NegotiationItem:
    """All that two agents tried at a tick."""

    tick: int
    agents: tuple[AgentId, AgentId]


@dataclass(frozen=True)
class RunItem:
    """The run itself: facts, warnings and configuration."""


Item = AgentItem | RowItem | NegotiationItem | RunItem
