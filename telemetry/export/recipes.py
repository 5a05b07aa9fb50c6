"""What gives the rows of each view that works them out: the command, and the rows beneath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from telemetry.concepts import Good, RunId, TickRange
from telemetry.export.worked import Worked
from telemetry.queries import Query, SeriesQuery, TableQuery, Where

if TYPE_CHECKING:
    from telemetry.source import Source

Run = tuple["Source", RunId]
Reads = tuple[tuple["Source", Query[Any]], ...]
Words = tuple["str | Source", ...]


def audit(run: Run, what: str, first: int) -> Worked:
    """`what`: "rules" or "faults", of each rule the `first` ones."""
    words = (*_named("audit", run), "--first", str(first), "--only", what)
    how = "Every rule of the family is held against the rows that it is about."
    return Worked(what, words, how)


def book(run: Run, tick: int, levels: int, only: str) -> Worked:
    """`only`: "levels", "leaderboard" or "prices" of an order book after a tick."""
    words = (*_named("book", run), "--tick", str(tick), "--levels", str(levels), "--only", only)
    if only == "prices":
        words = (*_named("book", run), "--only", only)
        how = "The last, lowest and highest price of each tick's trades, in their order."
        return Worked("prices", words, how, _tables(run, "trades"))
    how = "Every event up to the tick is applied in order: orders rest, match, are cancelled."
    name = "book" if only == "levels" else only
    return Worked(name, words, how, _tables(run, "events", ticks=TickRange(0, tick)))


def passing(run: Run, good: Good, ticks: TickRange | None) -> Worked:
    """What agents took, gave and passed on."""
    words = (*_named("flows", run), "--good", good.name, "--what", "agents", *_ticks(ticks))
    how = (
        "Each agent's rows in order: passed on = given + min(0, lowest of taken less given so far)."
    )
    return Worked("agents", words, how, _tables(run, good.table, ticks=ticks))


def lens(
    run: Run,
    what: str,
    measure: str,
    ticks: TickRange | None,
    *,
    epsilon: float | None = None,
    against: str | None = None,
) -> Worked:
    """`what`: "fan", "agents" (with `epsilon`), or "phase" (`against` another measure)."""
    words: Words = (*_named("lens", run), "--measure", measure, "--what", what)
    words += () if epsilon is None else ("--epsilon", repr(epsilon))
    words += () if against is None else ("--against", against)
    how = {
        "fan": "The values of all agents at a tick: quantiles, and how many stand on a bound.",
        "agents": "An agent settles at the first tick from which all its values are near its last.",
        "phase": "Both values of an agent at every tick at which it has both.",
    }[what]
    names = (measure,) if against is None else (against, measure)
    reads = tuple((run[0], SeriesQuery(run[1], name, ticks=ticks)) for name in names)
    return Worked(what, (*words, *_ticks(ticks)), how, reads)


def binding(run: Run, table: str, bins: int, ticks: TickRange | None) -> Worked:
    """Which of several estimates binds, by stretches of ticks."""
    words = (*_named("lens", run), "--what", "binding", "--bins", str(bins), *_ticks(ticks))
    how = "Updates are counted by the estimate that binds and by stretch of ticks."
    return Worked("binding", words, how, _tables(run, table, ticks=ticks))


def regimes(
    runs: Sequence[Run], lanes: Sequence[str], tables: Sequence[str], ticks: TickRange | None
) -> Worked:
    """Every statistic by the states of `lanes`; `tables` are those that are counted."""
    words = (*_several("regimes", runs), *_each("--lane", lanes), *_ticks(ticks))
    how = "Each row counts to the state of its tick; n is how many values a number stands on."
    reads = _of_all(runs, tables, ticks)
    return Worked("regimes", words, _with(how, runs, reads), reads)


def event_study(
    runs: Sequence[Run], measure: str, lanes: Sequence[str], window: int, flags: Sequence[str],
    ticks: TickRange | None,
) -> Worked:  # fmt: skip
    """A measure's average path around switches; `flags` as `telemetry event-study` takes them."""
    words = (*_several("event-study", runs), "--measure", measure, *_each("--lane", lanes),
             "--window", str(window), *flags, *_ticks(ticks))  # fmt: skip
    how = "The values around every switch are averaged by their distance to it."
    reads = tuple((s, SeriesQuery(run, measure, ticks=ticks)) for s, run in _firsts(runs))
    return Worked("event_study", words, _with(how, runs, reads), reads)


