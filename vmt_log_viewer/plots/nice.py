"""Round numbers for axes, and values written as short as an axis needs."""

from __future__ import annotations

import math
import sys

LARGEST = sys.float_info.max


def nice_step(span: float, wanted: int, *, whole: bool = False) -> float:
    """1, 2 or 5 times a power of ten, so that at most `wanted` steps fit into `span`."""
    if not (span > 0 and math.isfinite(span)):
        return 1.0
    rough = span / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= rough * (1 - 1e-9))
    return max(1.0, round(step)) if whole else step


def nice_values(low: float, high: float, wanted: int) -> list[float]:
    """Round numbers between `low` and `high`, about `wanted` of them."""
    low, high = max(low, -LARGEST), min(high, LARGEST)  # a logarithmic end may overflow
    step = nice_step(high - low, wanted)
    digits = max(0, -math.floor(math.log10(step))) if step < 1 else 0
    begin, end = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, digits) + 0.0 for k in range(begin, min(end, begin + 100) + 1)]


def nice_ticks(first: float, last: float, width: float, per_label: float = 72.0) -> list[int]:
    """Whole ticks between `first` and `last` with room for a label each over `width` pixels."""
    step = int(nice_step(last - first, max(1, int(width / per_label)), whole=True))
    begin = math.ceil(first / step)
    return [k * step for k in range(begin, math.floor(last / step) + 1)]


def decades(low: float, high: float, wanted: int) -> list[float]:
    """Whole exponents between `low` and `high` (exponents of ten), not more than `wanted`."""
    step = max(1, math.ceil((high - low) / max(wanted, 1)))
    begin = math.ceil(low / step - 1e-9)
    found = [float(k * step) for k in range(begin, math.floor(high / step + 1e-9) + 1)]
    return found


def short(value: float, digits: int = 4) -> str:
    """`value` for an axis or a readout: at most `digits` significant digits, "1.5e9" if long."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value + 0.0:.{digits}g}"  # a zero has no sign
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        whole = int(exponent)
        if 0 <= whole < 6:
            return f"{value:.0f}".replace("-", "−")
        text = f"{mantissa}e{whole}"
    return text.replace("-", "−")
