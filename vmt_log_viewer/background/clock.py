"""The clocks: one moves the cursor while playing, one looks for growth while following."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

from vmt_log_viewer.state.playback import Playback

FRAME = 33  # milliseconds between two moves of the cursor
FOLLOW_EVERY = 1000  # milliseconds between two looks at a growing source


class PlayClock(QObject):
    """Runs only while playing; time that a slow frame took is made up for."""

    def __init__(self, playback: Playback, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._playback = playback
        self._elapsed = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME)
        self._timer.timeout.connect(self._tick)
        playback.toggled.connect(self._toggled)

    def stop(self) -> None:
        self._timer.stop()

    def _toggled(self, playing: bool) -> None:
        if playing:
            self._elapsed.start()
            self._timer.start()
        else:
            self._timer.stop()

    def _tick(self) -> None:
        self._playback.advance(self._elapsed.restart() / 1000)


class FollowClock(QObject):
    """While on, calls `look` every second."""

    def __init__(self, look: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(FOLLOW_EVERY)
        self._timer.timeout.connect(look)

    def set_on(self, on: bool) -> None:
        if on:
            self._timer.start()
        else:
            self._timer.stop()
