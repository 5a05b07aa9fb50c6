"""What the URL of a PostgreSQL database says: where it is, and which of its settings are ours."""

from __future__ import annotations

import os
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from telemetry.frozen import Frozen

OWN = ("schema", "options", "statement_timeout")


class ServerURL(Frozen):
    """A URL as the driver takes it, and what was taken out of it.

    `schema` is where tables are looked for and made, `statement_timeout` (PostgreSQL's own
    setting, in its own words: "30s", "5min", "0" for none) is how long a statement may take,
    `options` are the server's settings, those of the environment (PGOPTIONS) first.
    """

    url: URL
    schema: str | None
    options: str
    statement_timeout: str | None

    def settings(self) -> dict[str, str]:
        """The server's settings as the driver takes them: those that were said, and no others."""
        said = f" -c statement_timeout={self.statement_timeout}" if self.statement_timeout else ""
        options = (self.options + said).strip()
        return {"options": options} if options else {}


def server_url(text: str, password: str | None = None) -> ServerURL:
    """The URL taken apart; a password given here takes the place of its own."""
    url = make_url(text).set(drivername="postgresql+psycopg")
    found = {name: _one(url.query.get(name, "")) for name in OWN}
    url = url.difference_update_query(OWN)
    return ServerURL(
        url=url if password is None else url.set(password=password),
        schema=found["schema"] or None,
        options=f"{os.environ.get('PGOPTIONS', '')} {found['options']}".strip(),
        statement_timeout=found["statement_timeout"] or None,
    )


def look_in(driver_connection: Any, schema: str) -> None:
    """Let a connection of the driver find and make tables in `schema` alone."""
    name = schema.replace('"', '""')
    driver_connection.execute("SELECT set_config('search_path', %s, false)", (f'"{name}"',))
    driver_connection.commit()


def make_schema(connection: sa.Connection) -> None:
    """Make the schema that the connection looks in, where it is not there yet."""
    named = connection.exec_driver_sql(
        "SELECT current_setting('search_path') WHERE current_schema() IS NULL"
    ).scalar()
    if named is not None:
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {named}")


def _one(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else " ".join(value)
