"""The example of the README records what it says, and our own reader finds it."""

import re
from pathlib import Path

import pytest

import telemetry
from telemetry.concepts import TickRange
from telemetry.queries import RunsQuery, SeriesQuery, TableQuery

ROOT = Path(__file__).resolve().parents[2]


def example() -> str:
    text = (ROOT / "README.md").read_text("utf-8")
    found = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(found) == 1
    return found[0]


def test_the_example_of_the_readme_records_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(example(), "README.md", "exec"), {})
    source = telemetry.open_source("my_runs.db")
    [run] = source.ask(RunsQuery()).runs
    assert (run.name, run.status, run.ticks) == ("two farmers", "finished", TickRange(0, 4))
    money = source.ask(SeriesQuery(run.run_id, "inventory_M")).lines
    assert [list(line.value) for line in money] == [
        [106.0, 112.0, 118.0, 124.0, 130.0],
        [94.0, 88.0, 82.0, 76.0, 70.0],
    ]
    assert len(source.ask(TableQuery(run.run_id, "trades")).rows) == 5
    source.close()


def test_the_example_has_twenty_lines_at_most():
    assert len([line for line in example().splitlines() if line.strip()]) <= 20
