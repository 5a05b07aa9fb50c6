"""The demo writes databases worth looking at, and only over its own files."""

import shutil
import sqlite3
from pathlib import Path

import pytest

import telemetry
from telemetry.errors import RecordingError
from telemetry.families.vmt.recorder import LogPolicy
from telemetry.queries import ExperimentsQuery, RunsQuery, VerifyQuery
from telemetry.samples import demo
from telemetry.samples.grid_economy import Scenario
from tests.builders import vmt


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[float]]:
    """The whole demo, recorded once: its files, and the progress it told."""
    told: list[float] = []
    folder = tmp_path_factory.mktemp("demo") / "new" / "folder"
    return demo.write_demo(folder, lambda name, part: told.append(part)), told


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo of one short run, for tests of its manners."""
    scenario = Scenario("tiny", 1, agents=3, ticks=4, policy=LogPolicy(level="minimal"))
    part = demo.Part("vmt_demo.db", 1, demo._grid((scenario,)), sqlite=True)
    monkeypatch.setattr(demo, "PARTS", (part,))


def test_the_runs_contrast(written: tuple[list[Path], list[float]]):
    path = written[0][0]
    runs = vmt.query(
        path,
        """
        SELECT exchange_regime, money_mode, total_ticks, num_agents,
               (SELECT COUNT(*) FROM trades t WHERE t.run_id = r.run_id),
               (SELECT COUNT(*) FROM trade_attempts t WHERE t.run_id = r.run_id AND
                result = 'fail')
        FROM simulation_runs r
        """,
    )
    assert len(runs) >= 7
    regimes = {"barter_only", "money_only", "mixed", "mixed_liquidity_gated"}
    assert {run[0] for run in runs} == regimes
    assert {run[1] for run in runs} == {None, "quasilinear", "kkt_lambda"}
    assert sum(run[2] is None for run in runs) == 1
    assert all(run[2] is None or 200 <= run[2] <= 400 for run in runs)
    assert all(20 <= run[3] <= 40 for run in runs)
    assert all(run[4] > 50 for run in runs)
    assert sum(run[5] > 0 for run in runs) == 2


def test_modes_and_regimes_switch_within_a_run(written: tuple[list[Path], list[float]]):
    sql = """
        SELECT run_id FROM tick_states GROUP BY run_id
        HAVING COUNT(DISTINCT current_mode) = 3 AND COUNT(DISTINCT exchange_regime) = 3
    """
    assert len(vmt.query(written[0][0], sql)) == 1


def test_two_runs_differ_in_their_seed_alone(written: tuple[list[Path], list[float]]):
    sql = """
        SELECT COUNT(*) FROM simulation_runs a JOIN simulation_runs b ON a.run_id < b.run_id
        WHERE json_remove(a.config_json, '$.seed') = json_remove(b.config_json, '$.seed')
        AND a.scenario_name = b.scenario_name
    """
    assert vmt.query(written[0][0], sql) == [(1,)]


def test_attempts_fail_for_every_reason(written: tuple[list[Path], list[float]]):
    found = vmt.query(written[0][0], "SELECT DISTINCT result_reason FROM trade_attempts")
    assert {reason for (reason,) in found} == {
        "utility_improves_both",
        "buyer_utility_no_improvement",
        "seller_utility_no_improvement",
        "both_utility_no_improvement",
        "buyer_insufficient_B",
        "buyer_insufficient_M",
        "seller_insufficient_A",
        "seller_insufficient_B",
        "dB_nonpositive",
        "dM_nonpositive",
    }


def test_one_run_is_recorded_with_the_barter_vintage_s_tables(
    written: tuple[list[Path], list[float]],
):
    path = written[0][1]
    tables = vmt.query(path, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    assert not any("exchange_regime" in str(sql) or "tick_states" in str(sql) for (sql,) in tables)
    for table in ("agent_snapshots", "decisions", "trades", "trade_attempts", "resource_snapshots"):
        assert vmt.query(path, f"SELECT COUNT(*) FROM {table}")[0][0] > 50
    assert vmt.query(path, "SELECT total_ticks FROM simulation_runs") == [(120,)]


def test_the_files_are_sound_small_and_all_there_is(written: tuple[list[Path], list[float]]):
    paths, _ = written
    folder = paths[0].parent
    assert sorted(folder.iterdir()) == sorted([*paths, folder / "demo.json"])
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 80_000_000
    for path in paths:
        if path.suffix == ".db":
            assert vmt.query(path, "PRAGMA integrity_check") == [("ok",)]


def test_each_family_has_its_runs(written: tuple[list[Path], list[float]]):
    found: dict[str, int] = {}
    for path in written[0]:
        source = telemetry.open_source(path)
        runs = source.ask(RunsQuery()).runs
        found[source.identity.family] = max(found.get(source.identity.family, 0), len(runs))
        source.close()
    assert found.keys() == {"vmt", "simcash", "moltmarket", "bilancio"}
    assert all(count >= 4 for count in found.values())


def test_the_market_s_chains_are_sound_and_the_payments_have_experiments(
    written: tuple[list[Path], list[float]],
):
    market = telemetry.open_source(written[0][3])
    for run in market.ask(RunsQuery()).runs:
        assert market.ask(VerifyQuery(run.run_id)).sound
    market.close()
    payments = telemetry.open_source(written[0][2])
    experiments = payments.ask(ExperimentsQuery()).experiments
    payments.close()
    assert len(experiments) == 2
    assert all(one.iterations >= 8 for one in experiments)


def test_progress_rises_to_one(written: tuple[list[Path], list[float]]):
    told = written[1]
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.usefixtures("tiny")
def test_an_earlier_demo_is_replaced(tmp_path: Path):
    demo.write_demo(tmp_path)
    (path,) = demo.write_demo(tmp_path)
    assert vmt.query(path, "SELECT COUNT(*) FROM simulation_runs") == [(1,)]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("content", [b"", b"tick,agent\n", b"SQLite format 3\0" + b"\0" * 100])
def test_a_file_that_is_not_a_demo_s_is_left_alone(tmp_path: Path, content: bytes):
    path = tmp_path / "vmt_demo.db"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match="not a demo's file; move it away"):
        demo.write_demo(tmp_path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("tiny")
def test_a_demo_that_a_program_writes_to_is_left_alone(tmp_path: Path):
    (path,) = demo.write_demo(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE simulation_runs SET scenario_name = 'mine'")
    connection.commit()
    with pytest.raises(RecordingError, match="a program has it open"):
        demo.write_demo(tmp_path)
    connection.close()
    assert vmt.query(path, "SELECT scenario_name FROM simulation_runs") == [("mine",)]


@pytest.mark.usefixtures("tiny")
def test_nothing_half_written_remains(tmp_path: Path):
    (path,) = demo.write_demo(tmp_path)
    before = path.read_bytes()

    def stop(name: str, part: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo.write_demo(tmp_path, stop)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("tiny")
def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="choose another folder") as failure:
        demo.write_demo(tmp_path / "file" / "demo")
    assert "\n" not in str(failure.value)
    shutil.rmtree(tmp_path)


def small_ring(place: Path, progress: demo.Progress) -> None:
    """Stands for a folder of the demo."""
    place.mkdir()
    (place / "runs.csv").write_text("run_id\n1\n")


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo of one folder."""
    monkeypatch.setattr(demo, "PARTS", (demo.Part("ring", 1, small_ring),))


@pytest.mark.usefixtures("ring")
def test_a_folder_of_an_earlier_demo_is_replaced(tmp_path: Path):
    (path,) = demo.write_demo(tmp_path)
    (path / "more.csv").write_text("x")
    demo.write_demo(tmp_path)
    assert [file.name for file in path.iterdir()] == ["runs.csv"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["demo.json", "ring"]


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize("listing", [None, "not JSON", '{"written_by_demo": ["other"]}'])
def test_a_folder_that_is_not_a_demo_s_is_left_alone(tmp_path: Path, listing: str | None):
    (tmp_path / "ring").mkdir()
    (tmp_path / "ring" / "mine.txt").write_text("mine")
    if listing is not None:
        (tmp_path / "demo.json").write_text(listing)
    with pytest.raises(RecordingError, match="not a demo's folder; move it away"):
        demo.write_demo(tmp_path)
    assert (tmp_path / "ring" / "mine.txt").read_text() == "mine"
