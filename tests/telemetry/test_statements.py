"""The copied statement gives the rows of the view, asked by the bare driver; so does the Python."""

import datetime
import json
import shlex
import sqlite3
import sys
import types
from contextlib import closing, suppress

import duckdb
import psycopg
import pytest

import telemetry
from telemetry.analysis.circulation import EDGES, edge_rows
from telemetry.concepts import TickRange
from telemetry.engines.spelling import literal
from telemetry.errors import NothingFoundError, RequestError
from telemetry.export import LANGUAGES, recipes, snippet, streamed
from telemetry.filters import Filter
from telemetry.queries import CountQuery, FlowsQuery, SeriesQuery, Sort, TableQuery, Where
from tests.builders import vmt
from tests.builders.samples import SAMPLES

NASTY = 'it\'s 100 %s \\ "x" :run ? $1 -- ; \n end'


def ask_alone(place, statement):
    """What the driver gives for the statement without this program."""
    if statement.dialect == "sqlite":
        with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as connection:
            return connection.execute(statement.text).fetchall()
    if statement.dialect == "duckdb":
        at = {} if statement.files else {"database": str(place), "read_only": True}
        with closing(duckdb.connect(**at)) as connection:
            return connection.execute(statement.text).fetchall()
    with psycopg.connect(str(place)) as connection:
        return connection.execute(statement.text).fetchall()


def plain(cell):
    """A cell as drivers agree on it: numbers as doubles, times and JSON as texts."""
    if isinstance(cell, str) and cell[:1] == "{":
        with suppress(ValueError):
            cell = json.loads(cell)
    if isinstance(cell, dict):
        return json.dumps(cell, sort_keys=True)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat()
    try:
        return None if cell is None else float(cell)
    except (TypeError, ValueError):
        return str(cell)


def divided(row, statement):
    """A row of the driver with what is stored times a scale divided by it."""
    for name, cell in zip(statement.columns, row, strict=True):
        by = statement.divided.get(name)
        yield cell if by is None or cell is None else cell / by


@pytest.mark.sampled(3)
@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_the_statement_of_every_table_gives_the_rows_of_the_view(tmp_path, request, sample):
    if sample.sql is None:
        place = sample.make(tmp_path)
    else:
        place = request.getfixturevalue("server").create(sample.sql())
    source = telemetry.open_source(place)
    compared = 0
    for table in source.tables:
        query = TableQuery(sample.run if table.with_role("run") else "", table.name)
        if not table.recorded:
            with pytest.raises(NothingFoundError):
                source.statement(query)
            continue
        statement = source.statement(query)
        alone = [list(map(plain, divided(row, statement))) for row in ask_alone(place, statement)]
        with streamed(source, query) as rows:
            assert alone == [list(map(plain, row)) for row in rows], table.name
        compared += len(alone)
    assert compared
    source.close()


def test_no_text_of_a_filter_ends_its_own_quotes(tmp_path):
    place = vmt.build("barter", tmp_path / "b.db", ticks=3)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("UPDATE trades SET direction = ? WHERE id = 1", (NASTY,))
        connection.commit()
    source = telemetry.open_source(place)
    where = Where((Filter.any_of("direction", (NASTY, "'; DROP TABLE trades; --")),))
    query = TableQuery(1, "trades", ("tick", "direction"), where, Sort("price", True))
    assert [row[1] for row in ask_alone(place, source.statement(query))] == [NASTY]
    shop = duckdb.connect()
    for dialect in ("duckdb", "postgresql", "sqlite"):
        assert shop.execute(f"SELECT {literal(NASTY, dialect)}").fetchone() == (NASTY,)
    shop.close()
    source.close()


def test_a_series_is_its_statement_and_what_is_not_one_says_so(tmp_path):
    place = vmt.build("barter", tmp_path / "b.db", ticks=3)
    source = telemetry.open_source(place)
    query = SeriesQuery(1, "inventory_A", (0, 1))
    series = source.ask(query)
    rows = ask_alone(place, source.statement(query))
    for line in series.lines:
        own = [(tick, value) for agent, tick, value in rows if agent == line.agent_id]
        assert own == list(zip(line.tick.tolist(), line.value.tolist(), strict=True))
    assert len(rows) == sum(line.tick.size for line in series.lines)
    with pytest.raises(RequestError, match="from several statements"):
        source.statement(CountQuery(1, "trades"))
    with pytest.raises(RequestError, match="worked out by the program"):
        snippet(source, [], "sql")
    source.close()


