"""The process that reads a SQLite file through Arrow and writes columns as the bytes of arrays.

A process of its own for the same reason as the one that writes lines; run as a file as well.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

WRONG_TYPES = 3


def main() -> int:
    asked = json.load(sys.stdin)
    import duckdb
    import numpy as np

    adbc = importlib.import_module("adbc_driver_manager")
    driver = importlib.import_module("adbc_driver_sqlite")
    database = adbc.AdbcDatabase(driver=driver._driver_path(), uri=asked["uri"])
    connection = adbc.AdbcConnection(database)
    reader = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": "false"})
    for text in asked["statements"]:
        statement = adbc.AdbcStatement(connection)
        statement.set_options(**{"adbc.sqlite.query.batch_rows": asked["rows at once"]})
        statement.set_sql_query(text)
        reader.register("rows", statement.execute_query()[0])
        found: dict[str, Any] = reader.execute("SELECT * FROM rows OFFSET 1").fetchnumpy()
        statement.close()
        columns = list(found.values())
        if [column.dtype.str for column in columns] != asked["types"]:
            return WRONG_TYPES
        if any(np.ma.is_masked(column) and column.dtype.kind != "f" for column in columns):
            return WRONG_TYPES
        out = sys.stdout.buffer
        out.write(len(columns[0]).to_bytes(8, "little"))
        for column in columns:
            plain = column.filled(np.nan) if np.ma.is_masked(column) else np.ma.getdata(column)
            out.write(np.ascontiguousarray(plain).data)
        out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
