"""Which state of its tables a PostgreSQL session sees: shared with other sessions, or by a text."""

from __future__ import annotations

import sqlalchemy as sa

_EXPORTS_ON_STANDBYS = 10_00_00
"""The first version of the server whose standbys tell their snapshots."""
_TELLS_SNAPSHOTS = 13_00_00
"""The first version that has `pg_current_snapshot`."""
_HERE = (
    "NOT EXISTS (SELECT FROM pg_foreign_table)"
    " AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
)
"""Of rows that lie with other servers, each session would have those servers' own states."""
_SHARED = f"SELECT has_function_privilege('pg_export_snapshot()', 'EXECUTE') AND {_HERE}"
_BY_THE_CLOCK = """
SELECT FROM pg_class c WHERE (c.relkind = 'v' OR c.relrowsecurity)
AND c.relnamespace = ANY (current_schemas(false)::regnamespace[]::oid[])
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
"""What may show other rows although nothing was written: a view, a rule for rows."""
_STATE = f"""
SELECT concat_ws(' ', pg_current_snapshot(), pg_postmaster_start_time(), pg_conf_load_time(),
(SELECT oid FROM pg_database WHERE datname = current_database()), current_user,
current_schemas(false), current_setting('TimeZone'), current_setting('DateStyle'))
WHERE {_HERE} AND NOT pg_is_in_recovery() AND NOT EXISTS ({_BY_THE_CLOCK})
"""


def told_snapshot(connection: sa.Connection) -> str | None:
    """The name under which other sessions may see what this one sees, as long as it asks.

    None where they might not.
    """
    if _version(connection) < _EXPORTS_ON_STANDBYS:
        return None
    if not connection.exec_driver_sql(_SHARED).scalar_one():
        return None
    return str(connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one())


def see(connection: sa.Connection, snapshot: str) -> None:
    """See from now on what that snapshot saw; to be asked first of all."""
    connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")


def state_of(connection: sa.Connection) -> str | None:
    """A text that is the same only as long as no transaction of the server has ended that wrote.

    A snapshot names every transaction that is at work and the first number that none has had, so
    equal ones of one running server see the same rows. None where that does not tell all: of a
    standby, of rows of other servers, of views and row security, which may ask the clock.
    """
    if _version(connection) < _TELLS_SNAPSHOTS:
        return None
    found = connection.exec_driver_sql(_STATE).scalar_one_or_none()
    return None if found is None else str(found)


def _version(connection: sa.Connection) -> int:
    driver = connection.connection.driver_connection
    return 0 if driver is None else int(driver.info.server_version)
