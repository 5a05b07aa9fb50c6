"""Columns of a SQLite file that nobody writes to as arrays, read by processes of their own."""

from __future__ import annotations

import io
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from typing import Any

from telemetry.cancel import CancelToken
from telemetry.engines.arrow_process import asked
from telemetry.engines.columns import ColumnKind, Columns, ColumnsRead
from telemetry.engines.lines import ByValuesError
from telemetry.engines.sqlite_lines import ROWS_AT_ONCE, possible

READERS = 2
_FIRST: dict[ColumnKind, str] = {"whole": "0", "number": "0.5"}
"""A first row, by whose values the types of the columns are told."""
_TYPE: dict[ColumnKind, str] = {"whole": "=i8", "number": "=f8"}


def read(
    uri: str, statements: Sequence[str], kinds: Sequence[ColumnKind], token: CancelToken
) -> ColumnsRead:
    """The columns of each statement, in their order; ByValuesError where a value is of another
    kind, which may also be after some statements."""
    if not possible() or not statements:
        raise ByValuesError
    texts = [_with_types(statement, kinds) for statement in statements]
    with ExitStack() as stack:
        readers = [
            stack.enter_context(closing(_read(uri, texts[first::READERS], kinds, token)))
            for first in range(min(READERS, len(texts)))
        ]
        for reader in readers:
            next(reader)  # all of them begin before the first is waited for
        for place in range(len(texts)):
            found = next(readers[place % READERS])
            assert found is not None
            yield found


def _read(
    uri: str, texts: Sequence[str], kinds: Sequence[ColumnKind], token: CancelToken
) -> Generator[Columns | None]:
    """None once the process is at work, then what it reads."""
    import numpy as np

    question = {
        "uri": uri,
        "statements": texts,
        "rows at once": str(ROWS_AT_ONCE),
        "settings": {"threads": "1"},
        "types": [np.dtype(_TYPE[kind]).str for kind in kinds],
    }
    with asked(question, token) as (_, said):
        assert isinstance(said, io.BufferedReader)
        yield None
        for _ in texts:
            yield _columns(said, kinds, token)


def _columns(stream: io.BufferedReader, kinds: Sequence[ColumnKind], token: CancelToken) -> Columns:
    import numpy as np

    head = stream.read(8)
    rows = int.from_bytes(head, "little")
    found: list[Any] = []
    for kind in kinds:
        column = np.empty(rows, _TYPE[kind])
        if len(head) < 8 or stream.readinto(column.view(np.uint8).data) < column.nbytes:
            token.check()
            raise ByValuesError
        found.append(column)
    return tuple(found)


def _with_types(statement: str, kinds: Sequence[ColumnKind]) -> str:
    """The statement with a first row of the right kinds: Arrow's driver refuses any other value,
    whole numbers among doubles apart."""
    first = ", ".join(_FIRST[kind] for kind in kinds)
    return f"SELECT {first} UNION ALL SELECT * FROM ({statement})"
