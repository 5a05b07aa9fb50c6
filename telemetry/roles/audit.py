"""What every mapped database can be held against: rules that follow from the roles alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Rule, TickRange
from telemetry.families.auditing import Auditing, AuditRule, Judged, fault_where, within
from telemetry.families.vocabulary import TableSpec
from telemetry.roles.tables import Mapped
from telemetry.roles.words import label_of

Tell = Callable[[Mapping[str, Any]], str]


def rules_of(places: Sequence[Mapped], runs: TableSpec) -> tuple[AuditRule, ...]:
    """The rules that can be judged by the roles that the tables' columns play."""
    found: list[AuditRule] = []
    for place in places:
        if place.run is None or place.name == runs.name:
            continue
        if place.tick is not None:
            found.append(_has_tick(place))
        if place.own.kind == "states" and place.tick is not None:
            found.append(_once(place))
        if place.own.with_role("buyer") and place.own.with_role("seller"):
            found.append(_two_sides(place))
        for role in ("quantity", "price"):
            name = place.own.with_role(role)
            known = None if name is None else place.evidence.column(name)
            plain = known is not None and not known.written
            if name is not None and plain and place.own.kind in ("trades", "attempts"):
                found.append(_not_negative(place, name))
    return tuple(found)


def _rule(place: Mapped, name: str, label: str, formula: str) -> Rule:
    return Rule(f"{place.name}: {name}", f"{label_of(place.name)}: {label}", formula)


def _rows(
    audit: Auditing, place: Mapped, broken: sa.ColumnElement[Any], *told: str
) -> Callable[[TickRange | None], sa.Select[Any]]:
    ask = audit.asker

    def build(window: TickRange | None) -> sa.Select[Any]:
        own = ask.column(place.name, str(place.run)) == audit.run_id
        columns = [fault_where(broken).label("fault")]
        where = [own]
        if place.tick is not None:
            tick = ask.column(place.name, place.tick)
            columns.append(tick.label("tick"))
            where.append(sa.true() if window is None else within(tick, window))
        columns += [ask.column(place.name, name).label(f"t{i}") for i, name in enumerate(told)]
        return sa.select(*columns).where(*where)

    return build


def _has_tick(place: Mapped) -> AuditRule:
    tick = str(place.tick)

    def judge(audit: Auditing) -> Judged:
        lacks = audit.lacking(place.name, tick)
        if lacks:
            return Judged(unjudged=lacks)
        ask = audit.asker
        own = ask.column(place.name, str(place.run)) == audit.run_id
        at = ask.column(place.name, tick)
        wrong = sa.or_(at.is_(None), at != sa.cast(at, sa.BigInteger))
        checked = int(ask.rows(sa.select(sa.func.count()).where(own))[0][0])
        rows = sa.select(sa.literal(1).label("fault"), at.label("tick")).where(own, wrong)
        found = audit.rows(place.name, lambda window: rows, lambda row:
                           f"A row of {label_of(place.name)} says no whole tick.")  # fmt: skip
        return Judged(checked, found.faults, found.first)

    rule = _rule(place, "ticks", "every row has a tick", f"{tick} is a whole number")
    return AuditRule(rule, judge)


def _once(place: Mapped) -> AuditRule:
    """No agent has two rows of one tick."""
    agent = place.own.with_role("agent")
    of = "" if agent is None else " and agent"

    def judge(audit: Auditing) -> Judged:
        lacks = audit.lacking(place.name, str(place.tick))
        if lacks:
            return Judged(unjudged=lacks)
        ask = audit.asker
        own = ask.column(place.name, str(place.run)) == audit.run_id
        tick = ask.column(place.name, str(place.tick))
        by = [tick, *([] if agent is None else [ask.column(place.name, agent)])]

        def build(window: TickRange | None) -> sa.Select[Any]:
            n = sa.func.count()
            fault = sa.case((n > 1, 1), else_=0).label("fault")
            labels = [e.label(name) for e, name in zip(by, ("tick", "agent"), strict=False)]
            return (
                sa.select(fault, *labels, n.label("n"))
                .where(own, within(tick, window))
                .group_by(*by)
            )

        def tell(row: Mapping[str, Any]) -> str:
            who = "" if agent is None else f" of {row['agent']}"
            return f"{label_of(place.name)} has {row['n']} rows{who} at tick {row['tick']}."

        return audit.rows(place.name, build, tell)

    rule = _rule(place, "once", f"one row a tick{of}", f"no two rows of one tick{of}")
    return AuditRule(rule, judge)


def _two_sides(place: Mapped) -> AuditRule:
    buyer, seller = str(place.own.with_role("buyer")), str(place.own.with_role("seller"))

    def judge(audit: Auditing) -> Judged:
        lacks = audit.lacking(place.name, buyer, seller)
        if lacks:
            return Judged(unjudged=lacks)
        ask = audit.asker
        broken = ask.column(place.name, buyer) == ask.column(place.name, seller)
        return audit.rows(place.name, _rows(audit, place, broken, buyer),
                          lambda row: f"{row['t0']} is both sides of an exchange.")  # fmt: skip

    rule = _rule(place, "sides", "nobody trades with himself", f"{buyer} ≠ {seller}")
    return AuditRule(rule, judge)


def _not_negative(place: Mapped, name: str) -> AuditRule:
    def judge(audit: Auditing) -> Judged:
        lacks = audit.lacking(place.name, name)
        if lacks:
            return Judged(unjudged=lacks)
        broken = audit.asker.column(place.name, name) < 0
        return audit.rows(place.name, _rows(audit, place, broken, name),
                          lambda row: f"{label_of(name)} is {row['t0']}.")  # fmt: skip

    rule = _rule(place, name, f"{label_of(name)} is not negative", f"{name} ≥ 0")
    return AuditRule(rule, judge)
