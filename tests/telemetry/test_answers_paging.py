"""Pages by key, put together, are one sorted SQL: no row twice, none lost, whatever the values."""

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import telemetry
from telemetry.concepts import PageKey, TickRange
from telemetry.errors import RequestError
from telemetry.filters import Filter
from telemetry.queries import CountQuery, Sort, TableQuery, Where
from telemetry.source import Source
from tests.builders import vmt

pytestmark = pytest.mark.sampled(4)

ODD = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.sampled_from(
        [0, 0.0, -0.0, 1e308, float("inf"), float("-inf"), "", "0", "text", b"", b"\0"]
    ),
    st.text(max_size=3),
    st.binary(max_size=2),
    st.just(b"caf\xe9"),
)
TYPED = ["INTEGER", "REAL", "TEXT", "BLOB", ""]


def _pages(source: Source, query: TableQuery) -> tuple[list[tuple], list[int | str]]:
    """All rows, page by page, each asked for by where the one before it ended."""
    rows: list[tuple] = []
    keys: list[int | str] = []
    after: PageKey | None = None
    for _ in range(10_000):
        page = source.ask(
            TableQuery(
                query.run_id,
                query.table,
                query.columns,
                query.where,
                query.sort,
                query.limit,
                after,
                query.offset if after is None else 0,
            )
        )
        assert len(page.rows) == len(page.keys) <= query.limit
        rows += page.rows
        keys += page.keys
        after = page.next
        if after is None:
            return rows, keys
        assert len(page.rows) == query.limit
    raise AssertionError("the pages have no end")


def _sql(path: Path, text: str) -> list[tuple]:
    connection = sqlite3.connect(path)
    connection.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
    try:
        return connection.execute(text).fetchall()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def money(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vmt.build("money_full", tmp_path_factory.mktemp("money") / "runs.db", ticks=40)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("table", ["trades", "trade_attempts", "agent_snapshots", "tick_states"])
def test_every_column_sorts_as_sql_does_with_ties_by_id(money: Path, table: str, descending: bool):
    source = telemetry.open_source(money)
    word = "DESC" if descending else "ASC"
    for column in source.table(table).columns:
        whole = source.ask(
            TableQuery(2, table, (column.name, "id"), sort=Sort(column.name, descending), limit=999)
        )
        paged, keys = _pages(
            source,
            TableQuery(2, table, (column.name, "id"), sort=Sort(column.name, descending), limit=7),
        )
        assert paged == list(whole.rows)
        assert keys == [row[1] for row in paged]
        if column.recorded and not column.derived:
            wanted = _sql(
                money,
                f'SELECT "{column.name}", id FROM {table} WHERE run_id = 2 '
                f'ORDER BY "{column.name}" {word}, id {word}',
            )
            assert paged == wanted
    source.close()


@pytest.mark.parametrize("descending", [False, True])
def test_a_scaled_column_is_sorted_and_paged_by_what_is_stored(tmp_path: Path, descending: bool):
    path = vmt.build("head_decimal", tmp_path / "runs.db", ticks=20)
    source = telemetry.open_source(path)
    query = TableQuery(
        1, "agent_snapshots", ("inventory_A", "id"), sort=Sort("inventory_A", descending), limit=6
    )
    word = "DESC" if descending else "ASC"
    wanted = _sql(
        path,
        "SELECT inventory_A, id FROM agent_snapshots WHERE run_id = 1 "
        f"ORDER BY inventory_A {word}, id {word}",
    )
    rows, _ = _pages(source, query)
    assert rows == [(Decimal(a) / 10_000, i) for a, i in wanted]
    assert isinstance(rows[0][0], Decimal)
    source.close()


def test_pages_can_be_filtered_and_limited_to_ticks_and_agents(money: Path):
    source = telemetry.open_source(money)
    where = Where((Filter.parse("result", "fail"),), TickRange(5, 30), (2,))
    rows, _ = _pages(source, TableQuery(2, "trade_attempts", ("id",), where, None, 5))
    wanted = _sql(
        money,
        "SELECT id FROM trade_attempts WHERE run_id = 2 AND result = 'fail' AND tick "
        "BETWEEN 5 AND 30 AND (buyer_id = 2 OR seller_id = 2) ORDER BY tick, id",
    )
    assert len(wanted) > 10
    assert rows == wanted
    assert source.ask(CountQuery(2, "trade_attempts", where)) == len(wanted)
    source.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cells=st.lists(st.tuples(ODD, ODD), max_size=25),
    kind=st.sampled_from(TYPED),
    key=st.sampled_from(["INTEGER PRIMARY KEY", "INTEGER", "TEXT", None]),
    descending=st.booleans(),
    limit=st.integers(1, 6),
)
def test_any_values_in_any_order_are_paged_without_loss(
    tmp_path_factory, cells, kind, key, descending, limit
):
    """Also keys that are missing, doubled or NULL, as tables put together by hand have them."""
    path = tmp_path_factory.mktemp("odd") / "runs.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE simulation_runs (run_id, scenario_name)")
    connection.execute("CREATE TABLE agent_snapshots (run_id, tick, agent_id)")
    own = f"id {key}, " if key is not None else ""
    connection.execute(f"CREATE TABLE trades ({own}run_id INTEGER, tick {kind}, number INTEGER)")
    for number, (value, odd_key) in enumerate(cells):
        _insert(connection, key, odd_key, value, number)
    connection.commit()
    ids = "id" if key is not None else "NULL"
    listed = connection.execute(f"SELECT {ids}, number FROM trades").fetchall()
    connection.close()

    source = telemetry.open_source(path)
    query = TableQuery(1, "trades", ("number",), sort=Sort("tick", descending), limit=limit)
    paged, keys = _pages(source, query)
    whole = source.ask(TableQuery(1, "trades", ("number",), sort=query.sort, limit=100))
    source.close()

    assert sorted(paged) == [(n,) for n in range(len(listed))]
    if key == "INTEGER PRIMARY KEY" or len(set(listed)) == len(cells) == len(
        {i for i, _ in listed}
    ):
        assert paged == list(whole.rows)
    if key in ("INTEGER PRIMARY KEY", None):
        assert len(set(keys)) == len(keys)


