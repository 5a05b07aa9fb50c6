"""An audit in words and rows: how it came out, its rules, and the faults that it found."""

from __future__ import annotations

from telemetry.concepts import Audit, Cell, Column

Row = tuple[Cell, ...]

RULES = (
    Column("verdict", "verdict", "text"),
    Column("label", "rule", "text"),
    Column("checked", "checked", "int", help="Rows that were held against the rule."),
    Column("faults", "faults", "int"),
    Column("why", "formula, or reason", "text"),
    Column("rule", "name", "text", help="What --rule and --without call it."),
)
FAULTS = (
    Column("rule", "rule", "text"),
    Column("tick", "tick", "int", role="tick"),
    Column("agents", "agents", "text"),
    Column("sentence", "fault", "text"),
)


def headline(found: Audit) -> str:
    """How an audit came out, in a few words."""
    rules = f"{found.judged} of {len(found.verdicts)} rules judged"
    if not found.judged:
        return f"nothing could be judged ({rules})"
    if not found.faults:
        return f"no fault ({rules})"
    broken = sum(verdict.faults > 0 for verdict in found.verdicts)
    count = f"{found.faults} fault{'' if found.faults == 1 else 's'}"
    return f"{count} in {broken} rule{'' if broken == 1 else 's'} ({rules})"


def mark(found: Audit) -> str:
    """The verdict as a list of runs shows it: "sound", "3 faults" or "not judged"."""
    if found.faults:
        return f"{found.faults} fault{'' if found.faults == 1 else 's'}"
    return "sound" if found.sound else "not judged"


def rule_rows(found: Audit) -> tuple[Row, ...]:
    """A row for each rule, in its order, under `RULES`; one that is not judged has no counts."""
    return tuple(
        (
            v.state,
            v.rule.label,
            *((None, None) if v.unjudged else (v.checked, v.faults)),
            v.unjudged or v.rule.formula,
            v.rule.name,
        )
        for v in found.verdicts
    )


def fault_rows(found: Audit, rule: str | None = None) -> tuple[Row, ...]:
    """A row for each fault that is known, of one rule or of all, under `FAULTS`."""
    return tuple(
        (v.rule.name, f.tick, ", ".join(str(agent) for agent in f.agents) or None, f.sentence)
        for v in found.verdicts
        if rule in (None, v.rule.name)
        for f in v.first
    )
