"""FactView: names and values as the inspector lists them, to read and to copy from."""

from __future__ import annotations

import math
from typing import cast

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from vmt_log_viewer.models.fact_tree import FactTree, whole_text
from vmt_log_viewer.theme import GRID, ROW_HEIGHT

Index = QModelIndex | QPersistentModelIndex


class FactView(QTreeView):
    """Sentences wrap, values are on one line. Ctrl+C copies names and exact values."""

    def __init__(self) -> None:
        super().__init__()
        self._wanted = 0  # measured once: names stay what they are while sizes change
        self.setHeaderHidden(True)
        self.setIndentation(12)
        self.setWordWrap(True)
        self.setItemDelegate(_Lines(self))
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        header.setMinimumSectionSize(40)
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)

    def facts(self) -> FactTree:
        return cast(FactTree, self.model())

    def lay_out(self) -> None:
        """Open every section, span sentences over both columns.

        Names are measured here, not cell by cell through the delegate: each of those calls from Qt
        may have to wait for the interpreter.
        """
        facts, named = self.facts(), []
        for row in range(facts.rowCount()):
            section = facts.index(row, 0)
            self.setFirstColumnSpanned(row, QModelIndex(), True)
            self.expand(section)
            for below in range(facts.rowCount(section)):
                fact = facts.fact(facts.index(below, 0, section))
                wide = fact is not None and fact.wide
                self.setFirstColumnSpanned(below, section, wide)
                if fact is not None and not wide:
                    named.append(fact.name)
        metrics = QFontMetricsF(self.font())
        widest = math.ceil(max((metrics.horizontalAdvance(name) for name in named), default=0.0))
        air = 2 * (self.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) + 1)
        self._wanted = widest + air + 3 * self.indentation()
        self._fit_names()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_names()
        self.scheduleDelayedItemsLayout()  # sentences wrap at another place

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def _fit_names(self) -> None:
        """Room for the longest name, as long as the values keep enough of the width."""
        room = self.viewport().width()
        self.header().resizeSection(0, max(80, min(self._wanted, room * 4 // 7)))

    def _copy(self) -> None:
        facts = [self.facts().fact(index) for index in self.selectionModel().selectedRows(0)]
        lines = [
            fact.name if fact.wide else f"{fact.name}\t{whole_text(fact)}"
            for fact in facts
            if fact is not None
        ]
        QGuiApplication.clipboard().setText("\n".join(lines))


class _Lines(QStyledItemDelegate):
    """Rows of one height, but for sentences. A value opens for selecting, never for changing."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        line = QLineEdit(parent)
        line.setReadOnly(True)
        return line

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        view = cast(FactView, self.parent())
        fact = view.facts().fact(index)
        if fact is None or not fact.wide:
            return QSize(40, ROW_HEIGHT)
        room = max(40, view.viewport().width() - 2 * view.indentation() - 2 * GRID)
        box = option.fontMetrics.boundingRect(
            0, 0, room, 10_000, Qt.TextFlag.TextWordWrap.value, fact.name
        )
        return QSize(40, max(ROW_HEIGHT, box.height() + 2 * GRID))

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        view = cast(FactView, self.parent())
        fact = view.facts().fact(index)
        if fact is not None and not fact.wide:
            option.features &= ~QStyleOptionViewItem.ViewItemFeature.WrapText
        if "/" in option.text:  # of a path the last name tells the most
            option.textElideMode = Qt.TextElideMode.ElideMiddle
