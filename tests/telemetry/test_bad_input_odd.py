"""Odd files and databases of every family open, keep every value, and are told by every command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import telemetry
from telemetry.errors import NothingFoundError, RequestError
from telemetry.queries import CountQuery, RunQuery, TableQuery
from tests.builders.odd import MAKERS, Odd
from tests.builders.postgresql import Server
from tests.builders.questions import about
from tests.builders.traces import traces
from tests.effort import THOROUGH
from tests.telemetry.command_line import Ran, ran

pytestmark = pytest.mark.sampled(4)

_EXACT = ("show", "events", "table")
Capsys = pytest.CaptureFixture[str]


@pytest.fixture(scope="module", params=MAKERS)
def odd(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server: Server
) -> Odd:
    folder = tmp_path_factory.mktemp("odd")
    return MAKERS[request.param](folder, server)


@pytest.fixture
def source(odd: Odd) -> Iterator[telemetry.Source]:
    opened = telemetry.open_source(odd.location)
    yield opened
    opened.close()


def test_every_value_is_kept(odd: Odd, source: telemetry.Source) -> None:
    page = source.ask(TableQuery(odd.run, odd.table, odd.columns, limit=max(len(odd.rows), 1)))
    assert page.rows == odd.rows


def test_what_could_not_be_read_is_said_and_nothing_else(
    odd: Odd, source: telemetry.Source
) -> None:
    said = " ".join(source.ask(RunQuery(odd.run)).warnings)
    assert odd.warning in said
    assert bool(said) == bool(odd.warning)


def test_every_question_has_an_answer(odd: Odd, source: telemetry.Source) -> None:
    for query in about(source, odd.run, odd.table, each=1):
        with suppress(NothingFoundError, RequestError):
            source.ask(query)
    rows = [row for chunk in source.stream(TableQuery(odd.run, odd.table)) for row in chunk]
    assert len(rows) == source.ask(CountQuery(odd.run, odd.table))


def _commands(odd: Odd, target: Path) -> list[list[object]]:
    where, run = odd.location, odd.run
    return [
        ["identify", where],
        ["list", where],
        ["show", where, run],
        ["replay", where, run],
        ["events", where, run, "--payload"],
        ["trades", where, run],
        ["table", odd.table, where, run],
        ["verify", where, run],
        ["export", where, run, "--table", odd.table, "-o", target.with_suffix(".csv")],
    ]


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_every_command_answers_or_says_why_not(
    capsys: Capsys, odd: Odd, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEMETRY_DEBUG", "1")  # an unforeseen error is raised
    folder = odd.location if isinstance(odd.location, Path) else tmp_path
    folder = folder if folder.is_dir() else folder.parent
    before = traces(folder) if isinstance(odd.location, Path) else {}
    for words in _commands(odd, tmp_path / "out"):
        if (form == "text") == (words[0] in _EXACT) and not THOROUGH:
            continue
        limit = ["--limit", "5"] if words[0] in ("events", "trades", "attempts", "table") else []
        result: Ran = ran(capsys, *words, *limit, "--format", form)
        assert result.code in (0, 1), (words, result.err[:500])
        assert result.code == 0 or words[0] not in ("identify", "list", "show", "export")
        if result.code == 1 and result.out == "":
            assert result.err.strip().endswith("."), (words, result.err[:500])
    assert (traces(folder) if isinstance(odd.location, Path) else {}) == before
