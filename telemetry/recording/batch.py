"""Rows on their way into a database, in transactions that hold whole ticks and nothing else."""

from __future__ import annotations

from telemetry.errors import RecordingError
from telemetry.recording.bulk import Into, insert_rows
from telemetry.recording.checks import Plan, Values
from telemetry.recording.target import Target, writing
from telemetry.recording.transactions import Transactions


class _Buffer:
    """Rows in the order they came, in stretches that are written by one plan."""

    def __init__(self) -> None:
        self.clear()

    def open(self, plan: Plan) -> list[Values]:
        """The list that takes rows of this plan now; `rows` is the caller's to count."""
        stretches = self._stretches.setdefault(plan.table.name, [])
        if not stretches or stretches[-1][0] is not plan:
            stretches.append((plan, []))
        return stretches[-1][1]

    def take_over(self, other: _Buffer) -> None:
        """Add the other's rows after these, and empty it."""
        for stretches in other._stretches.values():
            for plan, rows in stretches:
                self.open(plan).extend(rows)
        self.rows += other.rows
        other.clear()

    def __bool__(self) -> bool:
        return bool(self._stretches)

    def clear(self) -> None:
        self._stretches: dict[str, list[_Stretch]] = {}
        self.rows = 0

    def write(self, connection: Into) -> None:
        for stretches in self._stretches.values():
            for plan, rows in _joined(stretches):
                insert_rows(connection, plan.table, plan.names, rows)
        self.clear()


_Stretch = tuple[Plan, list[Values]]


def _joined(stretches: list[_Stretch]) -> list[_Stretch]:
    """The same rows in fewer statements: one, if what some leave out is NULL by default."""
    if len(stretches) < 3:
        return stretches
    table = stretches[0][0].table
    names = tuple(dict.fromkeys(name for plan, _ in stretches for name in plan.names))
    left_out = {name for plan, _ in stretches for name in {*names} - {*plan.names}}
    if any(table.c[n].server_default is not None or not table.c[n].nullable for n in left_out):
        return stretches
    rows: list[Values] = []
    for plan, some in stretches:
        if plan.names == names:
            rows += some
            continue
        places = {name: place for place, name in enumerate(plan.names)}
        order = [places.get(name, len(places)) for name in names]
        rows += [tuple(map((*row, None).__getitem__, order)) for row in some]
    return [(Plan(table, names), rows)]


class TickBatch:
    """Buffers rows of the tick under way and of ended ticks that still wait for their commit.

    What a caller would get wrong: a tick larger than the buffer spills into a transaction that
    stays open, and keeps the database's write lock, until `end_tick` or `drop_tick`. With
    ``ticks_per_commit`` above 1, up to that many ticks less one may wait, or be on their way.
    """

    def __init__(
        self, target: Target, *, ticks_per_commit: int = 1, max_rows: int = 20_000
    ) -> None:
        """``max_rows`` bounds what is held in memory; a larger tick is still committed whole."""
        if ticks_per_commit < 1:
            raise RecordingError(f"ticks_per_commit must be 1 or more, not {ticks_per_commit}.")
        self._target = target
        self._transactions = Transactions(target)
        self._ticks_per_commit = ticks_per_commit
        self._max_rows = max_rows
        self._under_way = _Buffer()
        self._ended = _Buffer()
        self._room = max_rows
        self._lists: dict[Plan, list[Values]] = {}
        self._ticks_ended = 0

    def add(self, plan: Plan, row: Values) -> None:
        """Take a row of the tick under way; memory stays below ``max_rows`` rows."""
        try:
            self._lists[plan].append(row)
        except KeyError:
            self._list_of(plan).append(row)
        self._room -= 1
        if self._room <= 0:
            self._spill()

    def add_many(self, plan: Plan, rows: list[Values]) -> None:
        """Take many rows of the tick under way."""
        self._list_of(plan).extend(rows)
        self._room -= len(rows)
        if self._room <= 0:
            self._spill()

    def _list_of(self, plan: Plan) -> list[Values]:
        """The list that takes rows of this plan, until one comes by another plan of its table."""
        for other in [other for other in self._lists if other.table is plan.table]:
            del self._lists[other]
        rows = self._lists[plan] = self._under_way.open(plan)
        return rows

    def _spill(self) -> None:
        self.commit_ended()
        self._write(self._under_way)
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._lists, self._room = {}, self._max_rows

    def end_tick(self) -> None:
        """The tick under way is whole: commit it, at once or with its successors."""
        self._under_way.rows = self._max_rows - self._room
        self._start_afresh()
        if self._transactions.open is not None:
            self._write(self._under_way)
            self._transactions.commit()
            return
        self._ended.take_over(self._under_way)
        self._ticks_ended += 1
        enough = self._transactions.together(self._ticks_per_commit)
        if self._ticks_ended >= enough or self._ended.rows >= self._max_rows:
            self._commit_ended()

    def drop_tick(self) -> None:
        """Forget the tick under way, also what has spilled of it."""
        self._start_afresh()
        self._under_way.clear()
        self._transactions.roll_back()

    def commit_ended(self) -> None:
        """Make every ended tick visible now; the tick under way is not touched."""
        self._commit_ended()
        self._transactions.confirm()

    def roll_back(self) -> None:
        """Give up the open transaction, if any; never raises, for it runs after failures."""
        self._transactions.give_up()

    def _commit_ended(self) -> None:
        if self._ticks_ended:
            self._write(self._ended, ahead=self._ticks_per_commit > 1)
            self._transactions.commit()
            self._ticks_ended = 0

    def _write(self, buffer: _Buffer, *, ahead: bool = False) -> None:
        if not buffer:
            return
        connection = self._transactions.open
        if connection is None:
            connection = self._transactions.begin(ahead=buffer.rows if ahead else 0)
        with writing(self._target):
            buffer.write(connection)
