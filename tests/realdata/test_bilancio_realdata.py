"""The real sweep: what a source answers is what csv, json and Decimal find by hand."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import telemetry
from telemetry.filters import Filter
from telemetry.queries import (
    AgentsQuery,
    CountQuery,
    ExperimentsQuery,
    RunQuery,
    RunsQuery,
    SeriesQuery,
    Sort,
    SummaryQuery,
    TableQuery,
    TimelineQuery,
    Where,
)
from tests.effort import effort

pytestmark = pytest.mark.realdata
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    found = shared_data / "bilancio" / "detailed_instrumentation_sweep"
    if not found.is_dir():
        pytest.skip(f"the real experiment is not here (looked in {found})")
    return found


@pytest.fixture(scope="module")
def source(folder: Path) -> telemetry.Source:
    return telemetry.open_source(folder)


def _read(path: Path) -> Rows:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _outs(folder: Path) -> list[tuple[str, Path]]:
    return [(out.parent.name, out) for out in sorted(folder.glob("*/runs/*/out"))]


def _events(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "events.jsonl").read_text("utf-8").splitlines()]


def _written(cell: object) -> str:
    """A cell as the producer writes it."""
    return "" if cell is None else str(cell)


def _same(cell: object, text: str) -> bool:
    """The cell is the file's text: exactly the same Decimal, digit for digit."""
    if isinstance(cell, Decimal):
        return cell.as_tuple() == Decimal(text).as_tuple()
    if isinstance(cell, bool):
        return str(cell) == text
    return _written(cell) == text


FILES = {
    "trades": "trades.csv",
    "repayment_events": "repayment_events.csv",
    "inventory_timeseries": "inventory_timeseries.csv",
    "system_state_timeseries": "system_state_timeseries.csv",
    "metrics": "metrics.csv",
    "balances": "balances.csv",
    "debtor_shares": "metrics_ds.csv",
    "intraday": "metrics_intraday.csv",
}


def test_every_cell_of_every_file_is_what_the_file_says(
    source: telemetry.Source, folder: Path
) -> None:
    checked = 0
    for run_id, out in _outs(folder):
        for table, name in FILES.items():
            expected = _read(out / name)
            page = source.ask(TableQuery(run_id, table, sort=Sort("line"), limit=10_000))
            columns = [c.name for c in page.columns]
            assert len(page.rows) == len(expected), (run_id, table)
            for cells, row in zip(page.rows, expected, strict=True):
                found = dict(zip(columns, cells, strict=True))
                for column, text in row.items():
                    shown = found["logged_run" if column == "run_id" else column]
                    assert _same(shown, text), (run_id, table, column, shown, text)
                    checked += 1
                assert found["unreadable"] is None
    assert checked > 4_000


def test_every_run_of_the_registries_is_listed_those_with_files_first(
    source: telemetry.Source, folder: Path
) -> None:
    runs = source.ask(RunsQuery()).runs
    registered = {
        row["run_id"]: (arm, row)
        for arm in ("active", "passive")
        for row in _read(folder / arm / "registry" / "experiments.csv")
    }

    assert {r.run_id for r in runs} == set(registered)
    here = {run_id for run_id, _ in _outs(folder)}
    assert {r.run_id for r in runs[: len(here)]} == here
    for run in runs:
        arm, row = registered[str(run.run_id)]
        assert (run.fields["regime"], run.status) == (arm, row["status"])
        for name in ("kappa", "concentration", "mu", "S1", "L0", "phi_total", "delta_total"):
            assert _same(run.fields[name], row[name]), (run.run_id, name)
        assert run.fields["seed"] == int(row["seed"])
        assert run.fields["files_missing"] is (run.run_id not in here)


def test_runs_know_the_other_run_of_their_pair(source: telemetry.Source, folder: Path) -> None:
    runs = {r.run_id: r.fields for r in source.ask(RunsQuery()).runs}

    for row in _read(folder / "aggregate" / "comparison.csv"):
        active, passive = runs[row["active_run_id"]], runs[row["passive_run_id"]]
        assert active["other_run"] == row["passive_run_id"]
        assert passive["other_run"] == row["active_run_id"]
        assert _same(passive["delta_other"], row["delta_active"])
        assert _same(active["trading_effect"], row["trading_effect"])
        assert _same(active["outside_mid_ratio"], row["outside_mid_ratio"])


