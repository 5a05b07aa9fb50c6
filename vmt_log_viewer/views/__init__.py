"""The views of the centre in their order, loaded one by one when the window asks for them."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from typing import Any

from PySide6.QtWidgets import QWidget

from vmt_log_viewer.views.view import Context, View

log = logging.getLogger(__name__)

# Module and class of each view, in the order of the tabs and of Ctrl+1 … Ctrl+9.
VIEWS: tuple[tuple[str, str], ...] = (
    ("overview", "OverviewView"),
    ("trajectories", "TrajectoriesView"),
    ("trades", "TradesView"),
    ("attempts", "AttemptsView"),
    ("agents_map", "MapView"),
    ("events", "EventsView"),
    ("order_book", "OrderBookView"),
    ("tables", "TablesView"),
    ("experiment", "ExperimentView"),
    ("audit", "AuditView"),
    ("compare", "CompareView"),
    ("regimes", "RegimesView"),
    ("lens", "LensView"),
    ("flows", "FlowsView"),
)


def view_classes() -> Iterator[type[View]]:
    """Every view class that this installation has."""
    for module, name in VIEWS:
        kind = _loaded(module, name)
        if kind is not None:
            yield kind


def timeline_strip(context: Context) -> QWidget | None:
    """The strip that is always visible."""
    kind = _loaded("timeline", "TimelineStrip")
    return None if kind is None else kind(context)


def _loaded(module: str, name: str) -> Any:
    """A class of a module below this package; None where the module is not there."""
    whole = f"{__name__}.{module}"
    try:
        return getattr(importlib.import_module(whole), name)
    except ModuleNotFoundError as error:
        if error.name != whole:
            raise
        log.info("The view %s is not part of this installation.", module)
        return None
