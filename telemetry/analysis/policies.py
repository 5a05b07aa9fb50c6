"""Two policies compared: which of their values differ, by the path that leads to them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Literal

from telemetry.frozen import Frozen

_PLAIN = re.compile(r"[A-Za-z_][\w-]*")


class Change(Frozen):
    """One value that differs. `old` or `new` is None where there is none (see `change`)."""

    path: str
    change: Literal["added", "removed", "changed"]
    old: object
    new: object


def leaves(policy: object) -> dict[str, object]:
    """Path → value of every value that holds no others, in the order of the paths' parts.

    An empty list or mapping is a value of its own.
    """
    found: list[tuple[tuple[tuple[int, int, str], ...], str, object]] = []
    waiting: list[tuple[tuple[tuple[int, int, str], ...], str, object]] = [((), "", policy)]
    while waiting:
        order, path, value = waiting.pop()
        if isinstance(value, Mapping) and value:
            for key, inner in value.items():
                waiting.append(((*order, (1, 0, str(key))), _joined(path, str(key)), inner))
        elif isinstance(value, list) and value:
            for place, inner in enumerate(value):
                waiting.append(((*order, (0, place, "")), f"{path}[{place}]", inner))
        else:
            found.append((order, path, value))
    return {path: value for _, path, value in sorted(found, key=lambda leaf: leaf[0])}


def difference(old: object, new: object) -> list[Change]:
    """What of `new` is not as in `old`, by path; nothing where they are equal."""
    before, after = leaves(old), leaves(new)
    found = []
    for path in dict.fromkeys((*before, *after)):
        if path not in after:
            found.append(Change(path, "removed", before[path], None))
        elif path not in before:
            found.append(Change(path, "added", None, after[path]))
        elif not _same(before[path], after[path]):
            found.append(Change(path, "changed", before[path], after[path]))
    return found


def _joined(path: str, key: str) -> str:
    if _PLAIN.fullmatch(key) is None:
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


def _same(old: object, new: object) -> bool:
    """Equal and of one kind: true is not 1."""
    return old == new and isinstance(old, bool) == isinstance(new, bool)
