"""Window: docks, menus and status around the views; it holds no data and asks no query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from PySide6.QtCore import QByteArray, QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QComboBox,
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QTabBar,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from telemetry.concepts import Table, TickRange
from telemetry.text import one_line
from vmt_log_viewer.actions import MENUS, MOST_VIEWS, Actions
from vmt_log_viewer.notes import Notes
from vmt_log_viewer.plots.later import Later
from vmt_log_viewer.theme import INSIDE
from vmt_log_viewer.turns import Turns, paint_again
from vmt_log_viewer.views import timeline_strip, view_classes
from vmt_log_viewer.views.area import ViewArea
from vmt_log_viewer.views.inspector import Inspector
from vmt_log_viewer.views.library import Library
from vmt_log_viewer.views.row_view import RowView
from vmt_log_viewer.views.steps import ViewSteps
from vmt_log_viewer.views.tables import TablesView
from vmt_log_viewer.views.view import Context, View
from vmt_log_viewer.widgets.activity import Activity
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.message_bar import MessageBar

APP_NAME = "VMT Log Viewer"
KEPT = "kept answers"
KEPT_TIP = "Found earlier and kept; the source has not changed since."
WELCOME = "Open a telemetry database to browse its runs, or drop one here. It is only ever read."
NARROW = 1120  # a window less wide than this has no room for the inspector beside the views
_LEFT, _RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
LIBRARY_WIDTH, INSPECTOR_WIDTH, NARROW_WIDTH = 300, 280, 220


class Window(QMainWindow):
    """Everything that is seen. What the verbs do is told elsewhere (`vmt_log_viewer.verbs`)."""

    dropped = Signal(list)  # locations
    closing = Signal()

    def __init__(self, context: Context, actions: Actions, notes: Notes) -> None:
        super().__init__()
        self.context, self.actions_ = context, actions
        self.setObjectName("window")
        self.setAcceptDrops(True)
        self.messages = MessageBar(context.theme)
        self.welcome = EmptyState(WELCOME, "Open file…")
        self.welcome.triggered.connect(actions["open_file"].trigger)
        self.timeline = timeline_strip(context)
        self.area = ViewArea(list(view_classes()), context)
        self.steps = ViewSteps(self.area, context)
        self.library = Library(context, notes)
        self.inspector = Inspector(context)
        self.activity = Activity(context.runner)
        self.status = QLabel()
        self._narrow, self._later, self._painting = False, Later(self), Turns(self)
        self._build_centre()
        self.library_dock = self._dock(
            "Library", self.library, Qt.DockWidgetArea.LeftDockWidgetArea
        )
        self.inspector_dock = self._dock("Inspector", self.inspector, _RIGHT)
        self.resizeDocks(
            [self.library_dock, self.inspector_dock],
            [LIBRARY_WIDTH, INSPECTOR_WIDTH],
            Qt.Orientation.Horizontal,
        )
        self.recent_menu = QMenu("Open recent", self)
        self._build_menus()
        self._build_status()
        self._connect()
        self.show_title()

    def _build_centre(self) -> None:
        work = QWidget()
        layout = QVBoxLayout(work)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        if self.timeline is not None:
            layout.addWidget(self.timeline)
        layout.addWidget(self.area, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.welcome)
        self.stack.addWidget(work)
        centre = QWidget()
        outer = QVBoxLayout(centre)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.messages)
        outer.addWidget(self.stack, 1)
        self.setCentralWidget(centre)

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(title.lower())
        dock.setWidget(widget)
        dock.setMinimumWidth(180)
        self.addDockWidget(area, dock)
        return dock

    def _build_menus(self) -> None:
        """Menus from the verbs; all of them belong to the window so that their keys work."""
        menus = {name: self.menuBar().addMenu(name) for name in MENUS}
        for menu in menus.values():
            menu.setToolTipsVisible(True)
        for verb, action in self.actions_:
            menu = menus[verb.menu]
            if verb.separator:
                menu.addSeparator()
            menu.addAction(action)
            if verb.id == "open_url":
                menu.addMenu(self.recent_menu)
        self.addActions([action for _, action in self.actions_])
        for number in range(1, MOST_VIEWS + 1):
            action = self.actions_[f"view_{number}"]
            action.setVisible(number <= len(self.area.pages))
            if number <= len(self.area.pages):
                action.setText(self.area.pages[number - 1].kind.title)

    def _build_status(self) -> None:
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.setContentsMargins(0, 0, INSIDE, 0)
        bar.addWidget(self.activity, 1)
        bar.addPermanentWidget(self.status)

    def _connect(self) -> None:
        self.area.made.connect(self._view_made)
        self.area.current_changed.connect(self._show_status)
        self.context.runner.kept_changed.connect(self._show_status)
        for key, dock in self._docks():
            action = self.actions_[key]
            dock.visibilityChanged.connect(
                lambda shown, dock=dock, action=action: action.setChecked(not dock.isHidden())
            )

    def _docks(self) -> Iterator[tuple[str, QDockWidget]]:
        yield "show_library", self.library_dock
        yield "show_inspector", self.inspector_dock

    def show_run(self) -> None:
        """The document shows a run, a source without one, or nothing."""
        document = self.context.document
        self.show_title()
        if document.source is None:
            self.area.clear()
            self.stack.setCurrentIndex(0)
            return
        in_turns = self.stack.currentIndex() == 0 and self.isVisible()  # all of it is painted anew
        if in_turns:
            self.setUpdatesEnabled(False)
        try:
            self.stack.setCurrentIndex(1)
            if self.timeline is not None:
                self.timeline.setVisible(document.run_id is not None)
            self.library.show_current(document.source, document.run_id)
            self.area.show_run(document.source, document.run_id)
        finally:
            if in_turns:
                self._painting.begin(paint_again(self, self.parts()))

    def show_view(self, name: str) -> None:
        """See the view of that name, where it suits what is shown."""
        page = self.area.page(name)
        if page is not None:
            self.area.go_to(page)

    def show_rows(self, table: str, texts: Mapping[str, str]) -> None:
        """See the rows of a table that match these filters, in the view that shows it."""
        source = self.context.document.source
        if source is None:
            return
        shown = source.table(table)
        with self.context.document.history.together(f"show rows of {shown.label}"):
            self._show_rows(shown, texts)

    def _show_rows(self, shown: Table, texts: Mapping[str, str]) -> None:
        role = shown.role
        of_role = [p.kind.name for p in self.area.suitable()
                   if issubclass(p.kind, RowView) and p.kind.role == role]  # fmt: skip
        self.show_view(of_role[0] if of_role else TablesView.name)
        view = self.area.current
        if isinstance(view, TablesView):
            view.choose(shown.name)
        if isinstance(view, RowView):
            view.filter_by(texts)

    def show_title(self) -> None:
        document = self.context.document
        parts = [APP_NAME]
        if document.source is not None:
            run = [] if document.run is None else [one_line(document.run.name, limit=120)]
            parts = [*run, one_line(document.source.name), APP_NAME]
        self.setWindowTitle(" — ".join(parts))

    def say(self, text: str, offer: str = "", accept: Callable[[], None] | None = None) -> None:
        """One sentence about something that went wrong, and what could be done about it."""
        self.messages.say(one_line(text, limit=2000), offer, accept)

    def tell(self, text: str) -> None:
        """One sentence about something that went well."""
        self.statusBar().showMessage(one_line(text, limit=400), 8000)

    def refresh(self) -> None:
        """Ask again for everything that is seen."""
        self.area.refresh()
        self.inspector.refresh()
        if self.timeline is not None:
            self.timeline.refresh()

    def grow(self, ticks: TickRange) -> None:
        """The run has come further, to `ticks.last`."""
        self.area.grow(ticks)
        self.inspector.grow()
        if self.timeline is not None:
            self.timeline.grow(ticks)

    def save(self) -> None:
        """Remember what the window looks like."""
        settings = self.context.settings
        self.library.save()
        settings.set("window.views", self.area.arrangement())
        if not self._narrow:
            settings.set("window.state", bytes(self.saveState().toBase64()).decode())
        settings.set("window.geometry", bytes(self.saveGeometry().toBase64()).decode())

    def restore(self) -> None:
        """Look as it did last time."""
        settings = self.context.settings
        for key, restore in (("geometry", self.restoreGeometry), ("state", self.restoreState)):
            text = settings.get(f"window.{key}")
            if isinstance(text, str):
                restore(QByteArray.fromBase64(text.encode()))
        views = settings.get("window.views")
        if isinstance(views, dict):
            self.area.arrange(views)

    def event(self, event: QEvent) -> bool:
        """Leave plain keys to the widget that has the keyboard where it needs them itself."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() in (
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.KeypadModifier,
            )
            if plain and needs_key(self.focusWidget(), Qt.Key(event.key())):
                event.accept()
                return True
        return super().event(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        urls = event.mimeData().urls()
        self.dropped.emit([url.toLocalFile() or url.toString() for url in urls])
        event.acceptProposedAction()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        if narrow != self._narrow:
            self._narrow = narrow
            if self.isVisible():  # laid out in another turn than this, and painted once, in a third
                self.setUpdatesEnabled(False)
                self._later.ask(self, self._fit_docks)
            else:
                self._fit_docks()

    def _fit_docks(self) -> None:
        try:
            self.inspector_dock.setVisible(not self._narrow)
            width = NARROW_WIDTH if self._narrow else LIBRARY_WIDTH
            self.resizeDocks([self.library_dock], [width], Qt.Orientation.Horizontal)
            self.layout().activate()
        finally:
            self._painting.begin(paint_again(self, self.parts()))

    def parts(self) -> list[QWidget]:
        """What is seen and takes long to paint: the views and the docks."""
        docks = [d for d in (self.inspector_dock, self.library_dock) if d.isVisible()]
        return [*self.area.pages_seen(), *docks]

    def closeEvent(self, event: QCloseEvent) -> None:
        self.save()
        self.activity.stop()
        self.closing.emit()
        super().closeEvent(event)

    def _view_made(self, view: View) -> None:
        view.status_changed.connect(lambda text, view=view: self._view_said(view, text))

    def _view_said(self, view: View, text: str) -> None:
        view.setProperty("status", text)
        self._show_status()

    def _show_status(self) -> None:
        view = self.area.current
        text = "" if view is None else str(view.property("status") or "")
        kept = () if view is None else self.context.runner.kept(f"{view.name}.")
        self.status.setText(" · ".join(part for part in (text, KEPT if kept else "") if part))
        since = dict.fromkeys(f"{what}: kept answer of {when}" for what, when in kept)
        self.status.setToolTip("\n".join((KEPT_TIP, *since)) if kept else "")


def needs_key(widget: QWidget | None, key: Qt.Key) -> bool:
    """True when `widget` cannot be used without this key (a verb may have the same one)."""
    sideways = key in (Qt.Key.Key_Left, Qt.Key.Key_Right)
    if isinstance(widget, QAbstractButton | QComboBox):
        return key == Qt.Key.Key_Space
    if isinstance(widget, QTreeView):
        if key == Qt.Key.Key_Space:
            return bool(widget.currentIndex().flags() & Qt.ItemFlag.ItemIsUserCheckable)
        return sideways and widget.rootIsDecorated()
    if isinstance(widget, QAbstractItemView):
        index = widget.currentIndex()
        checkable = index.isValid() and bool(index.flags() & Qt.ItemFlag.ItemIsUserCheckable)
        return key == Qt.Key.Key_Space and checkable
    return sideways and isinstance(widget, QTabBar | QAbstractSlider)
