"""The tables of what was opened, as DuckDB SELECTs over the files of the runs asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from telemetry.concepts import RunId
from telemetry.engines.file_views import AsNeeded
from telemetry.errors import SourceError
from telemetry.families.bilancio import derived, listing, models, sql, sweep
from telemetry.families.bilancio.layout import Opened, RunFolder, opened, run_folder
from telemetry.families.bilancio.models import FLAG, NUMBER, WHOLE

CSV_TABLES: dict[str, tuple[sa.Table, dict[str, str]]] = {
    "trades": (models.TRADES, {}),
    "repayment_events": (models.REPAYMENTS, {}),
    "inventory_timeseries": (models.INVENTORY, {"state": derived.STATE}),
    "system_state_timeseries": (models.SYSTEM, {"agent": "'system'"}),
    "metrics": (models.METRICS, {"agent": "'system'"}),
    "balances": (models.BALANCES, {"is_summary": f"coalesce({derived.SUMMARY}, false)"}),
    "debtor_shares": (models.DEBTOR_SHARES, {}),
    "intraday": (models.INTRADAY, {}),
}
"""Tables that are a CSV file of each run, with the columns that follow from a row's others."""
_Places = dict[str, dict[Path, str]]
"""By table, the file of each run and the run's id."""
_ENOUGH = 20
"""So many runs of an arm, from each end of its list, tell which columns the files have."""


class FolderViews:
    """The SELECTs of every table, made anew for each question, as far as it names them.

    Which columns a table has is settled once, when the folder is opened; a question opens only
    the files of the runs that it names, and one that names none opens registries and aggregates.
    """

    def __init__(self, path: Path) -> None:
        try:
            found = opened(path)
        except OSError:
            found = None
        if found is None:
            raise SourceError(f"{path} holds no Bilancio experiment any more; choose another one.")
        self.opened: Opened = found
        sample = [run.files() for run in _sample(found)]
        self._names = {
            table: sql.columns_of(files[table] for files in sample if table in files)
            for table in CSV_TABLES
        }

    def __call__(self, runs: tuple[RunId, ...]) -> AsNeeded:
        folders = [f for f in (self.opened.run(run_id) for run_id in runs) if f is not None]
        places = _places(folders)
        views: dict[str, str | Callable[[], str]] = {}
        for table in CSV_TABLES:
            views[f"every_{table}"] = partial(self._every, table, places)
            views[table] = self._shown(table)
        views |= {
            "event_lines": partial(_lines, places),
            "events": derived.EVENTS,
            "dealer_documents": partial(_documents, places),
            "dealer_metrics": derived.DEALER_METRICS,
            "obligations": derived.OBLIGATIONS,
            "named_agents": derived.NAMED,
            "agents": derived.AGENTS,
            "horizon": derived.HORIZON,
        }
        return AsNeeded(
            views | sweep.views(self.opened) | listing.views(self.opened, folders or None)
        )

    def _every(self, table: str, places: _Places) -> str:
        """The table with every declared column."""
        model, made = CSV_TABLES[table]
        _, every = _offered(model, made, self._names[table])
        run_of = places.get(table, {})
        rows = sql.csv_rows(run_of)
        if rows is None:
            select = sql.empty(every)
        else:
            select = _typed(model, every, rows, sql.columns_of(run_of), run_of)
        extra = "".join(f", {element} AS {name}" for name, element in made.items())
        return f"SELECT *{extra} FROM ({select})"

    def _shown(self, table: str) -> str:
        """The table as it is offered: with the columns of the files."""
        model, made = CSV_TABLES[table]
        shown, _ = _offered(model, made, self._names[table])
        columns = ", ".join(sql.name(n) for n in (*shown, *made))
        return f"SELECT {columns} FROM every_{table}"


def _places(folders: list[RunFolder]) -> _Places:
    places: _Places = {}
    for folder in folders:
        for table, path in folder.files().items():
            places.setdefault(table, {})[path] = folder.run_id
    return places


def _sample(found: Opened) -> Iterator[RunFolder]:
    """The runs whose headers are read at opening: all of a few, else the ends of the list."""
    if found.alone is not None:
        yield found.alone
    for experiment, arm in found.arms():
        names = arm.names()
        few = names if len(names) <= 2 * _ENOUGH else names[:_ENOUGH] + names[-_ENOUGH:]
        yield from (run_folder(name, name, experiment, arm) for name in few)


