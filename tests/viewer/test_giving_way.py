"""Tests of the workers' manners: what they do while the GUI thread is at work."""

import sys
import threading
import time

import pytest

from telemetry.cancel import CancelToken
from vmt_log_viewer.background import giving_way
from vmt_log_viewer.background.giving_way import A_LOOK, MOST, TURN, GivingWay


class World:
    """A clock that only sleeping moves, and a GUI thread that is at work for some of its time."""

    def __init__(self, monkeypatch):
        self.now, self.busy, self.used = 100.0, [], 0.0
        monkeypatch.setattr(giving_way, "time", self)

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.used += sum(
            max(0.0, min(b, self.now + seconds) - max(a, self.now)) for a, b in self.busy
        )
        self.now += seconds

    def slept(self, work):
        began = self.now
        work()
        return self.now - began


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


@pytest.fixture
def give_way(world):
    give_way = GivingWay(lambda: world.used)
    give_way()
    return give_way


def test_nobody_waits_for_a_gui_thread_that_is_idle(world, give_way):
    world.sleep(1)
    assert world.slept(give_way) == 0


def test_a_worker_waits_until_the_gui_thread_has_ended_its_work(world, give_way):
    world.busy = [(world.now, world.now + 0.02)]
    world.sleep(0.004)
    assert world.slept(give_way) == pytest.approx(0.016, abs=2 * A_LOOK)
    assert world.now >= world.busy[0][1]
    assert world.slept(give_way) == 0


def test_a_gui_thread_that_stays_at_work_gets_most_of_the_time_and_not_all(world, give_way):
    world.busy = [(world.now, world.now + 10)]
    world.sleep(0.004)
    assert world.slept(give_way) == pytest.approx(MOST, abs=2 * A_LOOK)
    world.sleep(TURN / 2)
    assert world.slept(give_way) == 0
    world.sleep(TURN)
    assert world.slept(give_way) == pytest.approx(MOST, abs=2 * A_LOOK)


def test_nobody_waits_where_the_system_does_not_tell(world, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    give_way = GivingWay()
    give_way()
    world.sleep(1)
    assert world.slept(give_way) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a thread's processor time")
def test_the_processor_time_is_that_of_the_thread_that_made_it():
    seen = []

    def look():
        used = giving_way._processor_time_of(main)
        before = used()
        go.set()
        done.wait(10)
        seen.append((used() - before, time.thread_time()))

    main, go, done = threading.get_ident(), threading.Event(), threading.Event()
    worker = threading.Thread(target=look)
    worker.start()
    go.wait(10)
    began = time.thread_time()
    while time.thread_time() - began < 0.05:
        pass
    done.set()
    worker.join()
    of_main, of_worker = seen[0]
    assert of_main >= 0.05 > of_worker


def test_a_question_gives_way_between_its_steps_and_is_still_cancelled():
    steps = []
    token = CancelToken(give_way=lambda: steps.append("waited"))
    token.check()
    token.check()
    assert steps == ["waited", "waited"]


def test_a_question_that_is_cancelled_while_it_gives_way_ends(qtbot):
    from telemetry.errors import QueryCancelled

    token = CancelToken(give_way=lambda: token.cancel())
    with pytest.raises(QueryCancelled):
        token.check()


def test_what_a_runner_asks_gives_way(runner, qtbot, monkeypatch):
    waited, seen = [], []
    monkeypatch.setattr(runner, "_give_way", lambda: waited.append(threading.get_ident()))
    runner.run("a", lambda token: token.check() or threading.get_ident(), seen.append)
    qtbot.waitUntil(lambda: bool(seen), timeout=5000)
    assert seen[0] in waited
