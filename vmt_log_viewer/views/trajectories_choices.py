"""What a user chose in Trajectories, as a file holds it and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.views.trajectories_bar import NO_SHADING, STYLES

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.plots.measure_plot import MeasurePlot
    from vmt_log_viewer.settings import Settings
    from vmt_log_viewer.views.trajectories import TrajectoriesView


def first_measures(source: Source, settings: Settings) -> list[str]:
    """What was plotted last, as far as this source has it; else what it starts with."""
    kept = settings.get("trajectories.measures")
    recorded = [m.name for m in source.measures if m.recorded]
    if isinstance(kept, list) and any(name in kept for name in recorded):
        return [name for name in recorded if name in kept]
    return [m.name for m in source.measures if m.recorded and m.default] or recorded[:4]


def trajectories_state(view: TrajectoriesView) -> dict[str, JSON]:
    """Measures in their order, how they are drawn, the ticks in view, and what each plot has of
    its own: a log axis, outliers, a range of values chosen by hand."""
    plots, window = view.stack.plots, view.window_of_ticks
    a, b = view.marks
    ranges: dict[str, JSON] = {}
    for name, plot in plots.items():
        if plot.values_by_hand is not None:
            ranges[name] = list(plot.values_by_hand)
    return {
        "measures": list(plots),
        "style": view.feed.style,
        "shading": view.shading.name,
        "ticks": None if window.shows_all else [window.first, window.last],
        "marks": None if a is None or b is None else [a, b],
        "log": [name for name, plot in plots.items() if plot.log],
        "outliers": [name for name, plot in plots.items() if plot.everything],
        "values": ranges,
    }


def restore_trajectories(view: TrajectoriesView, choices: Choices) -> None:
    """Plot as `choices` say."""
    if view.source is None:
        return
    known = [measure.name for measure in view.source.measures]
    named = choices.texts("measures", tuple(view.stack.plots), known)
    view.choose_measures(tuple(name for name in known if name in named))
    view.choose_style(choices.text("style", view.feed.usual_style, [name for name, *_ in STYLES]))
    lanes = [lane.name for lane in view.source.lanes]
    view.choose_shading(choices.text("shading", NO_SHADING, [NO_SHADING, *lanes]))
    ticks = choices.numbers("ticks", 2)
    if ticks is None:
        view.window_of_ticks.fit()
    else:
        view.window_of_ticks.show(*ticks)
    marks = choices.numbers("marks", 2)
    if marks is None:
        view.set_marks(False)
    else:
        view.put_marks(int(marks[0]), int(marks[1]))
    logs, outliers = choices.texts("log"), choices.texts("outliers")
    for name, plot in view.stack.plots.items():
        _restore_plot(plot, name in logs, name in outliers, choices.part("values"))


def _restore_plot(plot: MeasurePlot, log: bool, outliers: bool, values: Choices) -> None:
    plot.set_log(log)
    plot.set_everything(outliers)
    ends = values.numbers(plot.measure.name, 2)
    plot.hold_values(None if ends is None else (ends[0], ends[1]))
