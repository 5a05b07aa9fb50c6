"""The program that reads a SQLite file through Arrow, as lines of CSV or as bytes of arrays.

A process of its own: it brings another SQLite library, which would drop our locks on the file when
it closes it. Run as a file, so that it loads nothing of this package.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from queue import Queue
from threading import Thread
from typing import Any

import duckdb

WRONG_TYPES = 3
AHEAD = 4
"""Batches of rows that are read before they are asked for."""
Read = Callable[[str], AbstractContextManager[Any]]
"""The stream of a statement's rows, which DuckDB takes, while inside."""


def main() -> int:
    asked = json.load(sys.stdin)
    adbc = importlib.import_module("adbc_driver_manager")
    driver = importlib.import_module("adbc_driver_sqlite")
    database = adbc.AdbcDatabase(driver=driver._driver_path(), uri=asked["uri"])
    connection = adbc.AdbcConnection(database)

    @contextmanager
    def read(text: str) -> Iterator[Any]:
        statement = adbc.AdbcStatement(connection)
        statement.set_options(**{"adbc.sqlite.query.batch_rows": asked["rows at once"]})
        statement.set_sql_query(text)
        rows = ReadAhead(statement.execute_query()[0])
        yield rows
        rows.close()
        statement.close()

    return lines(asked, read) if "query" in asked else columns(asked, read)


def lines(asked: Mapping[str, Any], read: Read) -> int:
    """What the query makes of the statement's rows, as CSV."""
    writer = _duckdb(asked)
    with read(asked["statement"]) as rows:
        writer.register("rows", rows)
        found = writer.execute("SELECT * FROM rows LIMIT 0")
        if [str(column[1]) for column in found.description] != asked["types"]:
            return WRONG_TYPES
        writer.execute(f"COPY ({asked['query']}) TO '/dev/stdout' (FORMAT csv, HEADER false)")
    return 0


def columns(asked: Mapping[str, Any], read: Read) -> int:
    """The rows of each statement: how many they are, then column after column."""
    import numpy as np

    reader, out = _duckdb(asked), sys.stdout.buffer
    for text in asked["statements"]:
        with read(text) as rows:
            reader.register("rows", rows)
            found: dict[str, Any] = reader.execute("SELECT * FROM rows OFFSET 1").fetchnumpy()
        arrays = list(found.values())
        if [array.dtype.str for array in arrays] != asked["types"]:
            return WRONG_TYPES
        if any(np.ma.is_masked(array) and array.dtype.kind != "f" for array in arrays):
            return WRONG_TYPES
        out.write(len(arrays[0]).to_bytes(8, "little"))
        for array in arrays:
            plain = array.filled(np.nan) if np.ma.is_masked(array) else np.ma.getdata(array)
            out.write(np.ascontiguousarray(plain).data)
        out.flush()
    return 0


class ReadAhead:
    """An Arrow stream whose batches a thread of its own fetches, while DuckDB writes those before.

    To be read once and to its end, and closed then. In the words of Arrow's C stream interface.
    """

    def __init__(self, stream: Any) -> None:
        self._given = stream.__arrow_c_stream__()  # kept: what it points to lives as long
        self._stream = _Stream.from_address(_pointer_of(self._given, _CAPSULE))
        self._batches: Queue[tuple[int, _Batch]] = Queue(AHEAD)
        self._ended = False
        self._thread = Thread(target=self._fetch, daemon=True)
        self._lent: list[_Stream] = []  # whoever takes one may empty it, and ask for another

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        lent = _Stream(
            _GetSchema(self._schema), _GetNext(self._next), _GetError(self._error),
            _Release(self._release),
        )  # fmt: skip
        self._lent.append(lent)
        return _new_capsule(ctypes.addressof(lent), _CAPSULE, None)

    def close(self) -> None:
        if self._thread.ident is not None:
            self._thread.join()
        if self._stream.release:
            self._stream.release(ctypes.byref(self._stream))

    def _fetch(self) -> None:
        code, batch = 0, None
        while code == 0 and (batch is None or batch.release):
            batch = _Batch()
            code = self._stream.get_next(ctypes.byref(self._stream), ctypes.byref(batch))
            self._batches.put((code, batch))

    def _schema(self, own: object, out: int) -> int:
        return int(self._stream.get_schema(ctypes.byref(self._stream), out))

    def _next(self, own: object, out: Any) -> int:
        if self._thread.ident is None:
            self._thread.start()
        code, batch = (0, _Batch()) if self._ended else self._batches.get()
        self._ended = code != 0 or not batch.release
        out[0] = batch
        return code

    def _error(self, own: object) -> int | None:
        found: int | None = self._stream.get_last_error(ctypes.byref(self._stream))
        return found

    def _release(self, own: Any) -> None:
        _Stream.from_address(own).release = _Release()


class _Batch(ctypes.Structure):
    """ArrowArray."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in
          ("length", "null_count", "offset", "n_buffers", "n_children")),
        *((name, ctypes.c_void_p) for name in
          ("buffers", "children", "dictionary", "release", "private_data")),
    )  # fmt: skip


_GetSchema = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_GetNext = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Batch))
_GetError = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
_Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Stream(ctypes.Structure):
    """ArrowArrayStream."""

    _fields_ = (
        ("get_schema", _GetSchema), ("get_next", _GetNext), ("get_last_error", _GetError),
        ("release", _Release), ("private_data", ctypes.c_void_p),
    )  # fmt: skip


_CAPSULE = b"arrow_array_stream"
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype, _pointer_of.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


def _duckdb(asked: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"autoinstall_known_extensions": "false", **asked["settings"]})


if __name__ == "__main__":
    sys.exit(main())
