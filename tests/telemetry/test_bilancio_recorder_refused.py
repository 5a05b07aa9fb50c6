"""What the dealer-ring recorder refuses, by the name of the field, and where it does not write."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from telemetry.errors import RecordingError
from telemetry.families.bilancio.recorder import BilancioRecorder
from tests.telemetry.test_bilancio_recorder import DEBT, STATE, STOCK, TRADE, begin


@pytest.fixture
def recorder(tmp_path: Path) -> BilancioRecorder:
    return BilancioRecorder(tmp_path / "sweep")


NAN = Decimal("NaN")


@pytest.mark.parametrize(
    ("log", "row", "change", "words"),
    [
        ("trade", TRADE, {"price": 56.1}, r"trades\.price must be a Decimal, not 56\.1"),
        ("trade", TRADE, {"price": NAN}, r"trades\.price must be a finite number, not NaN"),
        ("trade", TRADE, {"price": -1}, r"trades\.price must be 0 or more, not -1"),
        ("trade", TRADE, {"face_value": "much"}, r"trades\.face_value must be a decimal number"),
        ("trade", TRADE, {"side": "sell"}, r"trades\.side must be one of SELL, BUY"),
        ("trade", TRADE, {"bucket": "old"}, r"trades\.bucket must be one of short, mid, long"),
        ("trade", TRADE, {"trader_id": "a\nb"}, r"trades\.trader_id must be one line"),
        ("trade", TRADE, {"is_passthrough": 1}, r"trades\.is_passthrough must be True or False"),
        ("trade", TRADE, {"maturity_day": 8.0}, r"trades\.maturity_day must be a whole number"),
        ("trade", TRADE, {"colour": 1}, r"trades has no column colour"),
        ("trade", TRADE, {"outside_mid": None}, r"trades\.outside_mid is required"),
        ("trade", TRADE, {"is_passthrough": False, "hit_inventory_limit": True},
         r"trades\.hit_inventory_limit must be False where is_passthrough is"),
        ("trade", TRADE, {"side": "BUY", "dealer_inventory_before": 2, "hit_inventory_limit": True},
         r"trades\.hit_inventory_limit must be False for a BUY while .* is 2"),
        ("repayment", DEBT, {"outcome": "paid"}, r"repayment_events\.outcome must be one of"),
        ("repayment", DEBT, {"face_value": -1}, r"repayment_events\.face_value must be 0 or more"),
        ("repayment", DEBT, {"held_matching_maturity": 1}, r"held_matching_maturity must be True"),
        ("inventory", STOCK, {"max_capacity": -4}, r"inventory_timeseries\.max_capacity must be 0"),
        ("inventory", STOCK, {"dealer_inventory": "1"}, r"dealer_inventory must be a whole number"),
        ("inventory", STOCK, {"dealer_face": 81}, r"dealer_face must be at most total_system_face"),
        ("inventory", STOCK, {"total_system_face": 0.5}, r"total_system_face must be a Decimal"),
        ("system_state", STATE, {"total_cash": -1}, r"total_cash must be 0 or more, not -1"),
        ("system_state", STATE, {"face_bucket_mid": NAN}, r"face_bucket_mid must be a finite"),
        ("day_metrics", {"S_t": 1, "gross_settled_t": 1}, {"S_t": 1.0}, r"metrics\.S_t must be a"),
        ("event", {"kind": "PhaseA"}, {"amount": 0.1}, r"events\.amount must be text, a whole"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_the_name_of_its_field(
    recorder: BilancioRecorder, log: str, row: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    with begin(recorder) as run:
        with pytest.raises(RecordingError, match=words) as refusal:
            getattr(run, f"log_{log}")(0, **{**row, **change})
        assert "\n" not in str(refusal.value)
        getattr(run, f"log_{log}")(0, **row)
        if log != "system_state":
            run.log_system_state(0, **STATE)
        run.end_tick(0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"run_id": "../up"}, "run_id must be the name of a folder"),
        ({"run_id": ".hidden"}, "run_id must be the name of a folder"),
        ({"seed": 1.0}, r"experiments\.seed must be a whole number"),
        ({"kappa": 0.25}, r"experiments\.kappa must be a Decimal"),
        ({"n_agents": -1}, r"experiments\.n_agents must be 0 or more"),
        ({"scenario": {"a": NAN}}, "scenario must be plain JSON values"),
        ({"ticks_per_commit": 0}, "ticks_per_commit must be 1 or more"),
        ({"colour": 1}, "experiments has no column colour"),
    ],
)
def test_a_wrong_run_is_refused_by_name_and_leaves_nothing(
    recorder: BilancioRecorder, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(RecordingError, match=words):
        recorder.begin_run("active", **{"seed": 1, **options})
    with pytest.raises(RecordingError, match="regime must be one of passive, active"):
        recorder.begin_run("actve", seed=1)
    assert list(recorder.folder.iterdir()) == []


def test_a_run_s_folder_is_never_written_over(recorder: BilancioRecorder) -> None:
    begin(recorder).finish()
    with pytest.raises(RecordingError, match=r"There is a run 'r' in .*active already"):
        begin(recorder)


def test_a_file_and_another_program_s_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "recipes.txt").write_text("soup")
    with pytest.raises(RecordingError, match=r"it holds other things \(recipes.txt\)"):
        BilancioRecorder(tmp_path)
    with pytest.raises(RecordingError, match="it is a file"):
        BilancioRecorder(tmp_path / "recipes.txt")
    assert [p.name for p in tmp_path.iterdir()] == ["recipes.txt"]
