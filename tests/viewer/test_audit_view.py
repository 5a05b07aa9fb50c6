"""The view of an audit, its mark in the Library, and the gates and the box beside the tries."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from telemetry.queries import RunsQuery
from tests.builders import vmt
from tests.viewer.shown import shown, wait
from vmt_log_viewer.models.run_tree import RunTree
from vmt_log_viewer.notes import RunNote
from vmt_log_viewer.state.choices import Choices
from vmt_log_viewer.state.items import RowItem
from vmt_log_viewer.views import audit as audit_view
from vmt_log_viewer.views.attempts import AttemptsView
from vmt_log_viewer.views.audit import AuditView


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return vmt.build("barter", tmp_path_factory.mktemp("audit") / "b.db", ticks=12, agents=4)


@pytest.fixture
def broken(database, tmp_path):
    """One stock of agent 2 is negative at tick 7."""
    path = tmp_path / "b.db"
    shutil.copyfile(database, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE agent_snapshots SET inventory_A = -4 WHERE run_id = 1 AND tick = 7 "
            "AND agent_id = 2"
        )
    return path


def row_of(view, rule):
    return [v.rule.name for v in view.audit.verdicts].index(rule)


def test_a_fault_leads_to_its_tick_agent_and_row(qtbot, context, broken):
    with shown(qtbot, context, AuditView, broken) as view:
        qtbot.waitUntil(lambda: view.audit is not None)
        row = row_of(view, "no-negative-stock")
        assert view.rules.rows.rows[row][:4] == ("faults", "No stock is negative", 48, 1)
        view.rules.selectRow(row)
        assert view.faults.rows.rows[0][0] == 7
        view.faults.selectRow(0)
        document = context.document
        assert document.cursor.tick == 7
        assert document.selection.agents == (2,)
        assert isinstance(document.selection.item, RowItem)
        assert document.selection.item.table == "agent_snapshots"


def test_what_is_not_judged_has_no_counts_and_says_why(qtbot, context, broken):
    with shown(qtbot, context, AuditView, broken) as view:
        qtbot.waitUntil(lambda: view.audit is not None)
        row = row_of(view, "one-state-per-tick")
        assert view.rules.rows.rows[row][0] == "not judged"
        assert view.rules.rows.rows[row][2:4] == ("", "")
        view.rules.selectRow(row)
        assert "not recorded: tick_states" in view._about.text()


def test_a_large_source_is_audited_only_when_asked(qtbot, context, broken, monkeypatch):
    monkeypatch.setattr(audit_view, "SMALL", 1)
    with shown(qtbot, context, AuditView, broken) as view:
        assert view.audit is None
        assert "has not been held against" in view._empty.text
        view.ask()
        qtbot.waitUntil(lambda: view.audit is not None)
        assert context.document.audit_of(context.document.source, 1) is view.audit


def test_the_library_shows_the_verdict_once_it_is_known(qtbot, context, broken):
    with shown(qtbot, context, AuditView, broken) as view:
        source = context.document.source
        tree = RunTree()
        tree.set_source(source, source.ask(RunsQuery()), {1: RunNote()})
        qtbot.waitUntil(lambda: view.audit is not None)
        tree.set_audit(source, 1, "3 faults")
        index = tree.index_of(source, 1)
        names = [column.name for column in tree.columns]
        assert index.siblingAtColumn(names.index("audit")).data() == "3 faults"
        tree.set_source(source, source.ask(RunsQuery()), {1: RunNote()})
        index = tree.index_of(source, 1)
        assert index.siblingAtColumn(names.index("audit")).data() == "3 faults"


def test_gates_and_box_stand_beside_the_tries(qtbot, context, database):
    with shown(qtbot, context, AttemptsView, database) as view:
        view.resize(1400, 900)
        wait(qtbot, view)
        sides = view.negotiation.sides
        qtbot.waitUntil(lambda: sides.gates.why is not None and sides.box is not None)
        shown_now = view.negotiation.negotiation
        assert sides.gates.why.tick == shown_now.tick
        assert set(sides.gates.why.agents) == set(shown_now.agents)
        assert not sides.buttons["box"].isHidden()
        sides.buttons["box"].click()
        assert sides.page == "box"
        assert sides.isVisible()
        sides.buttons["box"].click()
        assert not sides.isVisible()


def test_the_funnel_takes_the_place_of_the_histogram_and_back(qtbot, context, database):
    with shown(qtbot, context, AttemptsView, database) as view:
        view._by_gate.click()
        wait(qtbot, view)
        qtbot.waitUntil(lambda: bool(view.funnel.rows.rows))
        ((everything,),) = vmt.query(
            database, "SELECT count(*) FROM trade_attempts WHERE run_id = 1"
        )
        assert sum(row[3] for row in view.funnel.rows.rows) == everything
        assert view._over.currentWidget() is view.funnel
        view._by_gate.click()
        assert view._over.currentWidget() is view.histogram
        wait(qtbot, view)


def test_the_nearest_miss_leads_to_its_negotiation(qtbot, context, database):
    with shown(qtbot, context, AttemptsView, database) as view:
        view._nearest.click()
        wait(qtbot, view)
        qtbot.waitUntil(lambda: len(view.nearest.rows.rows) > 1)
        margins = [row[5] for row in view.nearest.rows.rows]
        assert margins == sorted(margins, reverse=True)
        view.nearest.selectRow(1)
        wait(qtbot, view)
        tick, buyer, seller = view.nearest.rows.rows[1][:3]
        shown_now = view.negotiation.negotiation
        assert shown_now.tick == context.document.cursor.tick == tick
        assert {str(agent) for agent in shown_now.agents} == {buyer, seller}
        kept = json.loads(json.dumps(view.state()))
        view.panel.step(1)
        wait(qtbot, view)
        assert (view.state()["miss"], view.nearest.chosen()) == (None, ())
        view._nearest.click()
        view.restore(Choices(kept, view.title))
        wait(qtbot, view)
        qtbot.waitUntil(lambda: view.nearest.chosen() == (1,))
        wait(qtbot, view)
        assert view.state() == kept
        assert view.negotiation.negotiation == shown_now
        lost = {**kept, "miss": {**kept["miss"], "tick": 10**6}}
        view.restore(Choices(lost, view.title))
        assert view.nearest.chosen() == ()
