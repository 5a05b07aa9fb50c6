"""The leaderboard's colours: who gained, who lost, who is bankrupt."""

from __future__ import annotations

from collections.abc import Sequence

from telemetry.analysis.market import STANDINGS
from telemetry.concepts import Standing

_PLACES = {column.name: place for place, column in enumerate(STANDINGS)}
_PNL = (_PLACES["pnl"], _PLACES["pnl_pct"])


def moods_of(standings: Sequence[Standing]) -> dict[tuple[int, int], str]:
    """Gains are good, losses are bad, nothing either way keeps the colour of text."""
    found = {}
    for row, standing in enumerate(standings):
        if standing.pnl:
            mood = "good" if standing.pnl > 0 else "bad"
            found.update({(row, column): mood for column in _PNL})
        if standing.status == "bankrupt":
            found[row, _PLACES["status"]] = "bad"
    return found
