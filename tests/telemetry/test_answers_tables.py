"""Runs, counts, facets, summaries, histograms and points are what SQL finds by hand."""

import sqlite3
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import telemetry
from telemetry import queries as q
from telemetry.concepts import TickRange
from telemetry.errors import RequestError
from telemetry.filters import Filter
from telemetry.source import Source
from tests.builders import vmt

pytestmark = pytest.mark.sampled(4)

FILTERED = q.Where((Filter.parse("result", "fail"),), TickRange(3, 20), (2,))
FILTERED_SQL = (
    "run_id = 2 AND result = 'fail' AND tick BETWEEN 3 AND 20 AND (buyer_id = 2 OR seller_id = 2)"
)


TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"


def _columns(path: Path, table: str) -> list[str]:
    return [
        str(name) for (name,) in vmt.query(path, "SELECT name FROM pragma_table_info(?)", table)
    ]


@pytest.fixture(scope="module", params=vmt.VINTAGES)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / f"{request.param}.db"
    return vmt.build(request.param, path, ticks=31, runs=3)


@pytest.fixture
def source(built: Path):
    source = telemetry.open_source(built)
    yield source
    source.close()


def test_the_list_of_runs_is_what_the_run_rows_say(source: Source, built: Path):
    listed = source.ask(q.RunsQuery())
    known = _columns(built, "simulation_runs")
    light = [name for name in known if name != "config_json"]
    rows = vmt.query(built, f"SELECT {', '.join(light)} FROM simulation_runs ORDER BY run_id")
    assert [tuple(run.fields[name] for name in light) for run in listed.runs] == rows
    assert [run.run_id for run in listed.runs] == [1, 2, 3]
    assert listed.runs[0].name == vmt.SCENARIO
    assert [run.status for run in listed.runs] == ["unfinished", "finished", "finished"]
    assert [str(run.ticks) for run in listed.runs] == ["0~30"] * 3
    assert [run.fields["seed"] for run in listed.runs] == [41, 42, 43]
    assert all("config_json" not in run.fields for run in listed.runs)
    assert {column.name for column in listed.columns} == set(listed.runs[0].fields)


def test_the_regime_that_is_shown_is_the_one_of_the_ticks(source: Source, built: Path):
    for run in source.ask(q.RunsQuery()).runs:
        found = source.ask(q.ContradictionsQuery(run.run_id))
        detail = source.ask(q.RunQuery(run.run_id))
        assert not any("regime" in warning for warning in detail.warnings)  # no pass yet
        assert "Regime (ticks)" not in detail.sought or dict(detail.facts)["Regime (ticks)"] is None
        detail = detail.completed(found)
        recorded = source.table("tick_states").column("exchange_regime")
        if recorded is None or not recorded.recorded:
            assert run.fields["regime_seen"] is None
            assert not any("regime" in warning for warning in detail.warnings)
            assert dict(detail.facts)["Regime (ticks)"] is None
            continue
        actual = vmt.regime_of(built.stem, int(run.run_id))
        assert run.fields["regime_seen"] == actual
        assert dict(detail.facts)["Regime (ticks)"] == actual
        warned = any(f"the ticks say {actual}" in warning for warning in detail.warnings)
        assert warned == (run.fields["exchange_regime"] != actual)


def test_a_run_in_full_is_counted_from_its_rows(source: Source):
    detail = source.ask(q.RunQuery(2))
    facts = dict(detail.facts)
    assert detail.agents == 4
    assert detail.grid == (12, 12)
    assert detail.config == {"seed": 42, "params": detail.config["params"]}
    assert facts["Ticks"] == "0 to 30"
    assert facts["Seed"] == 42
    assert not any("counts" in warning for warning in detail.warnings)


def test_a_run_row_that_contradicts_its_rows_is_warned_of(tmp_path: Path):
    path = vmt.build("barter", tmp_path / "runs.db", ticks=5, num_agents=9, total_ticks=77)
    source = telemetry.open_source(path)
    warnings = " ".join(source.ask(q.RunQuery(1)).warnings)
    assert "counts 77 ticks, its rows cover 5" in warnings
    assert "counts 9 agents, snapshots name 4" in warnings
    source.close()


def test_sizes_are_counted_for_each_table(source: Source, built: Path):
    sizes = source.ask(q.RunSizesQuery((1, 2, 3))).counts
    for run in (1, 2, 3):
        for (table,) in vmt.query(built, TABLES):
            ((n,),) = vmt.query(built, f"SELECT count(*) FROM {table} WHERE run_id = ?", run)
            assert sizes[run][table] == n
    only = source.ask(q.RunSizesQuery((3,), ("trades",))).counts
    assert only == {3: {"trades": sizes[3]["trades"]}}


