"""Which ticks of a run were recorded, told from its timeline."""

from __future__ import annotations

import numpy as np

from telemetry.concepts import Ints, TickRange, Timeline


def recorded_ticks(timeline: Timeline, bounds: TickRange | None) -> Ints | None:
    """The ticks that lie in some interval of some lane, and both ends of `bounds`, ascending.

    None where nothing is missing between the bounds, or no lane tells.
    """
    if bounds is None:
        return None
    spans = [
        (int(first), int(last))
        for lane in timeline.lanes
        for first, last in zip(lane.first, lane.last, strict=True)
    ]
    if not spans:
        return None
    merged = _merged([*spans, (bounds.first, bounds.first), (bounds.last, bounds.last)])
    if len(merged) == 1:
        return None
    parts = [np.arange(first, last + 1, dtype=np.int64) for first, last in merged]
    return np.concatenate(parts)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same ticks in as few spans as possible, ascending."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
