"""Values that no simulation should record are shown as they are, and every query still answers."""

import json
import math
import sqlite3
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import telemetry
from telemetry import queries as q
from telemetry.concepts import TickRange
from telemetry.errors import NothingFoundError
from telemetry.filters import Filter
from tests.builders import vmt
from tests.builders.loose import columns, loose_copy, tables
from tests.builders.questions import ask_everything, one_of_each
from tests.effort import effort

pytestmark = pytest.mark.sampled(3)

ODD = {
    "NULL": None,
    "inf": math.inf,
    "-inf": -math.inf,
    "1e308": 1e308,
    "-1e308": -1e308,
    "text": "n/a",
    "empty text": "",
    "blob": b"\x00\xff",
    "large": 2**62 - 1,
    "smallest": 1 - 2**62,
    "fraction": 2.5,
}


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loose")
    built = vmt.build("money_full", folder / "built.db", ticks=16)
    return loose_copy(built, folder / "runs.db")


def _spoil(loose: Path, path: Path, value: object, *, typed: bool = True) -> None:
    """A copy in which every number of every third row is `value`, ids of runs excepted."""
    loose_copy(loose, path, typed=typed)
    declared = sqlite3.connect(loose)
    connection = sqlite3.connect(path)
    for table in tables(connection):
        numbers = [
            name
            for name, kind in columns(declared, table).items()
            if kind in ("INTEGER", "REAL") and name != "run_id"
        ]
        changes = ", ".join(f'"{name}" = :odd' for name in numbers)
        connection.execute(f'UPDATE "{table}" SET {changes} WHERE rowid % 3 = 0', {"odd": value})
    connection.commit()
    connection.close()
    declared.close()


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_every_query_answers_whatever_stands_in_a_numeric_column(
    tmp_path: Path, loose: Path, value: object
):
    path = tmp_path / "runs.db"
    _spoil(loose, path, value)
    source = telemetry.open_source(path)
    answered = ask_everything(source, thorough=value == "n/a" and effort(False, True))
    assert answered["BandQuery"] == len(source.measures) < answered["SeriesQuery"]
    source.close()


@pytest.mark.parametrize("value", [5.0, "5", "five"])
def test_columns_without_a_declared_type_answer_too(tmp_path: Path, loose: Path, value: object):
    path = tmp_path / "runs.db"
    _spoil(loose, path, value, typed=False)
    source = telemetry.open_source(path)
    ask_everything(source)
    source.close()


def test_a_sum_that_no_integer_holds_is_said(tmp_path: Path, loose: Path):
    path = tmp_path / "runs.db"
    _spoil(loose, path, 2**63 - 1)
    source = telemetry.open_source(path)
    assert not any("not summed exactly" in note for note in source.identity.notes)
    found = source.ask(q.SummaryQuery(2, "trades"))
    traded = [c.name for c in found.columns].index("sum_dA")
    connection = sqlite3.connect(path)
    parts = connection.execute("SELECT dA FROM trades WHERE run_id = 2").fetchall()
    connection.close()
    whole = Decimal(sum(dA for (dA,) in parts)) / source.scales["goods"]
    assert float(found.total[traded]) == pytest.approx(float(whole))
    assert any("not summed exactly" in note for note in source.identity.notes)
    ask_everything(source)
    source.close()


def test_infinities_and_nulls_are_series_values_and_not_gaps_in_the_ticks(
    tmp_path: Path, loose: Path
):
    path = loose_copy(loose, tmp_path / "runs.db")
    connection = sqlite3.connect(path)
    for tick, value in enumerate([None, math.inf, -math.inf, 1e308, "text", 7]):
        connection.execute(
            "UPDATE agent_snapshots SET utility = ? WHERE run_id = 1 AND agent_id = 0 AND tick = ?",
            (value, tick),
        )
    connection.commit()
    connection.close()

    source = telemetry.open_source(path)
    series = source.ask(q.SeriesQuery(1, "utility", (0,), TickRange(0, 5)))
    (line,) = series.lines
    assert line.tick.tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(line.value, [np.nan, np.inf, -np.inf, 1e308, np.nan, 7.0])
    assert any("1 values of utility are no numbers" in note for note in series.notes)
    page = source.ask(
        q.TableQuery(
            1,
            "agent_snapshots",
            ("utility",),
            q.Where((Filter.parse("agent_id", "0"),), TickRange(0, 5)),
        )
    )
    assert [row[0] for row in page.rows] == [None, math.inf, -math.inf, 1e308, "text", 7.0]
    source.close()


