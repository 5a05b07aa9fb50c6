"""The payments of the demo: an experiment, and a crisis of a few days in full."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from telemetry.families.simcash.recorder import Persistence, SimCashRecorder
from telemetry.frozen import replace
from telemetry.samples.payments.scenario import BankSpec, Policy, Scenario, Shock
from telemetry.samples.payments.search import Search, search
from telemetry.samples.payments.simulation import setting, simulate

#: Told what is being recorded, and which part of the whole (0 to 1) is done.
Progress = Callable[[str, float], None]

_BANKS = (
    BankSpec("ALPHA", opening_balance=600_000, collateral=1_500_000, rate=0.7),
    BankSpec("BRAVO", opening_balance=350_000, rate=0.6),
    BankSpec("CHARLIE", opening_balance=250_000, unsecured_cap=60_000, rate=0.5),
    BankSpec("DELTA", opening_balance=150_000, collateral=600_000, rate=0.4),
)
_POORER = tuple(
    replace(bank, opening_balance=bank.opening_balance // 2, collateral=bank.collateral // 6)
    for bank in _BANKS
)
ORDINARY = Scenario("Four banks, an ordinary day", _BANKS)
CRISIS = Scenario(
    "A large payment nobody foresaw",
    _POORER,
    ticks_per_day=60,
    num_days=3,
    shocks=(
        Shock(75, "BRAVO", "CHARLIE", 1_100_000),
        Shock(80, "DELTA", "ALPHA", 600_000),
    ),
)
#: Holds nothing back for long, so that what cannot be paid waits where it can be netted.
PROMPT = Policy(0.8, 8, 0.0)
CRISIS_SEED = 3
LIQUIDITY = Search("liquidity", ORDINARY, master_seed=7, max_iterations=14)
HOARDERS = replace(
    LIQUIDITY,
    name="hoarders",
    master_seed=11,
    max_iterations=8,
    stable=4,
    start=Policy(1.0, 2, 0.6),
    persistence=Persistence(keep=("initial", "best", "worst", "final"), level="full"),
)
SEARCHES = (LIQUIDITY, HOARDERS)


def write(path: str | os.PathLike[str], progress: Progress | None = None) -> Path:
    """Record the experiments and the crisis into one DuckDB file; its path.

    Runs are added to what the file holds. Raises `RecordingError` where it cannot be written.
    """
    file = Path(path).absolute()
    whole = sum(plan.max_iterations for plan in SEARCHES) + 4
    with SimCashRecorder(f"duckdb:///{file}") as recorder:
        policies = {bank.id: PROMPT for bank in CRISIS.banks}
        crisis = setting(CRISIS, policies, CRISIS_SEED)
        with recorder.begin_run(crisis, ticks_per_commit=20) as run:
            simulate(CRISIS, policies, CRISIS_SEED, run)
        done = 4
        for plan in SEARCHES:
            search(plan, recorder, _teller(progress, plan.name, done, whole))
            done += plan.max_iterations
    return file


def _teller(
    progress: Progress | None, name: str, done: int, whole: int
) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda iteration: progress(name, (done + iteration + 1) / whole)
