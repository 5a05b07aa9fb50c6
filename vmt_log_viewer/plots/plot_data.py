"""PlotData: one measure's answers as a plot needs them: extent, values at a tick, line ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QColor

from telemetry.concepts import AgentId, Band, Fan, Floats, Ints, Line, Series
from telemetry.text import MONEY
from vmt_log_viewer.plots.end_labels import EndLabel
from vmt_log_viewer.plots.line_bank import LineBank
from vmt_log_viewer.plots.nice import short
from vmt_log_viewer.plots.tick_window import TickWindow
from vmt_log_viewer.plots.value_scale import Extent, ValueScale, extent_of, larger

Segment = tuple[str, QColor | None]
"""A piece of a readout, in its own colour or (None) that of ordinary text."""
MANY = 300_000
"""Values from which on they are thinned before they are judged."""
NAMED = 100
"""Of so many lines the names are placed beside a plot, which has room for a few dozen."""
FEW = 4
"""Up to so many agents a readout names every value."""
UNREAD = "the ticks between them were not read."
"""How a fan's note ends that is about ticks it left out."""
ENDS = (
    ("max", "max", 3),
    ("q95", "95 %", 4),
    ("median", "median", 2),
    ("q05", "5 %", 4),
    ("min", "min", 3),
)


@dataclass
class PlotData:
    """The lines and the fan of a measure, None while not asked for or not there yet.

    `label_of` and `color_of` give an agent's name and colour.
    """

    label_of: Callable[[AgentId], str]
    color_of: Callable[[AgentId], QColor]
    series: Series | None = None
    fan: Fan | None = None
    band: Band | None = None
    bank: LineBank | None = None  # of just these lines, where it was built with them

    @property
    def lines(self) -> tuple[Line, ...]:
        return () if self.series is None else self.series.lines

    @property
    def constant(self) -> float | None:
        found = None if self.series is None else self.series.constant
        if found is None and self.fan is not None:
            found = self.fan.constant
        return found

    @property
    def empty(self) -> bool:
        """Nothing to draw: no value of any agent at any tick."""
        some_line = any(np.isfinite(line.value).any() for line in self.lines)
        some_fan = self.fan is not None and np.isfinite(self.fan.quantiles["median"]).any()
        return not some_line and not some_fan and self.constant is None

    @property
    def thinning(self) -> tuple[str, ...]:
        """What the fan says about the ticks it was read from."""
        if self.fan is None or not self.fan.measure.recorded or self.fan.measure.rebuilt:
            return ()  # the header says that it is rebuilt
        if self.band is None:
            return self.fan.notes
        kept = [note for note in self.fan.notes if not note.endswith(UNREAD)]
        if len(kept) < len(self.fan.notes):
            some, whole = self.fan.tick.size, self.band.tick.size
            kept.append(
                f"Quantiles at {some} evenly spaced ticks; lowest, mean and highest at all {whole}."
            )
        return tuple(dict.fromkeys((*kept, *self.band.notes)))

    @property
    def notes(self) -> tuple[str, ...]:
        lines = () if self.series is None else self.series.notes
        fan = () if self.fan is None else self.fan.notes if self.band is None else self.thinning
        return tuple(dict.fromkeys((*lines, *fan)))

    def extent(self, window: TickWindow, bank: LineBank, *, log: bool, everything: bool) -> Extent:
        """What to show of the values in `window`; `bank` holds the lines.

        The counts are those of the lines, or of the fan's quantiles where these leave out more:
        a value that both draw is one value. Of very many values the range is judged by their
        least and greatest in each of many parts; what is left out is counted over all of them.
        """
        first, last = window.first, window.last
        fan = [_between(tick, values, first, last) for tick, values in self._of_fan()]
        fixed = [] if self.constant is None else [np.array([self.constant])]
        lines: list[Floats] = []
        many = bank.size > MANY
        if many:
            judged = [bank.extremes(first, last, 128)]
        if not many or (not bank.whole and bank.odd(log)):
            lines = [_between(line.tick, line.value, first, last) for line in self.lines]
            judged = judged if many else lines
        found = extent_of([*judged, *fan, *fixed], log=log, everything=everything)
        if not many and (not lines or not fan):
            return found
        if many and not lines and found.beyond:
            lines = [_between(line.tick, line.value, first, last) for line in self.lines]
        counted = [found.recounted(lines)] if lines else [found]
        return larger(*counted, found.recounted(fan) if fan else counted[0])

    def _of_fan(self) -> list[tuple[Ints, Floats]]:
        """What the fan draws, each with its ticks: the band in place of min and max."""
        if self.fan is None:
            return []
        band, fan = self.band, self.fan
        outer = ("min", "max") if band is not None else ()
        found = [(fan.tick, q) for name, q in fan.quantiles.items() if name not in outer]
        return found if band is None else [*found, (band.tick, band.low), (band.tick, band.high)]

    def readout(self, tick: int) -> list[Segment]:
        """The values at exactly this tick, in words; empty where nothing was recorded then."""
        found = [(line.agent_id, value_at(line, tick)) for line in self.lines]
        segments: list[Segment] = []
        if len(found) <= FEW:
            for agent_id, value in found:
                text = "not recorded" if value is None else self.said(value)
                segments += [(f"{self.label_of(agent_id)} ", self.color_of(agent_id)), (text, None)]
        elif not self._has_fan_at(tick):
            known = [v for _, v in found if v is not None and np.isfinite(v)]
            if known:
                text = (
                    f"{len(known)} agents: {self.said(min(known), 4)} … {self.said(max(known), 4)}"
                )
                segments.append((text, None))
        if self._has_fan_at(tick):
            segments.append((self._fan_words(tick), None))
        elif len(found) != 1 and (words := self._band_words(tick)):
            segments = [(words, None)] if len(found) > FEW else [*segments, (words, None)]
        if not segments and self.constant is not None:
            segments.append((f"constant {self.said(self.constant)}", None))
        return segments

    def of_line(self, line: Line, tick: int) -> list[Segment]:
        """One agent's value at `tick`, and what is marked there."""
        value = value_at(line, tick)
        text = "not recorded" if value is None else self.said(value)
        i = _index(line.tick, tick)
        if line.mark is not None and i is not None and line.mark[i]:
            text += f" ({line.mark[i]})"
        name = (f"{self.label_of(line.agent_id)} ", self.color_of(line.agent_id))
        return [(f"tick {tick}  ", None), name, (text, None)]

    def difference(self, a: int, b: int) -> list[Segment]:
        """Values at ticks `a` and `b` and what lies between them: of few agents each its own, of
        many the median."""
        lines = [(line.agent_id, value_at(line, a), value_at(line, b)) for line in self.lines]
        segments: list[Segment] = []
        if 0 < len(lines) <= FEW:
            for agent_id, x, y in lines:
                segments.append((f"{self.label_of(agent_id)} ", self.color_of(agent_id)))
                segments.append((self._change(x, y), None))
            return segments
        x, y = self._middle(a), self._middle(b)
        return [("median ", None), (self._change(x, y), None)]

    def nearest(self, tick: int, height: float, scale: ValueScale) -> tuple[Line, float] | None:
        """The line that passes nearest to `height` at `tick`, and its value there."""
        best: tuple[float, Line, float] | None = None
        for line in self.lines:
            value = value_at(line, tick)
            if value is None:
                continue
            away = abs(scale.height(value) - height)
            if away == away and (best is None or away < best[0]):
                best = (away, line, value)
        return None if best is None else (best[1], best[2])

    def ends(
        self, last: float, scale: ValueScale, neutral: QColor, bank: LineBank
    ) -> tuple[list[EndLabel], int]:
        """A name for each line where it ends, or leaves the plot at tick `last`; of very many
        some of all heights, and how many others there are."""
        labels = []
        which, values = bank.lasts(last)
        heights = scale.heights(values)
        more = max(0, which.size - NAMED)
        if more:
            some = np.argsort(heights)[np.linspace(0, which.size - 1, NAMED).astype(np.int64)]
            which, heights = which[some], heights[some]
        for i, height in zip(which.tolist(), heights.tolist(), strict=True):
            agent = self.lines[i].agent_id
            labels.append(EndLabel(self.label_of(agent), self.color_of(agent), height, 1, agent))
        if self.fan is not None:
            ends = [(self.fan.tick, self.fan.quantiles[k], name, rank) for k, name, rank in ENDS]
            if self.band is not None:
                band = self.band
                ends[0] = (band.tick, band.high, *ENDS[0][1:])
                ends[-1] = (band.tick, band.low, *ENDS[-1][1:])
                ends.append((band.tick, band.mean, "mean", 5))
            for tick, values, name, rank in ends:
                value = _last_value(tick, values, last)
                if value is not None:
                    labels.append(EndLabel(name, neutral, scale.height(value), rank))
        if self.constant is not None:
            text = f"= {self.said(self.constant, 4)}"
            labels.append(EndLabel(text, neutral, scale.height(self.constant), 0))
        return labels, more

    def said(self, value: float, digits: int = 6) -> str:
        """A value in words; money with its cents, however large."""
        known = self.series or self.fan
        if known is not None and known.measure.unit == MONEY and abs(value) < 1e15:
            return f"{value:.2f}".replace("-", "−")
        return short(value, digits)

    def _change(self, x: float | None, y: float | None) -> str:
        one, other = ("not recorded" if v is None else self.said(v) for v in (x, y))
        if x is None or y is None:
            return f"{one} → {other}"
        with np.errstate(all="ignore"):
            change = float(np.float64(y) - np.float64(x))
        return f"{one} → {other}  Δ {'+' if change > 0 else ''}{self.said(change)}"

    def _has_fan_at(self, tick: int) -> bool:
        return self.fan is not None and _index(self.fan.tick, tick) is not None

    def _fan_words(self, tick: int) -> str:
        assert self.fan is not None
        i = _index(self.fan.tick, tick)
        assert i is not None
        q = {key: self.said(float(values[i]), 4) for key, values in self.fan.quantiles.items()}
        return f"median {q['median']}, {q['min']} … {q['max']} of {int(self.fan.count[i])}"

    def _band_words(self, tick: int) -> str:
        """Of a tick between those of the fan; "" where it is not known."""
        i = None if self.band is None else _index(self.band.tick, tick)
        if self.band is None or i is None or not self.band.count[i]:
            return ""
        values = (self.band.mean[i], self.band.low[i], self.band.high[i])
        mean, low, high = (self.said(float(value), 4) for value in values)
        return f"mean {mean}, {low} … {high} of {int(self.band.count[i])}"

    def _middle(self, tick: int) -> float | None:
        if self.fan is not None and (i := _index(self.fan.tick, tick)) is not None:
            return float(self.fan.quantiles["median"][i])
        values = [v for v in (value_at(line, tick) for line in self.lines) if v is not None]
        return float(np.nanmedian(values)) if values else self.constant


def value_at(line: Line, tick: int) -> float | None:
    """The line's value at exactly `tick`; None where not recorded."""
    i = _index(line.tick, tick)
    if i is None or np.isnan(line.value[i]):
        return None
    return float(line.value[i])


def _index(ticks: np.ndarray, tick: int) -> int | None:
    if not ticks.size or not ticks[0] <= tick <= ticks[-1]:
        return None
    i = int(np.searchsorted(ticks, ticks.dtype.type(tick)))  # of another type it would copy them
    return i if ticks[i] == tick else None


def _between(ticks: np.ndarray, values: Floats, first: float, last: float) -> Floats:
    begin, end = np.searchsorted(ticks, first), np.searchsorted(ticks, last, side="right")
    return values[begin:end]


def _last_value(ticks: np.ndarray, values: Floats, last: float) -> float | None:
    """The last finite value at or before `last`."""
    end = int(np.searchsorted(ticks, last, side="right"))
    known = np.flatnonzero(np.isfinite(values[max(0, end - 512) : end]))
    if known.size == 0:
        known = np.flatnonzero(np.isfinite(values[:end]))
        return float(values[known[-1]]) if known.size else None
    return float(values[max(0, end - 512) + known[-1]])
