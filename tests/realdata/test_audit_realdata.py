"""What an audit finds in every real sample, each finding judged by hand, and nothing besides.

- money.db, money_p2.db: the producer never writes `exchange_regime` into the run row of a money
  run, and its first money vintage leaves `exchange_pair_type` at A<->B for every money trade.
- gen_unified.db: `min_balance` and `max_balance` of a day are taken before its last tick is
  settled and liquidity is returned; at tick 200 of one run the accumulators of two banks began
  anew, so that their deltas are negative (the change against the day before) instead of charges.
- The tampered logs of the order book are broken where `FACTS` says, and one of them trades at a
  price that no order offered.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import telemetry
from telemetry.queries import AuditQuery, RunsQuery

pytestmark = [pytest.mark.realdata, pytest.mark.sampled(4)]

REGIME, PAIR = {"run-row-agrees": 1}, {"pair-type-told": 20}
EXTREMES = {"day-extremes": 2}
VMT = {
    "head_decimal": {},
    "legacy": {},
    "mode": {},
    "money": dict.fromkeys((1, 3, 4, 5, 6), REGIME),
    "money_full": {},
    "money_p2": {1: REGIME | PAIR},
}
BOOKS = {
    "native_run": {},
    "events.jsonl.gz": {},
    "tampered_deleted.jsonl.gz": {"hash-chain": 1, "balance-steps": 1},
    "tampered_payload.jsonl.gz": {"hash-chain": 1, "trade-conserves": 1, "trade-in-book": 1},
    "tampered_rehash_one.jsonl.gz": {"hash-chain": 1},
}


def findings(path: Path, runs: int | None = None) -> dict[object, dict[str, int]]:
    """Faults by run and rule, of runs that have any; `runs` at most."""
    source = telemetry.open_source(path)
    try:
        listed = [run.run_id for run in source.ask(RunsQuery()).runs]
        audits = [source.ask(AuditQuery(run_id)) for run_id in listed[:runs]]
    finally:
        source.close()
    found = {a.run_id: {v.rule.name: v.faults for v in a.verdicts if v.faults} for a in audits}
    return {run: faults for run, faults in found.items() if faults}


@pytest.mark.parametrize("name", VMT)
def test_each_grid_economy_has_the_faults_that_its_producer_made(shared_data, name):
    assert findings(shared_data / "vmt" / f"{name}.db") == VMT[name]


def test_payments_have_the_faults_that_their_producer_made(shared_data):
    found = findings(shared_data / "simcash" / "gen_unified.db", 6)
    assert found.pop("sim-18bced27") == {"cost-deltas": 2}
    assert found.pop("sim-a3c5f418") == {"day-extremes": 4}
    assert list(found.values()) == [EXTREMES] * 4


@pytest.mark.parametrize("name", BOOKS)
def test_order_books_are_sound_unless_somebody_tampered_with_them(shared_data, name):
    found = findings(shared_data / "moltmarket" / name)
    assert list(found.values()) == ([BOOKS[name]] if BOOKS[name] else [])


def test_dealer_rings_break_no_rule(shared_data):
    sweep = shared_data / "bilancio" / "detailed_instrumentation_sweep"
    assert findings(sweep, 12) == {}
