"""The process that reads a SQLite file through Arrow and writes what it is asked for as CSV.

A process of its own: it brings another SQLite library, which would drop our locks on the file when
it closes it. Run as a file, so that it loads nothing of this package.
"""

from __future__ import annotations

import importlib
import json
import sys

WRONG_TYPES = 3


def main() -> int:
    asked = json.load(sys.stdin)
    import duckdb

    adbc = importlib.import_module("adbc_driver_manager")
    driver = importlib.import_module("adbc_driver_sqlite")
    database = adbc.AdbcDatabase(driver=driver._driver_path(), uri=asked["uri"])
    statement = adbc.AdbcStatement(adbc.AdbcConnection(database))
    statement.set_options(**{"adbc.sqlite.query.batch_rows": asked["rows at once"]})
    statement.set_sql_query(asked["statement"])
    settings = {"threads": 2, "autoinstall_known_extensions": "false", **asked["settings"]}
    writer = duckdb.connect(config=settings)
    writer.register("rows", statement.execute_query()[0])
    found = writer.execute("SELECT * FROM rows LIMIT 0")
    if [str(column[1]) for column in found.description] != asked["types"]:
        return WRONG_TYPES
    writer.execute(f"COPY ({asked['query']}) TO '/dev/stdout' (FORMAT csv, HEADER false)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
