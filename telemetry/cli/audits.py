"""`audit`: which invariants a recording breaks, and where."""

from __future__ import annotations

from collections.abc import Sequence

import click

from telemetry.analysis.audits import FAULTS, RULES, fault_rows, headline, rule_rows
from telemetry.cli.asking import find_run, opened
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import common
from telemetry.cli.output import Output, Section
from telemetry.cli.progress import reported
from telemetry.concepts import Audit, Cell, Column, RuleVerdict
from telemetry.errors import NothingFoundError, RequestError
from telemetry.queries import AuditQuery, RunsQuery
from telemetry.source import Source

_RULES = (
    Column("rule", "rule", "text"),
    Column("label", "says", "text"),
    Column("formula", "formula", "text"),
    Column("tolerance", "tolerance", "text"),
)
_VERDICTS = (
    Column("verdict", "verdict", "text"),
    Column("rule", "rule", "text"),
    Column("checked", "checked", "int"),
    Column("faults", "faults", "int"),
    Column("why", "why", "text"),
)
_FAULTS = (
    Column("run_id", "run", "text"),
    Column("rule", "rule", "text"),
    Column("verdict", "verdict", "text"),
    Column("checked", "checked", "int"),
    Column("faults", "faults", "int"),
    Column("tick", "tick", "int"),
    Column("agents", "agents", "text"),
    Column("table", "table", "text"),
    Column("key", "key", "text"),
    Column("sentence", "fault", "text"),
)


@click.command()
@click.argument("source")
@click.argument("run", required=False)
@click.option("--rule", "rules", multiple=True, metavar="NAME", help="Only this rule (repeatable).")
@click.option("--without", multiple=True, metavar="NAME", help="Not this rule (repeatable).")
@click.option(
    "--first", type=click.IntRange(min=1), default=5, metavar="N",
    help="Show the first N faults of each rule (5 unless told); all are counted.",
)  # fmt: skip
@click.option(
    "--only", type=click.Choice(("rules", "faults")),
    help="A row for each rule, or for each fault shown, of one run.",
)  # fmt: skip
@click.option("--list", "listed", is_flag=True, help="The rules with their formulas; no audit.")
@common
def audit(
    source: str,
    run: str | None,
    *,
    rules: tuple[str, ...],
    without: tuple[str, ...],
    first: int,
    only: str | None,
    listed: bool,
) -> int:
    """Hold a RUN (every run, unless one is named) against the invariants of its family.

    Exit code 1 where a rule is broken. A rule that cannot be judged says what is not recorded.
    CSV has a row for each fault shown, and one for each rule that found none.

    \b
    Examples:
      telemetry audit money.db 2
      telemetry audit money.db --without run-row-agrees --format csv
      telemetry audit money.db --list
    """
    output = Output()
    with opened(source, output) as asked:
        chosen = _chosen(asked, rules, without)
        if listed:
            known = [r for r in asked.audit_rules if r.name in chosen]
            output.rows(_RULES, [(r.name, r.label, r.formula, r.tolerance) for r in known])
            return 0
        if run is not None:
            run_ids = [find_run(asked, run, output)]
        else:
            run_ids = [r.run_id for r in asked.ask(RunsQuery(), current_token()).runs]
        with reported("Auditing") as token:
            audits = [asked.ask(AuditQuery(r, chosen, first), token) for r in run_ids]
        if token.kept:
            output.note(f"Kept since {token.kept}; the source has not changed.")
    if not audits:
        raise NothingFoundError(f"{source} has no runs to audit.")
    if only is not None and len(audits) > 1:
        raise RequestError(f"--only {only} is about one run; name one of these {len(audits)}.")
    if only is not None:
        rows = {"rules": (RULES, rule_rows), "faults": (FAULTS, fault_rows)}[only]
        output.rows(rows[0], rows[1](audits[0]))
    else:
        _print(output, audits)
    return 0 if all(found.faults == 0 for found in audits) and any(a.judged for a in audits) else 1


def _chosen(source: Source, rules: Sequence[str], without: Sequence[str]) -> tuple[str, ...]:
    known = [rule.name for rule in source.audit_rules]
    if not known:
        label = source.identity.family_label
        raise NothingFoundError(f"{label} sources {AuditQuery.LACKING}.")
    wrong = next((name for name in (*rules, *without) if name not in known), None)
    if wrong is not None:
        raise RequestError(f"There is no rule {wrong!r}; the rules are {', '.join(known)}.")
    chosen = tuple(n for n in known if (not rules or n in rules) and n not in without)
    if not chosen:
        raise RequestError("No rule is left to judge by; name one, or leave fewer out.")
    return chosen


def _print(output: Output, audits: Sequence[Audit]) -> None:
    if output.format == "json":
        output.objects(_OBJECT, [_object(found) for found in audits])
    elif output.for_people:
        output.sections([section for found in audits for section in _sections(found)])
    else:
        output.rows(_FAULTS, [row for found in audits for row in _rows(found)])


_OBJECT = tuple(
    Column(name, name, "text") for name in ("run_id", "sound", "judged", "faults", "rules")
)


def _object(found: Audit) -> tuple[object, ...]:
    rules = [
        {
            "rule": v.rule.name,
            "label": v.rule.label,
            "formula": v.rule.formula,
            "tolerance": v.rule.tolerance,
            "verdict": v.state,
            "unjudged": v.unjudged or None,
            "checked": _counts(v, None)[0],
            "faults": _counts(v, None)[1],
            "first": [
                {
                    "tick": f.tick,
                    "agents": list(f.agents),
                    "table": f.table,
                    "key": f.key,
                    "sentence": f.sentence,
                }
                for f in v.first
            ],
        }
        for v in found.verdicts
    ]
    return (found.run_id, found.sound, found.judged, found.faults, rules)


def _sections(found: Audit) -> list[Section]:
    title = f"Run {found.run_id}: {headline(found)}"
    rows = [
        (_MARKS[v.state], v.rule.name, *_counts(v, ""), v.unjudged or v.rule.label)
        for v in found.verdicts
    ]
    sections: list[Section] = [(title, _VERDICTS, rows)]
    for verdict in found.verdicts:
        if verdict.first:
            more = verdict.faults - len(verdict.first)
            lines = [(fault.sentence,) for fault in verdict.first]
            lines += [(f"… and {more} more.",)] if more > 0 else []
            sections.append((f"{verdict.rule.name}: {verdict.rule.label}", (), lines))
    return sections


_MARKS = {"sound": "sound", "faults": "FAULTS", "not judged": "—"}


def _counts(verdict: RuleVerdict, none: Cell) -> tuple[Cell, Cell]:
    """Rows checked and faults; a rule that was not judged has neither, which is no zero."""
    return (none, none) if verdict.unjudged else (verdict.checked, verdict.faults)


def _rows(found: Audit) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for v in found.verdicts:
        head = (found.run_id, v.rule.name, v.state, *_counts(v, None))
        for fault in v.first:
            agents = ", ".join(str(agent) for agent in fault.agents) or None
            key = None if fault.key is None else str(fault.key)
            rows.append((*head, fault.tick, agents, fault.table, key, fault.sentence))
        if not v.first:
            rows.append((*head, None, None, None, None, v.unjudged or None))
    return rows
