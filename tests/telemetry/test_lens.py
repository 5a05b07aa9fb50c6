"""The lens: planted settling ticks, an outlier and clamped values are found, small and large."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from telemetry.answers import settling as settling_answers
from telemetry.answers import settling_columns
from telemetry.concepts import TickRange
from telemetry.detect import open_source
from telemetry.queries import LensQuery, SettlingQuery
from tests.builders import vmt
from tests.telemetry.command_line import ran, refused

Capsys = pytest.CaptureFixture[str]
LIMIT, LOW, HIGH = 2.0, 0.5, 4.0
AGENTS = 8


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """λ of agent n is 3 before tick 5 + n and its limit 2 from there on, with one late leap.

    Agent 3 leaps at tick 30 (so it settles at 31), agent 6 stays at 40 (an outlier, beyond the
    upper bound), agent 7 ends elsewhere (it never settles), agent 5 stands on the lower bound
    for four ticks and has no value at tick 39, the last one.
    """
    path = vmt.build("money_full", tmp_path_factory.mktemp("lens") / "lens.db", runs=1, ticks=40,
                     agents=AGENTS)  # fmt: skip
    connection = sqlite3.connect(path)
    config = {"params": {"lambda_bounds": {"lambda_min": LOW, "lambda_max": HIGH}}}
    with connection:
        for sql in (
            "lambda_money = CASE WHEN tick < 5 + agent_id THEN 3.0 ELSE 2.0 END",
            "lambda_money = 2.5 WHERE agent_id = 3 AND tick = 30",
            "lambda_money = 40 WHERE agent_id = 6",
            "lambda_money = 1.5 WHERE agent_id = 7 AND tick = 39",
            "lambda_money = 0.5 WHERE agent_id = 5 AND tick BETWEEN 1 AND 4",
            "lambda_money = NULL WHERE agent_id = 5 AND tick = 39",
        ):
            connection.execute(f"UPDATE agent_snapshots SET {sql}")
        connection.execute("UPDATE simulation_runs SET config_json = ?", (json.dumps(config),))
    connection.close()
    return path


@pytest.fixture
def source(planted: Path):
    found = open_source(planted)
    yield found
    found.close()


def test_each_agent_settles_where_it_was_planted(source):
    found = source.ask(SettlingQuery(1, "lambda_money", 0.05))
    ticks = {s.agent_id: s.settled for s in found.agents if s.stays}
    assert ticks == {0: 5, 1: 6, 2: 7, 3: 31, 4: 9, 5: 10, 6: 0}
    seven = found.agents[7]
    assert (seven.limit, seven.settled, seven.stays) == (1.5, 39, False)
    assert (found.agents[5].last, found.agents[5].values, found.agents[5].at_low) == (38, 39, 4)
    assert found.agents[6].at_high == 40
    assert found.bounds == (LOW, HIGH)
    # Half a unit is near enough for the leap of agent 3, and for agent 7's last value.
    wide = source.ask(SettlingQuery(1, "lambda_money", 0.5, relative=False))
    assert {s.agent_id: s.settled for s in wide.agents if s.stays} == ticks | {3: 8, 7: 12}


def test_many_rows_are_told_by_parts_and_come_to_the_same(source, monkeypatch):
    plain = source.ask(SettlingQuery(1, "lambda_money", 0.05))
    for parts in (3, 8, 128):
        monkeypatch.setattr(settling_answers, "FEW", 1)
        monkeypatch.setattr(settling_answers, "BUCKETS", parts)
        assert source.ask(SettlingQuery(1, "lambda_money", 0.05)) == plain


@pytest.mark.parametrize("parts", [3, 33])
def test_many_rows_are_read_as_columns_from_the_last_tick_on(source, monkeypatch, parts):
    asked = [
        SettlingQuery(1, "lambda_money", 0.05),
        SettlingQuery(1, "lambda_money", 0.5, relative=False, ticks=TickRange(2, 35)),
    ]
    plain = [source.ask(query) for query in asked]
    monkeypatch.setattr(settling_answers, "FEW", 1)
    monkeypatch.setattr(settling_answers, "_by_parts", None)  # what else many rows are told by
    monkeypatch.setattr(settling_columns, "PARTS", parts)
    assert [source.ask(query) for query in asked] == plain


def test_who_stands_apart_is_named_and_the_fan_is_that_of_the_rows(source, planted):
    found = source.ask(LensQuery(1, "lambda_money", max_ticks=None))
    assert [(o.agent_id, o.share) for o in found.outliers[:1]] == [(6, 1.0)]
    assert found.line(6).tolist() == [40.0] * 40
    at = int(np.searchsorted(found.tick, 20))
    by_hand = [r[0] for r in vmt.query(
        planted, "SELECT lambda_money FROM agent_snapshots WHERE tick = 20")]  # fmt: skip
    assert found.quantiles["median"][at] == np.median(by_hand)
    assert found.quantiles["q95"][at] == pytest.approx(np.quantile(by_hand, 0.95))
    assert found.at_high.tolist() == [1] * 40
    assert found.at_low.tolist() == [0, 1, 1, 1, 1] + [0] * 35
    thinned = source.ask(LensQuery(1, "lambda_money", max_ticks=5))
    assert len(thinned.tick) <= 6
    assert "evenly spaced ticks" in thinned.notes[0]


def test_without_bounds_that_is_said_and_other_measures_have_a_lens_too(source, planted, capsys):
    assert source.ask(SettlingQuery(1, "utility")).bounds is None
    told = ran(capsys, "lens", planted, "1", "--measure", "utility")
    assert "Bounds are not recorded" in told.err
    told = ran(capsys, "lens", planted, "1", "--epsilon", "0.05", "--format", "jsonl")
    rows = {row["agent"]: row for row in told.lines()}
    assert (rows[3]["settled"], rows[3]["stays"], rows[7]["settled"]) == (31, 8, None)
    assert (rows[6]["at_high"], rows[6]["outside"]) == (40, 1.0)
    assert "7 of 8 agents settle" in told.err
    assert "4 of 319 values on the lower, 40 on the upper" in told.err


def test_which_good_binds_is_counted_by_tick_or_said_to_be_missing(planted, capsys: Capsys):
    barter = vmt.build("barter", planted.parent / "barter.db", runs=1, ticks=2)
    assert "no updates record" in refused(capsys, 1, "lens", barter, "1", "--what", "binding")
    told = ran(capsys, "lens", planted, "1", "--what", "binding")
    assert (told.code, "no rows of lambda_updates" in told.err) == (1, True)
    rest = {"run_id": 1, "agent_id": 0, "lambda_old": 1, "lambda_new": 1, "clamped": 0}
    for tick, a, b in ((3, 0.2, 0.4), (3, 0.5, 0.4), (3, 0.1, 0.4), (9, 0.5, 0.5)):
        estimates = {"lambda_hat_A": a, "lambda_hat_B": b, "lambda_hat": min(a, b)}
        vmt.insert(planted, "lambda_updates", tick=tick, **rest, **estimates)
    told = ran(capsys, "lens", planted, "1", "--what", "binding", "--format", "csv")
    assert told.csv()[1:] == [["3", "A", "2"], ["3", "B", "1"], ["9", "both", "1"]]
