"""The overview of runs whose rows are known."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from telemetry.concepts import TickRange
from telemetry.queries import TimelineQuery
from tests.builders import simcash, vmt
from tests.viewer.shown import shown, wait
from vmt_log_viewer.plots.picture import RATIO
from vmt_log_viewer.state.items import AgentItem, RunItem
from vmt_log_viewer.views.overview import OverviewView
from vmt_log_viewer.widgets.outcome_mark import reason_color


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    folder = tmp_path_factory.mktemp("overview")
    return vmt.build("money_full", folder / "m.db", ticks=60, agents=4)


@pytest.fixture
def view(qtbot, context, database):
    with shown(qtbot, context, OverviewView, database) as view:
        yield view


def texts(widget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel) if label.text()]


def test_the_run_is_named_with_its_facts(view, database):
    (name,) = vmt.query(database, "select scenario_name from simulation_runs where run_id=1")[0]
    assert view.page.head.text() == name
    facts = dict(
        zip(texts(view.page.fact_grid)[::2], texts(view.page.fact_grid)[1::2], strict=True)
    )
    assert facts["Ticks"] == "0 to 59"
    assert facts["Ended"] == "not recorded"


def test_a_regime_that_differs_from_the_run_row_is_warned_of(qtbot, context, tmp_path):
    path = vmt.build("money", tmp_path / "m.db", runs=1, ticks=10)
    with shown(qtbot, context, OverviewView, path) as view:
        shown_texts = " ".join(texts(view.page._page))
        assert "barter_only" in shown_texts
        assert "mixed" in shown_texts
        assert view.page.messages.count() >= 1


def test_a_fact_that_takes_a_pass_over_the_rows_is_said_to_be_read_until_it_is_known(view):
    def regime() -> str:
        grid = view.page.fact_grid._grid
        rows = [[grid.itemAtPosition(row, column) for column in (0, 1)] for row in
                range(grid.rowCount())]  # fmt: skip
        told = dict([item.widget().text() for item in row] for row in rows if None not in row)
        return told["Regime (ticks)"]

    (known,) = set(view.context.document.source.ask(TimelineQuery(1, ("regime",))).lanes[0].state)
    assert regime() == known
    view._findings = None  # as it was before the pass had ended
    view._show_detail()
    assert regime() == "reading …"
    view._show_findings()
    assert regime() == known


def test_row_counts_are_those_of_the_tables(view, database):
    counts = dict(
        zip(texts(view.page.size_grid)[::2], texts(view.page.size_grid)[1::2], strict=True)
    )
    (n,) = vmt.query(database, "select count(*) from trades where run_id=1")[0]
    assert counts["Trades"] == str(n)
    assert counts["λ updates"] == "0"


def test_pair_types_stand_beside_each_other_with_their_own_sums(view, database):
    summary = view._answers["summary"]
    by_sql = dict(
        vmt.query(
            database, "select exchange_pair_type, count(*) from trades where run_id=1 group by 1"
        )
    )
    assert {group[0]: group[1] for group in summary.groups} == by_sql
    shown_texts = texts(view.page.pair_table)
    assert {"A<->B", "A<->M", "B<->M", "all"} <= set(shown_texts)
    assert str(sum(by_sql.values())) in shown_texts


def test_a_mean_price_over_different_units_is_not_given(view):
    table = view.page.pair_table._grid
    rows = {table.itemAtPosition(r, 0).widget().text(): r for r in range(1, table.rowCount())}
    cell = table.itemAtPosition(rows["mean price"], 4)
    assert cell.widget().text() == ""


def test_trades_over_time_hold_every_trade(view, database):
    (n,) = vmt.query(database, "select count(*) from trades where run_id=1")[0]
    histogram = view.page.bins.histogram
    assert sum(int(counts.sum()) for counts in histogram.counts.values()) == n
    assert view.page.bins.words_at(view.page.bins._area().left() + 1).startswith("tick 0\n")


def test_a_click_on_a_bin_moves_the_cursor(view, context):
    area = view.page.bins._area()
    x = area.left() + area.width() * 30.5 / 60
    QTest.mouseClick(view.page.bins, Qt.MouseButton.LeftButton, pos=QPoint(int(x), 60))
    assert context.document.cursor.tick == 30


def test_failures_come_first_and_reasons_have_their_colours(view, database):
    failed = vmt.query(
        database,
        "select result_reason, count(*) from trade_attempts where run_id=1 and result<>'success'"
        " group by 1 order by 2 desc, 1",
    )
    bars = view.page.reason_bars.bars
    assert [(bar.name, bar.count) for bar in bars[: len(failed)]] == failed
    assert [bar.color for bar in bars] == [reason_color(view.context.theme, b.name) for b in bars]
    assert reason_color(view.context.theme, "dB_nonpositive").name() == "#8c8c8c"
    assert [bar.name for bar in bars[len(failed) :]] == ["utility_improves_both"]


def test_the_headings_are_the_familys_own_words(qtbot, context, tmp_path):
    with shown(
        qtbot, context, OverviewView, simcash.unified(tmp_path / "u.db"), simcash.ALONE
    ) as view:
        titles = [getattr(view.page, n).title.text() for n in ("pairs", "over_time", "attempts")]
        assert titles == [
            "Transactions by status",
            "Transactions over time",
            "Failed transactions by reason",
        ]
        assert "succeeded" not in view.page.attempts.note.text()


def test_agents_are_counted_as_buyers_and_as_sellers_busiest_first(view, database):
    bought = dict(
        vmt.query(database, "select buyer_id, count(*) from trades where run_id=1 group by 1")
    )
    sold = dict(
        vmt.query(database, "select seller_id, count(*) from trades where run_id=1 group by 1")
    )
    columns = view.page.trader_chart.columns
    assert {c.agent_id: c.parts for c in columns} == {
        a: (bought.get(a, 0), sold.get(a, 0)) for a in range(4)
    }
    totals = [sum(c.parts) for c in columns]
    assert totals == sorted(totals, reverse=True)


def test_start_and_end_of_each_agent_are_the_first_and_last_tick(view, database):
    rows = vmt.query(
        database,
        "select agent_id, max(case when tick=0 then utility end),"
        " max(case when tick=59 then utility end) from agent_snapshots where run_id=1 group by 1",
    )
    columns = view.page.spans["utility"].content.columns
    assert {c.agent_id: c.parts for c in columns} == {a: (x, y) for a, x, y in rows}


def test_a_column_of_an_agent_leads_to_the_inspector(view, context):
    heard = []
    context.document.selection.item_selected.connect(heard.append)
    strip = view.page.trader_chart._strip(0).center().toPoint()
    QTest.mouseClick(view.page.trader_chart, Qt.MouseButton.LeftButton, pos=strip)
    assert heard == [AgentItem(view.page.trader_chart.columns[0].agent_id)]
    view.page.inspect.click()
    assert heard[-1] == RunItem()


def test_a_brush_limits_every_count(view, context, database, qtbot):
    context.document.selection.set_brush(TickRange(10, 29))
    wait(qtbot, view)
    (n,) = vmt.query(
        database, "select count(*) from trades where run_id=1 and tick between 10 and 29"
    )[0]
    assert view._answers["summary"].total[1] == n
    assert sum(sum(c.parts) for c in view.page.trader_chart.columns) == 2 * n
    rows = vmt.query(
        database, "select agent_id, utility from agent_snapshots where run_id=1 and tick=29"
    )
    assert {c.agent_id: c.parts[1] for c in view.page.spans["utility"].content.columns} == dict(
        rows
    )
    assert view.page.limits.text() == "limited to ticks 10–29"
    context.document.selection.set_brush(None)
    wait(qtbot, view)
    assert view.page.limits.text() == ""


def test_a_run_without_attempts_says_how_to_record_them(qtbot, context, tmp_path):
    path = vmt.build("money_full", tmp_path / "m.db", runs=1, ticks=3, agents=1)
    with shown(qtbot, context, OverviewView, path) as view:
        assert "No attempts are recorded" in view.page.attempts.sentence.text()
        assert "debug" in view.page.attempts.sentence.text()
        assert view.page.pairs.sentence.text() == "No trade happened in this run."


def test_a_run_without_trades_leaves_no_room_empty_for_them(qtbot, context, tmp_path):
    path = vmt.build("money_full", tmp_path / "m.db", runs=1, ticks=9, agents=1)
    with shown(qtbot, context, OverviewView, path) as view:
        page = view.page
        assert page.pairs.sentence.text() == "No trade happened in this run."
        assert page.pairs.height() <= page.pairs.sizeHint().height() < 60
        assert page.attempts.y() < page.pairs.geometry().bottom() + 40
        assert not page.over_time.isVisible()
        assert not page.traders.isVisible()
        context.document.selection.set_brush(TickRange(3, 5))
        wait(qtbot, view)
        assert page.pairs.sentence.text() == "No trade happened in ticks 3–5."
        assert page.over_time.isVisible()


def test_what_this_database_lacks_reads_as_not_recorded(qtbot, context, tmp_path):
    path = vmt.build("legacy", tmp_path / "m.db", runs=1, ticks=30)
    with shown(qtbot, context, OverviewView, path) as view:
        assert "not recorded" in texts(view.page.pair_table)
        assert "Tick states" in view.page.sizes.note.text()
        assert "lambda_money" not in view.page.spans


def test_room_is_kept_while_answers_are_on_their_way(qtbot, context):
    view = OverviewView(context)
    qtbot.addWidget(view)
    assert all(section.sentence.minimumHeight() >= 120 for section in view.page.sections())


def test_narrow_it_is_one_column_and_wide_it_is_two(view, qtbot):
    assert view.page.columns == 2
    view.resize(600, 700)
    assert view.page.columns == 1
    qtbot.waitUntil(lambda: view.page.pairs.width() > 500)
    view.resize(1000, 700)
    assert view.page.columns == 2
    qtbot.waitUntil(lambda: abs(view.page.pairs.width() - view.page.facts.width()) <= 2)


def test_names_from_a_database_are_never_formatted(qtbot, context, tmp_path):
    path = vmt.build(
        "money", tmp_path / "m.db", runs=1, ticks=3, scenario_name="<b>x</b>\n\u202eevil"
    )
    with shown(qtbot, context, OverviewView, path) as view:
        assert view.page.head.text() == "<b>x</b>\\n\\u202eevil"
        assert view.page.head.textFormat() == Qt.TextFormat.PlainText
        assert all(
            label.textFormat() == Qt.TextFormat.PlainText
            for label in view.page._page.findChildren(QLabel)
            if label.text()
        )


def test_the_whole_page_is_exported_as_a_picture(view, tmp_path):
    path = tmp_path / "overview.png"
    view.export_request().pictures["png"](path)
    picture = QImage(str(path))
    assert picture.height() == RATIO * view.page.widget().height()
    assert view.page.widget().height() > view.height()


def test_both_themes_are_painted(view, theme):
    light = view.grab().toImage().pixelColor(4, 400)
    theme.choose("dark")
    assert light.lightness() > 200
    assert view.page.trader_legend is not None


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["legacy", "mode", "money_p2", "money", "money_full"])
def test_real_runs_are_counted_as_sql_counts_them(qtbot, context, shared_data, tmp_path, name):
    path = tmp_path / f"{name}.db"
    path.write_bytes((shared_data / "vmt" / f"{name}.db").read_bytes())
    with shown(qtbot, context, OverviewView, path) as view:
        (trades,) = vmt.query(path, "select count(*) from trades where run_id=1")[0]
        (attempts,) = vmt.query(path, "select count(*) from trade_attempts where run_id=1")[0]
        assert view._answers["summary"].total[1] == trades
        assert sum(bar.count for bar in view.page.reason_bars.bars) == attempts
        assert sum(sum(c.parts) for c in view.page.trader_chart.columns) == 2 * trades
        assert not view.grab().isNull()


def test_pairs_that_contradict_the_amounts_are_warned_of_also_once_more(qtbot, context, tmp_path):
    path = vmt.build("money_p2", tmp_path / "m.db", runs=1, ticks=31)
    with shown(qtbot, context, OverviewView, path) as view:
        for _ in range(2):
            said = [text for text in texts(view.page._page) if "contradicts the amounts" in text]
            assert len(said) == 1
            view.refresh()
            wait(qtbot, view)
