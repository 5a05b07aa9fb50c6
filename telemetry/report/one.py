"""The report of one run: what it is, how it went over ticks, why things failed, and the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from xml.etree import ElementTree as Tree

from telemetry.analysis.audits import FAULTS, RULES, fault_rows, headline, rule_rows
from telemetry.analysis.chosen import Chosen
from telemetry.analysis.comparison import summarised
from telemetry.analysis.whys import funnel_columns, funnel_rows
from telemetry.cancel import CancelToken
from telemetry.concepts import Agent, Cell, Column, Line, Measure, RunDetail
from telemetry.errors import NothingFoundError, QueryCancelled, TelemetryError
from telemetry.queries import (
    AgentsQuery,
    AuditQuery,
    ContradictionsQuery,
    FacetQuery,
    FanQuery,
    FunnelQuery,
    RunQuery,
    RunSizesQuery,
    SeriesQuery,
    SummaryQuery,
    TimelineQuery,
)
from telemetry.report.charts import fan_chart, figure, lanes_chart
from telemetry.report.page import Child, element, facts, said, section, table
from telemetry.text import nothing_of

FEW = 12
"""Up to so many agents are drawn as a line each; more as bands."""
MEASURES = 8
TICKS = 500
"""Ticks that bands stand on at most: one a pixel; the note says so."""
FIRST = 5
_SIZES = (Column("table", "table", "text"), Column("rows", "rows", "int"))
_REASONS = (Column("value", "reason", "text"), Column("count", "failed", "int"))
Part = Callable[[Chosen, RunDetail, CancelToken], Iterator[Tree.Element]]


def run_parts(
    chosen: Chosen, token: CancelToken, *, audit: bool = True
) -> Iterator[tuple[str, list[Tree.Element]]]:
    """The sections of a run with what each is about; one that fails says why in its place."""
    detail = chosen.source.ask(RunQuery(chosen.run_id), token)
    parts: list[tuple[str, Part]] = [
        ("what it is", _about),
        ("states", _states),
        ("trades", _summaries),
        ("why things failed", _failures),
        ("measures", _measures),
    ]
    if audit:
        parts.append(("audit", _audit))
    for name, make in parts:
        token.check()
        try:
            yield name, list(make(chosen, detail, token))
        except QueryCancelled:
            raise
        except TelemetryError as error:
            yield name, [section(name.capitalize(), said(str(error), "warning"))]


def _about(chosen: Chosen, detail: RunDetail, token: CancelToken) -> Iterator[Tree.Element]:
    detail = detail.completed(chosen.source.ask(ContradictionsQuery(chosen.run_id), token))
    lines = [said(text, "warning") for text in detail.warnings]
    lines += [said(text, "quiet") for text in detail.notes]
    yield element(
        "div", section("The run", facts(detail.facts), *lines), _sizes(chosen, token), class_="two"
    )


def _sizes(chosen: Chosen, token: CancelToken) -> Tree.Element:
    counts = chosen.source.ask(RunSizesQuery((chosen.run_id,)), token).counts
    labels = {t.name: t.label for t in chosen.source.tables}
    rows: list[tuple[Cell, ...]] = [
        (labels.get(name, name), count) for name, count in counts.get(chosen.run_id, {}).items()
    ]
    missing = [t.label for t in chosen.source.tables if not t.recorded]
    lacking = said(f"Not recorded in this source: {', '.join(missing)}.", "quiet")
    return section("Rows recorded", table(_SIZES, rows), lacking if missing else None)


def _states(chosen: Chosen, detail: RunDetail, token: CancelToken) -> Iterator[Tree.Element]:
    timeline = chosen.source.ask(TimelineQuery(chosen.run_id), token)
    ticks = timeline.ticks or detail.run.ticks
    if ticks is not None and any(lane.first.size for lane in timeline.lanes):
        notes = (said(note, "quiet") for note in timeline.notes)
        yield section("States over ticks", lanes_chart(timeline, ticks), *notes)


def _summaries(chosen: Chosen, detail: RunDetail, token: CancelToken) -> Iterator[Tree.Element]:
    """What the tables amount to by their own groups: trades by pair, payments by outcome."""
    for found in summarised(chosen):
        summary = chosen.source.ask(SummaryQuery(chosen.run_id, found.name), token)
        told = [
            i for i in range(len(summary.columns))
            if i == 0 or any(row[i] is not None for row in (*summary.groups, summary.total))
        ]  # fmt: skip
        if not summary.groups:
            yield section(found.label, said(nothing_of(found), "quiet"))
            continue
        rows = [*summary.groups, ("all", *summary.total[1:])]
        kept = [tuple(row[i] for i in told) for row in rows]
        group = summary.columns[0].label.lower()
        yield section(
            found.label, table([summary.columns[i] for i in told], kept), note=f"by {group}"
        )


def _failures(chosen: Chosen, detail: RunDetail, token: CancelToken) -> Iterator[Tree.Element]:
    """At which gate attempts failed, or for which reasons where a family has no gates."""
    source, run_id = chosen.source, chosen.run_id
    if source.can_answer(FunnelQuery):
        with suppress(NothingFoundError):
            funnel = source.ask(FunnelQuery(run_id), token)
            if funnel.counts:
                notes = (said(note, "quiet") for note in funnel.notes)
                rows = table(funnel_columns(funnel), funnel_rows(funnel))
                yield section(
                    "Why things failed", rows, *notes, note=f"{funnel.of} by {funnel.what}"
                )
                return
    attempts = source.table_with_role("attempts")
    reason = None if attempts is None else attempts.with_role("reason")
    if attempts is None or reason is None or not attempts.recorded:
        return
    if any(found.name == attempts.name for found in summarised(chosen)):
        return  # their summary is by reason already
    found = source.ask(FacetQuery(run_id, attempts.name, reason.name, limit=20), token)
    rows_ = [(_word(value), count) for value, count in found.values if value not in (None, "")]
    if rows_:
        note = f"{attempts.label.lower()} by {reason.label.lower()}"
        yield section("Why things failed", table(_REASONS, rows_, bars="count"), note=note)


def _measures(chosen: Chosen, detail: RunDetail, token: CancelToken) -> Iterator[Tree.Element]:
    source, run_id = chosen.source, chosen.run_id
    known = [m for m in source.measures if m.recorded]
    wanted = [m for m in known if m.default] or known
    agents = source.ask(AgentsQuery(run_id), token) if known else ()
    figures: list[Tree.Element] = []
    for measure in wanted[:MEASURES]:
        token.check()
        made = _figure(chosen, measure, agents, token)
        figures += [] if made is None else [made]
    if figures:
        rest = [m.label for m in known if m not in wanted[:MEASURES]]
        others = said(f"Also recorded: {', '.join(rest)}.", "quiet") if rest else None
        whom = "each agent" if len(agents) <= FEW else f"of {len(agents)} agents"
        yield section(
            "Measures over ticks", element("div", *figures, class_="two"), others, note=whom
        )


def _figure(
    chosen: Chosen, measure: Measure, agents: tuple[Agent, ...], token: CancelToken
) -> Tree.Element | None:
    """A measure's chart; None where this run has no value of it."""
    lines: tuple[Line, ...] = ()
    fan = chosen.source.ask(FanQuery(chosen.run_id, measure.name, max_ticks=TICKS), token)
    if not fan.tick.size:
        return None
    notes = list(fan.notes)
    if len(agents) <= FEW:
        series = chosen.source.ask(SeriesQuery(chosen.run_id, measure.name), token)
        lines, notes = series.lines, list(series.notes)
    how = "" if lines else "5–95 % and quartiles as bands, the median as a line."
    labels = {agent.agent_id: agent.label for agent in agents}
    names = [labels.get(line.agent_id) or f"agent {line.agent_id}" for line in lines]
    about = " · ".join(part.rstrip(".") for part in (measure.unit, how, *notes) if part)
    return figure(measure.label, about, fan_chart(fan, lines, names))


def _audit(chosen: Chosen, detail: RunDetail, token: CancelToken) -> Iterator[Tree.Element]:
    if not chosen.source.audit_rules:
        return
    found = chosen.source.ask(AuditQuery(chosen.run_id, first=FIRST), token)
    kind = "bad" if found.faults else "good" if found.judged else "quiet"
    moods = {"sound": "good", "faults": "bad", "not judged": "quiet"}
    rows = rule_rows(found)
    parts: list[Child] = [
        table(RULES[:-1], [row[:-1] for row in rows],
              moods={i: moods[v.state] for i, v in enumerate(found.verdicts)})
    ]  # fmt: skip
    faults = fault_rows(found)
    if faults:
        parts += [element("h3", f"The first {FIRST} faults of each rule"), table(FAULTS, faults)]
    yield section(
        "Audit", said(f"{headline(found)[:1].upper()}{headline(found)[1:]}.", kind),
        *(part for part in parts if not isinstance(part, str)),
    )  # fmt: skip


def _word(value: Cell) -> Cell:
    return value if value is None else str(value)
