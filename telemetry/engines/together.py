"""Parts of one question, worked on by as many connections as see the same state."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

import sqlalchemy as sa

from telemetry.errors import QueryCancelled

MOST_READERS = 4
T = TypeVar("T")


def readers(parts: int) -> int:
    """How many connections work on so many parts, if there are as many."""
    return min(os.cpu_count() or 1, MOST_READERS, parts)


def together(
    connection: sa.Connection,
    beside: Callable[[], AbstractContextManager[sa.Connection | None]],
    parts: Sequence[Callable[[sa.Connection], T]],
    report: Callable[[int], None],
) -> list[T]:
    """What each part gives; `report` is told how many are done, by any of the threads.

    A part asks the connection that it is given, and no other.
    """
    found: list[Any] = [None] * len(parts)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for i in range(len(parts)):
        waiting.put(i)
    failed: list[BaseException] = []
    done: list[int] = []

    def work(own: sa.Connection) -> None:
        try:
            while not failed:
                i = waiting.get_nowait()
                found[i] = parts[i](own)
                done.append(i)
                report(len(done))
        except queue.Empty:
            return
        except BaseException as error:
            failed.append(error)

    with ExitStack() as stack:
        threads = []
        for _ in range(readers(len(parts)) - 1):
            other = stack.enter_context(beside())
            if other is not None:
                threads.append(threading.Thread(target=work, args=(other,), name="reading"))
        for thread in threads:
            thread.start()
        work(connection)
        for thread in threads:
            thread.join()
        if failed:
            raise next((e for e in failed if isinstance(e, QueryCancelled)), failed[0])
    return found
