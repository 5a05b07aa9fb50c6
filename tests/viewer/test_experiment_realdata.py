"""The Experiment view of the real samples against numbers worked out by hand."""

import csv
import json
import math
import shutil
import statistics
from collections import defaultdict

import pytest

from tests.viewer.programs import settle
from tests.viewer.shown import shown, wait
from vmt_log_viewer.views.experiment import ExperimentView

pytestmark = pytest.mark.realdata


@pytest.fixture
def sweep(shared_data):
    return shared_data / "bilancio" / "detailed_instrumentation_sweep"


@pytest.fixture
def pairs(qtbot, context, sweep):
    run = sorted(path.name for path in (sweep / "active" / "runs").iterdir())[0]
    with shown(qtbot, context, ExperimentView, sweep, run) as view:
        yield view


@pytest.fixture
def compared(sweep):
    with open(sweep / "aggregate" / "comparison.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def means_of(rows, *names):
    """Mean, n and standard error of the effect by the values of columns."""
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(float(row[n]) for n in names)].append(float(row["trading_effect"]))
    return {
        key: (statistics.fmean(v), len(v), statistics.stdev(v) / math.sqrt(len(v)))
        for key, v in groups.items()
    }


def test_effects_are_those_of_the_comparison(pairs, qtbot, compared):
    pairs.tabs.turn_to(pairs.pages.effects)
    wait(qtbot, pairs)
    panel = pairs.pages.effects.means
    one = panel.chart.means
    by_hand = means_of(compared, "kappa")
    assert [float(key[0]) for key in one.keys] == sorted(k for (k,) in by_hand)
    for key, mean, n, error in zip(one.keys, one.mean, one.count, one.error, strict=True):
        expected = by_hand[float(key[0]),]
        assert (mean, n, error) == pytest.approx(expected, rel=1e-6)
    two = panel.map.means
    by_hand = means_of(compared, "kappa", "concentration")
    found = {tuple(map(float, k)): m for k, m in zip(two.keys, two.mean, strict=True)}
    assert found == pytest.approx({key: mean for key, (mean, _, _) in by_hand.items()}, abs=1e-12)


def test_every_pair_can_be_explained(pairs, qtbot, compared):
    page = pairs.pages.pairs
    assert page.scatter.points.total == len(compared) == 625
    unchanged = next(
        i for i, r in enumerate(compared)
        if float(r["trading_effect"]) == 0 and float(r["delta_active"]) > 0
    )  # fmt: skip
    key = page.scatter.points.key[unchanged]
    page.scatter.point_clicked.emit(key)
    wait(qtbot, pairs)
    assert f"Pair {unchanged + 1} shows no difference" in page.why.text()
    assert f"{compared[unchanged]['total_trades']} trades" in page.why.text()


def test_the_experiment_without_simulations_opens_with_its_numbers(
    qtbot, program, shared_data, tmp_path
):
    folder = shared_data / "simcash"
    path = shutil.copy(folder / "exp1.db", tmp_path / "exp1.db")
    facts = json.loads((folder / "facts.json").read_text("utf-8"))["exp1.db"]["facts"]
    rows = [dict(zip(facts["iterations"]["columns"], r, strict=True))
            for r in facts["iterations"]["rows"]]  # fmt: skip
    program.window.show()
    program.open([str(path)])
    qtbot.waitUntil(lambda: program.document.source is not None, timeout=20_000)
    settle(qtbot, program)
    view = program.window.area.current
    wait(qtbot, view)
    lines = {line.name: line for line in view.iterations.chart.lines}
    assert lines["all policies"].places == tuple((r["iteration"], r["total"]) for r in rows)
    assert view.iterations.chart.baseline == rows[0]["total"]
    evolved = {line.name: line.places for line in view.policies.chart.lines}
    assert evolved["BANK_A"] == tuple((r["iteration"], r["frac_a"]) for r in rows)
    assert "Stability achieved (5 consecutive stable iterations)" in view.facts.text()
    assert "master seed 42" in view.facts.text()
    page = view.pages.tables["llm_interactions"]
    view.tabs.turn_to(page)
    wait(qtbot, view)
    ((calls, *_),) = facts["llm_totals"]["rows"]
    assert page.panel.model.total == calls
