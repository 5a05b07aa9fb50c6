"""Numbers and names as the views' own sentences show them."""

from __future__ import annotations

from telemetry.concepts import TickRange

_THIN_SPACE = "\u202f"


def count_text(count: int) -> str:
    """5559 as "5 559", with a space that does not break."""
    return f"{count:,}".replace(",", _THIN_SPACE)


def share_text(part: int, whole: int) -> str:
    """A share in percent; never "0 %" for something nor "100 %" for not quite all."""
    if whole <= 0:
        return ""
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.0f} %" if percent in (0, 100) else f"{percent:.1f} %"


def ticks_text(ticks: TickRange) -> str:
    return (
        f"tick {ticks.first}" if ticks.first == ticks.last else f"ticks {ticks.first}–{ticks.last}"
    )


def rows_text(matching: int | None, total: int | None, noun: str = "rows") -> str:
    """ "90 of 5 559 rows"; what is not known yet is left out."""
    if matching is None:
        return f"counting {noun} …"
    if total is None or total == matching:
        return f"{count_text(matching)} {noun[:-1] if matching == 1 else noun}"
    return f"{count_text(matching)} of {count_text(total)} {noun}"
