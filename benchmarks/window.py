"""The window on a large database: when its GUI thread was blocked, tick steps, zooms, memory.

`python -m benchmarks.window FILE` works through what people do, offscreen, and prints a line a
work; `--why` adds what the GUI thread did while it was blocked.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
from PySide6.QtCore import QEventLoop, QSize, Qt, QTimer
from PySide6.QtWidgets import QGridLayout, QWidget

from benchmarks.watchdog import Watchdog
from vmt_log_viewer.app import Program, application

FIRST = "open, run list, first plot"
SIZE = QSize(1400, 900)
WALL = QSize(2100, 1350)
PATIENCE = 300.0  # seconds


class Driver:
    """A program on a database, driven as a person would; every work is told to the watchdog."""

    def __init__(self, program: Program, dog: Watchdog) -> None:
        self.program, self.dog = program, dog
        self.took: dict[str, float] = {}
        self.memory: dict[str, float] = {}
        self.crashes: list[str] = []
        self._process = psutil.Process()
        self._empty = self._process.memory_info().rss
        program.runner.crashed.connect(lambda what, error: self.crashes.append(f"{what}: {error}"))

    def do(
        self, work: str, act: Callable[[], object], ready: Callable[[], bool] | None = None
    ) -> None:
        """Act, then let the program work until it is `ready` (once nothing is asked any more).

        `took` gets the milliseconds until it was, `memory` the MB over those of the empty window.
        """
        self.dog.begin(work)
        begin = time.perf_counter()
        act()
        if ready is not None:
            wait(ready)
            self.took[work] = (time.perf_counter() - begin) * 1e3
        wait(self.settled)
        self.took.setdefault(work, (time.perf_counter() - begin) * 1e3)
        self.memory[work] = self.megabytes()
        self.dog.begin("")

    def settled(self) -> bool:
        program = self.program
        dressed = program.dressing.idle()
        return program.runner.idle() and program.window.area.settled() and dressed

    def megabytes(self) -> float:
        return (self._process.memory_info().rss - self._empty) / 1e6

    def peak(self) -> float:
        """The most memory that was ever in use, in MB over that of the empty window."""
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return (most - self._empty) / 1e6

    def see(self, name: str) -> None:
        area = self.program.window.area
        page = area.page(name)
        if page is not None and page.reason is None:
            self.do(f"see {page.kind.title}", lambda: area.go_to(page))

    def view(self, name: str):  # type: ignore[no-untyped-def]
        page = self.program.window.area.page(name)
        return None if page is None else page.view


def wait(ready: Callable[[], bool]) -> float:
    """Run the event loop until `ready` thrice in a row, a moment apart; the seconds of asking."""
    deadline, quiet, asking = time.monotonic() + PATIENCE, 0, 0.0
    while quiet < 3:
        if time.monotonic() > deadline:  # far more than anything may take
            raise TimeoutError("the window did not settle")
        spin(4)
        begin = time.thread_time()
        quiet = quiet + 1 if ready() else 0
        asking += time.thread_time() - begin
    return asking


def spin(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop, loop.quit)
    loop.exec()


def opening(driver: Driver, path: str) -> None:
    """Until the run list stands there and the overview has drawn a measure of every agent."""
    program = driver.program
    area = program.window.area

    def seen() -> bool:
        page = area.page("overview") if program_shows(program)() else None
        if page is None or page.view is None:
            return False
        answered = page.view._answers
        return any(
            f"start.{m}" in answered and f"end.{m}" in answered for m in page.view.page.spans
        )

    driver.do(FIRST, lambda: program.open([path]), seen)


def program_shows(program: Program) -> Callable[[], bool]:
    return lambda: program.document.run_id is not None


def views(driver: Driver) -> None:
    for page in list(driver.program.window.area.suitable()):
        driver.see(page.kind.name)


def tables(driver: Driver) -> None:
    """Sort, filter, scroll and jump on the trades."""
    driver.see("trades")
    view = driver.view("trades")
    if view is None:
        return
    panel, model = view.panel, view.panel.model

    def first_rows() -> bool:
        return model.query == model.asked and model.rowCount() > 0

    for role, order in (
        ("price", Qt.SortOrder.DescendingOrder),
        ("tick", Qt.SortOrder.DescendingOrder),
        ("tick", Qt.SortOrder.AscendingOrder),
    ):
        column = panel.column(role)
        if column is None:
            continue
        section = model.column_index(column.name)
        driver.do(
            f"trades sorted by {role}, {order.name[:4].lower()}.",
            lambda s=section, o=order: panel.view.sortByColumn(s, o),
            first_rows,
        )
    driver.do(
        "trades, jump to the last row",
        panel.view.scrollToBottom,
        lambda: model.values(model.rowCount() - 1) is not None,
    )
    driver.do("trades, back to the first", panel.view.scrollToTop)
    bar = panel.view.verticalScrollBar()

    def scroll() -> None:
        for place in range(200):
            bar.setValue(bar.maximum() * place // 200)
            spin(10)

    driver.do("trades, scrolled through", scroll)
    price = panel.column("price")
    if price is not None:

        def type_filter() -> None:
            for text in (">", ">1", ">1.", ">1.5"):
                panel.filters.set_text(price.name, text)
                spin(60)

        driver.do("trades, a filter typed", type_filter, first_rows)
        driver.do("trades, filter cleared", panel.filters.clear, first_rows)
    pair = panel.column("pair")
    if pair is not None:
        driver.do(
            "trades of one pair",
            lambda: panel.filters.set_text(pair.name, "A<->M"),
            first_rows,
        )
        driver.do("trades, pair cleared", panel.filters.clear, first_rows)


def shell(driver: Driver) -> None:
    """Theme, sizes and an export that begins, in each view."""
    program = driver.program
    window = program.window
    for page in list(window.area.suitable()):
        driver.see(page.kind.name)
        title = page.kind.title
        driver.do(f"dark, {title}", lambda: program.theme.choose("dark"))
        driver.do(f"light, {title}", lambda: program.theme.choose("light"))
        driver.do(f"narrow, {title}", lambda: window.resize(900, 600))
        driver.do(f"wide, {title}", lambda: window.resize(SIZE))


def steps(driver: Driver, count: int) -> list[float]:
    """GUI-thread milliseconds of a tick step with every view visible, each until it has settled.

    What it takes to ask whether it has is our own doing, and is not counted.
    """
    cursor = driver.program.document.cursor
    cursor.move_to((cursor.bounds.first + cursor.bounds.last) // 2 if cursor.bounds else 0)
    wait(driver.settled)
    found = []
    driver.dog.begin("tick step, every view visible")
    for _ in range(count):
        begin = time.thread_time()
        cursor.step(1)
        asking = wait(driver.settled)
        found.append((time.thread_time() - begin - asking) * 1e3)
    driver.dog.begin("")
    return found


def wall(driver: Driver, size: QSize) -> QWidget:
    """Every suitable view side by side on one surface, as on a wall of screens."""
    area = driver.program.window.area
    pages = list(area.suitable())
    surface = QWidget()
    grid = QGridLayout(surface)
    across = 3
    for place, page in enumerate(pages):
        area.go_to(page)
        wait(driver.settled)
        page.setParent(surface)
        grid.addWidget(page, place // across, place % across)
        page.show()
    surface.resize(size)
    surface.show()
    area.pages_seen = lambda: pages
    area._seen()
    wait(driver.settled)
    return surface


def report(driver: Driver, why: bool) -> None:
    print(f"{'work':<44}{'until shown':>12}{'longest block':>15}{'memory':>9}")
    for work, took in driver.took.items():
        longest = driver.dog.longest.get(work, 0.0)
        sign = " !" if longest > 50 else ""
        memory = driver.memory.get(work, 0.0)
        print(f"{work:<44}{took:10.0f}ms{longest:13.0f}ms{memory:7.0f}MB{sign}")
    if why:
        for block in driver.dog.blocks:
            print(
                f"\n{block.work}: {block.length:.0f} ms "
                f"(wall {block.wall:.0f}, cpu {block.cpu:.0f})"
            )
            for place, times in block.where:
                print(f"  {times:4d} × {place}")
    for crash in driver.crashes:
        print("CRASH", crash)


def told(driver: Driver, found: list[float]) -> dict[str, object]:
    """What was measured, for the benchmark's table: milliseconds and megabytes.

    Blocks between works (a wall of all views is put up, which nobody does) are not among them.
    """
    blocks = sorted(((b.length, b.work) for b in driver.dog.blocks if b.work), reverse=True)
    return {
        "took": driver.took,
        "blocks": blocks,
        "peak": driver.peak(),
        "steps": found,
        "crashes": driver.crashes,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.window", description=__doc__)
    parser.add_argument("file", help="or a URL")
    parser.add_argument("--why", action="store_true", help="say what the GUI thread did")
    parser.add_argument("--json", action="store_true", help="figures for the benchmark's table")
    parser.add_argument("--works", default="views,tables,shell,steps")
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    application()
    program = Program(theme="light")
    program.window.resize(SIZE)
    program.window.show()
    spin(200)
    works = options.works.split(",")
    found: list[float] = []
    with Watchdog() as dog:
        driver = Driver(program, dog)
        opening(driver, str(options.file))
        for name, work in (("views", views), ("tables", tables), ("shell", shell)):
            if name in works:
                work(driver)
        if "steps" in works:
            surface = wall(driver, WALL)
            found = steps(driver, options.steps)
            surface.hide()
    if options.json:
        print(json.dumps(told(driver, found)))
    else:
        report(driver, options.why)
        if found:
            worst, middle = max(found), statistics.median(found)
            print(f"tick step, every view: median {middle:.1f} ms, worst {worst:.1f} ms")
    sys.stdout.flush()
    program.close()
    os._exit(0)  # the views stand on a surface of their own, which Qt would take apart first


if __name__ == "__main__":
    raise SystemExit(main())
