"""Qt's own messages go where the program's do, without the one that every headless run has."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

log = logging.getLogger("qt")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_HARMLESS = ("This plugin does not support propagateSizeHints()",)


@contextmanager
def heard() -> Iterator[None]:
    """While inside, what Qt says is logged."""
    before = qInstallMessageHandler(_hear)
    try:
        yield
    finally:
        qInstallMessageHandler(before)


def _hear(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    if message not in _HARMLESS:
        log.log(_LEVELS.get(kind, logging.WARNING), "%s", message)
