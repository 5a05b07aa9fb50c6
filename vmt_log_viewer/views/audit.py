"""Audit: the run held against its family's invariants, each fault one click away."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from telemetry.analysis.audits import FAULTS, RULES, fault_rows, headline, rule_rows
from telemetry.concepts import Audit, Column, Fault, RuleVerdict, RunId
from telemetry.errors import TelemetryError
from telemetry.export import Worked, recipes
from telemetry.queries import AuditQuery
from vmt_log_viewer.plots.picture import widget_png
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.state.items import AgentItem, RowItem
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.views.view import Context, ExportRequest, Frame, View
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.fault_lanes import FaultLanes
from vmt_log_viewer.widgets.plain import caption, heading, tool_button
from vmt_log_viewer.widgets.plain_table import PlainTable
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from telemetry.source import Source

FIRST = 500  # faults of each rule that are read; all are counted
SMALL = 32_000_000  # bytes of a source that is audited without being asked to
_WHERE = Column("where", "where in the run", "text", help="The faults that are listed, by tick.")
_SHOWN = ("verdict", "label", "checked", "faults", "where", "why")
_LANE = 120  # pixels
_MOODS = {"sound": "good", "faults": "bad", "not judged": "muted"}


class AuditView(View):
    """Audits by itself only what is small: `ask` reads the whole run."""

    name = "audit"
    title = "Audit"
    icon = "shield-check"

    @classmethod
    def unsuitable(cls, source: Source) -> str | None:
        if source.audit_rules:
            return None
        return f"{source.identity.family_label} sources of this kind {AuditQuery.LACKING}."

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self._waiting = False
        self.audit: Audit | None = None
        self._chosen: RuleVerdict | None = None
        self._wanted: str | None = None  # the rule to choose once the audit is here
        self._lay_out()
        self._empty.triggered.connect(self.ask)
        self._again.clicked.connect(self.ask)
        self.rules.row_chosen.connect(self._choose_rule)
        self.faults.row_chosen.connect(self._choose_fault)
        context.runner.busy_changed.connect(self._look)

    # View

    def show_run(self, source: Source, run_id: RunId) -> None:
        self._source, self._run_id = source, run_id
        self.context.runner.cancel(f"{self.name}.audit")
        known = self.context.document.audit_of(source, run_id)
        if known is not None:
            self._show(known)
            return
        self.audit = None
        size = source.identity.size_bytes
        self._waiting = size is not None and size <= SMALL
        rules = len(source.audit_rules)
        self._say(
            f"This run has not been held against the {rules} rules of its family yet; "
            "that reads all of its rows.",
            "Audit this run",
        )
        if self.isVisible():
            self._catch_up()

    def clear(self) -> None:
        self._source = self._run_id = self.audit = None
        self._waiting = False
        self._say("")

    def refresh(self) -> None:
        if self.audit is not None:
            self.ask()

    def grow(self, ticks: object) -> None:
        """A run that grows is not audited anew by itself: that reads all of it."""

    def export_request(self) -> ExportRequest | None:
        if self.audit is None:
            return None
        frames = (
            Frame("rules", RULES, rule_rows(self.audit), self._recipe("rules")),
            Frame("faults", FAULTS, fault_rows(self.audit), self._recipe("faults")),
        )
        pictures = {"png": lambda path: widget_png(path, self._body)}
        return ExportRequest(f"run-{self._run_id}-audit", (), pictures, frames)

    def state(self) -> dict[str, JSON]:
        return {
            "audited": self.audit is not None,
            "rule": None if self._chosen is None else self._chosen.rule.name,
        }

    def restore(self, choices: Choices) -> None:
        """A run that was audited is audited again, and the rule chosen once that is done."""
        rules = () if self._source is None else self._source.audit_rules
        self._wanted = choices.text("rule", "", [rule.name for rule in rules]) or None
        audited = choices.flag("audited")
        if self.audit is not None:
            self._show(self.audit)
        elif audited:
            self.ask()

    def settled(self) -> bool:
        return not (self._waiting and self.isVisible()) and super().settled()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._catch_up()

    # Inside

    def _recipe(self, what: str) -> Callable[[], Worked] | None:
        """What gives the rules, or the faults, of the audit shown again."""
        source, run_id = self._source, self._run_id
        if source is None or run_id is None:
            return None
        return lambda: recipes.audit((source, run_id), what, FIRST)

    def ask(self) -> None:
        """Audit the run in the background."""
        self._waiting = False
        if self._source is None or self._run_id is None:
            return
        if self.audit is None:
            self._say("Auditing … Every rule reads the rows that it is about.")
        query = AuditQuery(self._run_id, first=FIRST)
        source = self._source
        self.context.runner.submit(
            f"{self.name}.audit", source, query,
            lambda found: self._keep(source, found), self._failed, self, "auditing the run",
        )  # fmt: skip

    def _keep(self, source: Source, found: Audit) -> None:
        self.context.document.keep_audit(source, found)
        self._show(found)

    def _catch_up(self) -> None:
        if self._waiting:
            self.ask()

    def _look(self) -> None:
        """The audit may have been cancelled from elsewhere (Esc)."""
        asked = self._stack.currentWidget() is self._empty and self._empty.text.startswith("Audit")
        if asked and not self._waiting and not self.context.runner.pending(f"{self.name}.audit"):
            self._say("The audit was cancelled; nothing is known.", "Audit this run")

    def _failed(self, error: TelemetryError) -> None:
        self._say(str(error), "Try again")

    def _say(self, sentence: str, button: str = "") -> None:
        self._empty.say(sentence, button)
        self._stack.setCurrentWidget(self._empty)
        self.status_changed.emit("")
        self.export_changed.emit()

    def _show(self, found: Audit) -> None:
        self.audit = found
        self._title.setText(f"Audit: {headline(found)}")
        by_name = {column.name: place for place, column in enumerate(RULES)}
        columns = [_WHERE if n == "where" else RULES[by_name[n]] for n in _SHOWN]
        rows = [
            tuple(
                "" if n == "where" or row[by_name[n]] is None else row[by_name[n]] for n in _SHOWN
            )
            for row in rule_rows(found)
        ]
        moods = {(i, 0): _MOODS[v.state] for i, v in enumerate(found.verdicts)}
        run = self.context.document.run
        self._lanes.show(None if run is None else run.ticks, [_lane(v) for v in found.verdicts])
        self.rules.rows.show(columns, rows, moods)
        self.rules.setColumnWidth(_SHOWN.index("where"), _LANE)
        self.rules.setColumnWidth(_SHOWN.index("why"), _LANE)  # the last one takes what is left
        names = [verdict.rule.name for verdict in found.verdicts]
        worst = max(range(len(rows)), key=lambda i: found.verdicts[i].faults > 0, default=0)
        first = names.index(self._wanted) if self._wanted in names else worst
        self._wanted = None
        self.rules.choose(first)
        self._choose_rule(first)
        self._stack.setCurrentWidget(self._body)
        self.status_changed.emit(headline(found))
        self.export_changed.emit()

    def _choose_rule(self, row: int) -> None:
        if self.audit is None or not 0 <= row < len(self.audit.verdicts):
            return
        verdict = self._chosen = self.audit.verdicts[row]
        rule = verdict.rule
        self._rule.setText(f"{rule.label}: {rule.formula}. Tolerance: {rule.tolerance}.")
        listed = len(verdict.first)
        more = "" if listed == verdict.faults else f", the first {count_text(listed)} are listed"
        if verdict.unjudged:
            said = f"Not judged: {verdict.unjudged}."
        elif verdict.faults:
            said = f"{count_text(verdict.faults)} of {count_text(verdict.checked)} checked{more}."
        else:
            said = f"No fault among {count_text(verdict.checked)} checked."
        self._about.setText(said)
        self.faults.setVisible(bool(listed))
        self.faults.rows.show(FAULTS[1:], [r[1:] for r in fault_rows(self.audit, rule.name)])

    def _choose_fault(self, row: int) -> None:
        """Go to the fault's tick, choose its agents, and show its row in the inspector."""
        if self._chosen is None or not 0 <= row < len(self._chosen.first):
            return
        fault = self._chosen.first[row]
        document = self.context.document
        if fault.tick is not None:
            document.cursor.move_to(fault.tick)
        if fault.agents:
            document.selection.set_agents(fault.agents)
        item = _item(fault)
        if item is not None:
            document.selection.select(item)

    def _lay_out(self) -> None:
        theme = self.context.theme
        self.rules, self.faults = PlainTable(theme), PlainTable(theme)
        self._lanes = FaultLanes(theme, self)
        self.rules.setItemDelegateForColumn(_SHOWN.index("where"), self._lanes)
        self._title = heading(theme, "Audit")
        self._again = tool_button("Audit again", "arrow-clockwise", "Read the run and judge anew")
        self._rule, self._about = caption(theme, elided=False), caption(theme)
        self._rule.setWordWrap(True)
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self._again)
        lower = QWidget()
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, INSIDE, 0, 0)
        below.setSpacing(GRID)
        for widget in (self._rule, self._about):
            below.addWidget(widget)
        below.addWidget(self.faults, 1)
        below.addStretch(0)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.rules)
        parts.addWidget(lower)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        parts.setChildrenCollapsible(False)
        self._body = QWidget()
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        body.addLayout(top)
        body.addWidget(parts, 1)
        self._empty, self._stack = EmptyState(), QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        layout.addWidget(self._stack)


def _lane(verdict: RuleVerdict) -> tuple[int, ...] | None:
    if verdict.unjudged:
        return None
    return tuple(fault.tick for fault in verdict.first if fault.tick is not None)


def _item(fault: Fault) -> RowItem | AgentItem | None:
    if fault.table is not None and fault.key is not None:
        return RowItem(fault.table, fault.key, fault.tick)
    return AgentItem(fault.agents[0]) if fault.agents else None
