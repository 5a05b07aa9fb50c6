"""The view of attempts and the ladder against databases whose rows are known."""

import numpy as np
import pytest

from tests.builders import moltmarket, simcash, vmt
from tests.builders.vmt_rows import REASONS
from tests.viewer.shown import shown, wait
from vmt_log_viewer.state.items import RowItem
from vmt_log_viewer.views.attempts import AttemptsView
from vmt_log_viewer.widgets.outcome_mark import outcome_shape


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return vmt.build("barter", tmp_path_factory.mktemp("attempts") / "b.db", ticks=40, agents=4)


@pytest.fixture
def view(qtbot, context, database):
    with shown(qtbot, context, AttemptsView, database) as view:
        yield view


def by_reason(database, where="result='fail'"):
    return dict(
        vmt.query(
            database,
            "select result_reason, count(*) from trade_attempts"
            f" where run_id=1 and {where} group by 1",
        )
    )


def choose(view, row):
    view.panel.view.setCurrentIndex(view.panel.model.index(row, 2))


def test_failures_come_first_and_successes_on_request(view, database, qtbot):
    failures = sum(by_reason(database).values())
    everything = sum(by_reason(database, "1=1").values())
    assert everything > failures
    assert view.panel.model.total == failures
    assert view._failures.isChecked()
    view._failures.click()
    wait(qtbot, view)
    assert view.panel.model.total == everything


def test_the_funnel_counts_every_reason_and_its_parts_add_up(view, database):
    rows = view.facets.section("reason").list.facet_model.rows
    assert {row.text: row.count for row in rows} == by_reason(database)
    assert [row.count for row in rows] == sorted((row.count for row in rows), reverse=True)
    for row in rows:
        assert sum(count for _, count, _ in row.parts) == row.count


def test_the_histogram_holds_the_filtered_rows_by_reason(view, database, qtbot):
    counts = view.histogram.histogram.counts
    assert {name: int(c.sum()) for name, c in counts.items()} == by_reason(database)
    view.facets.section("reason").list.toggled.emit("buyer_insufficient_B")
    wait(qtbot, view)
    counts = view.histogram.histogram.counts
    assert set(counts) == {"buyer_insufficient_B"}
    ticks = vmt.query(
        database,
        "select tick, count(*) from trade_attempts where run_id=1"
        " and result_reason='buyer_insufficient_B' group by 1",
    )
    start = view.histogram.histogram.start
    expected = np.zeros(start.size, dtype=int)
    for tick, count in ticks:
        expected[np.searchsorted(start, tick, side="right") - 1] += count
    assert np.array_equal(counts["buyer_insufficient_B"], expected)


def test_a_chosen_reason_leaves_its_rows(view, database, qtbot):
    view.facets.section("reason").list.toggled.emit("dB_nonpositive")
    wait(qtbot, view)
    assert view.panel.model.total == by_reason(database)["dB_nonpositive"]


def test_a_chosen_attempt_shows_its_whole_negotiation(view, qtbot, context):
    choose(view, 2)
    wait(qtbot, view)
    tick = context.document.cursor.tick
    tries = view.negotiation.list.ladder.tries
    assert view.negotiation.negotiation.tick == tick
    assert [t.reason for t in tries] == [*REASONS, "utility_improves_both"]
    assert tries[view.negotiation.list.currentIndex().row()].key == view.panel.current_key()
    assert view.negotiation._verdict.text().startswith("Try 3: The buyer does not gain")


def test_a_try_tells_both_sides_gains_quotes_and_what_was_missing(view, qtbot):
    choose(view, 0)
    wait(qtbot, view)
    tries = view.negotiation.list.ladder.tries
    both = next(t for t in tries if t.reason == "both_utility_no_improvement")
    assert (both.buying.before, both.buying.after, both.buying.gain) == (10.0, 9.5, -0.5)
    assert both.selling.gain == -1.0
    assert (both.ask, both.bid, both.gap) == (0.5, 1.25, 0.75)
    short = next(t for t in tries if t.reason == "seller_insufficient_A")
    assert (short.block, short.shortage) == (6, 1)
    assert (short.buying.feasible, short.selling.feasible) == (True, False)
    assert tries[-1].success


