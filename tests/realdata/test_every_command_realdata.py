"""Every command on every file of the real data: an answer, or one sentence and exit code 1."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import telemetry
from telemetry.cli.program import _COMMANDS
from telemetry.errors import NothingFoundError
from telemetry.queries import ExperimentsQuery, RunsQuery, TableQuery
from telemetry.source import Source
from tests.builders.postgresql import Server
from tests.effort import THOROUGH
from tests.telemetry.command_line import ran

pytestmark = [pytest.mark.realdata, pytest.mark.sampled(4)]
Capsys = pytest.CaptureFixture[str]
_SWEEP = "bilancio/detailed_instrumentation_sweep"
_RUN = f"{_SWEEP}/active/runs/balanced_active_300f111c7d72"
_LOGS = ("trades", "repayment_events", "inventory_timeseries", "system_state_timeseries")
PLACES = (
    *(f"vmt/{n}.db" for n in ("legacy", "head_decimal", "mode", "money", "money_p2", "money_full")),
    *(f"simcash/{n}.db" for n in (
        "gen_unified", "exp1", "castro_wal", "duckdb2_storage", "empty_unified",
        "empty_main_head_sim", "empty_main_head_experiment", "empty_castro_game",
    )),
    "moltmarket/run.sql.gz",
    "moltmarket/native_run",
    "moltmarket/events.jsonl.gz",
    *(f"moltmarket/tampered_{n}.jsonl.gz" for n in ("deleted", "payload", "rehash_one")),
    _SWEEP,
    f"{_SWEEP}/active",
    _RUN,
    *(f"{_RUN}/out/{name}.csv" for name in _LOGS),
    f"{_SWEEP}/aggregate/comparison.csv",
)  # fmt: skip
TAMPERED = "tampered"
JUDGING = {"audit", "diff", "why"}
EXACT = {"runs", "events", "table"}
WRITE = {"demo", "init", "migrate", "render"}
"""Commands that make or change a database, or ask for a saved view; tried in tests of their own."""


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest, shared_data: Path) -> Path | str:
    path = shared_data / request.param
    if path.name != "run.sql.gz":
        return path
    server: Server = request.getfixturevalue("server")
    return server.create(gzip.decompress(path.read_bytes()).decode())


@pytest.fixture(scope="module")
def source(place: Path | str) -> Iterator[Source]:
    opened = telemetry.open_source(place)
    yield opened
    opened.close()


def _experiment(source: Source) -> str:
    try:
        listed = source.ask(ExperimentsQuery()).experiments
    except NothingFoundError:
        return "none"
    return listed[0].experiment_id if listed else "none"


def _arguments(place: Path | str, source: Source, out: Path) -> dict[str, list[list[object]]]:
    """Each command, asked in the ways that the documents show."""
    runs = source.ask(RunsQuery()).runs
    run = str(runs[0].run_id) if runs else "none"
    experiment = _experiment(source)
    tables = [t for t in source.tables if t.recorded] or list(source.tables)
    table = max(tables, key=lambda t: t.role in ("trades", "events"))
    number = next((c.name for c in table.columns if c.kind in ("int", "real")), "none")
    measure = source.measures[0].name if source.measures else "none"
    of_run: list[object] = [place, run]
    few: list[object] = ["--limit", "3"]
    return {
        "identify": [[place]],
        "roles": [[place]],
        "list": [[place]],
        "experiments": [[place]],
        "iterations": [[place, experiment]],
        "results": [[place, experiment]],
        "policies": [[place, experiment]],
        "runs": [[place], [place, "--experiment", experiment]],
        "show": [of_run],
        "replay": [
            [*of_run, "--ticks", "0~2"],
            [*of_run, "--ticks", "0~2", "--agent", "0", "--type", "nothing", "--transaction", "x"],
            [place, experiment, "--simulation", "1:evaluation"],
        ],
        "events": [[*of_run, *few]],
        "costs": [[*of_run, *few]],
        "book": [of_run],
        "verify": [[place], of_run],
        "series": [[*of_run, measure, *few]],
        "timeline": [of_run],
        "trades": [[*of_run, *few]],
        "attempts": [[*of_run, *few]],
        "table": [[table.name, *of_run, *few]],
        "facets": [[*of_run, table.name, table.columns[-1].name]],
        "summary": [of_run],
        "means": [[table.name, number, *of_run, "--by", table.columns[0].name]],
        "pair": [of_run],
        "audit": [of_run],
        "why": [[*of_run, *_failed(source, run)]],
        "near-misses": [[*of_run, "--limit", "2"]],
        "funnel": [of_run],
        "diff": [[place, run, run]],
        "compare": [[place, run, run]],
        "seeds": [[place]],
        "regimes": [of_run],
        "event-study": [[*of_run, "--measure", measure]],
        "lens": [of_run, [*of_run, "--what", "binding"]],
        "flows": [[*of_run, *few], [*of_run, "--what", "agents"], [*of_run, "--what", "velocity"]],
        "report": [[*of_run, "-o", out.with_suffix(".html")]],
        "export": [[*of_run, "--table", table.name, "-o", out]],
    }


def _failed(source: Source, run: str) -> list[object]:
    """What `why` needs: an attempt's tick and agents, or its key where it is not of two."""
    if source.identity.family == "vmt":
        return ["--tick", "3", "--agents", "0,1"]
    attempts = source.table_with_role("attempts")
    if attempts is None:
        return []
    key = attempts.with_role("key") or attempts.with_role("transaction")
    if key is None:
        return []
    rows = source.ask(TableQuery(run, attempts.name, (key.name,), limit=1)).rows
    return ["--key", rows[0][0] if rows else "none"]


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_every_command_answers_or_says_in_one_sentence_why_not(
    capsys: Capsys, place: Path | str, source: Source, tmp_path: Path, form: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("TELEMETRY_DEBUG", "1")  # what was not foreseen is raised
    before = _stamps(place)
    asked = _arguments(place, source, tmp_path / f"{form}.csv")
    assert set(asked) == set(_COMMANDS) - WRITE
    for command, ways in asked.items():
        if (form == "text") == (command in EXACT) and not THOROUGH:
            continue
        for arguments in ways:
            result = ran(capsys, command, *arguments, "--format", form)
            shown = (command, arguments, result.err[-300:])
            assert result.code in (0, 1), shown
            if form == "jsonl":
                for line in result.out.splitlines():
                    json.loads(line)
            told = command in JUDGING and result.out  # a verdict of its own, not a lack
            if result.code == 1 and not told and TAMPERED not in str(place):
                said = [line for line in result.err.splitlines() if line.strip()]
                assert said, shown
                assert said[-1].endswith("."), shown
                assert len(said[-1]) < 600, shown
    assert _stamps(place) == before


def _stamps(place: Path | str) -> dict[str, tuple[int, int]]:
    """Time and size of everything beside and below the place."""
    if isinstance(place, str):
        return {}
    below = list(place.rglob("*")) if place.is_dir() else []
    found = [place.parent, place, *place.parent.iterdir(), *below]
    return {os.fspath(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in found}
