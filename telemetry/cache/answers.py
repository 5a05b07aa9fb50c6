"""Which answers are kept, under what, and when one that was kept may be given again."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from telemetry.cache.folder import cache_folder, file_name, forget, read, write
from telemetry.cancel import CancelToken
from telemetry.errors import SourceError
from telemetry.frozen import Frozen, replace

State = Callable[[CancelToken], str | None]
_FORMAT = "1"
_DECIDING = (
    "answers", "cache", "concepts", "engines", "families", "filters", "layout.py", "reader.py",
    "roles", "values.py",
)  # fmt: skip
"""What of this program an answer depends on."""


class KeptAnswers:
    """The kept answers to questions about one database.

    `state` tells the state of the database and changes with every write to it; None: it may
    change unseen, so nothing is kept. `about` is what else an answer depends on: the family, and
    what the database was found to have.
    """

    def __init__(self, place: str, state: State, about: str) -> None:
        self.place = _digest(place)[:16]
        self.state = state
        self.some = False
        """Whether any answer to a question about this state of the database is kept."""
        self._about = about
        self._forgot = ""

    def of(self, query: object, scales: object, token: CancelToken) -> Kept | None:
        """Where the answer to `query` is kept, or would be; None where it may not be."""
        folder = cache_folder()
        asked = repr(query)
        if folder is None or " at 0x" in asked:  # a part of it has no text of its own
            return None
        state = self.state(token)
        if state is None:
            return None
        seen = _digest(state)[:16]
        if self._forgot != seen:
            self.some = forget(folder, self.place, seen)
            self._forgot = seen
        return Kept(self, folder, token, state, (self._about, repr(scales), state, asked))


class Kept(Frozen, dict=True):
    """One question's place in the cache, for the state that the database had when it was asked."""

    answers: KeptAnswers
    folder: Path
    token: CancelToken
    state: str
    facts: tuple[str, ...]
    """All that the answer depends on, but for this program."""

    @cached_property
    def key(self) -> str:
        return "\n".join((_FORMAT, program(), *self.facts))

    @cached_property
    def path(self) -> Path:
        seen, asked = _digest(self.state)[:16], _digest(self.key)[:32]
        return self.folder / file_name(self.answers.place, seen, asked)

    def read(self, *, told: bool = True) -> tuple[Any, str] | None:
        """The answer and since when it is kept, which its notes (where it has some) say too."""
        found = read(self.path, self.key) if self.answers.some else None
        if found is None:
            return None
        answer: Any = found[0]
        if told and hasattr(answer, "notes"):
            said = f"Kept since {found[1]}; the source has not changed."
            answer = replace(answer, notes=(*answer.notes, said))
        return answer, found[1]

    def write(self, answer: object) -> None:
        """Keep an answer, unless the database has changed since the question was asked.

        A server that has gone since does not tell; the answer is found all the same.
        """
        with suppress(SourceError):
            if self.answers.state(self.token) == self.state:
                write(self.path, self.key, answer)
                self.answers.some = True


@cache
def program() -> str:
    """What changes when this program may answer differently: its version and its own files."""
    root = str(Path(__file__).parent.parent)
    found = [str(getattr(sys.modules["telemetry"], "__version__", ""))]
    for name in _DECIDING:
        top = os.path.join(root, name)
        walked = (os.path.join(at, file) for at, _, files in os.walk(top) for file in files)
        for path in sorted(path for path in (top, *walked) if path.endswith(".py")):
            with suppress(OSError):
                status = os.stat(path)
                within = os.path.relpath(path, root)
                found.append(f"{within} {status.st_size} {status.st_mtime_ns}")
    return _digest("\n".join(found))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
