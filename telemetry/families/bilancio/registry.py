"""The registry of an arm: a CSV with a row for each run, replaced whole at every change."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from telemetry.families.bilancio.rules import COLUMNS
from telemetry.recording.folder import csv_line, locked, replace, writing

_FILES = {
    "scenario_yaml": "scenario.yaml",
    "events_jsonl": "out/events.jsonl",
    "balances_csv": "out/balances.csv",
    "metrics_csv": "out/metrics.csv",
}


class Registry:
    """One arm's list of runs; several processes may put rows into it, one waits for the other."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, run_id: str, error: str) -> None:
        """Say that a run failed, and why; one that was completed stays so."""
        self.put({"run_id": run_id, "status": "failed", "error": error}, unless="completed")

    def put(self, values: Mapping[str, object], *, unless: str | None = None) -> None:
        """Set these values in the row of ``run_id``, a new last row if there is none.

        A row whose status is ``unless`` stays as it is.
        """
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path.with_name(".lock")):
            header, rows = self._read()
            name = str(values["run_id"])
            row = next((r for r in rows if r.get("run_id") == name), None)
            if row is None:
                row = {k: f"../runs/{name}/{v}" for k, v in _FILES.items()}
                rows.append(row)
            if unless is not None and row.get("status") == unless:
                return
            row.update({k: "" if v is None else str(v) for k, v in values.items()})
            lines = [csv_line([r.get(column, "") for column in header]) for r in rows]
            replace(self.path, b"".join((csv_line(header), *lines)))

    def _read(self) -> tuple[list[str], list[dict[str, str]]]:
        """The header, ours or longer, and what is in each row."""
        ours = list(COLUMNS["experiments"])
        with writing(self.path):
            try:
                text = self.path.read_text("utf-8")
            except FileNotFoundError:
                return ours, []
        found = csv.DictReader(io.StringIO(text, newline=""))
        header = list(found.fieldnames or ours)
        rows = [{k: v or "" for k, v in row.items() if k} for row in found]
        return [*header, *(name for name in ours if name not in header)], rows
