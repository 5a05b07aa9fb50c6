"""Rows that no one statement gives: the command that prints them, in other people's tools."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from telemetry import __version__
from telemetry.frozen import Frozen
from telemetry.location import without_secrets
from telemetry.queries import Query

if TYPE_CHECKING:
    from telemetry.source import Source

ROLES = "Its tables are read by roles that were given; where they are not kept, add --roles FILE."


class Worked(Frozen):
    """How rows that the program works out are had again, called `name`.

    `words` are those of a command after `telemetry`, sources standing where their locations go.
    `how` is one sentence: what is done with the rows that `reads` ask each source for.
    """

    name: str
    words: tuple[str | Source, ...]
    how: str
    reads: tuple[tuple[Source, Query[Any]], ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """Each source of the command once."""
        found = {word.key: word for word in self.words if not isinstance(word, str)}
        return tuple(found.values())

    def command(self) -> str:
        """The command as a shell takes it; no password stands in it."""
        words = (w if isinstance(w, str) else without_secrets(w.location) for w in self._whole())
        return shlex.join(("telemetry", *words, "--format", "csv"))

    def notes(self) -> list[str]:
        """What the command does not say."""
        from telemetry.roles.opening import GIVEN  # loads much that few commands need

        read = [source.by_roles for source in self.sources]
        return [ROLES] if any(r is not None and r.origin == GIVEN for r in read) else []

    def call(self, places: Sequence[str]) -> str:
        """The words as a function of Python takes them; `places` are the locations of SOURCE…."""
        parts = [
            repr(w) if isinstance(w, str) else name_of(places.index(without_secrets(w.location)))
            for w in self._whole()
        ]
        return f"telemetry({', '.join(parts)})"

    def _whole(self) -> tuple[str | Source, ...]:
        """The words, with the scale where somebody gave one."""
        given = [source.scale_given for source in self.sources if source.scale_given is not None]
        return (*self.words, "--scale", str(given[0])) if given else self.words


def as_sql(worked: Worked, beneath: Sequence[str]) -> str:
    """The command as a comment above the statements whose rows it reads."""
    lines = [worked.how, *worked.notes(), "No one statement gives that. The same rows:"]
    comments = [*lines, f"  {worked.command()}", *(["They come from these:"] if beneath else [])]
    return "\n\n".join(("\n".join(f"-- {line}" for line in comments), *beneath))


def as_python(several: Sequence[Worked], language: str) -> str:
    """Each as a frame of its own name, read from what the command prints."""
    short = {"pandas": "pd", "polars": "pl"}[language]
    nothing = "keep_default_na=False, na_values=['']" if language == "pandas" else (
        "infer_schema_length=None")  # fmt: skip
    places = list(dict.fromkeys(
        without_secrets(source.location) for worked in several for source in worked.sources
    ))  # fmt: skip
    lines = [
        f"# Made by vmt-log-viewer {__version__}; it asks the program, which reads and never "
        "writes.",
        "import io", "import subprocess", "", f"import {language} as {short}", "",
        *(f"{name_of(i)} = {place!r}" for i, place in enumerate(places)), "", "",
        "def telemetry(*words):",
        '    """What a command prints, as a frame; its notes go to standard error."""',
        '    done = subprocess.run(["telemetry", *words, "--format", "csv"], '
        "stdout=subprocess.PIPE)",
        "    if done.returncode > 1 or not done.stdout:  # 1 is an answer too: faults, differences",
        "        raise SystemExit(done.returncode)",
        f"    return {short}.read_csv(io.BytesIO(done.stdout), {nothing})", "",
    ]  # fmt: skip
    for worked in several:
        said = " ".join(f"{line}" for line in (worked.how, *worked.notes()))
        lines += ["", f"# {said}".replace("\n", " "), f"{worked.name} = {worked.call(places)}"]
    return "\n".join(lines) + "\n"


def name_of(place: int) -> str:
    """What a location is called in Python."""
    return "SOURCE" if not place else f"SOURCE_{place + 1}"
