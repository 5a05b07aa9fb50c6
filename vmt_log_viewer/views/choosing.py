"""ChoosingView: a view whose own switches are one frozen value, undone, saved and restored."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from telemetry.concepts import Agent, AgentId, RunId, TickRange
from telemetry.errors import TelemetryError
from telemetry.frozen import asdict, replace
from telemetry.queries import AgentsQuery
from vmt_log_viewer.plots.kept import Stepwise
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.state.history import Change
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.views.view import Context, View
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.titled_tabs import TitledTabs

if TYPE_CHECKING:
    from telemetry.source import Source


class ChoosingView(View):
    """Asks only while it is visible, and catches up when shown; the brush limits what it asks.

    A subclass sets `choices` (a frozen dataclass of texts, flags and numbers) before anything
    else, fills `body` and `tabs`, and asks in `_ask`. Every field has a default. `pictures` are
    charts that are painted in turns: the view has settled once those seen are there.
    """

    choices: Any
    names_agents: ClassVar[bool] = False
    pictures: tuple[Stepwise, ...] = ()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self._waiting = False
        self._called: dict[AgentId, str] = {}
        self.empty, self._stack = EmptyState(), QStackedWidget()
        self.body, self.tabs = QWidget(), TitledTabs()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        layout.addWidget(self._stack)
        context.document.selection.brush_changed.connect(lambda _: self._want())
        self.tabs.currentChanged.connect(lambda _: self.export_changed.emit())

    # What a subclass adds

    def _began(self, source: Source, run_id: RunId) -> None:
        """Another run is shown: offer what can be chosen of it."""

    def _ask(self) -> None:
        """Ask for what is chosen of the run shown, within the brush."""

    def _offered(self, name: str) -> Collection[str] | None:
        """The texts that the choice `name` may have now; None: any."""
        return None

    def _show_choices(self) -> None:
        """Let the bars show what is chosen."""

    def _named(self) -> None:
        """Agents have names now: `called` tells them (asked for where `names_agents`)."""

    # View

    def show_run(self, source: Source, run_id: RunId) -> None:
        self._source, self._run_id = source, run_id
        self._called = {}
        if self.names_agents:
            self.context.runner.submit(
                f"{self.name}.names", source, AgentsQuery(run_id), self._take_names,
                lambda error: None, self, "reading agents",
            )  # fmt: skip
        self._began(source, run_id)
        self._show_choices()
        self._want()

    def clear(self) -> None:
        self._source = self._run_id = None
        self._waiting = False
        self.say("")

    def refresh(self) -> None:
        self._want()

    def faces(self) -> tuple[str, ...]:
        if self._stack.currentWidget() is not self.body:
            return ()
        return self.tabs.titles()

    def turn_to_face(self, title: str) -> None:
        self.tabs.turn_to_title(title)

    def state(self) -> dict[str, JSON]:
        named = {name: _json(value) for name, value in asdict(self.choices).items()}
        return {**named, "tab": self.tabs.title()}

    def restore(self, choices: Choices) -> None:
        fresh = type(self.choices)()
        found = {}
        for name, default in asdict(fresh).items():
            if isinstance(default, bool):
                found[name] = choices.flag(name, default)
            elif isinstance(default, int):
                found[name] = choices.whole(name, default)
            elif isinstance(default, float):
                found[name] = (choices.numbers(name, 1) or (default,))[0]
            else:
                offered = self._offered(name)
                among = None if offered is None else [default, *offered]
                found[name] = choices.text(name, default, among)
        self.turn_to_face(choices.text("tab"))
        self.apply(replace(fresh, **found))

    def settled(self) -> bool:
        waits = self._waiting and self.isVisible()
        painted = all(chart.painted() for chart in self.pictures if chart.isVisible())
        return not waits and painted and super().settled()

    def dress(self) -> Iterator[None]:
        for chart in self.pictures:
            if chart.isVisible():
                yield from chart.dress()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._catch_up()

    # What a subclass may use

    def choose(self, name: str, value: object) -> None:
        """Take over a choice made by hand, so that Ctrl+Z takes it back."""
        old, new = self.choices, replace(self.choices, **{name: value})
        if old == new:
            return
        self.apply(new)
        self.context.document.history.push(
            Change(f"choose {name.replace('_', ' ')}", lambda: self.apply(old),
                   lambda: self.apply(new), kind=f"{self.name}.{name}")
        )  # fmt: skip

    def apply(self, choices: Any) -> None:
        """Show these choices."""
        self.choices = choices
        self._show_choices()
        self._want()

    def say(self, sentence: str, button: str = "") -> None:
        """A sentence in place of everything."""
        self.empty.say(sentence, button)
        self._stack.setCurrentWidget(self.empty)
        self.status_changed.emit("")
        self.export_changed.emit()

    def show_body(self) -> None:
        self._stack.setCurrentWidget(self.body)

    def failed(self, error: TelemetryError) -> None:
        self.say(str(error))

    def called(self, agent: AgentId) -> str:
        """What an agent is called: its name, or else its id."""
        return self._called.get(agent) or str(agent)

    def _take_names(self, agents: tuple[Agent, ...]) -> None:
        self._called = {agent.agent_id: agent.label for agent in agents}
        if any(self.called(agent) != str(agent) for agent in self._called):
            self._named()

    @property
    def brush(self) -> TickRange | None:
        return self.context.document.selection.brush

    def _want(self) -> None:
        self._waiting = self._source is not None
        self._catch_up()

    def _catch_up(self) -> None:
        if self._waiting and self.isVisible():
            self._waiting = False
            self._ask()


def _json(value: object) -> JSON:
    if isinstance(value, float):
        return [value]
    assert isinstance(value, bool | int | str)
    return value


def page(*parts: tuple[QWidget, int]) -> QWidget:
    """Widgets below each other, each with its share of the room."""
    found = QWidget()
    layout = QVBoxLayout(found)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GRID)
    for part, share in parts:
        layout.addWidget(part, share)
    layout.addStretch(0)  # takes the room of a part that is hidden
    return found
