"""Seeds as evidence: planted effects among seeds are found, and none where there is none."""

from __future__ import annotations

import json
import math
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from telemetry.analysis import comparison, settings
from telemetry.analysis.chosen import every_run, labels
from telemetry.analysis.comparison import curves, first_switch, over_time, summarised, totals
from telemetry.analysis.seeds import bands, effect, estimate, seed_groups
from telemetry.answers import summaries
from telemetry.concepts import Column, Quantity, SeedGroup
from telemetry.detect import open_source
from telemetry.queries import SummariesQuery, SummaryQuery
from tests.builders import simcash, vmt
from tests.telemetry.command_line import ran, refused

Capsys = pytest.CaptureFixture[str]
SEEDS = (1, 2, 3, 4, 5, 6)


def quantity(*values: float) -> Quantity:
    return Quantity("trades", "trades", None, Column("n", "trades", "int"), values)


def group(runs: range, seeds: tuple[int, ...] = SEEDS) -> SeedGroup:
    return SeedGroup("x", "group", tuple(runs), seeds, {})


@pytest.fixture(scope="module")
def two_groups(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve runs: six seeds of spread 0, the same six of spread 1, whose utility is 2 more."""
    path = vmt.build("money_full", tmp_path_factory.mktemp("seeds") / "seeds.db", runs=12, ticks=8)
    connection = sqlite3.connect(path)
    with connection:
        for run in range(1, 13):
            seed, spread = SEEDS[(run - 1) % 6], (run - 1) // 6
            config = json.dumps({"params": {"spread": spread}, "seed": seed})
            connection.execute(
                "UPDATE simulation_runs SET config_json = ? WHERE run_id = ?", (config, run)
            )
            connection.execute(
                "UPDATE agent_snapshots SET utility = ? WHERE run_id = ?",
                (10 * seed + 2 * spread + 0.01 * (seed % 3) * spread, run),
            )
    connection.close()
    return path


def test_a_known_effect_among_seeds_has_its_sign_and_an_interval_that_covers_it():
    noise = np.random.default_rng(5).normal(0, 1, 12)
    values = [20 + v for v in noise[:6]] + [23 + v for v in noise[6:]]
    found = effect(quantity(*values), group(range(6)), group(range(6, 12)), "unpaired")
    assert found.method == "Welch"
    assert found.difference.low < 3 < found.difference.high
    assert found.difference.low > 0
    assert found.size > 1
    by_scipy = stats.ttest_ind(values[6:], values[:6], equal_var=False).confidence_interval(0.95)
    assert (found.difference.low, found.difference.high) == pytest.approx(tuple(by_scipy))
    nothing = [20 + v for v in noise]
    same = effect(quantity(*nothing), group(range(6)), group(range(6, 12)), "unpaired")
    assert same.difference.low < 0 < same.difference.high


def test_pairs_of_one_seed_find_what_the_spread_of_seeds_hides():
    """Seeds differ by 10, the effect is 2: by pairs it is seen, between the groups it is not."""
    one = [10.0 * s for s in SEEDS]
    other = [10.0 * s + 2 + 0.1 * (s % 2) for s in SEEDS]
    a, b = group(range(6)), group(range(6, 12))
    paired = effect(quantity(*one, *other), a, b)
    unpaired = effect(quantity(*one, *other), a, b, "unpaired")
    assert (paired.method, paired.difference.n) == ("paired", 6)
    assert 1.9 < paired.difference.low < 2.05 < paired.difference.high < 2.2
    assert unpaired.difference.low < 0 < unpaired.difference.high
    assert paired.difference.mean == pytest.approx(unpaired.difference.mean)


def test_other_seeds_are_not_paired_and_those_without_a_partner_are_said():
    values = quantity(*map(float, range(12)))
    apart = effect(values, group(range(6)), group(range(6, 12), (11, 12, 13, 14, 15, 16)))
    assert apart.method == "Welch"
    some = effect(values, group(range(6)), group(range(6, 12), (1, 2, 3, 14, 15, 16)))
    assert (some.method, some.difference.n) == ("paired", 3)
    assert "6 runs without a partner" in some.note


def test_an_interval_is_that_of_t_and_one_value_has_none():
    found = estimate([1.0, 2.0, 3.0, 4.0])
    half = 3.182446 * math.sqrt(5 / 3) / 2  # t(0.975, 3) · s / √n
    assert (found.low, found.high) == pytest.approx((2.5 - half, 2.5 + half))
    alone = estimate([7.0])
    assert (alone.mean, alone.n) == (7.0, 1)
    assert math.isnan(alone.low)


def test_no_spread_at_all_gives_no_warning_and_an_interval_of_one_point():
    found = effect(quantity(*[1.0] * 6, *[3.0] * 6), group(range(6)), group(range(6, 12)),
                   "unpaired")  # fmt: skip
    assert (found.difference.low, found.difference.high) == (2, 2)
    assert found.size == math.inf


def test_runs_of_one_configuration_are_grouped_whatever_their_seeds(two_groups: Path):
    source = open_source(str(two_groups))
    runs = every_run(source)
    groups = seed_groups(runs)
    assert [(g.runs, g.seeds) for g in groups] == [
        (tuple(range(6)), SEEDS), (tuple(range(6, 12)), SEEDS),
    ]  # fmt: skip
    assert [dict(g.settings) for g in groups] == [{"params.spread": "0"}, {"params.spread": "1"}]
    assert [g.runs for g in seed_groups(runs, over=("spread",))] == [tuple(range(12))]
    found = curves(runs, "utility")
    mean = over_time(found)[0]
    known = effect(mean, groups[0], groups[1])
    assert known.difference.low < 2.01 < known.difference.high
    assert known.difference.low > 1.9
    shown = bands(found, groups)
    assert [set(band.n.tolist()) for band in shown] == [{6}, {6}]
    assert shown[0].mean[0] == pytest.approx(35)
    half = 2.570582 * math.sqrt(350) / math.sqrt(6)
    assert shown[0].high[0] - shown[0].mean[0] == pytest.approx(half)
    source.close()


def test_many_runs_are_added_up_together_as_each_alone(two_groups: Path, monkeypatch):
    """One of the thirteen runs asked for has no rows."""
    monkeypatch.setattr(summaries, "AT_ONCE", 5)
    source = open_source(str(two_groups))
    runs = every_run(source)
    asked = (*(run.run_id for run in runs), 77)
    for table in summarised(runs[0]):
        together = source.ask(SummariesQuery(asked, table.name))
        for place, run_id in enumerate(asked):
            assert together.of(place) == source.ask(SummaryQuery(run_id, table.name))
        assert together.of(len(runs)).groups == ()
    told, groups = totals(runs), seed_groups(runs)
    monkeypatch.setattr(comparison, "MANY", 99)
    monkeypatch.setattr(settings, "MANY", 99)
    assert (totals(runs), seed_groups(runs)) == (told, groups)
    source.close()


def test_totals_equal_what_sql_says_and_curves_are_aligned(two_groups: Path):
    source = open_source(str(two_groups))
    runs = every_run(source)[:2]
    trades = next(q for q in totals(runs) if q.column.name == "trade_count" and q.group is None)
    sql = "SELECT COUNT(*) FROM trades WHERE run_id = ?"
    assert trades.values == tuple(vmt.query(two_groups, sql, n)[0][0] for n in (1, 2))
    switch = first_switch(runs[0])
    assert switch is not None
    aligned = curves(runs, "utility", "regime")
    first = aligned.curves[0]
    assert first.x.tolist() == [tick - switch[0] for tick in first.tick.tolist()]
    share = curves(runs, "utility", "share").curves[0]
    assert (share.x[0], share.x[-1]) == (0, 1)
    assert labels(runs) == ("1", "2")
    source.close()


def test_samples_of_one_iteration_are_together_without_a_configuration(tmp_path: Path):
    source = open_source(str(simcash.unified(tmp_path / "samples.db")))
    runs = [r for r in every_run(source) if r.run.fields.get("sample_index") is not None]
    for group in seed_groups(runs):
        places = {(runs[i].run.experiment_id, runs[i].run.iteration) for i in group.runs}
        assert len(places) == 1
        assert group.seeds == tuple(runs[i].run.fields["sample_index"] for i in group.runs)
    assert runs
    source.close()


def test_the_commands_print_the_same(two_groups: Path, capsys: Capsys):
    found = ran(capsys, "seeds", two_groups, "--measure", "utility", "--against", "1",
                "--table", "trades", "--format", "jsonl").lines()  # fmt: skip
    mean = next(row for row in found if row["quantity"].endswith("mean over ticks"))
    assert (mean["group"], mean["method"], mean["n_a"], mean["n_b"]) == ("group 2", "paired", 6, 6)
    assert mean["low"] < 2.01 < mean["high"]
    listed = ran(capsys, "seeds", two_groups, "--table", "runs", "--format", "json").json()
    assert [(g["n"], g["settings"]) for g in listed["groups"]] == [
        (6, {"params.spread": "0"}), (6, {"params.spread": "1"}),
    ]  # fmt: skip
    both = ran(capsys, "compare", two_groups, 1, 7, "--format", "json").json()
    assert [s["key"] for s in both["settings"]] == ["params.spread", "scenario_name"]
    rows = ran(capsys, "compare", two_groups, 1, 7, "--measure", "utility", "--format", "csv").csv()
    assert rows[0] == ["run", "x", "tick", "value"]
    assert len(rows) == 1 + 2 * 8
    assert "no group '9'" in refused(capsys, 2, "seeds", two_groups, "--against", "9")
    assert "no measure 'x'" in refused(capsys, 2, "compare", two_groups, 1, "--measure", "x")
