"""How much of a run is kept: levels for one run, and the policy of an experiment over its runs.

Source: "Unified Database Architecture Exploration", selective persistence and smart policies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from telemetry.errors import RecordingError
from telemetry.families.simcash.rules import LEVELS, PURPOSES
from telemetry.frozen import Frozen, asdict

POLICIES = ("all", "smart", "none")
KINDS = ("initial", "best", "worst", "final")


class Finished(Frozen):
    """A run of an experiment as the policy sees it; ``cost`` in cents, None where not known."""

    simulation_id: str
    purpose: str
    iteration: int
    sample_index: int | None
    cost: int | None


class Persistence(Frozen):
    """What an experiment keeps of its runs.

    ``all`` keeps every run at ``level``, ``none`` not even a row of them; ``smart`` keeps those
    named in ``keep`` at ``level`` and a summary of the rest. Best and worst are found by total
    cost among runs of the purposes in ``compare``; an earlier best that is surpassed is thinned
    to a summary unless ``thin_surpassed`` is off.
    """

    policy: str = "smart"
    level: str = "events"
    keep: tuple[str, ...] = ("initial", "best", "final")
    compare: tuple[str, ...] = ("initial", "evaluation", "best", "final")
    thin_surpassed: bool = True

    def __post_init__(self) -> None:
        """Refuse what means nothing, naming the field."""
        _one_of("persistence_policy", (self.policy,), POLICIES)
        _one_of("persistence_level", (self.level,), LEVELS)
        _one_of("persist_simulations", self.keep, KINDS)
        _one_of("compare_purposes", self.compare, PURPOSES)

    @classmethod
    def of(cls, config: Mapping[str, object]) -> Persistence:
        """What the ``output`` section of an experiment's configuration asks for."""
        output = config.get("output")
        if not isinstance(output, Mapping):
            return cls()
        found: dict[str, Any] = {}
        for field, key in _KEYS.items():
            value = output.get(key)
            if value is not None:
                listed = isinstance(value, Iterable) and not isinstance(value, str | bytes)
                found[field] = tuple(value) if listed else value
        return cls(**found)

    @property
    def config(self) -> dict[str, object]:
        """The ``output`` section that says this, for `of` to read again."""
        return {key: asdict(self)[field] for field, key in _KEYS.items()}

    def level_of(self, purpose: str, iteration: int, sample_index: int | None) -> str:
        """The level at which such a run is recorded; it may turn out not to deserve it."""
        if self.policy == "none":
            return "none"
        if self.policy == "all" or self.level in ("none", "summary"):
            return self.level
        run = Finished("", purpose, iteration, sample_index, 0)
        compared = purpose in self.compare and ("best" in self.keep or "worst" in self.keep)
        return self.level if self._certain(run) or compared else "summary"

    def thinned(self, runs: Sequence[Finished], latest: str) -> list[str]:
        """Ids among ``runs`` (the finished ones that have their events) that need them no more.

        ``latest`` has just finished; without ``thin_surpassed`` it alone is judged.
        """
        if self.policy != "smart":
            return []
        kept = {run.simulation_id for run in runs if self._certain(run)}
        rated = [run for run in runs if run.cost is not None and run.purpose in self.compare]
        if rated and "best" in self.keep:
            kept.add(min(rated, key=_cost).simulation_id)
        if rated and "worst" in self.keep:
            kept.add(max(rated, key=_cost).simulation_id)
        return [
            run.simulation_id
            for run in runs
            if run.simulation_id not in kept
            and (self.thin_surpassed or run.simulation_id == latest)
        ]

    def _certain(self, run: Finished) -> bool:
        """Whether the run is kept whatever it costs."""
        first = run.purpose == "initial" or (run.iteration == 0 and run.sample_index in (None, 0))
        return ("initial" in self.keep and first) or (
            "final" in self.keep and run.purpose == "final"
        )


_KEYS = {
    "policy": "persistence_policy",
    "level": "persistence_level",
    "keep": "persist_simulations",
    "compare": "compare_purposes",
    "thin_surpassed": "thin_surpassed",
}


def _cost(run: Finished) -> int:
    return 0 if run.cost is None else run.cost


def _one_of(field: str, values: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    for value in values:
        if value not in allowed:
            raise RecordingError(f"{field} must be of {', '.join(allowed)}, not {value!r}.")


def check_level(level: str) -> str:
    """The level, if it is one; raises `RecordingError` where it is not."""
    _one_of("persistence_level", (level,), LEVELS)
    return level
