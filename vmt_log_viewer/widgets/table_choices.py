"""What a user chose in a table: filters, sort and columns, as a file holds them and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from vmt_log_viewer.state.choices import JSON, Choices

if TYPE_CHECKING:
    from vmt_log_viewer.widgets.table_panel import TablePanel


def table_state(panel: TablePanel) -> dict[str, JSON]:
    """Filters by column, the sort ("-price": descending) and which columns stand where."""
    asked = panel.model.asked
    sort = None if asked is None else asked.sort
    filters: dict[str, JSON] = {**panel.filters.texts}
    return {
        "filters": filters,
        "sort": None if sort is None else ("-" if sort.descending else "") + sort.column,
        "columns": panel.view.arrangement(),
    }


def restore_table(panel: TablePanel, choices: Choices) -> None:
    """Filter, sort and arrange a table that is shown as `choices` say."""
    if panel.table is None:
        return
    _filter(panel, choices)
    _sort(panel, choices)
    columns = choices.part("columns")
    shown = columns.part("by_hand")
    panel.arrange(
        {
            "by_hand": {name: shown.flag(name) for name in shown.names()},
            "order": list(columns.texts("order")),
        }
    )


def _filter(panel: TablePanel, choices: Choices) -> None:
    known = {column.name for column in panel.columns if column.recorded}
    texts = choices.texts_by_name("filters")
    for name in texts.keys() - known:
        choices.refuse("filters", f"{name!r} is no column that is recorded here")
    panel.filters.replace({name: text for name, text in texts.items() if name in known})
    for name in texts.keys() & known:
        problem = panel.filters.problem(name)
        if problem is not None:
            choices.refuse("filters", problem.rstrip("."))


def _sort(panel: TablePanel, choices: Choices) -> None:
    text = choices.text("sort")
    name = text.removeprefix("-")
    place = panel.model.column_index(name) if name else -1
    if name and place < 0:
        choices.refuse("sort", f"there is no column {name!r} here")
    order = Qt.SortOrder.DescendingOrder if text.startswith("-") else Qt.SortOrder.AscendingOrder
    panel.view.sortByColumn(place, order)
