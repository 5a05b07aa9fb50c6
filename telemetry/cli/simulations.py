"""One run of an experiment by iteration and purpose or sample: 5, 5:evaluation, 5.3."""

from __future__ import annotations

import re

from telemetry.concepts import Run, RunId
from telemetry.errors import NothingFoundError, RequestError
from telemetry.queries import RunsQuery
from telemetry.source import Source

_FORM = re.compile(r"(?:iter(?:ation)?)?(\d{1,9})(?:[:.]([A-Za-z_]+))?(?:[:.]?(?:sample)?(\d+))?")
_SHORT = {"eval": "evaluation", "init": "initial"}
_SAMPLES = "bootstrap"


def run_of(source: Source, experiment_id: str, text: str) -> RunId:
    """The run of the experiment that `text` names; where several would do, the one not a sample.

    RequestError where `text` has another form, NothingFoundError where none or several fit.
    """
    read = _FORM.fullmatch(text.strip())
    if read is None:
        raise RequestError(
            f"{text!r} names no run of an experiment; write an iteration, and its purpose or "
            "sample, such as 5, 5:evaluation or 5.3."
        )
    iteration, purpose, sample = int(read[1]), read[2], read[3]
    if purpose in ("sample", None):
        purpose = None
    else:
        purpose = _SHORT.get(purpose, purpose)
    listed = source.ask(RunsQuery())
    names = {c.role: c.name for c in listed.columns if c.role}
    in_experiment = [r for r in listed.runs if r.experiment_id == experiment_id]
    if not in_experiment:
        raise NothingFoundError(
            f"The runs of {experiment_id} are not recorded in {source.name}, so none can be "
            "replayed."
        )
    here = [r for r in in_experiment if r.iteration == iteration]

    def told(run: Run, role: str) -> str | None:
        value = run.fields.get(names.get(role, ""))
        return None if value is None else str(value)

    found = [r for r in here if purpose is None or told(r, "purpose") == purpose]
    if sample is not None:
        role = "sample" if "sample" in names else "seed"
        found = [r for r in found if told(r, role) == str(int(sample))]
    elif len(found) > 1:
        found = [r for r in found if told(r, "purpose") not in (None, _SAMPLES)] or found
    if len(found) == 1:
        return found[0].run_id
    raise NothingFoundError(_which(experiment_id, text, iteration, in_experiment, here, found))


def _which(
    experiment_id: str,
    text: str,
    iteration: int,
    every: list[Run],
    here: list[Run],
    found: list[Run],
) -> str:
    if not here:
        known = sorted({r.iteration for r in every if r.iteration is not None})
        has = ", ".join(str(n) for n in known[:30]) or "none"
        return f"{experiment_id} has no runs of iteration {iteration}; iterations with runs: {has}."
    some = found or here
    shown = ", ".join(str(r.run_id) for r in some[:8]) + (", …" if len(some) > 8 else "")
    what = f"{len(found)} runs fit {text!r}" if found else f"No run fits {text!r}"
    return f"{what} in {experiment_id}; iteration {iteration} has {shown}."
