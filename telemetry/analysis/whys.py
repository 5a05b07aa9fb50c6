"""Gates, near misses and funnels as rows, and in a sentence what stood in the way."""

from __future__ import annotations

from telemetry.concepts import Cell, Column, Funnel, NearMisses, Why
from telemetry.text import MONEY, cell_text

Row = tuple[Cell, ...]

GATES = (
    Column("case", "case", "text"),
    Column("gate", "gate", "text"),
    Column("verdict", "verdict", "text"),
    Column("margin", "margin", "real", help="By how much it held, or (negative) was missed."),
    Column("unit", "unit", "text"),
    Column("why", "why", "text"),
    Column("tries", "tries", "int"),
    Column("key", "closest try", "text", role="key"),
)
MISSES = (
    Column("tick", "tick", "int", role="tick"),
    Column("buyer", "buyer", "text", role="buyer"),
    Column("seller", "seller", "text", role="seller"),
    Column("pair", "pair", "text", role="pair"),
    Column("gate", "gate", "text"),
    Column("margin", "margin", "real", help="By how much it was missed."),
    Column("unit", "unit", "text"),
    Column("tries", "tries", "int"),
    Column("why", "closest try", "text"),
    Column("key", "row", "text", role="key"),
)


def verdict(found: Why) -> str:
    """What happened, else the first gate that failed in the case that came closest."""
    best = found.cases[0] if found.cases else None
    failed = None if best is None else best.failed
    if found.happened and failed is None:
        return f"{found.about}: it happened."
    if best is None:
        return f"{found.about}: nothing can be judged."
    if failed is None:
        unjudged = [gate.label.lower() for gate in best.gates if gate.state == "not judged"]
        told = f"not judged: {', '.join(unjudged)}" if unjudged else "none is missing"
        return f"{found.about}: {best.label}: no gate is known to have failed ({told})."
    margin = "" if failed.margin is None else f" by {margin_text(failed.margin, failed.unit)}"
    label = failed.label[0].lower() + failed.label[1:]
    how = "happened, but failed" if found.happened else "failed"
    return f"{found.about}: {best.label} {how} at “{label}”{margin}. {failed.sentence}"


def margin_text(margin: float, unit: str) -> str:
    """A margin with its sign and unit: −0.25 utility."""
    sign = "−" if margin < 0 else "+" if margin > 0 else "±"
    size = f"{abs(margin):.2f}" if unit == MONEY else cell_text(abs(margin))
    return f"{sign}{size} {unit}".strip()


def gate_rows(found: Why) -> tuple[Row, ...]:
    """A row for each gate of each case, under `GATES`."""
    return tuple(
        (
            case.label, gate.label, gate.state, gate.margin, gate.unit or None, gate.sentence,
            case.tries, None if case.key is None else str(case.key),
        )
        for case in found.cases
        for gate in case.gates
    )  # fmt: skip


def miss_rows(found: NearMisses) -> tuple[Row, ...]:
    """A row for each near miss, under `MISSES`."""
    return tuple(
        (
            m.tick, str(m.agents[0]), str(m.agents[1]), m.kind, m.gate, m.margin, m.unit, m.tries,
            m.sentence, None if m.key is None else str(m.key),
        )
        for m in found.misses
    )  # fmt: skip


def funnel_columns(found: Funnel) -> tuple[Column, ...]:
    """What splits the funnel, all that was tried, and a column for each gate."""
    return (
        *(Column(name, name, "text", facet=True) for name in found.by),
        Column("all", found.of, "int"),
        *(Column(name, label, "int") for name, label in found.gates),
    )


def funnel_rows(found: Funnel) -> tuple[Row, ...]:
    """A row for each group, the largest first."""
    return tuple(
        (*group, found.tries(group), *(counts.get(name, 0) for name, _ in found.gates))
        for group, counts in found.counts.items()
    )
