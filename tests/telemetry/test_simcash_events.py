"""Events of a run: their order, who and what they name, and each of them in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import telemetry
from telemetry.filters import Filter
from telemetry.frozen import replace
from telemetry.queries import (
    CountQuery,
    FacetQuery,
    HistogramQuery,
    Sort,
    TableQuery,
    Where,
)
from telemetry.reader import Reader
from telemetry.source import Source
from tests.builders import simcash
from tests.builders.simcash import ALONE

EVENTS = "simulation_events"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return telemetry.open_source(simcash.unified(tmp_path_factory.mktemp("sc") / "u.db"))


def kinds(source: Source, where: Where | None = None) -> list[object]:
    query = TableQuery(ALONE, EVENTS, columns=("event_type",), where=where or Where())
    return [row[0] for row in source.ask(query).rows]


def one(tmp_path: Path, *rows: dict[str, object]) -> Source:
    path = simcash.create(tmp_path / "one.db", "unified")
    simcash.insert(path, EVENTS, rows)
    return telemetry.open_source(path)


def test_events_go_by_tick_then_time_of_writing_then_row(source: Source) -> None:
    expected = [row["event_type"] for row in simcash.events(ALONE)]
    assert kinds(source) == expected


def test_time_of_writing_never_outranks_the_tick(tmp_path: Path) -> None:
    late = simcash.START.replace(hour=23)
    source = one(
        tmp_path,
        simcash.event(1, ALONE, 5, "B", {}),
        simcash.event(2, ALONE, 4, "A", {}, at=late),
        simcash.event(3, ALONE, 5, "C", {}, at=simcash.START.replace(hour=1)),
    )
    assert kinds(source) == ["A", "C", "B"]


def test_pages_join_to_the_whole_also_where_the_times_of_writing_are_equal(
    tmp_path: Path,
) -> None:
    rows = [simcash.event(i, ALONE, i // 7, "E", {"n": i}, at=simcash.START) for i in range(40)]
    source = one(tmp_path, *rows)
    found: list[object] = []
    query = TableQuery(ALONE, EVENTS, columns=("details",), limit=3)
    while True:
        page = source.ask(query)
        found += [json.loads(str(row[0]))["n"] for row in page.rows]
        if page.next is None:
            break
        query = TableQuery(ALONE, EVENTS, columns=("details",), limit=3, after=page.next)
    assert found == list(range(40))


@pytest.mark.parametrize("descending", [False, True])
def test_pages_join_to_the_whole_where_the_sorted_column_has_null(
    descending: bool, tmp_path: Path
) -> None:
    agents = [None, "A", None, "B", None, None, "A"]
    rows = [
        simcash.event(i, ALONE, i, "E", {"n": i}, agent=agents[i % len(agents)]) for i in range(700)
    ]
    source = one(tmp_path, *rows)
    sort = Sort("agent_id", descending)
    query = TableQuery(ALONE, EVENTS, columns=("event_id",), sort=sort, limit=90)
    whole = [row for chunk in source.stream(query) for row in chunk]
    found: list[object] = []
    while True:
        page = source.ask(query)
        found += page.rows
        if page.next is None:
            break
        query = TableQuery(
            ALONE, EVENTS, columns=("event_id",), sort=sort, limit=90, after=page.next
        )
    assert len(found) == 700
    assert found == whole


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("A", [0, 1, 2, 3, 4, 9, 10, 11]),
        ("B", [0, 1, 3, 6, 7, 8, 9, 10]),
        ("ÅBO", [5, 6, 9]),
        ("BO", []),
        ("t1", []),
        ('A" OR 1=1 --', []),
        ("%", []),
    ],
)
def test_an_agent_s_events_are_those_of_its_own_and_those_whose_payload_names_it(
    agent: str, expected: list[int], source: Source
) -> None:
    every = [row["event_type"] for row in simcash.events(ALONE)]
    assert kinds(source, Where(agents=(agent,))) == [every[i] for i in expected]


def test_several_agents_are_joined_by_or(source: Source) -> None:
    assert source.ask(CountQuery(ALONE, EVENTS, Where(agents=("A", "ÅBO")))) == 10


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("agent", ["ÅBO", 'a"b', "back\\slash", "新银行"])
def test_an_agent_is_found_however_json_writes_its_name(
    agent: str, ascii_only: bool, tmp_path: Path
) -> None:
    plain = json.dumps({"sender_id": agent}, ensure_ascii=ascii_only)
    inner = json.dumps({"details_json": plain}, ensure_ascii=ascii_only)
    source = one(
        tmp_path,
        simcash.event(0, ALONE, 0, "E", plain),
        simcash.event(1, ALONE, 1, "E", inner),
        simcash.event(2, ALONE, 2, "E", json.dumps({"sender_id": agent + "x"})),
    )
    assert source.ask(CountQuery(ALONE, EVENTS, Where(agents=(agent,)))) == 2


def test_a_transaction_s_events_are_found_also_where_only_the_payload_lists_it(
    source: Source,
) -> None:
    def of(tx: str) -> list[object]:
        return kinds(source, Where((Filter.parse("transactions", f"/{tx}/"),)))

    assert of("t2") == ["QueuedRtgs", "LsmCycleSettlement"]
    assert of("t3") == ["LsmCycleSettlement"]
    assert of("t9") == ["ScenarioEventExecuted"]


def test_events_are_filtered_by_type_and_amount(source: Source) -> None:
    accruals = Where((Filter.parse("event_type", "CostAccrual"),))
    assert source.ask(CountQuery(ALONE, EVENTS, accruals)) == 4
    matching = Where((Filter.parse("event_type", "/^Rtgs/"),))
    assert source.ask(CountQuery(ALONE, EVENTS, matching)) == 2
    large = Where((Filter.parse("amount", ">=3"),))
    assert kinds(source, large) == ["LsmCycleSettlement", "CostAccrual"]
    assert source.ask(CountQuery(ALONE, EVENTS, Where((Filter.parse("agent_id", "null"),)))) == 7


def test_a_time_is_filtered_by_the_text_that_is_shown(source: Source) -> None:
    query = TableQuery(ALONE, EVENTS, columns=("event_timestamp",))
    shown = [str(row[0]) for row in source.ask(query).rows]
    assert shown[1] == "2026-03-01T12:00:00.001000"
    for text in (shown[0], shown[1]):
        where = Where((Filter.parse("event_timestamp", text),))
        assert source.ask(CountQuery(ALONE, EVENTS, where)) == 1


def test_facets_and_histogram_count_events_by_type(source: Source) -> None:
    facets = source.ask(FacetQuery(ALONE, EVENTS, "event_type"))
    assert facets.values[0] == ("CostAccrual", 4)
    assert facets.total == 13
    histogram = source.ask(HistogramQuery(ALONE, EVENTS, by="event_type", bins=3))
    assert histogram.width == 2
    assert histogram.counts["CostAccrual"].tolist() == [1, 2, 1]


def test_the_payload_is_there_but_not_shown_in_lists(source: Source) -> None:
    table = source.table(EVENTS)
    payload = table.with_role("payload")
    assert payload is not None
    assert not payload.visible
    assert table.explained


def test_a_payload_that_is_no_json_hurts_nobody(tmp_path: Path) -> None:
    source = one(
        tmp_path,
        simcash.event(0, ALONE, 0, "CostAccrual", '{"costs": {"total": 5', agent="A"),
        simcash.event(1, ALONE, 0, "CostAccrual", simcash.accrual(7), agent="A"),
        simcash.event(2, ALONE, 1, "Odd", "not json at all"),
        simcash.event(3, ALONE, 1, "Odd", "[" * 500),
    )
    amounts = TableQuery(ALONE, EVENTS, columns=("amount",))
    assert [row[0] for row in source.ask(amounts).rows] == [None, 7, None, None]
    costs = source.ask(TableQuery(ALONE, "costs", columns=("tick", "cost"))).rows
    assert costs == ((0, None), (1, 0))  # what the torn one cost is not known
    for row in source.ask(TableQuery(ALONE, EVENTS, columns=("event_type", "details"))).rows:
        assert source.explain(EVENTS, {"event_type": row[0], "details": row[1]})


def test_a_page_of_columns_that_are_worked_out_is_found_by_the_numbers_of_its_rows(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB would work them out for every row, and sort then."""
    statements: list[str] = []
    plain = Reader.rows

    def rows(self: Reader, statement: Any) -> Any:
        statements.append(str(statement))
        return plain(self, statement)

    monkeypatch.setattr(Reader, "rows", rows)
    query = TableQuery(ALONE, EVENTS, limit=5)
    first = source.ask(query)
    following = source.ask(replace(query, after=first.next))
    jumped = source.ask(replace(query, offset=5))
    assert statements
    assert all("rowid IN (SELECT" in statement for statement in statements)
    every = [row for chunk in source.stream(query) for row in chunk]
    assert [*first.rows, *following.rows] == every[:10]
    assert jumped.rows == following.rows