def _offered(
    model: sa.Table, made: Iterable[str], there: tuple[str, ...]
) -> tuple[list[str], dict[str, str]]:
    """The columns to show: declared ones that the files have (all, where there is no file), then
    those that only the files know; and these with all declared ones, with their types."""
    types = {n: t for n, t in models.duckdb_types(model).items() if n not in made}
    has = {name.lower() for name in there}
    if "run_id" in has:
        has.add("logged_run")
    shown = [n for n in types if not there or n in _ALWAYS or n.lower() in has]
    own = {
        "line",
        "unreadable",
        *made,
        *(("logged_run",) if "logged_run" in types else ("run_id",)),
    }
    read = {n.lower() for n in types if n not in own} | {"run_id"} - own
    extra = [n + _IN_FILE if n.lower() in own else n for n in there if n.lower() not in read]
    return [*shown, *extra], types | dict.fromkeys(extra, "VARCHAR")


_ALWAYS = ("run_id", "line", "unreadable")
_IN_FILE = " in the file"
"""What is put to the name of a file's column where the table has its own of that name."""


def _typed(
    model: sa.Table,
    offered: dict[str, str],
    rows: str,
    there: tuple[str, ...],
    run_of: dict[Path, str],
) -> str:
    """Rows of text as the declared kinds, with what could not be read in words."""
    kinds = models.kinds(model)
    written = {n.lower(): f"r.{sql.name(n)}" for n in there}
    written.setdefault("logged_run", written.get("run_id", "NULL::VARCHAR"))
    picked, problems = [], [_problem(sql.BEYOND, f"r.{sql.name(sql.BEYOND)}", None)]
    for name, kind in offered.items():
        own = name if name in kinds else name.removesuffix(_IN_FILE)
        element = written.get(own.lower())
        if name in _ALWAYS:
            continue
        if element is None:
            picked.append(f"CAST(NULL AS {kind}) AS {sql.name(name)}")
            continue
        read = _read(element, kinds.get(name))
        picked.append(f"{read} AS {sql.name(name)}")
        if kinds.get(name) in (WHOLE, FLAG, NUMBER):
            as_number = sql.real(element) if kinds[name] == NUMBER else read
            problems.append(_problem(name, element, as_number))
    run_id, join = _run_of(run_of)
    return (
        f"SELECT {run_id} AS run_id, r.{sql.name(sql.LINE_IN_FILES)} AS line, {', '.join(picked)}, "
        f"nullif(concat_ws('; ', {', '.join(problems)}), '') AS unreadable FROM ({rows}) r{join}"
    )


def _read(element: str, kind: str | None) -> str:
    if kind == WHOLE:
        return sql.whole(element)
    return sql.flag(element) if kind == FLAG else element


def _problem(name: str, element: str, read: str | None) -> str:
    """'name: text' where the text is there and could not be read."""
    bad = f"{element} IS NOT NULL" + ("" if read is None else f" AND {read} IS NULL")
    return f"CASE WHEN {bad} THEN {sql.text(name + ': ')} || {element} END"


def _run_of(run_of: dict[Path, str]) -> tuple[str, str]:
    """The run of a row of `r`, and what to join for it."""
    runs = set(run_of.values())
    if len(runs) == 1:
        return sql.text(runs.pop()), ""
    pairs = sql.values(
        ((str(path), run_id) for path, run_id in run_of.items()),
        {"path": "VARCHAR", "run_id": "VARCHAR"},
    )
    return "p.run_id", f" JOIN ({pairs}) p ON p.path = r.{sql.name(sql.PATH)}"


def _lines(places: _Places) -> str:
    run_of = places.get("event_lines", {})
    rows = sql.lines(run_of)
    if rows is None:
        return sql.empty({"run_id": "VARCHAR", "line": "BIGINT", "payload": "VARCHAR"})
    run_id, join = _run_of(run_of)
    return f"SELECT {run_id} AS run_id, r.line, r.payload FROM ({rows}) r{join}"


def _documents(places: _Places) -> str:
    run_of = places.get("dealer_metrics", {})
    rows = sql.documents(run_of)
    if rows is None:
        return sql.empty({"run_id": "VARCHAR", "j": "VARCHAR"})
    run_id, join = _run_of(run_of)
    read = "CASE WHEN json_valid(r.payload) THEN r.payload END"
    return f"SELECT {run_id} AS run_id, {read} AS j FROM ({rows}) r{join}"
