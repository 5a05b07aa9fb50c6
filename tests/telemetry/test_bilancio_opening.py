"""What of an experiment can be opened, which runs it then has, and that nothing is written."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

import telemetry
from telemetry.errors import NothingFoundError, SourceError
from telemetry.queries import (
    CountQuery,
    ExperimentsQuery,
    IterationsQuery,
    RunQuery,
    RunSizesQuery,
    RunsQuery,
    TableQuery,
)
from tests.builders import bilancio as b

LOGS = ("trades", "repayment_events", "inventory_timeseries", "system_state_timeseries")


def _ids(source: telemetry.Source) -> list[object]:
    return [run.run_id for run in source.ask(RunsQuery()).runs]


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    return b.write_experiment(tmp_path / "sweep")


def test_an_experiment_lists_the_runs_of_both_arms_pair_by_pair(experiment: Path) -> None:
    source = telemetry.open_source(experiment)
    runs = source.ask(RunsQuery()).runs

    assert source.identity.family == "bilancio"
    assert [r.run_id for r in runs] == ["active_1", "passive_1", "active_2", "passive_2"]
    assert [r.fields["regime"] for r in runs[:2]] == ["active", "passive"]
    assert runs[0].fields["other_run"] == "passive_1"
    assert {r.experiment_id for r in runs} == {"sweep"}
    assert {r.status for r in runs} == {"completed"}
    assert runs[0].name == "active, κ 0.25, c 0.2, μ 0.5, ρ 0.75, seed 42"


@pytest.mark.parametrize("arms", [("passive", "active"), ("control", "treatment")])
@pytest.mark.parametrize("registry", [True, False])
@pytest.mark.parametrize("comparison", [True, False])
def test_arms_of_either_name_open_with_and_without_registry_and_aggregates(
    tmp_path: Path, arms: tuple[str, str], registry: bool, comparison: bool
) -> None:
    folder = b.write_experiment(
        tmp_path / "sweep", arms=arms, registry=registry, comparison=comparison
    )
    source = telemetry.open_source(folder)

    assert set(_ids(source)) == {f"{arm}_{n}" for arm in arms for n in (1, 2)}
    detail = source.ask(RunQuery(f"{arms[1]}_2"))
    assert detail.run.fields["regime"] == arms[1]
    assert detail.run.fields["seed"] == (43 if registry else None) or arms[0] == "passive"
    assert source.ask(CountQuery(f"{arms[1]}_2", "trades")) == 3
    assert source.ask(CountQuery(f"{arms[0]}_2", "trades")) == 0


@pytest.mark.parametrize(
    ("below", "runs"),
    [
        ("active", {"active_1", "active_2"}),
        ("active/runs", {"active_1", "active_2"}),
        ("active/runs/active_1", {"active_1"}),
        ("active/runs/active_1/out", {"active_1"}),
        ("passive/runs/passive_2/out", {"passive_2"}),
    ],
)
def test_an_arm_a_run_and_its_out_folder_open_alone(
    experiment: Path, below: str, runs: set[str]
) -> None:
    source = telemetry.open_source(experiment / below)

    assert set(_ids(source)) == runs
    run = min(runs)
    assert source.ask(CountQuery(run, "events")) == len(b.EVENTS)
    assert source.ask(CountQuery(run, "trades")) == (3 if run.startswith("active") else 0)


@pytest.mark.parametrize(("table", "rows"), list(zip(LOGS, (3, 1, 6, 3), strict=True)))
def test_each_of_the_four_logs_opens_alone(experiment: Path, table: str, rows: int) -> None:
    source = telemetry.open_source(experiment / f"active/runs/active_1/out/{table}.csv")

    assert _ids(source) == ["active_1"]
    sizes = source.ask(RunSizesQuery(("active_1",), LOGS)).counts["active_1"]
    assert sizes == {t: rows if t == table else 0 for t in LOGS}


def test_a_log_under_another_name_is_told_by_its_columns(tmp_path: Path) -> None:
    path = b.put_csv(tmp_path / "copy of day.csv", b.TRADES, [b.trade("r", 0, "SELL", "H1")])

    assert _ids(telemetry.open_source(path)) == ["r"]


def test_other_csv_files_open_by_roles_and_what_holds_nothing_is_refused_in_a_sentence(
    tmp_path: Path,
) -> None:
    other = b.put_csv(tmp_path / "prices.csv", ["day", "price"], [{"day": 1, "price": 2}])
    with closing(telemetry.open_source(other)) as source:
        assert source.by_roles is not None
    (tmp_path / "bare").mkdir()
    with pytest.raises(SourceError, match="is a folder that holds no telemetry"):
        telemetry.open_source(tmp_path / "bare")
    empty = b.put(tmp_path / "trades.csv", "")
    with pytest.raises(SourceError, match=r"trades\.csv is an empty file"):
        telemetry.open_source(empty)


def test_a_folder_that_may_not_be_read_is_said_to_be_so(
    experiment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(SourceError, match="may not be read by you; ask its owner"):
        telemetry.open_source(experiment)


def test_a_run_whose_out_may_not_be_read_says_so(
    experiment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    real = os.listdir

    def refuse_one(path: str) -> list[str]:
        if str(path).endswith(os.path.join("active_2", "out")):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr("os.listdir", refuse_one)
    source = telemetry.open_source(experiment)

    assert source.ask(CountQuery("active_2", "trades")) == 0
    said = source.ask(RunQuery("active_2")).warnings
    assert said == ("The folder of active_2 may not be read by you; ask its owner for permission.",)


def test_experiments_below_one_folder_keep_their_runs_apart(tmp_path: Path) -> None:
    for name in ("first", "second"):
        b.write_experiment(tmp_path / "all" / name, pairs=1)
    source = telemetry.open_source(tmp_path / "all")

    listed = source.ask(ExperimentsQuery()).experiments
    assert [(e.experiment_id, e.runs) for e in listed] == [("first", 2), ("second", 2)]
    runs = {r.run_id: r.experiment_id for r in source.ask(RunsQuery()).runs}
    assert runs == {
        "active_1": "first",
        "passive_1": "first",
        "second/active/active_1": "second",
        "second/passive/passive_1": "second",
    }
    assert source.ask(CountQuery("second/active/active_1", "trades")) == 3
    folder = source.ask(RunQuery("second/active/active_1")).run.fields["folder"]
    assert folder == str(tmp_path / "all" / "second" / "active" / "runs" / "active_1")


def test_a_job_manifest_names_the_experiment_and_its_status(experiment: Path) -> None:
    manifest = {"job_id": "castle-river", "status": "running", "description": "Two pairs",
                "created_at": "2026-01-05T10:00:00+00:00", "run_ids": ["active_1"]}  # fmt: skip
    b.put(experiment / "castle-river" / "job_manifest.json", json.dumps(manifest))

    found = telemetry.open_source(experiment).ask(ExperimentsQuery()).experiments[0]

    assert (found.status, found.fields["description"]) == ("running", "Two pairs")
    assert found.fields["created_at"] == "2026-01-05T10:00:00+00:00"


def test_a_job_manifest_that_is_no_json_changes_nothing(experiment: Path) -> None:
    b.put(experiment / "job" / "job_manifest.json", '{"status": ')

    found = telemetry.open_source(experiment).ask(ExperimentsQuery()).experiments[0]

    assert (found.status, found.runs) == ("completed", 4)


def test_a_run_that_has_only_begun_is_listed_as_running(experiment: Path) -> None:
    (experiment / "active" / "runs" / "active_9" / "out").mkdir(parents=True)
    source = telemetry.open_source(experiment)

    assert {r.run_id: r.status for r in source.ask(RunsQuery()).runs}["active_9"] == "running"
    detail = source.ask(RunQuery("active_9"))
    assert detail.run.ticks is None
    assert detail.warnings == ("active_9 has written no files yet; its status is running.",)
    assert source.ask(ExperimentsQuery()).experiments[0].status == "running"


def test_a_run_that_only_the_registry_knows_is_listed_last_and_says_so(tmp_path: Path) -> None:
    folder = b.write_experiment(tmp_path / "sweep", pairs=1)
    registry = folder / "active" / "registry" / "experiments.csv"
    rows = [b.registry_row("active_0", 0, status="failed", error="no cash"),
            b.registry_row("active_1", 1)]  # fmt: skip
    b.put_csv(registry, b.REGISTRY, rows)
    source = telemetry.open_source(folder)

    runs = source.ask(RunsQuery()).runs
    assert [(r.run_id, r.status) for r in runs][-1] == ("active_0", "failed")
    assert [r.fields["files_missing"] for r in runs] == [False, False, True]
    detail = source.ask(RunQuery("active_0"))
    assert detail.warnings == (
        "The files of active_0 are not here: only the registry and the aggregates know it.",
    )
    assert ("error", "no cash") in detail.facts
    assert source.ask(TableQuery("active_0", "trades")).rows == ()


def test_an_unknown_run_and_iterations_are_refused_in_a_sentence(experiment: Path) -> None:
    source = telemetry.open_source(experiment)

    with pytest.raises(NothingFoundError, match="There is no run 'active_5'"):
        source.ask(RunQuery("active_5"))
    with pytest.raises(NothingFoundError, match="compares pairs of runs and has no iterations"):
        source.ask(IterationsQuery("sweep"))
    with pytest.raises(NothingFoundError, match=r"no experiment 'x' here; it has sweep\."):
        source.ask(IterationsQuery("x"))


def test_names_that_a_pattern_would_match_stand_for_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "a[1]*'x\"?"
    try:
        b.write_experiment(folder, pairs=1)
    except OSError:
        pytest.skip("this system allows no such names")
    b.write_experiment(tmp_path / "a1'x\"z", pairs=1)
    source = telemetry.open_source(folder)

    assert source.ask(CountQuery("active_1", "trades")) == 3
    assert source.ask(CountQuery("active_1", "events")) == len(b.EVENTS)
    assert source.ask(RunQuery("active_1")).config_text.startswith("version: 1")


def test_opening_and_asking_leave_every_file_and_listing_as_they_were(experiment: Path) -> None:
    def trace() -> dict[str, tuple[bytes, int, int]]:
        paths = sorted(experiment.rglob("*"))
        return {
            str(p): (p.read_bytes() if p.is_file() else b"", p.stat().st_mtime_ns, p.stat().st_mode)
            for p in (experiment, *paths)
        }

    before = trace()
    source = telemetry.open_source(experiment)
    source.ask(RunsQuery())
    source.ask(ExperimentsQuery())
    source.ask(RunQuery("active_1"))
    for table in source.tables:
        source.ask(TableQuery("active_1", table.name))
    source.close()

    assert trace() == before


def test_listing_a_sweep_of_625_pairs_reads_registries_and_aggregates_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _wide_sweep(tmp_path / "sweep", 625)
    source = telemetry.open_source(folder)
    for path in folder.glob("*/runs/*/out/*"):
        path.write_bytes(b"\xff not to be read")  # the listing must not notice

    runs = source.ask(RunsQuery()).runs

    assert len(runs) == 1250
    assert [r.fields["pair"] for r in runs[:4]] == [1, 1, 2, 2]
    assert {r.ticks for r in runs} == {None}
    assert source.ask(ExperimentsQuery()).experiments[0].runs == 1250


def _wide_sweep(folder: Path, pairs: int) -> Path:
    """Many run folders with little in them."""
    for arm in ("passive", "active"):
        for n in range(1, pairs + 1):
            b.put_csv(
                folder / arm / "runs" / f"{arm}_{n}" / "out" / "metrics.csv", b.METRICS,
                [{"day": 1, "phi_t": 1, "delta_t": 0}],
            )  # fmt: skip
        rows = [b.registry_row(f"{arm}_{n}", n) for n in range(1, pairs + 1)]
        b.put_csv(folder / arm / "registry" / "experiments.csv", b.REGISTRY, rows)
    rows = [b.pair_row(n, "0.6", "0.5", trading_effect="0.1") for n in range(1, pairs + 1)]
    b.put_csv(folder / "aggregate" / "comparison.csv", b.COMPARISON, rows)
    return folder


def test_an_aggregate_alone_opens_as_its_sweep_without_the_runs(tmp_path: Path):
    b.write_experiment(tmp_path / "sweep", pairs=2)
    source = telemetry.open_source(tmp_path / "sweep" / "aggregate" / "comparison.csv")
    assert [e.experiment_id for e in source.ask(ExperimentsQuery()).experiments] == ["sweep"]
    assert len(source.ask(TableQuery("", "pairs")).rows) == 2
    source.close()
