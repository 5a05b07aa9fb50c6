"""A VMT database of any vintage becomes one of today, and answers as it did before."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import telemetry
from telemetry import queries as q
from telemetry.errors import ExportError, RecordingError
from telemetry.families.vmt.migrations import SCHEMA
from telemetry.families.vmt.models import Base
from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.filters import Filter
from telemetry.migrations import check
from telemetry.upgrade import migrate, writing
from tests.builders import vmt
from tests.builders.answers import differences, same
from tests.builders.questions import ask_everything, every_query

pytestmark = pytest.mark.sampled(4)

OLD = ("barter", "mode", "money_p2", "money", "head_decimal")
SEED_QUERIES = (
    "SELECT * FROM trades WHERE run_id = 1 AND dM > 0 ORDER BY tick",
    "SELECT tick, lambda_money, inventory_M FROM agent_snapshots "
    "WHERE run_id = 1 AND agent_id = 0 ORDER BY tick",
    "SELECT tick, current_mode, exchange_regime, active_pairs FROM tick_states "
    "WHERE run_id = 1 ORDER BY tick",
    "SELECT t.* FROM trades t JOIN tick_states ts ON t.run_id = ts.run_id AND t.tick = ts.tick "
    "WHERE t.run_id = 1 AND ts.current_mode = 'trade' AND ts.exchange_regime = 'mixed' "
    "ORDER BY t.tick",
    "SELECT agent_id, tick, lambda_old, lambda_new, clamped FROM lambda_updates "
    "WHERE run_id = 1 ORDER BY agent_id, tick",
    "SELECT exchange_pair_type, COUNT(*) AS trade_count, AVG(buyer_surplus), AVG(seller_surplus), "
    "AVG(buyer_surplus + seller_surplus) FROM trades WHERE run_id = 1 GROUP BY exchange_pair_type",
)
"""The query examples of the document that describes the money schema."""


@contextmanager
def opened(*paths: Path) -> Iterator[list[telemetry.Source]]:
    sources = [telemetry.open_source(path) for path in paths]
    try:
        yield sources
    finally:
        for source in sources:
            source.close()


def migrated(tmp_path: Path, vintage: str, **build: object) -> tuple[Path, Path]:
    old = vmt.build(vintage, tmp_path / "old.db", **build)
    new = tmp_path / "new.db"
    migrate(str(old), to=new)
    return old, new


def columns(path: Path) -> dict[str, dict[str, object]]:
    """Table → column → its default, as the file declares them."""
    names = [
        str(n) for (n,) in vmt.query(path, "SELECT name FROM sqlite_master WHERE type='table'")
    ]
    return {
        name: {str(c[1]): c[4] for c in vmt.query(path, f"PRAGMA table_info({name})")}
        for name in names
    }


@pytest.mark.parametrize("vintage", OLD)
def test_every_question_has_the_answer_that_it_had_before(tmp_path: Path, vintage: str) -> None:
    old, new = migrated(tmp_path, vintage, runs=2, ticks=14)
    with opened(old, new) as (before, after):
        asked = [*every_query(before, 1, thorough=False), q.RunQuery(2), q.RunSizesQuery((2,))]
        assert differences(before, after, asked) == []
        assert after.identity.vintage == before.identity.vintage
        assert same(after.identity.tables, before.identity.tables)
        assert after.scales == before.scales


def test_the_comparison_sees_a_default_taken_for_a_recorded_value(tmp_path: Path) -> None:
    old, new = migrated(tmp_path, "barter", ticks=12)
    connection = sqlite3.connect(new)
    with connection:
        connection.execute("DELETE FROM telemetry_additions")
    connection.close()
    with opened(old, new) as (before, after):
        asked = [q.RunsQuery(), q.TableQuery(1, "trades"), q.TableQuery(1, "tick_states")]
        assert differences(before, after, asked) == asked


def test_a_quote_may_be_missing_where_it_could_not_be_before(tmp_path: Path) -> None:
    old, new = migrated(tmp_path, "barter", ticks=5)
    connection = sqlite3.connect(old)
    with connection:
        connection.execute("DELETE FROM agent_snapshots WHERE id > 3")
    connection.close()
    migrate(str(old), to=tmp_path / "newer.db")
    row = {"run_id": 2, "tick": 9, "agent_id": 0, "x": 0, "y": 0, "utility": 1.0}
    row |= {"inventory_A": 1, "inventory_B": 1}
    vmt.insert(new, "agent_snapshots", **row)
    assert vmt.insert(tmp_path / "newer.db", "agent_snapshots", **row) == 41  # not 4 again


@pytest.mark.parametrize("vintage", OLD)
def test_every_table_and_column_of_today_is_there(tmp_path: Path, vintage: str) -> None:
    _, new = migrated(tmp_path, vintage, ticks=5)
    there = columns(new)
    for table in Base.metadata.sorted_tables:
        assert set(table.c.keys()) <= set(there[table.name]), table.name


def test_added_columns_have_the_defaults_of_the_document(tmp_path: Path) -> None:
    _, new = migrated(tmp_path, "barter", ticks=5)
    there = columns(new)
    assert there["simulation_runs"]["exchange_regime"] == "'barter_only'"
    assert there["simulation_runs"]["money_scale"] == "1"
    assert there["agent_snapshots"]["inventory_M"] == "0"
    assert there["agent_snapshots"]["lambda_money"] == "NULL"
    assert there["trades"]["exchange_pair_type"] == "'A<->B'"
    assert there["trade_attempts"]["buyer_M_final"] == "0"
    stored = "SELECT exchange_regime, money_mode, money_scale FROM simulation_runs"
    assert vmt.query(new, stored)[0] == ("barter_only", None, 1)


def test_the_indices_of_the_document_are_there(tmp_path: Path) -> None:
    _, new = migrated(tmp_path, "barter", ticks=5)
    named = {n for (n,) in vmt.query(new, "SELECT name FROM sqlite_master WHERE type='index'")}
    assert named >= {
        "idx_agent_snapshots_money",
        "idx_trades_money",
        "idx_trades_surplus",
        "idx_tick_states_run_tick",
        "idx_tick_states_mode",
        "idx_lambda_updates_run_agent",
    }


@pytest.mark.parametrize("vintage", OLD)
def test_the_queries_of_the_document_run_on_the_result(tmp_path: Path, vintage: str) -> None:
    old, new = migrated(tmp_path, vintage, ticks=14)
    for query in SEED_QUERIES:
        after = vmt.query(new, query)
        try:
            before = vmt.query(old, query)
        except sqlite3.OperationalError:
            continue  # which this vintage could not answer
        assert [row[: len(b)] for row, b in zip(after, before, strict=True)] == before


def test_older_programs_find_every_row_as_it_was(tmp_path: Path) -> None:
    old, new = migrated(tmp_path, "mode", ticks=14)
    for table, names in columns(old).items():
        listed = ", ".join(names)
        query = f"SELECT {listed} FROM {table} ORDER BY 1"
        assert vmt.query(new, query) == vmt.query(old, query), table


def test_money_is_not_recorded_in_the_runs_of_before_but_in_those_of_after(tmp_path: Path) -> None:
    old, new = migrated(tmp_path, "barter", runs=1, ticks=12)
    run = _record(new)
    with opened(old, new) as (before, after):
        money = after.ask(q.SeriesQuery(1, "inventory_M"))
        assert (money.measure.recorded, money.lines, money.constant) == (False, (), None)
        assert after.ask(q.SeriesQuery(run, "inventory_M")).lines[0].value.tolist() == [7.0]
        trades = ("tick", "price", "dM", "exchange_pair_type", "pair_type", "total_surplus")
        for query in (
            q.TableQuery(1, "trades", trades),
            q.SummaryQuery(1, "trades"),
            q.FacetQuery(1, "trades", "exchange_pair_type"),
            q.SeriesQuery(1, "utility"),
        ):
            assert same(_values(after, query), _values(before, query)), query
        rows = after.ask(q.TableQuery(1, "agent_snapshots", ("inventory_M", "lambda_money"))).rows
        assert set(rows) == {(None, None)}
        assert after.ask(q.TableQuery(run, "agent_snapshots", ("inventory_M",))).rows == ((7,),)
        listed = after.ask(q.RunsQuery()).runs
        regimes = [r.fields["exchange_regime"] for r in listed]
        assert regimes == [None, "mixed"]
        where = q.Where((Filter.parse("inventory_M", "null"),))
        assert after.ask(q.CountQuery(1, "agent_snapshots", where)) == 48
        assert after.ask(q.CountQuery(run, "agent_snapshots", where)) == 0


def test_a_run_that_begins_while_the_source_is_open_shows_what_it_records(tmp_path: Path) -> None:
    _, new = migrated(tmp_path, "barter", runs=1, ticks=6)
    with opened(new) as (source,):
        assert not source.table("tick_states").recorded
        run = _record(new)
        assert [r.run_id for r in source.ask(q.RunsQuery()).runs] == [1, run]
        assert source.table("tick_states").recorded
        money = source.ask(q.SeriesQuery(run, "inventory_M"))
        assert money.lines[0].value.tolist() == [7.0]
        assert not source.ask(q.SeriesQuery(1, "inventory_M")).measure.recorded


@pytest.mark.parametrize("vintage", ["barter", "mode", "money_p2"])
def test_every_question_can_be_asked_where_runs_of_before_and_after_are_mixed(
    tmp_path: Path, vintage: str
) -> None:
    _, new = migrated(tmp_path, vintage, runs=1, ticks=12)
    run = _record(new)
    with opened(new) as (source,):
        for run_id in (1, run):
            assert ask_everything(source, run_id)["TableQuery"] > 10


def test_what_was_done_is_told_step_by_step(tmp_path: Path) -> None:
    old = vmt.build("mode", tmp_path / "old.db", ticks=10)
    report = migrate(str(old), to=tmp_path / "new.db")
    assert (report.before, report.after, report.vintage) == (None, SCHEMA.version, "mode schedule")
    told = {(one.version, one.table, one.what): one for one in report.done}
    runs = told[(3, "simulation_runs", "columns added")]
    assert runs.columns == ("exchange_regime", "money_mode", "money_scale")
    assert runs.rows == 2
    assert (3, "tick_states", "table added") in told
    assert (2, "mode_changes", "table added") not in told


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    old, new = migrated(tmp_path, "barter", ticks=10)
    before = (new.read_bytes(), new.stat().st_mtime_ns)
    assert migrate(str(new)).current
    assert migrate(str(old), to=new).current
    assert (new.read_bytes(), new.stat().st_mtime_ns) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.db", "old.db"]


def test_a_copy_that_no_longer_holds_what_the_source_does_is_no_repetition(tmp_path: Path) -> None:
    old, new = migrated(tmp_path, "barter", ticks=10)
    vmt.insert(old, "simulation_runs", scenario_name="one more")
    with pytest.raises(ExportError, match="exists already and is left as it is"):
        migrate(str(old), to=new)


def test_what_lies_in_the_wal_of_a_living_writer_is_copied(tmp_path: Path) -> None:
    old = vmt.build("barter", tmp_path / "old.db", runs=1, ticks=5)
    writer = vmt.connect(old)
    with writer:
        writer.execute("INSERT INTO simulation_runs (scenario_name) VALUES ('in the wal')")
    assert (tmp_path / "old.db-wal").stat().st_size > 0
    migrate(str(old), to=tmp_path / "new.db")
    names = vmt.query(tmp_path / "new.db", "SELECT scenario_name FROM simulation_runs")
    assert names[-1] == ("in the wal",)
    writer.close()


def test_the_source_keeps_its_bytes_and_its_time(tmp_path: Path) -> None:
    old = vmt.build("mode", tmp_path / "old.db", ticks=10)
    before = (old.read_bytes(), old.stat().st_mtime_ns)
    migrate(str(old))
    assert (old.read_bytes(), old.stat().st_mtime_ns) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old.db", "old.migrated.db"]


def test_in_place_leaves_a_backup_that_is_what_was_there(tmp_path: Path) -> None:
    old = vmt.build("barter", tmp_path / "old.db", ticks=10)
    kept = vmt.build("barter", tmp_path / "kept.db", ticks=10)
    report = migrate(str(old), in_place=True)
    assert report.backup is not None
    assert report.backup.name.startswith("old.db.backup-20")
    with opened(kept, old, report.backup) as (before, after, backup):
        asked = list(every_query(before, 1, thorough=False))
        assert differences(before, after, asked) == []
        assert differences(before, backup, asked) == []
    assert columns(report.backup) == columns(kept)
    assert "tick_states" in columns(old)
    assert migrate(str(old), in_place=True).current


def test_a_migrated_decimal_database_keeps_its_scale_and_takes_no_new_runs(tmp_path: Path) -> None:
    _, new = migrated(tmp_path, "head_decimal", ticks=10)
    with opened(new) as (source,):
        assert source.scales == {"goods": 10_000}
    with writing.sqlite_connection(new, "new.db") as connection:
        with pytest.raises(RecordingError, match="10 000"):
            check(connection, SCHEMA, "new.db")


def _record(path: Path) -> int:
    """One more run, by the recorder of today, in which money is recorded."""
    agent = {"agent_id": 0, "x": 0, "y": 0, "inventory_A": 1, "inventory_B": 2, "utility": 1.0}
    with VmtRecorder(path) as recorder:
        config = {"scenario_name": "after", "num_agents": 1}
        with recorder.begin_run("after", exchange_regime="mixed", config=config) as run:
            run.log_agent_snapshot(0, **agent, inventory_M=7, lambda_money=1.5)
            run.end_tick(0)
            return run.run_id


def _values(source: telemetry.Source, query: q.Query[object]) -> object:
    """An answer without what it says of the columns."""
    found = source.ask(query)
    names = ("rows", "groups", "values", "lines")
    return next(getattr(found, name) for name in names if hasattr(found, name))
