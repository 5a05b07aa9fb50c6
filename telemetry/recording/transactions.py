"""The transactions of one run, of which another process may be busy with one meanwhile."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from telemetry.recording.scribe import Into, Parcel, Sent
from telemetry.recording.target import Target, writing


class Transactions:
    """One transaction after the other, each of them begun, written to by the caller, committed.

    Those that go ``ahead`` are sent to the server, or to the process that writes to a SQLite
    file, and not waited for: they are worked on while the simulator computes. What a caller would
    get wrong: after `commit` such a one is certain only once `confirm` has returned, and its
    failure is raised there, or by the next `begin`.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._pipeline: Any = None
        self._ahead = target.engine.dialect.name == "postgresql"
        self._sent: Connection | Sent | None = None
        self.open: Into | None = None

    def together(self, ticks_per_commit: int) -> int:
        """How many ticks to commit at once, so that never as many as asked for are in doubt.

        Half of them, which are gathered while the other half is on its way.
        """
        return ticks_per_commit // 2 if self._ahead and ticks_per_commit > 1 else ticks_per_commit

    def begin(self, *, ahead: int = 0) -> Into:
        """Open a transaction, after the one before it was confirmed.

        It may go ahead with that many rows.
        """
        self.confirm()
        scribe = self._target.scribe
        if ahead and scribe is not None and scribe.takes(ahead):
            if self._ahead:
                self.open = Parcel(scribe)
                return self.open
            self._ahead = True  # from the next on, which will be half as long
        with writing(self._target):
            self.open = connection = self._target.engine.connect()
            # Begun by hand: a bulk insert goes past SQLAlchemy, which would not notice it.
            connection.begin()
        return connection

    def go_ahead(self) -> None:
        """From here on, send what is written in the open transaction, and do not wait for it."""
        server = self._target.engine.dialect.name == "postgresql"
        if server and isinstance(self.open, Connection):
            with writing(self._target):
                driver: Any = self.open.connection.driver_connection
                self._pipeline = driver.pipeline()
                self._pipeline.__enter__()

    def commit(self) -> None:
        """Commit the open transaction; nothing, where none is open."""
        connection, self.open = self.open, None
        if connection is None:
            return
        if isinstance(connection, Parcel):
            with writing(self._target):
                self._sent = connection.scribe.send(connection)
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
        if isinstance(connection, Sent):
            with writing(self._target):
                connection.confirm()
            return
        with writing(self._target), connection:
            self._leave_pipeline()
            connection.commit()  # has happened; this tells SQLAlchemy

    def roll_back(self) -> None:
        """Give up the open transaction, if any; never raises, for it runs after failures."""
        connection, self.open = self.open, None
        if connection is None or isinstance(connection, Parcel):
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
        sent, self._sent = self._sent, None
        if isinstance(sent, Sent):
            with suppress(Exception):
                sent.confirm()
        else:
            self.open = self.open or sent
        self.roll_back()

    def _leave_pipeline(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.__exit__(None, None, None)