def test_flows_are_one_statement_with_the_amounts_of_the_view(tmp_path):
    place = vmt.build("money_full", tmp_path / "m.db", runs=1)
    source = telemetry.open_source(place, scale=10)
    for good in ("A", "M"):
        query = FlowsQuery(1, good, TickRange(2, 30))
        statement = source.statement(query)
        rows = [tuple(divided(row, statement)) for row in ask_alone(place, statement)]
        told = edge_rows(source.ask(query))
        assert statement.columns == tuple(column.name for column in EDGES)
        assert rows
        assert sorted(rows) == sorted((*r[:3], pytest.approx(float(r[3])), *r[4:]) for r in told)
    source.close()


def test_what_is_worked_out_is_a_command_with_its_statements_and_no_password(tmp_path):
    place = vmt.build("barter", tmp_path / "it's.db", ticks=3)
    source = telemetry.open_source(place, scale=2)
    worked = recipes.lens((source, 1), "fan", "inventory_A", None)
    text = snippet(source, [], "sql", worked=[worked])
    assert text.count("SELECT") == 1
    assert worked.command() in text
    assert shlex.split(worked.command())[:3] == ["telemetry", "lens", str(place)]
    assert "--scale 2" in worked.command()
    missing = recipes.lens((source, 1), "fan", "lambda_money", None)
    assert "-- lambda_money, run 1: " in snippet(source, [], "sql", worked=[missing])
    for language in LANGUAGES[1:]:
        python = snippet(source, [], language, worked=[worked])
        compile(python, "copied.py", "exec")
        assert f"import {language}" in python
    source.close()


class _Frame:
    """As much of a data frame as the copied Python needs."""

    def __init__(self, rows, columns):
        self.columns = {n: [r[i] for r in rows] for i, n in enumerate(columns)}

    @classmethod
    def asked(cls, sql, connection):
        cursor = connection.execute(sql)
        return cls(cursor.fetchall(), [told[0] for told in cursor.description])

    def __getitem__(self, name):
        return _Column(self.columns[name])

    def __setitem__(self, name, column):
        self.columns[name] = column.cells


class _Column:
    def __init__(self, cells):
        self.cells = cells

    def __itruediv__(self, by):
        return _Column([cell / by for cell in self.cells])


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_the_copied_python_reads_the_same_rows(tmp_path, monkeypatch, language):
    place = vmt.build("barter", tmp_path / "it's 100%.db", ticks=3)
    source = telemetry.open_source(place)
    where = Where((Filter.parse("direction", "/buy|sell|i_buys/"),))
    queries = [
        TableQuery(1, "trades", ("tick", "price"), where), SeriesQuery(1, "inventory_A", (0,)),
    ]  # fmt: skip
    text = snippet(source, queries, language)
    stub = types.ModuleType(language)
    stub.read_sql_query = stub.read_database = _Frame.asked
    monkeypatch.setitem(sys.modules, language, stub)
    found = {}
    exec(compile(text, "copied.py", "exec"), found)
    with streamed(source, queries[0]) as rows:
        expected = list(rows)
    assert expected
    assert list(zip(*found["trades"].columns.values(), strict=True)) == expected
    assert found["inventory_a"].columns["value"] == source.ask(queries[1]).lines[0].value.tolist()
    assert "mode=ro" in text
    source.close()


def test_no_password_is_copied(server):
    from tests.builders import moltmarket

    place = str(server.create(moltmarket.write_sql(moltmarket.small_market())))
    scheme, rest = place.split("://", 1)
    name = rest.split("@", 1)[0].split(":")[0] if "@" in rest else "postgres"
    host = rest.split("@", 1)[-1]
    source = telemetry.open_source(f"{scheme}://{name}:s3cret@{host}")
    for language in LANGUAGES:
        text = snippet(source, [TableQuery(moltmarket.RUN, "trades")], language)
        assert "s3cret" not in text
        if language != "sql":
            compile(text, "copied.py", "exec")
            assert "os.environ.get('TELEMETRY_PASSWORD')" in text
            assert "default_transaction_read_only=on" in text
    source.close()