def _insert(connection: sqlite3.Connection, key, odd_key, value, number: int) -> None:
    if key is None:
        connection.execute("INSERT INTO trades VALUES (1, ?, ?)", (value, number))
    elif key == "INTEGER PRIMARY KEY":
        connection.execute("INSERT INTO trades VALUES (NULL, 1, ?, ?)", (value, number))
    else:
        connection.execute("INSERT INTO trades VALUES (?, 1, ?, ?)", (odd_key, value, number))


@pytest.mark.parametrize("offset", [0, 1, 13, 14, 15, 10_000])
def test_an_offset_leaves_out_so_many_rows_and_the_next_page_goes_on_there(money, offset):
    source = telemetry.open_source(money)
    wanted = _sql(money, "SELECT id FROM trades WHERE run_id = 2 ORDER BY tick, id")
    assert len(wanted) == 14
    rows, _ = _pages(source, TableQuery(2, "trades", ("id",), limit=4, offset=offset))
    assert rows == wanted[offset:]
    source.close()


@pytest.mark.parametrize("limit", [1, 13, 14, 15])
def test_the_last_page_says_that_it_is_the_last(money: Path, limit: int):
    source = telemetry.open_source(money)
    page = source.ask(TableQuery(2, "trades", ("id",), limit=limit))
    assert len(page.rows) == min(limit, 14)
    assert (page.next is None) == (limit >= 14)
    source.close()


def test_a_page_of_no_rows_is_empty(money: Path):
    source = telemetry.open_source(money)
    page = source.ask(TableQuery(2, "trades", limit=0))
    assert page.rows == ()
    assert page.next is None
    source.close()


def test_limits_that_make_no_sense_are_refused(money: Path):
    source = telemetry.open_source(money)
    for query in (
        TableQuery(1, "trades", limit=-1),
        TableQuery(1, "trades", offset=-1),
        TableQuery(1, "trades", limit=2**70),
        TableQuery(1, "trades", where=Where(ticks=TickRange(0, 2**70))),
        TableQuery(1, "trades", where=Where(agents=(2**70,))),
        TableQuery(2**70, "trades"),
        TableQuery("\ud800", "trades"),
        TableQuery(1, "no_such_table"),
        TableQuery(1, "trades", ("no_such_column",)),
        TableQuery(1, "trades", sort=Sort("no_such_column")),
        TableQuery(1, "tick_states", where=Where(agents=(1,))),
        TableQuery(1, "simulation_runs", where=Where(ticks=TickRange(0, 1))),
    ):
        with pytest.raises(RequestError) as caught:
            source.ask(query)
        assert "\n" not in str(caught.value)
    source.close()


def test_a_stream_is_all_pages(money: Path):
    source = telemetry.open_source(money)
    query = TableQuery(2, "trade_attempts", sort=Sort("price", descending=True), limit=3)
    streamed = [row for chunk in source.stream(query) for row in chunk]
    paged, _ = _pages(source, query)
    assert streamed == paged
    assert len(streamed) == source.ask(CountQuery(2, "trade_attempts"))
    source.close()
