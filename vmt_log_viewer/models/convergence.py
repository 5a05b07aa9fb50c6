"""How an experiment went: costs over iterations, what was accepted, and policies compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from telemetry.analysis.policies import difference, leaves
from telemetry.concepts import Cell, Column, Iteration, IterationList
from telemetry.frozen import Frozen
from telemetry.text import cell_text, exact_text

TOTAL = "total cost"
Place = tuple[int, float]


class Convergence(Frozen):
    """Costs over iterations: (iteration, cost) of every policy that was tried, and of the one in
    force. `accepted` is empty where no change is marked as accepted; `band` is (iteration, low,
    high), where a confidence interval was recorded or computed.
    """

    tried: tuple[Place, ...]
    accepted: tuple[Place, ...]
    baseline: float | None
    band: tuple[tuple[int, float, float], ...] = ()
    mean: tuple[Place, ...] = ()


def agents_of(iterations: Sequence[Iteration]) -> tuple[str, ...]:
    """Every agent with a cost, in the order in which they first appear."""
    return tuple(dict.fromkeys(a for i in iterations for a in i.costs_per_agent))


def convergence(listed: IterationList, agent: str | None = None) -> Convergence:
    """The costs of one agent, or of all together. The first iteration is the baseline: its
    policy stays in force until a change is accepted (for the total: any agent's change).
    """
    costs = [(i.iteration, number(_cost(i, agent))) for i in listed.iterations]
    tried = tuple((n, cost) for n, cost in costs if cost is not None)
    baseline = costs[0][1] if costs else None
    in_force, accepted = baseline, []
    marked = False
    for iteration, (n, cost) in zip(listed.iterations, costs, strict=True):
        if _taken(iteration, agent):
            marked, in_force = True, cost
        if in_force is not None:
            accepted.append((n, in_force))
    if agent is not None:
        return Convergence(tried, tuple(accepted) if marked else (), baseline)
    low, high = _of_role(listed, "low"), _of_role(listed, "high")
    band = tuple((n, low[n], high[n]) for n in low if n in high)
    mean = tuple(_of_role(listed, "mean").items())
    return Convergence(tried, tuple(accepted) if marked else (), baseline, band, mean)


def _of_role(listed: IterationList, role: str) -> dict[int, float]:
    """Iteration → number of the first field that plays `role`."""
    name = next((c.name for c in listed.columns if c.role == role and c.recorded), "")
    values = {i.iteration: number(i.fields.get(name)) for i in listed.iterations}
    return {n: value for n, value in values.items() if value is not None}


def _numbers(policies: Iterable[tuple[int, object]]) -> dict[str, tuple[Place, ...]]:
    """The numbers in policies over the iterations, by their path."""
    found: dict[str, list[Place]] = {}
    for number, policy in policies:
        for path, value in leaves(policy).items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                found.setdefault(path, []).append((number, float(value)))
    return {path: tuple(places) for path, places in found.items()}


def policy_agents(iterations: Sequence[Iteration]) -> tuple[str, ...]:
    """Every agent with a policy, in the order in which they first appear."""
    return tuple(dict.fromkeys(a for i in iterations for a in i.policies))


def parameters_by_agent(
    iterations: Sequence[Iteration],
) -> dict[str, dict[str, tuple[Place, ...]]]:
    """The same of each agent under one name: path in its policy → agent → (iteration, value)."""
    found: dict[str, dict[str, tuple[Place, ...]]] = {}
    for agent in policy_agents(iterations):
        own = ((i.iteration, i.policies[agent]) for i in iterations if agent in i.policies)
        for path, places in _numbers(own).items():
            found.setdefault(path, {})[agent] = places
    return {path: each for path, each in found.items() if _changes(each, len(iterations))}


def _changes(each: Mapping[str, tuple[Place, ...]], iterations: int) -> bool:
    """Whether a parameter of some agent changes, or is not there all the time."""
    return any(
        len({value for _, value in places}) > 1 or len(places) != iterations
        for places in each.values()
    )


def parameter_table(
    iterations: Sequence[Iteration], path: str
) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    """A row an iteration, with the parameter of each agent that has it."""
    each = {a: dict(places) for a, places in parameters_by_agent(iterations)[path].items()}
    columns = (Column("iteration", "iteration", "int"), *(Column(a, a, "real") for a in each))
    rows = tuple((i.iteration, *(each[a].get(i.iteration) for a in each)) for i in iterations)
    return columns, rows


def iteration_table(
    listed: IterationList,
) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    """Columns and a row per iteration: accepted, costs, runs, and what else is recorded."""
    agents, unit = agents_of(listed.iterations), listed.unit
    marked = any(accepted_text(i) is not None for i in listed.iterations)
    named = any(i.runs for i in listed.iterations)  # no run named at all: not recorded, not none
    whole = "int" if unit == "cents" else "real"
    more = tuple(
        column
        for column in listed.columns
        if any(i.fields.get(column.name) is not None for i in listed.iterations)
    )
    columns = (
        Column("iteration", "iteration", "int"),
        *((_ACCEPTED,) if marked else ()),
        Column("total_cost", "total cost", whole, unit=unit),
        *(Column(f"cost {a}", f"cost of {a}", whole, unit=unit) for a in agents),
        *((Column("runs", "runs", "int"),) if named else ()),
        *more,
    )
    rows = tuple(
        (
            i.iteration,
            *((accepted_text(i),) if marked else ()),
            i.total_cost,
            *(i.costs_per_agent.get(a) for a in agents),
            *((len(i.runs),) if named else ()),
            *(i.fields.get(c.name) for c in more),
        )
        for i in listed.iterations
    )
    return columns, rows


_ACCEPTED = Column("accepted", "accepted", "text", help="Whose change was kept.")


def accepted_text(iteration: Iteration) -> Cell:
    """The agents whose change was kept, "none", or None where it is not recorded."""
    if not iteration.accepted or all(v is None for v in iteration.accepted.values()):
        return None
    return ", ".join(a for a, kept in iteration.accepted.items() if kept) or "none"


POLICY_COLUMNS = (
    Column("path", "what", "text", help="The agent, and the path to the value in its policy."),
    Column("change", "change", "text"),
    Column("old", "before", "text"),
    Column("new", "after", "text"),
)


def policy_rows(
    old: Iteration, new: Iteration
) -> tuple[tuple[tuple[Cell, ...], ...], dict[tuple[int, int], str]]:
    """What differs between the policies of two iterations, and the moods of its cells."""
    changes = difference(dict(old.policies), dict(new.policies))
    rows: list[tuple[Cell, ...]] = []
    moods: dict[tuple[int, int], str] = {}
    for row, change in enumerate(changes):
        before = "" if change.change == "added" else value_text(change.old)
        after = "" if change.change == "removed" else value_text(change.new)
        rows.append((change.path, change.change, before, after))
        if change.change != "changed":
            moods[row, 1] = "good" if change.change == "added" else "bad"
    return tuple(rows), moods


def value_text(value: object) -> str:
    """A value of a policy as JSON writes it, text without quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def cost_text(cost: float | None, unit: str) -> str:
    """A cost for people: cents as money, other units with their name."""
    if cost is None:
        return "not recorded"
    text = cell_text(cost, Column("cost", "cost", "real", unit=unit))
    return text if unit == "cents" or not unit else f"{text} {unit}"


def number(cell: Cell) -> float | None:
    """`cell` as a number to draw; None for what is none."""
    if cell is None or isinstance(cell, bool | str | bytes):
        return None
    return float(exact_text(cell))


def _cost(iteration: Iteration, agent: str | None) -> Cell:
    return iteration.total_cost if agent is None else iteration.costs_per_agent.get(agent)


def _taken(iteration: Iteration, agent: str | None) -> bool:
    if agent is None:
        return any(iteration.accepted.values())
    return bool(iteration.accepted.get(agent))
