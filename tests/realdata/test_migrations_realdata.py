"""Migrated copies of the real samples open with the same answers as before."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import telemetry
from telemetry import queries as q
from telemetry.concepts import TickRange
from telemetry.filters import Filter
from telemetry.upgrade import migrate
from tests.builders.answers import differences, same

pytestmark = [pytest.mark.realdata, pytest.mark.sampled(3)]

VMT = ("legacy", "mode", "money_p2", "money", "money_full", "head_decimal")


def questions(source: telemetry.Source, run_id: int | str) -> Iterator[q.Query[object]]:
    """What a person asks of one run: facts, series, timeline, tables, facets and summaries."""
    yield q.RunQuery(run_id)
    yield q.RunSizesQuery((run_id,))
    yield q.AgentsQuery(run_id)
    yield q.TimelineQuery(run_id)
    for measure in source.measures:
        yield q.SeriesQuery(run_id, measure.name)
        yield q.FanQuery(run_id, measure.name, max_ticks=20)
    for table in source.tables:
        yield q.ColumnsQuery(run_id, table.name)
        yield q.TableQuery(run_id, table.name, limit=50)
        yield q.CountQuery(run_id, table.name)
        for column in table.columns:
            if column.facet:
                yield q.FacetQuery(run_id, table.name, column.name)
            if column.optional:
                where = q.Where((Filter.parse(column.name, "null"),), TickRange(0, 30))
                yield q.CountQuery(run_id, table.name, where)
    for name in ("trades", "trade_attempts"):
        yield q.SummaryQuery(run_id, name)


@pytest.mark.parametrize("sample", VMT)
def test_a_migrated_copy_answers_as_the_sample_does(
    shared_data: Path, tmp_path: Path, sample: str
) -> None:
    old, new = shared_data / "vmt" / f"{sample}.db", tmp_path / "new.db"
    migrate(str(old), to=new)
    before, after = telemetry.open_source(old), telemetry.open_source(new)
    assert same(after.identity.tables, before.identity.tables)
    assert (after.identity.vintage, after.scales) == (before.identity.vintage, before.scales)
    assert same(after.measures, before.measures)
    assert differences(before, after, [q.RunsQuery()]) == []
    for run in before.ask(q.RunsQuery()).runs:
        assert differences(before, after, questions(before, run.run_id)) == []
    before.close()
    after.close()


@pytest.mark.parametrize("sample", VMT)
def test_a_migrated_copy_holds_every_value_of_the_sample(
    shared_data: Path, tmp_path: Path, sample: str
) -> None:
    old, new = shared_data / "vmt" / f"{sample}.db", tmp_path / "new.db"
    migrate(str(old), to=new)
    one = sqlite3.connect(f"{old.as_uri()}?mode=ro&immutable=1", uri=True)
    other = sqlite3.connect(new)
    tables = one.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        named = one.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        columns = ", ".join(f'"{name}"' for (name,) in named)
        select = f"SELECT {columns} FROM {table} ORDER BY 1"
        for left, right in zip(one.execute(select), other.execute(select), strict=True):
            assert left == right, table
    assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert other.execute("PRAGMA foreign_key_check").fetchall() == []
    one.close()
    other.close()


def test_the_real_experiment_becomes_a_unified_one(shared_data: Path, tmp_path: Path) -> None:
    old, new = shared_data / "simcash" / "exp1.db", tmp_path / "new.db"
    migrate(str(old), to=new)
    before, after = telemetry.open_source(old), telemetry.open_source(new)
    experiments = [s.ask(q.ExperimentsQuery()).experiments for s in (before, after)]
    own = experiments[0][0].experiment_id
    assert [e.experiment_id for e in experiments[1]] == [own]
    kept = {k: v for k, v in experiments[0][0].fields.items() if v is not None}
    assert same(kept, {k: experiments[1][0].fields[k] for k in kept})
    assert differences(before, after, [q.IterationsQuery(own)]) == []
    before.close()
    after.close()
    with duckdb.connect(str(old), read_only=True) as a, duckdb.connect(str(new)) as b:
        for table in ("experiment_iterations", "experiment_events"):
            names = _columns(a, table)
            select = f"SELECT {', '.join(names)} FROM {table} ORDER BY ALL"
            assert a.execute(select).fetchall() == b.execute(select).fetchall()


@pytest.mark.parametrize(
    "sample",
    ["gen_unified", "empty_unified", "empty_main_head_sim", "empty_main_head_experiment"],
)
def test_the_other_simcash_samples_keep_their_runs(
    shared_data: Path, tmp_path: Path, sample: str
) -> None:
    old, new = shared_data / "simcash" / f"{sample}.db", tmp_path / "new.db"
    migrate(str(old), to=new)
    before, after = telemetry.open_source(old), telemetry.open_source(new)
    runs = [s.ask(q.RunsQuery()).runs for s in (before, after)]
    assert [r.run_id for r in runs[0]] == [r.run_id for r in runs[1]]
    for one, other in zip(*runs, strict=True):
        kept = {k: v for k, v in one.fields.items() if v is not None}
        assert same(kept, {k: other.fields[k] for k in kept})
        assert one.ticks == other.ticks
    for run in runs[0][:3]:
        asked = [
            q.TimelineQuery(run.run_id),
            q.TableQuery(run.run_id, "simulation_events"),
            q.CountQuery(run.run_id, "transactions"),
            q.AgentsQuery(run.run_id),
        ]
        assert differences(before, after, asked) == []
    before.close()
    after.close()


def test_the_real_wal_stays_where_it_is(shared_data: Path, tmp_path: Path) -> None:
    for suffix in ("", ".wal"):
        shutil.copyfile(
            shared_data / "simcash" / f"castro_wal.db{suffix}", tmp_path / f"c.db{suffix}"
        )
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(telemetry.errors.RequestError, match="have no counterpart"):
        migrate(str(tmp_path / "c.db"))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    rows = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
        (table,),
    ).fetchall()
    return [f'"{name}"' for (name,) in rows]
