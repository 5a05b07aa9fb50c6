"""The transactions of one run, of which a PostgreSQL server may be busy with one meanwhile."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from telemetry.recording.target import Target, writing


class Transactions:
    """One transaction after the other, each of them begun, written to by the caller, committed.

    Those that go ``ahead`` are sent without waiting for the server, which works on them while
    the simulator computes. What a caller would get wrong: after `commit` such a one is certain
    only once `confirm` has returned, and its failure is raised there, or by the next `begin`.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._pipeline: Any = None
        self._sent: Connection | None = None
        self.open: Connection | None = None

    def together(self, ticks_per_commit: int) -> int:
        """How many ticks to commit at once, so that never as many as asked for are in doubt.

        On a server half of them, which are gathered while the other half is on its way.
        """
        on_server = self._target.engine.dialect.name == "postgresql"
        return ticks_per_commit // 2 if on_server and ticks_per_commit > 1 else ticks_per_commit

    def begin(self) -> Connection:
        """Open a transaction, after the one before it was confirmed."""
        self.confirm()
        with writing(self._target):
            self.open = self._target.engine.connect()
            # Begun by hand: a bulk insert goes past SQLAlchemy, which would not notice it.
            self.open.begin()
        return self.open

    def go_ahead(self) -> None:
        """From here on, send what is written in the open transaction, and do not wait for it."""
        if self.open is not None:
            with writing(self._target):
                driver: Any = self.open.connection.driver_connection
                self._pipeline = driver.pipeline()
                self._pipeline.__enter__()

    def commit(self) -> None:
        """Commit the open transaction; nothing, where none is open."""
        connection, self.open = self.open, None
        if connection is None:
            return
        if self._pipeline is None:
            with writing(self._target), connection:
                connection.commit()
            return
        self._sent = connection
        with writing(self._target):
            connection.connection.cursor().execute("COMMIT")

    def confirm(self) -> None:
        """Wait until what was sent is committed; raises `RecordingError` where it could not be."""
        connection, self._sent = self._sent, None
        if connection is None:
            return
        with writing(self._target), connection:
            self._leave_pipeline()
            connection.commit()  # has happened; this tells SQLAlchemy

    def roll_back(self) -> None:
        """Give up the open transaction, if any; never raises, for it runs after failures."""
        connection, self.open = self.open, None
        if connection is None:
            return
        try:
            self._leave_pipeline()
        except Exception:
            connection.invalidate()
        try:
            connection.close()
        except Exception:
            connection.invalidate()

    def give_up(self) -> None:
        """As `roll_back`, and do not care what has become of the transaction that was sent."""
        self.open, self._sent = self.open or self._sent, None
        self.roll_back()

    def _leave_pipeline(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.__exit__(None, None, None)
