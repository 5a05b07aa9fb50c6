"""What follows from a run's files together: obligations and their outcomes, agents, the horizon."""

from __future__ import annotations

from telemetry.families.bilancio.sql import member, real, whole

_OBJECT = "json_valid(payload) AND json_type(payload) = 'OBJECT'"
_AGENT = ("debtor", "trader", "frm", "from_holder", "payer", "agent", "agent_id", "owner", "issuer")
_OTHER = ("creditor", "to", "to_holder", "payee", "bank", "lender")
_REFERENCE = (
    "contract_id", "payable_id", "pid", "obligation_id", "ticket_id", "trigger_contract",
    "instr_id", "keep", "loan_id", "stock_id",
)  # fmt: skip
_AMOUNT = ("amount", "price", "shortfall", "qty")

EVENTS = f"""
SELECT run_id, line, {whole("(j->>'day')")} AS day, j->>'kind' AS kind, j->>'phase' AS phase,
    coalesce({", ".join(f"j->>'{k}'" for k in _AGENT)}, j->>'to') AS agent,
    CASE WHEN coalesce({", ".join(f"j->>'{k}'" for k in _AGENT)}) IS NOT NULL
        THEN coalesce({", ".join(f"j->>'{k}'" for k in _OTHER)}) END AS counterparty,
    {member("j", *_AMOUNT)} AS amount, {whole("(j->>'due_day')")} AS due_day,
    coalesce({", ".join(f"j->>'{k}'" for k in _REFERENCE)}) AS reference, payload,
    CASE WHEN j IS NULL THEN 'this line is no whole JSON object'
        WHEN j->>'day' IS NOT NULL AND {whole("(j->>'day')")} IS NULL THEN 'day: ' || (j->>'day')
    END AS unreadable
FROM (SELECT *, CASE WHEN {_OBJECT} THEN payload END AS j FROM event_lines)
"""
"""Lines of events.jsonl; one that is no JSON is a row that says so, with its text."""

_STRATEGY = """CASE WHEN buys + sells = 0 THEN 'no_trade'
        WHEN buys > 0 AND sells >= buys THEN 'round_trip' WHEN sells > 0 THEN 'sell_before'
        ELSE 'hold_to_maturity' END"""
OBLIGATIONS = f"""
WITH told AS MATERIALIZED (
    SELECT run_id, line, day, kind, agent, counterparty, amount, due_day, reference FROM events
), made AS (
    SELECT run_id, line, reference AS liability_id, agent AS debtor, counterparty AS creditor,
        amount, due_day FROM told WHERE kind = 'PayableCreated'
), paid AS (
    SELECT run_id, reference AS liability_id, min(day) AS day FROM told
    WHERE kind = 'PayableSettled' GROUP BY ALL
), broken AS (
    SELECT run_id, reference AS liability_id, min(day) AS day FROM told
    WHERE kind IN ('ObligationDefaulted', 'ObligationWrittenOff') GROUP BY ALL
), ended AS (
    SELECT run_id, max(day) - CASE WHEN bool_or(kind IS NULL) THEN 1 ELSE 0 END AS day
    FROM told GROUP BY run_id
), known AS (
    SELECT coalesce(m.run_id, l.run_id) AS run_id, coalesce(m.line, -l.line) AS line,
        coalesce(m.liability_id, l.liability_id) AS liability_id,
        coalesce(m.debtor, l.trader_id) AS debtor, m.creditor,
        coalesce(m.amount, l.face_value) AS amount,
        coalesce(m.due_day, l.maturity_day) AS due_day, p.day AS settled_day,
        coalesce(l.outcome, CASE WHEN p.day IS NOT NULL THEN 'repaid'
            WHEN b.day IS NOT NULL OR m.due_day <= e.day THEN 'defaulted'
            ELSE 'not reached' END) AS outcome,
        CASE WHEN l.outcome IS NOT NULL THEN 'repayment_events' ELSE 'events' END AS told_by,
        l.buy_count, l.sell_count, l.net_cash_pnl, l.strategy
    FROM made m
    FULL OUTER JOIN every_repayment_events l USING (run_id, liability_id)
    LEFT JOIN paid p ON p.run_id = m.run_id AND p.liability_id = m.liability_id
    LEFT JOIN broken b ON b.run_id = m.run_id AND b.liability_id = m.liability_id
    LEFT JOIN ended e ON e.run_id = m.run_id
), counted AS (
    SELECT k.run_id, k.line, count(t.line) FILTER (upper(t.side) = 'BUY') AS buys,
        count(t.line) FILTER (upper(t.side) = 'SELL') AS sells
    FROM known k LEFT JOIN every_trades t
    ON t.run_id = k.run_id AND t.trader_id = k.debtor AND t.day <= k.due_day
    GROUP BY k.run_id, k.line
)
SELECT k.run_id, k.line, k.liability_id, k.debtor, k.creditor, k.amount, k.due_day, k.outcome,
    k.settled_day, coalesce(k.buy_count, c.buys) AS buy_count,
    coalesce(k.sell_count, c.sells) AS sell_count, k.net_cash_pnl,
    coalesce(k.strategy, {_STRATEGY}) AS strategy, k.outcome = 'defaulted' AS is_default,
    coalesce(k.buy_count, c.buys) + coalesce(k.sell_count, c.sells) > 0 AS debtor_traded, k.told_by
FROM known k JOIN counted c USING (run_id, line)
"""
"""Every obligation. What was logged about it is believed; else its outcome follows from events:
settled, or due on a day that the run reached and not settled (a default), or never reached."""

