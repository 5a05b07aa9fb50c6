"""Ctrl-C while a statement runs: the command works in a thread that the main one interrupts."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import TypeVar

from telemetry.cancel import CancelToken

T = TypeVar("T")
_PATIENCE = 0.2
_token: CancelToken | None = None


def current_token() -> CancelToken:
    """The token that Ctrl-C cancels; commands hand it to every question."""
    return _token if _token is not None else CancelToken()


def use_token(token: CancelToken) -> None:
    """Make `token` (one that reports progress) the one that Ctrl-C cancels."""
    global _token
    _token = token


def run_interruptible(work: Callable[[], T]) -> T:
    """The result of `work`, or its exception; KeyboardInterrupt once it has been interrupted.

    A driver that computes in C hears no signal, but its statement can be interrupted from
    another thread. A second Ctrl-C ends the process at once.
    """
    use_token(CancelToken())
    outcome: list[T] = []
    failure: list[BaseException] = []

    finished = threading.Event()  # Thread.join, interrupted, takes a running thread for ended

    def attempt() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            failure.append(error)
        finally:
            finished.set()

    worker = threading.Thread(target=attempt, name="telemetry-command")
    worker.start()
    try:
        _wait(finished)
    except KeyboardInterrupt:
        _interrupt(finished)
        raise
    finally:
        worker.join()
    if failure:
        raise failure[0]
    return outcome[0]


def _wait(finished: threading.Event) -> None:
    while not finished.wait(_PATIENCE):  # without a limit, Windows would keep signals waiting
        pass


def _interrupt(finished: threading.Event) -> None:
    """Cancel the question and wait for the command to leave everything in order."""
    current_token().cancel()
    try:
        _wait(finished)
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGINT)
