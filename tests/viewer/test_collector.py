"""Garbage is collected on the GUI thread, and on no other, while the program runs."""

import gc
import threading

from vmt_log_viewer.background import collector as collector_module
from vmt_log_viewer.background.collector import Collector


class Ring:
    """Something that only a collection finds, and that tells on which thread it did."""

    ended: list[str]

    def __init__(self, ended: list[str]) -> None:
        self.ended = ended
        self.self = self

    def __del__(self) -> None:
        self.ended.append(threading.current_thread().name)


def test_a_worker_that_allocates_collects_nothing_and_the_gui_thread_does(qtbot):
    gc.enable()
    collector = Collector()
    ended: list[str] = []

    def work() -> None:
        for _ in range(20_000):
            Ring(ended)
            [[] for _ in range(3)]

    worker = threading.Thread(target=work, name="worker")
    worker.start()
    worker.join()
    assert "worker" not in ended
    qtbot.waitUntil(lambda: len(ended) > 0, timeout=20_000)
    assert set(ended) == {"MainThread"}
    collector.stop()
    assert gc.isenabled()
    collector.stop()
    gc.collect()
    collector.deleteLater()


def test_what_was_kept_is_looked_through_only_while_nobody_works(qtbot, monkeypatch):
    collector, done = Collector(), []
    for name in ("freeze", "unfreeze"):
        monkeypatch.setattr(gc, name, lambda name=name: done.append(name))
    monkeypatch.setattr(collector_module, "WHOLE", 0.0)
    monkeypatch.setattr(collector, "away", lambda: False)
    collector.collect_all()
    assert done == ["freeze"]
    monkeypatch.setattr(collector, "away", lambda: True)
    collector.collect_all()
    assert done[1:] == ["unfreeze", "freeze"]
    collector.stop()
    collector.deleteLater()


def test_many_new_objects_are_gone_through_before_they_take_long(qtbot, monkeypatch):
    collector, whole = Collector(), []
    monkeypatch.setattr(collector_module, "HEAVY", 3_000)
    monkeypatch.setattr(collector, "collect_all", lambda: whole.append(True))
    held = []
    for _ in range(4):
        held.append([[] for _ in range(1_000)])
        collector.look()
    assert whole
    assert len(held) == 4
    collector.stop()
    collector.deleteLater()


def test_the_program_collects_by_itself_from_its_start_to_its_end(make):
    gc.enable()
    program = make()
    assert not gc.isenabled()
    program.window.close()
    assert gc.isenabled()
