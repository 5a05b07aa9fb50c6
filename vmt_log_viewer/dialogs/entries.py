"""What the palette offers, and how well it matches what was typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtGui import QIcon

_FUZZY = 3
"""Letters from which on a word may match with gaps, and how much wider than it they may make it."""


@dataclass(frozen=True)
class Entry:
    """Something that can be done, `hint` standing at the right (its key, or what kind it is).

    `why` says what is the matter where it cannot be done now; "" where it can. Entries that are
    `asked` for by typing only are not offered before.
    """

    text: str
    hint: str
    do: Callable[[], object]
    icon: QIcon
    why: str = ""
    asked: bool = False


def ranked(entries: Iterable[Entry], typed: str) -> list[Entry]:
    """The entries that match, the best first; those that cannot be done come last."""
    words = typed.casefold().split()
    found: list[tuple[bool, int, int, Entry]] = []
    for place, entry in enumerate(entries):
        if not words and (entry.why or entry.asked):
            continue
        rank = _rank(words, f"{entry.text} {entry.hint}" if entry.asked else entry.text)
        if rank is not None:
            found.append((bool(entry.why), rank, place, entry))
    return [entry for *_, entry in sorted(found, key=lambda each: each[:3])]


def _rank(words: list[str], text: str) -> int | None:
    """0 where every word typed begins a word of `text`; None where one of them is not in it."""
    text = text.casefold()
    initials = "".join(re.findall(r"\b\w", text))
    ranks = [_word_rank(word, text, initials) for word in words]
    known = [rank for rank in ranks if rank is not None]
    return sum(known) if len(known) == len(ranks) else None


def _word_rank(word: str, text: str, initials: str) -> int | None:
    place = text.find(word)
    if place >= 0:
        begins = re.search(rf"(?<!\w){re.escape(word)}", text)
        return 0 if begins else 1
    if len(word) > 1 and word in initials:
        return 1
    if len(word) < _FUZZY:
        return None
    gaps = re.search(".*?".join(map(re.escape, word)), text)
    return 2 if gaps and len(gaps[0]) <= _FUZZY * len(word) else None
