"""A table that is too wide for a terminal becomes several; in a pipe it is one, and whole."""

import io

import pytest

from telemetry.cli.terminal import write_sections, write_table
from telemetry.concepts import Column

COLUMNS = tuple(Column(f"column_{n}", f"Column {n}", "text") for n in range(9))
ROWS = [tuple(f"cell-{row}-{n}" for n in range(9)) for row in range(3)]
WHOLE = {cell for row in ROWS for cell in row} | {column.name for column in COLUMNS}


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[40, 60, 80, 300])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", str(request.param))
    return request.param


def test_nothing_is_lost_and_no_line_is_wider_than_the_terminal(columns: int) -> None:
    for write in (
        lambda to: write_table(to, COLUMNS, ROWS, color=False),
        lambda to: write_sections(to, [("", COLUMNS, ROWS)], color=False),
    ):
        stream = _Terminal()
        write(stream)
        lines = stream.getvalue().splitlines()
        assert set(stream.getvalue().split()) >= WHOLE
        assert max(map(len, lines)) < columns
        assert sum("column_0" in line for line in lines) == sum("───" in line for line in lines)
        assert sum("cell-1-8" in line for line in lines) == 1


def test_a_pipe_gets_one_table_however_wide(columns: int) -> None:
    stream = io.StringIO()
    write_table(stream, COLUMNS, ROWS, color=False)
    (heading,) = (line for line in stream.getvalue().splitlines() if "column_0" in line)
    assert heading.split() == [column.name for column in COLUMNS]


def test_a_column_wider_than_the_terminal_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    stream = _Terminal()
    long = "x" * 100
    write_table(stream, COLUMNS[:3], [("a", long, "b")], ("sum", None, "end"), color=False)
    assert long in stream.getvalue()
    assert {"a", "b", "sum", "end"} <= set(stream.getvalue().split())
