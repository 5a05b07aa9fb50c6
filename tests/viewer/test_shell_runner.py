"""Tests of the query runner: newest wins, nothing stale is shown, nothing is left behind."""

import os
import sys
import threading
import time
from concurrent import futures
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal

from telemetry.errors import NothingFoundError, QueryCancelled
from telemetry.queries import RunsQuery, TableQuery
from vmt_log_viewer.background import runner as runner_module
from vmt_log_viewer.background.giving_way import RANK
from vmt_log_viewer.background.runner import LATER_AT_ONCE, Runner, in_words


def wait(qtbot, condition):
    qtbot.waitUntil(condition, timeout=5000)


def test_an_answer_comes_on_the_gui_thread(runner, qtbot):
    seen = []
    runner.run(
        "a",
        lambda token: QThread.currentThread(),
        lambda worker: seen.append((worker, QThread.currentThread())),
    )
    wait(qtbot, lambda: bool(seen))
    assert seen[0][0] is not seen[0][1]
    assert seen[0][1] is runner.thread()


def test_a_query_is_put_to_the_source_with_a_token(runner, qtbot):
    asked, seen = [], []
    source = SimpleNamespace(ask=lambda query, token: asked.append((query, token)) or "runs")
    runner.submit("a", source, RunsQuery(), seen.append)
    wait(qtbot, lambda: bool(seen))
    assert seen == ["runs"]
    assert asked[0][0] == RunsQuery()
    assert asked[0][1].cancelled is False


def test_the_newest_of_a_lane_wins_and_the_older_is_cancelled(runner, qtbot):
    seen, tokens = [], []
    started = threading.Event()

    def slow(token):
        tokens.append(token)
        started.set()
        with token.interrupting(lambda: None):
            while True:
                token.check()

    runner.run("a", slow, lambda answer: seen.append("old"))
    qtbot.waitUntil(started.is_set, timeout=5000)
    runner.run("a", lambda token: "new", seen.append)
    wait(qtbot, lambda: bool(seen))
    assert seen == ["new"]
    assert tokens[0].cancelled


def test_an_answer_that_arrives_after_a_newer_question_is_not_shown(runner, qtbot):
    seen = []
    release, running = threading.Event(), threading.Event()

    def deaf(token):
        running.set()
        release.wait(5)
        return "stale"

    runner.run("a", deaf, seen.append)
    qtbot.waitUntil(running.is_set, timeout=5000)
    runner.run("a", lambda token: "fresh", seen.append)
    release.set()
    wait(qtbot, lambda: "fresh" in seen)
    runner.run("b", lambda token: "end", seen.append)
    wait(qtbot, lambda: "end" in seen)
    assert seen == ["fresh", "end"]


def test_work_begins_after_the_turn_and_only_the_newest(runner, qtbot):
    begun, seen = [], []
    for text in ("old", "new"):
        runner.run("a", lambda token, text=text: begun.append(text), seen.append)
    runner.run("b", lambda token: begun.append("withdrawn"), seen.append)
    runner.cancel("b")
    time.sleep(0.05)  # in which a worker would have begun
    assert begun == []
    wait(qtbot, runner.idle)
    assert begun == ["new"]


def test_lanes_do_not_disturb_each_other(runner, qtbot):
    seen = []
    for lane in "abcdef":
        runner.run(lane, lambda token, lane=lane: lane, seen.append)
    wait(qtbot, runner.idle)
    assert sorted(seen) == list("abcdef")


def test_a_known_error_goes_to_whoever_asked(runner, qtbot):
    seen, others = [], []
    runner.failed.connect(lambda lane, error: others.append(str(error)))

    def fail(token):
        raise NothingFoundError("There is nothing.")

    runner.run("a", fail, seen.append, lambda error: seen.append(str(error)))
    runner.run("b", fail, seen.append)
    wait(qtbot, runner.idle)
    assert (seen, others) == (["There is nothing."], ["There is nothing."])


def test_a_cancelled_query_is_silent(runner, qtbot):
    seen = []

    def cancelled(token):
        raise QueryCancelled("The query was cancelled.")

    runner.run("a", cancelled, seen.append, seen.append)
    wait(qtbot, runner.idle)
    assert seen == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_unexpected_exception_is_announced_and_logged(qtbot, caplog):
    runner = Runner()
    crashes = []
    runner.crashed.connect(lambda what, error: crashes.append((what, type(error))))
    runner.run("a", lambda token: 1 / 0, lambda answer: None, what="dividing")
    wait(qtbot, runner.idle)
    runner.close()
    assert crashes == [("dividing", ZeroDivisionError)]
    assert "Something went wrong in dividing" in caplog.text
    runner.deleteLater()


