"""RowView: what the views of trades and attempts share, a table tied to cursor and selection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QWidget

from telemetry.concepts import AgentId, RunId, Table, TickRange
from telemetry.errors import TelemetryError
from telemetry.text import nothing_of
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.state.history import Change
from vmt_log_viewer.state.items import Item, NegotiationItem, RowItem
from vmt_log_viewer.theme import INSIDE
from vmt_log_viewer.views.view import ExportRequest, View
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.facet_panel import FacetPanel
from vmt_log_viewer.widgets.plain import tool_button
from vmt_log_viewer.widgets.saved_filters import SavedFilterPanel
from vmt_log_viewer.widgets.table_choices import restore_table, table_state
from vmt_log_viewer.widgets.table_panel import TablePanel

if TYPE_CHECKING:
    from telemetry.filters.saved import SavedFilter
    from telemetry.source import Source
    from vmt_log_viewer.views.view import Context


class RowView(View):
    """Facets left, table right. It asks only while it is visible, and catches up when shown."""

    role: ClassVar[str] = ""  # the table's
    facet_roles: ClassVar[tuple[str, ...]] = ()
    facets_width: ClassVar[int] = 204  # pixels
    narrow: ClassVar[int] = 560  # pixels; below, the table needs the room of the facets
    split: ClassVar[tuple[str, tuple[str, ...]] | None] = None
    own_steps = frozenset({"filters"})

    @classmethod
    def unsuitable(cls, source: Source) -> str | None:
        table = source.table_with_role(cls.role)
        if table is None:
            return f"{cls.title} are nothing that this kind of database records."
        return None

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.panel = TablePanel(context, self.name)
        self.facets = FacetPanel(
            context, self.panel, f"{self.name}.facet", self.facet_roles, split=self.split
        )
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self._waiting = self._fresh = False
        self._by_itself = False  # filters change because another run is shown
        self._sized = False
        self._texts = self._default_texts()
        self._facets_by_hand: bool | None = None
        self._only_chosen = tool_button(
            "Chosen agents", "users", "Only rows in which a chosen agent takes part"
        )
        self._only_chosen.setCheckable(True)
        self._facets_shown = tool_button(
            "Facets", "funnel-simple", "Show or hide the values to filter by", only_icon=True
        )
        self._facets_shown.setCheckable(True)
        self._facets_shown.setChecked(True)
        self.saved = SavedFilterPanel(context.document, self.panel, context.theme)
        self.saved.applied.connect(self._saved_applied)
        self.panel.add_tool(self._only_chosen)
        self.panel.add_tool(self.saved.button)
        self.panel.add_tool(self._facets_shown, first=True)
        self._empty = EmptyState()
        self._lay_out()
        self._connect()

    # What a subclass adds

    def _main(self) -> QWidget:
        """What stands right of the facets; the table alone unless a view adds to it."""
        return self.panel

    def _default_texts(self) -> dict[str, str]:
        """The filters to begin with."""
        saved = self.context.settings.get(f"{self.name}.filters")
        return {str(k): str(v) for k, v in saved.items()} if isinstance(saved, dict) else {}

    def _row_chosen(self, row: int) -> None:
        """A row was chosen by hand, after cursor and selection followed it."""

    def _tick_moved(self, tick: int | None) -> None:
        """The cursor moved, while the view is visible."""

    def _began(self, source: Source, run_id: RunId, table: Table) -> None:
        """Another run is shown; its first rows have been asked for."""

    # View

    def show_run(self, source: Source, run_id: RunId) -> None:
        self._source, self._run_id = source, run_id
        self._waiting = self._fresh = True
        if self.isVisible():
            self._catch_up()

    def clear(self) -> None:
        self._source = self._run_id = None
        self._waiting = False
        self.panel.clear()
        self._pages.setCurrentWidget(self._empty)
        self._empty.say("")

    def grow(self, ticks: TickRange) -> None:
        if not self.isVisible() or self._waiting:
            return  # shown in full when it is seen
        if self._pages.currentWidget() is self._empty:
            self._pace.want()
        else:
            self.panel.grow(ticks)

    def refresh(self) -> None:
        self._waiting = self._source is not None
        if self.isVisible():
            self._catch_up()

    def focus_filter(self) -> bool:
        self.panel.view.filter_header.focus_first()
        return self._pages.currentWidget() is not self._empty

    def export_request(self) -> ExportRequest | None:
        query = self.panel.export_query()
        return None if query is None else ExportRequest(query.table, (query,))

    def state(self) -> dict[str, JSON]:
        return {
            **table_state(self.panel),
            "chosen_agents_only": self._only_chosen.isChecked(),
            "facets": self._facets_by_hand,
            "every_value": self.facets.state(),
        }

    def restore(self, choices: Choices) -> None:
        restore_table(self.panel, choices)
        self._put_texts(self.panel.filters.texts)
        self._only_chosen.setChecked(choices.flag("chosen_agents_only"))
        shown = choices.flag("facets", self.width() >= self.narrow)
        self._facets_by_hand = shown if "facets" in choices else None
        self.facets.setVisible(shown)
        self._facets_shown.setChecked(shown)

    def settled(self) -> bool:
        return (
            not (self._waiting and self.isVisible())
            and self.panel.settled()
            and (super().settled())
        )

    def filter_by(self, texts: Mapping[str, str]) -> None:
        """Filter by exactly these texts, column by column; Ctrl+Z takes it back."""
        if self.panel.table is not None and not self._waiting:
            self.panel.filters.replace(texts)
            self.panel.ask_now()
            return
        old, self._texts = self._texts, dict(texts)  # in force once the rows are first asked for
        self._push_texts(old, self._texts)

    def saved_filters(self) -> SavedFilterPanel | None:
        return None if self.panel.table is None else self.saved

    def _saved_applied(self, saved: SavedFilter) -> None:
        if saved.agents is not None:
            self._only_chosen.setChecked(True)

    def step(self, count: int) -> None:
        """Choose the next (or with −1 the previous) row, as the table is sorted."""
        self.panel.step(count)

    # Inside

    def _catch_up(self) -> None:
        """Show the run, brush and agents as they are now."""
        selection = self.context.document.selection
        self._limit_agents(selection.agents)
        self.panel.limit_ticks(selection.brush)
        self._tick_moved(self.context.document.cursor.tick)
        if not self._waiting or self._source is None or self._run_id is None:
            self._choose_selected()
            return
        self._waiting = False
        table = self._table(self._source)
        if table is None or not table.recorded:
            what = table.label if table is not None else self.title
            hint = f" {table.how_to_record}" if table is not None else ""
            self._say_empty(f"{what} are not recorded in this database.{hint}")
            return
        self._pages.setCurrentWidget(self._body)
        self._by_itself = True
        self.panel.show_table(self._source, self._run_id, table, self._starting_texts(table))
        self._by_itself = False
        if self._fresh:
            self._fresh = False
            self._began(self._source, self._run_id, table)

    def _table(self, source: Source) -> Table | None:
        """The table that is shown."""
        return source.table_with_role(self.role)

    def _starting_texts(self, table: Table) -> dict[str, str]:
        return self._texts

    def _say_nothing(self) -> None:
        table = self.panel.table
        if table is not None:
            self._say_empty(nothing_of(table))

    def _say_empty(self, sentence: str) -> None:
        self.panel.clear()
        self._empty.say(sentence)
        self._pages.setCurrentWidget(self._empty)
        self.status_changed.emit(sentence)

    def _lay_out(self) -> None:
        self._body = QSplitter(Qt.Orientation.Horizontal)
        self._body.addWidget(self.facets)
        self._body.addWidget(self._main())
        self._body.setCollapsible(1, False)
        self._body.setStretchFactor(1, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._body)
        self._pages.addWidget(self._empty)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        layout.addWidget(self._pages)

    def _connect(self) -> None:
        panel, document = self.panel, self.context.document
        panel.status_changed.connect(self.status_changed)
        panel.asked.connect(self._remember)
        panel.asked.connect(self.export_changed)
        panel.row_chosen.connect(self._follow_row)
        panel.row_found.connect(self._row_chosen)
        panel.model.shown.connect(self._choose_selected)
        document.selection.item_selected.connect(self._item_selected)
        panel.nothing_recorded.connect(self._say_nothing)
        panel.row_opened.connect(self._open_row)
        panel.view.columns_arranged.connect(self.touched)
        panel.failed.connect(self._show_failure)
        document.selection.brush_changed.connect(self._brush_changed)
        document.selection.agents_changed.connect(self._agents_changed)
        document.cursor.moved.connect(self._cursor_moved)
        self._only_chosen.toggled.connect(lambda _: self._limit_agents(document.selection.agents))
        self._facets_shown.clicked.connect(self._show_facets_by_hand)

    def _follow_row(self, row: int) -> None:
        """The cursor goes to the row's tick and the inspector to the row."""
        key, table = self.panel.model.key_at(row), self.panel.table
        if key is None or table is None:
            return
        tick = self.panel.value(row, "tick")
        document = self.context.document
        if isinstance(tick, int):
            document.cursor.move_to(tick)
        item = RowItem(table.name, key, tick if isinstance(tick, int) else None)
        document.selection.select(item)
        self._row_chosen(row)

    def _item_selected(self, _: Item | None) -> None:
        if self.isVisible():
            self._choose_selected()

    def _choose_selected(self) -> None:
        """Choose the row that was selected elsewhere, where it is one of this table."""
        item, table = self.context.document.selection.item, self.panel.table
        if not isinstance(item, RowItem) or table is None or item.table != table.name:
            return
        if item.key != self.panel.current_key():
            self.panel.choose_key(item.key)

    def _negotiation_of(self, row: int) -> NegotiationItem | None:
        """Which negotiation a row belongs to; None where it does not name two agents."""
        tick = self.panel.value(row, "tick")
        buyer, seller = self.panel.value(row, "buyer"), self.panel.value(row, "seller")
        if not isinstance(tick, int) or buyer is None or seller is None:
            return None
        return NegotiationItem(tick, (buyer, seller))  # type: ignore[arg-type]

    def _open_row(self, row: int) -> None:
        item = self._negotiation_of(row)
        if item is not None:
            self.context.document.selection.select(item)

    def _show_failure(self, error: TelemetryError) -> None:
        self.status_changed.emit(str(error))

    def _brush_changed(self, brush: TickRange | None) -> None:
        if self.isVisible():
            self.panel.limit_ticks(brush)

    def _agents_changed(self, agents: tuple[AgentId, ...]) -> None:
        if self.isVisible():
            self._limit_agents(agents)

    def _limit_agents(self, agents: tuple[AgentId, ...]) -> None:
        wanted = agents if self._only_chosen.isChecked() and agents else None
        self.panel.limit_agents(wanted)

    def _cursor_moved(self, tick: int | None) -> None:
        if self.isVisible():
            self._tick_moved(tick)

    def _remember(self) -> None:
        """Keep the filters for the next run and session, and let Ctrl+Z take the change back."""
        old, new = self._texts, self.panel.filters.texts
        if old == new:
            return
        self._texts = new
        if self._by_itself:
            return
        self.context.settings.set(f"{self.name}.filters", new)
        self._push_texts(old, new)

    def _push_texts(self, old: dict[str, str], new: dict[str, str]) -> None:
        put = self._put_texts
        self.context.document.history.push(
            Change(f"filter {self.title.lower()}", lambda: put(old), lambda: put(new))
        )

    def _put_texts(self, texts: dict[str, str]) -> None:
        """Filter like this, as nobody's change by hand."""
        self._texts = dict(texts)
        self.context.settings.set(f"{self.name}.filters", self._texts)
        self.panel.filters.replace(texts)
        self.panel.ask_now()

    def _show_facets_by_hand(self, shown: bool) -> None:
        self._facets_by_hand = shown
        self.facets.setVisible(shown)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._sized:
            self._sized = True
            facets = min(self.facets_width, self.width() // 3)
            self._body.setSizes([facets, max(1, self.width() - facets)])
        self._catch_up()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        shown = self._facets_by_hand
        if shown is None:
            shown = self.width() >= self.narrow
        self.facets.setVisible(shown)
        self._facets_shown.setChecked(shown)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._leave():
            return
        super().keyPressEvent(event)

    def _leave(self) -> bool:
        """Esc: close what is open on top; False where nothing is."""
        return False