_KIND = """CASE WHEN regexp_full_match(agent, 'H[0-9]+') THEN 'household'
        WHEN agent LIKE 'big\\_%' ESCAPE '\\' THEN 'big entity'
        WHEN agent LIKE 'dealer\\_%' ESCAPE '\\' THEN 'dealer'
        WHEN agent LIKE 'vbt\\_%' ESCAPE '\\' THEN 'outside dealer'
        WHEN agent = 'CB' THEN 'central bank' END"""
NAMED = """
SELECT run_id, agent FROM (
    SELECT run_id, agent_id AS agent FROM every_balances WHERE NOT is_summary
    UNION SELECT run_id, unnest([agent, counterparty]) FROM events
        WHERE kind IN ('CashMinted', 'PayableCreated')
    UNION SELECT run_id, trader_id FROM every_trades
    UNION SELECT run_id, trader_id FROM every_repayment_events
) WHERE agent IS NOT NULL
"""
AGENTS = f"""
WITH owed AS MATERIALIZED (
    SELECT run_id, debtor, creditor, amount, due_day, is_default FROM obligations
), known AS (SELECT DISTINCT run_id FROM owed), ended AS MATERIALIZED (
    SELECT run_id, agent_id AS agent, any_value(assets_cash) AS cash,
        any_value(net_financial) AS net
    FROM every_balances WHERE NOT is_summary AND agent_id IS NOT NULL GROUP BY ALL
), minted AS MATERIALIZED (
    SELECT run_id, agent, phase, amount FROM events WHERE kind = 'CashMinted'
), trading AS MATERIALIZED (
    SELECT run_id, trader_id AS agent, upper(side) AS side
    FROM every_trades WHERE trader_id IS NOT NULL
), cash AS (
    SELECT run_id, agent, fsum({real("amount")}) AS sum FROM minted
    WHERE phase = 'setup' GROUP BY ALL
), owing AS (
    SELECT run_id, debtor AS agent, fsum({real("amount")}) AS sum,
        min(due_day) AS first_due_day, count(*) AS n, count(*) FILTER (is_default) AS defaults,
        fsum({real("amount")}) FILTER (is_default) AS lost FROM owed GROUP BY ALL
), due AS (
    SELECT run_id, creditor AS agent, fsum({real("amount")}) AS sum
    FROM owed GROUP BY ALL
), traded AS (
    SELECT run_id, agent, count(*) FILTER (side = 'BUY') AS buys,
        count(*) FILTER (side = 'SELL') AS sells FROM trading GROUP BY ALL
)
SELECT run_id, agent, {_KIND} AS kind, cash.sum AS cash_at_start,
    owing.sum AS owed, due.sum AS claims,
    CASE WHEN owing.sum > 0
        THEN coalesce(cash.sum, 0) / owing.sum END AS cash_per_debt,
    CASE WHEN known.run_id IS NULL THEN NULL WHEN coalesce(owing.sum, 0) = 0 THEN 'no debt'
        WHEN coalesce(cash.sum, 0) < owing.sum / 2 THEN 'cash below half of debt'
        WHEN coalesce(cash.sum, 0) < owing.sum THEN 'cash below debt'
        ELSE 'cash covers debt' END AS start,
    owing.first_due_day, owing.lost AS defaulted_face,
    CASE WHEN known.run_id IS NOT NULL THEN coalesce(owing.n, 0) END AS obligations,
    CASE WHEN known.run_id IS NOT NULL THEN coalesce(owing.defaults, 0) END AS defaults,
    CASE WHEN known.run_id IS NOT NULL THEN coalesce(owing.defaults, 0) > 0 END AS defaulted,
    coalesce(traded.buys, 0) AS buy_count, coalesce(traded.sells, 0) AS sell_count,
    coalesce(traded.buys, 0) + coalesce(traded.sells, 0) > 0 AS traded,
    ended.cash AS cash_at_end, ended.net AS net_at_end
FROM named_agents LEFT JOIN cash USING (run_id, agent) LEFT JOIN owing USING (run_id, agent)
    LEFT JOIN due USING (run_id, agent) LEFT JOIN traded USING (run_id, agent)
    LEFT JOIN ended USING (run_id, agent) LEFT JOIN known USING (run_id)
"""
"""Every agent that is named: what it started with, owed, traded and ended with. Where no obligation
of the run is known, nothing is said of its debts and defaults."""