def test_rows_without_a_whole_tick_are_said_to_be_left_out(tmp_path: Path, loose: Path):
    path = loose_copy(loose, tmp_path / "runs.db")
    connection = sqlite3.connect(path)
    for agent, tick in ((0, "noon"), (1, 2.5), (2, None)):
        connection.execute(
            "UPDATE agent_snapshots SET tick = ? WHERE run_id = 1 AND agent_id = ? AND tick = 15",
            (tick, agent),
        )
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    assert str(source.ask(q.RunQuery(1)).run.ticks) == "0~15"
    for query in (q.SeriesQuery(1, "inventory_A"), q.FanQuery(1, "inventory_A")):
        assert "3 rows of agent_snapshots name no agent or no whole tick" in " ".join(
            source.ask(query).notes
        )
    source.close()


def test_no_runs_is_an_empty_list(tmp_path: Path):
    source = telemetry.open_source(vmt.create("money", tmp_path / "runs.db"))
    assert source.ask(q.RunsQuery()).runs == ()
    assert [c.name for c in source.ask(q.RunsQuery()).columns][:2] == ["run_id", "scenario_name"]
    with pytest.raises(NothingFoundError, match=r"'1'.*it has no runs"):
        source.parse_run_id("1")
    with pytest.raises(NothingFoundError):
        source.ask(q.RunQuery(1))
    ask_everything(source)
    source.close()


def test_a_run_without_rows_says_so(tmp_path: Path):
    path = vmt.create("money", tmp_path / "runs.db")
    vmt.insert(path, "simulation_runs", run_id=1, scenario_name="nothing yet")
    source = telemetry.open_source(path)
    detail = source.ask(q.RunQuery(1))
    assert detail.run.ticks is None
    assert any("no rows yet" in warning for warning in detail.warnings)
    assert source.ask(q.AgentsQuery(1)) == ()
    assert source.ask(q.TimelineQuery(1)).ticks is None
    assert source.ask(q.SeriesQuery(1, "utility")).lines == ()
    assert source.ask(q.HistogramQuery(1, "trades")).counts == {}
    ask_everything(source)
    source.close()


def test_an_unknown_run_has_nothing_and_is_not_made_up(tmp_path: Path):
    source = telemetry.open_source(vmt.build("money", tmp_path / "runs.db", ticks=6))
    with pytest.raises(NothingFoundError, match=r"'99'.*it has 1, 2"):
        source.parse_run_id("99")
    with pytest.raises(NothingFoundError):
        source.ask(q.RunQuery(99))
    assert source.ask(q.TableQuery(99, "trades")).rows == ()
    assert source.ask(q.RunSizesQuery((99,))).counts[99]["trades"] == 0
    assert source.parse_run_id(" 2 ") == 2
    ask_everything(source, run_id=99)
    source.close()


@pytest.mark.parametrize("run_id", [0, -7, 2**63 - 1])
def test_a_run_of_any_number_is_a_run(tmp_path: Path, run_id: int):
    path = vmt.build("money", tmp_path / "runs.db", runs=1, ticks=6)
    connection = sqlite3.connect(path)
    for table in tables(connection):
        connection.execute(f"UPDATE {table} SET run_id = ?", (run_id,))
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    assert source.parse_run_id(str(run_id)) == run_id
    assert source.ask(q.RunQuery(run_id)).agents == 4
    assert source.ask(q.CountQuery(run_id, "agent_snapshots")) == 24
    ask_everything(source, run_id=run_id)
    source.close()


def test_an_agent_that_comes_late_and_leaves_early_has_just_its_ticks(tmp_path: Path):
    path = vmt.build("money", tmp_path / "runs.db", ticks=12)
    connection = sqlite3.connect(path)
    connection.execute(
        "DELETE FROM agent_snapshots WHERE run_id = 1 AND agent_id = 0 AND tick NOT BETWEEN 4 AND 7"
    )
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    zero, one, *_ = source.ask(q.AgentsQuery(1))
    assert (zero.agent_id, zero.first_tick, zero.last_tick) == (0, 4, 7)
    assert (one.agent_id, one.first_tick, one.last_tick) == (1, 0, 11)
    line = source.ask(q.SeriesQuery(1, "utility", (0,))).lines[0]
    assert line.tick.tolist() == [4, 5, 6, 7]
    fan = source.ask(q.FanQuery(1, "utility"))
    assert fan.count.tolist() == [3] * 4 + [4] * 4 + [3] * 4
    assert [a.agent_id for a in source.ask(q.SceneQuery(1, 2)).agents] == [1, 2, 3]
    assert [a.agent_id for a in source.ask(q.SceneQuery(1, 5)).agents] == [0, 1, 2, 3]
    source.close()


