"""What is read of a growing run, tick by tick, is in the end what one look at all of it gives."""

import random
from pathlib import Path

import numpy as np
import pytest

import telemetry
from telemetry.concepts import Fan, Series, TickRange, Timeline
from telemetry.concepts.growth import (
    OVERLAP,
    longer_band,
    longer_fan,
    longer_series,
    longer_timeline,
)
from telemetry.errors import NothingFoundError
from telemetry.families.vmt.recorder import LogPolicy, VmtRecorder, VmtRun
from telemetry.queries import BandQuery, FanQuery, ProgressQuery, SeriesQuery, TimelineQuery
from tests.builders import vmt
from tests.telemetry.test_vmt_recorder import AGENT, STEP

pytestmark = pytest.mark.sampled(3)

PAIRS = ("A<->B", "A<->M", "B<->M")
MODES = ("forage", "trade", "both")


class Economy:
    """A recorder of some random ticks: agents come and go, states change or stay."""

    def __init__(self, path: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.recorder = VmtRecorder(path)
        policy = LogPolicy(level="debug", agent_snapshot_every=self.chance.choice((1, 1, 5)))
        self.run: VmtRun = self.recorder.begin_run("grows", exchange_regime="mixed", policy=policy)
        self.mode = "both"

    def write(self, ticks: range) -> None:
        for tick in ticks:
            if self.chance.random() < 0.2:
                self.mode = self.chance.choice(MODES)
            if self.chance.random() < 0.9:
                pairs = self.chance.sample(PAIRS[:2], self.chance.randrange(3))
                self.run.log_tick_state(tick, self.mode, "mixed", pairs)
            for agent in range(3 + (tick > 150)):
                values = {"agent_id": agent, "utility": self.chance.random()}
                self.run.log_agent_snapshot(tick, **{**AGENT, **values})
            if self.chance.random() < 0.3:
                self.run.log_lambda_update(tick, **{**STEP, "lambda_new": self.chance.random()})
            self.run.end_tick(tick)


def same_series(one: Series, other: Series) -> None:
    assert [line.agent_id for line in one.lines] == [line.agent_id for line in other.lines]
    for mine, theirs in zip(one.lines, other.lines, strict=True):
        assert mine.mark == theirs.mark
        assert np.array_equal(mine.tick, theirs.tick)
        assert np.array_equal(mine.value, theirs.value, equal_nan=True)


def same_fan(one: Fan, other: Fan) -> None:
    assert np.array_equal(one.tick, other.tick)
    assert np.array_equal(one.count, other.count)
    assert one.quantiles.keys() == other.quantiles.keys()
    for name, values in one.quantiles.items():
        assert np.array_equal(values, other.quantiles[name], equal_nan=True)


def told(timeline: Timeline) -> dict[str, list[tuple[int, int, str]]]:
    return {
        lane.name: list(zip(lane.first.tolist(), lane.last.tolist(), lane.state, strict=True))
        for lane in timeline.lanes
    }


@pytest.mark.parametrize("seed", range(6))
def test_answers_made_longer_are_those_asked_for_at_once(tmp_path: Path, seed: int):
    economy = Economy(tmp_path / "grows.db", seed)
    economy.write(range(20))
    source = telemetry.open_source(tmp_path / "grows.db")
    measures = [m.name for m in source.measures]
    series = {m: source.ask(SeriesQuery(1, m)) for m in measures}
    fans = {m: source.ask(FanQuery(1, m)) for m in measures}
    bands = {m: source.ask(BandQuery(1, m)) for m in measures}
    timeline = source.ask(TimelineQuery(1))
    last = 19
    for end in (21, 22, 60, 190, 260):
        economy.write(range(last + 1, end))
        progress = source.ask(ProgressQuery(1))
        assert progress.ticks is not None
        assert progress.ticks.last in (end - 2, end - 1)
        again = TickRange(last, end - 1)
        for name in measures:
            newer = source.ask(SeriesQuery(1, name, ticks=again))
            series[name] = longer_series(series[name], newer, last)
            fans[name] = longer_fan(fans[name], source.ask(FanQuery(1, name, again)), last)
            bands[name] = longer_band(bands[name], source.ask(BandQuery(1, name, again)), last)
        first = max(0, last - OVERLAP)
        lanes = source.ask(TimelineQuery(1, ticks=TickRange(first, end - 1)))
        longer = longer_timeline(timeline, lanes, first)
        timeline = source.ask(TimelineQuery(1)) if longer is None else longer
        last = end - 1
    for name in measures:
        same_series(series[name], source.ask(SeriesQuery(1, name)))
        same_fan(fans[name], source.ask(FanQuery(1, name)))
        whole = source.ask(BandQuery(1, name))
        for part in ("tick", "low", "mean", "high", "count"):
            np.testing.assert_array_equal(getattr(bands[name], part), getattr(whole, part))
    assert told(timeline) == told(source.ask(TimelineQuery(1)))
    economy.recorder.close()
    source.close()


def test_a_lane_that_is_new_asks_for_the_whole_run(tmp_path: Path):
    with VmtRecorder(tmp_path / "new.db") as recorder:
        run = recorder.begin_run("new", exchange_regime="mixed")
        source = telemetry.open_source(tmp_path / "new.db")
        run.log_tick_state(0, "both", "mixed", ["A<->B"])
        run.end_tick(0)
        known = source.ask(TimelineQuery(1))
        run.log_tick_state(1, "both", "mixed", ["A<->B"])
        run.end_tick(1)
        same = source.ask(TimelineQuery(1, ticks=TickRange(0, 1)))
        assert longer_timeline(known, same, 0) is not None
        run.log_tick_state(2, "both", "mixed", ["A<->M"])
        run.end_tick(2)
        other = source.ask(TimelineQuery(1, ticks=TickRange(0, 2)))
        assert longer_timeline(known, other, 0) is None
        source.close()


def test_changes_of_mode_are_cut_to_the_ticks_that_were_asked(tmp_path: Path):
    path = vmt.build("mode", tmp_path / "mode.db", runs=1)
    source = telemetry.open_source(path)
    whole = source.ask(TimelineQuery(1, ("mode",)))
    assert whole.ticks is not None
    middle = (whole.ticks.first + whole.ticks.last) // 2
    part = source.ask(TimelineQuery(1, ("mode",), TickRange(middle, whole.ticks.last)))
    assert told(part)["mode"]
    assert told(part)["mode"][0][0] == middle
    known = source.ask(TimelineQuery(1, ("mode",), TickRange(whole.ticks.first, middle)))
    longer = longer_timeline(known, part, middle)
    assert longer is not None
    assert told(longer) == told(whole)
    source.close()


def test_progress_tells_the_status_and_refuses_a_run_that_is_not_there(tmp_path: Path):
    with VmtRecorder(tmp_path / "runs.db") as recorder:
        run = recorder.begin_run("x")
        source = telemetry.open_source(tmp_path / "runs.db")
        before = source.ask(ProgressQuery(1))
        run.finish()
        after = source.ask(ProgressQuery(1))
        assert (before.ticks, after.ticks) == (None, None)
        assert before.status != after.status
        assert (before.under_way, after.under_way) == (True, False)
        with pytest.raises(NothingFoundError, match="There is no run 7"):
            source.ask(ProgressQuery(7))
        source.close()
