"""Series, fans and scenes are the rows that SQL finds, agent 0 and NULL included."""

import contextlib
import math
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import telemetry
from telemetry.answers import tracks
from telemetry.answers.fans import QUANTILES, quantiles_of
from telemetry.concepts import TickRange
from telemetry.errors import RequestError
from telemetry.queries import FanQuery, SceneQuery, SeriesQuery
from telemetry.source import Source
from tests.builders import vmt

pytestmark = pytest.mark.sampled(4)


@pytest.fixture(scope="module", params=vmt.VINTAGES)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("built") / f"{request.param}.db"
    return vmt.build(request.param, path, ticks=24)


@pytest.fixture
def source(built: Path):
    source = telemetry.open_source(built)
    yield source
    source.close()


def _scale(source: Source, measure: str) -> int:
    return source.scales["goods"] if measure in ("inventory_A", "inventory_B") else 1


def _rows(path: Path, measure: str, run: int) -> list[tuple[int, int, float]]:
    """(agent, tick, value or NaN) as SQL gives them."""
    rows = vmt.query(
        path,
        f"SELECT agent_id, tick, {measure} FROM agent_snapshots WHERE run_id = ? "
        "ORDER BY agent_id, tick",
        run,
    )
    return [(a, t, math.nan if v is None else float(v)) for a, t, v in rows]


MEASURES = ["inventory_A", "inventory_B", "utility", "ask_A_in_B", "bid_A_in_B", "p_min", "p_max"]
MONEY = ["inventory_M", "lambda_money", "ask_A_in_M", "bid_A_in_M", "ask_B_in_M", "bid_B_in_M"]


@pytest.mark.parametrize("measure", MEASURES)
def test_a_series_is_what_sql_finds(source: Source, built: Path, measure: str):
    for run in (1, 2):
        series = source.ask(SeriesQuery(run, measure))
        assert series.measure.recorded
        assert series.notes == ()
        assert series.step == 1
        assert [line.agent_id for line in series.lines] == [0, 1, 2, 3]
        found = [
            (line.agent_id, tick, value * _scale(source, measure))
            for line in series.lines
            for tick, value in zip(line.tick.tolist(), line.value.tolist(), strict=True)
        ]
        np.testing.assert_allclose(found, _rows(built, measure, run), rtol=1e-15)


def test_a_series_can_be_limited_to_agents_and_ticks(source: Source, built: Path):
    series = source.ask(SeriesQuery(2, "utility", (0, 3), TickRange(5, 9)))
    assert [(line.agent_id, line.tick.tolist()) for line in series.lines] == [
        (0, [5, 6, 7, 8, 9]),
        (3, [5, 6, 7, 8, 9]),
    ]
    assert source.ask(SeriesQuery(2, "utility", ())).lines == ()
    assert source.ask(SeriesQuery(2, "utility", (99,))).lines == ()
    assert source.ask(SeriesQuery(2, "utility", None, TickRange(500, 600))).lines == ()


def test_one_agent_asked_for_alone_has_the_line_that_it_has_among_all(tmp_path: Path):
    path = vmt.build("money_full", tmp_path / "m.db", runs=1, ticks=9, agents=3)
    connection = sqlite3.connect(path)
    where = "WHERE run_id = 1 AND agent_id = 0 AND tick"
    with connection:  # a tick that is none, one that is no whole number, a value that is none
        connection.execute(f"UPDATE agent_snapshots SET tick = 'soon' {where} = 4")
        connection.execute(f"UPDATE agent_snapshots SET tick = 5.5 {where} = 5")
        connection.execute(f"UPDATE agent_snapshots SET utility = 'high' {where} = 6")
    connection.close()
    with contextlib.closing(telemetry.open_source(path)) as source:
        every = source.ask(SeriesQuery(1, "utility"))
        alone = source.ask(SeriesQuery(1, "utility", (0,)))
        assert [line.agent_id for line in alone.lines] == [0]
        assert alone.lines[0].tick.tolist() == [0, 1, 2, 3, 6, 7, 8]
        assert alone.lines[0].tick.tolist() == every.lines[0].tick.tolist()
        assert np.array_equal(alone.lines[0].value, every.lines[0].value, equal_nan=True)
        assert alone.notes == every.notes
        assert len(alone.notes) == 2
        assert source.ask(SeriesQuery(1, "utility", (99,))).lines == ()


def test_very_long_series_have_the_same_ticks_in_half_the_room(
    source: Source, monkeypatch: pytest.MonkeyPatch
):
    usual = source.ask(SeriesQuery(1, "lambda_money"))
    monkeypatch.setattr(tracks, "MANY", 0)
    small = source.ask(SeriesQuery(1, "lambda_money"))
    for one, other in zip(usual.lines, small.lines, strict=True):
        assert (one.tick.dtype, other.tick.dtype) == (np.int64, np.int32)
        assert one.tick.tolist() == other.tick.tolist()
        assert np.array_equal(one.value, other.value, equal_nan=True)
    assert usual.step == small.step


