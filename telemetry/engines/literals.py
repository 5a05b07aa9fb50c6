"""Paths as literals of DuckDB, which would take some of their signs for patterns."""

from __future__ import annotations

from pathlib import Path

from telemetry.errors import SourceError
from telemetry.text import one_line


def file_literal(path: Path) -> str:
    """A path as a DuckDB literal that stands for this file alone, whatever signs its name holds."""
    return name_literal("".join(f"[{c}]" if c in "*?[" else c for c in str(path)), path)


def name_literal(text: str, path: Path) -> str:
    """`text` as a DuckDB literal; SourceError about `path` where its name is no text."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise SourceError(
            f"{one_line(str(path))} has a name that is no text in UTF-8; rename it in a copy."
        ) from None
    return "'" + text.replace("'", "''") + "'"
