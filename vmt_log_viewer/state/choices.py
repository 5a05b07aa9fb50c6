"""Choices: what a user chose in one view, read back from plain JSON values."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]
"""What a JSON file can hold."""

LARGEST = 2**31 - 1


class Choices:
    """The choices of one view by their names. What is unset, or not understood, gives the default.

    A value of another kind, or one that is not there to be chosen, becomes a sentence in
    `problems`; unknown names are nobody's concern. Nothing here raises.
    """

    def __init__(
        self, values: Mapping[str, JSON], about: str = "", _problems: list[str] | None = None
    ) -> None:
        """`about` is what a problem is said of: the view's title."""
        self._values, self._about = values, about
        self._problems: list[str] = [] if _problems is None else _problems

    @property
    def problem(self) -> str:
        """One sentence about all that could not be taken over; "" where everything was."""
        if not self._problems:
            return ""
        more = len(self._problems) - 1
        return self._problems[0] + (f" ({more} more choices were left alone too.)" if more else "")

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def names(self) -> tuple[str, ...]:
        """The names that are set, in the order of the file."""
        return tuple(name for name, value in self._values.items() if value is not None)

    def refuse(self, name: str, why: str) -> None:
        """Say that the choice `name` could not be taken over; `why` ends the sentence."""
        about = f"{self._about}: " if self._about else ""
        self._problems.append(
            f"{about}the saved choice of {name.replace('_', ' ')} was left out, for {why}."
        )

    def part(self, name: str) -> Choices:
        """Choices within a choice; empty where there are none."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, dict):
            self._refuse_kind(name, value, "a group of choices")
            value = None
        return Choices(value or {}, self._about, self._problems)

    def values(self, name: str) -> JSON:
        """A choice as it stands there, for who knows what it may be."""
        return self._values.get(name)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self._refuse_kind(name, value, "true or false")
        return default

    def text(self, name: str, default: str = "", among: Collection[str] | None = None) -> str:
        """A text; with `among`, one of these."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            self._refuse_kind(name, value, "a text")
            return default
        if among is not None and value not in among:
            self.refuse(name, f"there is no {value!r} here")
            return default
        return value

    def texts(
        self, name: str, default: tuple[str, ...] = (), among: Collection[str] | None = None
    ) -> tuple[str, ...]:
        """Texts in their order; with `among`, those of them that are there to be chosen."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._refuse_kind(name, value, "a list of texts")
            return default
        found = [str(item) for item in value]
        lacking = [item for item in found if among is not None and item not in among]
        if lacking:
            self.refuse(name, f"there is no {', '.join(map(repr, lacking))} here")
        return tuple(item for item in found if item not in lacking)

    def texts_by_name(self, name: str) -> dict[str, str]:
        """Texts by name: filters by column."""
        value = self._values.get(name)
        if value is None:
            return {}
        if isinstance(value, dict):
            found = {key: item for key, item in value.items() if isinstance(item, str)}
            if len(found) == len(value):
                return found
        self._refuse_kind(name, value, "texts by name")
        return {}

    def whole(self, name: str, default: int | None = None) -> int | None:
        """A whole number, of a size that can be typed."""
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST:
            return value
        self._refuse_kind(name, value, "a whole number")
        return default

    def numbers(self, name: str, count: int | None = None) -> tuple[float, ...] | None:
        """Finite numbers, `count` of them; None where unset."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, list) and (count is None or len(value) == count):
            found = [float(v) for v in value if _is_number(v)]  # type: ignore[arg-type]
            if len(found) == len(value):
                return tuple(found)
        self._refuse_kind(name, value, "numbers" if count is None else f"{count} numbers")
        return None

    def _refuse_kind(self, name: str, value: JSON, wanted: str) -> None:
        said = repr(value)
        self.refuse(name, f"{said if len(said) <= 40 else said[:40] + '…'} is not {wanted}")


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
