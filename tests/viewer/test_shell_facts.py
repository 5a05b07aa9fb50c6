"""Tests of the inspector's facts: exact, lazy, plain."""

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QStyleOptionViewItem

import telemetry
from telemetry.cancel import CancelToken
from telemetry.concepts import Findings
from telemetry.queries import ContradictionsQuery
from tests.builders import vmt
from vmt_log_viewer.models.fact_tree import BATCH, Fact, FactTree, Section, value_text, whole_text
from vmt_log_viewer.state.items import RunItem
from vmt_log_viewer.views.inspections import inspect
from vmt_log_viewer.widgets.fact_view import FactView


@pytest.fixture
def facts(theme):
    model = FactTree(theme)
    tester = QAbstractItemModelTester(
        model, QAbstractItemModelTester.FailureReportingMode.Fatal, model
    )
    tester.setUseFetchMore(False)  # it would fetch inside its own slots and take that for an error
    yield model
    model.deleteLater()


@pytest.mark.parametrize(("fact", "shown", "whole"), [
    (Fact("a", None), "null", ""),
    (Fact("a", 0), "0", "0"),
    (Fact("a", ""), "", ""),
    (Fact("a", 0, recorded=False), "not recorded", "not recorded"),
    (Fact("a", 1 / 3, "B per A"), "0.333333 B per A", "0.3333333333333333"),
    (Fact("a", 12345678901234567), "12345678901234567", "12345678901234567"),
    (Fact("a", "x\ny"), "x\\ny", "x\ny"),
    (Fact("a", {"k": 1}), "{1}", "{1}"),
    (Fact("a", []), "[0]", "[0]"),
])  # fmt: skip
def test_values_are_shown_short_and_copied_exactly(fact, shown, whole):
    assert value_text(fact) == shown
    assert whole_text(fact) == whole


def test_a_long_text_says_that_it_is_cut():
    text = value_text(Fact("a", "x" * 50_000))
    assert len(text) < 600
    assert "50000 characters" in text


def test_nothing_is_rich_text(facts):
    facts.set_sections([Section("S", (Fact("a", "<img src=x onerror=y> & <b>"),))])
    index = facts.index(0, 1, facts.index(0, 0))
    assert index.data() == "<img src=x onerror=y> & <b>"
    assert "<img" not in index.data(Qt.ItemDataRole.ToolTipRole)


def test_large_json_is_built_only_as_far_as_it_is_looked_at(facts):
    big = {"list": list(range(1_000_000)), "deep": {"a": {"b": 1}}}
    facts.set_sections([Section("Configuration", tuple(Fact(k, v) for k, v in big.items()))])
    top = facts.index(0, 0)
    assert facts.rowCount(top) == 2
    items = facts.index(0, 0, top)
    assert (facts.rowCount(items), facts.hasChildren(items)) == (0, True)
    assert facts.canFetchMore(items)
    facts.fetchMore(items)
    assert facts.rowCount(items) == BATCH
    assert len(facts._nodes) < BATCH + 10


def test_all_children_come_in_the_end(facts):
    facts.set_sections([Section("C", (Fact("list", list(range(BATCH * 2 + 1))),))])
    items = facts.index(0, 0, facts.index(0, 0))
    while facts.canFetchMore(items):
        facts.fetchMore(items)
    assert facts.rowCount(items) == BATCH * 2 + 1
    assert facts.index(BATCH * 2, 1, items).data() == str(BATCH * 2)


def test_values_cannot_be_changed(facts):
    facts.set_sections([Section("S", (Fact("a", 5),))])
    index = facts.index(0, 1, facts.index(0, 0))
    assert not facts.setData(index, 6)
    assert index.data() == "5"


def test_showing_other_facts_forgets_the_old_ones(facts):
    facts.set_sections([Section("S", (Fact("a", 5),))])
    facts.set_sections([])
    assert facts.rowCount(QModelIndex()) == 0


@pytest.mark.parametrize(
    ("value", "kept"), [("/a/long/way/to/run.db", "run.db"), ("x" * 40, "xxx…")]
)
def test_of_a_path_that_is_too_long_the_end_is_shown(qtbot, facts, value, kept):
    view = FactView()
    qtbot.addWidget(view)
    view.setModel(facts)
    facts.set_sections([Section("Source", (Fact("Source", value),))])
    option = QStyleOptionViewItem()
    view.initViewItemOption(option)
    view.itemDelegate().initStyleOption(option, facts.index(0, 1, facts.index(0, 0)))
    room = option.fontMetrics.horizontalAdvance(option.text) * 2 // 3
    assert option.fontMetrics.elidedText(option.text, option.textElideMode, room).endswith(kept)


def test_a_run_is_inspected_before_the_pass_over_its_rows_and_completed_after(tmp_path):
    source = telemetry.open_source(vmt.build("money", tmp_path / "m.db", runs=1, ticks=10))
    found = source.ask(ContradictionsQuery(1))

    def told(*known: Findings) -> tuple[object, list[str]]:
        facts = inspect(source, 1, RunItem(), None, CancelToken(), *known)
        sections = {section.title: section.facts for section in facts.sections}
        values = {fact.name: (fact.value, fact.recorded) for fact in sections["Run"]}
        return values["Regime (ticks)"], [fact.name for fact in sections.get("Warnings", ())]

    regime, warnings = told()
    assert regime == ("reading …", True)
    assert not any("the ticks say" in warning for warning in warnings)
    regime, warnings = told(found)
    assert regime == ("mixed", True)
    assert any("the ticks say mixed" in warning for warning in warnings)
    source.close()
