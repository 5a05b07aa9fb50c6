"""Filter text → filter value."""

from __future__ import annotations

import re
from typing import cast

from telemetry.filters.patterns import compiled
from telemetry.filters.terms import (
    SPECIAL_START,
    AnyOf,
    Between,
    Compare,
    Equals,
    Expr,
    Matches,
    Not,
    Null,
    Operator,
    Term,
    slashes,
)

MAX_ALTERNATIVES = 500  # SQLite refuses expressions deeper than 1000
MAX_PATTERN = 1000
_OPERATOR = re.compile(r">=|<=|==|>|<|=")


class Parser:
    """Reads one filter text from left to right; ValueError says what is wrong with it."""

    def __init__(self, text: str) -> None:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("holds characters that are no text: write it in UTF-8") from None
        self._text = text.strip()
        self._at = 0

    def expression(self) -> Expr:
        if not self._text:
            raise ValueError('is empty: write "" to ask for the empty text')
        negated = self._take("!")
        if negated and not self._take("=") and self._peek() == "!":
            raise ValueError("has ! twice: write it once")
        alternatives = [self._term()]
        while self._take("|"):
            if len(alternatives) >= MAX_ALTERNATIVES:
                raise ValueError(f"has more than {MAX_ALTERNATIVES} alternatives: write fewer")
            alternatives.append(self._term())
        if self._at < len(self._text):
            raise ValueError(f"goes on after a value: put it in quotes {_HINT}")
        inner = alternatives[0] if len(alternatives) == 1 else AnyOf(tuple(alternatives))
        return Not(inner) if negated else inner

    def _term(self) -> Term:
        if self._take("/"):
            return Matches(self._pattern())
        found = _OPERATOR.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            self._skip_space()
        value, literal = self._value()
        null = not literal and value.lower() == "null"
        operator = found.group() if found is not None else "="
        if operator in (">", ">=", "<", "<="):
            if null:
                raise ValueError("compares with null: write null or !null")
            return Compare(cast(Operator, operator), value)
        if self._take("~"):
            high, high_literal = self._value()
            if null or (not high_literal and high.lower() == "null"):
                raise ValueError("has null in a range: write null or !null")
            return Between(value, high)
        return Null() if null else Equals(value)

    def _value(self) -> tuple[str, bool]:
        """The next value and whether it was quoted."""
        if self._take('"', skip=False):
            return self._quoted_rest(), True
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in "|~":
            self._at += 1
        value = self._text[start : self._at].strip()
        if not value:
            raise ValueError('lacks a value: write "" to ask for the empty text')
        if value.startswith(SPECIAL_START):
            raise ValueError(_misplaced(self._text, value))
        return value, False

    def _quoted_rest(self) -> str:
        pieces = []
        while True:
            end = self._text.find('"', self._at)
            if end < 0:
                raise ValueError('lacks the closing ": write it, and "" for a quote inside')
            pieces.append(self._text[self._at : end])
            self._at = end + 1
            if not self._text.startswith('"', self._at):
                self._skip_space()
                return '"'.join(pieces)
            self._at += 1

    def _pattern(self) -> str:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] != "/":
            self._at += 2 if self._text[self._at] == "\\" else 1
        if self._at >= len(self._text):
            raise ValueError(f"lacks the closing /: write it, or quotes {_HINT}")
        pattern = slashes(self._text[start : self._at], escape=False)
        self._at += 1
        self._skip_space()
        if self._at < len(self._text) and self._text[self._at] != "|":
            raise ValueError("goes on after its pattern: write \\/ for a slash inside")
        return _valid(pattern)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, character: str, *, skip: bool = True) -> bool:
        """Step over `character`, and the space behind it, if it comes next."""
        if self._peek() != character:
            return False
        self._at += 1
        if skip:
            self._skip_space()
        return True

    def _skip_space(self) -> None:
        while self._peek().isspace():
            self._at += 1


_HINT = 'as in "a|b"'


def _misplaced(text: str, value: str) -> str:
    """What to write instead of a value that begins with a sign of the grammar."""
    if value.startswith("!"):
        return "has ! inside: write it once, in front of the whole list"
    for wrong, right in (("=>", ">="), ("=<", "<="), ("<>", "!=")):
        if text.startswith(wrong):
            return f"begins with {wrong}: write {right}"
    return f"has {value[0]} where a value should begin: put the value in quotes {_HINT}"


def _valid(pattern: str) -> str:
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"is a pattern of more than {MAX_PATTERN} characters: write a shorter one")
    compiled(pattern)
    return pattern
