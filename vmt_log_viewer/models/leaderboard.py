"""The leaderboard as columns and rows: who stands where after a tick."""

from __future__ import annotations

from collections.abc import Sequence

from telemetry.concepts import Cell, Column, Standing

COLUMNS = (
    Column("rank", "#", "int"),
    Column("agent", "agent", "text", help="The agent's name, its id where it has none."),
    Column("status", "status", "text"),
    Column("pnl", "PnL", "real", help="Equity less the initial holdings at the same mid."),
    Column("pnl_pct", "PnL %", "real"),
    Column("equity", "equity", "real", help="Cash and asset, the asset at the mid price."),
    Column("cash", "cash", "real"),
    Column("asset", "asset", "real"),
    Column("agent_id", "agent id", "text"),
)
_PNL = (3, 4)


def rows_of(standings: Sequence[Standing]) -> tuple[tuple[Cell, ...], ...]:
    """A row for each standing, in the order of the ranks."""
    return tuple(
        (s.rank, s.name or str(s.agent_id), s.status, s.pnl, s.pnl_pct, s.equity, s.cash, s.asset,
         str(s.agent_id))
        for s in standings
    )  # fmt: skip


def moods_of(standings: Sequence[Standing]) -> dict[tuple[int, int], str]:
    """Gains are good, losses are bad, nothing either way keeps the colour of text."""
    found = {}
    for row, standing in enumerate(standings):
        if standing.pnl:
            mood = "good" if standing.pnl > 0 else "bad"
            found.update({(row, column): mood for column in _PNL})
        if standing.status == "bankrupt":
            found[row, 2] = "bad"
    return found
