"""Flows: a planted matrix, an intermediary and a velocity are found, and edges lead to rows."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from telemetry.analysis import circulation
from telemetry.answers import passing_columns
from telemetry.concepts import TickRange
from telemetry.detect import open_source
from telemetry.filters import Filter
from telemetry.queries import (
    CountQuery,
    FlowsQuery,
    IntermediariesQuery,
    RunsQuery,
    TableQuery,
    Where,
)
from tests.builders import bilancio, simcash, vmt
from tests.telemetry.command_line import ran, refused

Capsys = pytest.CaptureFixture[str]
# tick, buyer, seller, dA, dB, dM: agent 1 buys 5 A, sells 3 and 4 on (2 of these are its own).
TRADES = (
    (1, 1, 0, 5, 0, 50),
    (2, 2, 1, 3, 0, 60),
    (3, 2, 1, 4, 0, 80),
    (4, 1, 0, 0, 2, 10),
    (5, 0, 3, 1, 6, 0),
    (5, 1, 2, 2, 0, 30),
    (5, 3, 1, 2, 0, 40),
)
_ADD = (
    "INSERT INTO trades (run_id, tick, x, y, buyer_id, seller_id, dA, dB, dM, price, direction) "
    "VALUES (1, ?, 0, 0, ?, ?, ?, ?, ?, 1, '')"
)
MONEY = 25
"""What each of the four agents holds throughout; the money scale is 10."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = vmt.build("money_full", tmp_path_factory.mktemp("flows") / "flows.db", runs=1, ticks=10,
                     money_scale=10)  # fmt: skip
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DELETE FROM trades")
        connection.execute("UPDATE agent_snapshots SET inventory_M = ?", (MONEY * 10,))
        connection.executemany(_ADD, TRADES)
    connection.close()
    return path


@pytest.fixture
def source(planted: Path):
    found = open_source(planted)
    yield found
    found.close()


def edges(found):
    return {
        (found.agents[g], found.agents[t]): float(q)
        for g, t, q in zip(found.giver, found.taker, found.quantity, strict=True)
    }


def test_the_matrix_is_the_planted_one_whoever_pays_with_what(source):
    a, b, m = (source.ask(FlowsQuery(1, good)) for good in "ABM")
    assert edges(a) == {(0, 1): 5, (1, 2): 7, (3, 0): 1, (2, 1): 2, (1, 3): 2}
    assert edges(b) == {(0, 1): 2, (0, 3): 6}  # sold for money, and paid with in barter
    assert edges(m) == {(1, 0): 6, (2, 1): 14, (1, 2): 3, (3, 1): 4}  # ÷ money scale
    grid = circulation.matrix(a)
    assert grid.amount[1, 2] == 7
    assert grid.rows[1, 2] == 2
    few = circulation.matrix(a, 2)
    assert few.names == ("1", "2", "others (2)")
    assert few.amount.sum() == a.amount.sum()
    assert few.amount[2, 0] == 5  # 0 gave it to 1


def test_an_intermediary_passes_on_what_it_took_before_and_no_more(source):
    found = {p.agent_id: p for p in source.ask(IntermediariesQuery(1, "A")).agents}
    one = found[1]
    assert (one.taken, one.given, one.passed, one.rows) == (7, 9, 7, 5)
    assert found[0].passed == 0  # it gave before it took
    assert (found[2].taken, found[2].passed) == (7, 2)
    early = source.ask(IntermediariesQuery(1, "A", TickRange(2, 4)))
    assert {p.agent_id: p.passed for p in early.agents} == {1: 0, 2: 0}


def test_an_edge_leads_to_its_rows(source, planted):
    a = source.ask(FlowsQuery(1, "A"))
    ((leg, quantity, rows),) = circulation.edges_between(a, 1, 2)
    assert (float(quantity), rows) == (7, 2)
    texts = circulation.filters_of(a.good, leg, 1, 2)
    filters = tuple(Filter.parse(name, text) for name, text in texts.items())
    assert source.ask(CountQuery(1, a.good.table, Where(filters))) == 2
    assert texts["buyer_id"] == "2"


def test_velocity_is_turnover_per_tick_by_the_mean_stock(source, planted, capsys: Capsys):
    money = next(good for good in source.goods if good.money)
    found = circulation.velocity(source, 1, money)
    assert (found.turnover, found.ticks, found.stock) == (27, 10, 4 * MONEY)
    assert found.velocity == pytest.approx(27 / 10 / 100)
    some = circulation.velocity(source, 1, money, TickRange(1, 2))
    assert some.velocity == pytest.approx(11 / 2 / 100)
    told = ran(capsys, "flows", planted, "1", "--what", "velocity", "--format", "jsonl")
    assert [row["velocity"] for row in told.lines()] == [pytest.approx(0.027)]


