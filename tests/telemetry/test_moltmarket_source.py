"""MoltMarket sources: the server's tables, the producer's folder and its log alone answer alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

import telemetry
from telemetry.concepts import TickRange
from telemetry.errors import RequestError, SourceError
from telemetry.families.moltmarket import FAMILIES
from telemetry.filters import Filter
from telemetry.queries import (
    AgentsQuery,
    CountQuery,
    FacetQuery,
    FanQuery,
    OrderBookQuery,
    RunQuery,
    RunsQuery,
    SeriesQuery,
    SummaryQuery,
    TableQuery,
    VerifyQuery,
    Where,
)
from telemetry.source import Source
from tests.builders.moltmarket import RUN, chain, small_market, write_log, write_sql
from tests.builders.postgresql import Server


@pytest.fixture(scope="session")
def database(server: Server) -> str:
    return server.create(write_sql(small_market()))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    write_log(folder / "events.jsonl", small_market())
    return folder


@pytest.fixture(params=["server", "folder", "file"])
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    if request.param == "server":
        where = request.getfixturevalue("database")
    else:
        folder = request.getfixturevalue("log")
        where = folder if request.param == "folder" else folder / "events.jsonl"
    opened = telemetry.open_source(where)
    yield opened
    opened.close()


def test_the_run_is_listed_with_what_its_row_says(source: Source):
    (run,) = source.ask(RunsQuery()).runs
    assert (run.run_id, run.name, run.status) == (RUN, "v1", "completed")
    assert run.ticks == TickRange(0, 2)
    assert run.fields["seed"] == 42


def test_agents_are_counted_by_status(source: Source):
    facts = dict(source.ask(RunQuery(RUN)).facts)
    assert facts["Agents"] == 2


def test_rejections_and_rate_limits_are_the_failed_attempts(source: Source):
    facets = source.ask(FacetQuery(RUN, "attempts", "reason_code"))
    assert dict(facets.values) == {"RATE_LIMIT_HIT": 1, "INVALID_PRICE": 1}
    page = source.ask(TableQuery(RUN, "attempts", columns=("event_seq", "agent_id", "details")))
    assert page.rows == ((8, "b", None), (14, "b", "=1+1 is no price"))


def test_trades_keep_every_decimal(source: Source):
    page = source.ask(TableQuery(RUN, "trades", columns=("price", "quantity", "fee_total")))
    assert page.rows == ((Decimal("101"), Decimal("1"), Decimal("0.00000003")),)
    assert source.ask(CountQuery(RUN, "trades", Where((Filter.parse("price", ">101"),)))) == 0
    summary = source.ask(SummaryQuery(RUN, "trades"))
    assert summary.groups[0][:2] == ("between agents", 1)


def test_a_page_of_events_goes_on_where_the_last_one_ended(source: Source):
    seen = []
    query = TableQuery(RUN, "events", columns=("event_seq",), limit=4)
    page = source.ask(query)
    while True:
        seen += [row[0] for row in page.rows]
        if page.next is None:
            break
        page = source.ask(TableQuery(RUN, "events", ("event_seq",), limit=4, after=page.next))
    assert seen == list(range(len(small_market())))


def test_the_chain_is_sound(source: Source):
    verdict = source.ask(VerifyQuery(RUN))
    assert (verdict.sound, verdict.checked) == (True, len(small_market()))


def test_the_book_after_a_partial_fill(source: Source):
    book = source.ask(OrderBookQuery(RUN, 1))
    assert [(x.price, x.quantity) for x in book.asks] == [(Decimal(101), Decimal(2))]
    assert [(x.price, x.quantity) for x in book.bids] == [(Decimal(99), Decimal(1))]
    assert (book.mid, book.spread, book.last_price) == (100, 2, 101)
    first = book.standings[0]
    assert (first.agent_id, first.equity) == ("a", Decimal("2000.99999999"))


def test_bankruptcy_cancels_every_order_of_the_agent(source: Source):
    book = source.ask(OrderBookQuery(RUN, 2))
    assert (book.bids, book.asks, book.mid) == ((), (), None)
    assert {s.agent_id: s.status for s in book.standings} == {"a": "bankrupt", "b": "active"}
    assert any("one-sided" in note for note in book.notes)


def test_agents_go_by_the_names_of_agents_in_lists_and_rows(source: Source):
    found = source.ask(AgentsQuery(RUN))
    assert [(a.agent_id, a.label, a.first_tick, a.last_tick) for a in found] == [
        ("a", "a", 0, 2),
        ("b", "b", 0, 1),
    ]
    page = source.ask(TableQuery(RUN, "trades", columns=("bid_agent_name", "ask_agent_name")))
    assert page.rows == (("b", "a"),)
    where = Where((Filter.parse("agent_name", "b"),))
    assert source.ask(CountQuery(RUN, "attempts", where)) == 2


def test_metrics_are_rebuilt_from_events_where_no_snapshots_are_recorded(source: Source):
    measure = next(m for m in source.measures if m.name == "equity")
    assert measure.recorded
    series = source.ask(SeriesQuery(RUN, "cash_balance"))
    assert series.measure.rebuilt == "rebuilt from events"
    assert "rebuilt from events" in series.notes[0]
    assert [(line.agent_id, line.tick.tolist()) for line in series.lines] == [
        ("a", [0, 1, 2]),
        ("b", [0, 1, 2]),
    ]
    assert series.lines[0].value.tolist() == [1000.0, 1100.99999999, 1099.99999999]


def test_rebuilt_metrics_mark_holdings_at_the_mid_of_the_book(source: Source):
    def of(name: str) -> dict[object, list[float]]:
        lines = source.ask(SeriesQuery(RUN, name)).lines
        return {line.agent_id: line.value.tolist() for line in lines}

    # The book is 99 and 101 after tick 0 and 1, and empty after the bankruptcy: always 100.
    assert of("equity")["b"] == [2000.0, 1998.99999998, 1998.99999998]
    assert of("pnl")["b"] == [0.0, -1.00000002, -1.00000002]
    assert of("max_equity")["a"] == [2000.0, 2000.99999999, 2000.99999999]
    assert of("drawdown")["b"] == [0.0, 0.0005, 0.0005]
    assert of("trade_count") == {"a": [0, 1, 1], "b": [0, 1, 1]}
    assert of("order_count") == {"a": [2, 2, 2], "b": [0, 1, 1]}
    assert of("reject_count") == {"a": [0, 0, 0], "b": [0, 1, 1]}


def test_rebuilt_metrics_are_limited_to_ticks_and_agents_and_have_a_fan(source: Source):
    (line,) = source.ask(SeriesQuery(RUN, "asset_balance", ("b",), TickRange(1, 2))).lines
    assert (line.agent_id, line.tick.tolist(), line.value.tolist()) == ("b", [1, 2], [11, 11])
    fan = source.ask(FanQuery(RUN, "asset_balance"))
    assert fan.quantiles["median"].tolist() == [10, 10, 10]
    assert fan.quantiles["max"].tolist() == [10, 11, 11]
    assert fan.count.tolist() == [2, 2, 2]


def test_a_payload_without_its_amounts_is_a_sentence(tmp_path: Path):
    kinds = [(0, "AGENT_CREATED", "a", {"name": "a"}), (0, "TICK_END", None, {})]
    log = write_log(tmp_path / "events.jsonl", chain(kinds))
    source = telemetry.open_source(log)
    [run] = source.ask(RunsQuery()).runs
    for query in (OrderBookQuery(run.run_id, 0), SeriesQuery(run.run_id, "equity")):
        with pytest.raises(SourceError, match=r"AGENT_CREATED \(agent a\) tells no amount"):
            source.ask(query)
    source.close()


@pytest.mark.parametrize("name", ["r[u]n", "ru*", "r?n", "it's run"])
def test_signs_of_a_name_are_no_pattern(tmp_path: Path, name: str):
    for folder, events in ((name, small_market()), ("run", small_market()[:9])):
        (tmp_path / folder).mkdir()
        write_log(tmp_path / folder / "events.jsonl", events)
        write_log(tmp_path / f"{folder}.jsonl", events)
    for path in (tmp_path / name, tmp_path / f"{name}.jsonl"):
        source = telemetry.open_source(path)
        assert source.ask(CountQuery(RUN, "events")) == len(small_market())
        source.close()


def test_the_hash_of_an_api_key_is_nowhere_to_be_had(database: str):
    source = telemetry.open_source(database)
    page = source.ask(TableQuery(RUN, "agents"))
    assert "api_key_hash" not in [c.name for c in page.columns]
    assert "secret-hash" not in str(page.rows)
    with pytest.raises(RequestError):
        source.ask(TableQuery(RUN, "agents", columns=("api_key_hash",)))
    where = Where((Filter.parse("api_key_hash", "/secret/"),))
    with pytest.raises(RequestError):
        source.ask(CountQuery(RUN, "agents", where))


def test_a_server_that_cannot_be_reached_is_one_sentence_without_the_password():
    with pytest.raises(SourceError) as caught:
        telemetry.open_source("postgresql://u:s3cret@127.0.0.1:9/x")
    assert "cannot be reached" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_an_unknown_database_is_named_as_such(server: Server):
    with pytest.raises(SourceError, match="no such database"):
        telemetry.open_source(server.url("nowhere"))


def test_viewing_needs_no_more_than_select_and_cannot_write(server: Server, database: str):
    name = str(sa.make_url(database).database)
    server.run(
        name, "CREATE ROLE viewer LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO viewer"
    )
    source = telemetry.open_source(server.url(name, user="viewer"))
    assert len(source.ask(RunsQuery()).runs) == 1
    with pytest.raises(SourceError, match="read-only"), source._database.connection() as connection:
        connection.execute(sa.text("DELETE FROM trades"))


def test_a_table_that_may_not_be_read_is_one_sentence(server: Server, database: str):
    name = str(sa.make_url(database).database)
    server.run(name, "CREATE ROLE stranger LOGIN")
    source = telemetry.open_source(server.url(name, user="stranger"))
    with pytest.raises(SourceError, match="SELECT"):
        source.ask(RunsQuery())


def test_a_log_cut_in_the_middle_of_a_line_shows_what_is_whole(log: Path):
    path = log / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    source = telemetry.open_source(log)
    assert source.ask(CountQuery(RUN, "events")) == len(small_market()) - 1
    last = small_market()[-1]
    summary = {
        "run_id": RUN,
        "event_count": last["eventSeq"] + 1,
        "final_event_hash": last["eventHash"],
    }
    (log / "summary.json").write_text(json.dumps(summary))
    verdict = telemetry.open_source(log).ask(VerifyQuery(RUN))
    assert not verdict.sound
    assert verdict.problem.startswith("Truncated")


def test_opening_a_folder_leaves_it_as_it_was(log: Path):
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in log.iterdir()}
    source = telemetry.open_source(log)
    source.ask(VerifyQuery(RUN))
    source.ask(TableQuery(RUN, "orders"))
    source.close()
    assert {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in log.iterdir()} == before


def test_a_status_that_is_not_known_yet_is_read_as_it_is(server: Server):
    place = server.create(write_sql(small_market()))
    name = place.split("/")[3].partition("?")[0]
    server.run(name, """ALTER TYPE "RunStatus" ADD VALUE 'frozen';""")
    server.run(name, "UPDATE runs SET status = 'frozen'")
    source = telemetry.open_source(place)
    try:
        [run] = source.ask(RunsQuery()).runs
        assert run.status == "frozen"
        page = source.ask(TableQuery(RUN, "runs", where=Where((Filter.parse("status", "frozen"),))))
        assert len(page.rows) == 1
    finally:
        source.close()


@pytest.mark.parametrize("name", ["events", "attempts"])
def test_events_are_listed_in_an_order_that_the_producers_index_has(name):
    (family,) = FAMILIES
    spec = family.table(name)
    indexed = [tuple(column.name for column in index.columns) for index in spec.model.indexes]
    assert (spec.run, spec.sort, *spec.order) in indexed
