"""Where the parts of a view stand: splitters, columns and scroll bars, as a file holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtWidgets import QAbstractScrollArea, QHeaderView, QSplitter, QTableView, QWidget

from vmt_log_viewer.widgets.facet_panel import FacetPanel

Sizes = tuple[tuple[int, ...], ...]


def splitter_sizes(view: QWidget) -> Sizes:
    """The sizes of each splitter in the order of the view's parts; of a hidden one none."""
    return tuple(tuple(s.sizes()) if s.isVisible() else () for s in _splitters(view))


def column_widths(view: QWidget) -> Sizes:
    """The widths of each table's columns; of a hidden table none."""
    return tuple(
        tuple(table.columnWidth(place) for place in range(_columns(table)))
        if table.isVisible()
        else ()
        for table in _tables(view)
    )


def scroll_places(view: QWidget) -> tuple[tuple[int, int], ...]:
    """Where the two scroll bars of each part stand."""
    return tuple(
        (area.horizontalScrollBar().value(), area.verticalScrollBar().value())
        for area in _scrolled(view)
    )


def put_splitters(view: QWidget, sizes: Iterable[Sequence[int]]) -> None:
    """Give each splitter its sizes, where there are such."""
    for splitter, parts in zip(_splitters(view), sizes, strict=False):
        if parts and len(parts) == splitter.count() and tuple(splitter.sizes()) != tuple(parts):
            splitter.setSizes(list(parts))


def put_columns(view: QWidget, widths: Iterable[Sequence[int]]) -> None:
    """Give the columns of each table their widths, where there are such."""
    for table, wide in zip(_tables(view), widths, strict=False):
        if len(wide) == _columns(table):
            for place, width in enumerate(wide):
                if width and table.columnWidth(place) != width:
                    table.setColumnWidth(place, width)


def facet_rooms(view: QWidget) -> dict[str, int]:
    """How many rows each facet keeps room for: as many as it ever had, so that nothing jumps."""
    return {
        name: rows
        for panel in view.findChildren(FacetPanel)
        if panel.isVisible()
        for name, rows in panel.rooms().items()
    }


def put_rooms(view: QWidget, rooms: Mapping[str, int]) -> None:
    """Give each facet its room, where it is said."""
    for panel in view.findChildren(FacetPanel):
        panel.keep_rooms(rooms)


def scroll_to(view: QWidget, places: Iterable[Sequence[int]]) -> None:
    """Put the scroll bars where they stood, as far as there is so much to see."""
    for area, (across, down) in zip(_scrolled(view), places, strict=False):
        area.horizontalScrollBar().setValue(across)
        area.verticalScrollBar().setValue(down)


def _splitters(view: QWidget) -> list[QSplitter]:
    return list(view.findChildren(QSplitter))


def _tables(view: QWidget) -> list[QTableView]:
    return list(view.findChildren(QTableView))


def _columns(table: QTableView) -> int:
    model = table.model()
    return 0 if model is None else model.columnCount()


def _scrolled(view: QWidget) -> list[QAbstractScrollArea]:
    areas = view.findChildren(QAbstractScrollArea)
    return [area for area in areas if not isinstance(area, QHeaderView)]
