"""Pages of a server's table: by places where columns are worked out, from the nearer end, and with
the first rows of a slow sort while the others are sought."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from telemetry.answers import paging, seeking, tables
from telemetry.concepts import TickRange
from telemetry.filters import Filter
from telemetry.frozen import replace
from telemetry.location import parse_location
from telemetry.queries import Sort, TableQuery, Where
from telemetry.source import Source
from tests.builders.postgresql import Server
from tests.telemetry.laid_out import executed, filled, opened

TRADES = 300
FILL = f"""
INSERT INTO simulation_runs (scenario_name, start_time) VALUES ('a', '2026-01-01');
INSERT INTO tick_states (run_id, tick, current_mode, exchange_regime, active_pairs)
SELECT 1, t, CASE WHEN t % 9 < 4 THEN 'forage' ELSE 'trade' END, 'mixed', '[]'
FROM generate_series(0, 59) t;
INSERT INTO trades (run_id, tick, x, y, buyer_id, seller_id, "dA", "dB", "dM", price, direction,
exchange_pair_type)
SELECT 1, n / 5, 0, 0, n % 7, 7 + n % 5, n % 4, CASE WHEN n % 3 > 0 THEN n % 6 ELSE 0 END,
CASE WHEN n % 3 = 0 THEN n % 8 ELSE 0 END, (n * 37 % 50) / 10.0, 'x', 'A<->B'
FROM generate_series(0, {TRADES - 1}) n;
"""
FIRST = TableQuery(1, "trades", limit=7)
PRICE = replace(FIRST, sort=Sort("price", descending=True))
ASKED = (
    *(replace(FIRST, offset=n) for n in (1, 100, 149, 160, 290, 295, 299, 300, 900)),
    PRICE,
    replace(PRICE, offset=200),
    replace(PRICE, sort=Sort("price"), offset=296),
    replace(PRICE, sort=Sort("pair_type")),
    replace(PRICE, sort=Sort("pair_type", descending=True), offset=170),
    replace(PRICE, sort=Sort("mode"), offset=31, limit=200),
    replace(PRICE, where=Where((Filter.parse("dA", ">1"),)), offset=90),
    replace(PRICE, where=Where(ticks=TickRange(5, 40)), columns=("pair_type", "tick"), offset=99),
    replace(PRICE, where=Where((Filter.parse("price", ">1e9"),))),
    replace(PRICE, limit=0),
)


@pytest.fixture(scope="module")
def url(server: Server) -> str:
    return _laid_out(server)


def _laid_out(server: Server, more: str = "") -> str:
    return filled(server, f"{FILL}{more}; ANALYZE")


@pytest.fixture
def source(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    monkeypatch.setattr(paging, "FAR", 10)
    with opened(url) as found:
        yield found


def _both(source: Source, query: TableQuery, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The page as it is, and as one statement finds it."""
    page = source.ask(query)
    with monkeypatch.context() as context:
        context.setattr(tables, "_by_places", lambda *_: False)
        return [page, source.ask(query)]


@pytest.mark.sampled(9)
@pytest.mark.parametrize("query", ASKED, ids=range(len(ASKED)))
def test_a_page_is_that_of_one_statement(
    source: Source, query: TableQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, plain = _both(source, query, monkeypatch)
    assert ours == plain


def test_pages_go_on_where_the_last_one_ended(source: Source) -> None:
    query, rows = replace(PRICE, limit=41), []
    while True:
        page = source.ask(query)
        rows += page.rows
        if page.next is None:
            break
        query = replace(query, after=page.next)
    whole = [row for chunk in source.stream(PRICE) for row in chunk]
    assert rows == whole
    assert len(rows) == TRADES


SAME_KEYS = "ALTER TABLE trades DROP CONSTRAINT trades_pkey; UPDATE trades SET id = id / 9"
NO_KEYS = """
ALTER TABLE trades DROP CONSTRAINT trades_pkey; ALTER TABLE trades ALTER id DROP NOT NULL;
UPDATE trades SET id = NULL WHERE id % 4 = 0
"""


@pytest.mark.parametrize("more", [SAME_KEYS, NO_KEYS])
def test_rows_whose_keys_do_not_find_them_are_read_at_once(
    server: Server, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(_laid_out(server, more)) as source:
        for query in (PRICE, replace(PRICE, offset=100), replace(FIRST, offset=250)):
            ours, plain = _both(source, query, monkeypatch)
            assert [row[1:] for row in ours.rows] == [row[1:] for row in plain.rows]
            assert len(ours.rows) == 7


def _about_trades(asked: list[tuple[int, str]]) -> list[str]:
    return [text for _, text in asked if "FROM trades" in text]


def test_what_is_passed_over_is_not_worked_out_and_the_nearer_end_is_begun_at(
    source: Source,
) -> None:
    with executed() as asked:
        source.ask(replace(FIRST, offset=290))
    count, places, rows = _about_trades(asked)
    assert "count(*)" in count
    assert "tick_states" not in places
    assert "DESC" in places
    assert "OFFSET" not in rows
    assert "tick_states" in rows
    with executed() as asked:
        source.ask(FIRST)
        source.ask(replace(PRICE, columns=("price", "tick")))
    assert len(_about_trades(asked)) == 2  # nothing is worked out, or nothing is passed over


@pytest.fixture
def slow(source: Source, monkeypatch: pytest.MonkeyPatch) -> Source:
    """Every sort is expected to be slow; parts stay as small as they are."""
    monkeypatch.setattr(seeking, "SLOW", 0.0)
    monkeypatch.setattr(seeking, "EVERY", -9.0)
    monkeypatch.setattr(seeking, "LONG", 0.0)
    monkeypatch.setattr(seeking, "PARTS", 6)
    return source


@pytest.mark.parametrize("query", [
    PRICE,
    replace(PRICE, sort=Sort("pair_type")),
    replace(PRICE, where=Where(ticks=TickRange(5, 40))),
])  # fmt: skip
def test_the_first_rows_of_a_slow_sort_come_while_the_others_are_sought(
    slow: Source, query: TableQuery
) -> None:
    pages = list(slow.seek(query))
    assert len(pages) > 4
    assert pages[-1] == (slow.ask(query), pages[-1][2], pages[-1][2])
    first = 0 if query.where.ticks is None else query.where.ticks.first
    for page, read, _ in pages[:-1]:
        so_far = replace(query.where, ticks=TickRange(first, first + read - 1))
        assert page.rows == slow.ask(replace(query, where=so_far)).rows


def test_a_quick_sort_is_answered_at_once(slow: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeking, "SLOW", 1e9)
    assert list(slow.seek(PRICE)) == [(slow.ask(PRICE), 1, 1)]


def test_parts_that_are_each_a_pass_are_not_read(
    slow: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeking, "DEARER", 0)
    assert list(slow.seek(PRICE)) == [(slow.ask(PRICE), 1, 1)]


def test_ticks_that_may_be_null_are_not_gone_through(server: Server, slow: Source) -> None:
    url = _laid_out(server, "ALTER TABLE trades ALTER tick DROP NOT NULL")
    server.run(parse_location(url).name, "UPDATE trades SET tick = NULL, price = 99 WHERE id = 7")
    with opened(url) as source:
        [(page, _, _)] = source.seek(PRICE)
        assert page.rows[0][page.columns.index(source.table("trades").column("price"))] == 99
