"""A server sends each stretch of equal states once, and the lanes are those of every row read."""

from __future__ import annotations

import random

import pytest

from telemetry.answers import timeline
from telemetry.answers.stretches import StatesRead
from telemetry.concepts import TickRange
from telemetry.location import parse_location
from telemetry.queries import TimelineQuery
from telemetry.reader import MOST
from tests.builders.answers import same
from tests.builders.postgresql import Server
from tests.telemetry.laid_out import executed, opened

TABLES = """
CREATE TABLE simulation_runs (run_id INTEGER PRIMARY KEY, scenario_name TEXT);
CREATE TABLE agent_snapshots (run_id INTEGER, tick BIGINT, agent_id INTEGER);
CREATE TABLE tick_states (id INTEGER PRIMARY KEY, run_id INTEGER, tick {tick}, current_mode TEXT,
exchange_regime {regime}, active_pairs JSON);
"""
RUNS = 60
FAR = 2**63 - 1
Row = tuple[int, int, int | None, str | None, float | None, str | None]


def _ticks(chosen: random.Random) -> list[int | None]:
    """Those of a run: steps of one, of several, of none, backwards where they are shuffled."""
    found: list[int | None] = []
    tick = chosen.choice([0, -3, 10**6])
    for _ in range(chosen.randrange(6)):
        step = chosen.choice([1, 1, 1, 2, 5, 0])
        for _ in range(chosen.randrange(1, 9)):
            found.append(tick)
            tick += step
    if chosen.random() < 0.3:
        found += [None] * chosen.randrange(1, 4)
    if chosen.random() < 0.1:
        found += [-FAR, FAR, FAR]
    if chosen.random() < 0.3:
        chosen.shuffle(found)
    return found


def _rows() -> list[Row]:
    chosen, rows = random.Random(5), []
    for run in range(1, RUNS + 1):
        mode: str | None = "forage"
        for tick in _ticks(chosen):
            if chosen.random() < 0.3:
                mode = chosen.choice(["forage", "trade", None, "Forage"])
            regime = chosen.choice([0.0, 0.0, 0.0, -0.0, 1.5, None]) if run % 3 else 1.0
            pairs = chosen.choice(['["A<->B"]', "[]", '"no list"']) if run % 2 else "[]"
            rows.append((len(rows) + 1, run, tick, mode, regime, pairs))
    return rows


ROWS = _rows()


def _on_a_server(server: Server, tick: str) -> str:
    url = server.create()
    made = TABLES.format(tick=tick, regime="DOUBLE PRECISION")
    for run in range(1, RUNS + 1):
        made += f"INSERT INTO simulation_runs VALUES ({run}, 'r');"
    for row in ROWS:
        told = ("NULL" if v is None else f"'{v}'" if isinstance(v, str) else repr(v) for v in row)
        made += f"INSERT INTO tick_states VALUES ({', '.join(told)});".replace("-0.0", "'-0'")
    server.run(parse_location(url).name, made)
    return url


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows came for each question that was answered from stretches."""
    found: list[int] = []
    by_stretch = StatesRead.add_repeated

    def noted(self: StatesRead, rows: list[tuple[object, ...]]) -> None:
        found.append(len(rows))
        by_stretch(self, rows)

    monkeypatch.setattr(StatesRead, "add_repeated", noted)
    return found


def _by_stretches(statements: list[tuple[int, str]]) -> int:
    """How many of them ask for stretches."""
    return sum("FROM tick_states" in text and "lag(" in text for _, text in statements)


def test_lanes_are_those_of_every_row_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = [TimelineQuery(run) for run in range(1, RUNS + 1)]
    queries += [TimelineQuery(run, ticks=TickRange(2, 9)) for run in range(1, RUNS + 1, 3)]
    queries += [TimelineQuery(run, lanes=("mode",)) for run in range(1, RUNS + 1, 5)]
    with opened(_on_a_server(server, "BIGINT")) as source:
        with executed() as statements:
            by_stretches = [source.ask(query) for query in queries]
        assert _by_stretches(statements) == len(queries)
        monkeypatch.setattr(timeline, "_WHOLE", ())
        with executed() as statements:
            row_by_row = [source.ask(query) for query in queries]
        assert _by_stretches(statements) == 0
    assert sum(len(lane.state) for found in row_by_row for lane in found.lanes) > 500
    answers = zip(queries, by_stretches, row_by_row, strict=True)
    assert [query for query, one, other in answers if not same(one, other)] == []


def test_ticks_that_may_be_no_whole_numbers_are_read_row_by_row(
    server: Server, sent: list[int]
) -> None:
    with opened(_on_a_server(server, "NUMERIC")) as source:
        assert source.ask(TimelineQuery(1)).lanes
    assert sent == []


def _made(server: Server, states: str) -> str:
    """A database of one run with these ticks and modes."""
    url = server.create()
    made = TABLES.format(tick="INTEGER", regime="TEXT")
    made += (
        "INSERT INTO simulation_runs VALUES (1, 'a'); INSERT INTO tick_states SELECT row_number()"
    )
    made += f" OVER (), 1, tick, mode, 'mixed', '[]' FROM (SELECT {states}) of_run (tick, mode)"
    server.run(parse_location(url).name, made)
    return url


def test_rows_that_all_change_come_a_few_at_a_time(server: Server, sent: list[int]) -> None:
    """An array made of all at once would keep the interpreter for long."""
    states = "t, 'state ' || t % 3 FROM generate_series(0, 29999) t"
    url = _made(server, states)
    with opened(url) as source:
        mode, *_ = source.ask(TimelineQuery(1, lanes=("mode",))).lanes
    assert sum(sent) == 30_000
    assert max(sent) <= MOST + 1
    assert mode.first.tolist() == mode.last.tolist() == list(range(30_000))
    assert mode.state[:4] == ("state 0", "state 1", "state 2", "state 0")


def test_few_rows_are_sent_of_many_ticks(server: Server, sent: list[int]) -> None:
    mode_at = "CASE WHEN t / 1000 % 2 = 0 THEN 'forage' ELSE 'trade' END"
    url = _made(server, f"t * 2, {mode_at} FROM generate_series(0, 4999) t")
    with opened(url) as source, executed() as statements:
        mode, *_ = source.ask(TimelineQuery(1)).lanes
    assert sent == [7]  # the first, the first at a distance, four changes, the last
    assert mode.first.tolist() == [0, 2000, 4000, 6000, 8000]
    assert mode.last.tolist() == [1999, 3999, 5999, 7999, 9998]
    assert mode.state == ("forage", "trade", "forage", "trade", "forage")
    assert _by_stretches(statements) == 1