HORIZON = f"""
WITH owed AS MATERIALIZED (
    SELECT run_id, {real("amount")} AS amount, due_day, settled_day, outcome, is_default
    FROM obligations
), stock AS (
    SELECT run_id, day, sum(dealer_inventory) AS held, sum(max_capacity) AS most,
        sum({real("dealer_share_pct")} * {real("total_system_face")})
            / nullif(sum({real("total_system_face")}), 0) AS share
    FROM every_inventory_timeseries GROUP BY ALL
), days AS (
    SELECT run_id, day FROM stock UNION SELECT run_id, day FROM every_system_state_timeseries
), paid AS (
    SELECT d.run_id, d.day,
        coalesce(fsum(o.amount) FILTER (outcome = 'repaid' AND settled_day <= d.day), 0) AS face,
        coalesce(fsum(o.amount) FILTER (is_default AND due_day <= d.day), 0) AS unpaid
    FROM days d JOIN owed o ON o.run_id = d.run_id GROUP BY ALL
)
SELECT run_id, row_number() OVER (PARTITION BY run_id ORDER BY day) AS line, day,
    CAST(stock.held AS BIGINT) AS dealer_inventory, CAST(stock.most AS BIGINT) AS max_capacity,
    stock.share AS dealer_share_pct, s.total_face_value, s.total_cash, s.debt_to_money,
    paid.face AS repaid_face, paid.unpaid AS due_unpaid_face
FROM days LEFT JOIN paid USING (run_id, day) LEFT JOIN stock USING (run_id, day)
    LEFT JOIN every_system_state_timeseries s USING (run_id, day)
WHERE day IS NOT NULL
"""
"""Per day: what the dealer holds of all buckets against the debt that remains."""

DEALER_METRICS = """
SELECT run_id, row_number() OVER (PARTITION BY run_id ORDER BY outer_id, inner_id) AS line, metric,
    bucket, value
FROM (
    SELECT run_id, e.id AS outer_id, 0 AS inner_id, e.key AS metric, NULL AS bucket,
        e.value->>'$' AS value
    FROM dealer_documents, json_each(j) e WHERE e.type NOT IN ('OBJECT', 'ARRAY')
    UNION ALL SELECT run_id, e.id, i.id, e.key, i.key, i.value->>'$'
    FROM dealer_documents, json_each(j) e, json_each(e.value) i WHERE e.type = 'OBJECT'
)
"""
"""What the dealer's own file says: a row for each number, in the order of the file."""
SUMMARY = "(agent_id = 'SYSTEM' OR item_type = 'summary' OR agent_kind = 'system')"
STATE = """CASE WHEN hit_vbt_this_step THEN 'routed outside'
    WHEN coalesce(is_at_zero, dealer_inventory = 0) THEN 'empty'
    WHEN max_capacity > 0 AND dealer_inventory >= max_capacity THEN 'full' ELSE 'stocked' END"""
