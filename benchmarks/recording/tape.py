"""What a simulator says to its recorder, taken down once and said again at no cost but its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Calls = list[tuple[str, tuple[Any, ...], dict[str, Any]]]


class Tape:
    """Stands for a run: passes each call on to it, and keeps it in `calls`."""

    def __init__(self, run: Any) -> None:
        self.calls: Calls = []
        self._run = run

    def __getattr__(self, name: str) -> Any:
        own = getattr(self._run, name)
        return self._taking(name, own) if callable(own) else own

    def _taking(self, name: str, own: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, args, kwargs))
            return own(*args, **kwargs)

        return call


def play(calls: Calls, run: Any) -> None:
    """Say it all again, to another run."""
    methods = {name: getattr(run, name) for name in {name for name, _, _ in calls}}
    for name, args, kwargs in calls:
        methods[name](*args, **kwargs)
