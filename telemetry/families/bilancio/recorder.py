"""The recorder of the Bilancio family: experiment folders with an arm for each regime.

    recorder = BilancioRecorder("sweep")
    with recorder.begin_run("active", seed=42, detailed_logging=True) as run:
        run.log_trade(0, bucket="short", side="SELL", ...)
        run.log_system_state(0, face_bucket_short=60, ..., total_cash=120)
        run.end_tick(0)

Source of every rule here: "Plan 022: Enhanced Instrumentation" (the seed); the folder is laid out
as real experiments are.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Unpack

from telemetry.errors import RecordingError
from telemetry.families.bilancio import aggregates
from telemetry.families.bilancio.aggregates import Pair
from telemetry.families.bilancio.layout import REGISTRY
from telemetry.families.bilancio.registry import Registry
from telemetry.families.bilancio.rows import RunParameters
from telemetry.families.bilancio.rules import REGIMES, row_checks, word
from telemetry.families.bilancio.run import FILES, BilancioRun
from telemetry.recording.folder import FolderBatch, repair, replace, writing
from telemetry.recording.rules import RefusedValue, choice

__all__ = ["BilancioRecorder", "BilancioRun", "Pair"]


class BilancioRecorder:
    """An experiment folder that dealer-ring runs are written to; made if absent.

    Several runs may be written at once, also by several processes. Opening it repairs what a
    killed process left behind, and marks such runs as failed.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Raises `RecordingError` where the place is no folder, or one with other things in it."""
        self.folder = Path(folder).expanduser().absolute()
        if self.folder.exists() and not self.folder.is_dir():
            raise RecordingError(
                f"Cannot record to {self.folder}: it is a file; give the path of a folder."
            )
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            there = [entry.name for entry in self.folder.iterdir()]
        ours = (*REGIMES, "aggregate")
        if there and not any((self.folder / name).is_dir() for name in ours):
            raise RecordingError(
                f"Cannot record to {self.folder}: it holds other things "
                f"({', '.join(sorted(there)[:3])}); choose a new folder."
            )
        self._repair()

    def begin_run(
        self,
        regime: str,
        *,
        seed: int,
        run_id: str | None = None,
        scenario: Mapping[str, object] | None = None,
        detailed_logging: bool = False,
        ticks_per_commit: int = 1,
        durable: bool = True,
        **parameters: Unpack[RunParameters],
    ) -> BilancioRun:
        """A new run, at once in its arm's registry as running; ``scenario`` is kept as YAML.

        ``detailed_logging`` writes the four files of trades, repayments, inventory and system.
        A day outlives the process as soon as it has ended, and a power cut too unless ``durable``
        is False, which spares some milliseconds a day: other files, the note, then the file that
        marks the day are forced to the disk in this order.
        """
        checks = row_checks()
        try:
            choice(REGIMES)(regime)
        except RefusedValue as refusal:
            raise RecordingError(f"regime {refusal}.") from None
        if ticks_per_commit < 1:
            raise RecordingError(f"ticks_per_commit must be 1 or more, not {ticks_per_commit}.")
        name = _folder_name(run_id or f"balanced_{regime}_{secrets.token_hex(6)}")
        arm = self.folder / regime
        folder = arm / "runs" / name
        told = {"phase": f"balanced_{regime}", "dealer_enabled": regime in ("active", "treatment")}
        values = {**told, **parameters, "run_id": name, "seed": seed, "status": "running"}
        plan, row = checks["experiments"]((), values)
        self._make_folder(folder, scenario or {"name": name, "seed": seed})
        batch = FolderBatch(
            folder / "out",
            FILES,
            last="system_state_timeseries",
            days_per_write=ticks_per_commit,
            durable=durable,
        )
        registry = Registry(arm / REGISTRY)
        registry.put(dict(zip(plan.names, row, strict=True)))
        return BilancioRun(
            batch, name, checks, registry=registry, folder=folder, detailed=detailed_logging
        )

    def _make_folder(self, folder: Path, scenario: Mapping[str, object]) -> None:
        """The folder of a new run with its scenario; one that is there is never written over."""
        text = _yaml(scenario)
        with writing(folder):
            try:
                (folder / "out").mkdir(parents=True)
            except FileExistsError:
                raise RecordingError(
                    f"There is a run {folder.name!r} in {folder.parent.parent} already; choose "
                    "another id."
                ) from None
        replace(folder / "scenario.yaml", text)

    def write_aggregates(
        self, pairs: Sequence[Pair], config: Mapping[str, object] | None = None
    ) -> None:
        """Compare pairs of runs that were recorded here: writes the files of ``aggregate/``."""
        aggregates.write(self.folder, pairs, config or {})

    def _repair(self) -> None:
        """Cut half days off the runs whose process died, and say in the registry that it did."""
        for regime in REGIMES:
            arm = self.folder / regime
            for out in sorted((arm / "runs").glob("*/out")):
                died, day = repair(out, [file.name for file in FILES.values()])
                if not died:
                    continue
                upto = "before its first day ended" if day is None else f"after day {day}"
                registry = Registry(arm / REGISTRY)
                registry.fail(out.parent.name, f"the recording stopped {upto}")


def _folder_name(run_id: str) -> str:
    try:
        found = str(word()(run_id))
    except RefusedValue as refusal:
        raise RecordingError(f"run_id {refusal}.") from None
    if (
        not found
        or found.startswith(".")
        or set(found) & set('/\\:*?"<>|')
        or found != found.strip()
    ):
        raise RecordingError(f"run_id must be the name of a folder, not {found!r}.")
    return found


def _yaml(scenario: Mapping[str, object]) -> bytes:
    """JSON, which every reader of YAML reads; Decimals as text."""
    try:
        text = json.dumps(scenario, ensure_ascii=False, allow_nan=False, indent=2)
    except (TypeError, ValueError) as error:
        raise RecordingError(f"scenario must be plain JSON values: {error}.") from None
    return f"{text}\n".encode()
