"""Opening the source a command names, and its words for tables and rows as query values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telemetry.cli.interrupt import current_token
from telemetry.cli.options import Limit, setting
from telemetry.cli.output import Output
from telemetry.detect import open_source
from telemetry.errors import NothingFoundError, RequestError
from telemetry.filters import Filter, parse_assignment
from telemetry.queries import ExperimentsQuery, Query, RunsQuery, Sort, Where
from telemetry.source import Source

if TYPE_CHECKING:
    from telemetry.concepts import AgentId, Experiment, RunId, Table, TickRange
    from telemetry.export import Language
    from telemetry.roles.mapping import Mapping

ONLY = "-"
_EXPECTED = ("trades", "attempts")
PASSWORD = "TELEMETRY_PASSWORD"


@contextmanager
def opened(location: str, output: Output) -> Iterator[Source]:
    """The open source at `location`; says what was inferred, and at the end what reading showed."""
    source = open_source(
        location,
        scale=setting("scale"),
        password=os.environ.get(PASSWORD) or None,
        roles=given_roles(),
    )
    try:
        said = source.identity.notes
        output.notes(said)
        yield source
        output.notes(note for note in source.notes if note not in said)
    finally:
        source.close()


def given_roles() -> Mapping | None:
    """The mapping that --roles names."""
    named = setting("roles")
    if named is None:
        return None
    from telemetry.roles import kept

    return kept.read(Path(named))


def find_table(source: Source, name: str) -> Table:
    """The table called `name`, or the one that plays this role (trades, attempts, …)."""
    if any(table.name == name for table in source.tables):
        return source.table(name)
    found = source.table_with_role(name)
    if found is None and name in _EXPECTED:
        label = source.identity.family_label
        raise NothingFoundError(f"{label} sources of this kind record no {name}.")
    return found or source.table(name)


def find_run_of(source: Source, table: Table, text: str, output: Output) -> RunId:
    """The run whose rows of `table` are meant; "" for a table that belongs to the whole source."""
    if text == ONLY and table.with_role("run") is None:
        return ""
    return find_run(source, text, output)


def where(
    source: Source,
    table: Table,
    filters: Sequence[str],
    ticks: TickRange | None,
    agents: tuple[AgentId, ...] | None,
    output: Output,
) -> Where:
    """Which rows of `table`, also those that --saved names: ticks and agents given here count
    instead of its own. RequestError for unknown columns and unsuitable values.
    """
    found = []
    for text in filters:
        name, expression = parse_assignment(text)
        column = table.column(name)
        if column is None:
            known = ", ".join(c.name for c in table.columns)
            raise RequestError(f"{table.name} has no column {name!r} to filter by; it has {known}.")
        wanted = Filter.parse(name, expression)
        wanted.check(column.kind)
        if not column.recorded:
            output.note(f"{name} is not recorded in this database: there it is null in every row.")
        found.append(wanted)
    given = Where(tuple(found), ticks, agents)
    name = setting("saved")
    return given if name is None else _with_saved(source, table, name, given)


def _with_saved(source: Source, table: Table, name: str, given: Where) -> Where:
    """`given`, and the filter that was saved by that name for the table."""
    from telemetry.filters.saved import SavedFilters, saved_filters_file

    store, family = SavedFilters(saved_filters_file()), source.family
    found = store.find(family, table.name, name)
    if found is None:
        known = ", ".join(f"“{each.name}”" for each in store.of(family, table.name))
        there = f"there are {known}" if known else store.problem or "none is saved for it"
        raise RequestError(f"There is no saved filter “{name}” of {table.name}; {there}.")
    return Where(
        (*given.filters, *found.judged(table.columns, table.label)),
        given.ticks if given.ticks is not None else found.range,
        given.agents if given.agents is not None else found.agents,
    )


def sorting(table: Table, text: str | None) -> Sort | None:
    """`-price` as price descending; RequestError for an unknown column."""
    if text is None:
        return None
    name = text.removeprefix("-").strip()
    if table.column(name) is None:
        known = ", ".join(c.name for c in table.columns)
        raise RequestError(f"{table.name} has no column {name!r} to sort by; it has {known}.")
    return Sort(name, descending=text.startswith("-"))


def column_names(table: Table, text: str | None) -> tuple[str, ...] | None:
    """`a,b,c` as names; None: all. RequestError for an unknown or repeated one."""
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if table.column(name) is None]
    if unknown or not names or len(set(names)) < len(names):
        known = ", ".join(c.name for c in table.columns)
        what = f"no column {unknown[0]!r}" if unknown else "to be asked for each column once"
        raise RequestError(f"{table.name} has {what}; its columns are {known}.")
    return names


def find_run(source: Source, text: str, output: Output) -> RunId:
    """The run called `text`, or the only one whose id begins so (from 4 characters on).

    `-` is the source's only run. NothingFoundError where there is none, with what to do where
    `text` is an experiment.
    """
    wanted = text.strip()
    listed = source.ask(RunsQuery(), current_token()).runs
    if wanted == ONLY and len(listed) == 1:
        return listed[0].run_id
    if wanted == ONLY and listed:
        raise RequestError(f"{source.name} has {len(listed)} runs; name one, as `runs` lists them.")
    exact = next((run.run_id for run in listed if str(run.run_id) == wanted), None)
    if exact is not None:
        return exact
    begun = [run.run_id for run in listed if _begins(run.run_id, wanted)]
    if len(begun) == 1:
        output.note(f"Run {begun[0]}.")
        return begun[0]
    if wanted and any(run.experiment_id == wanted for run in listed):
        raise NothingFoundError(
            f"{wanted} is an experiment; name one of its runs (runs {source.name} "
            f"--experiment {wanted}), or replay it with --simulation ITERATION."
        )
    if begun:
        shown = ", ".join(str(run_id) for run_id in begun[:5])
        raise NothingFoundError(
            f"{len(begun)} runs begin with {wanted!r} ({shown}, …); write more of the id."
        )
    return source.parse_run_id(text)


def spell(source: Source, query: Query[Any], language: Language, limit: Limit) -> int:
    """Print the question in another tool's words instead of asking it."""
    from telemetry.export import snippet

    if limit.asked:
        raise RequestError(
            "--as gives the statement of all rows that match; write a LIMIT into it yourself."
        )
    print(snippet(source, [query], language, current_token()).rstrip("\n"))
    return 0


def find_experiment(source: Source, text: str, output: Output) -> Experiment:
    """The experiment of this id, or the only one of this name or whose id begins so."""
    wanted = text.strip()
    listed = source.ask(ExperimentsQuery(), current_token()).experiments
    exact = next((e for e in listed if e.experiment_id == wanted), None)
    if exact is not None:
        return exact
    named = [e for e in listed if e.name == wanted]
    named = named or [e for e in listed if _begins(e.experiment_id, wanted)]
    if len(named) == 1:
        output.note(f"Experiment {named[0].experiment_id}.")
        return named[0]
    known = ", ".join(e.experiment_id for e in listed[:20]) + (" …" if len(listed) > 20 else "")
    has = f"it has {known}" if listed else "it has no experiments"
    raise NothingFoundError(f"There is no experiment {text!r} in {source.name}; {has}.")


def _begins(name: RunId, beginning: str) -> bool:
    return isinstance(name, str) and len(beginning) >= 4 and name.startswith(beginning)


def absence(table: Table) -> str:
    """The sentence for a table without a row to show."""
    if not table.recorded:
        return f"{table.label} are not recorded in this database. {table.how_to_record}".strip()
    return f"No rows of {table.name} match."