def test_agents_are_named_with_their_kind_and_ticks(source: Source):
    agents = source.ask(q.AgentsQuery(2))
    assert [(a.agent_id, a.label, a.kind, a.first_tick, a.last_tick) for a in agents] == [
        (0, "0", "UCES", 0, 30),
        (1, "1", "ULinear", 0, 30),
        (2, "2", "UCES", 0, 30),
        (3, "3", "ULinear", 0, 30),
    ]


def test_facets_count_each_value_of_the_filtered_rows(source: Source, built: Path):
    for column in ("result_reason", "buyer_id", "direction", "price", "tick"):
        facets = source.ask(q.FacetQuery(2, "trade_attempts", column, FILTERED))
        rows = vmt.query(
            built,
            f"SELECT {column}, count(*) FROM trade_attempts WHERE {FILTERED_SQL} GROUP BY 1",
        )
        assert len(rows) > 0
        assert dict(facets.values) == dict(rows)
        assert [n for _, n in facets.values] == sorted((n for _, n in rows), reverse=True)
        assert facets.total == sum(n for _, n in rows)
        assert facets.distinct == len(rows)


def test_a_limit_on_facets_keeps_the_most_frequent_and_the_totals(source: Source):
    every = source.ask(q.FacetQuery(2, "trade_attempts", "result_reason"))
    two = source.ask(q.FacetQuery(2, "trade_attempts", "result_reason", limit=2))
    assert two.values == every.values[:2]
    assert (two.total, two.distinct) == (every.total, every.distinct)
    assert every.values[0][0] == "buyer_utility_no_improvement"


def test_facets_tell_null_zero_and_nothing_apart(tmp_path: Path):
    path = vmt.build("money", tmp_path / "runs.db", ticks=1)
    for mode, agent in ((None, 50), ("", 51), ("0", 52), ("", 53)):
        vmt.insert(
            path,
            "decisions",
            run_id=2,
            tick=0,
            agent_id=agent,
            target_type="idle",
            num_neighbors=0,
            mode=mode,
        )
    source = telemetry.open_source(path)
    where = q.Where((Filter.parse("agent_id", ">=50"),))
    facets = source.ask(q.FacetQuery(2, "decisions", "mode", where))
    assert facets.values == (("", 2), ("0", 1), (None, 1))
    source.close()


def test_a_summary_is_the_aggregates_of_the_filtered_rows(source: Source, built: Path):
    summary = source.ask(q.SummaryQuery(2, "trade_attempts", FILTERED))
    rows = vmt.query(
        built,
        "SELECT result_reason, count(*), avg(buyer_U_final - buyer_U_init), "
        f"avg(seller_U_final - seller_U_init) FROM trade_attempts WHERE {FILTERED_SQL} GROUP BY 1",
    )
    assert [row[:4] for row in summary.groups] == rows
    assert summary.total[1] == sum(int(str(row[1])) for row in rows)
    assert [column.name for column in summary.columns][:2] == ["result_reason", "attempt_count"]


def test_the_surplus_by_pair_is_what_sql_finds(source: Source, built: Path):
    """The sixth question of the VMT document, for exactly the trades between two ticks."""
    where = q.Where(ticks=TickRange(2, 25))
    summary = source.ask(q.SummaryQuery(2, "trades", where))
    groups = {row[0]: row for row in summary.groups}
    regime = vmt.regime_of(built.stem, 2)
    assert regime == "barter_only"
    assert set(groups) == {"A<->B"}
    names = [column.name for column in summary.columns]
    row = dict(zip(names, groups["A<->B"], strict=True))
    trades = [t for t in range(2, 26) if t % 3 == 0]
    units = 10_000 if built.stem == "head_decimal" else 1
    assert row["trade_count"] == len(trades) == summary.total[1]
    assert row["sum_dA"] == 2 * len(trades)
    assert isinstance(row["sum_dA"], Decimal if units != 1 else int)
    if built.stem == "money_full":
        assert row["avg_total_surplus"] == 0.75
        assert row["sum_total_surplus"] == 0.75 * len(trades)
    else:
        assert row["avg_total_surplus"] is None


def test_a_summary_of_no_rows_has_no_groups_and_null_aggregates(source: Source):
    where = q.Where(ticks=TickRange(900, 901))
    summary = source.ask(q.SummaryQuery(1, "trades", where))
    assert summary.groups == ()
    assert summary.total[1] == 0
    assert set(summary.total[2:]) == {None}
    with pytest.raises(RequestError, match="no summary"):
        source.ask(q.SummaryQuery(1, "decisions"))


