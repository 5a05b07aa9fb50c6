"""A run, or several beside each other, as one HTML file that opens without this program."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from telemetry.analysis.chosen import Chosen, every_run, labels
from telemetry.cancel import CancelToken
from telemetry.errors import RequestError
from telemetry.export import of_source, provenance, without_secrets
from telemetry.export.staging import sentences, staged
from telemetry.report.one import run_parts
from telemetry.report.page import element, page, said, section, source_text
from telemetry.report.several import comparison_parts
from telemetry.text import one_line

__all__ = ["report_of", "write_report"]
ALL = "all"
LONGEST = 400
"""Characters of run ids that a person would type."""
_STEPS = 7


def write_report(
    runs: Sequence[Chosen],
    path: str | os.PathLike[str],
    token: CancelToken | None = None,
    *,
    audit: bool = True,
) -> Path:
    """Write the report of `runs` to `path`; ExportError where that cannot be.

    `audit` False spares an audit, which reads all rows of a run.
    """
    text = report_of(runs, token, audit=audit)
    path = Path(path)
    with staged(protected=Path(runs[0].source.identity.location)) as files:
        stream = files.open(path)
        with sentences(path):
            stream.write(text)
    return path


def report_of(
    runs: Sequence[Chosen], token: CancelToken | None = None, *, audit: bool = True
) -> str:
    """The report as HTML: of one run in full, of several what they differ in.

    RequestError where there are none.
    """
    if not runs:
        raise RequestError("A report is about a run; name one, or several.")
    token = token or CancelToken()
    if len(runs) == 1:
        title = f"Run {runs[0].run_id}: {runs[0].run.name}"
        about = f"{runs[0].source.name} · {runs[0].run.status}"
        found = run_parts(runs[0], token, audit=audit)
    else:
        names = labels(runs)
        title = f"{len(runs)} runs compared"
        about = ", ".join(dict.fromkeys(run.source.name for run in runs))
        found = comparison_parts(runs, names, token)
    parts = [element("h1", one_line(title)), element("p", one_line(about), class_="subtitle")]
    for done, (name, made) in enumerate(found, 1):
        token.report(done, _STEPS, name)
        parts += made
    return page(title, [*parts, _proof(runs, token)])


def _proof(runs: Sequence[Chosen], token: CancelToken) -> Element:
    """What this is made of, so that somebody else can make it again."""
    if len(runs) == 1:
        told = provenance(runs[0].source, runs[0].run_id, token)
    else:
        sources = {run.source.key: run.source for run in runs}
        told = provenance(runs[0].source, None, token)
        told["sources"] = [
            {
                **of_source(source, None, token),
                "run": [r.run_id for r in runs if r.source is source],
            }
            for source in sources.values()
        ]
        for name in ("source", "scales", "run"):
            del told[name]
    return section("Where this comes from", said(_again(runs, token), "quiet"), source_text(told))


def _again(runs: Sequence[Chosen], token: CancelToken) -> str:
    """The command that makes it again, where one can."""
    source, ids = runs[0].source, [run.run_id for run in runs]
    if any(run.source is not source for run in runs):
        return "Made of runs of several sources, which are named here."
    words = " ".join(shlex.quote(str(run_id)) for run_id in ids)
    if len(ids) > 1 and ids == [run.run_id for run in every_run(source, token)]:
        words = ALL
    if len(words) > LONGEST:
        return "Made of the runs that are listed here."
    place = shlex.quote(without_secrets(source.location))
    return f"Made again by: telemetry report {place} {words} -o report.html"
