"""The views of the centre in their order, loaded one by one when the window asks for them."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator

from vmt_log_viewer.views.view import View

log = logging.getLogger(__name__)

# Module and class of each view, in the order of the tabs and of Ctrl+1 … Ctrl+9.
VIEWS: tuple[tuple[str, str], ...] = (
    ("overview", "OverviewView"),
    ("trajectories", "TrajectoriesView"),
    ("trades", "TradesView"),
    ("attempts", "AttemptsView"),
    ("agents_map", "MapView"),
)


def view_classes() -> Iterator[type[View]]:
    """Every view class that this installation has."""
    for module, name in VIEWS:
        try:
            yield getattr(importlib.import_module(f"{__name__}.{module}"), name)
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{module}":
                raise
            log.info("The view %s is not part of this installation.", module)
