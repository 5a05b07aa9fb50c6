"""On the real sample databases every answer equals SQL run by hand, and nothing is touched."""

import json
import math
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import telemetry
from telemetry import queries as q
from telemetry.answers.fans import QUANTILES
from telemetry.concepts import TickRange
from telemetry.source import Source
from tests.builders.questions import ask_everything
from tests.builders.traces import traces

pytestmark = [pytest.mark.realdata, pytest.mark.sampled(4)]

VINTAGES = {
    "legacy": "barter",
    "mode": "mode schedule",
    "money_p2": "money, first",
    "money": "money",
    "head_decimal": "decimal",
    "money_full": "money",
}
TICK_TABLES = ("agent_snapshots", "tick_states", "trades", "trade_attempts")


class Sample:
    """A real file: the source that answers, and plain SQL to compare with."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.stem
        self.source: Source = telemetry.open_source(path)
        self._connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)

    def sql(self, text: str, *values: object) -> list[tuple]:
        return self._connection.execute(text, values).fetchall()

    def has(self, table: str, column: str) -> bool:
        found = self.sql("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", table, column)
        return found != []

    def tables(self) -> list[str]:
        names = [name for (name,) in self.sql("SELECT name FROM sqlite_master WHERE type='table'")]
        return [name for name in names if not name.startswith("sqlite_")]

    def runs(self) -> list[int]:
        return [run for (run,) in self.sql("SELECT run_id FROM simulation_runs ORDER BY run_id")]

    def close(self) -> None:
        self.source.close()
        self._connection.close()


@pytest.fixture(scope="module", params=VINTAGES)
def sample(request: pytest.FixtureRequest, shared_data: Path) -> Iterator[Sample]:
    opened = Sample(shared_data / "vmt" / f"{request.param}.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def one(shared_data: Path) -> Iterator:
    opened: dict[str, Sample] = {}

    def named(name: str) -> Sample:
        if name not in opened:
            opened[name] = Sample(shared_data / "vmt" / f"{name}.db")
        return opened[name]

    yield named
    for sample in opened.values():
        sample.close()


def test_every_question_leaves_the_folder_as_it_was(sample: Sample):
    before = traces(sample.path.parent)
    run = sample.runs()[0]
    source = telemetry.open_source(sample.path)
    assert ask_everything(source, run_id=run)["TableQuery"] > 40
    source.close()
    assert traces(sample.path.parent) == before


def test_the_vintage_is_recognised(sample: Sample):
    identity = sample.source.identity
    assert (identity.family, identity.vintage) == ("vmt", VINTAGES[sample.name])
    assert identity.engine == "SQLite"
    assert identity.size_bytes == sample.path.stat().st_size
    lacking = [
        t.name for t in sample.source.tables if not t.recorded and t.name not in sample.tables()
    ]
    assert {f"table {name}" for name in lacking} <= set(identity.missing)
    assert {t.name for t in sample.source.tables if t.recorded} == set(sample.tables())


def test_the_list_of_runs_and_their_ticks(sample: Sample):
    listed = sample.source.ask(q.RunsQuery()).runs
    assert [run.run_id for run in listed] == sample.runs()
    for run in listed:
        ((name, start, agents),) = sample.sql(
            "SELECT scenario_name, start_time, num_agents FROM simulation_runs WHERE run_id = ?",
            run.run_id,
        )
        assert (run.name, run.fields["start_time"], run.fields["num_agents"]) == (
            name,
            start,
            agents,
        )
        present = [t for t in TICK_TABLES if t in sample.tables()]
        ends = [
            sample.sql(f"SELECT min(tick), max(tick) FROM {t} WHERE run_id = ?", run.run_id)[0]
            for t in present
        ]
        assert run.ticks == TickRange(
            min(a for a, _ in ends if a is not None), max(b for _, b in ends if b is not None)
        )


def test_the_numbers_of_rows(sample: Sample):
    runs = tuple(sample.runs())
    sizes = sample.source.ask(q.RunSizesQuery(runs)).counts
    for run in runs:
        for table in sample.tables():
            ((n,),) = sample.sql(f"SELECT count(*) FROM {table} WHERE run_id = ?", run)
            assert sizes[run][table] == n


def test_agents(sample: Sample):
    for run in sample.runs():
        agents = sample.source.ask(q.AgentsQuery(run))
        assert [(a.agent_id, a.kind, a.first_tick, a.last_tick) for a in agents] == sample.sql(
            "SELECT agent_id, min(utility_type), min(tick), max(tick) FROM agent_snapshots "
            "WHERE run_id = ? GROUP BY agent_id ORDER BY agent_id",
            run,
        )


def test_counts_and_surplus_by_pair_type(sample: Sample):
    """Pairs are told by the amounts: the first money vintage types every trade as barter."""
    money = sample.has("trades", "dM")
    pair = (
        "CASE WHEN dM <> 0 AND dB = 0 THEN 'A<->M' WHEN dM <> 0 AND dA = 0 THEN 'B<->M' "
        "ELSE 'A<->B' END"
        if money
        else "'A<->B'"
    )
    surplus = (
        "avg(buyer_surplus + seller_surplus)" if sample.has("trades", "buyer_surplus") else ("NULL")
    )
    units = sample.source.scales["goods"]
    for run in sample.runs():
        wanted = sample.sql(
            f"SELECT {pair}, count(*), sum(dA), sum(dB), {surplus}, avg(price) FROM trades "
            "WHERE run_id = ? GROUP BY 1 ORDER BY 2 DESC, 1",
            run,
        )
        facets = sample.source.ask(q.FacetQuery(run, "trades", "pair_type"))
        assert list(facets.values) == [(row[0], row[1]) for row in wanted]
        summary = sample.source.ask(q.SummaryQuery(run, "trades"))
        names = [column.name for column in summary.columns]
        assert len(summary.groups) == len(wanted)
        for group, row in zip(summary.groups, wanted, strict=True):
            got = dict(zip(names, group, strict=True))
            assert (got["pair_type"], got["trade_count"]) == row[:2]
            assert got["sum_dA"] == Decimal(row[2]) / units
            assert got["sum_dB"] == Decimal(row[3]) / units
            assert got["avg_total_surplus"] == pytest.approx(row[4])
            assert got["avg_price"] == pytest.approx(row[5])


def test_trades_recorded_as_barter_although_money_moved_are_money_pairs(one):
    sample = one("money_p2")
    stored = sample.sql("SELECT DISTINCT exchange_pair_type FROM trades WHERE run_id = 1")
    assert stored == [("A<->B",)]
    facets = dict(sample.source.ask(q.FacetQuery(1, "trades", "pair_type")).values)
    assert "A<->B" not in facets
    assert sum(facets.values()) == 20
    warnings = sample.source.ask(q.ContradictionsQuery(1)).warnings
    assert any("contradicts the amounts in 20 trades" in warning for warning in warnings)


def test_attempts_by_reason(sample: Sample):
    for run in sample.runs():
        facets = sample.source.ask(q.FacetQuery(run, "trade_attempts", "result_reason"))
        assert dict(facets.values) == dict(
            sample.sql(
                "SELECT result_reason, count(*) FROM trade_attempts WHERE run_id = ? GROUP BY 1",
                run,
            )
        )
    if sample.name == "legacy":
        assert facets.total == 0
        assert sample.source.ask(q.FacetQuery(1, "trade_attempts", "result_reason")).total == 5559


MEASURES = ("inventory_A", "inventory_B", "utility", "ask_A_in_B", "p_max", "inventory_M")


@pytest.mark.parametrize("measure", [*MEASURES, "lambda_money"])
def test_series_of_an_agent(sample: Sample, measure: str):
    for run in sample.runs():
        series = sample.source.ask(q.SeriesQuery(run, measure, (0,)))
        if not series.measure.recorded:
            assert series.lines == ()
            if sample.has("agent_snapshots", measure):
                unused = sample.sql(
                    f"SELECT 1 FROM agent_snapshots WHERE run_id = ? AND {measure} <> 0 LIMIT 1",
                    run,
                )
                assert unused == []
            continue
        units = sample.source.scales["goods"] if measure in ("inventory_A", "inventory_B") else 1
        rows = sample.sql(
            f"SELECT tick, {measure} FROM agent_snapshots WHERE run_id = ? AND agent_id = 0 "
            "ORDER BY tick",
            run,
        )
        (line,) = series.lines
        assert line.tick.tolist() == [t for t, _ in rows]
        wanted = [math.nan if v is None else v / units for _, v in rows]
        np.testing.assert_array_equal(line.value, wanted)


def test_what_money_files_leave_empty_is_not_recorded_and_lambda_is_the_configured_constant(one):
    sample = one("money")
    for run in sample.runs():
        ((text,),) = sample.sql("SELECT config_json FROM simulation_runs WHERE run_id = ?", run)
        params = json.loads(text)["params"]
        stock = sample.source.ask(q.SeriesQuery(run, "inventory_M"))
        assert not stock.measure.recorded
        assert stock.constant is None
        series = sample.source.ask(q.SeriesQuery(run, "lambda_money"))
        assert not series.measure.recorded
        assert f"not recorded in run {run}" in series.measure.reason
        barter = params.get("exchange_regime", "barter_only") == "barter_only"
        linear = params.get("money_utility_form", "linear") == "linear"
        if params.get("money_mode") == "quasilinear" and linear and not barter:
            assert series.constant == params["lambda_money"]
        else:
            assert series.constant is None
    full = one("money_full")
    for measure in ("inventory_M", "lambda_money"):
        series = full.source.ask(q.SeriesQuery(1, measure))
        assert series.measure.recorded
        assert len(series.lines) == 8


@pytest.mark.parametrize("measure", ["utility", "inventory_A", "ask_A_in_B"])
def test_fans(sample: Sample, measure: str):
    run = sample.runs()[-1]
    fan = sample.source.ask(q.FanQuery(run, measure))
    units = sample.source.scales["goods"] if measure == "inventory_A" else 1
    rows = sample.sql(
        f"SELECT tick, {measure} FROM agent_snapshots WHERE run_id = ? ORDER BY tick", run
    )
    by_tick: dict[int, list[float]] = {}
    for tick, value in rows:
        by_tick.setdefault(tick, []).extend([] if value is None else [value / units])
    assert fan.tick.tolist() == sorted(by_tick)
    for i, tick in enumerate(fan.tick.tolist()):
        assert fan.count[i] == len(by_tick[tick])
        if by_tick[tick]:
            for name, share in QUANTILES.items():
                wanted = np.quantile(by_tick[tick], share)
                assert fan.quantiles[name][i] == pytest.approx(wanted, rel=1e-12)


def test_modes_and_regimes_of_every_tick(sample: Sample):
    for run in sample.runs():
        timeline = sample.source.ask(q.TimelineQuery(run))
        mode, regime = timeline.lane("mode"), timeline.lane("regime")
        assert mode is not None
        assert regime is not None
        if "tick_states" in sample.tables():
            rows = sample.sql(
                "SELECT tick, current_mode FROM tick_states WHERE run_id = ? ORDER BY tick", run
            )
            assert [mode.at(tick) for tick, _ in rows] == [state for _, state in rows]
            assert mode.at(rows[-1][0] + 1) is None
        if sample.has("tick_states", "exchange_regime"):
            rows = sample.sql(
                "SELECT tick, exchange_regime FROM tick_states WHERE run_id = ? ORDER BY tick", run
            )
            assert [regime.at(tick) for tick, _ in rows] == [state for _, state in rows]
        else:
            assert regime.state == ()
        for pair in ("A<->B", "A<->M", "B<->M"):
            lane = timeline.lane(pair)
            if lane is not None:
                rows = sample.sql(
                    "SELECT tick, active_pairs FROM tick_states WHERE run_id = ? ORDER BY tick",
                    run,
                )
                assert [lane.at(tick) for tick, _ in rows] == [
                    "on" if pair in json.loads(text) else "off" for _, text in rows
                ]


def test_modes_from_switches_alone(one):
    sample = one("mode")
    changes = sample.sql("SELECT tick, old_mode, new_mode FROM mode_changes ORDER BY tick, id")
    lane = sample.source.ask(q.TimelineQuery(1)).lane("mode")
    assert lane is not None
    assert lane.at(0) == changes[0][1]
    for tick in range(200):
        before = [new for at, _, new in changes if at <= tick]
        assert lane.at(tick) == (before[-1] if before else changes[0][1])
    assert lane.at(200) is None
    rows = sample.source.ask(q.TableQuery(1, "trades", ("tick", "mode"))).rows
    assert len(rows) == 4
    assert all(mode == lane.at(tick) for tick, mode in rows)
    attempts = sample.source.ask(q.FacetQuery(1, "trade_attempts", "mode"))
    wanted: dict[str | None, int] = {}
    for tick, n in sample.sql("SELECT tick, count(*) FROM trade_attempts GROUP BY tick"):
        wanted[lane.at(tick)] = wanted.get(lane.at(tick), 0) + n
    assert dict(attempts.values) == wanted


def test_trades_row_by_row(sample: Sample):
    money = sample.has("trades", "dM")
    units = sample.source.scales["goods"]
    stored = ["id", "tick", "buyer_id", "seller_id", "dA", "dB", "price", "direction"]
    for run in sample.runs():
        rows = sample.sql(
            f"SELECT {', '.join(stored)}, {'dM' if money else '0'} FROM trades WHERE run_id = ? "
            "ORDER BY tick, id",
            run,
        )
        query = q.TableQuery(run, "trades", (*stored, "implied_price"), limit=100_000)
        page = sample.source.ask(query)
        assert len(page.rows) == len(rows)
        for got, (*row, paid) in zip(page.rows, rows, strict=True):
            a, b = Decimal(row[4]) / units, Decimal(row[5]) / units
            assert got[:-1] == (*row[:4], a, b, *row[6:])
            if paid:
                wanted = paid / row[4] if row[4] else paid / row[5]
            else:
                wanted = row[5] / row[4] if row[4] else None
            assert got[-1] == pytest.approx(wanted)


def test_modes_and_regimes_of_trades(sample: Sample):
    if not sample.has("tick_states", "current_mode"):
        pytest.skip("this file has no tick_states")
    regime = "s.exchange_regime" if sample.has("tick_states", "exchange_regime") else "NULL"
    for run in sample.runs():
        rows = sample.sql(
            f"SELECT t.id, s.current_mode, {regime} FROM trades t LEFT JOIN tick_states s "
            "ON s.run_id = t.run_id AND s.tick = t.tick WHERE t.run_id = ? ORDER BY t.tick, t.id",
            run,
        )
        page = sample.source.ask(
            q.TableQuery(run, "trades", ("id", "mode", "regime"), limit=100_000)
        )
        assert list(page.rows) == rows


def test_resources_are_those_of_the_latest_snapshot(sample: Sample):
    units = sample.source.scales["goods"]
    for run in sample.runs():
        ends = sample.source.ask(q.RunQuery(run)).run.ticks
        assert ends is not None
        for tick in (ends.first, 7, 19, ends.last // 2, ends.last):
            ((latest,),) = sample.sql(
                "SELECT max(tick) FROM resource_snapshots WHERE run_id = ? AND tick <= ?",
                run,
                tick,
            )
            scene = sample.source.ask(q.SceneQuery(run, tick))
            assert scene.resource_tick == latest
            assert [(r.x, r.y, r.kind, r.amount) for r in scene.resources] == [
                (x, y, kind, n / units)
                for x, y, kind, n in sample.sql(
                    "SELECT x, y, resource_type, amount FROM resource_snapshots "
                    "WHERE run_id = ? AND tick = ? ORDER BY id",
                    run,
                    latest,
                )
            ]
            assert len(scene.agents) == len(
                sample.sql("SELECT 1 FROM agent_snapshots WHERE run_id = ? AND tick = ?", run, tick)
            )


def test_decimal_quantities_are_in_units_with_a_note_and_another_scale_can_be_set(
    shared_data: Path,
):
    path = shared_data / "vmt" / "head_decimal.db"
    source = telemetry.open_source(path)
    assert "÷ 10 000: inferred from the vintage" in source.identity.notes[0]
    query = q.TableQuery(2, "agent_snapshots", ("inventory_A",), limit=1)
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    ((stored,),) = connection.execute(
        "SELECT inventory_A FROM agent_snapshots WHERE run_id = 2 ORDER BY tick, id LIMIT 1"
    ).fetchall()
    connection.close()
    assert source.ask(query).rows == ((Decimal(stored) / 10_000,),)
    source.set_scale(1)
    assert source.ask(query).rows == ((stored,),)
    source.close()


def test_regimes_that_differ_are_warned_of(one):
    for name in ("money", "money_p2"):
        sample = one(name)
        for run in sample.runs():
            ((stored,),) = sample.sql(
                "SELECT exchange_regime FROM simulation_runs WHERE run_id = ?", run
            )
            seen = {
                regime
                for (regime,) in sample.sql(
                    "SELECT DISTINCT exchange_regime FROM tick_states WHERE run_id = ?", run
                )
            }
            warnings = sample.source.ask(q.ContradictionsQuery(run)).warnings
            warned = any(f"The run row says regime {stored}" in text for text in warnings)
            assert warned == (seen != {stored}), (name, run)
            fields = next(
                r.fields for r in sample.source.ask(q.RunsQuery()).runs if r.run_id == run
            )
            assert {fields["regime_seen"]} == seen


def test_a_negotiation_of_the_barter_file(one):
    sample = one("legacy")
    ((tick, buyer, seller),) = sample.sql(
        "SELECT tick, buyer_id, seller_id FROM trades WHERE run_id = 1 ORDER BY tick LIMIT 1"
    )
    found = sample.source.ask(q.NegotiationQuery(1, tick, (seller, buyer)))
    ids = sample.sql(
        "SELECT id FROM trade_attempts WHERE run_id = 1 AND tick = ? AND buyer_id IN (?, ?) "
        "AND seller_id IN (?, ?) ORDER BY id",
        tick,
        buyer,
        seller,
        buyer,
        seller,
    )
    assert [(key,) for key in found.attempts.keys] == ids
    assert len(found.verdicts) == len(ids)
    assert all(found.verdicts)
    assert any(text.startswith("Traded: ") for text in found.verdicts)
    assert len(found.trades.rows) >= 1
    assert len(found.states.rows) == 4


def test_pages_put_together_are_the_table(one):
    sample = one("legacy")
    wanted = sample.sql(
        "SELECT id FROM trade_attempts WHERE run_id = 1 ORDER BY price DESC, id DESC"
    )
    found: list[tuple] = []
    query = q.TableQuery(1, "trade_attempts", ("id",), sort=q.Sort("price", True), limit=500)
    after = None
    while True:
        page = sample.source.ask(
            q.TableQuery(1, "trade_attempts", ("id",), sort=query.sort, limit=500, after=after)
        )
        found += page.rows
        after = page.next
        if after is None:
            break
    assert found == wanted
    assert len(found) == 5559
