"""How much a test tries: enough for a change, or all there is (`dev.py test --thorough`)."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")
THOROUGH = os.environ.get("THOROUGH") == "1"


def effort(usual: T, thorough: T) -> T:
    """The usual amount, or the thorough one where that was asked for."""
    return thorough if THOROUGH else usual