@pytest.mark.parametrize("first", [1_000_000, -20])
def test_ticks_may_start_anywhere(tmp_path: Path, first: int):
    path = vmt.build("money_full", tmp_path / "runs.db", ticks=16, first_tick=first)
    source = telemetry.open_source(path)
    assert source.ask(q.RunsQuery()).runs[0].ticks == TickRange(first, first + 15)
    timeline = source.ask(q.TimelineQuery(1))
    assert timeline.ticks == TickRange(first, first + 15)
    mode = timeline.lane("mode")
    assert mode is not None
    assert [mode.at(t) for t in range(first - 1, first + 17)] == [
        None,
        *(vmt.mode_of("money_full", 1, t) for t in range(first, first + 16)),
        None,
    ]
    histogram = source.ask(q.HistogramQuery(2, "trades", bins=4))
    assert histogram.start.tolist() == [first, first + 4, first + 8, first + 12]
    assert sum(c.sum() for c in histogram.counts.values()) == source.ask(q.CountQuery(2, "trades"))
    line = source.ask(q.SeriesQuery(1, "utility", (0,))).lines[0]
    assert line.tick.tolist() == list(range(first, first + 16))
    source.close()


def test_holes_in_the_ticks_are_gaps(tmp_path: Path):
    path = vmt.build("money_full", tmp_path / "runs.db", ticks=20)
    connection = sqlite3.connect(path)
    for table in ("agent_snapshots", "tick_states"):
        connection.execute(f"DELETE FROM {table} WHERE tick BETWEEN 7 AND 11")
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    series = source.ask(q.SeriesQuery(2, "utility", (0,)))
    assert series.step == 1
    assert series.lines[0].tick.tolist() == [*range(7), *range(12, 20)]
    mode = source.ask(q.TimelineQuery(2)).lane("mode")
    assert mode is not None
    assert (mode.first.tolist(), mode.last.tolist()) == ([0, 12], [6, 19])
    source.close()


def test_ids_of_agents_may_be_text(tmp_path: Path, loose: Path):
    path = loose_copy(loose, tmp_path / "runs.db")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE agent_snapshots SET agent_id = 'bank ' || agent_id")
    connection.execute("UPDATE trades SET buyer_id = 'bank 0', seller_id = 'bank 1'")
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    assert [a.agent_id for a in source.ask(q.AgentsQuery(1))] == [f"bank {i}" for i in range(4)]
    series = source.ask(q.SeriesQuery(1, "utility", ("bank 0",)))
    assert [line.agent_id for line in series.lines] == ["bank 0"]
    where = q.Where(agents=("bank 0",))
    assert source.ask(q.CountQuery(2, "trades", where)) == 6
    assert len(source.ask(q.NegotiationQuery(2, 3, ("bank 0", "bank 1"))).trades.rows) == 1
    ask_everything(source)
    source.close()


def test_ids_that_went_through_floating_point_are_whole_again(tmp_path: Path, loose: Path):
    """As pandas writes a column of whole numbers that once held a NaN."""
    path = loose_copy(loose, tmp_path / "runs.db", typed=False)
    connection = sqlite3.connect(path)
    for table in ("agent_snapshots", "tick_states", "trades"):
        connection.execute(f"UPDATE {table} SET tick = CAST(tick AS REAL)")
    connection.execute("UPDATE agent_snapshots SET agent_id = CAST(agent_id AS REAL)")
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    assert source.ask(q.RunQuery(1)).run.ticks == TickRange(0, 15)
    agents = source.ask(q.AgentsQuery(1))
    assert [(repr(a.agent_id), a.label, a.last_tick) for a in agents] == [
        (str(i), str(i), 15) for i in range(4)
    ]
    line = source.ask(q.SeriesQuery(1, "utility", (0,))).lines[0]
    assert repr(line.agent_id) == "0"
    assert line.tick.tolist() == list(range(16))
    assert source.ask(q.FanQuery(1, "utility")).tick.tolist() == list(range(16))
    lane = source.ask(q.TimelineQuery(1)).lane("mode")
    assert lane is not None
    assert lane.at(15) == "trade"
    assert [repr(a.agent_id) for a in source.ask(q.SceneQuery(1, 3)).agents] == list("0123")
    source.close()


