"""A view's rows in other people's tools: as SQL, or as Python with pandas or polars."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from telemetry import __version__
from telemetry.concepts import Statement
from telemetry.errors import NothingFoundError, RequestError
from telemetry.export.worked import Worked, as_python, as_sql
from telemetry.location import without_secrets
from telemetry.queries import FlowsQuery, Query
from telemetry.text import one_line

if TYPE_CHECKING:
    from telemetry.cancel import CancelToken
    from telemetry.source import Source

Language = Literal["sql", "pandas", "polars"]
LANGUAGES: tuple[Language, ...] = ("sql", "pandas", "polars")
PASSWORD = "TELEMETRY_PASSWORD"


def snippet(
    source: Source,
    queries: Sequence[Query[Any]],
    language: Language,
    token: CancelToken | None = None,
    worked: Sequence[Worked] = (),
) -> str:
    """The rows of each query, asked without this program, and those that it works out, asked of
    it; no password stands in it.

    RequestError where a query is not one statement, NothingFoundError where nothing is recorded.
    """
    found = [source.statement(query, token) for query in queries]
    if not found and not worked:
        raise RequestError("What this view shows is worked out by the program; copy its rows.")
    place = without_secrets(source.location)
    if language == "sql":
        parts = [_sql(place, one, query) for one, query in zip(found, queries, strict=True)]
        return "\n\n".join((*parts, *(as_sql(one, _beneath(one, token)) for one in worked)))
    parts = [_python(place, found, queries, language)] if found else []
    return "\n\n".join((*parts, *([as_python(worked, language)] if worked else [])))


def _beneath(worked: Worked, token: CancelToken | None) -> list[str]:
    """The statements that give what is worked on, each once; why there is none, as a comment."""
    told: list[str] = []
    for source, query in worked.reads:
        try:
            found = source.statement(query, token)
            told.append(_sql(without_secrets(source.location), found, query))
        except (RequestError, NothingFoundError) as error:
            told.append(f"-- {_what(query)}: {one_line(str(error))}")
    return list(dict.fromkeys(told))


def _sql(place: str, found: Statement, query: Query[Any]) -> str:
    notes = [f"{_what(query)} of {place}"]
    if found.schema:
        notes.append(f"The tables are in the schema {found.schema}: SET search_path first.")
    notes += [f"{name} is stored times {by}." for name, by in found.divided.items()]
    if " REGEXP " in found.text:
        notes.append("REGEXP is a function of the sqlite3 shell; elsewhere it has to be defined.")
    comments = "\n".join(f"-- {line}" for note in notes for line in note.splitlines())
    return f"{comments}\n{found.text};"


def _python(
    place: str, found: Sequence[Statement], queries: Sequence[Query[Any]], language: Language
) -> str:
    """Each query as a frame of its own name; a file is opened read-only."""
    short = {"pandas": "pd", "polars": "pl"}[language]
    first = found[0]
    driver = {"sqlite": "sqlite3", "duckdb": "duckdb", "postgresql": "psycopg"}[first.dialect]
    plain = {"sqlite": ["contextlib", "sqlite3", "urllib.parse"], "postgresql": ["os"]}
    regular = first.dialect == "sqlite" and any(" REGEXP " in one.text for one in found)
    lines = [f"# Made by vmt-log-viewer {__version__}; reads and never writes."]
    lines += [f"import {name}" for name in plain.get(first.dialect, [])]
    lines += ["import re"] if regular else []
    lines += [""] if first.dialect in plain else []
    lines += [f"import {driver}"] if driver != "sqlite3" else []
    lines += [f"import {language} as {short}", ""]
    lines += [] if first.files else [f"SOURCE = {place!r}"]
    names = _names(queries)
    for name, one, query in zip(names, found, queries, strict=True):
        lines += [f"# {_what(query)}".replace("\n", " "), f"{name.upper()} = {_text(one.text)}"]
    lines += ["", *_connecting(first)]
    lines += ["    " + line for line in (_regexp() if regular else [])]
    for name, one in zip(names, found, strict=True):
        lines.append(f"    {name} = {_frame(name.upper(), one, language, short)}")
    for name, one in zip(names, found, strict=True):
        lines += _divided(name, one, language, short)
    return "\n".join(lines) + "\n"


def _connecting(found: Statement) -> list[str]:
    if found.dialect == "sqlite":
        return [
            'uri = "file:" + urllib.parse.quote(SOURCE) + "?mode=ro"',
            "with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:",
        ]
    if found.files:
        return ["with duckdb.connect() as connection:"]
    if found.dialect == "duckdb":
        return ["with duckdb.connect(SOURCE, read_only=True) as connection:"]
    options = "-c default_transaction_read_only=on"
    if found.schema:
        options += f" -c search_path={found.schema}"
    return [
        f"password = os.environ.get({PASSWORD!r})  # never written down here",
        f"with psycopg.connect(SOURCE, password=password, options={options!r}) as connection:",
    ]


def _frame(name: str, found: Statement, language: Language, short: str) -> str:
    if found.dialect == "sqlite":
        call = "read_sql_query" if language == "pandas" else "read_database"
        return f"{short}.{call}({name}, connection)"
    if found.dialect == "duckdb":
        return f"connection.sql({name}).{'df' if language == 'pandas' else 'pl'}()"
    columns = list(found.columns)
    rows = f"connection.execute({name}).fetchall()"
    if language == "pandas":
        return f"pd.DataFrame({rows}, columns={columns!r})"
    return f'pl.DataFrame({rows}, schema={columns!r}, orient="row")'


def _divided(name: str, found: Statement, language: Language, short: str) -> list[str]:
    """What is stored times a scale, as it is meant."""
    if language == "pandas":
        return [f"{name}[{column!r}] /= {by}" for column, by in found.divided.items()]
    parts = [f"{short}.col({column!r}) / {by}" for column, by in found.divided.items()]
    return [f"{name} = {name}.with_columns({', '.join(parts)})"] if parts else []


def _regexp() -> list[str]:
    return [
        "connection.create_function(",
        '    "REGEXP", 2, lambda p, t: None if t is None else re.search(p, str(t)) is not None',
        ")",
    ]


def _names(queries: Sequence[Query[Any]]) -> list[str]:
    """A name of Python for each query: its table or measure."""
    names: list[str] = []
    for query in queries:
        about = _about(query) or "rows"
        name = re.sub(r"\W+", "_", str(about), flags=re.ASCII).strip("_").lower() or "rows"
        name = f"rows_{name}" if name[0].isdigit() else name
        names.append(name if name not in names else f"{name}_{len(names) + 1}")
    return names


def _about(query: Query[Any]) -> str:
    """The measure, table or good that a query is about."""
    if isinstance(query, FlowsQuery):
        return f"flows {query.good}"
    return str(getattr(query, "measure", None) or getattr(query, "table", None) or "")


def _what(query: Query[Any]) -> str:
    about = _about(query)
    run = getattr(query, "run_id", "")
    return f"{about}, run {run}" if run not in ("", None) else about


def _text(text: str) -> str:
    """A text of Python, readable where its signs allow that."""
    if '"""' in text or "\\" in text or text.endswith('"'):
        return repr(text)
    return f'"""\n{text}\n"""'