def test_the_command_lists_edges_agents_and_refuses_what_is_not_there(planted, capsys: Capsys):
    told = ran(capsys, "flows", planted, "1", "--good", "A", "--ticks", "1~3", "--format", "csv")
    assert told.csv()[1:] == [["A", "1", "2", "7", "A", "2"], ["A", "0", "1", "5", "A", "1"]]
    told = ran(capsys, "flows", planted, "1", "--good", "A", "--what", "agents")
    assert told.out.splitlines()[4].split()[:5] == ["A", "1", "7", "9", "7"]
    assert "no good 'X'" in refused(capsys, 2, "flows", planted, "1", "--good", "X")
    barter = vmt.build("barter", planted.parent / "barter.db", runs=1, ticks=2)
    assert "Money M is not recorded" in refused(capsys, 1, "flows", barter, "1", "--good", "M")


def test_payments_flow_when_they_are_settled(tmp_path: Path):
    source = open_source(simcash.unified(tmp_path / "p.db"))
    run = next(r.run_id for r in source.ask(RunsQuery()).runs
               if source.ask(CountQuery(r.run_id, "transactions")))  # fmt: skip
    names = ("sender_id", "receiver_id", "amount_settled", "settlement_tick")
    rows = source.ask(TableQuery(run, "transactions", names)).rows
    wanted: dict[tuple[object, object], float] = {}
    for sender, receiver, cents, settled in rows:
        if settled is not None:
            known = wanted.get((sender, receiver), 0.0)
            wanted[sender, receiver] = known + float(cents) / 100
    found = source.ask(FlowsQuery(run, "payments"))
    assert edges(found) == pytest.approx(wanted)
    assert wanted
    source.close()


def test_claims_go_one_way_and_cash_the_other(tmp_path: Path):
    ring = open_source(bilancio.write_experiment(tmp_path / "ring"))
    run = next(r.run_id for r in ring.ask(RunsQuery()).runs if "active" in str(r.run_id))
    claims, cash = (ring.ask(FlowsQuery(run, good)) for good in ("claims", "cash"))
    assert any("dealer" in str(agent) for agent in claims.agents)
    assert {pair[::-1] for pair in edges(claims)} == set(edges(cash))
    ring.close()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some thousand trades of seven agents in 60 ticks, in which rows do not lie by tick."""
    path = vmt.build("money_full", tmp_path_factory.mktemp("many") / "many.db", runs=1, ticks=60)
    chance = random.Random(5)
    pairs = ("dA", "dB"), ("dA", "dM"), ("dB", "dM")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DELETE FROM trades")
        for _ in range(3_000):
            amounts = dict.fromkeys(("dA", "dB", "dM"), 0)
            amounts |= {name: chance.randint(1, 9) for name in chance.choice(pairs)}
            buyer, seller = chance.randrange(7), chance.randrange(7)  # now and then the same
            connection.execute(_ADD, (chance.randrange(60), buyer, seller, *amounts.values()))
    connection.close()
    return path


@pytest.mark.sampled(6)
@pytest.mark.parametrize("ticks", [None, TickRange(7, 41)])
@pytest.mark.parametrize("good", ["A", "B", "M"])
def test_columns_and_statements_tell_the_same_of_who_passes_on(
    many: Path, monkeypatch: pytest.MonkeyPatch, good: str, ticks: TickRange | None
) -> None:
    query, read = IntermediariesQuery(1, good, ticks), []
    monkeypatch.setattr(passing_columns, "PARTS", 9)
    told = passing_columns.Held.told
    monkeypatch.setattr(passing_columns.Held, "told", lambda self: read.append(1) or told(self))
    with closing(open_source(many)) as source:
        by_statement = source.ask(query)
        assert not read, "so few rows are not worth columns"
        monkeypatch.setattr(passing_columns, "FEW", 100)
        assert source.ask(query) == by_statement
        assert read, "these were to be read as columns"
    assert len(by_statement.agents) == 7
    assert any(agent.passed for agent in by_statement.agents)


def test_amounts_that_are_no_whole_numbers_are_left_to_statements(
    many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(many, tmp_path / "odd.db"))
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE trades SET dM = 2.5 WHERE id = (SELECT max(id) FROM trades)")
        connection.execute("UPDATE trades SET dA = 1 << 61 WHERE id = 1")
    connection.close()
    monkeypatch.setattr(passing_columns, "PARTS", 9)
    with closing(open_source(path)) as source:
        asked = [IntermediariesQuery(1, good) for good in "AM"]
        by_statement = [source.ask(query) for query in asked]
        monkeypatch.setattr(passing_columns, "FEW", 100)
        assert [source.ask(query) for query in asked] == by_statement
