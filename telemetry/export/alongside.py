"""Work that is done while a file is written, for what the note beside it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from telemetry.cancel import CancelToken

T = TypeVar("T")


@contextmanager
def alongside(
    work: Callable[[CancelToken], T], token: CancelToken | None
) -> Iterator[Callable[[], T]]:
    """Begin `work` in a thread; inside, calling what is given waits for its result or error.

    It is cancelled with `token`, but tells nobody of its progress, and where the block fails.
    """
    own = CancelToken()
    with ThreadPoolExecutor(1, "alongside") as pool, (token or own).interrupting(own.cancel):
        coming = pool.submit(work, own)
        try:
            yield coming.result
        except BaseException:
            own.cancel()
            raise
