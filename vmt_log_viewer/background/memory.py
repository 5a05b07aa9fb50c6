"""Memory: what one worker has given back is there for the next one."""

from __future__ import annotations

import ctypes
import sys

_ARENA_MAX = -8
ARENAS = 2
"""Heaps of the C library; glibc would have one for each thread, and keep what is free in it."""


def share_heaps() -> bool:
    """Let all threads take memory from the same few heaps; False where the system does otherwise.

    To be called before there are threads. It saves a fifth of what the window takes.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_ARENA_MAX, ARENAS))
    except (OSError, AttributeError):  # another C library
        return False
