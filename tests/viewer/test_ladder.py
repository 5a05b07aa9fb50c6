"""The widgets around rows: hostile text, odd numbers, themes and what is drawn of them."""

import math

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from telemetry.concepts import Column, Histogram, Negotiation, Points, Table, TablePage
from vmt_log_viewer.models.clipboard import as_text
from vmt_log_viewer.models.ladder import sizes_of, span, tries
from vmt_log_viewer.models.ladder_model import GAIN_ROLE, LadderModel
from vmt_log_viewer.widgets.ladder_plot import LadderPlot
from vmt_log_viewer.widgets.point_scatter import PointScatter, shape_of
from vmt_log_viewer.widgets.tick_histogram import TickHistogram
from vmt_log_viewer.widgets.words import count_text, rows_text, share_text

ROLES = ("buyer", "seller", "price", "block", "counter", "buyer_gain", "seller_gain")
COLUMNS = (
    *(Column(role, role, "real", role=role) for role in ROLES),
    Column("reason", "reason", "text", role="reason"),
    Column("result", "result", "text", role="result"),
    Column("ask", "ask", "real", role="seller_ask"),
    Column("bid", "bid", "real", role="buyer_bid"),
)
TABLE = Table("attempts", "Attempts", "attempts", COLUMNS, True)
STATES = Table("states", "States", "states", (), True)


def negotiation(*rows):
    page = TablePage(TABLE, COLUMNS, tuple(rows), tuple(range(len(rows))), None)
    none = TablePage(STATES, (), (), (), None)
    return Negotiation(3, (0, 1), page, none, none, tuple(f"row {i}" for i in range(len(rows))))


def row(price=1.0, block=1, gain=0.5, reason="r", result="fail", ask=0.9, bid=1.1):
    return (
        0,
        1,
        price,
        block,
        1,
        gain,
        -gain if gain is not None else None,
        reason,
        result,
        ask,
        bid,
    )


def test_the_ladder_is_a_good_qt_model(theme, qtmodeltester):
    model = LadderModel(theme)
    model.show_negotiation(negotiation(row(), row(gain=None), row(result="success")))
    qtmodeltester.check(model)
    assert model.rowCount() == 3


def test_a_gain_that_is_not_recorded_is_no_zero(theme):
    model = LadderModel(theme)
    model.show_negotiation(negotiation(row(gain=None), row(gain=0.0)))
    section = next(i for i in range(model.columnCount()) if model.column_id(i) == "buying")
    assert model.data(model.index(0, section)) == "—"
    assert model.data(model.index(0, section), GAIN_ROLE) is None
    assert model.data(model.index(1, section)) == "0"
    assert model.data(model.index(1, section), GAIN_ROLE) == 0.0


@pytest.mark.parametrize("odd", [math.inf, -math.inf, math.nan, 1e308, -1e308, None])
def test_odd_numbers_are_drawn_without_a_crash(odd, theme, qtbot):
    plot = LadderPlot(theme)
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    found = tries(negotiation(row(price=odd), row(block=odd), row(gain=odd), row(ask=odd, bid=odd)))
    plot.show_tries(found, "price", "block")
    assert not plot.grab().isNull()


def test_a_click_on_a_mark_chooses_its_try(theme, qtbot):
    plot = LadderPlot(theme)
    qtbot.addWidget(plot)
    plot.resize(400, 300)
    found = tries(negotiation(row(price=1.0), row(price=2.0, block=4)))
    plot.show_tries(found, "price", "block")
    plot.show()
    at = plot._place(found[1], *plot._scales())
    with qtbot.waitSignal(plot.row_clicked) as clicked:
        qtbot.mouseClick(plot, Qt.LeftButton, pos=at.toPoint())
    assert clicked.args == [1]


def test_blocks_of_the_second_good_are_drawn_by_what_moved():
    found = tries(negotiation(row(block=0), row(block=0)))
    assert sizes_of(found) == "counter"
    assert sizes_of(tries(negotiation(row(block=2)))) == "block"


def test_a_span_leaves_out_what_is_not_finite():
    assert span([None, 2.0, math.nan, -1.0, math.inf]) == (-1.0, 2.0)
    assert span([None, math.nan]) is None


