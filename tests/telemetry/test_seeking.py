"""A sort that no index serves: the first rows so far, and at the end the answer of ORDER BY."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import telemetry
from telemetry.answers import seeking
from telemetry.concepts import TickRange
from telemetry.filters import Filter
from telemetry.frozen import replace
from telemetry.queries import Sort, TableQuery, Where
from tests.builders import vmt
from tests.builders.loose import loose_copy

PRICE = TableQuery(1, "trades", sort=Sort("price", descending=True), limit=7)
SOUGHT = (
    PRICE,
    replace(PRICE, sort=Sort("price")),
    replace(PRICE, sort=Sort("pair_type")),
    replace(PRICE, sort=Sort("mode", descending=True), limit=500),
    replace(PRICE, where=Where((Filter.parse("dA", ">1"),))),
    replace(PRICE, where=Where(ticks=TickRange(5, 40)), columns=("price", "tick")),
    replace(PRICE, where=Where((Filter.parse("price", ">1e9"),))),
)
SERVED = (
    replace(PRICE, sort=None),
    replace(PRICE, sort=Sort("tick")),
    replace(PRICE, sort=Sort("id", descending=True)),
    replace(PRICE, sort=Sort("buyer_id")),
    replace(PRICE, where=Where((Filter.parse("buyer_id", "1"),))),
    replace(PRICE, offset=3),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vmt.build("money_full", tmp_path_factory.mktemp("seek") / "m.db", ticks=60)


@pytest.fixture
def source(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[telemetry.Source]:
    monkeypatch.setattr(seeking, "EVERY", -9.0)
    monkeypatch.setattr(seeking, "LONG", 0.0)  # parts stay as small as they are
    monkeypatch.setattr(seeking, "PARTS", 6)
    with closing(telemetry.open_source(path)) as opened:
        yield opened


@pytest.mark.sampled(7)
@pytest.mark.parametrize("query", SOUGHT, ids=range(len(SOUGHT)))
def test_the_last_page_is_the_answer_and_the_others_that_of_the_ticks_so_far(
    source: telemetry.Source, query: TableQuery
) -> None:
    pages = list(source.seek(query))
    assert pages[-1] == (source.ask(query), pages[-1][2], pages[-1][2])
    done = [done for _, done, _ in pages]
    assert done == sorted(set(done))
    assert len(pages) > 4
    first = 0 if query.where.ticks is None else query.where.ticks.first
    for page, read, _ in pages[:-1]:
        so_far = replace(query.where, ticks=TickRange(first, first + read - 1))
        assert page.rows == source.ask(replace(query, where=so_far)).rows


@pytest.mark.sampled(6)
@pytest.mark.parametrize("query", SERVED, ids=range(len(SERVED)))
def test_what_an_index_serves_is_answered_at_once(
    source: telemetry.Source, query: TableQuery
) -> None:
    assert list(source.seek(query)) == [(source.ask(query), 1, 1)]


def test_rows_whose_keys_do_not_find_them_again_are_sorted_at_once(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeking, "EVERY", -9.0)
    copy = loose_copy(path, tmp_path / "loose.db")
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("CREATE TABLE t2 AS SELECT * FROM trades")
        connection.execute("DROP TABLE trades")
        columns = "id INTEGER, tick INTEGER NOT NULL"
        names = [r[1] for r in connection.execute("PRAGMA table_info(t2)")][3:]
        made = ", ".join(f'"{name}"' for name in names)
        connection.execute(f"CREATE TABLE trades ({columns}, run_id INTEGER, {made})")
        listed = f"id, tick, run_id, {made}"
        connection.execute(f"INSERT INTO trades ({listed}) SELECT {listed} FROM t2")
        connection.execute("CREATE INDEX along ON trades (run_id, tick)")
        connection.execute("UPDATE trades SET id = NULL WHERE id % 3 = 0")
    with closing(telemetry.open_source(copy)) as opened:
        pages = list(opened.seek(PRICE))
        assert pages[-1][0] == opened.ask(PRICE)
        assert "None" in pages[-1][0].keys
