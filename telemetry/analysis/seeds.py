"""Seeds as evidence: runs of one configuration together, and whether two of these differ."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from telemetry.analysis.chosen import Chosen
from telemetry.analysis.divergences import setting_text
from telemetry.analysis.intervals import LEVEL, of_columns, t_value
from telemetry.analysis.settings import (
    SET_UP,
    differing,
    is_seed,
    place_of,
    seed_of,
    settings_of_all,
)
from telemetry.cancel import CancelToken
from telemetry.concepts import (
    Cell,
    Curves,
    Effect,
    Estimate,
    Floats,
    Quantity,
    SeedBand,
    SeedGroup,
)

SHARES = 201
"""Places at which runs of other lengths are read between their ticks to share an axis."""
Method = Literal["auto", "paired", "unpaired"]


def seed_groups(
    runs: Sequence[Chosen], token: CancelToken | None = None, over: Sequence[str] = ()
) -> tuple[SeedGroup, ...]:
    """The runs by their configuration without the keys that name seeds, as they first come.

    A run without a recorded configuration is alone, for nobody can tell what it is like; but
    samples of one iteration of an experiment are together. `over` are further keys (their path,
    or its last part) in which the runs of a group may differ.
    """
    token = token or CancelToken()
    members: dict[str, list[int]] = {}
    without: list[dict[str, object]] = []
    seeds: list[Cell] = []
    for i, (run, found) in enumerate(zip(runs, settings_of_all(runs, token, SET_UP), strict=True)):
        token.check()
        place = place_of(run) if found is None else None
        found = found if place is None else place[0]
        seeds.append(seed_of(found or {}) if place is None else place[1])
        rest = {
            path: value
            for path, value in (found or {}).items()
            if not (is_seed(path) or path in over or path.split(".")[-1] in over)
        }
        without.append(rest)
        about = ["unknown", *map(str, run.key)] if found is None else [
            run.source.identity.family, rest]  # fmt: skip
        members.setdefault(_digest(about), []).append(i)
        token.report(i + 1, len(runs), "runs")
    apart = differing([without[places[0]] for places in members.values()])
    return tuple(
        SeedGroup(digest, f"group {n + 1}", tuple(places), tuple(seeds[i] for i in places),
                  {s.path: _said(without[places[0]], s.path) for s in apart})
        for n, (digest, places) in enumerate(members.items())
    )  # fmt: skip


def told(group: SeedGroup, most: int = 3) -> str:
    """What is special about a group, in a few words: the keys in which it differs."""
    listed = list(group.settings.items())
    parts = [f"{path.split('.')[-1]} {value}" for path, value in listed[:most]]
    return ", ".join((*parts, *(("…",) if len(listed) > most else ())))


def _digest(about: object) -> str:
    text = json.dumps(about, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _said(settings: Mapping[str, object], path: str) -> str:
    return setting_text(settings.get(path), there=path in settings, limit=40) or "–"


def estimate(values: Sequence[float], level: float = LEVEL) -> Estimate:
    """The mean of values with its t interval; NaN ends below two values."""
    n = len(values)
    if not n:
        return Estimate(math.nan, math.nan, math.nan, 0, level)
    mean = float(np.mean(values))
    if n < 2:
        return Estimate(mean, math.nan, math.nan, n, level)
    half = float(t_value(n - 1, level) * np.std(values, ddof=1) / math.sqrt(n))
    return Estimate(mean, mean - half, mean + half, n, level)


def effects(
    quantities: Sequence[Quantity], a: SeedGroup, b: SeedGroup, method: Method = "auto"
) -> tuple[Effect, ...]:
    """Group b less group a for each quantity, over the runs in which it is recorded.

    "auto" pairs runs of the same seed where two or more seeds are in both groups, each once.
    """
    return tuple(effect(q, a, b, method) for q in quantities)


def effect(quantity: Quantity, a: SeedGroup, b: SeedGroup, method: Method = "auto") -> Effect:
    """Group b less group a for one quantity."""
    one, other = _by_seed(quantity, a), _by_seed(quantity, b)
    unit = quantity.column.unit or ""
    common = [seed for seed in one if seed in other and seed is not None]
    sound = all(len(v) == 1 for found in (one, other) for v in found.values())
    if method == "paired" or (method == "auto" and sound and len(common) > 1):
        pairs = [(one[seed][0], other[seed][0]) for seed in common]
        alone = len(one) + len(other) - 2 * len(common)
        note = f"{alone} runs without a partner of the same seed are left out" if alone else ""
        return _paired(quantity.name, unit, pairs, note)
    return _unpaired(quantity.name, unit, *(
        [value for values in found.values() for value in values] for found in (one, other)
    ))  # fmt: skip


def _by_seed(quantity: Quantity, group: SeedGroup) -> dict[Cell, list[float]]:
    found: dict[Cell, list[float]] = {}
    for run, seed in zip(group.runs, group.seeds, strict=True):
        value = quantity.values[run]
        if isinstance(value, bool | str | bytes) or value is None or math.isnan(value):
            continue
        found.setdefault(seed, []).append(float(value))
    return found


def _paired(name: str, unit: str, pairs: list[tuple[float, float]], note: str) -> Effect:
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    apart = [b - a for a, b in pairs]
    size = _ratio(float(np.mean(apart)), float(np.std(apart, ddof=1))) if len(pairs) > 1 else (
        math.nan)  # fmt: skip
    return Effect(name, unit, estimate(before), estimate(after), estimate(apart), size, "paired",
                  note)  # fmt: skip


def _unpaired(name: str, unit: str, before: list[float], after: list[float]) -> Effect:
    one, other = estimate(before), estimate(after)
    apart = other.mean - one.mean
    low = high = size = math.nan
    if len(before) > 1 and len(after) > 1:
        variances = [float(np.var(v, ddof=1)) for v in (before, after)]
        half = _welch(variances, (len(before), len(after)))
        low, high = apart - half, apart + half
        freedom = len(before) + len(after) - 2
        pooled = sum(v * (len(g) - 1) for v, g in zip(variances, (before, after), strict=True))
        size = _ratio(apart, math.sqrt(pooled / freedom))
    n = len(before) + len(after)
    return Effect(name, unit, one, other, Estimate(apart, low, high, n), size, "Welch")


def _welch(variances: Sequence[float], counts: Sequence[int]) -> float:
    """Half the interval of a mean difference, variances unequal: t at Welch's freedom times s."""
    parts = [v / n for v, n in zip(variances, counts, strict=True)]
    total = sum(parts)
    if not total:
        return 0.0
    freedom = total**2 / sum(p**2 / (n - 1) for p, n in zip(parts, counts, strict=True))
    return float(t_value(freedom)) * math.sqrt(total)