def test_the_experiment_is_what_the_producers_summary_says(
    source: telemetry.Source, folder: Path
) -> None:
    told = json.loads((folder / "aggregate" / "summary.json").read_text("utf-8"))

    (found,) = source.ask(ExperimentsQuery()).experiments

    assert (found.experiment_id, found.runs, found.status) == (folder.name, 1250, "completed")
    names = {
        "pairs": "total_pairs", "completed_pairs": "completed_pairs",
        "pairs_improved": "pairs_with_improvement", "pairs_unchanged": "pairs_unchanged",
        "pairs_worsened": "pairs_worsened",
    }  # fmt: skip
    assert {n: found.fields[n] for n in names} == {n: told[t] for n, t in names.items()}
    for name in ("delta_passive", "delta_active", "trading_effect", "relief_ratio"):
        assert found.fields[f"mean_{name}"] == pytest.approx(told[f"mean_{name}"], rel=1e-12)


def test_why_pairs_show_no_difference_adds_up(source: telemetry.Source, folder: Path) -> None:
    rows = _read(folder / "aggregate" / "comparison.csv")
    unchanged = [r for r in rows if Decimal(r["trading_effect"]) == 0]
    nobody = sum(Decimal(r["delta_passive"]) == 0 for r in unchanged)
    untraded = sum(Decimal(r["delta_passive"]) != 0 and r["total_trades"] == "0" for r in unchanged)

    def count(text: str) -> int:
        where = Where((Filter.parse("explanation", f'"{text}"'),))
        return source.ask(CountQuery("", "pairs", where))

    assert count("nobody defaulted") == nobody
    assert count("nobody traded") == untraded
    rest = len(unchanged) - nobody - untraded
    assert rest > 0
    assert count(
        "traded; defaulters not logged"
    ) == rest  # fmt: skip


def test_aggregates_are_whole(source: telemetry.Source, folder: Path) -> None:
    wide = _read(folder / "aggregate" / "strategy_outcomes_by_run.csv")
    strategies = [n.removeprefix("count_") for n in wide[0] if n.startswith("count_")]

    assert source.ask(CountQuery("", "strategy_outcomes")) == len(wide) * len(strategies)
    groups = {g[0]: g[1:] for g in source.ask(SummaryQuery("", "strategy_outcomes")).groups}
    for strategy in strategies:
        assert groups[strategy][0] == sum(int(r[f"count_{strategy}"]) for r in wide)
        face = sum(Decimal(r[f"face_{strategy}"]) for r in wide)
        assert groups[strategy][1] == pytest.approx(float(face))
    usage = _read(folder / "aggregate" / "dealer_usage_by_run.csv")
    assert source.ask(CountQuery("", "dealer_usage")) == len(usage)
    overall = _read(folder / "aggregate" / "strategy_outcomes_overall.csv")
    assert source.ask(CountQuery("", "strategy_outcomes_overall")) == len(overall)


def test_defaults_are_what_fell_due_and_was_not_settled(
    source: telemetry.Source, folder: Path
) -> None:
    seen: Counter[str] = Counter()
    for run_id, out in _outs(folder):
        events = _events(out)
        made = {e["payable_id"]: e for e in events if e["kind"] == "PayableCreated"}
        paid = {e["pid"] for e in events if e["kind"] == "PayableSettled"}
        last = max(e["day"] for e in events)
        expected = {
            i: "repaid" if i in paid else "defaulted" if e["due_day"] <= last else "not reached"
            for i, e in made.items()
        }
        names = ("liability_id", "outcome")
        assert dict(source.ask(TableQuery(run_id, "obligations", names)).rows) == expected
        defaults = source.ask(TableQuery(run_id, "defaults", ("liability_id", "debtor"))).rows
        assert dict(defaults) == {
            i: made[i]["debtor"] for i, o in expected.items() if o == "defaulted"
        }
        traders = {t["trader_id"] for t in _read(out / "trades.csv")}
        facts = dict(source.ask(RunQuery(run_id)).facts)
        debtors = {d for _, d in defaults}
        assert facts.get("debtors in default", 0) == len(debtors)
        assert facts.get("of them had traded", 0) == len(debtors & traders)
        seen.update(expected.values())
    assert min(seen["repaid"], seen["defaulted"], seen["not reached"]) > 10


