"""Kept answers are those that the file would give now, or they are not given."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import telemetry
from telemetry import queries as q
from telemetry import source as source_module
from telemetry.cache import answers
from telemetry.cache import folder as cache
from telemetry.cache.coding import decoded, encoded
from telemetry.cancel import CancelToken
from telemetry.concepts import Column, Facets
from telemetry.engines import database as databases
from telemetry.frozen import replace
from telemetry.source import Source
from tests.builders import vmt
from tests.builders.answers import same
from tests.builders.questions import one_of_each

MEAN = q.BandQuery(1, "utility")


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder; every answer is worth keeping, of files written a moment ago too."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(source_module, "WORTH_KEEPING", -1)
    monkeypatch.setattr(databases, "QUIET", -3600)
    return tmp_path / "kept"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return vmt.build("money_full", tmp_path / "money.db", ticks=12)


@pytest.fixture
def source(path: Path) -> Iterator[Source]:
    source = telemetry.open_source(path)
    yield source
    source.close()


def _files(kept: Path) -> list[Path]:
    return sorted(kept.glob("*")) if kept.is_dir() else []


def _bare(answer: Any) -> Any:
    """Without the note that says since when the answer is kept."""
    if not hasattr(answer, "notes"):
        return answer
    return replace(answer, notes=tuple(n for n in answer.notes if not n.startswith("Kept since")))


def test_every_kept_answer_is_the_answer_to_the_last_bit(source: Source, kept: Path):
    asked = [query for query in one_of_each(source) if query.KEPT]
    assert {type(query) for query in asked} >= {q.BandQuery, q.FacetQuery, q.SummaryQuery}
    first = [source.ask(query) for query in asked]
    assert len(_files(kept)) == len(set(asked))
    for query, answer in zip(asked, first, strict=True):
        assert same(_bare(source.ask(query)), _bare(answer)), query


def test_a_kept_answer_says_so_and_outlives_the_source(source: Source, path: Path):
    assert source.ask(MEAN).notes == ()
    source.close()
    again = telemetry.open_source(path)
    (said,) = again.ask(MEAN).notes
    again.close()
    assert said.startswith("Kept since 20")
    assert said.endswith("the source has not changed.")


def test_where_nothing_is_kept_nothing_is_looked_up(
    source: Source, kept: Path, monkeypatch: pytest.MonkeyPatch
):
    """What an answer depends on takes a command as long as the answer."""
    looked = []
    monkeypatch.setattr(source_module, "WORTH_KEEPING", 60)
    monkeypatch.setattr(answers, "program", lambda: looked.append(1) or "")
    first = source.ask(MEAN)
    assert not looked
    monkeypatch.setattr(source_module, "WORTH_KEEPING", -1)
    assert same(source.ask(MEAN), first)
    assert looked
    assert len(_files(kept)) == 1
    assert same(_bare(source.ask(MEAN)), first)


def test_what_was_kept_is_thrown_away_when_the_file_changes(source: Source, path: Path, kept: Path):
    before = source.ask(MEAN)
    (old,) = _files(kept)
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("UPDATE agent_snapshots SET utility = utility + 1000 WHERE run_id = 1")
    after = source.ask(MEAN)
    np.testing.assert_allclose(after.mean, before.mean + 1000)
    assert after.notes == ()
    assert not old.exists()


def test_a_change_that_keeps_size_and_time_is_noticed(source: Source, path: Path):
    before, times = source.ask(MEAN), path.stat()
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("UPDATE agent_snapshots SET utility = 5.5")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_size == times.st_size
    assert source.ask(MEAN).mean[0] == 5.5 != before.mean[0]


def test_nothing_is_kept_while_somebody_writes(source: Source, path: Path, kept: Path):
    with closing(vmt.connect(path)) as writer:
        for value in (1.5, 2.5):
            with writer:
                writer.execute("UPDATE agent_snapshots SET utility = ?", [value])
            assert source.ask(MEAN).mean.tolist() == [value] * 12
        assert _files(kept) == []


def test_an_empty_wal_that_a_reader_left_is_no_writer(source: Source, path: Path, kept: Path):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        reader.execute("SELECT count(*) FROM trades").fetchall()
        assert path.with_name(path.name + "-wal").stat().st_size == 0
        before = source.ask(MEAN)
        assert len(_files(kept)) == 1
        with closing(vmt.connect(path)) as writer:
            with writer:
                writer.execute("UPDATE agent_snapshots SET utility = utility + 1")
            np.testing.assert_allclose(source.ask(MEAN).mean, before.mean + 1)


def test_nothing_is_kept_of_a_file_that_was_written_just_now(
    path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(databases, "QUIET", 3600)
    source = telemetry.open_source(path)
    source.ask(MEAN)
    source.close()
    assert _files(kept) == []


def test_a_change_during_the_question_keeps_nothing(
    source: Source, path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
):
    found = source._found

    def changing(*asked: Any) -> Any:
        answer = found(*asked)
        with closing(sqlite3.connect(path)) as writer, writer:
            writer.execute("UPDATE agent_snapshots SET utility = 7")
        return answer

    monkeypatch.setattr(source, "_found", changing)
    source.ask(MEAN)
    assert _files(kept) == []


@pytest.mark.parametrize("harm", ["cut", "flipped", "text", "empty", "other"])
def test_a_broken_file_is_as_if_it_were_not_there(source: Source, kept: Path, harm: str):
    right = source.ask(MEAN)
    (file,) = _files(kept)
    data = file.read_bytes()
    middle = len(data) // 2
    file.write_bytes(
        {
            "cut": data[:middle],
            "flipped": data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :],
            "text": b"no answer",
            "empty": b"",
        }.get(harm, data)
    )
    if harm == "other":  # an answer to another question under this one's name
        cache.write(file, "another key", right)
    assert same(source.ask(MEAN), right)
    assert source.ask(MEAN).notes != ()  # kept anew


def test_another_scale_or_question_is_another_answer(source: Source):
    some = q.CountQuery(1, "trades")
    counts = [source.ask(some), source.ask(replace(some, run_id=2)), source.ask(some)]
    assert counts[0] == counts[2]
    before = source.ask(q.BandQuery(1, "inventory_A"))
    source.set_scale(10)
    np.testing.assert_allclose(source.ask(q.BandQuery(1, "inventory_A")).mean, before.mean / 10)


def test_what_was_not_asked_for_longest_makes_room(
    source: Source, kept: Path, monkeypatch: pytest.MonkeyPatch
):
    source.ask(MEAN)
    (first,) = _files(kept)
    old = time.time() - 1000
    os.utime(first, (old, old))
    source.ask(q.BandQuery(2, "utility"))
    second = next(file for file in _files(kept) if file != first)
    os.utime(second, (old + 500, old + 500))
    source.ask(MEAN)  # now asked for last
    monkeypatch.setattr(cache, "ROOM", 5 * first.stat().st_size // 2)
    source.ask(q.BandQuery(1, "p_min"))
    assert first in _files(kept)
    assert second not in _files(kept)


def test_the_folder_can_be_unusable(source: Source, kept: Path):
    kept.write_text("a file where the folder should be")
    right = source.ask(MEAN)
    assert same(source.ask(MEAN), right)


def test_nothing_stands_beside_the_file(source: Source, path: Path):
    there = sorted(os.listdir(path.parent))
    source.ask(MEAN)
    assert sorted({*os.listdir(path.parent)} - {"kept"}) == there


def test_cells_come_back_as_what_they_were():
    values = (
        None,
        0,
        -0.0,
        float("nan"),
        float("inf"),
        "",
        "a\x00\udc80",
        b"\x00",
        Decimal("1E+2"),
    )
    cells = (*((value, 1) for value in values), (True, 2))
    facets = Facets(Column("a", "A", "text"), cells, 3, 4)
    assert same(decoded(*encoded(facets)), facets)
    assert str(decoded(*encoded((-0.0, Decimal("1.10"))))) == "(-0.0, Decimal('1.10'))"
    with pytest.raises(TypeError):
        encoded(object())


def test_also_a_count_tells_that_it_had_been_kept_and_not_once_the_file_has_changed(
    source: Source, path: Path
):
    query, tokens = q.CountQuery(1, "agent_snapshots"), [CancelToken() for _ in range(3)]
    counts = [source.ask(query, token) for token in tokens[:2]]
    assert tokens[0].kept == ""
    assert tokens[1].kept.startswith("20")
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("DELETE FROM agent_snapshots WHERE tick = 3")
    assert source.ask(query, tokens[2]) < counts[0] == counts[1]
    assert tokens[2].kept == ""


def test_an_answer_of_a_source_that_knew_other_columns_is_not_given(tmp_path: Path):
    path = vmt.build("barter", tmp_path / "barter.db", ticks=12)
    older = telemetry.open_source(path)
    query = q.BandQuery(1, "lambda_money")
    assert not older.ask(query).measure.recorded
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE agent_snapshots ADD COLUMN lambda_money REAL")
        connection.execute("UPDATE agent_snapshots SET lambda_money = tick + 0.5")
    assert not older.ask(query).measure.recorded
    older.close()
    newer = telemetry.open_source(path)
    assert newer.ask(query).mean.tolist()[-1] == 11.5
    newer.close()
