"""An experiment: policies searched over iterations, judged by samples, kept where cheaper."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from telemetry.families.simcash.recorder import (
    Persistence,
    SimCashExperiment,
    SimCashIteration,
    SimCashRecorder,
)
from telemetry.frozen import Frozen, field, replace
from telemetry.samples.payments.scenario import Policy, Scenario
from telemetry.samples.payments.simulation import Outcome, setting, simulate

_RULE = "No language model is asked here: a rule draws each proposal from the master seed."


class Search(Frozen):
    """A hill climb by every bank for itself; it follows from ``master_seed`` alone.

    ``stable`` iterations in a row that save less than the threshold end it as converged.
    """

    name: str
    scenario: Scenario
    master_seed: int = 42
    max_iterations: int = 25
    samples: int = 3
    stable: int = 3
    stability_threshold: float = 0.01
    step: float = 0.45
    start: Policy = field(default_factory=Policy)
    persistence: Persistence = field(default_factory=Persistence)
    ticks_per_commit: int = 20

    @property
    def config(self) -> dict[str, object]:
        """The experiment under the names that the producer's files use."""
        return {
            "name": self.name,
            "scenario_path": self.scenario.name,
            "master_seed": self.master_seed,
            "scenario": self.scenario.config,
            "evaluation": {"mode": "bootstrap", "num_samples": self.samples},
            "convergence": {
                "max_iterations": self.max_iterations,
                "stability_threshold": self.stability_threshold,
                "stability_window": self.stable,
            },
            "optimization": {"step": self.step, "start": self.start.config},
        }


def search(
    plan: Search,
    recorder: SimCashRecorder,
    progress: Callable[[int], None] | None = None,
    experiment_id: str | None = None,
) -> dict[str, Policy]:
    """Run the experiment and record it; the policies that were held at its end.

    ``progress`` hears the number of each iteration that is over.
    """
    with recorder.begin_experiment(
        plan.name,
        config=plan.config,
        master_seed=plan.master_seed,
        scenario_path=plan.scenario.name,
        experiment_id=experiment_id,
        persistence=plan.persistence,
    ) as experiment:
        climb = Climb(plan, experiment)
        for number in range(plan.max_iterations):
            climb.iterate(number)
            if progress is not None:
                progress(number)
            if climb.converged:
                break
        climb.finish()
    return climb.policies


class Climb:
    """The state of a search: the policies held, what they cost, and for how long they held."""

    def __init__(self, plan: Search, experiment: SimCashExperiment) -> None:
        self.plan = plan
        self.policies = {bank.id: plan.start for bank in plan.scenario.banks}
        self._experiment = experiment
        self._chance = random.Random(plan.master_seed)
        self._costs: dict[str, float] = {}
        self._quiet = 0
        self._number = 0

    @property
    def converged(self) -> bool:
        return self._quiet >= self.plan.stable

    def iterate(self, number: int) -> None:
        """Propose, sample, accept, evaluate; iteration 0 is the baseline and proposes nothing."""
        self._number = number
        iteration = self._experiment.begin_iteration(number)
        self._experiment.log_event(number, "iteration_start", {"iteration": number})
        proposals = self.policies if number == 0 else self._proposals(number)
        means = self._sample(iteration, proposals)
        before = sum(self._costs.values())
        accepted = self._accept(number, proposals, means)
        self._quiet = 0 if number == 0 or not self._stayed(before) else self._quiet + 1
        last = self.converged or number == self.plan.max_iterations - 1
        purpose = "initial" if number == 0 else "final" if last else "evaluation"
        outcome = self._run(iteration, self.policies, purpose, None, self.plan.master_seed)
        told = {"total_cost": outcome.cost, "per_agent_costs": dict(outcome.costs)}
        self._experiment.log_event(number, "evaluation", told)
        iteration.finish(
            costs_per_agent=outcome.costs,
            policies={name: policy.config for name, policy in self.policies.items()},
            accepted_changes=accepted,
        )

    def finish(self) -> None:
        """Say how the search ended."""
        reason = (
            f"Stability achieved ({self.plan.stable} consecutive stable iterations)"
            if self.converged
            else f"Reached the limit of {self.plan.max_iterations} iterations"
        )
        self._experiment.finish(converged=self.converged, reason=reason)

    def _stayed(self, before: float) -> bool:
        """Whether the banks together spend as much as before, but for the threshold."""
        saved = before - sum(self._costs.values())
        return saved <= before * self.plan.stability_threshold

    def _proposals(self, number: int) -> dict[str, Policy]:
        """Each bank's policy with one parameter moved; steps shrink as the search goes on."""
        found = {}
        for name, policy in self.policies.items():
            size = self.plan.step / (1 + number / 6)
            move = self._chance.uniform(-size, size)
            which = self._chance.choice(("liquidity_fraction", "urgency", "buffer"))
            if which == "urgency":
                ticks = max(0, min(12, policy.urgency + round(move * 20)))
                found[name] = replace(policy, urgency=ticks)
            else:
                value = round(max(0.0, min(1.0, getattr(policy, which) + move)), 3)
                found[name] = replace(policy, **{which: value})
            self._tell(number, name, policy, found[name])
        return found

    def _tell(self, number: int, name: str, policy: Policy, proposal: Policy) -> None:
        cost = self._costs[name]
        self._experiment.log_llm_interaction(
            number,
            agent_id=name,
            system_prompt=_RULE,
            user_prompt=f"Bank {name} spends {cost:.0f} cents a day under {policy.config}.",
            raw_response=f"Try {proposal.config}.",
            parsed_policy=proposal.config,
            parsing_error=None,
            model="rule:hill-climb",
            prompt_tokens=0,
            completion_tokens=0,
            latency_seconds=0.0,
        )

    def _sample(
        self, iteration: SimCashIteration, policies: Mapping[str, Policy]
    ) -> dict[str, float]:
        """The mean cost of each bank over the samples, which are the same days every time."""
        sums = dict.fromkeys(policies, 0)
        for sample in range(self.plan.samples):
            seed = self.plan.master_seed * 1000 + sample
            outcome = self._run(iteration, policies, "bootstrap", sample, seed)
            for name, cost in outcome.costs.items():
                sums[name] += cost
        return {name: total / self.plan.samples for name, total in sums.items()}

    def _accept(
        self, number: int, proposals: Mapping[str, Policy], means: Mapping[str, float]
    ) -> dict[str, bool]:
        """Each bank keeps its proposal if its own mean cost fell."""
        if number == 0:
            self._costs = dict(means)
            return dict.fromkeys(proposals, False)
        accepted = {name: means[name] < self._costs[name] for name in proposals}
        for name, better in accepted.items():
            if better:
                self.policies[name] = proposals[name]
                self._costs[name] = means[name]
        return accepted

    def _run(
        self,
        iteration: SimCashIteration,
        policies: Mapping[str, Policy],
        purpose: str,
        sample: int | None,
        seed: int,
    ) -> Outcome:
        scenario = self.plan.scenario
        with iteration.begin_run(
            setting(scenario, policies, seed),
            purpose=purpose,
            sample_index=sample,
            ticks_per_commit=self.plan.ticks_per_commit,
        ) as run:
            return simulate(scenario, policies, seed, run)