@pytest.mark.parametrize("measure", MONEY)
def test_money_is_recorded_only_where_some_row_says_so(source: Source, built: Path, measure: str):
    series = source.ask(SeriesQuery(1, measure))
    if built.stem == "money_full":
        found = np.concatenate([line.value for line in series.lines])
        np.testing.assert_array_equal(found, [v for _, _, v in _rows(built, measure, 1)])
        return
    assert series.lines == ()
    assert not series.measure.recorded
    assert "not recorded" in series.measure.reason
    assert series.notes != ()


def test_lambda_is_the_constant_of_the_configuration_where_that_fixes_it(
    source: Source, built: Path
):
    for run in (1, 2, 3):
        for answer in (
            source.ask(SeriesQuery(run, "lambda_money")),
            source.ask(FanQuery(run, "lambda_money")),
        ):
            money_moves = vmt.regime_of(built.stem, run) != "barter_only"
            if built.stem in ("money", "money_p2") and money_moves and run < 3:
                assert answer.constant == 1.0
                assert "fixes it at 1 for every agent" in answer.notes[0]
            else:
                assert answer.constant is None


def test_a_fan_holds_the_quantiles_that_numpy_finds(source: Source, built: Path):
    for measure in MEASURES:
        fan = source.ask(FanQuery(2, measure))
        rows = _rows(built, measure, 2)
        assert fan.tick.tolist() == list(range(24))
        for i, tick in enumerate(fan.tick.tolist()):
            values = np.array([v for _, t, v in rows if t == tick]) / _scale(source, measure)
            assert fan.count[i] == np.count_nonzero(~np.isnan(values))
            for name, share in QUANTILES.items():
                wanted = np.nanquantile(values, share)
                np.testing.assert_allclose(fan.quantiles[name][i], wanted, rtol=1e-12)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 3),
            st.one_of(st.just(math.nan), st.floats(-1e6, 1e6), st.sampled_from([1e308, -1e308])),
        ),
        max_size=40,
    )
)
def test_quantiles_are_those_of_numpy(rows):
    ticks = np.array([t for t, _ in rows], np.int64)
    values = np.array([v for _, v in rows], np.float64)
    at, quantiles, count = quantiles_of(ticks, values)
    assert at.tolist() == sorted(set(ticks.tolist()))
    for i, tick in enumerate(at.tolist()):
        own = values[(ticks == tick) & ~np.isnan(values)]
        assert count[i] == len(own)
        for name, share in QUANTILES.items():
            got = quantiles[name][i]
            if len(own) == 0:
                assert math.isnan(got)
                continue
            assert own.min() <= got <= own.max()
            wanted = float(np.quantile(own / 4, share)) * 4  # numpy's own difference overflows
            assert got == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_quantiles_of_infinities_are_infinite_or_nothing_but_never_invented():
    values = np.array([-np.inf, 0.0, 1.0, np.inf])
    _, quantiles, count = quantiles_of(np.zeros(4, np.int64), values)
    assert count.tolist() == [4]
    assert (quantiles["min"][0], quantiles["max"][0]) == (-np.inf, np.inf)
    assert quantiles["median"][0] == 0.5


def test_a_fan_of_few_ticks_says_which_and_holds_first_and_last(source: Source):
    whole = source.ask(FanQuery(2, "utility"))
    few = source.ask(FanQuery(2, "utility", max_ticks=6))
    assert len(few.tick) <= 7
    assert few.tick.tolist()[0] == 0
    assert few.tick.tolist()[-1] == 23
    chosen = np.isin(whole.tick, few.tick)
    for name in QUANTILES:
        np.testing.assert_array_equal(few.quantiles[name], whole.quantiles[name][chosen])
    assert f"Quantiles at {len(few.tick)} evenly spaced ticks of 0~23" in few.notes[-1]
    assert source.ask(FanQuery(2, "utility", max_ticks=24)).notes == ()


def test_a_fan_of_few_ticks_reads_only_ticks_that_were_recorded(tmp_path: Path):
    path = vmt.build("barter", tmp_path / "runs.db", runs=1, ticks=200)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM agent_snapshots WHERE tick % 7 <> 3")
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    fan = source.ask(FanQuery(1, "utility", max_ticks=10))
    assert 5 <= len(fan.tick) <= 11
    assert (fan.tick % 7 == 3).all()
    assert (fan.count == 4).all()
    assert (fan.tick[0], fan.tick[-1]) == (3, 199)
    source.close()


def test_the_usual_distance_of_ticks_tells_gaps(tmp_path: Path):
    path = vmt.build("barter", tmp_path / "runs.db", runs=1, ticks=60)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM agent_snapshots WHERE tick % 5 <> 0 OR tick = 30")
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    series = source.ask(SeriesQuery(1, "utility"))
    assert series.step == 5
    assert np.diff(series.lines[0].tick).max() == 10
    assert source.ask(FanQuery(1, "utility")).step == 5
    source.close()


