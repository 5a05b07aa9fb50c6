"""Paths as literals of DuckDB, which would take some of their signs for patterns."""

from __future__ import annotations

from pathlib import Path

from telemetry.errors import SourceError
from telemetry.text import one_line


def file_literal(path: Path) -> str:
    """A path as a DuckDB literal that stands for this file alone, whatever signs its name holds."""
    shown = str(path)
    try:
        shown.encode("utf-8")
    except UnicodeEncodeError:
        raise SourceError(
            f"{one_line(shown)} has a name that is no text in UTF-8; rename it in a copy."
        ) from None
    plain = "".join(f"[{c}]" if c in "*?[" else c for c in shown)
    return "'" + plain.replace("'", "''") + "'"
