"""A family added as a folder with a declaration is served everywhere, nothing else is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import telemetry
import telemetry.families
from telemetry import queries as q
from telemetry.cli.program import _COMMANDS
from telemetry.concepts import TickRange
from tests.builders import added as families
from tests.builders import fifth_family
from tests.telemetry.command_line import ran

pytestmark = pytest.mark.sampled(12)

RUN = "north.frogs"
Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def pond(tmp_path: Path) -> Path:
    return fifth_family.write_pond(tmp_path / "pond")


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The family's folder among the others, for the length of a test."""
    monkeypatch.setenv("TELEMETRY_DEBUG", "1")
    with families.added(fifth_family.write_family(tmp_path / "families"), fifth_family.PACKAGE):
        yield


@pytest.fixture
def source(added: None, pond: Path) -> Iterator[telemetry.Source]:
    opened = telemetry.open_source(pond)
    yield opened
    opened.close()


def test_without_its_folder_nobody_knows_the_family(pond: Path) -> None:
    source = telemetry.open_source(pond)
    assert source.identity.family == "mapped"
    source.close()


def test_it_is_identified_and_its_runs_are_listed(source: telemetry.Source) -> None:
    assert (source.identity.family, source.identity.vintage) == ("frogpond", "with heights")
    runs = source.ask(q.RunsQuery()).runs
    assert [(r.run_id, r.ticks) for r in runs] == [
        (RUN, TickRange(0, 2)),
        ("south.frogs", TickRange(5, 5)),
    ]


def test_its_measure_is_plotted_and_its_lanes_are_drawn(source: telemetry.Source) -> None:
    ann, bob = source.ask(q.SeriesQuery(RUN, "height")).lines
    assert (ann.agent_id, list(ann.tick), list(ann.value)) == ("Ann", [0, 1, 2], [12.5, 4, 20])
    assert (bob.agent_id, list(bob.value)) == ("Bob", [3])
    lanes = source.ask(q.TimelineQuery(RUN)).lanes
    assert "splash" in {state for lane in lanes for state in lane.state}


def test_its_rows_are_paged_counted_and_summed(source: telemetry.Source) -> None:
    first = source.ask(q.TableQuery(RUN, "hops", ("frog", "height"), limit=3))
    rest = source.ask(q.TableQuery(RUN, "hops", ("frog", "height"), limit=3, after=first.next))
    assert (*first.rows, *rest.rows) == (("Ann", 12.5), ("Bob", 3), ("Ann", 4), ("Ann", 20))
    assert source.ask(q.CountQuery(RUN, "hops", q.Where(agents=("Ann",)))) == 3
    assert dict(source.ask(q.FacetQuery(RUN, "hops", "hop")).values) == {"leap": 2, "splash": 2}
    assert set(source.ask(q.SummaryQuery(RUN, "hops")).groups) == {
        ("leap", 2, 20.0),
        ("splash", 2, 4.0),
    }


def _arguments(pond: Path, out: Path) -> dict[str, list[object]]:
    """What each command is asked of the pond."""
    run: list[object] = [pond, RUN]
    return {
        "identify": [pond],
        "roles": [pond],
        "list": [pond],
        "runs": [pond],
        "show": run,
        "series": [*run, "height"],
        "timeline": run,
        "table": ["hops", *run],
        "facets": [*run, "hops", "hop"],
        "summary": [*run, "hops"],
        "events": run,
        "replay": run,
        "export": [*run, "-o", out],
        "means": ["hops", "height", *run, "--by", "hop"],
        "pair": run,
        "experiments": [pond],
        "iterations": [pond, "x"],
        "results": [pond, "x"],
        "policies": [pond, "x"],
        "costs": run,
        "verify": [pond],
        "book": run,
        "trades": run,
        "attempts": run,
        "audit": run,
        "why": [*run, "--tick", "0", "--agents", "Ann,Bob"],
        "near-misses": run,
        "funnel": run,
        "diff": [*run, RUN],
        "compare": [*run, RUN],
        "seeds": [pond],
        "regimes": run,
        "event-study": [*run, "--measure", "height", "--window", "1"],
        "lens": run,
        "flows": run,
        "render": [out],
        "report": [*run, "-o", out],
        "migrate": [pond],
        "init": [out, "--family", "frogpond"],
        "demo": [],
    }


_LACKING = {
    "roles", "experiments", "iterations", "results", "policies", "costs", "verify", "book",
    "trades", "attempts", "pair", "audit", "why", "near-misses", "funnel", "flows",
}  # fmt: skip
_EXPLAINED = {"event-study", "lens"}
"""What these print means little without the notes on how it was worked out."""


_WRITING = {"migrate", "init", "demo", "render", "report"}


def test_every_command_is_asked_here(tmp_path: Path) -> None:
    assert set(_arguments(tmp_path, tmp_path)) == set(_COMMANDS)


@pytest.mark.parametrize("form", ["text", "csv", "json", "jsonl"])
@pytest.mark.parametrize("command", [c for c in _COMMANDS if c not in _WRITING])
def test_every_command_serves_it_or_says_what_it_lacks(
    capsys: Capsys, added: None, pond: Path, tmp_path: Path, command: str, form: str
) -> None:
    result = ran(capsys, command, *_arguments(pond, tmp_path / "out")[command], "--format", form)
    if command in _LACKING:
        assert (result.code, result.out) == (1, ""), result
        assert result.err.startswith("telemetry: Frog pond sources ")
        assert result.err.count("\n") == 1
    else:
        assert result.code == 0, result
        assert bool(result.err) == (command in _EXPLAINED), result
        assert result.out


@pytest.mark.parametrize(("command", "said"), [("migrate", "nothing to migrate"), ("init", "only")])
def test_what_is_only_read_is_neither_migrated_nor_made(
    capsys: Capsys, added: None, pond: Path, tmp_path: Path, command: str, said: str
) -> None:
    result = ran(capsys, command, *_arguments(pond, tmp_path / "out")[command])
    assert (result.code, result.out) == (2, ""), result
    assert said in result.err
    assert not (tmp_path / "out").exists()


def test_its_run_is_told_in_its_own_words(capsys: Capsys, added: None, pond: Path) -> None:
    told = ran(capsys, "replay", pond, RUN, "--ticks", "0~1", "--type", "splash")
    assert told.out.splitlines() == [
        "Tick 0",
        "  splash  Bob does a splash of 3.0 cm",
        "Tick 1",
        "  splash  Ann does a splash of 4.0 cm",
    ]
    events = ran(capsys, "events", pond, RUN, "--agent", "Ann", "--format", "json").json()
    assert [(e["tick"], e["event_type"], e["agent_id"], e["height"]) for e in events] == [
        (0, "leap", "Ann", 12.5),
        (1, "splash", "Ann", 4.0),
        (2, "leap", "Ann", 20.0),
    ]


def test_its_run_is_exported(capsys: Capsys, added: None, pond: Path, tmp_path: Path) -> None:
    assert ran(capsys, "export", pond, RUN, "-o", tmp_path / "out").code == 0
    written = (tmp_path / "out" / "hops.csv").read_text("utf-8").splitlines()
    assert written[0].endswith("minute,frog,hop,height")
    assert len(written) == 5
