"""Two runs' rows of a large table held against each other by digests, tick by tick."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from telemetry.analysis.chosen import Chosen
from telemetry.cancel import CancelToken
from telemetry.concepts import Digests
from telemetry.errors import RequestError
from telemetry.frozen import Frozen
from telemetry.queries import CountQuery, DigestQuery

LARGE = 100_000
"""Rows of a run from which digests are sooner there than the rows themselves."""


class Suspects(Frozen):
    """`ticks` may hold different rows, ascending; all others hold the same, `rows` in both runs.

    `reordered` are ticks of the same rows in another order, as far as the first suspect.
    """

    ticks: tuple[int, ...]
    reordered: tuple[int, ...]
    rows: int


def suspects(
    runs: tuple[Chosen, Chosen], queries: tuple[DigestQuery, DigestQuery], token: CancelToken
) -> Suspects | None:
    """Compare the digests of both runs, worked out side by side.

    None where rows are few or no engine digests them: then rows are compared by themselves.
    """
    for run, query in zip(runs, queries, strict=True):
        count = CountQuery(query.run_id, query.table, query.where)
        if run.source.ask(count, token) < LARGE:
            return None
    with ThreadPoolExecutor(2) as both:
        asked = [
            both.submit(run.source.ask, query, token)
            for run, query in zip(runs, queries, strict=True)
        ]
    try:
        left, right = (answer.result() for answer in asked)
    except RequestError:
        return None
    return _compared(left, right)


def _compared(left: Digests, right: Digests) -> Suspects:
    both, ones, others = np.intersect1d(left.tick, right.tick, return_indices=True)
    same = (left.rows[ones] == right.rows[others]) & np.all(
        left.content[ones] == right.content[others], axis=1
    )
    alone = np.setxor1d(left.tick, right.tick)
    ticks = np.union1d(both[~same], alone)
    moved = both[same & (left.order[ones] != right.order[others])]
    if len(ticks):  # from there on rows stand at other places of the table
        moved = moved[moved < ticks[0]]
    rows = 2 * int(left.rows[ones][same].sum())
    return Suspects(tuple(ticks.tolist()), tuple(moved.tolist()), rows)
