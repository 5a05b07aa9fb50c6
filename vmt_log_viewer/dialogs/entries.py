"""What the palette offers, and how well it matches what was typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from PySide6.QtGui import QIcon

from telemetry.frozen import Frozen

_FUZZY = 3
"""Letters from which on a word may match with gaps, and how much wider than it they may make it."""


class Entry(Frozen):
    """Something that can be done, `hint` standing at the right (its key, or what kind it is).

    `why` says what is the matter where it cannot be done now; "" where it can. Entries that are
    `asked` for by typing only (there may be thousands) are not offered before, nor by gaps.
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
        if entry.asked:
            rank = _rank(words, f"{entry.text} {entry.hint}", gaps=False)
        else:
            rank = _rank(words, entry.text, gaps=True)
        if rank is not None:
            found.append((bool(entry.why), rank, place, entry))
    return [entry for *_, entry in sorted(found, key=lambda each: each[:3])]


def _rank(words: list[str], text: str, *, gaps: bool) -> int | None:
    """0 where every word typed begins a word of `text`; None where one of them is not in it."""
    text, total = text.casefold(), 0
    for word in words:
        rank = _word_rank(word, text, gaps=gaps)
        if rank is None:
            return None
        total += rank
    return total


def _word_rank(word: str, text: str, *, gaps: bool) -> int | None:
    if word in text:
        begins = re.search(rf"(?<!\w){re.escape(word)}", text)
        return 0 if begins else 1
    if not gaps:
        return None
    initials = "".join(re.findall(r"\b\w", text))
    if len(word) > 1 and word in initials:
        return 1
    if len(word) < _FUZZY:
        return None
    found = re.search(".*?".join(map(re.escape, word)), text)
    return 2 if found and len(found[0]) <= _FUZZY * len(word) else None
