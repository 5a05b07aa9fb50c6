"""Regular expressions of filters, which never hold a program up."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

from telemetry.errors import FilterError

SECONDS = 0.5
"""How long one text may be searched; so long may a cancel have to wait as well."""


class BadPatternError(ValueError):
    """A text that is no regular expression; ends a sentence."""


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """The pattern (as Python's `re` writes them), or BadPatternError."""
    import regex  # where no pattern is sought, none is loaded

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # patterns whose meaning is about to change
            return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError, Warning) as error:
        raise BadPatternError(f"is no regular expression ({error}): correct it") from None


def found(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text; FilterError where that takes longer than SECONDS.

    Other threads run meanwhile, which they do not while `re` searches.
    """
    try:
        return compiled(pattern).search(text, timeout=SECONDS, concurrent=True) is not None
    except TimeoutError:
        shown = pattern if len(pattern) <= 60 else pattern[:59] + "…"
        raise FilterError(
            f"The filter /{shown}/ takes too long on a text of {len(text)} characters; write a "
            "pattern without repetitions of repetitions.",
            text=pattern,
        ) from None
