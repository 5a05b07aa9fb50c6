"""Files of an experiment that are not as they should be: zero rows or a sentence, no crash."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

import telemetry
from telemetry.errors import SourceError
from telemetry.queries import CountQuery, RunQuery, RunsQuery, SeriesQuery, Sort, TableQuery
from tests.builders import bilancio as b

pytestmark = pytest.mark.sampled(4)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return b.write_run(tmp_path / "active_1")


def _cells(run: Path, table: str, *names: str) -> list[tuple[object, ...]]:
    query = TableQuery("active_1", table, names, sort=Sort("line"))
    return list(telemetry.open_source(run).ask(query).rows)


def _warnings(run: Path) -> tuple[str, ...]:
    return telemetry.open_source(run).ask(RunQuery("active_1")).warnings


ROWS = [
    (0, "mid", Decimal("0.85"), True),
    (0, "mid", Decimal("1.15"), False),
    (1, "long", Decimal("1.2"), True),
]


def _trades(run: Path) -> list[tuple[object, ...]]:
    return _cells(run, "trades", "day", "bucket", "unit_price", "is_passthrough")


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "\r\n", "\n\n"])
def test_line_ends_and_a_byte_order_mark_change_nothing(
    run: Path, newline: str, mark: str, last: str
) -> None:
    path = run / "out" / "trades.csv"
    lines = path.read_text("utf-8").splitlines()
    b.put(path, mark + newline.join(lines) + last)

    assert _trades(run) == ROWS
    assert _warnings(run) == ()


def test_line_ends_of_both_kinds_in_one_file_change_nothing(run: Path) -> None:
    path = run / "out" / "trades.csv"
    head, *rest = path.read_text("utf-8").splitlines()
    b.put(path, head + "\r\n" + "\n".join(rest) + "\r\n")

    assert _trades(run) == ROWS


@pytest.mark.parametrize("name", sorted(p for p in (
    "trades.csv", "repayment_events.csv", "inventory_timeseries.csv",
    "system_state_timeseries.csv", "metrics.csv", "balances.csv", "metrics_ds.csv",
    "metrics_intraday.csv", "events.jsonl", "dealer_metrics.json",
)))  # fmt: skip
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_file_that_is_missing_or_empty_is_zero_rows_and_costs_no_other(
    run: Path, name: str, how: str
) -> None:
    path = run / "out" / name
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(b"")
    source = telemetry.open_source(run)
    expected = {"trades": 3, "events": len(b.EVENTS), "metrics": 2, "system_state_timeseries": 3}
    expected = {t: 0 if name.split(".")[0] == t else n for t, n in expected.items()}

    assert {t: source.ask(CountQuery("active_1", t)) for t in expected} == expected
    for table in source.tables:
        source.ask(TableQuery("active_1", table.name))
    assert source.ask(RunQuery("active_1")).warnings == ()


def test_a_header_alone_is_zero_rows(run: Path) -> None:
    b.put_csv(run / "out" / "trades.csv", b.TRADES, ())

    assert _trades(run) == []
    assert telemetry.open_source(run).ask(SeriesQuery("active_1", "dealer_inventory")).lines != ()


def test_columns_are_found_by_name_in_any_order(run: Path) -> None:
    rows = [b.trade("active_1", 4, "BUY", "H9", unit_price="0.5")]
    b.put_csv(run / "out" / "trades.csv", list(reversed(b.TRADES)), rows)

    assert _cells(run, "trades", "day", "side", "trader_id", "unit_price") == [
        (4, "BUY", "H9", Decimal("0.5"))
    ]


def test_columns_that_nobody_declared_are_offered_as_text(run: Path) -> None:
    header = ["weather", *b.TRADES, "line", "day of week"]
    more = {"weather": "=1+1", "line": "77", "day of week": "Mon"}
    b.put_csv(run / "out" / "trades.csv", header, [b.trade("active_1", 4, "BUY", "H9", **more)])

    wanted = ("line", "weather", "line in the file", "day of week")
    assert _cells(run, "trades", *wanted) == [(1, "=1+1", "77", "Mon")]


def test_columns_that_a_file_lacks_are_not_recorded_and_never_zero(run: Path) -> None:
    without = [n for n in b.TRADES if n not in ("price", "is_passthrough", "trader_id", "side")]
    b.put_csv(run / "out" / "trades.csv", without, [b.trade("active_1", 4, "BUY", "H9")])
    source = telemetry.open_source(run)

    table = source.table("trades")
    lacking = {c.name for c in table.columns if not c.recorded and not c.derived}
    assert lacking == {"price", "is_passthrough", "trader_id", "side", "outside_mid", "dealer_mid"}
    assert _cells(run, "trades", "price", "is_passthrough", "outside_count") == [(None, None, None)]
    assert {r[0] for r in _cells(run, "obligations", "debtor_traded")} == {False, True}


def test_columns_of_newer_runs_are_there_beside_those_of_older_ones(tmp_path: Path) -> None:
    folder = b.write_experiment(tmp_path / "sweep", pairs=2)
    newer = folder / "active" / "runs" / "active_2" / "out" / "trades.csv"
    header = [*(n for n in b.TRADES if n != "vbt_mid_before"), "outside_mid"]
    b.put_csv(newer, header, [b.trade("active_2", 0, "SELL", "H1", outside_mid="0.75")])
    source = telemetry.open_source(folder)

    def outside(run: str) -> list[tuple[object, ...]]:
        query = TableQuery(run, "trades", ("vbt_mid_before", "outside_mid"), limit=1)
        return list(source.ask(query).rows)

    assert outside("active_1") == [(Decimal("1.0"), None)]
    assert outside("active_2") == [(None, Decimal("0.75"))]


def test_wrong_types_in_row_3_are_kept_as_text_and_said(run: Path) -> None:
    rows = [b.trade("active_1", day, "SELL", "H1") for day in (0, 1, 2, 3)]
    rows[2] |= {"day": "soon", "unit_price": "cheap", "is_passthrough": "maybe"}
    rows[3] |= {"day": "3.7", "dealer_inventory_before": "2.0"}
    b.put_csv(run / "out" / "trades.csv", b.TRADES, rows)

    assert _cells(run, "trades", "day", "unit_price", "is_passthrough", "unreadable") == [
        (0, Decimal("0.85"), True, None),
        (1, Decimal("0.85"), True, None),
        (None, "cheap", None, "day: soon; unit_price: cheap; is_passthrough: maybe"),
        (None, Decimal("0.85"), True, "day: 3.7"),
    ]
    assert _cells(run, "trades", "dealer_inventory_before")[3] == (2,)
    assert _warnings(run) == (
        "trades: 2 rows could not be read in full, first row 3 "
        "(day: soon; unit_price: cheap; is_passthrough: maybe).",
    )


def test_a_number_that_is_none_leaves_a_gap_in_its_series_and_is_counted(run: Path) -> None:
    rows = [b.state("active_1", day, 10, 100, ratio) for day, ratio in ((0, "0.5"), (1, "n/a"))]
    b.put_csv(run / "out" / "system_state_timeseries.csv", b.SYSTEM, rows)

    found = telemetry.open_source(run).ask(SeriesQuery("active_1", "debt_to_money"))

    assert found.lines[0].value[0] == 0.5
    assert found.lines[0].value[1] != found.lines[0].value[1]
    assert found.notes == ("1 values of debt_to_money are no numbers and are left out.",)


def test_values_beyond_the_header_are_said_and_short_rows_read_as_null(run: Path) -> None:
    path = run / "out" / "trades.csv"
    whole = path.read_text("utf-8").splitlines()[1]
    b.put(path, path.read_text("utf-8") + f"{whole},one,two\r\nactive_1,active,5\r\n")

    assert _cells(run, "trades", "day", "side", "unreadable")[3:] == [
        (0, "SELL", "values beyond the header: one, two"),
        (5, None, None),
    ]


def test_quoted_cells_with_commas_quotes_and_line_ends_are_one_cell(run: Path) -> None:
    path = run / "out" / "balances.csv"
    b.put(path, 'agent_id,agent_name\r\nH1,"a, ""b""\r\nc"\r\nH2,\r\n')

    assert _cells(run, "balances", "agent_id", "agent_name") == [
        ("H1", 'a, "b"\r\nc'),
        ("H2", None),
    ]


def test_files_in_latin_1_are_read_as_that_and_named(run: Path) -> None:
    trades, events = run / "out" / "trades.csv", run / "out" / "events.jsonl"
    for path in (trades, events):
        text = path.read_text("utf-8").replace("H1", "Zoë")
        path.write_bytes(text.encode("latin-1"))
    (run / "scenario.yaml").write_bytes("name: Zoë".encode("latin-1"))
    (run / "out" / "dealer_metrics.json").rename(run / "out" / "dealer_metrics.json.gz")

    assert len(_trades(run)) == len(ROWS)
    assert ("Zoë",) in _cells(run, "trades", "trader_id")
    assert _warnings(run) == (
        "Not in UTF-8: trades.csv, events.jsonl, read as Latin-1, so that letters beyond ASCII may "
        "be wrong ones; save a copy in UTF-8.",
        "Not read, as it is no text in UTF-8: dealer_metrics.json.gz, scenario.yaml; save a copy "
        "as that.",
    )


def test_names_in_other_cases_and_packed_files_are_read_alike(run: Path) -> None:
    counts = ("trades", "repayment_events", "events", "metrics", "inventory_timeseries")
    source = telemetry.open_source(run)
    whole = [source.ask(CountQuery("active_1", table)) for table in counts]
    for name in ("trades", "events"):
        path = next((run / "out").glob(f"{name}.*"))
        path.rename(path.with_name(path.name.upper()))
    for path in sorted((run / "out").glob("[rmi]*.csv")):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()

    source = telemetry.open_source(run)
    assert [source.ask(CountQuery("active_1", table)) for table in counts] == whole
    assert _trades(run) == ROWS


def test_an_event_log_cut_in_the_middle_of_a_line_keeps_what_is_whole(run: Path) -> None:
    path = run / "out" / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    n = len(b.EVENTS)

    rows = _cells(run, "events", "line", "kind", "day", "unreadable")
    assert [r[:3] for r in rows[:-1]] == [
        (i, e["kind"], e["day"]) for i, e in enumerate(b.EVENTS[:-1], start=1)
    ]
    assert rows[-1] == (n, None, None, "this line is no whole JSON object")
    assert _warnings(run) == (
        f"events: 1 row could not be read in full, first row {n} "
        "(this line is no whole JSON object).",
    )
    # Whether day 2 was settled is not known any more, so nothing of it counts as a default.
    assert telemetry.open_source(run).ask(CountQuery("active_1", "defaults")) == 0


def test_lines_of_other_json_and_blank_ones_cost_no_other_line(run: Path) -> None:
    path = run / "out" / "events.jsonl"
    first = path.read_text("utf-8").splitlines()[0]
    b.put(path, f'{first}\r\n\r\n[1]\r\n"day"\r\n{{"kind": "X", "day": "late"}}\r\n{first}\r\n')

    assert _cells(run, "events", "line", "kind", "unreadable") == [
        (1, "CashMinted", None),
        (3, None, "this line is no whole JSON object"),
        (4, None, "this line is no whole JSON object"),
        (5, "X", "day: late"),
        (6, "CashMinted", None),
    ]


def test_long_deep_and_foreign_events_are_read_whole(run: Path) -> None:
    long, deep = "y" * 10_000_000, "[" * 2000 + "]" * 2000
    lines = [
        f'{{"kind": "Long", "day": 1, "note": "{long}"}}',
        f'{{"kind": "Deep", "day": 1, "note": {deep}}}',
        '{"kind": "事件", "day": 2, "agent": "عامل", "amount": 40312.50000000000000000000001}',
    ]
    b.put(run / "out" / "events.jsonl", "\n".join(lines) + "\n")

    rows = _cells(run, "events", "kind", "agent", "amount", "payload")
    assert [r[0] for r in rows] == ["Long", "Deep", "事件"]
    assert [r[3] for r in rows] == lines
    assert rows[2][1:3] == ("عامل", Decimal("40312.50000000000000000000001"))


def test_dealer_metrics_that_are_no_json_are_zero_rows(run: Path) -> None:
    b.put(run / "out" / "dealer_metrics.json", '{"dealer_total_pnl": 1.')

    assert _cells(run, "dealer_metrics", "metric") == []


def test_a_file_that_goes_away_after_opening_is_zero_rows(run: Path) -> None:
    source = telemetry.open_source(run)
    (run / "out" / "trades.csv").unlink()

    assert source.ask(TableQuery("active_1", "trades")).rows == ()


def test_a_folder_that_goes_away_after_opening_is_said_to_be_gone(run: Path) -> None:
    import shutil

    source = telemetry.open_source(run)
    shutil.rmtree(run)

    with pytest.raises(SourceError, match="is no longer there"):
        source.ask(TableQuery("active_1", "trades"))


@pytest.mark.parametrize("written", [";", "\t", "utf-16", "\r"])
def test_files_that_another_program_saved_read_as_the_producers(
    written: str, tmp_path: Path
) -> None:
    run = b.write_run(tmp_path / "active_1")
    source = telemetry.open_source(run)
    asked = TableQuery("active_1", "trades")
    whole = source.ask(asked).rows
    source.close()
    for path in (run / "out").glob("*.csv"):
        text = path.read_text("utf-8")
        if written == "utf-16":
            path.write_text(text, "utf-16", newline="\r\n")
        elif written == "\r":
            path.write_bytes(text.replace("\n", "\r").encode())
        else:
            b.put(path, text.replace(",", written))
    again = telemetry.open_source(run)
    assert len(whole) == 3
    assert again.ask(asked).rows == whole
    again.close()


def test_a_registry_of_blank_lines_hides_no_run(tmp_path: Path) -> None:
    b.write_experiment(tmp_path, pairs=1)
    for path in tmp_path.glob("*/registry/*.csv"):
        path.write_bytes(b"\r\n\r\n")
    source = telemetry.open_source(tmp_path)
    assert {run.run_id for run in source.ask(RunsQuery()).runs} == {"active_1", "passive_1"}
    source.close()