def test_more_rows_than_one_for_a_tick_are_answered_with_the_last(tmp_path: Path, loose: Path):
    path = loose_copy(loose, tmp_path / "runs.db")
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO tick_states (id, run_id, tick, current_mode, exchange_regime, active_pairs) "
        "VALUES (1000, 1, 4, 'both', 'mixed', '[]')"
    )
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    lane = source.ask(q.TimelineQuery(1)).lane("mode")
    assert lane is not None
    assert (lane.at(3), lane.at(4), lane.at(5)) == ("forage", "both", "trade")
    assert (lane.first[1:] > lane.last[:-1]).all()
    ask_everything(source)
    source.close()


BAD_JSON = ["", "not json", "[1,", '{"a": 1}', "null", "5", "[" * 100_000, '["A<->B"', b"\xff\x00"]


@pytest.mark.parametrize("text", BAD_JSON, ids=range(len(BAD_JSON)))
def test_active_pairs_that_are_no_list_are_said_and_not_recorded(tmp_path: Path, text):
    path = vmt.build("money_full", tmp_path / "runs.db", ticks=6)
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE tick_states SET active_pairs = ? WHERE run_id = 2 AND tick IN (2, 3)", (text,)
    )
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    timeline = source.ask(q.TimelineQuery(2))
    lane = timeline.lane("A<->B")
    assert lane is not None
    assert [lane.at(t) for t in range(6)] == ["on", "on", None, None, "on", "on"]
    assert any("2 ticks hold no valid list (first at tick 2)" in n for n in timeline.notes)
    for query in one_of_each(source, 2):
        source.ask(query)
    source.close()


@pytest.mark.parametrize("text", BAD_JSON, ids=range(len(BAD_JSON)))
def test_a_configuration_that_is_no_json_is_said_and_shown_as_it_is(tmp_path: Path, text):
    path = vmt.build("money_full", tmp_path / "runs.db", ticks=6, config_json=text)
    source = telemetry.open_source(path)
    assert len(source.ask(q.RunsQuery()).runs) == 2
    detail = source.ask(q.RunQuery(1))
    try:
        assert detail.config == json.loads(text)
        assert detail.config_problem is None
    except (ValueError, RecursionError) as error:
        assert detail.config is None
        deep = isinstance(error, RecursionError)
        said = "nested too deeply" if deep else "not valid JSON"
        assert said in str(detail.config_problem)
        assert "\n" not in str(detail.config_problem)
        assert detail.config_problem in detail.warnings
    if isinstance(text, str):
        assert detail.config_text == text
    for query in one_of_each(source):
        source.ask(query)
    source.close()


@pytest.mark.parametrize(
    "config",
    [
        {"params": 5},
        {"params": {"lambda_money": 10**400, "money_mode": "quasilinear"}},
        {"params": {"lambda_money": "1", "money_mode": "quasilinear"}},
        {"params": {"lambda_money": True, "money_mode": "quasilinear"}},
        {"seed": [1], "params": None},
        [{"seed": 1}],
    ],
    ids=range(6),
)
def test_a_configuration_of_another_form_fixes_nothing(tmp_path: Path, config: object):
    path = vmt.build("money", tmp_path / "runs.db", ticks=6, config_json=json.dumps(config))
    source = telemetry.open_source(path)
    series = source.ask(q.SeriesQuery(1, "lambda_money"))
    assert series.constant is None
    assert not series.measure.recorded
    assert source.ask(q.RunQuery(1)).config == config
    for query in one_of_each(source):
        source.ask(query)
    source.close()


def test_a_configuration_of_50_mb_does_not_slow_the_list_of_runs(tmp_path: Path):
    entry = '"%07d": "' + "x" * 990 + '"'
    config = '{"seed": 7, "world": {' + ", ".join(entry % i for i in range(50_000)) + "}}"
    assert len(config) > 50_000_000
    path = vmt.build("money", tmp_path / "runs.db", ticks=3)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE simulation_runs SET config_json = ? WHERE run_id = 1", (config,))
    connection.commit()
    connection.close()

    source = telemetry.open_source(path)
    runs = source.ask(q.RunsQuery()).runs
    assert all(len(str(value)) < 1000 for run in runs for value in run.fields.values())
    assert [run.fields["seed"] for run in runs] == [None, 42]
    detail = source.ask(q.RunQuery(1))
    assert detail.run.fields["seed"] == 7
    assert detail.config_text == config
    assert isinstance(detail.config, dict)
    assert len(detail.config["world"]) == 50_000
    page = source.ask(q.TableQuery(1, "simulation_runs", ("config_json",)))
    assert page.rows == ((config,),)
    source.close()


