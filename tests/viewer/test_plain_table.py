"""Short tables: columns are as wide as the longest of their texts."""

import pytest

from telemetry.concepts import Column
from vmt_log_viewer.widgets.plain_table import WIDEST, PlainTable

NAMES = Column("name", "name", "text")
LONG = "a name that is much longer than all others"


@pytest.fixture
def table(qtbot, theme):
    table = PlainTable(theme)
    qtbot.addWidget(table)
    return table


def test_a_column_is_as_wide_as_a_long_text_far_below(table):
    last = Column("n", "n", "int")
    table.rows.show((NAMES, last), [("short", n) for n in range(120)])
    narrow = table.columnWidth(0)
    rows = [(LONG if n == 100 else "short", n) for n in range(121)]
    table.rows.show((NAMES, last), rows)
    needed = table.fontMetrics().horizontalAdvance(LONG)
    assert narrow < needed < table.columnWidth(0) <= WIDEST


def test_a_column_is_never_narrower_than_its_heading(table):
    heading = Column("long", "a heading of many words", "int")
    table.rows.show((heading, NAMES), [(1, "x")])
    assert table.columnWidth(0) > table.fontMetrics().horizontalAdvance(heading.label)
