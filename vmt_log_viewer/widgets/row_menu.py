"""The menu of a table's rows: copied as they stand, or as the statement that gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction

if TYPE_CHECKING:
    from vmt_log_viewer.actions import Actions
    from vmt_log_viewer.widgets.table_panel import TablePanel

VERBS = ("copy_sql", "copy_pandas", "copy_polars", "export")


def give_row_menu(panel: TablePanel, actions: Actions | None) -> None:
    """Give the rows of `panel` their menu; its verbs mean the view that has the keyboard."""
    view = panel.view
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
    rows = QAction("Copy rows", view)
    rows.triggered.connect(panel.copy)
    view.addAction(rows)
    if actions is not None:
        view.addActions([actions[verb] for verb in VERBS])
