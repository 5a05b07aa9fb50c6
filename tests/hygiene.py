"""A pytest plugin that fails a test which leaves a thread, a running timer or a window behind.

Everything is compared with what was there before the test, and what is on its way out (a thread
that is ending, a widget waiting for its deferred delete, a reference cycle) is given time to go.
Qt is looked at only in a test that asks for the application (`qapp`, `qtbot`), and never loaded.
"""

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

PATIENCE = 5.0  # seconds; only a test that really leaves something behind waits this long


def pytest_collection_finish() -> None:
    """Set aside what importing made, some hundred thousand objects, so that looking through what
    a test leaves (and collecting it) does not go through them each time."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Give it back, or modules written in C complain at the end about what was not taken down."""
    gc.unfreeze()
    gc.collect()


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    alive = _alive_with_qt if "qapp" in request.fixturenames else _threads
    # Holding these keeps their ids from being given to newer objects.
    before = {id(thing): thing for thing, _ in alive()}
    yield
    left = _wait_until_gone(lambda: [(t, text) for t, text in alive() if id(t) not in before])
    if left:
        pytest.fail(f"{request.node.name} leaves behind: " + "; ".join(text for _, text in left))


def _wait_until_gone(find: Callable[[], list[tuple[object, str]]]) -> list[tuple[object, str]]:
    deadline = time.monotonic() + PATIENCE
    while True:
        _deliver_deferred_deletes()
        left = find()
        if not left or time.monotonic() > deadline:
            return left
        left.clear()
        gc.collect()
        time.sleep(0.01)


def _alive_with_qt() -> list[tuple[object, str]]:
    return [*_threads(), *_timers_and_qthreads(), *_windows()]


def _threads() -> list[tuple[object, str]]:
    """Python's threads; a dummy stands for a foreign thread and outlives it, so it says nothing."""
    return [
        (thread, f"the thread {thread.name!r}")
        for thread in threading.enumerate()
        if not isinstance(thread, threading._DummyThread)
    ]


def _timers_and_qthreads() -> list[tuple[object, str]]:
    core = sys.modules.get("PySide6.QtCore")
    if core is None:
        return []
    tracked = gc.get_objects()
    kinds = {
        kind for kind in set(map(type, tracked)) if issubclass(kind, core.QTimer | core.QThread)
    }
    if not kinds:
        return []
    found: list[tuple[object, str]] = []
    for thing in tracked:
        if type(thing) not in kinds or not _usable(thing):
            continue
        if isinstance(thing, core.QTimer):
            if thing.isActive():
                found.append((thing, f"the running timer {_described(thing)}"))
        elif thing.isRunning():
            found.append((thing, f"the running thread {_described(thing)}"))
    return found


def _windows() -> list[tuple[object, str]]:
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return []
    return [
        (widget, f"the window {_described(widget)}")
        for widget in widgets.QApplication.topLevelWidgets()
    ]


def _deliver_deferred_deletes() -> None:
    core = sys.modules.get("PySide6.QtCore")
    if core is None or core.QCoreApplication.instance() is None:
        return
    core.QCoreApplication.sendPostedEvents(None, core.QEvent.Type.DeferredDelete)
    core.QCoreApplication.processEvents()


def _usable(thing: object) -> bool:
    return bool(sys.modules["shiboken6"].isValid(thing))


def _described(thing: object) -> str:
    name = thing.objectName()  # type: ignore[attr-defined]
    return f"{type(thing).__name__} {name!r}" if name else type(thing).__name__
