"""Small text files are kept in memory for as long as they stay as they are, and not longer."""

import os
import time

import duckdb
import pytest

from telemetry.engines.kept_files import SETTLED, KeptFiles


@pytest.fixture
def memory():
    with duckdb.connect(":memory:") as connection:
        yield connection


@pytest.fixture
def numbers(tmp_path):
    """A file that nobody has changed for a while."""
    path = tmp_path / "numbers.csv"
    write(path, "n\n1\n2\n")
    return path


def write(path, text, *, ago=SETTLED + 60):
    path.write_text(text, "utf-8")
    then = time.time() - ago
    os.utime(path, (then, then))


def select(path):
    return f"SELECT n FROM read_csv('{path}', columns={{'n': 'BIGINT'}})"


def tables(memory):
    return memory.execute("SELECT count(*) FROM duckdb_tables()").fetchone()[0]


def test_a_file_is_read_once_for_many_questions(memory, numbers):
    kept = KeptFiles(memory)
    first, second = (kept.select(memory, select(numbers)) for _ in range(2))
    assert first == second != select(numbers)
    assert memory.execute(first).fetchall() == [(1,), (2,)]


def test_a_changed_file_is_read_again_and_the_old_rows_are_let_go_of(memory, numbers):
    kept = KeptFiles(memory)
    with kept.in_use():
        before = kept.select(memory, select(numbers))
        write(numbers, "n\n1\n3\n", ago=SETTLED + 30)  # of the same size
        after = kept.select(memory, select(numbers))
        assert memory.execute(after).fetchall() == [(1,), (3,)]
        assert memory.execute(before).fetchall() == [(1,), (2,)], "somebody is still asking"
    assert tables(memory) == 1


def test_a_file_that_was_just_written_is_read_in_place(memory, numbers):
    write(numbers, "n\n1\n", ago=0)
    assert KeptFiles(memory).select(memory, select(numbers)) == select(numbers)


def test_a_file_that_cannot_be_read_whole_is_read_in_place(memory, numbers):
    write(numbers, "n\n1\nword\n")
    assert KeptFiles(memory).select(memory, select(numbers)) == select(numbers)
    assert tables(memory) == 0


def test_what_waited_the_longest_makes_room(memory, tmp_path):
    kept = KeptFiles(memory, largest=10, most=10)
    paths = [tmp_path / f"{i}.csv" for i in range(3)]
    for path in paths:
        write(path, "n\n12\n")  # five bytes
    with kept.in_use():
        names = [kept.select(memory, select(p)) for p in (*paths, paths[2], paths[1])]
    assert names[3:] == [names[2], names[1]]
    assert tables(memory) == 2
    write(paths[0], "n\n" + "1234\n" * 3)
    assert kept.select(memory, select(paths[0])) == select(paths[0]), "too large to be kept"
