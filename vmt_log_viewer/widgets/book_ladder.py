"""BookLadder: the order book as a ladder of prices, asks above the spread and bids below."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.concepts import Level, OrderBook
from telemetry.text import exact_text
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.theme import GRID, INSIDE

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

LEVELS = 10
MOST, LEAST = 24, 13  # pixels of a row
_TITLES = ("price", "quantity", "orders")
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_MIDDLE = int(Qt.AlignmentFlag.AlignCenter)


class BookLadder(QWidget):
    """Ten rows for either side whether they are taken or not: while a run is played back the
    spread stays in its place. Bars are scaled to the largest quantity of both sides.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.book: OrderBook | None = None
        self._places = (0, 0)  # decimals of prices and of quantities
        self.setMinimumWidth(200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(280, (2 * LEVELS + 3) * 20)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, (2 * LEVELS + 3) * LEAST)

    def show_book(self, book: OrderBook | None) -> None:
        self.book = book
        levels = () if book is None else (*book.asks, *book.bids)
        self._places = (
            max((_places(level.price) for level in levels), default=0),
            max((_places(level.quantity) for level in levels), default=0),
        )
        self.setAccessibleName("" if book is None else self._words(book))
        self.update()

    def rows(self) -> tuple[tuple[str, Level] | None, ...]:
        """What stands in each row, from the top: worst ask first, None for an empty row."""
        if self.book is None:
            return ()
        asks: list[tuple[str, Level] | None] = [("ask", level) for level in self.book.asks]
        bids: list[tuple[str, Level] | None] = [("bid", level) for level in self.book.bids]
        asks += [None] * (LEVELS - len(asks))
        bids += [None] * (LEVELS - len(bids))
        return (*reversed(asks[:LEVELS]), None, *bids[:LEVELS])

    def paintEvent(self, event: QPaintEvent) -> None:
        book = self.book
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("base"))
        painter.setFont(self._theme.font("caption"))
        if book is None:
            return
        height = self._row_height()
        self._row(painter, 0, height, _TITLES, self._theme.color("muted"))
        largest = max((level.quantity for level in (*book.asks, *book.bids)), default=Decimal(0))
        for place, row in enumerate(self.rows(), start=1):
            if row is not None:
                self._level(painter, place * height, height, *row, largest)
        middle = (LEVELS + 1) * height
        self._spread(painter, QRectF(0, middle, self.width(), height), book)
        for levels, name, top in ((book.asks, "asks", 1), (book.bids, "bids", LEVELS + 2)):
            if not levels:
                painter.setPen(self._theme.color("muted"))
                where = QRectF(0, top * height, self.width(), LEVELS * height)
                painter.drawText(where, _MIDDLE, f"No {name} at this tick.")

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            rows, place = self.rows(), int(event.pos().y() / self._row_height()) - 1
            found = rows[place] if 0 <= place < len(rows) else None
            text = ""
            if found is not None:
                side, level = found
                text = (
                    f"{side} {exact_text(level.price)}\nquantity {exact_text(level.quantity)}\n"
                    f"{level.orders} order{'' if level.orders == 1 else 's'}"
                )
            QToolTip.showText(event.globalPos(), plain_tip(text) if text else "", self)
            return True
        return super().event(event)

    def _row_height(self) -> float:
        return min(float(MOST), max(float(LEAST), self.height() / (2 * LEVELS + 2)))

    def _columns(self) -> tuple[QRectF, QRectF, QRectF]:
        """Left and width of the columns: price, quantity, orders."""
        width = self.width() - 2 * INSIDE
        orders = QFontMetricsF(self._theme.font("caption")).horizontalAdvance("orders") + GRID
        each = (width - orders) / 2
        lefts = (INSIDE, INSIDE + each, INSIDE + 2 * each)
        widths = (each, each, orders)
        return tuple(QRectF(x, 0, w, 0) for x, w in zip(lefts, widths, strict=True))  # type: ignore[return-value]

    def _row(
        self, painter: QPainter, top: float, height: float, texts: Sequence[str], color: QColor
    ) -> None:
        for place, (where, text) in enumerate(zip(self._columns(), texts, strict=True)):
            painter.setPen(color if place == 0 else self._theme.color("text"))
            if texts is _TITLES:
                painter.setPen(color)
            painter.drawText(QRectF(where.left(), top, where.width(), height), _RIGHT, text)

    def _level(
        self,
        painter: QPainter,
        top: float,
        height: float,
        side: str,
        level: Level,
        largest: Decimal,
    ) -> None:
        color = self._theme.color("bad" if side == "ask" else "good")
        fill = QColor(color)
        fill.setAlphaF(0.18)
        share = float(level.quantity / largest) if largest > 0 else 0.0
        length = max(1.0, share * self.width()) if level.quantity > 0 else 0.0
        painter.fillRect(QRectF(self.width() - length, top + 1, length, height - 2), fill)
        texts = (
            padded(level.price, self._places[0]),
            padded(level.quantity, self._places[1]),
            str(level.orders),
        )
        self._row(painter, top, height, texts, color)

    def _spread(self, painter: QPainter, where: QRectF, book: OrderBook) -> None:
        theme = self._theme
        painter.fillRect(where, theme.color("panel"))
        painter.setPen(theme.color("line"))
        painter.drawLine(where.topLeft(), where.topRight())
        painter.drawLine(where.bottomLeft(), where.bottomRight())
        painter.setPen(theme.color("text"))
        if book.mid is None or book.spread is None:
            text = "no mid, no spread: a side is empty"
        else:
            text = f"mid {short_decimal(book.mid)}   spread {short_decimal(book.spread)}"
        painter.drawText(where, _MIDDLE, text)

    def _words(self, book: OrderBook) -> str:
        return f"{len(book.asks)} asks and {len(book.bids)} bids after tick {book.tick}"


def short_decimal(value: Decimal) -> str:
    """Every digit that says something: 13.56000000 is 13.56, and 100.00000000 is 100."""
    text = exact_text(value)
    if "." in text and "e" not in text.lower():
        text = text.rstrip("0").rstrip(".")
    return text


def padded(value: Decimal, places: int) -> str:
    """The value with so many decimals, which must be enough for it: columns of them align."""
    return f"{value:.{max(places, _places(value))}f}"


def _places(value: Decimal) -> int:
    return len(short_decimal(value).partition(".")[2])