NAMES = [
    "two\nlines\r\n\tand a tab",
    "\u202eright to left\u2066",
    'עברית <b>bold</b> & "quotes" \'',
    "<img src=x onerror=alert(1)>",
    "'; DROP TABLE trades; --",
    "long " * 2000,
    "NUL \0 inside",
    "=1+1",
    "",
    "🦊" * 10,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_kept_exactly_whatever_it_is(tmp_path: Path, name: str):
    path = vmt.build("money", tmp_path / "runs.db", ticks=4, scenario_name=name)
    source = telemetry.open_source(path)
    assert source.ask(q.RunsQuery()).runs[0].name == name
    assert source.ask(q.RunQuery(1)).run.fields["scenario_name"] == name
    source.close()


def test_text_that_is_no_utf8_is_shown_with_escapes_and_said(tmp_path: Path):
    path = vmt.build("money", tmp_path / "runs.db", ticks=7)
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE simulation_runs SET scenario_name = CAST(x'636166E9' AS TEXT) WHERE run_id = 1"
    )
    connection.execute("UPDATE trades SET direction = CAST(x'FF' AS TEXT) WHERE tick = 3")
    connection.execute("UPDATE tick_states SET current_mode = CAST(x'FF' AS TEXT)")
    connection.commit()
    connection.close()

    source = telemetry.open_source(path)
    assert source.ask(q.RunsQuery()).runs[0].name == "caf\\xe9"
    assert any("not valid UTF-8" in note for note in source.identity.notes)
    page = source.ask(q.TableQuery(2, "trades", ("tick", "direction")))
    assert page.rows[1] == (3, "\\xff")
    assert [row for chunk in source.stream(q.TableQuery(2, "trades")) for row in chunk]
    ask_everything(source)
    source.close()


def test_text_that_is_utf8_is_not_said_to_be_otherwise(tmp_path: Path):
    source = telemetry.open_source(vmt.build("money", tmp_path / "runs.db", ticks=4))
    for query in one_of_each(source):
        source.ask(query)
    assert source.identity.notes == ()
    source.close()


def test_a_filter_on_what_is_not_recorded_finds_only_null(tmp_path: Path):
    source = telemetry.open_source(vmt.build("barter", tmp_path / "runs.db", ticks=20))
    for column in ("dM", "buyer_lambda", "mode", "regime", "exchange_pair_type"):
        for text, found in (("null", 7), ("!null", 0), ("5" if column != "mode" else "x", 0)):
            where = q.Where((Filter.parse(column, text),))
            assert source.ask(q.CountQuery(1, "trades", where)) == found, (column, text)
            assert len(source.ask(q.TableQuery(1, "trades", where=where)).rows) == found
    facets = source.ask(q.FacetQuery(1, "trades", "regime"))
    assert (facets.values, facets.total) == (((None, 7),), 7)
    source.close()


def test_scaled_values_are_exact_decimals_and_odd_ones_stay_what_they_are(tmp_path: Path):
    path = vmt.build("head_decimal", tmp_path / "built.db", ticks=4)
    path = loose_copy(path, tmp_path / "runs.db")
    connection = sqlite3.connect(path)
    for agent, value in enumerate([14389, None, "text", math.inf]):
        connection.execute(
            "UPDATE agent_snapshots SET inventory_A = ? WHERE agent_id = ? AND tick = 0 "
            "AND run_id = 1",
            (value, agent),
        )
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    where = q.Where(ticks=TickRange(0, 0))
    page = source.ask(q.TableQuery(1, "agent_snapshots", ("inventory_A",), where))
    assert [row[0] for row in page.rows] == [Decimal("1.4389"), None, "text", math.inf]
    source.set_scale(1)
    page = source.ask(q.TableQuery(1, "agent_snapshots", ("inventory_A",), where))
    assert [row[0] for row in page.rows] == [14389, None, "text", math.inf]
    source.close()
