"""Experiments of VMT runs: linked as in the other families, in tables beside the producer's."""

from pathlib import Path

import pytest

import telemetry
from telemetry.errors import NothingFoundError, RecordingError
from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.queries import ExperimentsQuery, IterationsQuery, RunsQuery
from tests.builders import vmt
from tests.telemetry.command_line import ran


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two iterations with two samples and an evaluation each, and a run that stands alone."""
    path = tmp_path / "sweep.db"
    with VmtRecorder(path) as recorder:
        recorder.begin_run("alone").finish()
        with recorder.begin_experiment("exp1", "λ cap", master_seed=7) as experiment:
            for iteration in range(2):
                experiment.log_iteration(iteration, {"lambda_max": 1.5 * iteration})
                for sample in (0, 1, None):
                    recorder.begin_run(
                        "sweep",
                        experiment=experiment,
                        iteration=iteration,
                        sample_index=sample,
                        purpose="evaluation" if sample is None else "bootstrap",
                    ).finish()
            experiment.finish(converged=True, reason="nothing left to try")
        recorder.begin_experiment("exp2")
    return path


@pytest.fixture
def source(path: Path):
    source = telemetry.open_source(path)
    yield source
    source.close()


def test_experiments_are_listed_with_what_they_hold(source: telemetry.Source):
    first, second = source.ask(ExperimentsQuery()).experiments
    assert (first.experiment_id, first.name, first.status) == ("exp1", "λ cap", "converged")
    assert (first.iterations, first.runs) == (2, 6)
    assert first.fields["master_seed"] == 7
    assert first.fields["convergence_reason"] == "nothing left to try"
    assert (second.status, second.iterations, second.runs) == ("unfinished", 0, 0)
    assert second.fields["master_seed"] is None


def test_an_iteration_leads_down_to_its_runs_the_evaluation_first(source: telemetry.Source):
    found = source.ask(IterationsQuery("exp1")).iterations
    assert [one.iteration for one in found] == [0, 1]
    assert [one.runs for one in found] == [(4, 2, 3), (7, 5, 6)]
    assert found[1].policies == {"run": {"lambda_max": 1.5}}
    assert source.ask(IterationsQuery("exp2")).iterations == ()
    with pytest.raises(
        NothingFoundError, match=r"There is no experiment 'x' here; it has exp1, exp2"
    ):
        source.ask(IterationsQuery("x"))


def test_runs_are_listed_with_their_experiment_and_one_that_stands_alone_without(
    source: telemetry.Source,
):
    runs = {r.run_id: r for r in source.ask(RunsQuery()).runs}
    assert (runs[1].experiment_id, runs[1].iteration) == (None, None)
    assert (runs[5].experiment_id, runs[5].iteration) == ("exp1", 1)
    assert (runs[5].fields["sample_index"], runs[5].fields["run_purpose"]) == (0, "bootstrap")
    assert runs[7].fields["sample_index"] is None


def test_the_commands_answer_as_for_every_family(path: Path, capsys: pytest.CaptureFixture[str]):
    def column(name: str, *arguments: str) -> list[object]:
        return [row[name] for row in ran(capsys, *arguments, "--format", "jsonl").lines()]

    assert column("experiment_id", "experiments", str(path)) == ["exp1", "exp2"]
    assert column("iteration", "iterations", str(path), "exp1") == [0, 1]
    runs = ("runs", str(path), "--experiment", "exp1")
    assert column("run_id", *runs) == [2, 3, 4, 5, 6, 7]


def test_the_producers_own_tables_stay_as_they_are(path: Path, tmp_path: Path):
    with VmtRecorder(tmp_path / "plain.db"):
        pass
    columns = "SELECT name FROM pragma_table_info('simulation_runs')"
    assert vmt.query(path, columns) == vmt.query(tmp_path / "plain.db", columns)
    tables = "SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'experiment%'"
    assert vmt.query(tmp_path / "plain.db", tables)[0][0] == 0


def test_a_database_without_experiments_has_no_answer_to_them(tmp_path: Path):
    source = telemetry.open_source(vmt.build("money_full", tmp_path / "money.db", runs=1))
    assert not source.can_answer(ExperimentsQuery)
    with pytest.raises(NothingFoundError):
        source.ask(ExperimentsQuery())
    assert source.ask(RunsQuery()).runs[0].experiment_id is None
    source.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"iteration": 1}, "iteration belongs to runs of an experiment"),
        ({"purpose": "best"}, "run_purpose belongs to runs of an experiment"),
    ],
)
def test_links_need_an_experiment(tmp_path: Path, options: dict, words: str):
    with VmtRecorder(tmp_path / "x.db") as recorder, pytest.raises(RecordingError, match=words):
        recorder.begin_run("x", **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"purpose": "fun"}, r"experiment_runs\.run_purpose must be one of initial"),
        ({"iteration": -1}, r"experiment_runs\.iteration must be 0 or more"),
        ({"sample_index": 0.5}, r"experiment_runs\.sample_index must be a whole number"),
    ],
)
def test_a_wrong_link_is_refused_by_name_and_leaves_no_run(
    tmp_path: Path, options: dict, words: str
):
    with VmtRecorder(tmp_path / "x.db") as recorder:
        experiment = recorder.begin_experiment("e")
        with pytest.raises(RecordingError, match=words):
            recorder.begin_run("x", experiment=experiment, **options)
        with pytest.raises(RecordingError, match="already has an experiment 'e'"):
            recorder.begin_experiment("e")
    assert vmt.query(tmp_path / "x.db", "SELECT COUNT(*) FROM simulation_runs") == [(0,)]


def test_an_exception_leaves_the_experiment_unfinished(tmp_path: Path):
    def crash() -> None:
        with VmtRecorder(tmp_path / "x.db") as recorder, recorder.begin_experiment("e"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    assert vmt.query(tmp_path / "x.db", "SELECT completed_at FROM experiments") == [(None,)]