def curves(runs: Sequence[Run], measure: str, align: str) -> Worked:
    """A measure's mean over agents, run by run."""
    words = (*_several("compare", runs), "--measure", measure, "--align", align)
    how = "The mean over the agents of each run at each tick."
    reads = tuple((source, SeriesQuery(run, measure)) for source, run in _firsts(runs))
    return Worked("curves", words, _with(how, runs, reads), reads)


def compared(runs: Sequence[Run], what: str, tables: Sequence[str] = ()) -> Worked:
    """`what`: "totals" of the rows of `tables`, or "configuration"."""
    how = {
        "totals": "The rows of each table are counted and added up, by run and by group.",
        "configuration": "The keys whose values are not the same in all runs.",
    }[what]
    words = (*_several("compare", runs), "--only", what)
    reads = _of_all(runs, tables, None)
    return Worked(what, words, _with(how, runs, reads), reads)


def parting(one: Run, other: Run) -> Worked:
    """Where two runs part."""
    words = (*_named("diff", one), other[0], str(other[1]))
    return Worked("first_difference", words, "All rows are compared in order, by value.")


def effects(
    runs: Sequence[Run], measure: str | None, align: str, group: int, tables: Sequence[str] = ()
) -> Worked:
    """What sets the group of this number (from 1) apart from the first; of the first its means."""
    words = _several("seeds", runs)
    words += () if measure is None else ("--measure", measure, "--align", align)
    words += () if group == 1 else ("--against", "1")
    how = "Runs that differ by seed alone are a group; 95 % t intervals over its runs."
    words = (*words, "--group", str(group))
    reads = _of_all(runs, tables, None)
    return Worked("effects", words, _with(how, runs, reads), reads)


def _named(command: str, run: Run) -> Words:
    return command, run[0], str(run[1])


def _several(command: str, runs: Sequence[Run]) -> Words:
    """Runs of the first source by their ids; others with their sources, in their order."""
    source = runs[0][0]
    own = [i for i, run in enumerate(runs) if run[0] is not source]
    until = own[0] if own else len(runs)
    found: Words = (command, source, *(str(run_id) for _, run_id in runs[:until]))
    for other, run_id in runs[until:]:
        found += ("--source", other, str(run_id))
    return found


def _each(option: str, values: Sequence[str]) -> Words:
    return tuple(word for value in values for word in (option, value))


def _ticks(ticks: TickRange | None) -> Words:
    return () if ticks is None else ("--ticks", f"{ticks.first}~{ticks.last}")


def _tables(run: Run, *named: str, ticks: TickRange | None = None) -> Reads:
    """The rows of tables by their names or roles, where the source has them."""
    source, run_id = run
    known = {table.name: table for table in source.tables}
    found = []
    for name in named:
        table = known.get(name) or source.table_with_role(name)
        if table is not None and table.recorded:
            within = ticks if table.with_role("tick") is not None else None
            own = run_id if table.with_role("run") is not None else ""
            found.append((source, TableQuery(own, table.name, where=Where(ticks=within))))
    return tuple(found)


def _firsts(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The first run of each source: the statements of its other runs differ by the run alone."""
    return tuple({run[0].key: run for run in reversed(runs)}.values())[::-1]


def _of_all(runs: Sequence[Run], tables: Sequence[str], ticks: TickRange | None) -> Reads:
    return tuple(read for run in _firsts(runs) for read in _tables(run, *tables, ticks=ticks))


def _with(how: str, runs: Sequence[Run], reads: Reads) -> str:
    """What is done, and of which runs the statements are."""
    if not reads or len(_firsts(runs)) == len(runs):
        return how
    return f"{how} The statements are of the first run; of others only the run differs."