def test_default_rates_follow_from_the_obligations(source: telemetry.Source, folder: Path) -> None:
    runs = {r.run_id: r.fields for r in source.ask(RunsQuery()).runs}

    for run_id, _ in _outs(folder):
        rows = source.ask(TableQuery(run_id, "obligations", ("outcome", "amount"))).rows
        total = sum((a for _, a in rows), Decimal(0))
        unpaid = sum((a for o, a in rows if o != "repaid"), Decimal(0))
        assert float(unpaid / total) == pytest.approx(float(runs[run_id]["delta_total"])), run_id


def test_events_keep_every_line_as_it_is(source: telemetry.Source, folder: Path) -> None:
    for run_id, out in _outs(folder):
        lines = (out / "events.jsonl").read_text("utf-8").splitlines()
        names = ("line", "day", "kind", "payload")
        rows = source.ask(TableQuery(run_id, "events", names, limit=10_000)).rows
        expected = [
            (i, e["day"], e["kind"], line)
            for i, (e, line) in enumerate(((json.loads(x), x) for x in lines), start=1)
        ]
        assert list(rows) == expected, run_id


def test_series_are_the_numbers_of_the_files(source: telemetry.Source, folder: Path) -> None:
    lines = 0
    for run_id, out in _outs(folder):
        state = _read(out / "system_state_timeseries.csv")
        for measure in ("debt_to_money", "total_cash", "face_bucket_mid"):
            found = source.ask(SeriesQuery(run_id, measure)).lines
            assert [line.agent_id for line in found] == (["system"] if state else [])
            for line in found:
                assert line.tick.tolist() == [int(r["day"]) for r in state]
                assert line.value.tolist() == [float(Decimal(r[measure])) for r in state]
                lines += 1
        for bucket in source.ask(SeriesQuery(run_id, "total_system_face")).lines:
            rows = [r for r in _read(out / "inventory_timeseries.csv")
                    if r["bucket"] == bucket.agent_id]  # fmt: skip
            assert bucket.value.tolist() == [float(r["total_system_face"]) for r in rows]
            lines += 1
    assert lines > 30


def test_dealers_are_empty_throughout_and_their_lanes_say_so(
    source: telemetry.Source, folder: Path
) -> None:
    for run_id, out in _outs(folder):
        lanes = source.ask(TimelineQuery(run_id)).lanes
        if not _read(out / "inventory_timeseries.csv"):
            assert [len(lane.state) for lane in lanes] == [0]
            continue
        assert {lane.name for lane in lanes} == {"dealer:short", "dealer:mid", "dealer:long"}
        assert {lane.state for lane in lanes} == {("empty",)}


def test_trades_all_went_to_the_outside_dealer(source: telemetry.Source, folder: Path) -> None:
    for run_id, out in _outs(folder):
        rows = _read(out / "trades.csv")
        where = Where((Filter.parse("is_passthrough", "true"),))
        assert source.ask(CountQuery(run_id, "trades", where)) == sum(
            r["is_passthrough"] == "True" for r in rows
        )
        total = source.ask(SummaryQuery(run_id, "trades")).total
        assert total[1] == len(rows)
        if rows:
            assert total[3] == pytest.approx(float(sum(Decimal(r["price"]) for r in rows)))


def test_cash_at_the_start_is_what_was_minted(source: telemetry.Source, folder: Path) -> None:
    for run_id, out in _outs(folder):
        minted: dict[str, Decimal] = defaultdict(Decimal)
        for event in _events(out):
            if event["kind"] == "CashMinted" and event["phase"] == "setup":
                minted[event["to"]] += Decimal(str(event["amount"]))
        names = ("agent", "cash_at_start")
        found = dict(source.ask(TableQuery(run_id, "agents", names, limit=1000)).rows)
        assert {a: c for a, c in found.items() if c is not None} == {
            a: float(c) for a, c in minted.items()
        }
        agents = {a.agent_id for a in source.ask(AgentsQuery(run_id))}
        assert set(found) <= agents


def test_one_run_alone_answers_as_it_does_in_its_experiment(
    source: telemetry.Source, folder: Path
) -> None:
    for run_id, out in _outs(folder)[:: effort(4, 1)]:
        for place in (out.parent, out):
            alone = telemetry.open_source(place)
            assert [r.run_id for r in alone.ask(RunsQuery()).runs] == [run_id]
            for table in ("trades", "obligations", "horizon", "balances"):
                names = tuple(
                    c.name for c in alone.table(table).columns
                    if source.table(table).column(c.name) is not None
                )  # fmt: skip
                query = TableQuery(run_id, table, names, limit=1000)
                assert alone.ask(query).rows == source.ask(query).rows, (run_id, table)
            alone.close()
