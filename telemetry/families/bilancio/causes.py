"""The defaults of a run by what stood in the way of each: the first gate that it failed at."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from telemetry.concepts import Funnel
from telemetry.errors import NothingFoundError
from telemetry.families.asker import Asker
from telemetry.families.auditing import within
from telemetry.families.bilancio.why import why
from telemetry.queries import FunnelQuery, WhyQuery

CAUSES = {
    "dealer": ("no_dealer", "no dealer was there"),
    "traded": ("never_traded", "the debtor never traded"),
    "in time": ("not_sold_in_time", "sold nothing in time"),
    "room": ("dealer_full", "the dealer was full or passed it on"),
    "cash": ("too_little_cash", "cash and trades do not cover it"),
    "": ("not_known", "no gate is known to have failed"),
}
"""By the first gate that failed: what the cause is called, in files and to people."""
_NAMES = ("line", "due_day", "strategy")


def funnel(asker: Asker, query: FunnelQuery) -> Funnel:
    """Every default by the day it was due and the debtor's strategy, and by its cause."""
    table = "obligations"
    if not asker.has(table, "line", "due_day", "is_default"):
        raise NothingFoundError("Obligations are not recorded in this run.")
    line, day, strategy = (asker.column(table, name) for name in _NAMES)
    defaulted = asker.column(table, "is_default").is_(sa.true())
    own = (asker.column(table, "run_id") == query.run_id, defaulted)
    statement = sa.select(line, day, strategy).where(*own, within(day, query.ticks))
    counts: dict[tuple[str, ...], Counter[str]] = {}
    rows = asker.rows(statement.order_by(day, line))
    for done, (key, due, how) in enumerate(rows):
        asker.token.report(done, len(rows), "defaults")
        failed = why(asker, WhyQuery(query.run_id, key=key)).cases[0].failed
        group = (str(due), "not recorded" if how is None else str(how))
        counts.setdefault(group, Counter())[CAUSES["" if failed is None else failed.name][0]] += 1
    met = {cause for count in counts.values() for cause in count}
    causes = tuple(cause for cause in CAUSES.values() if cause[0] in met)
    return Funnel(("due on day", "strategy"), causes, counts, "defaults", what="cause")
