"""Driving a whole program in a test: open a source, wait until nothing is asked any more."""

from __future__ import annotations


def settle(qtbot, program):
    area = program.window.area
    qtbot.waitUntil(lambda: program.runner.idle() and area.settled(), timeout=20_000)


def opened(qtbot, program, path, run=None, tick=None):
    program.window.show()
    program.open([str(path)], run, tick)
    qtbot.waitUntil(lambda: program.document.run is not None, timeout=20_000)
    settle(qtbot, program)
    return program
