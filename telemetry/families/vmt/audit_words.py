"""What the VMT audit rules share: numbers in sentences, stocks by good, and what is recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.families.auditing import Auditing
from telemetry.text import cell_text

GOODS = ("A", "B", "M")
EPSILON = 1e-9
"""Of the larger number: what rounding of doubles may make."""


def number(value: Any, scale: int = 1) -> str:
    """A stored number as a sentence has it, divided by `scale`; what is none as it is."""
    divided = value / scale if scale != 1 and numeric(value) is not None else value
    return cell_text(divided, digits=10)


def numeric(value: Any) -> Any:
    """A stored number, as it is; None for NULL, text, and what is not finite."""
    real_one = isinstance(value, int | float) and not isinstance(value, bool)
    return value if real_one and math.isfinite(value) else None


def signed(value: Any, scale: int = 1) -> str:
    """With its sign: +3, −2."""
    if numeric(value) is None:
        return number(value)
    text = number(abs(value), scale)
    return f"−{text}" if value < 0 else f"+{text}"


def scale_of(audit: Auditing, good: str) -> int:
    """What stored amounts of a good are divided by."""
    return 1 if good == "M" else audit.asker.scale("goods")


def any_row(audit: Auditing, table: str, condition: sa.ColumnElement[bool]) -> bool:
    """Whether a row of the run meets `condition`."""
    own = audit.asker.column(table, "run_id") == audit.run_id
    return bool(audit.asker.rows(sa.select(sa.literal(1)).where(own, condition).limit(1)))


def has_money(audit: Auditing) -> bool:
    """Whether stocks of money were recorded: a column left at 0 throughout is no zero."""
    if not audit.asker.has("agent_snapshots", "inventory_M"):
        return False
    return any_row(
        audit, "agent_snapshots", audit.asker.column("agent_snapshots", "inventory_M") != 0
    )


def params(audit: Auditing) -> Mapping[str, Any]:
    """config_json.params; empty where there is none."""
    found = audit.config.get("params") if isinstance(audit.config, dict) else None
    return found if isinstance(found, dict) else {}


def real(value: Any) -> float | None:
    """A number of the configuration, None for what is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def forage_rate(audit: Auditing) -> float | None:
    """What an agent can forage in a tick, as goods are stored; None where it is not recorded."""
    rate = real(params(audit).get("forage_rate"))
    return None if rate is None else rate * audit.asker.scale("goods")


def bounds_of_lambda(audit: Auditing) -> tuple[float, float] | None:
    """What λ may be, with what rounding may make; None where it is not configured."""
    bounds = params(audit).get("lambda_bounds")
    bounds = bounds if isinstance(bounds, dict) else {}
    low, high = real(bounds.get("lambda_min")), real(bounds.get("lambda_max"))
    if low is None or high is None:
        return None
    return low * (1 - EPSILON), high * (1 + EPSILON)