def test_nan_and_infinite_prices_are_counted_not_drawn(theme, qtbot):
    scatter = PointScatter(theme)
    qtbot.addWidget(scatter)
    y = np.array([1.0, 2.0, math.nan, math.inf, 1.5, 1.2, 1.1, 1e12])
    said = []
    scatter.caption_changed.connect(said.append)
    points = Points(np.arange(8.0), y, ("A<->B",) * 8, tuple(range(8)), 8, ("8 of 80 drawn.",))
    scatter.show_points(points, {"A<->B": QColor("blue")})
    assert "8 of 80 drawn." in said[-1]
    assert "1 infinite" in said[-1]
    assert "1 without a value" in said[-1]
    assert "1 beyond" in said[-1]
    assert scatter.place_of(4) == (4.0, 1.5)
    assert scatter.place_of(99) is None


def test_groups_keep_their_shape_whatever_else_is_drawn():
    known = [shape_of(pair) for pair in ("A<->B", "A<->M", "B<->M")]
    assert len(set(known)) == 3
    assert shape_of("x") == shape_of("x")


def test_a_click_on_a_bin_goes_to_its_first_tick(theme, qtbot):
    chart = TickHistogram(theme, lambda name: QColor("red"))
    qtbot.addWidget(chart)
    chart.resize(464, 100)  # 400 pixels for 4 bins
    start = np.array([1_000_000, 1_000_010, 1_000_020, 1_000_030])
    chart.show_histogram(Histogram(start, 10, {"r": np.array([1, 0, 5, 2])}))
    chart.show()
    with qtbot.waitSignal(chart.tick_clicked) as clicked:
        qtbot.mouseClick(chart, Qt.LeftButton, pos=chart.rect().topLeft() + _point(56 + 250, 40))
    assert clicked.args == [1_000_020]


def test_no_tick_of_a_histogram_is_cut_off_at_an_edge(theme, qtbot):
    chart = TickHistogram(theme, lambda name: QColor("red"))
    qtbot.addWidget(chart)
    chart.resize(464, 100)
    last = chart.label_box(chart.width() - 8, "1000000")
    assert last.right() <= chart.width()
    assert last.width() >= chart.fontMetrics().horizontalAdvance("100000")
    assert chart.label_box(0, "1000000").left() >= 0
    middle = chart.label_box(200, "100")
    assert middle.center().x() == 200


def test_one_row_is_not_called_rows():
    assert [rows_text(n, None) for n in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert rows_text(1, 2) == "1 of 2 rows"


def test_shares_below_each_other_have_the_same_decimals():
    assert [share_text(n, 120) for n in (48, 68, 120)] == ["40.0 %", "56.7 %", "100 %"]


def test_an_empty_histogram_is_drawn_empty(theme, qtbot):
    chart = TickHistogram(theme, lambda name: QColor("red"))
    qtbot.addWidget(chart)
    chart.show_histogram(Histogram(np.empty(0, dtype=np.int64), 1, {}))
    assert not chart.grab().isNull()


def test_copied_text_keeps_every_digit_and_one_line_a_row():
    columns = (Column("a", "a", "real"), Column("b", "b", "text"))
    text = as_text(columns, [(0.1 + 0.2, "two\nlines\tand a tab"), (None, ""), (0.0, "=1+1")])
    assert text.splitlines() == [
        "a\tb",
        "0.30000000000000004\ttwo lines and a tab",
        "\t",
        "0.0\t=1+1",
    ]


def test_counts_and_shares_never_claim_too_much():
    assert count_text(5559) == "5\u202f559"
    assert share_text(1, 5_000_000) == "< 0.1 %"
    assert share_text(4_999_999, 5_000_000) == "> 99.9 %"
    assert share_text(0, 10) == "0 %"
    assert rows_text(None, None) == "counting rows …"
    assert rows_text(90, 5559) == "90 of 5\u202f559 rows"
    assert rows_text(90, 90) == "90 rows"


def _point(x, y):
    from PySide6.QtCore import QPoint

    return QPoint(x, y)