def _ratio(difference: float, deviation: float) -> float:
    if deviation:
        return difference / deviation
    return 0.0 if difference == 0 else math.copysign(math.inf, difference)


def bands(found: Curves, groups: Sequence[SeedGroup]) -> tuple[SeedBand, ...]:
    """The mean over the runs of each group at every place of the axis, with its t interval.

    Runs count where they have a value; `n` says how many. Runs that share an axis by their
    length, but not its places, are read between their ticks at `SHARES` of them.
    """
    listed = []
    for place, group in enumerate(groups):
        own = [found.curves[run] for run in group.runs if len(found.curves[run].x)]
        if not own:
            continue
        same = all(len(c.x) == len(own[0].x) and np.array_equal(c.x, own[0].x) for c in own)
        if found.align == "share" and not same:
            x = np.linspace(0, 1, SHARES)
            rows = [np.interp(x, c.x, c.value, left=np.nan, right=np.nan) for c in own]
        else:
            x = own[0].x if same else np.unique(np.concatenate([c.x for c in own]))
            rows = [_on(x, c.x, c.value) for c in own]
        listed.append(_band(place, x, np.vstack(rows)))
    return tuple(listed)


def _on(x: Floats, own: Floats, value: Floats) -> Floats:
    row = np.full(len(x), np.nan)
    row[np.searchsorted(x, own)] = value
    return row


def _band(group: int, x: Floats, rows: Floats) -> SeedBand:
    mean, half, n = of_columns(rows, ~np.isnan(rows))
    return SeedBand(group, x, mean, mean - half, mean + half, n)