def test_the_answer_for_a_widget_that_is_gone_is_dropped(runner, qtbot):
    seen = []
    owner = QObject()
    release = threading.Event()
    runner.run("a", lambda token: release.wait(5), seen.append, owner=owner)
    owner.deleteLater()
    qtbot.waitSignal(owner.destroyed, timeout=1000, raising=False)
    wait(qtbot, runner.idle)
    release.set()
    runner.run("b", lambda token: "end", seen.append)
    wait(qtbot, lambda: bool(seen))
    assert seen == ["end"]


def test_idle_is_announced_once_everything_is_answered(runner, qtbot):
    with qtbot.waitSignal(runner.idle_reached, timeout=5000):
        runner.run("a", lambda token: 1, lambda answer: None)
        assert not runner.idle()
    assert runner.idle()


def test_cancelling_reaches_idle_without_an_answer(runner, qtbot):
    seen = []
    release = threading.Event()
    runner.run("view.a", lambda token: release.wait(5), seen.append)
    assert runner.pending("view.")
    assert not runner.pending("other.")
    with qtbot.waitSignal(runner.idle_reached, timeout=1000):
        runner.cancel("view.a")
    release.set()
    assert seen == []


def test_what_was_asked_of_a_source_that_closes_is_withdrawn(runner, qtbot):
    seen = []
    release = threading.Event()
    slow = SimpleNamespace(ask=lambda query, token: release.wait(5))
    quick = SimpleNamespace(ask=lambda query, token: "kept")
    runner.submit("a", slow, RunsQuery(), seen.append)
    runner.submit("b", quick, RunsQuery(), seen.append)
    runner.forget(slow)
    release.set()
    wait(qtbot, runner.idle)
    assert seen == ["kept"]


def test_progress_is_told_with_the_lane(runner, qtbot):
    seen = []
    runner.progressed.connect(lambda *told: seen.append(told))
    runner.run("a", lambda token: token.report(5, 10, "rows"), lambda answer: None)
    wait(qtbot, lambda: bool(seen))
    assert seen == [("a", 5, 10, "rows")]


def test_closing_waits_for_the_workers_and_ends_their_threads(qtbot):
    runner = Runner()
    seen = []
    started = threading.Event()

    def busy(token):
        started.set()
        while True:
            token.check()

    for lane in "abc":
        runner.run(lane, busy, seen.append, seen.append)
    qtbot.waitUntil(started.is_set, timeout=5000)
    runner.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("query")]
    runner.run("late", lambda token: 1, seen.append)
    assert runner.idle()
    assert seen == []
    runner.deleteLater()


def test_work_is_named_for_people():
    assert in_words(TableQuery(1, "trades")) == "reading trades"
    assert in_words(RunsQuery()) == "reading runs"


def test_what_was_answered_from_what_had_been_kept_is_known_until_it_is_asked_again(runner, qtbot):
    def kept(token):
        token.kept = "2026-01-02 03:04 UTC"

    seen = []
    source = SimpleNamespace()
    runner.run("a.count", kept, seen.append, what="counting", source=source)
    runner.run("b.count", lambda token: 1, seen.append)
    wait(qtbot, lambda: len(seen) == 2)
    assert runner.kept("a.") == (("counting", "2026-01-02 03:04 UTC"),)
    assert runner.kept("b.") == ()
    runner.forget(source)
    assert runner.kept() == ()
    runner.run("a.count", kept, seen.append, what="counting", source=source)
    wait(qtbot, lambda: len(seen) == 3)
    runner.run("a.count", lambda token: 1, seen.append)
    assert runner.kept() == ()
    wait(qtbot, lambda: len(seen) == 4)
    assert runner.kept() == ()


def test_what_nobody_waits_for_begins_once_all_else_is_answered(runner, qtbot):
    begun, release = [], threading.Event()
    source = SimpleNamespace(ask=lambda query, token: begun.append("pass"))
    runner.run("a", lambda token: release.wait(5), lambda answer: begun.append("a"))
    runner.submit("b", source, RunsQuery(), lambda answer: None, later=True)
    runner.run("c", lambda token: None, lambda answer: begun.append("c"))
    wait(qtbot, lambda: "c" in begun)
    qtbot.wait(20)  # turns in which it might have begun
    assert begun == ["c"]
    assert not runner.idle()
    release.set()
    wait(qtbot, runner.idle)
    assert begun == ["c", "a", "pass"]


