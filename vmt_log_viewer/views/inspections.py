"""What the inspector shows of each kind of item: asked of the source, put into sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.cancel import CancelToken
from telemetry.concepts import AgentId, Cell, Findings, RunDetail, RunId, TablePage, TickRange
from telemetry.errors import NothingFoundError
from telemetry.frozen import Frozen, replace
from telemetry.queries import NegotiationQuery, RunQuery, TableQuery, Where
from telemetry.text import bytes_text, exact_text, in_units, one_line
from vmt_log_viewer.models.fact_tree import Fact, Section, fact_of
from vmt_log_viewer.models.one_row import read_row
from vmt_log_viewer.state.items import AgentItem, Item, NegotiationItem, RowItem

if TYPE_CHECKING:
    from telemetry.source import Source

READING = "reading …"
TEXT_SHOWN = 100_000  # characters of a configuration that is no JSON


class Facts(Frozen):
    """An answer for the inspector."""

    title: str
    caption: str
    sections: tuple[Section, ...]


def inspect(
    source: Source,
    run_id: RunId,
    item: Item,
    tick: int | None,
    token: CancelToken,
    found: Findings | None = None,
) -> Facts:
    """All that `source` has recorded of `item`; called in a worker thread.

    Of a run it shows what a pass over its rows has `found`, as far as that is known.
    """
    if isinstance(item, AgentItem):
        return _agent(source, run_id, item.agent_id, tick, token)
    if isinstance(item, RowItem):
        return _row(source, run_id, item, token)
    if isinstance(item, NegotiationItem):
        return _negotiation(source, run_id, item, token)
    detail = source.ask(RunQuery(run_id), token)
    return _run(detail if found is None else detail.completed(found), source)


def _run(detail: RunDetail, source: Source) -> Facts:
    run, identity = detail.run, source.identity
    warnings = tuple(Fact(text, wide=True, mood="warning") for text in detail.warnings)
    notes = tuple(Fact(text, wide=True) for text in (*detail.notes, *identity.notes))
    facts = tuple(
        Fact(label, READING, mood="muted")
        if label in detail.sought
        else Fact(label, v, recorded=v is not None)
        for label, v in detail.facts
    )
    origin = (
        Fact("Source", identity.location),
        Fact("Family", identity.family_label),
        Fact("Vintage", identity.vintage),
        Fact("Size", bytes_text(identity.size_bytes), recorded=identity.size_bytes is not None),
        *(Fact("Not recorded", name) for name in identity.missing),
    )
    sections = [
        Section("Warnings", warnings),
        Section("Run", facts),
        Section("Notes", notes),
        Section("Source", origin),
        Section("Configuration", _config(detail)),
    ]
    kept = tuple(section for section in sections if section.facts)
    return Facts(run.name, f"Run {run.run_id}", kept)


def _config(detail: RunDetail) -> tuple[Fact, ...]:
    """The configuration's own top level, or its text where it is no JSON."""
    if isinstance(detail.config, dict):
        return tuple(Fact(one_line(str(key)), value) for key, value in detail.config.items())
    if detail.config is not None:
        return (Fact("value", detail.config),)
    problem = detail.config_problem or ""
    said = (Fact(problem, wide=True, mood="warning"),) if problem else ()
    text = detail.config_text
    if text is None:
        return said or (Fact("configuration", None, recorded=False),)
    if len(text) > TEXT_SHOWN:
        cut = f"The first {TEXT_SHOWN} of {len(text)} characters are shown."
        said = (*said, Fact(cut, wide=True))
    lines = text[:TEXT_SHOWN].splitlines() or [""]
    return (*said, *(Fact(str(number), line) for number, line in enumerate(lines, 1)))


def _agent(
    source: Source, run_id: RunId, agent_id: AgentId, tick: int | None, token: CancelToken
) -> Facts:
    title = f"Agent {agent_id}"
    table = source.table_with_role("states")
    if table is None or not table.recorded:
        return Facts(title, "The agents' states are not recorded in this database.", ())
    if tick is None:
        return Facts(title, "This run has no ticks.", ())
    where = Where(agents=(agent_id,), ticks=TickRange(tick, tick))
    page = source.ask(TableQuery(run_id, table.name, where=where, limit=1), token)
    if not page.rows:
        return Facts(title, f"Not recorded at tick {tick}.", ())
    return Facts(title, f"at tick {tick}", (Section("State", _facts(page, 0)),))


