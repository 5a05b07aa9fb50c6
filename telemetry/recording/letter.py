"""A transaction that is sent to a PostgreSQL server as a whole, and not waited for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.engine import Dialect

from telemetry.errors import RecordingError

_DIVISION_BY_ZERO = "22012"


class Letter:
    """A transaction that is gathered for a server; takes rows as a connection would.

    What a caller would get wrong: nothing is sent, read or refused before it is posted; what it
    relies on is told to `expect`.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.statements: list[tuple[str, Sequence[object]]] = []
        self.refusal = ""

    def execute(self, statement: str, values: Sequence[object]) -> None:
        """One statement, its values as the driver takes them."""
        self.statements.append((statement, values))

    def expect(self, query: str, values: Sequence[object], text: str) -> None:
        """Go on only where the query finds a row; the text is the error otherwise."""
        # The server itself must stop there, for what follows is with it by then.
        self.execute(f"SELECT 1 / count(*) FROM ({query}) AS expected", values)
        self.refusal = text


class Posted:
    """A letter on its way, and the connection that it goes by, which may take the next one.

    What a caller would get wrong: it is certain only once `confirm` has returned; whoever has
    no other letter for the connection closes it.
    """

    def __init__(self, connection: PoolProxiedConnection, letter: Letter) -> None:
        self.connection = connection
        self._letter = letter
        self._pipeline: Any = None

    def send(self) -> None:
        """Send it all; raises the driver's own errors, also those of the server."""
        driver: Any = self.connection.driver_connection
        self._pipeline = driver.pipeline()
        self._pipeline.__enter__()
        with self._refusing():
            cursor = driver.cursor()
            for statement, values in self._letter.statements:
                cursor.execute(statement, values)
            cursor.execute("COMMIT")

    def confirm(self) -> None:
        """Wait until it is committed; raises the driver's errors, or `RecordingError`."""
        with self._refusing():
            self._leave()

    def give_up(self) -> None:
        """Do not care what becomes of it; never raises, for it runs after failures."""
        try:
            self._leave()
        except Exception:
            self.connection.invalidate()
        try:
            self.connection.close()
        except Exception:
            self.connection.invalidate()

    def _leave(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.__exit__(None, None, None)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if getattr(error, "sqlstate", None) == _DIVISION_BY_ZERO and self._letter.refusal:
                raise RecordingError(self._letter.refusal) from None
            raise
