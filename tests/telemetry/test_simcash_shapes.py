"""Every shape of SimCash database is recognised and read, empty or not, and left as it was."""

from __future__ import annotations

import importlib
import sqlite3
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

import telemetry
from telemetry.errors import SourceError
from telemetry.queries import (
    ColumnsQuery,
    CountQuery,
    ExperimentsQuery,
    RunsQuery,
    SeriesQuery,
    TableQuery,
    TimelineQuery,
    WhyQuery,
)
from tests.builders import simcash

_MODELS = {
    "unified": "unified",
    "simulations": "unified",
    "experiment": "experiment",
    "legacy": "experiment",
    "game": "game",
    "castro": "castro",
}
# In the document of the unified schema, but written by no producer so far.
_ONLY_SPECIFIED = {"persistence_level", "bootstrap_simulation_ids"}


def columns_of(path: Path) -> dict[str, dict[str, tuple[str, bool]]]:
    """Table → column → (type, may be NULL), as DuckDB tells it."""
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
            "WHERE NOT internal ORDER BY table_name, column_index"
        ).fetchall()
    for table, column, kind, nullable in rows:
        found.setdefault(table, {})[column] = (kind, nullable)
    return found


def metadata(shape: str) -> sa.MetaData:
    module = importlib.import_module(f"telemetry.families.simcash.models.{_MODELS[shape]}")
    found: sa.MetaData = module.Base.metadata
    return found


@pytest.mark.parametrize("shape", simcash.SHAPES)
def test_each_shape_is_recognised_by_its_columns(shape: str, tmp_path: Path) -> None:
    path = simcash.create(tmp_path / "called_anything.data", shape)
    identity = telemetry.open_source(path).identity
    assert (identity.family, identity.vintage) == ("simcash", simcash.VINTAGES[shape])
    assert identity.engine == "DuckDB"


@pytest.mark.parametrize("shape", simcash.SHAPES)
def test_an_empty_database_answers_with_nothing_everywhere(shape: str, tmp_path: Path) -> None:
    source = telemetry.open_source(simcash.create(tmp_path / "empty.db", shape))
    assert source.ask(RunsQuery()).runs == ()
    assert source.ask(ExperimentsQuery()).experiments == ()
    assert source.ask(TimelineQuery("no-such-run")).ticks is None
    for table in source.tables:
        assert source.ask(TableQuery("no-such-run", table.name)).rows == ()
        assert source.ask(CountQuery("no-such-run", table.name)) == 0
        source.ask(ColumnsQuery("no-such-run", table.name))


@pytest.mark.parametrize("shape", ["unified", "experiment", "game", "castro"])
def test_the_models_are_the_tables_of_real_files(shape: str, tmp_path: Path) -> None:
    stored = columns_of(simcash.create(tmp_path / "any.db", shape))
    types = {
        "BIGINT": sa.BigInteger,
        "INTEGER": sa.Integer,
        "VARCHAR": sa.Text,
        "DOUBLE": sa.Double,
        "BOOLEAN": sa.Boolean,
        "TIMESTAMP": sa.DateTime,
        "JSON": sa.JSON,
    }
    models = metadata(shape).tables
    assert set(models) == set(stored)
    for name, table in models.items():
        later = simcash.CASTRO_LATER.get(name, {}) if shape == "castro" else {}
        named = [c.name for c in table.c if c.name not in _ONLY_SPECIFIED | later.keys()]
        assert named == list(stored[name])
        for column, (kind, nullable) in stored[name].items():
            assert type(table.c[column].type) is types[kind], f"{name}.{column}"
            assert table.c[column].nullable == (nullable and not table.c[column].primary_key)


def test_the_unified_schema_has_eighteen_tables() -> None:
    assert len(metadata("unified").tables) == 18


@pytest.mark.parametrize("shape", ["simulations", "legacy"])
def test_an_older_shape_is_part_of_the_newer_one(shape: str, tmp_path: Path) -> None:
    stored = columns_of(simcash.create(tmp_path / "any.db", shape))
    models = metadata(shape).tables
    for name, columns in stored.items():
        assert set(columns) <= {c.name for c in models[name].c}


def test_a_table_or_column_that_a_shape_lacks_reads_as_not_recorded(tmp_path: Path) -> None:
    source = telemetry.open_source(simcash.create(tmp_path / "b.db", "simulations"))
    assert not source.table("experiments").recorded
    runs = {c.name: c.recorded for c in source.table("runs").columns}
    assert not runs["experiment_id"]
    assert runs["rng_seed"]
    assert runs["events"]
    legacy = telemetry.open_source(simcash.create(tmp_path / "d.db", "legacy"))
    assert not legacy.table("runs").recorded
    assert not legacy.table("simulation_events").recorded


