"""Statement: what a question is in the language of its database, ready to be run elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.frozen import Frozen, field


class Statement(Frozen):
    """One SELECT with every value written out; `dialect` is sqlite, duckdb or postgresql.

    Its rows are those of the question, but for `divided`: these columns hold what is stored, which
    the program divides by that number. `schema`: where a server looks for the tables.
    """

    text: str
    dialect: str
    columns: tuple[str, ...]
    divided: Mapping[str, int] = field(default_factory=dict)
    schema: str | None = None
    files: bool = False
    """Whether it reads text files by their paths, and no database."""
