"""Marks: the ticks of the run shown that the user wants to find again, with names and notes."""

from __future__ import annotations

from collections.abc import Iterable

from psygnal import Signal

from telemetry.frozen import Frozen


class Mark(Frozen, order=True):
    """A marked tick; `name` and `note` are empty until somebody says something about it."""

    tick: int
    name: str = ""
    note: str = ""

    @property
    def words(self) -> str:
        """ "tick 40: the switch", without a name "tick 40"."""
        return f"tick {self.tick}: {self.name}" if self.name else f"tick {self.tick}"


class Marks:
    """Marked ticks, ascending, each once.

    `changed` is emitted for every change, a name's too; `ticks` may then be the same as before.
    """

    changed = Signal(object)  # tuple[Mark, ...]

    def __init__(self) -> None:
        self._marks: tuple[Mark, ...] = ()

    @property
    def all(self) -> tuple[Mark, ...]:
        return self._marks

    @property
    def ticks(self) -> tuple[int, ...]:
        return tuple(mark.tick for mark in self._marks)

    def at(self, tick: int | None) -> Mark | None:
        """The mark of exactly this tick."""
        return next((mark for mark in self._marks if mark.tick == tick), None)

    def replace(self, marks: Iterable[Mark]) -> None:
        """Exactly these; of two at one tick the later one counts."""
        chosen = tuple(sorted({mark.tick: mark for mark in marks}.values()))
        if chosen != self._marks:
            self._marks = chosen
            self.changed.emit(chosen)

    def put(self, mark: Mark) -> None:
        """Mark a tick, or say something else about it."""
        self.replace([*self._marks, mark])

    def remove(self, tick: int) -> None:
        self.replace(mark for mark in self._marks if mark.tick != tick)

    def toggle(self, tick: int) -> None:
        """Mark `tick`, or take its mark away together with its name and note."""
        if self.at(tick) is None:
            self.put(Mark(tick))
        else:
            self.remove(tick)

    def after(self, tick: int) -> int | None:
        """The next marked tick, beginning again after the last; None where there is none."""
        return next((t for t in self.ticks if t > tick), next(iter(self.ticks), None))

    def before(self, tick: int) -> int | None:
        """The marked tick before, going on from the last before the first; None without any."""
        downward = self.ticks[::-1]
        return next((t for t in downward if t < tick), next(iter(downward), None))


def plain_marks(marks: Iterable[Mark]) -> list[dict[str, object]]:
    """Marks as values that JSON can hold."""
    return [{"tick": mark.tick, "name": mark.name, "note": mark.note} for mark in marks]


def marks_of(plain: object) -> tuple[Mark, ...]:
    """The marks that `plain_marks` gave; a bare number is a tick without a name.

    What is no mark is left out: the text may come from another program or version.
    """
    found: list[Mark] = []
    for each in plain if isinstance(plain, list) else ():
        tick = each.get("tick") if isinstance(each, dict) else each
        if isinstance(tick, int) and not isinstance(tick, bool):
            named = each if isinstance(each, dict) else {}
            found.append(Mark(tick, str(named.get("name") or ""), str(named.get("note") or "")))
    return tuple(found)
