"""Ids of experiments and of the runs within them, which say what a run was for."""

from __future__ import annotations

import secrets
from datetime import datetime


def experiment_id(name: str, at: datetime) -> str:
    """``{name}-{date}-{time}-{six digits of chance}``."""
    return f"{name}-{at:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def standalone_id() -> str:
    """``sim-{eight digits of chance}``."""
    return f"sim-{secrets.token_hex(4)}"


def run_id(experiment: str, iteration: int, purpose: str, sample_index: int | None) -> str:
    """``{experiment}-iter{N}-{purpose}``, with ``-sample{M}`` where it is one of several."""
    sample = "" if sample_index is None else f"-sample{sample_index}"
    return f"{experiment}-iter{iteration}-{purpose}{sample}"
