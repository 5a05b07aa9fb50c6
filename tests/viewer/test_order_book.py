"""The order book at the cursor's tick against a log whose book is known."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

import telemetry
from telemetry.cancel import CancelToken
from telemetry.concepts import Level, OrderBook
from tests.builders import moltmarket, vmt
from tests.viewer.shown import shown, wait
from vmt_log_viewer.background.exporting import Order, write_queries
from vmt_log_viewer.state.items import AgentItem
from vmt_log_viewer.views.order_book import OrderBookView
from vmt_log_viewer.widgets.book_ladder import LEVELS, BookLadder


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("market")
    return moltmarket.write_log(folder / "events.jsonl", moltmarket.small_market())


@pytest.fixture
def view(qtbot, context, log):
    with shown(qtbot, context, OrderBookView, log, moltmarket.RUN) as view:
        yield view


def go(view, context, qtbot, tick):
    context.document.cursor.move_to(tick)
    wait(qtbot, view)


def quantities(levels):
    return [(level.price, level.quantity, level.orders) for level in levels]


def test_the_book_follows_the_cursor(view, context, qtbot):
    assert view.book.tick == 0
    assert quantities(view.book.asks) == [(Decimal(101), Decimal(3), 1)]
    go(view, context, qtbot, 1)
    assert quantities(view.book.asks) == [(Decimal(101), Decimal(2), 1)]
    assert quantities(view.book.bids) == [(Decimal(99), Decimal(1), 1)]
    go(view, context, qtbot, 2)
    assert (view.book.asks, view.book.bids) == ((), ())


def test_asks_stand_above_the_spread_and_bids_below_best_nearest(view, context, qtbot):
    rows = view.ladder.rows()
    assert len(rows) == 2 * LEVELS + 1
    assert rows[LEVELS] is None
    assert rows[LEVELS - 1][0] == "ask"
    assert rows[LEVELS + 1][0] == "bid"
    assert rows[0] is None


def test_the_newest_tick_wins(view, context, qtbot):
    for tick in (1, 2, 1):
        context.document.cursor.move_to(tick)
    wait(qtbot, view)
    assert view.book.tick == 1


def test_the_leaderboard_has_exact_gains_at_the_cursors_tick(view, context, qtbot):
    go(view, context, qtbot, 1)
    standings = {s.agent_id: s for s in view.book.standings}
    cells = {row[1]: row for row in view.board.rows.rows}
    columns = [column.name for column in view.board.rows.columns]
    for name, standing in standings.items():
        assert cells[name][columns.index("pnl")] == standing.pnl
        assert cells[name][columns.index("pnl_pct")] == standing.pnl_pct
    # a sold 1 at 101 (mid 100) and paid 1e-8 of the fee
    assert standings["a"].pnl == Decimal("0.99999999")


def test_the_leaderboard_is_rounded_and_says_so_and_tells_all_digits_on_hover(
    view, context, qtbot, qapp
):
    go(view, context, qtbot, 1)
    rows = view.board.rows
    row = next(i for i, cells in enumerate(rows.rows) if cells[1] == "a")
    pnl = rows.index(row, [column.name for column in rows.columns].index("pnl"))
    assert pnl.data() == "1.00"
    assert "0.99999999" in pnl.data(Qt.ItemDataRole.ToolTipRole)
    assert "Rounded to 2 decimals; exact on hover" in view._about.text()
    view.board.choose(row)
    QTest.keyClick(view.board, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "0.99999999" in qapp.clipboard().text()


def test_a_chosen_agent_leads_to_the_inspector(view, context):
    view.board.setCurrentIndex(view.board.rows.index(1, 0))
    assert context.document.selection.item == AgentItem(view.book.standings[1].agent_id)


def test_every_trade_is_a_price_and_a_click_goes_to_its_tick(view, context, qtbot):
    points = view.prices.points
    assert points.x.tolist() == [1.0]
    assert points.y.tolist() == [101.0]
    view.prices.point_clicked.emit(points.key[0])
    assert context.document.cursor.tick == 1


def test_a_side_that_is_empty_has_no_mid_and_is_said(view, context, qtbot):
    go(view, context, qtbot, 2)
    assert view.book.mid is None
    assert "one-sided" in view._notes.text()
    assert not view.grab().isNull()


def test_the_line_is_the_last_trade_of_each_tick(qtbot, context, tmp_path):
    def trade(price):
        return {"tradeId": price, "price": price, "quantity": "1", "bidOrderId": "x",
                "askOrderId": "y", "bidAgentId": "a", "askAgentId": "b", "fee": "0"}  # fmt: skip

    told = [(0, "RUN_CREATED", None, {"seed": 1, "scenarioVersion": "v"})]
    told += [(t, "TRADE_EXECUTED", None, trade(p)) for t, p in ((1, "9"), (1, "7"), (4, "8"))]
    log = moltmarket.write_log(tmp_path / "events.jsonl", moltmarket.chain(told))
    with shown(qtbot, context, OrderBookView, log, moltmarket.RUN) as view:
        assert [(p.tick, p.last, p.low, p.high, p.trades) for p in view.last] == [
            (1, 7, 7, 9, 2),
            (4, 8, 8, 8, 1),
        ]
        assert [x.tolist() for x in view.prices.steps] == [[1, 4, 4], [7, 7, 8]]
        assert sorted(view.prices.points.y.tolist()) == [7, 8, 9]


def test_a_narrow_view_still_names_its_groups_of_trades(qtbot, context, tmp_path):
    def trade(number, seller):
        return {"tradeId": number, "price": "9", "quantity": "1", "bidOrderId": "x",
                "askOrderId": "y", "bidAgentId": "a", "askAgentId": seller, "fee": "0"}  # fmt: skip

    told = [(0, "RUN_CREATED", None, {"seed": 1, "scenarioVersion": "v"})]
    told += [(1, "TRADE_EXECUTED", None, trade("1", "a")),
             (2, "TRADE_EXECUTED", None, trade("2", "b"))]  # fmt: skip
    log = moltmarket.write_log(tmp_path / "events.jsonl", moltmarket.chain(told))
    with shown(qtbot, context, OrderBookView, log, moltmarket.RUN) as view:
        view.resize(660, 460)
        wait(qtbot, view)
        assert view._legend.isVisible()
        assert view._legend.accessibleName() == "between agents, self-trade"
        assert view._legend.width() >= view._legend.sizeHint().width()


def test_book_leaderboard_and_prices_are_exported_exactly(view, context, qtbot, tmp_path):
    go(view, context, qtbot, 1)
    request = view.export_request()
    assert request.name.endswith("order-book-tick-1")
    assert list(request.pictures) == ["png"]
    order = Order(tmp_path / "x.csv", "csv")
    source = context.document.source
    write_queries(source, request.queries, order, CancelToken(), request.frames)
    assert (tmp_path / "x-book.csv").read_text() == (
        "side,level,price,quantity,orders\n"
        "ask,1,101.00000000,2.00000000,1\n"
        "bid,1,99.00000000,1.00000000,1\n"
    )
    board = (tmp_path / "x-leaderboard.csv").read_text().splitlines()
    assert board[1].startswith("1,a,active,0.99999999,0.04,2000.99999999,1100.99999999,9.00000000")
    assert (tmp_path / "x-prices.csv").read_text().splitlines()[1].startswith("1,101.00000000")
    view.clear()
    assert view.export_request() is None


def test_sources_without_a_book_are_told_so(tmp_path):
    source = telemetry.open_source(vmt.build("money", tmp_path / "m.db", runs=1, ticks=3))
    assert "no order book" in OrderBookView.unsuitable(source)
    source.close()


def book(asks, bids) -> OrderBook:
    return OrderBook(0, tuple(bids), tuple(asks), None, None, None, ())


def test_bars_are_scaled_to_the_largest_quantity_of_both_sides(qtbot, theme):
    ladder = BookLadder(theme)
    qtbot.addWidget(ladder)
    ladder.resize(400, 500)
    one = Level(Decimal(2), Decimal(10), 1)
    half = Level(Decimal(1), Decimal(5), 1)
    ladder.show_book(book([one], [half]))
    ladder.show()
    picture = ladder.grab().toImage()
    height = ladder._row_height()

    def filled(row: int) -> int:
        y = int((row + 1) * height + 2)
        base = theme.color("base")
        return sum(picture.pixelColor(x, y) != base for x in range(picture.width()))

    assert filled(LEVELS - 1) == pytest.approx(400, abs=2)
    assert filled(LEVELS + 1) == pytest.approx(200, abs=2)


def test_an_empty_book_keeps_its_rows_and_a_nought_quantity_no_bar(qtbot, theme):
    ladder = BookLadder(theme)
    qtbot.addWidget(ladder)
    assert ladder.rows() == ()
    ladder.show_book(book([], [Level(Decimal("1E-20"), Decimal(0), 1)]))
    assert len(ladder.rows()) == 2 * LEVELS + 1
    assert not ladder.grab().isNull()
    QTest.mouseClick(ladder, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
