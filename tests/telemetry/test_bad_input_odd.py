"""Odd files and databases of every family open, keep every value, and are told by every command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import telemetry
from telemetry.queries import RunQuery, TableQuery
from tests.builders.odd import MAKERS, Odd
from tests.builders.postgresql import Server
from tests.builders.questions import ask_everything
from tests.builders.traces import traces
from tests.telemetry.command_line import Ran, ran

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
    ask_everything(source, odd.run)


def _commands(odd: Odd, target: Path) -> list[list[object]]:
    where, run = odd.location, odd.run
    return [
        ["identify", where],
        ["list", where],
        ["experiments", where],
        ["runs", where],
        ["show", where, run],
        ["replay", where, run],
        ["events", where, run, "--payload"],
        ["costs", where, run],
        ["trades", where, run],
        ["attempts", where, run],
        ["table", odd.table, where, run],
        ["timeline", where, run],
        ["verify", where, run],
        ["export", where, run, "-o", target],
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
        result: Ran = ran(capsys, *words, "--format", form, "--limit", "5") if words[0] in (
            "events", "trades", "attempts", "table"
        ) else ran(capsys, *words, "--format", form)  # fmt: skip
        assert result.code in (0, 1), (words, result.err[:500])
        assert result.code == 0 or words[0] not in ("identify", "list", "runs", "show", "export")
        if result.code == 1 and result.out == "":
            assert result.err.strip().endswith("."), (words, result.err[:500])
    assert (traces(folder) if isinstance(odd.location, Path) else {}) == before
