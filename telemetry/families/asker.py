"""What a family's own questions may use of the database at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from telemetry.cancel import CancelToken
from telemetry.engines.columns import ColumnKind, ColumnsRead


class Asker(Protocol):
    """What a family's own questions may use: columns, and rows of a statement."""

    def column(self, table: str, name: str) -> sa.ColumnElement[Any]: ...

    def has(self, table: str, *names: str) -> bool: ...

    def scale(self, name: str) -> int: ...

    def along_ticks(self, table: str) -> list[sa.ColumnElement[bool]]: ...

    def rows(self, statement: sa.Select[Any]) -> list[tuple[Any, ...]]: ...

    def chunks(self, statement: sa.Select[Any], size: int = ...) -> Iterator[list[Any]]: ...

    def rows_of_all(
        self, statements: Sequence[sa.Select[Any]], report: Callable[[int], None]
    ) -> list[list[tuple[Any, ...]]]:
        """All rows of each statement; `report` is told how many are done."""
        ...

    @property
    def engine_columns(
        self,
    ) -> Callable[[Sequence[sa.Select[Any]], Sequence[ColumnKind]], ColumnsRead]:
        """Reads the rows of many statements as arrays; ByValuesError where it cannot."""
        ...

    @property
    def token(self) -> CancelToken: ...
