"""A small honest settlement system: banks pay each other, and an experiment searches policies.

`simulate` runs a `Scenario` and `search` an experiment over it, both recorded through the SimCash
recorder. Everything follows from the seeds; money is only moved, and every cost is integer cents.
"""

from telemetry.samples.payments.scenario import BankSpec, Policy, Scenario
from telemetry.samples.payments.search import Search, search
from telemetry.samples.payments.simulation import Outcome, setting, simulate

__all__ = [
    "BankSpec",
    "Outcome",
    "Policy",
    "Scenario",
    "Search",
    "search",
    "setting",
    "simulate",
]
