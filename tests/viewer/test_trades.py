"""The view of trades against databases whose rows are known."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from telemetry.concepts import TickRange
from telemetry.filters import Filter
from telemetry.queries import Sort
from tests.builders import simcash, vmt
from tests.viewer.shown import shown, wait
from vmt_log_viewer.state.items import NegotiationItem, RowItem
from vmt_log_viewer.views.trades import TradesView


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return vmt.build("money_full", tmp_path_factory.mktemp("trades") / "m.db", ticks=60, agents=4)


@pytest.fixture
def view(qtbot, context, database):
    with shown(qtbot, context, TradesView, database) as view:
        yield view


def expected(database, sql="1=1"):
    """Rows of run 1 by SQL run by hand."""
    return vmt.query(database, f"select id, tick from trades where run_id=1 and {sql} order by id")


def row_of(view, key):
    return view.panel.model.loaded_row(key)


def test_every_trade_of_the_run_is_there(view, database):
    rows = expected(database)
    assert view.panel.model.total == len(rows)
    keys = [view.panel.model.key_at(i) for i in range(len(rows))]
    assert keys == [key for key, _ in rows]
    assert view.panel.status() == f"{len(rows)} rows"


def test_a_ticked_pair_leaves_its_trades_and_the_other_counts_as_they_were(view, database, qtbot):
    section = view.facets.section("pair")
    counts = {row.text: row.count for row in section.list.facet_model.rows}
    assert counts == dict(
        vmt.query(
            database, "select exchange_pair_type, count(*) from trades where run_id=1 group by 1"
        )
    )
    section.list.toggled.emit("A<->M")
    wait(qtbot, view)
    assert view.panel.model.total == counts["A<->M"]
    after = {row.text: row.count for row in section.list.facet_model.rows}
    assert after == counts
    direction = view.facets.section("direction")
    assert [row.text for row in direction.list.facet_model.rows] == ["A_traded_for_M"]


def test_money_is_one_click(view, database, qtbot):
    view.facets.section("pair").chips.button("Money").click()
    wait(qtbot, view)
    assert view.panel.model.total == len(expected(database, "dM > 0"))
    assert "filtered" in view.panel.status()


def test_the_summary_is_of_exactly_the_filtered_rows(view, database, qtbot):
    view.panel.filters.set_text("pair_type", "A<->M")
    wait(qtbot, view)
    summary = view.summary.summary
    names = [column.name for column in summary.columns]
    count, volume, price = vmt.query(
        database,
        "select count(*), sum(dM), avg(price) from trades where run_id=1 and dM>0 and dA>0",
    )[0]
    assert summary.total[names.index("trade_count")] == count
    assert summary.total[names.index("sum_dM")] == volume
    assert summary.total[names.index("avg_price")] == price
    assert [group[0] for group in summary.groups] == ["A<->M"]


def test_the_summary_s_lines_are_those_of_the_filter_and_all_of_them_afterwards(view, qtbot):
    def lines() -> list[str]:
        labels = view.summary.findChildren(QLabel)
        return sorted(label.text() for label in labels if not label.isHidden())

    whole, labels = lines(), set(view.summary.findChildren(QLabel))
    assert {"All", "A<->M", "B<->M"} <= set(whole)
    view.panel.filters.set_text("pair_type", "A<->M")
    wait(qtbot, view)
    assert "A<->M" in lines()
    assert "B<->M" not in lines()
    assert len(lines()) < len(whole)
    view.panel.filters.clear()
    wait(qtbot, view)
    assert lines() == whole
    assert labels <= set(view.summary.findChildren(QLabel))  # so what is selected stays


def test_the_scatter_holds_the_filtered_rows_and_no_others(view, database, qtbot):
    view.panel.filters.set_text("pair_type", "B<->M")
    wait(qtbot, view)
    rows = expected(database, "dM > 0 and dB > 0")
    assert list(view.scatter.points.key) == [key for key, _ in rows]
    assert np.array_equal(view.scatter.points.x, [tick for _, tick in rows])


def test_a_chosen_row_moves_the_cursor_and_rings_its_point(view, database, qtbot, context):
    key, tick = expected(database)[3]
    view.panel.view.setCurrentIndex(view.panel.model.index(row_of(view, key), 2))
    assert context.document.cursor.tick == tick
    assert context.document.selection.item == RowItem("trades", key, tick)
    assert view.scatter.chosen == view.scatter.place_of(key)


def test_a_clicked_point_is_its_row(view, database, qtbot, context):
    key, tick = expected(database)[5]
    view.scatter.point_clicked.emit(key)
    wait(qtbot, view)
    assert view.panel.current_key() == key
    assert context.document.cursor.tick == tick
    assert view.scatter.chosen == view.scatter.place_of(key)


def test_a_row_selected_elsewhere_is_found(view, database, qtbot, context):
    key, tick = expected(database)[-1]
    context.document.selection.select(RowItem("trades", key, tick))
    wait(qtbot, view)
    assert view.panel.current_key() == key


def test_the_brush_limits_every_part(view, database, qtbot, context):
    context.document.selection.set_brush(TickRange(10, 29))
    wait(qtbot, view)
    rows = expected(database, "tick between 10 and 29")
    assert view.panel.model.total == len(rows)
    assert view.scatter.points.total == len(rows)
    assert view.summary.summary.total[1] == len(rows)
    assert "ticks 10–29" in view.panel.status()


def test_the_chosen_agents_limit_rows_only_where_that_is_wanted(view, database, qtbot, context):
    context.document.selection.set_agents((3,))  # agent 3 never trades
    wait(qtbot, view)
    assert view.panel.model.total == len(expected(database))
    view._only_chosen.click()
    wait(qtbot, view)
    assert view.panel.model.total == 0
    context.document.selection.set_agents((0,))
    wait(qtbot, view)
    assert view.panel.model.total == len(expected(database))


def test_the_export_is_what_is_seen(view, qtbot):
    view.panel.filters.set_text("tick", ">=20")
    view.panel.view.show_column("direction", False)
    view.panel.view.show_column("x", True)
    view.panel.view.sortByColumn(view.panel.model.column_index("price"), Qt.DescendingOrder)
    wait(qtbot, view)
    (query,) = view.export_request().queries
    assert query.where.filters == (Filter.parse("tick", ">=20"),)
    assert query.sort == Sort("price", True)
    assert query.columns == view.panel.view.visible_columns()
    assert "direction" not in query.columns
    assert "x" in query.columns


def test_copied_rows_are_exact_and_have_headings(view, database, qtbot):
    view.panel.view.selectAll()
    view.panel.copy()
    qtbot.waitUntil(view.settled)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t") == list(view.panel.view.visible_columns())
    assert len(lines) == 1 + len(expected(database))
    price = lines[0].split("\t").index("price")
    prices = vmt.query(database, "select price from trades where run_id=1 order by id")
    assert [float(line.split("\t")[price]) for line in lines[1:]] == [p for (p,) in prices]


def test_undo_takes_a_filter_back(view, database, qtbot, context):
    view.panel.filters.set_text("tick", "<10")
    wait(qtbot, view)
    context.document.history.undo()
    wait(qtbot, view)
    assert view.panel.filters.texts == {}
    assert view.panel.model.total == len(expected(database))


def test_a_double_click_opens_the_negotiation(view, database, qtbot, context):
    key, tick = expected(database)[2]
    table = view.panel.view
    index = view.panel.model.index(row_of(view, key), view.panel.model.column_index("tick"))
    table.scrollTo(index)
    at = table.visualRect(index).center()
    qtbot.mouseClick(table.viewport(), Qt.LeftButton, pos=at)
    qtbot.mouseDClick(table.viewport(), Qt.LeftButton, pos=at)
    wait(qtbot, view)
    assert context.document.selection.item == NegotiationItem(tick, (0, 1))
    negotiation = view.negotiation.negotiation
    assert (negotiation.tick, set(negotiation.agents)) == (tick, {0, 1})
    assert view.negotiation.isVisible()
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert view.scatter.isVisible()


def test_another_run_keeps_the_filter_and_shows_its_own_rows(view, database, qtbot, context):
    view.panel.filters.set_text("tick", "<30")
    wait(qtbot, view)
    source = context.document.source
    view.show_run(source, 2)
    wait(qtbot, view)
    (count,) = vmt.query(database, "select count(*) from trades where run_id=2 and tick<30")[0]
    assert view.panel.model.total == count


def test_columns_that_this_database_lacks_are_hidden_until_asked_for(qtbot, context, tmp_path):
    path = vmt.build("barter", tmp_path / "b.db")
    with shown(qtbot, context, TradesView, path) as view:
        assert "dM" not in view.panel.view.visible_columns()
        view.panel.view.show_column("dM", True)
        assert "dM" in view.panel.view.visible_columns()
        model = view.panel.model
        assert model.data(model.index(0, model.column_index("dM"))) == "not recorded"


def test_money_columns_are_hidden_in_a_run_that_left_them_empty(qtbot, context, database):
    with shown(qtbot, context, TradesView, database, run_id=2) as view:
        assert vmt.regime_of("money_full", 2) == "barter_only"
        assert "dM" not in view.panel.view.visible_columns()


def test_columns_arranged_by_hand_are_remembered(qtbot, context, database):
    with shown(qtbot, context, TradesView, database) as view:
        view.panel.view.show_column("direction", False)
        view.panel.view.horizontalHeader().moveSection(0, 5)
        order = view.panel.view.visible_columns()
    with shown(qtbot, context, TradesView, database) as again:
        assert again.panel.view.visible_columns() == order


def test_a_hidden_view_asks_nothing_until_it_is_shown(qtbot, context, database, runner):
    import telemetry
    from telemetry.queries import RunQuery

    source = telemetry.open_source(database)
    view = TradesView(context)
    qtbot.addWidget(view)
    context.document.show_run(source, source.ask(RunQuery(1)).run)
    view.show_run(source, 1)
    context.document.selection.set_brush(TickRange(0, 9))
    assert runner.idle()
    assert view.panel.model.asked is None
    view.show()
    wait(qtbot, view)
    assert view.panel.model.total == len(expected(database, "tick < 10"))
    source.close()


def test_a_huge_price_does_not_flatten_the_others(qtbot, context, tmp_path):
    path = vmt.build("money_full", tmp_path / "h.db", ticks=60)
    row = {"x": 0, "y": 0, "buyer_id": 0, "seller_id": 1, "dA": 1, "dB": 1, "dM": 0}
    vmt.insert(path, "trades", run_id=1, tick=5, price=1e8, direction="A_traded_for_B", **row)
    with shown(qtbot, context, TradesView, path) as view:
        _, high = view.scatter.box.viewRange()[1]
        assert high < 100
        assert "1 beyond" in view._beyond.text()
        view.fit()
        assert view.scatter.box.viewRange()[1][1] > 1e8


def test_the_view_fits_a_small_window(qtbot, context, database):
    with shown(qtbot, context, TradesView, database) as view:
        view.resize(480, 360)
        qtbot.waitUntil(lambda: not view.facets.isVisible())
        assert view.width() == 480
        assert view.panel.view.viewport().height() > 48
        assert view.panel.view.rowAt(QPoint(5, 30).y()) >= 0


def test_payments_without_prices_are_drawn_by_their_amounts(qtbot, context, tmp_path):
    path = simcash.unified(tmp_path / "u.db")
    with shown(qtbot, context, TradesView, path, simcash.ALONE) as view:
        amounts = sorted(row["amount"] / 100 for row in simcash.transactions(simcash.ALONE))
        assert sorted(view.scatter.points.y.tolist()) == amounts
        assert view._axis.text() == "amount ($) over ticks"
        assert "not recorded" not in view._legend.accessibleName()
