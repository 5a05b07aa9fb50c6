"""`verify` and `book`: what only a log of chained events can answer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import click

from telemetry.analysis import market
from telemetry.cli.asking import find_run, opened
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import common
from telemetry.cli.output import Output, Section
from telemetry.cli.progress import reported
from telemetry.concepts import Cell, Column, Level, OrderBook, Standing, Verdict
from telemetry.errors import NothingFoundError
from telemetry.queries import OrderBookQuery, PricesQuery, RunQuery, RunsQuery, VerifyQuery
from telemetry.text import cell_text

_VERDICT = (
    Column("run_id", "Run", "text"),
    Column("sound", "Sound", "flag"),
    Column("checked", "Events checked", "int"),
    Column("broken_at", "Broken at event", "int"),
    Column("problem", "Problem", "text"),
)
_SIDES = tuple(
    Column(name, name, "real")
    for name in ("bid orders", "bid quantity", "bid", "ask", "ask quantity", "ask orders")
)
_STANDING = (
    Column("rank", "Rank", "int"),
    Column("agent_id", "Agent", "text"),
    Column("name", "Name", "text"),
    Column("status", "Status", "text"),
    *(Column(n, n, "real") for n in ("cash", "asset", "equity", "pnl")),
    Column("pnl_pct", "PnL %", "real", unit="%"),
)


@click.command()
@click.argument("source")
@click.argument("run", required=False)
@common
def verify(source: str, run: str | None) -> int:
    """Whether the recording of a RUN (of every run, unless one is named) can be trusted.

    Exit code 1 where one is not: the first bad event is named, and what is wrong there.

    \b
    Examples:
      telemetry verify market-run/
      telemetry verify events.jsonl.gz --format json
    """
    output = Output()
    with opened(source, output) as asked:
        if run is not None:
            asked_for = [find_run(asked, run, output)]
        else:
            asked_for = [r.run_id for r in asked.ask(RunsQuery(), current_token()).runs]
        with reported("Verifying") as token:
            verdicts = [asked.ask(VerifyQuery(run_id), token) for run_id in asked_for]
    if output.for_people:
        output.sections([("", (), [(_sentence(v),)]) for v in verdicts])
    else:
        output.rows(_VERDICT, [_row(v) for v in verdicts])
    if not verdicts:
        output.note(f"{source} has no runs to verify.")
    return 0 if verdicts and all(v.sound for v in verdicts) else 1


@click.command()
@click.argument("source")
@click.argument("run")
@click.option("--tick", type=int, metavar="N", help="After this tick; the run's last unless told.")
@click.option(
    "--levels", type=click.IntRange(min=1), default=10, metavar="N",
    help="At most so many prices of each side (10 unless told).",
)  # fmt: skip
@click.option(
    "--only", type=click.Choice(("levels", "leaderboard", "prices")),
    help="Rows of this alone; prices are those of every tick of the run.",
)  # fmt: skip
@common
def book(source: str, run: str, tick: int | None, levels: int, only: str | None) -> int:
    """Order book and standings of a RUN after a tick, rebuilt from its events.

    \b
    Examples:
      telemetry book market-run/ aa8e373e --tick 250
      telemetry book market-run/ aa8e373e --only leaderboard --format csv
    """
    output = Output()
    with opened(source, output) as asked:
        run_id = find_run(asked, run, output)
        recorded = asked.ask(RunQuery(run_id), current_token()).run.ticks
        at = tick if tick is not None else (None if recorded is None else recorded.last)
        if at is None or (recorded is not None and tick is not None and tick not in recorded):
            has = "no ticks" if recorded is None else f"ticks {recorded}"
            which = "a tick" if tick is None else f"tick {tick}"
            # asked first: a family without order books says so whatever the tick
            asked.ask(OrderBookQuery(run_id, 0, levels), current_token())
            raise NothingFoundError(f"There is no {which} in run {run_id}; it has {has}.")
        found = asked.ask(OrderBookQuery(run_id, at, levels), current_token())
        last = asked.ask(PricesQuery(run_id), current_token()) if only == "prices" else ()
    if only is not None:
        rows = {
            "levels": (market.BOOK, market.book_rows(found)),
            "leaderboard": (market.STANDINGS, market.standing_rows(found.standings)),
            "prices": (market.PRICES, market.price_rows(last)),
        }
        return 0 if output.rows(*rows[only]) else 1
    output.one(_object(found), _sections(found))
    output.notes(found.notes)
    return 0 if found.bids or found.asks or found.standings else 1


def _row(verdict: Verdict) -> Sequence[Cell]:
    return (
        verdict.run_id,
        verdict.sound,
        verdict.checked,
        verdict.broken_at,
        verdict.problem or None,
    )


def _sentence(verdict: Verdict) -> str:
    if verdict.sound:
        return f"Run {verdict.run_id} is sound: {verdict.checked} events checked."
    where = "" if verdict.broken_at is None else f" at event {verdict.broken_at}"
    return f"Run {verdict.run_id} is broken{where}: {verdict.problem}"


def _object(found: OrderBook) -> dict[str, object]:
    return {
        "tick": found.tick,
        "mid": found.mid,
        "spread": found.spread,
        "last_price": found.last_price,
        "bids": [_level(level) for level in found.bids],
        "asks": [_level(level) for level in found.asks],
        "standings": [
            dict(zip((c.name for c in _STANDING), _standing(s), strict=True))
            for s in found.standings
        ],
    }


def _level(level: Level) -> dict[str, Cell]:
    return {"price": level.price, "quantity": level.quantity, "orders": level.orders}


def _standing(s: Standing) -> tuple[Cell, ...]:
    return (s.rank, s.agent_id, s.name, s.status, s.cash, s.asset, s.equity, s.pnl, s.pnl_pct)


def _sections(found: OrderBook) -> list[Section]:
    sides: list[Sequence[Cell]] = [
        (
            *(("", "", "") if bid is None else (bid.orders, bid.quantity, bid.price)),
            *(("", "", "") if ask is None else (ask.price, ask.quantity, ask.orders)),
        )
        for bid, ask in zip_longest(found.bids, found.asks)
    ]
    facts = [
        f"{label} {cell_text(value, missing='none')}"
        for label, value in (
            ("mid", found.mid),
            ("spread", found.spread),
            ("last price", found.last_price),
        )
    ]
    return [
        (f"After tick {found.tick}: {', '.join(facts)}", _SIDES, sides),
        ("Standings", _STANDING, [_standing(s) for s in found.standings]),
    ]
