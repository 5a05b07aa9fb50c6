"""The clock that moves the cursor while playing."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

from vmt_log_viewer.state.playback import Playback

FRAME = 33  # milliseconds between two moves of the cursor


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
