"""Charts of a report: measures over ticks, runs over each other, lanes of states, as plain SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree import ElementTree as Tree

import numpy as np

from telemetry.concepts import Curves, Fan, Floats, Ints, Line, TickRange, Timeline
from telemetry.report.page import element
from telemetry.text import cell_text, one_line

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BELOW = 500.0, 170.0, 50.0, 12.0, 8.0, 22.0
LANES_WIDTH, LANES_LEFT, LANE = 1030.0, 130.0, 18.0
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8f98", "#7f5fc1")
"""Okabe and Ito's colours, without their yellow and black, which paper and dark pages swallow."""
_BANDS = (("q05", "q95"), ("q25", "q75"))


class _Frame:
    """From values to places: x over `first`…`last`, y over the finite values that are drawn."""

    def __init__(self, first: float, last: float, values: Sequence[Floats]) -> None:
        known = np.concatenate([v[np.isfinite(v)] for v in values] or [np.empty(0)])
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        if low == high:
            low, high = low - (abs(low) or 1) * 0.05, high + (abs(high) or 1) * 0.05
        self.first, self.last = first, max(last, first + 1e-9)
        self.low, self.high = low, high

    def x(self, at: Floats) -> Floats:
        span = WIDTH - LEFT - RIGHT
        return np.asarray(LEFT + (at - self.first) / (self.last - self.first) * span)

    def y(self, value: Floats) -> Floats:
        with np.errstate(invalid="ignore", over="ignore"):
            place = (value - self.low) / (self.high - self.low)
            return np.asarray(TOP + (1 - place) * (HEIGHT - TOP - BELOW))

    def drawn(self, whole: bool) -> Tree.Element:
        """The empty chart: grid and numbers."""
        svg = element("svg", viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", role="img")
        for value in _ticks(self.low, self.high, 5):
            y = f"{float(self.y(np.array(value))):.1f}"
            svg.append(element("line", x1=f"{LEFT:g}", x2=f"{WIDTH - RIGHT:g}", y1=y, y2=y,
                               class_="grid"))  # fmt: skip
            svg.append(_label(LEFT - 6, float(y) + 4, cell_text(value), "end"))
        for at in _ticks(self.first, self.last, 6, whole=whole):
            place = float(self.x(np.array(at)))
            anchor = "end" if place > WIDTH - 24 else "middle"
            svg.append(_label(min(place, WIDTH), HEIGHT - 6, cell_text(int(at) if whole else at),
                              anchor))  # fmt: skip
        return svg


def fan_chart(fan: Fan, lines: Sequence[Line], names: Sequence[str]) -> Tree.Element:
    """The population as bands and median; of few agents their own lines instead."""
    if lines:
        shown = [line.value for line in lines]
        ticks = [line.tick for line in lines if line.tick.size]
    else:
        shown = [fan.quantiles[name] for pair in _BANDS for name in pair]
        ticks = [fan.tick]
    first = min((float(t[0]) for t in ticks if t.size), default=0.0)
    last = max((float(t[-1]) for t in ticks if t.size), default=1.0)
    frame = _Frame(first, last, shown)
    svg = frame.drawn(whole=True)
    if lines:
        for line, color in zip(lines, _colors(len(lines)), strict=True):
            svg.append(_curve(frame, line.tick.astype(float), line.value, fan.step, color))
        return element("div", svg, legend(names, _colors(len(lines))))
    for low, high in _BANDS:
        svg.append(_area(frame, fan.tick.astype(float), fan.quantiles[low], fan.quantiles[high]))
    median = _path(frame, fan.tick.astype(float), fan.quantiles["median"], _usual(fan.tick))
    svg.append(element("path", d=median, class_="median"))
    return svg


def curves_chart(found: Curves, names: Sequence[str]) -> Tree.Element:
    """Runs over each other, each its own colour, named below."""
    there = [curve for curve in found.curves if curve.x.size]
    first = min(float(curve.x[0]) for curve in there)
    last = max(float(curve.x[-1]) for curve in there)
    frame = _Frame(first, last, [curve.value for curve in there])
    svg = frame.drawn(whole=found.align != "share")
    colors = _colors(len(found.curves))
    for curve in there:
        svg.append(_curve(frame, curve.x, curve.value, curve.step, colors[curve.run]))
    called = [names[curve.run] for curve in there]
    return element("div", svg, legend(called, [colors[curve.run] for curve in there]))


def lanes_chart(timeline: Timeline, ticks: TickRange) -> Tree.Element:
    """A strip for each lane, a colour for each state; a tick without a state stays empty."""
    lanes = [lane for lane in timeline.lanes if lane.first.size]
    states = list(dict.fromkeys(state for lane in lanes for state in lane.state))
    colors = dict(zip(states, _colors(len(states)), strict=True))
    high = LANE * len(lanes) + BELOW
    svg = element("svg", viewBox=f"0 0 {LANES_WIDTH:g} {high:g}", role="img")
    frame = _Frame(float(ticks.first), ticks.last + 1.0, ())
    left = LANES_LEFT
    span = (LANES_WIDTH - left - RIGHT) / (frame.last - frame.first)
    for place, lane in enumerate(lanes):
        svg.append(_label(left - 6, place * LANE + 13, one_line(lane.label, limit=18), "end"))
        for start, end, state in _merged(lane.first, lane.last, lane.state, 0.5 / span):
            x = left + (start - frame.first) * span
            svg.append(element("rect", x=f"{x:.1f}", y=f"{place * LANE + 2:g}",
                               width=f"{max(0.5, (end - start) * span):.1f}",
                               height=f"{LANE - 5:g}", fill=colors[state]))  # fmt: skip
    for at in _ticks(frame.first, frame.last, 12, whole=True):
        at_x = left + (at - frame.first) * span
        anchor = "end" if at_x > LANES_WIDTH - 24 else "middle"
        svg.append(_label(min(at_x, LANES_WIDTH), high - 6, str(int(at)), anchor))
    return element("div", svg, legend(states, list(colors.values())))


def legend(names: Sequence[str], colors: Sequence[str]) -> Tree.Element:
    """What each colour means."""
    found = element("div", class_="legend")
    for name, color in zip(names, colors, strict=True):
        mark = element("i", style=f"background:{color}")
        found.append(element("span", mark, one_line(name, limit=60)))
    return found


def figure(title: str, about: str, chart: Tree.Element) -> Tree.Element:
    """A chart under its title and what it shows."""
    caption = element("figcaption", element("b", title), one_line(about, limit=600))
    return element("figure", caption, chart)


def _colors(count: int) -> list[str]:
    """Eight that anybody can tell apart; more are evenly spaced hues of one lightness."""
    if count <= len(COLORS):
        return list(COLORS[:count])
    return [f"hsl({360 * i / count:.0f} 55% 50%)" for i in range(count)]


def _curve(frame: _Frame, at: Floats, value: Floats, step: float, color: str) -> Tree.Element:
    path = _path(frame, at, value, step)
    return element("path", d=path, class_="curve", stroke=color)


def _path(frame: _Frame, at: Floats, value: Floats, step: float) -> str:
    """A line that ends where a value is missing, or ticks are."""
    at, value = _thinned(at, value)
    x, y = frame.x(at), frame.y(value)
    parts, pen = [], False
    for i in range(at.size):
        if not math.isfinite(value[i]):
            pen = False
            continue
        far = i > 0 and at[i] - at[i - 1] > 1.5 * max(step, _usual(at))
        parts.append(f"{'L' if pen and not far else 'M'}{x[i]:.1f} {y[i]:.1f}")
        pen = True
    return "".join(parts)


def _area(frame: _Frame, at: Floats, low: Floats, high: Floats) -> Tree.Element:
    known = np.isfinite(low) & np.isfinite(high)
    x, upper, lower = frame.x(at[known]), frame.y(high[known]), frame.y(low[known])
    there = [f"{a:.1f} {b:.1f}" for a, b in zip(x, upper, strict=True)]
    back = [f"{a:.1f} {b:.1f}" for a, b in zip(x[::-1], lower[::-1], strict=True)]
    points = "L".join((*there, *back))
    return element("path", d=f"M{points}Z" if points else "", class_="fan")


def _thinned(at: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Of more points than pixels the lowest and the highest of each pixel, in their order."""
    most = int(WIDTH)
    if at.size <= 2 * most:
        return at, value
    kept: list[int] = []
    for part in np.array_split(np.arange(at.size), most):
        values = value[part]
        if np.isnan(values).all():
            kept.append(int(part[0]))
            continue
        ends = {int(part[np.nanargmin(values)]), int(part[np.nanargmax(values)])}
        kept.extend(sorted(ends))
    return at[kept], value[kept]


def _usual(at: Ints | Floats) -> float:
    gaps = np.diff(at)
    return float(np.median(gaps)) if gaps.size else 1.0


def _merged(
    first: Ints, last: Ints, states: Sequence[str], least: float
) -> list[tuple[float, float, str]]:
    """Intervals of one state that are nearer than half a pixel are one."""
    found: list[tuple[float, float, str]] = []
    for a, b, state in zip(first.tolist(), last.tolist(), states, strict=True):
        if found and found[-1][2] == state and a - found[-1][1] <= least:
            found[-1] = (found[-1][0], b + 1.0, state)
        else:
            found.append((float(a), b + 1.0, state))
    return found


def _ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """At most so many round numbers between `low` and `high`."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    step = 10.0 ** math.floor(math.log10(span / most))
    step *= next(f for f in (1, 2, 5, 10, 20) if span / (step * f) <= most)
    if whole:
        step = max(1.0, float(round(step)))
    begin = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - begin + 1
    return [(begin + i) * step for i in range(max(0, count))]


def _label(x: float, y: float, text: str, anchor: str) -> Tree.Element:
    return element("text", text, x=f"{x:.1f}", y=f"{y:.1f}", **{"text-anchor": anchor})
