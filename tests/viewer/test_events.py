"""The view of events: filters, payloads on demand, words, and the verdict on the chain."""

from __future__ import annotations

import json

import pytest

import telemetry
from telemetry.errors import NothingFoundError
from telemetry.queries import VerifyQuery
from tests.builders import moltmarket, simcash, vmt
from tests.viewer.shown import shown, wait
from vmt_log_viewer.models.payload import payload_facts
from vmt_log_viewer.state.items import RowItem
from vmt_log_viewer.views.events import EventsView
from vmt_log_viewer.views.inspections import inspect


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    return moltmarket.write_log(folder / "events.jsonl", moltmarket.small_market())


@pytest.fixture(scope="module")
def payments(tmp_path_factory):
    return simcash.unified(tmp_path_factory.mktemp("events") / "u.db")


@pytest.fixture
def view(qtbot, context, log):
    with shown(qtbot, context, EventsView, log, moltmarket.RUN) as view:
        yield view


def choose(view, qtbot, row):
    view.panel.view.setCurrentIndex(view.panel.model.index(row, 0))
    wait(qtbot, view)


def broken(tmp_path, number):
    """The log with another amount in event `number`, whose hash stays."""
    events = [json.loads(json.dumps(e)) for e in moltmarket.small_market()]
    events[number]["payload"]["quantity"] = "9.00000000"
    return moltmarket.write_log(tmp_path / "events.jsonl", events)


def test_every_event_is_listed_and_a_facet_leaves_its_own(view, qtbot):
    assert view.panel.model.total == len(moltmarket.small_market())
    view.facets.section("event").list.toggled.emit("ORDER_PLACED")
    wait(qtbot, view)
    assert view.panel.model.total == 3


def test_payloads_are_read_for_the_chosen_row_only(view, qtbot):
    assert "payload" not in [column.name for column in view.panel.model.columns]
    assert "payload" not in view.panel.model.asked.columns
    choose(view, qtbot, 5)
    assert view.payload.fact("orderId").value == "o1"
    choose(view, qtbot, 6)
    assert view.payload.fact("orderId").value == "o2"


def test_a_row_is_told_in_words_and_moves_the_cursor(view, qtbot, context):
    choose(view, qtbot, 11)
    words = view.payload.words.text()
    assert "1.00000000" in words
    assert "101.00000000" in words
    assert context.document.cursor.tick == 1
    assert isinstance(context.document.selection.item, RowItem)


def test_nothing_is_verified_unasked_and_a_sound_chain_is_said_so(view, qtbot):
    assert view.proof.verdict is None
    assert view.proof.isVisible()
    view.proof.verify.click()
    assert not view.proof.verify.isVisible()
    wait(qtbot, view)
    assert view.proof.verdict.sound
    assert view.proof.sentence.text().startswith("Sound: 18 events")
    assert not view.proof.jump.isVisible()


def test_the_verdict_names_the_first_bad_event_and_leads_to_it(qtbot, context, tmp_path):
    with shown(qtbot, context, EventsView, broken(tmp_path, 10), moltmarket.RUN) as view:
        view.panel.filters.set_text("event_type", "TICK_START")
        wait(qtbot, view)
        view.proof.verify.click()
        wait(qtbot, view)
        assert view.proof.verdict.broken_at == 10
        assert "Broken" in view.proof.sentence.text()
        view.proof.jump.click()
        wait(qtbot, view)
        assert view.panel.model.total == 18  # the filter that hid it is gone
        row = view.panel.view.currentIndex().row()
        assert view.panel.value(row, "sequence") == 10
        assert context.document.cursor.tick == 1


def test_a_check_can_be_cancelled_and_then_nothing_is_claimed(view, qtbot):
    view.proof.verify.click()
    view.proof.cancel.click()
    wait(qtbot, view)
    assert view.proof.verdict is None
    assert "cancelled" in view.proof.sentence.text()
    assert view.proof.verify.isVisible()


def test_a_family_without_a_proof_has_no_button(qtbot, context, payments):
    with shown(qtbot, context, EventsView, payments, simcash.ALONE) as view:
        assert not view.proof.isVisible()
        with pytest.raises(NothingFoundError):
            context.document.source.ask(VerifyQuery(simcash.ALONE))


def test_rows_without_a_column_for_their_key_still_show_their_payload(qtbot, context, payments):
    with shown(qtbot, context, EventsView, payments, simcash.ALONE) as view:
        wanted = {
            (row["tick"], row["event_type"]): json.loads(row["details"])
            for row in simcash.events(simcash.ALONE)
        }
        view.panel.model.sort(view.panel.model.column_index("event_type"))
        wait(qtbot, view)
        for row in (0, 5, 11):
            choose(view, qtbot, row)
            tick, kind = view.panel.value(row, "tick"), view.panel.value(row, "event")
            found = wanted[tick, kind]
            if isinstance(found, dict) and found:
                name = next(iter(found))
                assert view.payload.fact(name).value == found[name]


def test_the_inspector_shows_such_a_row_too(qtbot, context, payments):
    with shown(qtbot, context, EventsView, payments, simcash.ALONE) as view:
        choose(view, qtbot, 2)
        item, source = context.document.selection.item, context.document.source
        facts = inspect(source, simcash.ALONE, item, None, telemetry.cancel.CancelToken())
        named = {fact.name: fact.value for section in facts.sections for fact in section.facts}
        assert named["event"] == view.panel.value(2, "event")


def test_a_payload_of_ten_megabytes_is_a_tree_that_opens_on_demand(qtbot, context, tmp_path):
    events = moltmarket.small_market()
    big = {"list": [{"n": i, "text": "x" * 60} for i in range(110_000)]}
    assert len(json.dumps(big)) > 10_000_000 * 0.9
    chained = [(e["tickId"], e["eventType"], e["agentId"], e["payload"]) for e in events]
    chained.insert(4, (0, "NOTE", None, big))
    path = moltmarket.write_log(tmp_path / "events.jsonl", moltmarket.chain(chained))
    with shown(qtbot, context, EventsView, path, moltmarket.RUN) as view:
        choose(view, qtbot, 4)
        assert len(view.payload.fact("list").value) == 110_000
        assert view.payload.facts.rowCount(view.payload.facts.index(0, 0)) == 1


def test_payloads_that_are_missing_empty_or_no_json_say_what_they_are():
    assert payload_facts(None)[0].mood == "muted"
    assert "empty" in payload_facts("{}")[0].name
    assert payload_facts("{cut off")[0].value == "{cut off"
    assert payload_facts(json.dumps(json.dumps({"a": 1})))[0].value == 1
    assert payload_facts("[" * 100_000)[0].wide is False
    assert payload_facts("7")[0].value == 7


def test_sources_without_events_are_told_so(tmp_path):
    source = telemetry.open_source(vmt.build("money", tmp_path / "m.db", runs=1, ticks=3))
    assert "Events" in EventsView.unsuitable(source)
    source.close()
