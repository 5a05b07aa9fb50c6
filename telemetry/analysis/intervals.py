"""Student's t intervals of means."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from telemetry.concepts import Floats, Ints

LEVEL = 0.95


def t_value(freedom: Any, level: float = LEVEL) -> Any:
    """How many standard errors lie on either side of a mean, for these degrees of freedom."""
    from scipy.special import stdtrit  # slow to load, and scipy.stats takes 50 MB more

    return stdtrit(freedom, (1 + level) / 2)


def of_columns(rows: Floats, there: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, Ints]:
    """Mean of each column of `rows` where it is `there`, half its interval, and n (float[k] each).

    The mean is NaN where n is 0, the half where n is below 2.
    """
    n = there.sum(axis=0)
    some = np.maximum(n, 1)
    mean = np.where(n > 0, np.where(there, rows, 0.0).sum(axis=0) / some, np.nan)
    apart = np.where(there, rows - mean, 0.0)
    deviation = np.sqrt((apart**2).sum(axis=0) / np.maximum(n - 1, 1))
    half = t_value(np.maximum(n - 1, 1)) * deviation / np.sqrt(some)
    return mean, np.where(n > 1, half, np.nan), n.astype(np.int64)
