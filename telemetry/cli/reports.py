"""`report`: a run, or several, as one HTML file that opens without this program."""

from __future__ import annotations

from contextlib import ExitStack

import click

from telemetry.analysis.chosen import Chosen, every_run
from telemetry.cli.asking import opened
from telemetry.cli.diffs import chosen
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import common
from telemetry.cli.output import Output
from telemetry.cli.progress import reported
from telemetry.concepts import Column

_WRITTEN = (Column("path", "File", "text"),)


@click.command()
@click.argument("source")
@click.argument("runs", nargs=-1, required=True, metavar="RUN [RUN2]...")
@click.option("--output", "-o", "target", required=True, metavar="FILE.html", help="The file.")
@click.option(
    "--source", "others", nargs=2, multiple=True, metavar="SOURCE RUN",
    help="Also a run of another source, or all of them (repeatable).",
)  # fmt: skip
@click.option("--no-audit", is_flag=True, help="Do not audit the run, which reads all its rows.")
@common
def report(
    source: str,
    runs: tuple[str, ...],
    *,
    target: str,
    others: tuple[tuple[str, str], ...],
    no_audit: bool,
) -> int:
    """A RUN as one HTML file, or several beside each other; `all` means every run.

    Of one run: what it is, states and measures over ticks, summaries, why things failed, and the
    audit. Of several: settings that differ, what they came to, measures over each other, and
    where two part. The file needs no network and no script, and says where it comes from.

    \b
    Examples:
      telemetry report money.db 2 -o report.html
      telemetry report money.db 1 2 3 -o compared.html
    """
    from telemetry.report import ALL, write_report

    output = Output()
    with ExitStack() as stack:
        asked: list[Chosen] = []
        for location, names in ((source, runs), *((place, (run,)) for place, run in others)):
            found = stack.enter_context(opened(location, output))
            found.says_kept = False
            for name in names:
                every = every_run(found, current_token()) if name == ALL else ()
                asked += every or [chosen(found, name, output)]
        with reported("Writing the report") as token:
            path = write_report(asked, target, token, audit=not no_audit)
    output.rows(_WRITTEN, [(str(path),)])
    return 0
