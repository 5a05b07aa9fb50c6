"""A statement is given the views over files that it names, and no other."""

import duckdb
import pytest

from telemetry.engines.file_views import FileViews, with_views
from telemetry.engines.kept_files import KeptFiles

VIEWS = {
    "numbers": "SELECT n FROM (VALUES (1), (2), (3)) AS given(n)",
    "even": "\nWITH small AS (SELECT * FROM numbers) SELECT n FROM small WHERE n % 2 = 0",
    "broken": "SELECT * FROM read_csv('nowhere.csv')",
}


@pytest.fixture
def memory():
    with duckdb.connect(":memory:") as connection:
        yield connection


@pytest.fixture
def views(memory):
    return FileViews(VIEWS, KeptFiles(memory))


@pytest.mark.sampled(6)
@pytest.mark.parametrize(("statement", "rows"), [
    ("SELECT * FROM even", [(2,)]),
    ("SELECT count(*), sum(even.n) FROM numbers LEFT JOIN even USING (n)", [(3, 2)]),
    ("WITH twice AS (SELECT 2 * n AS n FROM even) SELECT * FROM twice, even", [(4, 2)]),
    ("WITH RECURSIVE hops(n) AS (SELECT min(n) FROM numbers UNION ALL "
     "SELECT n + 1 FROM hops WHERE n < (SELECT max(n) FROM numbers)) SELECT * FROM hops",
     [(1,), (2,), (3,)]),
    ("SELECT 'broken''s', n FROM even", [("broken's", 2)]),
    ("SELECT 5", [(5,)]),
])  # fmt: skip
def test_a_statement_reads_the_views_that_it_names(memory, views, statement, rows):
    given = views.given_to(statement, memory)
    assert "nowhere" not in given
    assert memory.execute(given).fetchall() == rows
    assert memory.execute(with_views(VIEWS, statement)).fetchall() == rows


def test_every_view_can_be_asked_for_its_columns(memory):
    whole = {name: select for name, select in VIEWS.items() if name != "broken"}
    FileViews(whole, KeptFiles(memory)).make_all(memory)
    found = memory.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    assert {name for (name,) in found} == {"numbers", "even"}
    assert memory.execute("SELECT * FROM even").fetchall() == [(2,)]


def test_all_statements_of_a_question_read_the_same_of_a_file(memory, tmp_path):
    """Also where it is written to between two of them."""
    path = tmp_path / "numbers.csv"
    path.write_text("n\n1\n", "utf-8")
    views = {"numbers": f"SELECT n FROM read_csv('{path}')"}

    class Kept(KeptFiles):
        asked = 0

        def select(self, connection, select):
            self.asked += 1
            return f"SELECT {self.asked} AS n"

    kept = Kept(memory)
    question = FileViews(views, kept)
    for _ in range(2):
        given = question.given_to("SELECT n FROM numbers", memory)
        assert memory.execute(given).fetchall() == [(1,)]
    assert kept.asked == 1
    given = FileViews(views, kept).given_to("SELECT n FROM numbers", memory)
    assert memory.execute(given).fetchall() == [(2,)]
