"""Lanes are true at every tick, from states and from changes, with holes, doubles and NULLs."""

import json
import sqlite3
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import telemetry
from telemetry.answers.stretches import StatesRead
from telemetry.concepts import Lane, TickRange
from telemetry.errors import RequestError
from telemetry.queries import TableQuery, TimelineQuery
from tests.builders import vmt
from tests.effort import effort

PAIRS = ["A<->B", "A<->M", "B<->M", "X<->Y"]
STATES = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 12), st.integers(-5, 40), st.integers(10**6, 10**6 + 6)),
        st.sampled_from(["forage", "trade", "both", None]),
        st.one_of(
            st.lists(st.sampled_from(PAIRS), unique=True, max_size=3).map(json.dumps),
            st.just("no json"),
            st.none(),
        ),
    ),
    max_size=25,
)


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        CREATE TABLE simulation_runs (run_id INTEGER, scenario_name TEXT);
        CREATE TABLE agent_snapshots (run_id INTEGER, tick INTEGER, agent_id INTEGER);
        INSERT INTO simulation_runs VALUES (1, 'states'), (2, 'another');
        """
    )
    return connection


def _expanded(rows: list[tuple[int, object]], last: int | None) -> dict[int, object]:
    """Tick by tick: the latest row at or before it, if not further than rows usually are apart."""
    at = dict(rows)
    ticks = sorted(at)
    gaps = Counter(b - a for a, b in pairwise(ticks))
    most = max(gaps.values(), default=0)
    step = min((gap for gap, n in gaps.items() if n == most), default=1)
    found = {}
    for tick in ticks:
        for later in range(tick, tick + step):
            if later != tick and (later in at or (last is not None and later > last)):
                break
            found[later] = at[tick]
    return {tick: state for tick, state in found.items() if state is not None}


def _lane_by_tick(lane: Lane) -> dict[int, str]:
    found = {}
    for first, last, state in zip(lane.first.tolist(), lane.last.tolist(), lane.state, strict=True):
        assert first <= last
        for tick in range(first, last + 1):
            assert tick not in found
            found[tick] = state
    return found


@settings(max_examples=effort(12, 60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(states=STATES, seen=st.integers(0, 50))
def test_lanes_of_states_are_what_a_walk_over_every_tick_finds(tmp_path_factory, states, seen):
    path = tmp_path_factory.mktemp("states") / "runs.db"
    connection = _bare(path)
    connection.execute(
        "CREATE TABLE tick_states (id INTEGER PRIMARY KEY, run_id INTEGER, tick INTEGER, "
        "current_mode TEXT, active_pairs TEXT)"
    )
    connection.execute("INSERT INTO agent_snapshots VALUES (1, ?, 0)", (seen,))
    for tick, mode, pairs in states:
        connection.execute("INSERT INTO tick_states VALUES (NULL, 1, ?, ?, ?)", (tick, mode, pairs))
    connection.execute("INSERT INTO tick_states VALUES (NULL, 2, 3, 'other', '[]')")
    connection.commit()
    connection.close()

    source = telemetry.open_source(path)
    timeline = source.ask(TimelineQuery(1))
    source.close()
    ticks = [seen, *(t for t, _, _ in states)]
    assert timeline.ticks == TickRange(min(ticks), max(ticks))

    ordered = sorted(states, key=lambda s: s[0])
    mode = timeline.lane("mode")
    assert mode is not None
    by_tick = _lane_by_tick(mode)
    assert by_tick == _expanded([(t, m) for t, m, _ in ordered], max(ticks))
    for tick in range(min(ticks) - 2, min(max(ticks), 60) + 3):
        assert mode.at(tick) == by_tick.get(tick)

    lists = [(t, _decoded(p)) for t, _, p in ordered]
    members = {m for _, found in lists for m in found or ()}
    for member in PAIRS:
        lane = timeline.lane(member)
        assert (lane is not None) == (member in members)
        if lane is not None:
            wanted = [(t, None if f is None else "on" if member in f else "off") for t, f in lists]
            assert _lane_by_tick(lane) == _expanded(wanted, max(ticks))


def _decoded(text: str | None) -> list[str] | None:
    return None if text in (None, "no json") else json.loads(text)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.lists(
        st.tuples(
            st.integers(-3, 30),
            st.sampled_from(["forage", "trade", "both", None]),
            st.sampled_from(["forage", "trade", "both", None]),
        ),
        max_size=8,
    ),
    first=st.integers(0, 10),
    length=st.integers(0, 20),
)
def test_lanes_of_changes_are_what_a_walk_over_every_tick_finds(
    tmp_path_factory, changes, first, length
):
    path = tmp_path_factory.mktemp("changes") / "runs.db"
    connection = _bare(path)
    connection.execute(
        "CREATE TABLE mode_changes (id INTEGER PRIMARY KEY, run_id INTEGER, tick INTEGER, "
        "old_mode TEXT, new_mode TEXT)"
    )
    connection.execute("CREATE TABLE trades (id INTEGER PRIMARY KEY, run_id INTEGER, tick INTEGER)")
    ticks = range(first, first + length + 1)
    connection.executemany("INSERT INTO agent_snapshots VALUES (1, ?, 0)", [(t,) for t in ticks])
    connection.executemany("INSERT INTO trades VALUES (NULL, 1, ?)", [(t,) for t in ticks])
    for change in changes:
        connection.execute("INSERT INTO mode_changes VALUES (NULL, 1, ?, ?, ?)", change)
    connection.commit()
    connection.close()

    ordered = sorted(changes, key=lambda change: change[0])
    wanted = {}
    for tick in ticks:
        before = [new for at, _, new in ordered if at <= tick]
        state = before[-1] if before else ordered[0][1] if ordered else None
        if state is not None:
            wanted[tick] = state

    source = telemetry.open_source(path)
    timeline = source.ask(TimelineQuery(1, ("mode",)))
    rows = source.ask(TableQuery(1, "trades", ("tick", "mode"))).rows
    source.close()
    (lane,) = timeline.lanes
    assert _lane_by_tick(lane) == wanted
    states = list(lane.state)
    touching = (lane.first[1:] == lane.last[:-1] + 1).tolist()
    assert not any(t and a == b for t, a, b in zip(touching, states, states[1:], strict=False))
    if None not in {m for _, *modes in changes for m in modes}:
        assert dict(rows) == {t: wanted.get(t) for t in ticks}
    if not changes:
        assert any("not recorded in run 1" in note for note in timeline.notes)


@pytest.mark.parametrize("vintage", vmt.VINTAGES)
def test_lanes_of_built_databases_are_the_builders(tmp_path: Path, vintage: str):
    path = vmt.build(vintage, tmp_path / "runs.db", ticks=23)
    source = telemetry.open_source(path)
    for run in (1, 2):
        timeline = source.ask(TimelineQuery(run))
        assert timeline.ticks == TickRange(0, 22)
        mode = timeline.lane("mode")
        assert mode is not None
        modes = [mode.at(tick) for tick in range(23)]
        if vintage == "barter" or (vintage == "mode" and run == 2):
            assert modes == [None] * 23
        else:
            assert modes == [vmt.mode_of(vintage, run, tick) for tick in range(23)]
        regime = timeline.lane("regime")
        assert regime is not None
        if vintage in ("money", "money_full", "money_p2"):
            assert set(regime.state) == {vmt.regime_of(vintage, run)}
        else:
            assert regime.state == ()
            assert any(note.startswith("Regime is not recorded") for note in timeline.notes)
    source.close()


def test_the_first_recorded_mode_change_is_not_the_first_state(tmp_path: Path):
    """Only switches are recorded: before the first one its old mode held."""
    source = telemetry.open_source(vmt.build("mode", tmp_path / "runs.db", ticks=23))
    lane = source.ask(TimelineQuery(1)).lane("mode")
    assert lane is not None
    assert list(zip(lane.first.tolist(), lane.last.tolist(), lane.state, strict=True)) == [
        (0, 4, "forage"),
        (5, 9, "trade"),
        (10, 14, "forage"),
        (15, 19, "trade"),
        (20, 22, "forage"),
    ]
    source.close()


def test_an_unknown_lane_is_refused(tmp_path: Path):
    source = telemetry.open_source(vmt.build("money", tmp_path / "runs.db", ticks=3))
    with pytest.raises(RequestError, match="mode, regime, pairs"):
        source.ask(TimelineQuery(1, ("weather",)))
    (lane,) = source.ask(TimelineQuery(1, ("regime",))).lanes
    assert lane.name == "regime"
    source.close()


def test_lanes_that_a_database_lacks_are_said_before_any_run_is_chosen(tmp_path: Path):
    source = telemetry.open_source(vmt.build("mode", tmp_path / "runs.db", ticks=3))
    assert {lane.name: lane.recorded for lane in source.lanes} == {
        "mode": True,
        "regime": False,
        "pairs": False,
    }
    source.close()


def test_odd_ticks_and_states_of_several_kinds_are_told_apart_as_before(tmp_path: Path):
    """Ticks at the ends of what fits, one that is no number; states that only look alike."""
    path = tmp_path / "odd.db"
    connection = _bare(path)
    connection.execute(
        "CREATE TABLE tick_states "
        "(id INTEGER PRIMARY KEY, run_id, tick, current_mode, active_pairs)"
    )
    ends = (-(2**63), 2**63 - 1)
    rows = [
        (ends[0], "a", b'["A<->B"]'),
        (3, 1, None),
        (3.0, 1.0, '["A<->B"]'),
        (3.5, "lost", "x"),
        (4, "1", "[]"),
        (5, None, "no json"),
        ("six", "lost", "[]"),
        (ends[1], "b", "[]"),
    ]
    connection.executemany("INSERT INTO tick_states VALUES (NULL, 1, ?, ?, ?)", rows)
    connection.execute("INSERT INTO agent_snapshots VALUES (1, 3, 0)")
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    timeline = source.ask(TimelineQuery(1, ("mode", "pairs")))
    source.close()
    mode, pairs = timeline.lane("mode"), timeline.lane("A<->B")
    assert mode is not None
    assert list(zip(mode.first.tolist(), mode.last.tolist(), mode.state, strict=True)) == [
        (ends[0], ends[0], "a"),
        (3, 3, "1.0"),
        (4, 4, "1"),
        (ends[1], ends[1], "b"),
    ]
    assert pairs is not None
    assert pairs.state == ("on", "on", "off", "off")
    assert any("2 ticks hold no valid list (first at tick 3)" in note for note in timeline.notes)


def test_states_that_are_lists_are_told_as_texts_from_the_first_row_on():
    """An engine may give a list where earlier rows had texts; 1, 1.0 and "1" are apart before."""
    read = StatesRead(1)
    read.add([(0, "a"), (1, 1), (2, 1.0), (3, "[1]"), ("none", "a"), (4, None)])
    (before,) = read.states()
    assert before.known == ("a", 1, 1.0, "[1]", None)
    read.add([(5, [1]), (6, "1"), (7, 1)])
    (after,) = read.states()
    told = [after.known[code] for code in after.code.tolist()]
    assert after.tick.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert told == ["a", "1", "1.0", "[1]", None, "[1]", "1", "1"]