def test_the_row_number_is_never_offered_as_a_column(tmp_path: Path) -> None:
    source = telemetry.open_source(simcash.unified(tmp_path / "u.db"))
    for table in source.tables:
        assert "rowid" not in {c.name for c in table.columns}


def test_reading_leaves_bytes_times_and_folder_as_they_were(tmp_path: Path) -> None:
    path = simcash.unified(tmp_path / "u.db")
    before = (path.read_bytes(), path.stat().st_mtime_ns, sorted(tmp_path.iterdir()))
    source = telemetry.open_source(path)
    source.ask(RunsQuery())
    for table in source.tables:
        source.ask(TableQuery(simcash.ALONE, table.name))
        list(source.stream(TableQuery(simcash.ALONE, table.name)))
    source.close()
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(tmp_path.iterdir())) == before


def test_a_wal_is_read_and_left_beside_its_database(tmp_path: Path) -> None:
    path = simcash.create(tmp_path / "u.db", "unified")
    writer = duckdb.connect(str(path))
    writer.execute("SET checkpoint_threshold = '1GB'")
    writer.execute("PRAGMA disable_checkpoint_on_shutdown")
    row = simcash.run("late")
    names, marks = ", ".join(row), ", ".join("?" for _ in row)
    writer.execute(f"INSERT INTO simulation_runs ({names}) VALUES ({marks})", list(row.values()))
    writer.close()
    wal = tmp_path / "u.db.wal"
    assert wal.exists()
    before = (path.read_bytes(), wal.read_bytes(), sorted(tmp_path.iterdir()))
    source = telemetry.open_source(path)
    assert [r.run_id for r in source.ask(RunsQuery()).runs] == ["late"]
    assert (path.read_bytes(), wal.read_bytes(), sorted(tmp_path.iterdir())) == before


def test_a_database_without_its_wal_is_told_from_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "torn.db"
    duckdb.connect(str(path)).close()
    with pytest.raises(SourceError, match=r"torn\.db\.wal"):
        telemetry.open_source(path)


def test_a_database_of_other_tables_is_read_by_roles(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE simulation_runs(simulation_id VARCHAR, other BIGINT)")
    source = telemetry.open_source(path)
    assert (source.identity.family, source.identity.engine) == ("mapped", "DuckDB")
    assert "simulation_runs" in [table.name for table in source.tables]


def test_the_bytes_tell_the_engine_whatever_the_name_says(tmp_path: Path) -> None:
    duck = simcash.create(tmp_path / "duck.sqlite", "unified")
    assert telemetry.open_source(duck).identity.engine == "DuckDB"
    lite = tmp_path / "lite.duckdb"
    connection = sqlite3.connect(lite)
    connection.execute("CREATE TABLE t(x)")
    connection.commit()
    connection.close()
    assert telemetry.open_source(lite).identity.engine == "SQLite"


def test_a_credit_limit_of_older_schemas_is_the_unsecured_cap(tmp_path: Path) -> None:
    path = simcash.unified(tmp_path / "older.db")
    submitted = simcash.event(99, simcash.ALONE, 2, "PolicySubmit", {}, agent="B", tx="t4")
    simcash.insert(path, "simulation_events", [submitted])
    with duckdb.connect(str(path)) as connection:
        for table in ("tick_agent_states", "daily_agent_metrics"):
            connection.execute(f"CREATE TABLE plain AS SELECT * FROM {table}")  # bound to no index
            connection.execute(f"DROP TABLE {table}")
            connection.execute(f"ALTER TABLE plain RENAME TO {table}")
            connection.execute(f"ALTER TABLE {table} RENAME unsecured_cap TO credit_limit")
    source = telemetry.open_source(path)
    for name in ("tick_agent_states", "daily_agent_metrics"):
        table = source.table(name)
        assert table.column("unsecured_cap").recorded
        assert table.column("credit_limit") is None
        units = source.ask(TableQuery(simcash.ALONE, name, ("unsecured_cap_units",), limit=1))
        assert units.rows[0][0] == (5 if name == "tick_agent_states" else 0)
    line = source.ask(SeriesQuery(simcash.ALONE, "unsecured_cap", ("A",))).lines[0]
    assert set(line.value.tolist()) == {5.0}
    why = source.ask(WhyQuery(simcash.ALONE, key="t4"))
    assert any("and credit of 5.00" in gate.sentence for gate in why.cases[0].gates)
    source.close()