def test_shapes_tell_outcomes_apart_without_colour(view, qtbot):
    choose(view, 0)
    wait(qtbot, view)
    shapes = {t.reason: outcome_shape(t) for t in view.negotiation.list.ladder.tries}
    assert shapes["utility_improves_both"] == "disc"
    assert shapes["both_utility_no_improvement"] == "cross"
    assert shapes["buyer_utility_no_improvement"] == "down"
    assert shapes["seller_utility_no_improvement"] == "up"
    assert shapes["seller_insufficient_A"] == shapes["buyer_insufficient_B"] == "square"


def test_stepping_goes_from_failure_to_failure(view, qtbot, context):
    keys = []
    for count in (1, 1, -1):
        view.step_failure(count)
        wait(qtbot, view)
        keys.append(context.document.selection.item.key)
    assert keys[0] == keys[2] != keys[1]
    assert view.panel.value(view.panel.view.currentIndex().row(), "result") == "fail"


def test_a_failure_found_by_the_window_is_shown_here(view, database, qtbot, context):
    (key, tick) = vmt.query(
        database,
        "select id, tick from trade_attempts where run_id=1 and result='fail'"
        " order by id desc limit 1",
    )[0]
    context.document.selection.select(RowItem("trade_attempts", key, tick))
    wait(qtbot, view)
    assert view.panel.current_key() == key
    assert view.negotiation.negotiation.tick == tick


def test_the_states_of_both_agents_before_and_after_are_shown(view, qtbot, context):
    from vmt_log_viewer.models.ladder import state_lines

    choose(view, 9)  # the first row of the second tick with trades
    wait(qtbot, view)
    ticks, lines = state_lines(view.negotiation.negotiation)
    tick = context.document.cursor.tick
    assert ticks == (tick - 1, tick - 1)
    utility = next(line for line in lines if line.column.name == "utility")
    assert utility.values[0] == (tick - 1 + 0.25, tick + 0.25)
    assert not any(line.column.name == "inventory_M" for line in lines)


def test_a_run_without_attempts_says_how_to_record_them(qtbot, context, tmp_path):
    path = vmt.build("money", tmp_path / "m.db")
    connection = vmt.connect(path)
    with connection:
        connection.execute("delete from trade_attempts")
    connection.close()
    with shown(qtbot, context, AttemptsView, path) as view:
        assert view._empty.isVisible()
        assert "debug" in view._empty.text
        assert view.export_request() is None


def test_a_filter_that_matches_nothing_is_no_empty_run(view, qtbot):
    view.panel.filters.set_text("tick", ">100000")
    wait(qtbot, view)
    assert view.panel.model.total == 0
    assert not view._empty.isVisible()


def test_a_failure_of_one_agent_alone_is_told_in_words(qtbot, context, tmp_path):
    log = moltmarket.write_log(tmp_path / "events.jsonl", moltmarket.small_market())
    with shown(qtbot, context, AttemptsView, log, moltmarket.RUN) as view:
        assert view.panel.model.total == 2
        choose(view, 1)
        wait(qtbot, view)
        assert not view.negotiation.isVisible()
        assert "=1+1 is no price" in view.payload.words.text()
        assert view.payload.fact("reasonCode").value == "INVALID_PRICE"


def test_payments_that_failed_are_counted_by_their_cause(qtbot, context, tmp_path):
    path = simcash.unified(tmp_path / "u.db")
    with shown(qtbot, context, AttemptsView, path, simcash.ALONE) as view:
        assert view._by_gate.text() == "By cause"
        view._by_gate.click()
        qtbot.waitUntil(lambda: bool(view.funnel.rows.rows))
        wait(qtbot, view)
        assert [c.label for c in view.funnel.rows.columns][:3] == [
            "status", "sender", "failed transactions"]  # fmt: skip
        assert sum(row[2] for row in view.funnel.rows.rows) == view.panel.model.total
        assert view._about.text().startswith("Failed transactions by reason, all ticks.")
        assert view.state()["above"] == "gates"
