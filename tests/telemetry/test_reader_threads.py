"""What threads make at once is the same object for all: else one statement would have two FROMs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import telemetry
from telemetry.frozen import replace
from telemetry.layout import Layout, StoredTables
from tests.builders.samples import SAMPLES


def at_once(make: Callable[[], object]) -> list[object]:
    with ThreadPoolExecutor(2) as pool:
        return [each.result(10) for each in [pool.submit(make) for _ in range(2)]]


class Meeting(dict[str, Any]):
    """Whoever asks for a table's types waits for the other one."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2, timeout=10)

    def get(self, key: str, default: Any = None) -> Any:
        self.barrier.wait()
        return default


def test_a_stored_table_is_one_object(tmp_path: Path) -> None:
    source = telemetry.open_source(_sample("vmt").make(tmp_path))
    stored = StoredTables(source._layout.shape, Meeting())
    one, other = at_once(lambda: stored.table("trades"))
    assert one is other is stored.table("trades")
    source.close()


def test_a_table_that_is_worked_out_is_one_object(tmp_path: Path) -> None:
    sample = next(s for s in SAMPLES if s.sql is None and _worked_out(s, tmp_path / str(s)))
    source = telemetry.open_source(sample.make(tmp_path))
    layout, barrier = source._layout, threading.Barrier(2, timeout=10)
    spec = next(t for t in layout.family.tables if t.select is not None and layout.there(t.name))

    def met(base: StoredTables) -> Any:
        barrier.wait()
        return spec.select(base)

    tables = tuple(replace(t, select=met) if t is spec else t for t in layout.family.tables)
    fresh = Layout(replace(layout.family, tables=tables), layout.shape, layout.scales)
    one, other = at_once(lambda: fresh.selectable(spec.name))
    assert one is other is fresh.selectable(spec.name)
    source.close()


def _worked_out(sample: Any, folder: Path) -> bool:
    folder.mkdir()
    source = telemetry.open_source(sample.make(folder))
    layout = source._layout
    source.close()
    return any(t.select is not None and layout.there(t.name) for t in layout.family.tables)


def _sample(family: str) -> Any:
    return next(s for s in SAMPLES if s.family == family and s.sql is None)
