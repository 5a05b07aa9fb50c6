"""Trades, attempts and map on the real samples: what is shown equals SQL run by hand."""

import shutil
import sqlite3

import pytest

from tests.viewer.shown import shown, wait
from vmt_log_viewer.state.items import RowItem
from vmt_log_viewer.views.agents_map import MapView
from vmt_log_viewer.views.attempts import AttemptsView
from vmt_log_viewer.views.trades import TradesView

pytestmark = pytest.mark.realdata


@pytest.fixture
def sample(shared_data, tmp_path):
    """A function that copies a sample and gives its path and a function that runs SQL."""

    def copy(name):
        path = tmp_path / name
        shutil.copy(shared_data / "vmt" / name, path)
        path.chmod(0o644)

        def sql(statement):
            connection = sqlite3.connect(path)
            try:
                return connection.execute(statement).fetchall()
            finally:
                connection.close()

        return path, sql

    return copy


def test_trades_by_pair_type_are_those_of_the_file(qtbot, context, sample):
    path, sql = sample("money_full.db")
    with shown(qtbot, context, TradesView, path, run_id=2) as view:
        rows = view.facets.section("pair").list.facet_model.rows
        assert {row.text: row.count for row in rows} == dict(
            sql("select exchange_pair_type, count(*) from trades where run_id=2 group by 1")
        )
        summary = view.summary.summary
        names = [column.name for column in summary.columns]
        shown_prices = {g[0]: g[names.index("avg_price")] for g in summary.groups}
        assert shown_prices == pytest.approx(
            dict(sql("select exchange_pair_type, avg(price) from trades where run_id=2 group by 1"))
        )


def test_a_trade_far_down_is_found_by_its_key(qtbot, context, sample):
    path, sql = sample("money.db")
    ((key, tick),) = sql("select id, tick from trades where run_id=8 order by tick desc limit 1")
    with shown(qtbot, context, TradesView, path, run_id=8) as view:
        context.document.selection.select(RowItem("trades", key, tick))
        wait(qtbot, view)
        qtbot.waitUntil(lambda: view.panel.current_key() == key)
        assert view.panel.view.currentIndex().row() > 8_000
        assert view.scatter.chosen == view.scatter.place_of(key)


def test_attempts_by_reason_are_those_of_the_file(qtbot, context, sample):
    path, sql = sample("legacy.db")
    with shown(qtbot, context, AttemptsView, path) as view:
        rows = view.facets.section("reason").list.facet_model.rows
        assert {row.text: row.count for row in rows} == dict(
            sql(
                "select result_reason, count(*) from trade_attempts"
                " where run_id=1 and result='fail' group by 1"
            )
        )
        assert view.panel.status().replace("\u202f", "") == "5549 of 5559 rows · filtered"
        for row in range(3):
            view.step_failure(1)
            wait(qtbot, view)
            key = context.document.selection.item.key
            tried = next(t for t in view.negotiation.list.ladder.tries if t.key == key)
            ((before, after, reason),) = sql(
                "select buyer_U_init, buyer_U_final, result_reason from trade_attempts"
                f" where id={key}"
            )
            assert tried.buying.gain == pytest.approx(after - before), row
            assert tried.reason == reason


def test_a_copy_of_every_attempt_is_complete(qtbot, context, sample):
    from PySide6.QtGui import QGuiApplication

    path, _ = sample("mode.db")
    with shown(qtbot, context, AttemptsView, path) as view:
        view.panel.filters.clear()
        wait(qtbot, view)
        view.panel.view.selectAll()
        view.panel.copy()
        wait(qtbot, view)
        assert len(QGuiApplication.clipboard().text().splitlines()) == 1 + 14_229


def test_agents_stand_where_the_file_says(qtbot, context, sample):
    path, sql = sample("money.db")
    with shown(qtbot, context, MapView, path, run_id=8) as view:
        context.document.cursor.move_to(59)
        wait(qtbot, view)
        assert [(m.agent_id, m.x, m.y) for m in view.canvas.scene.agents] == sql(
            "select agent_id, x, y from agent_snapshots where run_id=8 and tick=59 order by id"
        )
