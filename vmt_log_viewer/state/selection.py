"""Selection: the agents, the tick range and the one item that all views share."""

from __future__ import annotations

from collections.abc import Iterable

from psygnal import Signal

from telemetry.concepts import AgentId, TickRange
from vmt_log_viewer.state.items import Item


class Selection:
    """What is chosen in the run shown. No agents chosen means no restriction to agents."""

    agents_changed = Signal(object)  # tuple[AgentId, ...]
    brush_changed = Signal(object)  # TickRange | None
    item_selected = Signal(object)  # Item | None

    def __init__(self) -> None:
        self._agents: tuple[AgentId, ...] = ()
        self._brush: TickRange | None = None
        self._item: Item | None = None

    @property
    def agents(self) -> tuple[AgentId, ...]:
        return self._agents

    @property
    def brush(self) -> TickRange | None:
        """The tick range that limits every view; None: all ticks."""
        return self._brush

    @property
    def item(self) -> Item | None:
        return self._item

    def set_agents(self, agents: Iterable[AgentId]) -> None:
        """Choose exactly these, in this order, each once."""
        chosen = tuple(dict.fromkeys(agents))
        if chosen != self._agents:
            self._agents = chosen
            self.agents_changed.emit(chosen)

    def toggle_agent(self, agent_id: AgentId) -> None:
        if agent_id in self._agents:
            self.set_agents(a for a in self._agents if a != agent_id)
        else:
            self.set_agents((*self._agents, agent_id))

    def set_brush(self, brush: TickRange | None) -> None:
        if brush != self._brush:
            self._brush = brush
            self.brush_changed.emit(brush)

    def select(self, item: Item | None) -> None:
        """Show `item` in the inspector. Emits for a repeated item too: it was asked for again."""
        self._item = item
        self.item_selected.emit(item)

    def reset(self) -> None:
        """Forget everything: another run is shown."""
        self.set_agents(())
        self.set_brush(None)
        if self._item is not None:
            self.select(None)
