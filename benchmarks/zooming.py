"""Pan and zoom over many long lines in a plot as the window has it: seconds a frame."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor

from telemetry.concepts import Line, Measure, Series, TickRange
from vmt_log_viewer.app import application
from vmt_log_viewer.plots.measure_plot import MeasurePlot
from vmt_log_viewer.plots.plot_data import PlotData
from vmt_log_viewer.plots.stage import Shared
from vmt_log_viewer.plots.tick_window import TickWindow
from vmt_log_viewer.state.cursor import Cursor
from vmt_log_viewer.state.selection import Selection
from vmt_log_viewer.theme import Theme

SIZE = QSize(1100, 500)


def walks(agents: int, ticks: int) -> Series:
    """Random walks, each with a spike of a single tick."""
    chance = np.random.default_rng(1)
    at = np.arange(ticks)
    lines = []
    for agent in range(agents):
        value = chance.normal(0, 1, ticks).cumsum() / 20
        value[chance.integers(ticks)] += 30
        lines.append(Line(agent, at, value))
    return Series(Measure("value", "Value", "", "", recorded=True), tuple(lines), 1)


def plot_of(series: Series) -> tuple[MeasurePlot, TickWindow]:
    """A plot of the series, shown."""
    application()
    theme, cursor, window = Theme("light"), Cursor(), TickWindow()
    last = int(series.lines[0].tick[-1])
    cursor.set_bounds(TickRange(0, last))
    window.set_whole(TickRange(0, last))
    window.fit()
    count = len(series.lines)

    def color(agent: object) -> QColor:
        return theme.agent_color(agent, int(str(agent)), count)

    shared = Shared(theme, window, cursor, Selection())
    plot = MeasurePlot(series.measure, shared, PlotData(str, color))
    plot.resize(SIZE)
    plot.show()
    plot.show_series(series)
    return plot, window


def frames(plot: MeasurePlot, window: TickWindow, moves: int) -> tuple[list[float], list[float]]:
    """GUI-thread seconds of each frame while zooming in, panning and zooming out again; and of
    panning alone within a twentieth of the ticks."""
    app = application()

    def frame(move: Callable[[], None]) -> float:
        begin = time.thread_time()
        move()
        app.sendPostedEvents()
        app.processEvents()
        return time.thread_time() - begin

    def middle() -> float:
        return (window.first + window.last) / 2

    found = [frame(lambda: window.zoom(0.9, middle())) for _ in range(moves)]
    step = (window.last - window.first) / 50
    panned = [frame(lambda: window.pan(step)) for _ in range(moves)]
    found += [frame(lambda: window.zoom(1 / 0.9, middle())) for _ in range(moves)]
    return found + panned, panned


def main() -> int:
    plot, window = plot_of(walks(500, 20_000))
    application().processEvents()
    every, _ = frames(plot, window, 30)
    print(json.dumps({"median": statistics.median(every), "worst": max(every)}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main())
