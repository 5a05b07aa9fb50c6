"""The transactions of one run, of which another process may be busy with one meanwhile."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import PoolProxiedConnection

from telemetry.recording.bulk import Into
from telemetry.recording.letter import Letter, Posted
from telemetry.recording.scribe import Parcel, Sent
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
        self._server = self._ahead = target.engine.dialect.name == "postgresql"
        self._sent: Posted | Sent | None = None
        self.open: Into | None = None

    def together(self, ticks_per_commit: int) -> int:
        """How many ticks to commit at once, so that never as many as asked for are in doubt.

        Half of them, which are gathered while the other half is on its way.
        """
        return ticks_per_commit // 2 if self._ahead and ticks_per_commit > 1 else ticks_per_commit

    def begin(self, *, ahead: int = 0) -> Into:
        """Open a transaction, after the one before it was confirmed.

        It may go ahead with that many rows; to a server, the one before is confirmed when this
        one is committed, so that the server is busy while its rows are made ready.
        """
        if ahead and self._server:
            self.open = Letter(self._target.engine.dialect)
            return self.open
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

    def commit(self) -> None:
        """Commit the open transaction; nothing, where none is open."""
        connection, self.open = self.open, None
        if connection is None:
            return
        with writing(self._target):
            if isinstance(connection, Parcel):
                self._sent = connection.scribe.send(connection)
            elif isinstance(connection, Letter):
                way = self._confirmed() or self._target.engine.raw_connection()
                self._sent = posted = Posted(way, connection)
                posted.send()
            else:
                with connection:
                    connection.commit()

    def confirm(self) -> None:
        """Wait until what was sent is committed; raises `RecordingError` where it could not be."""
        with writing(self._target):
            way = self._confirmed()
            if way is not None:
                way.close()

    def _confirmed(self) -> PoolProxiedConnection | None:
        """The connection that was used, free again."""
        sent, self._sent = self._sent, None
        if sent is None:
            return None
        try:
            sent.confirm()
        except BaseException:
            if isinstance(sent, Posted):
                sent.give_up()
            raise
        return sent.connection if isinstance(sent, Posted) else None

    def roll_back(self) -> None:
        """Give up the open transaction, if any; never raises, for it runs after failures."""
        connection, self.open = self.open, None
        if connection is None or isinstance(connection, Parcel | Letter):
            return
        try:
            connection.close()
        except Exception:
            connection.invalidate()

    def give_up(self) -> None:
        """As `roll_back`, and do not care what has become of the transaction that was sent."""
        sent, self._sent = self._sent, None
        if isinstance(sent, Posted):
            sent.give_up()
        elif sent is not None:
            with suppress(Exception):
                sent.confirm()
        self.roll_back()
