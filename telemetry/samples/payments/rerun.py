"""A recorded run simulated once more from its own rows: the same events, to the cent."""

from __future__ import annotations

import os

from telemetry.detect import open_source
from telemetry.families.simcash.recipes import recipe
from telemetry.families.simcash.recorder import SimCashRecorder
from telemetry.samples.payments.scenario import Policy, Scenario
from telemetry.samples.payments.simulation import Outcome, setting, simulate


def rerun(
    location: str | os.PathLike[str],
    simulation_id: str,
    recorder: SimCashRecorder,
    new_id: str | None = None,
) -> Outcome:
    """Simulate a run of `location` again and record it in full, as a run of no experiment.

    `recorder` must write elsewhere, for DuckDB lets one in at a time. NothingFoundError says what
    was not kept.
    """
    source = open_source(location)
    try:
        kept = recipe(source, simulation_id)
    finally:
        source.close()
    scenario = Scenario.of(kept.config)
    policies = {agent: Policy.of(policy) for agent, policy in kept.policies.items()}
    own = setting(scenario, policies, kept.seed)
    with recorder.begin_run(own, simulation_id=new_id, ticks_per_commit=20) as run:
        return simulate(scenario, policies, kept.seed, run)