def test_updates_of_lambda_carry_their_clamps(tmp_path: Path):
    path = vmt.build("money", tmp_path / "runs.db", runs=1, ticks=4)
    for tick, clamp in ((1, None), (3, "upper")):
        vmt.insert(
            path,
            "lambda_updates",
            run_id=1,
            tick=tick,
            agent_id=0,
            lambda_old=1.0,
            lambda_new=2.0 * tick,
            lambda_hat_A=0.5,
            lambda_hat_B=0.75,
            lambda_hat=0.5,
            clamped=int(clamp is not None),
            clamp_type=clamp,
        )
    source = telemetry.open_source(path)
    (line,) = source.ask(SeriesQuery(1, "lambda_new")).lines
    assert (line.tick.tolist(), line.value.tolist()) == ([1, 3], [2.0, 6.0])
    assert line.mark == ("", "upper")
    source.close()


def test_money_is_shown_in_units_of_the_runs_own_scale(tmp_path: Path):
    path = vmt.build("money_full", tmp_path / "runs.db", runs=1, ticks=4, money_scale=100)
    source = telemetry.open_source(path)
    line = source.ask(SeriesQuery(1, "inventory_M", (0,))).lines[0]
    assert line.value.tolist() == [1.0, 0.99, 0.98, 1.0]
    scene = source.ask(SceneQuery(1, 1, "inventory_M"))
    assert [agent.value for agent in scene.agents] == [0.99, 1.09, 1.19, 1.29]
    source.close()


def test_an_unknown_measure_is_refused(source: Source):
    for query in (SeriesQuery(1, "x"), FanQuery(1, "x"), SceneQuery(1, 1, "x")):
        with pytest.raises(RequestError, match="'x'"):
            source.ask(query)


def test_a_scene_is_what_sql_finds_at_the_tick(source: Source, built: Path):
    for tick in (0, 9, 10, 15, 23):
        scene = source.ask(SceneQuery(2, tick, "utility"))
        assert (scene.width, scene.height) == (12, 12)
        assert [(a.agent_id, a.x, a.y, a.target_x, a.target_y, a.value) for a in scene.agents] == [
            tuple(row)
            for row in vmt.query(
                built,
                "SELECT agent_id, x, y, target_x, target_y, utility FROM agent_snapshots "
                "WHERE run_id = 2 AND tick = ? ORDER BY id",
                tick,
            )
        ]
        ((latest,),) = vmt.query(
            built,
            "SELECT max(tick) FROM resource_snapshots WHERE run_id = 2 AND tick <= ?",
            tick,
        )
        assert scene.resource_tick == latest == tick // 10 * 10
        units = source.scales["goods"]
        assert [(r.x, r.y, r.kind, r.amount * units) for r in scene.resources] == [
            tuple(row)
            for row in vmt.query(
                built,
                "SELECT x, y, resource_type, amount FROM resource_snapshots "
                "WHERE run_id = 2 AND tick = ? ORDER BY id",
                latest,
            )
        ]
        assert [(t.key, t.buyer_id, t.seller_id, t.x, t.y) for t in scene.trades] == [
            tuple(row)
            for row in vmt.query(
                built,
                "SELECT id, buyer_id, seller_id, x, y FROM trades WHERE run_id = 2 AND tick = ?",
                tick,
            )
        ]


def test_a_scene_before_the_first_resources_has_none(tmp_path: Path):
    path = vmt.build("barter", tmp_path / "runs.db", runs=1, ticks=4, first_tick=15)
    scene = (source := telemetry.open_source(path)).ask(SceneQuery(1, 16))
    assert (scene.resources, scene.resource_tick) == ((), None)
    assert len(scene.agents) == 4
    assert all(math.isnan(agent.value) for agent in scene.agents)
    source.close()


def test_a_scene_without_a_recorded_grid_is_as_large_as_what_it_shows(tmp_path: Path):
    path = vmt.build("barter", tmp_path / "runs.db", runs=1, ticks=4, grid_width=None)
    source = telemetry.open_source(path)
    scene = source.ask(SceneQuery(1, 0))
    assert (scene.width, scene.height) == (12, 12)
    assert any("grid's size is not recorded" in note for note in scene.notes)
    source.close()


def test_a_measure_that_is_not_recorded_at_a_tick_is_said_on_the_map(tmp_path: Path):
    path = vmt.build("money", tmp_path / "runs.db", ticks=4)
    source = telemetry.open_source(path)
    scene = source.ask(SceneQuery(1, 1, "lambda_money"))
    assert all(math.isnan(agent.value) for agent in scene.agents)
    assert any("the configuration fixes it at 1" in note for note in scene.notes)
    source.close()
