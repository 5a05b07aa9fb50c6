"""Running `telemetry …` inside a test, and reading what it printed."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass

import pytest

from telemetry.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    def json(self) -> object:
        return json.loads(self.out)

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def csv(self) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.out, newline="")))


def ran(capsys: pytest.CaptureFixture[str], *arguments: object) -> Ran:
    """Run one command in this process."""
    capsys.readouterr()
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return Ran(code, out, err)


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> str:
    """Run a command that must fail with `code`, one line of error and no data; that line."""
    result = ran(capsys, *arguments)
    assert (result.code, result.out) == (code, ""), result
    assert "Traceback" not in result.err
    assert result.err.startswith("telemetry: ")
    assert result.err.count("\n") == 1, result.err
    assert result.err.endswith(".\n"), result.err
    return result.err
