"""Each check of tests/hygiene.py sees a test fail, and leaves a tidy one alone."""

import importlib.util
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent

needs_qt = pytest.mark.skipif(
    importlib.util.find_spec("PySide6") is None, reason="PySide6 is not installed"
)

THREAD = """
import threading
def test_it():
    threading.Thread(target=threading.Event().wait, name="loose", daemon=True).start()
"""
ENDING_THREAD = """
import threading, time
def test_it():
    threading.Thread(target=time.sleep, args=(0.2,)).start()
"""
TIMER = """
from PySide6.QtCore import QTimer
timers = []
def test_it(qapp):
    timers.append(QTimer(objectName="loose"))
    timers[0].start(1000)
"""
QTHREAD = """
from PySide6.QtCore import QThread
threads = []
def test_it(qapp):
    threads.append(QThread(objectName="loose"))
    threads[0].start()
def test_end_it():
    threads[0].quit()
    threads[0].wait()
"""
WINDOW = """
from PySide6.QtWidgets import QWidget
windows = []
def test_it(qapp):
    windows.append(QWidget(objectName="loose"))
"""
TIDY = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget, QMenu
def test_qtbot_closes_it(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    timer = QTimer(widget)
    timer.start(1000)
def test_a_reference_cycle_goes(qapp):
    widget = QWidget()
    widget.me = widget
def test_a_widget_on_its_way_out_goes(qapp):
    widget = QMenu()
    widget.deleteLater()
"""


def _run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, text: str) -> pytest.RunResult:
    pytester.makepyfile(text)
    pytester.makeconftest("import tests.hygiene\ntests.hygiene.PATIENCE = 0.5")
    monkeypatch.setenv("PYTHONPATH", str(_ROOT))
    monkeypatch.setenv("PYTEST_QT_API", "pyside6")
    return pytester.runpytest_subprocess("-p", "tests.hygiene", "-p", "no:cacheprovider")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(THREAD, "the thread 'loose'", id="thread"),
        pytest.param(TIMER, "the running timer QTimer 'loose'", id="timer", marks=needs_qt),
        pytest.param(QTHREAD, "the running thread QThread 'loose'", id="qthread", marks=needs_qt),
        pytest.param(WINDOW, "the window QWidget 'loose'", id="window", marks=needs_qt),
    ],
)
def test_what_is_left_behind_fails_the_test_by_name(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, text: str, complaint: str
) -> None:
    result = _run(pytester, monkeypatch, text)

    assert result.parseoutcomes()["errors"] == 1
    result.stdout.fnmatch_lines([f"*test_it leaves behind: {complaint}*"])


def test_a_thread_that_is_ending_is_waited_for(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(pytester, monkeypatch, ENDING_THREAD).assert_outcomes(passed=1)


@needs_qt
def test_what_goes_by_itself_is_not_blamed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(pytester, monkeypatch, TIDY).assert_outcomes(passed=3)


def test_a_test_without_qt_does_not_load_qt(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile("import sys\ndef test_it(): assert 'PySide6.QtCore' not in sys.modules")
    monkeypatch.setenv("PYTHONPATH", str(_ROOT))

    result = pytester.runpytest_subprocess("-p", "tests.hygiene", "-p", "no:pytest-qt")

    result.assert_outcomes(passed=1)


def test_the_home_folder_is_not_the_users(home: Path) -> None:
    assert Path.home() == home
    assert not list(home.rglob("*.db"))
