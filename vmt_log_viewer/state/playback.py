"""Playback: whether the cursor runs by itself, and how fast; the clock itself is elsewhere."""

from __future__ import annotations

from psygnal import Signal

from vmt_log_viewer.state.cursor import Cursor

SPEEDS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)  # ticks per second


class Playback:
    """Moves the cursor on while `playing`. Somebody with a clock has to call `advance`."""

    toggled = Signal(bool)
    speed_changed = Signal(float)

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._playing = False
        self._speed = 10.0
        self._owed = 0.0

    @property
    def playing(self) -> bool:
        return self._playing

    @property
    def speed(self) -> float:
        """Recorded ticks per second."""
        return self._speed

    def set_speed(self, speed: float) -> None:
        """Choose the speed; ValueError unless it is positive."""
        if not speed > 0:
            raise ValueError(f"A speed of {speed} ticks per second goes nowhere.")
        if speed != self._speed:
            self._speed = speed
            self.speed_changed.emit(speed)

    def play(self) -> None:
        """Start, from the beginning where the cursor stands at the end."""
        bounds = self._cursor.bounds
        if bounds is None or self._playing:
            return
        if self._cursor.tick == bounds.last:
            self._cursor.first()
        self._owed = 0.0
        self._playing = True
        self.toggled.emit(True)

    def stop(self) -> None:
        if self._playing:
            self._playing = False
            self.toggled.emit(False)

    def toggle(self) -> None:
        if self._playing:
            self.stop()
        else:
            self.play()

    def advance(self, seconds: float) -> None:
        """Move on by what `seconds` of playing amount to; stops at the last tick."""
        if not self._playing:
            return
        self._owed += seconds * self._speed
        whole = int(self._owed)
        self._owed -= whole
        self._cursor.step(whole)
        bounds = self._cursor.bounds
        if bounds is None or self._cursor.tick == bounds.last:
            self.stop()
