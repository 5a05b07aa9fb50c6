"""Asking for the scale of a source's quantities."""

from __future__ import annotations

from PySide6.QtWidgets import QInputDialog, QWidget

MAX_SCALE = 1_000_000_000


def ask(parent: QWidget, name: str, scale: int) -> int | None:
    """What stored quantities of the source `name` are divided by; None: leave it."""
    chosen, accepted = QInputDialog.getInt(
        parent,
        "Scale of quantities",
        f"Quantities stored in {name} are divided by:",
        scale,
        1,
        MAX_SCALE,
    )
    return chosen if accepted else None