@pytest.mark.parametrize("bins", [1, 4, 10, 31, 500])
def test_a_histogram_counts_rows_per_bin_and_group(source: Source, built: Path, bins: int):
    found = source.ask(q.HistogramQuery(2, "trade_attempts", "result_reason", bins=bins))
    assert len(found.start) <= bins
    rows = vmt.query(built, "SELECT tick, result_reason FROM trade_attempts WHERE run_id = 2")
    wanted = Counter((tick // found.width, reason) for tick, reason in rows)
    assert {
        (i, reason): n
        for reason, counts in found.counts.items()
        for i, n in enumerate(counts.tolist())
        if n
    } == wanted
    assert found.start.tolist() == list(range(0, 31, found.width))


def test_a_histogram_of_a_tick_range_counts_only_that(source: Source, built: Path):
    found = source.ask(q.HistogramQuery(2, "trade_attempts", where=FILTERED, bins=5))
    ((n,),) = vmt.query(built, f"SELECT count(*) FROM trade_attempts WHERE {FILTERED_SQL}")
    assert found.start[0] == 3
    assert found.start[-1] + found.width > 20
    assert sum(int(counts.sum()) for counts in found.counts.values()) == n


def test_points_are_the_rows_in_order(source: Source, built: Path):
    points = source.ask(q.PointsQuery(2, "trade_attempts", "tick", "price", "result"))
    rows = vmt.query(
        built,
        "SELECT tick, price, result, id FROM trade_attempts WHERE run_id = 2 ORDER BY tick, id",
    )
    assert [
        tuple(p) for p in zip(points.x, points.y, points.group, points.key, strict=True)
    ] == rows
    assert points.total == len(rows)
    assert points.notes == ()


def test_too_many_points_are_thinned_evenly_and_say_so(source: Source):
    every = source.ask(q.PointsQuery(2, "trade_attempts", "tick", "price"))
    few = source.ask(q.PointsQuery(2, "trade_attempts", "tick", "price", limit=10))
    assert few.total == every.total == len(every.x) == 110
    np.testing.assert_array_equal(few.x, every.x[::11])
    assert few.key == every.key[::11]
    assert few.notes == ("10 of 110 points drawn: every 11th row.",)


def test_counts_are_of_the_filtered_rows(source: Source, built: Path):
    ((n,),) = vmt.query(built, f"SELECT count(*) FROM trade_attempts WHERE {FILTERED_SQL}")
    assert source.ask(q.CountQuery(2, "trade_attempts", FILTERED)) == n > 5


def test_columns_left_empty_by_a_run_are_judged_per_run(source: Source, built: Path):
    for run in (1, 2, 3):
        by_name = {column.name: column for column in source.ask(q.ColumnsQuery(run, "trades"))}
        known = _columns(built, "trades")
        for name, empty in (("dM", 0), ("buyer_lambda", None)):
            used = name in known and (
                vmt.query(
                    built,
                    f"SELECT 1 FROM trades WHERE run_id = ? AND {name} IS NOT NULL "
                    f"AND {name} IS NOT ? LIMIT 1",
                    run,
                    empty,
                )
                != []
            )
            assert by_name[name].recorded == used, (run, name)
        assert by_name["dA"].recorded


def test_a_negotiation_is_all_that_two_agents_tried_at_a_tick(source: Source, built: Path):
    for agents in ((0, 1), (1, 0)):
        found = source.ask(q.NegotiationQuery(2, 9, agents))
        ids = vmt.query(
            built,
            "SELECT id FROM trade_attempts WHERE run_id = 2 AND tick = 9 "
            "AND buyer_id IN (0, 1) AND seller_id IN (0, 1) ORDER BY id",
        )
        assert [(key,) for key in found.attempts.keys] == ids
        assert len(found.verdicts) == len(ids) == 7
        assert len(found.trades.rows) == 1
        tick = [c.name for c in found.states.columns].index("tick")
        assert [row[tick] for row in found.states.rows] == [8, 8, 9, 9]
    assert found.verdicts[-1].startswith("Traded: the buyer ΔU +0.5, the seller ΔU +0.25")
    assert "short of B" in found.verdicts[4]
    assert found.agents == (1, 0)
    nothing = source.ask(q.NegotiationQuery(2, 10, (0, 1)))
    assert nothing.attempts.rows == ()


def test_a_run_without_attempts_says_how_to_record_them(tmp_path: Path):
    path = vmt.build("money", tmp_path / "runs.db", ticks=4)
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE trade_attempts")
    connection.close()
    source = telemetry.open_source(path)
    found = source.ask(q.NegotiationQuery(2, 3, (0, 1)))
    assert found.attempts.rows == ()
    assert "log level “debug”" in found.attempts.notes[0]
    assert found.notes == found.attempts.notes
    assert len(found.trades.rows) == 1
    source.close()
