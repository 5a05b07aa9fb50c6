"""The mean of a few samples, and where it lies with 95 % confidence."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from fractions import Fraction

from telemetry.concepts import Cell, Column

# Student's t at 97.5 % for 1 to 30 degrees of freedom; beyond them the normal value is near.
_T = (
    12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.306, 2.26216, 2.22814,
    2.20099, 2.17881, 2.16037, 2.14479, 2.13145, 2.11991, 2.10982, 2.10092, 2.09302, 2.08596,
    2.07961, 2.07387, 2.06866, 2.0639, 2.05954, 2.05553, 2.05183, 2.04841, 2.04523, 2.04227,
)  # fmt: skip

UNIT = "cents"
COLUMNS = (
    Column("bootstrap_samples", "samples", "int", derived=True),
    Column("bootstrap_mean", "mean", "real", role="mean", unit=UNIT, derived=True),
    Column("bootstrap_low", "95 % from", "real", role="low", unit=UNIT, derived=True),
    Column("bootstrap_high", "95 % to", "real", role="high", unit=UNIT, derived=True),
)


def band(samples: Sequence[Cell]) -> dict[str, Cell]:
    """Mean, and mean ± t·s/√n, of cost samples; the band is None for fewer than two."""
    values = [v for v in samples if isinstance(v, int | float)]
    if not values:
        return {"bootstrap_mean": None, "bootstrap_low": None, "bootstrap_high": None}
    mean = float(sum(Fraction(v) for v in values) / len(values))
    if len(values) < 2:
        return {"bootstrap_mean": mean, "bootstrap_low": None, "bootstrap_high": None}
    t = _T[len(values) - 2] if len(values) - 2 < len(_T) else 1.95996 + 2.5 / len(values)
    half = t * statistics.stdev(values) / math.sqrt(len(values))
    return {
        "bootstrap_mean": mean,
        "bootstrap_low": mean - half,
        "bootstrap_high": mean + half,
    }
