"""Every verb of the program once; menus, palette and key help are made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from telemetry.frozen import Frozen
from vmt_log_viewer.icons import icon


class Verb(Frozen):
    """Something that can be done. `needs` names the facts that must hold for it to be enabled.

    `menu` is where it is found; the palette and the key help list all of them anyway.
    """

    id: str
    text: str
    menu: str
    keys: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    icon: str = ""
    checkable: bool = False
    separator: bool = False


def _verb(
    id_: str,
    text: str,
    menu: str,
    keys: str = "",
    needs: str = "",
    icon: str = "",
    checkable: bool = False,
    separator: bool = False,
) -> Verb:
    found = frozenset(needs.split())
    return Verb(id_, text, menu, tuple(keys.split()), found, icon, checkable, separator)


MOST_VIEWS = 24
"""Views that the menu has room for; the first nine have a key."""
WHY = {
    "source": "no source is open",
    "run": "no run is shown",
    "ticks": "no run with ticks is shown",
    "trades": "no trades are recorded here",
    "attempts": "no attempts are recorded here",
    "scale": "quantities of this source have no scale",
    "roles": "this source is of a known family",
    "undo": "nothing was changed since the run is shown",
    "redo": "nothing was taken back",
    "brush": "all ticks are shown",
    "agents": "no agents are chosen",
    "marks": "no tick is marked",
    "export": "this view has nothing to write",
    "view": "no view is shown",
    "statement": "this view shows no rows that another tool could be asked for",
    "busy": "nothing is being read",
    "table": "this view shows no table",
    "ringing": "no filter rings",
    "split": "the views are not split",
}
"""What is the matter where a need of a verb is not met."""
MENUS = ("File", "Edit", "Go", "View", "Help")
# fmt: off
VERBS: tuple[Verb, ...] = (
    _verb("open_file", "Open file…", "File", "Ctrl+O", icon="file"),
    _verb("open_folder", "Open folder…", "File", "Ctrl+Shift+O", icon="folder-open"),
    _verb("open_url", "Open URL…", "File", "Ctrl+U", icon="link"),
    _verb("open_view", "Open a saved view…", "File", "Ctrl+Shift+S", icon="bookmark-simple"),
    _verb("close_source", "Close source", "File", "Ctrl+W", "source", "x", separator=True),
    _verb("set_scale", "Set the scale of quantities…", "File", "", "scale", "ruler"),
    _verb("roles", "Roles of this database…", "File", "", "roles", "tag"),
    _verb("save_view", "Save this view…", "File", "Ctrl+S", "view", "floppy-disk", separator=True),
    _verb("export", "Export what I see…", "File", "Ctrl+E", "export", "export"),
    _verb(
        "export_run", "Export the whole run…", "File", "Ctrl+Shift+E", "run", "folder-simple-plus"
    ),
    _verb("report", "HTML report…", "File", "Ctrl+R", "run", "article"),
    _verb("reopen", "Begin with what was open last", "File", "", icon="clock-counter-clockwise",
          checkable=True),
    _verb("quit", "Quit", "File", "Ctrl+Q", icon="sign-out", separator=True),
    _verb("undo", "Undo view change", "Edit", "Ctrl+Z", "undo", "arrow-u-up-left"),
    _verb("redo", "Redo view change", "Edit", "Ctrl+Shift+Z", "redo", "arrow-u-up-right"),
    _verb("copy_sql", "Copy as SQL", "Edit", "", "statement", "database", separator=True),
    _verb("copy_pandas", "Copy as pandas", "Edit", "", "statement", "code"),
    _verb("copy_polars", "Copy as polars", "Edit", "", "statement", "code"),
    _verb("filter", "Filter", "Edit", "Ctrl+F /", "source", "funnel", separator=True),
    _verb("filter_library", "Filter the library", "Edit", "Ctrl+L", icon="funnel-simple"),
    _verb("saved_filters", "Saved filters…", "Edit", "Ctrl+Shift+F", "table", "bookmark-simple"),
    _verb("clear_brush", "Show all ticks", "Edit", "Ctrl+Shift+A", "brush",
          "arrows-out-line-horizontal"),
    _verb("clear_agents", "Choose no agents", "Edit", "Ctrl+Shift+N", "agents", "users"),
    _verb("star", "Star the run", "Edit", "Ctrl+D", "run", "star", separator=True),
    _verb("next_tick", "Next recorded tick", "Go", "Right", "ticks", "caret-right"),
    _verb("previous_tick", "Previous recorded tick", "Go", "Left", "ticks", "caret-left"),
    _verb("next_ten", "Ten recorded ticks on", "Go", "Shift+Right", "ticks", "caret-double-right"),
    _verb(
        "previous_ten", "Ten recorded ticks back", "Go", "Shift+Left", "ticks", "caret-double-left"
    ),
    _verb("first_tick", "First tick", "Go", "Alt+Home", "ticks", "skip-back"),
    _verb("last_tick", "Last tick", "Go", "Alt+End", "ticks", "skip-forward"),
    _verb("next_trade", "Next trade", "Go", ".", "trades", "arrow-right", separator=True),
    _verb("previous_trade", "Previous trade", "Go", ",", "trades", "arrow-left"),
    _verb("next_failure", "Next failed attempt", "Go", "E", "attempts", "arrow-circle-right"),
    _verb(
        "previous_failure",
        "Previous failed attempt",
        "Go",
        "Shift+E",
        "attempts",
        "arrow-circle-left",
    ),
    _verb("play", "Play", "Go", "Space", "ticks", "play", checkable=True, separator=True),
    _verb("faster", "Play faster", "Go", "]", "ticks", "plus"),
    _verb("slower", "Play slower", "Go", "[", "ticks", "minus"),
    _verb("mark", "Mark this tick", "Go", "M", "ticks", "map-pin", separator=True),
    _verb("next_mark", "Next marked tick", "Go", "Ctrl+M", "marks", "map-pin-line"),
    _verb("previous_mark", "Previous marked tick", "Go", "Ctrl+Shift+M", "marks", "map-pin-line"),
    _verb("marks", "Name and list marked ticks…", "Go", "Shift+M", "ticks", "push-pin"),
    _verb("fit", "Fit, or focus the selection", "View", "F", "run", "corners-out"),
    _verb("refresh", "Refresh", "View", "F5", "source", "arrows-clockwise"),
    _verb("follow", "Follow a growing run", "View", "L", "source", "broadcast", checkable=True),
    _verb("silence", "Stop all ringing filters", "View", "", "ringing", "bell-slash"),
    _verb("ring_sound", "Sound when a filter rings", "View", icon="bell", checkable=True),
    _verb(
        "move_view",
        "Move the view to the other half",
        "View",
        "Ctrl+\\",
        "run",
        "arrows-left-right",
        separator=True,
    ),
    _verb("split_right", "Split: the view to the right", "View", "Ctrl+Alt+Right", "run",
          "columns"),
    _verb("split_below", "Split: the view below", "View", "Ctrl+Alt+Down", "run",
          "rows"),
    _verb("join", "Join the halves", "View", "Ctrl+Alt+Up", "split", "square"),
    _verb("show_library", "Library", "View", "F9", icon="list-dashes", checkable=True,
          separator=True),
    _verb("show_inspector", "Inspector", "View", "F10", icon="info", checkable=True),
    _verb("inspect_run", "Inspect the run", "View", "I", "run", "info"),
    _verb("cancel", "Cancel what is being read", "View", "Ctrl+.", "busy", "x-circle"),
    _verb(
        "theme_system",
        "Theme of the system",
        "View",
        icon="circle-half",
        checkable=True,
        separator=True,
    ),
    _verb("theme_light", "Light theme", "View", icon="sun", checkable=True),
    _verb("theme_dark", "Dark theme", "View", icon="moon", checkable=True),
    *(
        _verb(f"view_{n}", f"View {n}", "View", f"Ctrl+{n}" if n < 10 else "", f"view_{n}",
              separator=n == 1)
        for n in range(1, MOST_VIEWS + 1)
    ),
    _verb("palette", "Command palette", "Help", "Ctrl+Shift+P", icon="command"),
    _verb("keys", "All keys", "Help", "?", icon="keyboard"),
    _verb("about", "About VMT Log Viewer", "Help", icon="question", separator=True),
)
# fmt: on


class Actions(QObject):
    """The verbs as QActions. A verb does nothing until somebody binds it with `bind`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._verbs = {verb.id: verb for verb in VERBS}
        self._actions = {verb.id: self._make(verb) for verb in VERBS}
        self._facts: frozenset[str] = frozenset()
        self._bound: set[str] = set()
        self._enable(VERBS)

    def __getitem__(self, verb_id: str) -> QAction:
        return self._actions[verb_id]

    def __iter__(self) -> Iterator[tuple[Verb, QAction]]:
        return ((verb, self._actions[verb.id]) for verb in VERBS)

    @property
    def unbound(self) -> set[str]:
        """Verbs that would do nothing."""
        return set(self._actions) - self._bound

    def bind(self, verb_id: str, slot: Callable[[], object]) -> None:
        """Make the verb do something; `slot` is called without arguments."""
        self._actions[verb_id].triggered.connect(lambda checked=False: slot())
        self._bound.add(verb_id)

    @property
    def facts(self) -> frozenset[str]:
        """What was said to hold last."""
        return self._facts

    def set_facts(self, facts: frozenset[str]) -> None:
        """Enable exactly the verbs whose needs are all among `facts`."""
        changed = facts ^ self._facts
        if changed:
            self._facts = facts
            self._enable([verb for verb in VERBS if not changed.isdisjoint(verb.needs)])

    def _enable(self, verbs: Iterable[Verb]) -> None:
        facts = self._facts
        for verb in verbs:
            action, enabled = self._actions[verb.id], verb.needs <= facts
            if enabled != action.isEnabled():
                action.setEnabled(enabled)
                tip = _tip(verb.text, action)
                action.setToolTip(tip if enabled else f"{tip}: {self.why_not(verb.id)}")

    def why_not(self, verb_id: str) -> str:
        """What is the matter where the verb cannot be done now; "" where it can."""
        lacking = sorted(self._verbs[verb_id].needs - self._facts)
        return ", ".join(WHY.get(need, "it does not suit what is shown") for need in lacking)

    def _make(self, verb: Verb) -> QAction:
        action = QAction(verb.text, self)
        action.setObjectName(verb.id)
        action.setShortcuts([QKeySequence(key) for key in verb.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setCheckable(verb.checkable)
        if verb.icon:
            action.setIcon(icon(verb.icon))
        action.setToolTip(_tip(verb.text, action))
        return action


def key_text(action: QAction) -> str:
    """The keys of an action as this system writes them."""
    form = QKeySequence.SequenceFormat.NativeText
    return "  ".join(keys.toString(form) for keys in action.shortcuts())


def _tip(text: str, action: QAction) -> str:
    keys = key_text(action)
    return f"{text} ({keys})" if keys else text
