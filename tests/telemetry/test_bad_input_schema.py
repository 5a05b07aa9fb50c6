"""A database that lacks a column or a table, or has them otherwise, is still answered."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import telemetry
from telemetry import queries as q
from telemetry.concepts import TickRange
from telemetry.filters import Filter
from telemetry.source import Source
from tests.builders import vmt
from tests.builders.loose import columns, loose_copy, tables
from tests.builders.questions import ask_everything, one_of_each
from tests.effort import effort

pytestmark = pytest.mark.sampled(4)

#: Without these nothing tells a VMT database.
NEEDED = {
    ("simulation_runs", "run_id"),
    ("simulation_runs", "scenario_name"),
    ("agent_snapshots", "run_id"),
    ("agent_snapshots", "tick"),
    ("agent_snapshots", "agent_id"),
}


def _columns() -> Iterator[tuple[str, str]]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(vmt.ddl("money"))
    for table in tables(connection):
        for name in columns(connection, table):
            yield table, name
    connection.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vmt.build("money_full", tmp_path_factory.mktemp("whole") / "runs.db", ticks=16)


def _affected(source: Source, name: str, column: str) -> Iterator[q.Query[object]]:
    """One query of each kind, and those on the column and on what may be derived from it."""
    yield from one_of_each(source)
    table = source.table(name)
    yield q.TableQuery(1, name)
    if table.column("tick") is not None:
        yield q.TableQuery(1, name, where=q.Where(ticks=TickRange(2, 9)), limit=3)
    for measure in source.measures:
        if measure.name == column:
            yield from (q.SeriesQuery(1, column), q.FanQuery(1, column), q.SceneQuery(1, 9, column))
    for other in table.columns:
        if other.name == column or other.derived:
            yield q.TableQuery(1, name, sort=q.Sort(other.name), limit=3)
            yield q.FacetQuery(1, name, other.name)
            yield q.HistogramQuery(1, name, other.name)
            yield q.PointsQuery(1, name, table.columns[0].name, other.name)
            yield q.CountQuery(1, name, q.Where((Filter.parse(other.name, "null"),)))


@pytest.mark.parametrize(("table", "column"), [c for c in _columns() if c not in NEEDED])
def test_a_missing_column_reads_as_not_recorded_everywhere(
    tmp_path: Path, whole: Path, table: str, column: str
):
    loose_copy(whole, tmp_path / "runs.db", without={(table, column)})
    source = telemetry.open_source(tmp_path / "runs.db")
    described = source.table(table).column(column)
    assert described is None or not described.recorded

    for query in _affected(source, table, column):
        source.ask(query)
        if isinstance(query, q.TableQuery):
            list(source.stream(query))

    if described is not None:
        page = source.ask(q.TableQuery(1, table, (column,)))
        assert {row[0] for row in page.rows} <= {None}
    source.close()


@pytest.mark.parametrize(("table", "column"), sorted(NEEDED))
def test_a_database_that_lacks_what_tells_its_family_is_read_by_roles(
    tmp_path: Path, whole: Path, table: str, column: str
):
    loose_copy(whole, tmp_path / "runs.db", without={(table, column)})
    source = telemetry.open_source(tmp_path / "runs.db")
    assert source.identity.family == "mapped"
    source.close()


@pytest.mark.parametrize(
    "table", sorted({t for t, _ in _columns()} - {"simulation_runs", "agent_snapshots"})
)
def test_a_missing_table_is_an_empty_table_that_says_so(tmp_path: Path, table: str):
    path = vmt.build("money_full", tmp_path / "runs.db", ticks=16)
    connection = sqlite3.connect(path)
    connection.execute(f"DROP TABLE {table}")
    connection.close()

    source = telemetry.open_source(path)
    ask_everything(source)
    assert not source.table(table).recorded
    page = source.ask(q.TableQuery(1, table))
    assert page.rows == ()
    assert "not recorded in this database" in page.notes[0]
    assert source.ask(q.CountQuery(1, table)) == 0
    assert f"table {table}" in source.identity.missing
    source.close()


def test_only_the_tables_that_tell_the_family_are_enough(tmp_path: Path):
    path = tmp_path / "runs.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE simulation_runs (run_id, scenario_name)")
    connection.execute("CREATE TABLE agent_snapshots (run_id, tick, agent_id)")
    connection.execute("INSERT INTO simulation_runs VALUES (1, 'bare')")
    connection.execute("INSERT INTO agent_snapshots VALUES (1, 0, 0), (1, 1, 0)")
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    ask_everything(source)
    assert str(source.ask(q.RunQuery(1)).run.ticks) == "0~1"
    source.close()


def test_columns_and_tables_that_nobody_knows_are_kept(tmp_path: Path):
    path = vmt.build("money", tmp_path / "runs.db", ticks=4)
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE trades ADD COLUMN \"odd; DROP TABLE 'x\" TEXT DEFAULT 'kept'")
    connection.execute("CREATE TABLE own_notes (a, b)")
    connection.close()
    source = telemetry.open_source(path)
    column = source.table("trades").columns[-1]
    assert column.name == "odd; DROP TABLE 'x"
    assert not column.visible
    facets = source.ask(q.FacetQuery(2, "trades", column.name))
    assert facets.values == (("kept", 2),)
    ask_everything(source)
    source.close()


def test_views_in_place_of_tables_are_answered(tmp_path: Path):
    path = vmt.build("money_full", tmp_path / "runs.db", ticks=16)
    plain = telemetry.open_source(path)
    expected = plain.ask(q.TableQuery(1, "trades"))
    plain.close()
    connection = sqlite3.connect(path)
    for table in tables(connection):
        connection.execute(f"ALTER TABLE {table} RENAME TO stored_{table}")
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM stored_{table}")
    connection.close()

    source = telemetry.open_source(path)
    ask_everything(source)
    assert source.ask(q.TableQuery(1, "trades")).rows == expected.rows
    source.close()


def test_tables_without_rowid_are_answered(tmp_path: Path):
    path = tmp_path / "runs.db"
    built = vmt.build("money_full", tmp_path / "built.db", ticks=16)
    connection = sqlite3.connect(path)
    ddl = vmt.ddl("money").replace("PRIMARY KEY AUTOINCREMENT", "PRIMARY KEY")
    for statement in ddl.split(";"):
        if "CREATE TABLE" in statement:
            statement += " WITHOUT ROWID"
        connection.execute(statement)
    connection.execute("ATTACH ? AS built", (str(built),))
    for table in tables(connection):
        connection.execute(f"INSERT INTO {table} SELECT * FROM built.{table}")
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    answered = ask_everything(source, thorough=effort(False, True))
    assert answered["TableQuery"] > effort(50, 300)
    assert source.ask(q.CountQuery(1, "agent_snapshots")) == 64
    source.close()
