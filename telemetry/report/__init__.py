"""A run, or several beside each other, as one HTML file that opens without this program."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from telemetry.analysis.chosen import Chosen, labels
from telemetry.cancel import CancelToken
from telemetry.errors import RequestError
from telemetry.export import provenance, without_secrets
from telemetry.export.staging import sentences, staged
from telemetry.report.one import run_parts
from telemetry.report.page import element, page, said, section, source_text
from telemetry.report.several import comparison_parts
from telemetry.text import one_line

__all__ = ["report_of", "write_report"]
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
    told = [provenance(run.source, run.run_id, token) for run in runs[:1]]
    told += [
        {key: value for key, value in provenance(run.source, run.run_id, token).items()
         if key in ("source", "run", "scales")}
        for run in runs[1:]
    ]  # fmt: skip
    words = " ".join(shlex.quote(str(run.run_id)) for run in runs)
    first = shlex.quote(without_secrets(runs[0].source.location))
    alone = len({run.source.key for run in runs}) == 1
    again = f"Made again by: telemetry report {first} {words} -o report.html"
    return section(
        "Where this comes from",
        said(again if alone else "Made of runs of several sources.", "quiet"),
        source_text(told[0] if len(told) == 1 else told),
    )
