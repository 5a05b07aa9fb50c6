"""The `telemetry` program: its list of commands, and errors as one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import click

from telemetry import __version__
from telemetry.cli.interrupt import run_interruptible
from telemetry.cli.options import common
from telemetry.errors import (
    ExportError,
    NothingFoundError,
    QueryCancelled,
    RequestError,
    SourceError,
    TelemetryError,
)
from telemetry.text import one_line

OK, NOTHING, BAD_USE, UNREADABLE, INTERRUPTED = 0, 1, 2, 3, 130
DEBUG = "TELEMETRY_DEBUG"
_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (QueryCancelled, INTERRUPTED),
    (NothingFoundError, NOTHING),
    (RequestError, BAD_USE),
    (ExportError, BAD_USE),
    (SourceError, UNREADABLE),
    (TelemetryError, UNREADABLE),
)
_COMMANDS = {
    "identify": ("sources", "What a source is: family, vintage, tables, what is missing."),
    "roles": ("mappings", "What the tables of an unknown database are read as; to correct."),
    "list": ("listing", "Everything: experiments, and which runs can be replayed."),
    "experiments": ("experiments", "Every experiment of a source."),
    "iterations": ("experiments", "The iterations of an experiment and what they cost."),
    "results": ("results", "What an experiment came to: baseline, best, why it ended."),
    "policies": ("policies", "The policies of an experiment, and how they changed."),
    "runs": ("sources", "Every run of a source, or of one experiment."),
    "show": ("sources", "One run: what it is, how large, what is odd about it."),
    "replay": ("events", "A run told tick by tick."),
    "events": ("events", "The events of a run."),
    "costs": ("costs", "What each tick cost each agent."),
    "book": ("proofs", "Order book and standings after a tick."),
    "diff": ("diffs", "Where two runs part: the first tick, table, agent and column."),
    "compare": ("compares", "Runs side by side: settings that differ, what they came to."),
    "seeds": ("compares", "Runs grouped by configuration: means with intervals, effects."),
    "regimes": ("regimes", "Every statistic by mode, regime or another lane's state."),
    "event-study": ("regimes", "A measure's average path around every switch."),
    "lens": ("lenses", "A measure of every agent: settling, outliers, clamps, what binds."),
    "flows": ("flows", "Who gives what to whom, who passes it on, velocity of money."),
    "audit": ("audits", "Which invariants a recording breaks, and where."),
    "verify": ("proofs", "Whether recordings can be trusted: the first broken link."),
    "series": ("curves", "A measure of agents over ticks."),
    "timeline": ("curves", "Mode, regime and exchange pairs over ticks."),
    "trades": ("rows", "The trades of a run."),
    "attempts": ("rows", "The trade attempts of a run."),
    "why": ("whys", "Why two agents did not trade: each gate with its margin."),
    "near-misses": ("whys", "Negotiations that failed by the least."),
    "funnel": ("whys", "At which gate how many attempts failed."),
    "table": ("rows", "The rows of any table of a run."),
    "facets": ("groups", "How often each value of a column occurs."),
    "summary": ("groups", "Counts, means and sums of a table's groups."),
    "means": ("means", "A column's mean by the values of others: effects of parameters."),
    "pair": ("means", "How a pair of runs of a sweep came out, and why."),
    "export": ("files", "Write tables or a whole run to files."),
    "report": ("reports", "A run, or several compared, as one HTML file."),
    "render": ("renders", "A saved view's picture and rows, as its window exports them."),
    "migrate": ("migrate", "Bring an old database to the current schema, on a copy."),
    "init": ("init", "Make an empty database to record to."),
    "demo": ("files", "Write a demo database to look at."),
}
_FUNCTIONS = {"list": "everything", "near-misses": "near_misses", "event-study": "event_study"}
_EXAMPLES = """\b
Examples:
  telemetry runs money.db
  telemetry trades money.db 2 --filter 'price=>2' --format csv
  telemetry export money.db 2 -o results/
  telemetry replay results.db exp2 --simulation 5:evaluation

\b
Filters, as COLUMN=EXPR:  5  !=5  >5  <=5  2~4 (range)  A|B (any of)  !A
  /regex/  null  !null  "text in quotes"

\b
Exit codes: 0 answered, 1 nothing found, 2 bad use, 3 source cannot be read.
"""


class _Commands(click.Group):
    """The commands by name; each is loaded only when it is used, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"telemetry.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, _FUNCTIONS.get(cmd_name, cmd_name))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(
    cls=_Commands, epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]}
)
@common
@click.version_option(__version__, prog_name="telemetry")
def telemetry() -> None:
    """Ask a telemetry database: SOURCE is a file, a folder or a database URL, RUN the run's id.

    Data goes to standard output, everything else to standard error.
    """


def run(argv: Sequence[str] | None) -> int:
    """Parse and execute one command line; the exit code."""
    try:
        return run_interruptible(lambda: _execute(argv))
    except KeyboardInterrupt:
        return _fail("interrupted.", INTERRUPTED)
    except QueryCancelled:
        return _fail("interrupted.", INTERRUPTED)
    except BrokenPipeError:
        _abandon_output()
        return OK
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return BAD_USE
    except click.UsageError as error:
        return _fail(_usage(error), BAD_USE)
    except click.Abort:
        return _fail("interrupted.", INTERRUPTED)
    except click.ClickException as error:
        return _fail(error.format_message(), BAD_USE)
    except TelemetryError as error:
        code = next(code for kind, code in _CODES if isinstance(error, kind))
        return _fail(str(error), code)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        if isinstance(error, OSError):
            _abandon_output()
        return _fail(_unexpected(error), BAD_USE if isinstance(error, OSError) else UNREADABLE)


def _execute(argv: Sequence[str] | None) -> int:
    """Like click's own `main`, which would end the process where a pipe is closed."""
    try:
        with telemetry.make_context("telemetry", list(sys.argv[1:] if argv is None else argv)) as c:
            result = telemetry.invoke(c)
    except click.exceptions.Exit as finished:
        result = finished.exit_code
    sys.stdout.flush()
    return result if isinstance(result, int) else OK


def _fail(message: str, code: int) -> int:
    """Say what went wrong on one line of standard error."""
    with suppress(BrokenPipeError):  # nobody reads it any more; the code still says it
        print(f"telemetry: {one_line(message, limit=2000)}", file=sys.stderr, flush=True)
    return code


def _usage(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx is not None else "telemetry"
    message = error.format_message().rstrip(".")
    return f"{message}; {path} --help shows how to use it."


def _unexpected(error: Exception) -> str:
    if isinstance(error, OSError):
        what = error.strerror or str(error)
        return f"the answer cannot be written: {what}; write it somewhere else."
    return (
        f"this should not have happened ({type(error).__name__}: {error}); please report it with "
        f"what the same command prints when the environment has {DEBUG}=1."
    )


def _abandon_output() -> None:
    """Let nothing more be written where nobody reads or nothing fits, also not at exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass  # standard output is no file descriptor: nothing will be flushed to it
