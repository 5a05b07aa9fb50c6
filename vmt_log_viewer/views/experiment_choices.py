"""What a user chose in Experiment, as a file holds it and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox

from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.views.experiment_effects import EffectsPage
from vmt_log_viewer.views.experiment_iterations import IterationsPage
from vmt_log_viewer.views.experiment_page import ExperimentPage
from vmt_log_viewer.views.experiment_pairs import PairsPage
from vmt_log_viewer.views.experiment_policies import PoliciesPage
from vmt_log_viewer.views.experiment_table import TablePage
from vmt_log_viewer.widgets.box_choices import boxes_state, restore_boxes
from vmt_log_viewer.widgets.table_choices import restore_table, table_state

if TYPE_CHECKING:
    from vmt_log_viewer.views.experiment import ExperimentView


def experiment_state(view: ExperimentView) -> dict[str, JSON]:
    """The experiment, the tab that is seen, and what was chosen on it."""
    if view.experiment_id is None:
        return {}
    page = view.tabs.page
    return {
        "experiment": view.experiment_id,
        "page": None if page is None else view.tabs.tabText(view.tabs.indexOf(page)),
        "on_page": {} if page is None else _page_state(page),
    }


def restore_experiment(view: ExperimentView, choices: Choices) -> None:
    """Choose the experiment, then the tab, then what stands on it, as far as each is there."""
    listed = view.experiments.experiments if view.experiments is not None else ()
    known = [found.experiment_id for found in listed]
    if not known:
        return
    wanted = choices.text("experiment", view.experiment_id or known[0], known)
    if wanted != view.experiment_id:
        view.context.document.choose_experiment(wanted)
    titles = view.tabs.titles()
    if titles:
        view.tabs.turn_to_title(choices.text("page", titles[0], titles))
    page = view.tabs.page
    if page is not None:
        _restore_page(page, choices.part("on_page"))


def _page_state(page: ExperimentPage) -> dict[str, JSON]:
    state: dict[str, JSON] = {}
    if isinstance(page, IterationsPage):
        chosen: list[JSON] = [found.iteration for found in page.chosen()]
        state["iterations"] = chosen
    if isinstance(page, TablePage | PairsPage) and page.panel.table is not None:
        state["table"] = table_state(page.panel)
    return {**state, **boxes_state(_boxes(page))}


def _restore_page(page: ExperimentPage, choices: Choices) -> None:
    if isinstance(page, IterationsPage):
        numbers = page.numbers()
        wanted = choices.numbers("iterations") or ()
        rows = [numbers.index(int(n)) for n in wanted if int(n) in numbers]
        if rows:
            page.choose_rows(rows)
    if isinstance(page, TablePage | PairsPage):
        restore_table(page.panel, choices.part("table"))
    restore_boxes(_boxes(page), choices)


def _boxes(page: ExperimentPage) -> dict[str, QComboBox]:
    if isinstance(page, IterationsPage):
        return {"drawn": page.shows}
    if isinstance(page, PoliciesPage):
        return {"parameter": page.parameter, "before": page.before, "after": page.after}
    if isinstance(page, TablePage | EffectsPage):
        return {"mean": page.means.value, "by": page.means.across, "and": page.means.up}
    return {}