def test_what_was_put_off_for_long_begins_beside_others(runner, qtbot, monkeypatch):
    monkeypatch.setattr(runner_module, "LATEST", 0.0)
    begun, release = threading.Event(), threading.Event()
    source = SimpleNamespace(ask=lambda query, token: begun.set())
    runner.run("a", lambda token: release.wait(5), lambda answer: None)
    runner.submit("b", source, RunsQuery(), lambda answer: None, later=True)
    qtbot.waitUntil(begun.is_set, timeout=5000)
    release.set()
    wait(qtbot, runner.idle)


@pytest.mark.parametrize(("latest", "at_once"), [(60.0, LATER_AT_ONCE), (0.01, 3)])
def test_passes_leave_a_worker_to_whoever_asks_next(runner, qtbot, monkeypatch, latest, at_once):
    monkeypatch.setattr(runner_module, "LATEST", latest)
    begun, release, seen = [], threading.Event(), []
    source = SimpleNamespace(ask=lambda query, token: begun.append(1) or release.wait(5))
    for lane in "abcdef":
        runner.submit(lane, source, RunsQuery(), seen.append, later=True)
    qtbot.waitUntil(lambda: len(begun) == at_once, timeout=5000)
    runner.run("quick", lambda token: "quick", seen.append)
    wait(qtbot, lambda: bool(seen))
    assert seen == ["quick"]
    assert len(begun) == at_once
    release.set()
    wait(qtbot, runner.idle)
    assert len(begun) == 6


def test_what_was_cancelled_before_it_began_is_never_asked(runner, qtbot):
    begun, release = [], threading.Event()
    source = SimpleNamespace(ask=lambda query, token: begun.append(query) or "answer")
    runner.run("a", lambda token: release.wait(5), lambda answer: None)
    for lane in ("b", "c"):
        runner.submit(lane, source, RunsQuery(), begun.append, begun.append, later=True)
    runner.cancel("b")
    runner.submit("c", source, TableQuery(1, "trades"), lambda answer: None, later=True)
    release.set()
    wait(qtbot, runner.idle)
    assert begun == [TableQuery(1, "trades")]


@pytest.mark.parametrize(("turn", "seen"), [(0.0, "a,turn,b,turn"), (60.0, "a,b,turn,turn")])
def test_answers_that_take_long_to_show_leave_turns_to_others(
    runner, qtbot, monkeypatch, turn, seen
):
    class Other(QObject):
        asked = Signal()

    monkeypatch.setattr(runner_module, "A_TURN", turn)
    order, other = [], Other()
    other.asked.connect(lambda: order.append("turn"), Qt.ConnectionType.QueuedConnection)

    def show(answer):
        order.append(answer)
        other.asked.emit()

    for lane in ("a", "b"):
        runner.run(lane, lambda token, lane=lane: lane, show)
        runner._begin()
        futures.wait([job.future for job in runner.jobs()], timeout=5)
    qtbot.waitUntil(lambda: len(order) == 4, timeout=5000)
    assert ",".join(order) == seen


def test_who_was_due_while_the_window_was_painted_comes_before_the_next_answer(runner, qtbot):
    class Window(QObject):
        paint = Signal()

    order, window, beat = [], Window(), QTimer()

    def painted():
        time.sleep(0.1)
        order.append("painted")

    window.paint.connect(painted, Qt.ConnectionType.QueuedConnection)
    beat.timeout.connect(lambda: order.append("beat"))
    runner.run("a", lambda token: "a", order.append)
    runner._begin()
    futures.wait([job.future for job in runner.jobs()], timeout=5)
    window.paint.emit()
    beat.start(50)
    qtbot.waitUntil(lambda: "a" in order, timeout=5000)
    beat.stop()
    assert order[:3] == ["painted", "beat", "a"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ranks the threads of a program")
def test_workers_let_the_gui_thread_go_first(runner, qtbot):
    def rank(token=None):
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    seen = []
    runner.run("a", rank, seen.append)
    wait(qtbot, lambda: bool(seen))
    assert seen[0] == min(19, rank() + RANK)
