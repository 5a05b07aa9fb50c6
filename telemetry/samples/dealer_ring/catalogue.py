"""The sweep of the demo: rings with little and much money, equal and unequal, early and late."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import product

from telemetry.families.bilancio.recorder import BilancioRecorder, Pair
from telemetry.samples.dealer_ring.scenario import Scenario
from telemetry.samples.dealer_ring.simulation import simulate

#: Told what is being recorded, and which part of the whole (0 to 1) is done.
Progress = Callable[[str, float], None]

_KAPPAS = ("0.2", "0.6", "1.6")
_CONCENTRATIONS = ("0.5", "5")
_MUS = ("0.25", "0.75")
_MIDS = ("0.9", "0.5")
SCENARIOS = tuple(
    Scenario(
        seed=42 + number,
        kappa=Decimal(kappa),
        concentration=Decimal(concentration),
        mu=Decimal(mu),
        outside_mid=Decimal(mid),
    )
    for number, (kappa, concentration, mu, mid) in enumerate(
        product(_KAPPAS, _CONCENTRATIONS, _MUS, _MIDS)
    )
)


def write(
    folder: str | os.PathLike[str],
    progress: Progress | None = None,
    *,
    scenarios: Sequence[Scenario] = SCENARIOS,
) -> None:
    """Record each scenario without and with dealers, and compare the pairs.

    The folder is made if absent; one that holds these runs already is refused. The same
    scenarios give the same files.
    """
    recorder = BilancioRecorder(folder)
    pairs = []
    for number, scenario in enumerate(scenarios):
        ids = {
            regime: simulate(
                scenario, recorder, regime, run_id=f"balanced_{regime}_{number + 1:03}"
            )
            for regime in ("passive", "active")
        }
        pairs.append(Pair(ids["passive"], ids["active"], scenario.outside_mid))
        if progress is not None:
            progress(f"dealer ring, pair {number + 1}", (number + 1) / len(scenarios))
    recorder.write_aggregates(pairs, _config(scenarios))


def _config(scenarios: Sequence[Scenario]) -> dict[str, object]:
    """What summary.json says of the sweep, under the producer's names."""
    first = scenarios[0]
    return {
        "n_agents": first.agents,
        "maturity_days": first.days,
        "Q_total": str(first.total_debt),
        "base_seed": first.seed,
        "kappas": sorted({str(s.kappa) for s in scenarios}),
        "concentrations": sorted({str(s.concentration) for s in scenarios}),
        "mus": sorted({str(s.mu) for s in scenarios}),
        "outside_mid_ratios": sorted({str(s.outside_mid) for s in scenarios}),
    }
