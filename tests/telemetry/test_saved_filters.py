"""Saved filters: kept in one file, asked with by window and command line alike."""

from pathlib import Path

import pytest

from telemetry.concepts import Column
from telemetry.errors import FilterError
from telemetry.filters import Filter
from telemetry.filters.saved import SavedFilter, SavedFilters, saved_filters_file
from tests.builders import vmt
from tests.telemetry.command_line import ran, refused

ALL = SavedFilter(
    family="vmt", table="trades", name="Dear", filters={"price": ">1", "tick": "<9"},
    ticks=(2, 40), agents=(0, "b"), rings=True,
)  # fmt: skip


def test_a_filter_comes_back_whole_and_is_found_whatever_its_case(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "filters.json"
    store, other = SavedFilters(path), SavedFilters(path)
    store.change((ALL,))
    other.change((SavedFilter(family="vmt", table="runs", name="Dear"),))  # it knows of no ALL
    again = SavedFilters(path)
    assert again.find("vmt", "trades", " dEAR ") == ALL
    assert [each.table for each in again.of("vmt")] == ["runs", "trades"]
    assert again.of("simcash") == again.of("vmt", "attempts") == ()
    again.change((SavedFilter(family="vmt", table="trades", name="Cheap"),), (ALL,))
    assert [each.name for each in SavedFilters(path).of("vmt", "trades")] == ["Cheap"]
    assert [found.name for found in path.parent.iterdir()] == ["filters.json"]


def test_a_damaged_file_is_said_so_and_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "filters.json"
    path.write_text('[{"name": 5}]')
    store = SavedFilters(path)
    assert str(path) in store.problem
    store.change((ALL,))
    assert (store.problem, SavedFilters(path).of("vmt")) == ("", (ALL,))
    assert path.with_suffix(".damaged").read_text() == '[{"name": 5}]'


def test_a_filter_that_asks_about_what_is_not_there_is_refused_whole() -> None:
    tick, price = Column("tick", "tick", "int"), Column("price", "price", "real")
    assert ALL.judged((price, tick)) == (Filter.parse("price", ">1"), Filter.parse("tick", "<9"))
    with pytest.raises(FilterError, match=r"“Dear” asks about price, which Trades of this source"):
        ALL.judged((tick, Column("price", "price", "real", recorded=False)), "Trades")
    with pytest.raises(FilterError, match="price"):
        SavedFilter(family="vmt", table="trades", name="x", filters={"price": ">a"}).judged(
            (price,)
        )


def test_a_command_asks_with_a_saved_filter(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    database = vmt.build("money_full", tmp_path / "m.db", ticks=30)
    store = SavedFilters(saved_filters_file())
    store.change((SavedFilter(family="vmt", table="trades", name="Late", ticks=(10, 29),
                              filters={"price": ">0"}),))  # fmt: skip
    asked = ["trades", database, "1", "--format", "csv", "--columns", "id"]
    late = ["--filter", "price=>0", "--ticks", "10~29"]
    assert len(ran(capsys, *asked, *late).csv()) > 2
    assert ran(capsys, *asked, "--saved", "late").out == ran(capsys, *asked, *late).out
    narrowed = [*late[:2], "--ticks", "12~20"]
    both = ran(capsys, *asked, "--saved", "late", "--ticks", "12~20").out
    assert both == ran(capsys, *asked, *narrowed).out
    assert "there are “Late”" in refused(capsys, 2, *asked, "--saved", "Early")
    facets = ["facets", "trades", "tick", database, "1"]
    assert ran(capsys, *facets, "--saved", "Late").out == ran(capsys, *facets, *late).out
    folder = ["export", database, "1", "-o", f"{tmp_path / 'out'}/"]
    assert "is of one table" in refused(capsys, 2, *folder, "--saved", "Late")
