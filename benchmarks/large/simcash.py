"""A large SimCash database: one run of many banks, made by DuckDB itself, the same every time."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.builders import simcash

RUN = "large-run"
TICKS_PER_DAY = 100
_RUNS = f"""
INSERT INTO simulation_runs (simulation_id, config_name, config_hash, start_time, ticks_per_day,
    num_days, rng_seed, status, total_transactions)
SELECT '{RUN}', 'large', 'hash', TIMESTAMP '2026-01-01', {TICKS_PER_DAY},
    $ticks // {TICKS_PER_DAY}, 1, 'completed', $payments;
INSERT INTO simulations (simulation_id, config_file, config_hash, rng_seed, ticks_per_day, num_days,
    num_agents, status)
SELECT '{RUN}', 'large.yaml', 'hash', 1, {TICKS_PER_DAY}, $ticks // {TICKS_PER_DAY}, $banks,
    'completed';
"""
_STATES = f"""
INSERT INTO tick_agent_states
SELECT '{RUN}', format('BANK_{{:03d}}', b), t, t // {TICKS_PER_DAY},
    1000000 + (hash(b, t // 7) % 500000)::BIGINT, 0, 500000, 0,
    (t % {TICKS_PER_DAY}) * (1 + b % 5), (t % {TICKS_PER_DAY}) * (b % 3), 0, 0, 0,
    1 + b % 5, b % 3, 0, 0, 0
FROM range($ticks) AS ticks(t), range($banks) AS banks(b)
WHERE b % 10 > 0 OR t >= (b * 97) % $ticks // 2 -- a tenth enters late
ORDER BY t, b
"""
_PAYMENTS = f"""
INSERT INTO transactions (simulation_id, tx_id, sender_id, receiver_id, amount, priority,
    is_divisible, arrival_tick, arrival_day, deadline_tick, settlement_tick, status,
    amount_settled, queue1_ticks, queue2_ticks, total_delay_ticks, delay_cost)
SELECT '{RUN}', format('tx{{:08d}}', i), format('BANK_{{:03d}}', s),
    format('BANK_{{:03d}}', (s + 1 + hash(i, 2) % ($banks - 1)) % $banks),
    (100 + hash(i, 3) % 1000000)::BIGINT, 5, false, t, t // {TICKS_PER_DAY}, t + 50,
    CASE WHEN i % 20 > 0 THEN t + d END, CASE WHEN i % 20 > 0 THEN 'settled' ELSE 'pending' END,
    0, d, 0, d, d * 3
FROM (SELECT i, i * $ticks // $payments AS t, (hash(i, 1) % $banks)::BIGINT AS s,
    (hash(i, 4) % 10)::BIGINT AS d FROM range($payments) AS payments(i))
"""
_EVENTS = f"""
INSERT INTO simulation_events
SELECT format('{{:08x}}-{{}}', i, k), '{RUN}', t, t // {TICKS_PER_DAY},
    TIMESTAMP '2026-01-01' + to_milliseconds(i * 2 + k),
    CASE k WHEN 0 THEN 'Arrival' ELSE 'RtgsImmediateSettlement' END,
    format('{{{{"tx_id": "tx{{:08d}}", "sender_id": "BANK_{{:03d}}", "amount": {{}}}}}}', i,
        (hash(i, 1) % $banks)::BIGINT, (100 + hash(i, 3) % 1000000)::BIGINT),
    NULL, format('tx{{:08d}}', i), TIMESTAMP '2026-01-01'
FROM (SELECT i, i * $ticks // $payments AS t FROM range($payments) AS payments(i)),
    range(2) AS kinds(k)
"""


def long_run(path: Path, banks: int, ticks: int, payments: int) -> Path:
    """One run of `banks` × `ticks` states with `payments` payments and two events for each."""
    if path.exists():
        raise FileExistsError(f"{path} is there already; remove it first.")
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    simcash.create(part, "unified")
    sizes = {"banks": banks, "ticks": ticks, "payments": payments}
    with duckdb.connect(str(part)) as connection:
        for statements in (_RUNS, _STATES, _PAYMENTS, _EVENTS):
            for statement in filter(str.strip, statements.split(";")):
                used = {name: n for name, n in sizes.items() if f"${name}" in statement}
                connection.execute(statement, used)
        connection.execute("CHECKPOINT")
    part.rename(path)
    return path
