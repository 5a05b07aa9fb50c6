"""Options that commands share, and what a command line says about rows as a query's `Where`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from telemetry.concepts import AgentId, TickRange

F = TypeVar("F", bound=Callable[..., Any])
FORMATS = ("text", "csv", "json", "jsonl")
LANGUAGES = ("sql", "pandas", "polars")
_KEY = "telemetry."


def setting(name: str, default: Any = None) -> Any:
    """A shared option's value, wherever on the command line it was given."""
    return click.get_current_context().meta.get(_KEY + name, default)


def common(command: F) -> F:
    """--format, --scale, --roles, --no-color and --quiet, also before the command's name."""
    for option in (
        click.option(
            "--quiet", "-q", is_flag=True, expose_value=False, callback=_keep,
            help="No notes on standard error.",
        ),
        click.option(
            "--no-color", is_flag=True, expose_value=False, callback=_keep,
            help="No colours in text.",
        ),
        click.option(
            "--roles", metavar="FILE", expose_value=False, callback=_keep,
            help="What the tables of an unknown database are (telemetry roles writes such files).",
        ),
        click.option(
            "--scale", type=click.IntRange(min=1), metavar="N", expose_value=False,
            callback=_keep, help="Stored quantities of goods are N times what is meant.",
        ),
        click.option(
            "--format", type=click.Choice(FORMATS), expose_value=False, callback=_keep,
            help="text for people (the default), the others exact.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def ticks_option(command: F) -> F:
    """--ticks."""
    option = click.option(
        "--ticks", metavar="A~B", callback=_ticks, help="Only ticks from A to B, both included."
    )
    return option(command)


def range_options(command: F) -> F:
    """--ticks and --agent."""
    option = click.option(
        "--agent", "agents", multiple=True, metavar="N", callback=_agents,
        help="Only rows in which this agent takes part (may be repeated).",
    )  # fmt: skip
    return ticks_option(option(command))


def rows_options(command: F) -> F:
    """--filter, --saved, --ticks and --agent."""
    command = click.option(
        "--saved", metavar="NAME", expose_value=False, callback=_keep,
        help="Only rows that a filter saved in the window lets pass, besides --filter.",
    )(command)  # fmt: skip
    option = click.option(
        "--filter",
        "-f",
        "filters",
        multiple=True,
        metavar="COLUMN=EXPR",
        help="Only rows that match; may be repeated, all must hold (telemetry --help: EXPR).",
    )
    return option(range_options(command))


def as_option(command: F) -> F:
    """--as: the question itself instead of its answer."""
    option = click.option(
        "--as", "language", type=click.Choice(LANGUAGES),
        help="Print the statement that gives these rows, or Python that reads them.",
    )  # fmt: skip
    return option(command)


def limit_option(command: F) -> F:
    """--limit, a number or `all`."""
    option = click.option(
        "--limit",
        metavar="N",
        callback=_limit,
        help="At most N rows, or all (text shows 50 unless told; the other formats all).",
    )
    return option(command)


class Limit:
    """How many rows to give: `rows` (None: all), and whether a person asked for it."""

    def __init__(self, rows: int | None, asked: bool) -> None:
        self.rows = rows
        self.asked = asked


def _limit(ctx: click.Context, param: click.Parameter, value: str | None) -> Limit:
    if value is None:
        return Limit(None, asked=False)
    if value.strip().lower() == "all":
        return Limit(None, asked=True)
    try:
        rows = int(value)
    except ValueError:
        rows = 0
    if rows < 1:
        raise click.BadParameter(f"{value!r} is neither a positive number nor all")
    return Limit(rows, asked=True)


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    if value is not None and value is not False and param.name is not None:
        ctx.meta[_KEY + param.name] = value
    return value


def _ticks(ctx: click.Context, param: click.Parameter, value: str | None) -> TickRange | None:
    from telemetry.concepts import TickRange

    if value is None:
        return None
    try:
        return TickRange.parse(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no range of ticks: write one such as 3~9 or 5"
        ) from None


def _agents(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> tuple[AgentId, ...] | None:
    if not value:
        return None
    return tuple(int(v) if re.fullmatch(r"-?[0-9]{1,18}", v.strip()) else v for v in value)