def _row(source: Source, run_id: RunId, item: RowItem, token: CancelToken) -> Facts:
    table = source.table(item.table)
    page = read_row(source, run_id, item, token)
    if not page.rows:
        raise NothingFoundError(
            f"The row {item.key} of {table.label} is no longer there; refresh the view (F5)."
        )
    label = table.label.removesuffix("s")
    caption = f"row {page.keys[0]}"
    sections = [Section(label, _facts(page, 0))]
    buyer, seller = _cell(page, "buyer"), _cell(page, "seller")
    tick = _cell(page, "tick")
    if isinstance(tick, int):
        caption = f"tick {tick}, {caption}"
        if isinstance(buyer, int | str) and isinstance(seller, int | str):
            sections += _both_sides(source, run_id, tick, (buyer, seller), token)
    return Facts(label, caption, tuple(sections))


def _both_sides(
    source: Source,
    run_id: RunId,
    tick: int,
    agents: tuple[AgentId, AgentId],
    token: CancelToken,
) -> list[Section]:
    """Both agents before and after, as far as states are recorded."""
    try:
        found = source.ask(NegotiationQuery(run_id, tick, agents), token)
    except NothingFoundError:
        return []
    sides = zip(("Buyer", "Seller"), agents, strict=True)
    return [
        section
        for side, agent_id in sides
        if (section := _before_after(f"{side} {agent_id}", found.states, agent_id)) is not None
    ]


def _before_after(title: str, states: TablePage, agent_id: AgentId) -> Section | None:
    """The rows of one agent side by side, column by column, where something changed or not."""
    place = _place(states, "agent")
    rows = [i for i, row in enumerate(states.rows) if place is not None and row[place] == agent_id]
    if not rows:
        return None
    if len(rows) == 1:
        return Section(title, _facts(states, rows[0]))
    first, last = states.rows[rows[0]], states.rows[rows[-1]]
    facts = [
        replace(fact_of(c, None), value=_change(*(in_units(r[i], c.unit) for r in (first, last))))
        for i, c in enumerate(states.columns)
        if c.visible and c.role not in ("run", "key", "agent", "tick")
    ]
    return Section(title, tuple(facts))


def _change(before: Cell, after: Cell) -> Cell:
    if before == after:
        return after
    return f"{_told(before)} → {_told(after)}"


def _told(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return "null" if cell is None else exact_text(cell)


def _negotiation(source: Source, run_id: RunId, item: NegotiationItem, token: CancelToken) -> Facts:
    first, second = item.agents
    found = source.ask(NegotiationQuery(run_id, item.tick, item.agents), token)
    verdicts = tuple(
        Fact(f"{number}. {text}", wide=True) for number, text in enumerate(found.verdicts, 1)
    )
    about = (
        Fact("Attempts", len(found.attempts.rows), recorded=found.attempts.table.recorded),
        Fact("Trades", len(found.trades.rows)),
        *(Fact(note, wide=True) for note in found.notes),
    )
    trades = [
        Section(f"Trade {number}", _facts(found.trades, row))
        for number, row in enumerate(range(len(found.trades.rows)), 1)
    ]
    sides = (_before_after(f"Agent {a}", found.states, a) for a in item.agents)
    sections = [Section("Negotiation", about), Section("Attempts", verdicts), *trades]
    sections += [side for side in sides if side is not None]
    kept = tuple(section for section in sections if section.facts)
    return Facts(f"Agents {first} and {second}", f"negotiation at tick {item.tick}", kept)


def _facts(page: TablePage, row: int) -> tuple[Fact, ...]:
    return tuple(
        fact_of(column, cell)
        for column, cell in zip(page.columns, page.rows[row], strict=True)
        if column.role not in ("run", "key")
    )


def _place(page: TablePage, role: str) -> int | None:
    return next((i for i, column in enumerate(page.columns) if column.role == role), None)


def _cell(page: TablePage, role: str) -> Cell:
    place = _place(page, role)
    return None if place is None else page.rows[0][place]
