"""On every real sample, what the command line prints is what SQL run by hand finds."""

import json
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.telemetry.command_line import ran

pytestmark = [pytest.mark.realdata, pytest.mark.sampled(4)]
SAMPLES = ("legacy", "mode", "money_p2", "money", "head_decimal", "money_full")
UNITS = 10_000
# What head_decimal stores as integers scaled by 10 000.
GOODS = {"inventory_A", "inventory_B", "dA", "dB", "amount"}
Capsys = pytest.CaptureFixture[str]


class Sample:
    """A real database, asked by hand; `path` is what the command line is given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scale = UNITS if path.stem == "head_decimal" else 1
        self._connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)

    def sql(self, text: str, *parameters: object) -> list[tuple[object, ...]]:
        return self._connection.execute(text, parameters).fetchall()

    def columns(self, table: str) -> list[str]:
        return [str(row[1]) for row in self.sql(f'PRAGMA table_info("{table}")')]

    def tables(self) -> list[str]:
        found = self.sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [str(name) for (name,) in found if not str(name).startswith("sqlite_")]

    def runs(self) -> list[int]:
        rows = self.sql("SELECT run_id FROM simulation_runs ORDER BY run_id")
        return [int(str(run)) for (run,) in rows]

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest, shared_data: Path) -> Iterator[Sample]:
    opened = Sample(shared_data / "vmt" / f"{request.param}.db")
    yield opened
    opened.close()


def _objects(capsys: Capsys, *arguments: object) -> list[dict[str, object]]:
    result = ran(capsys, *arguments, "--format", "jsonl", "--quiet")
    assert result.code in (0, 1), result
    assert result.err == "", result
    return [json.loads(line, parse_float=_number) for line in result.out.splitlines()]


def _number(text: str) -> Decimal | float:
    """Exact where the text is short (scaled quantities), a double where it is one's full text."""
    return Decimal(text) if len(text) <= 12 and "e" not in text else float(text)


def _same(found: object, stored: object, scale: int = 1) -> bool:
    if isinstance(found, Decimal) and isinstance(stored, float):
        return float(found) == stored
    if scale != 1 and stored is not None:
        return isinstance(found, int | Decimal) and found * scale == stored
    return found == stored


def test_the_runs_and_their_ticks(capsys: Capsys, sample: Sample) -> None:
    found = _objects(capsys, "runs", sample.path)
    names = ["run_id", "scenario_name", "start_time", "end_time", "total_ticks", "num_agents"]
    stored = sample.sql(f"SELECT {', '.join(names)} FROM simulation_runs ORDER BY run_id")
    assert [tuple(run[name] for name in names) for run in found] == stored
    for run in found:
        ticks = sample.sql(
            "SELECT min(tick), max(tick) FROM agent_snapshots WHERE run_id = ?", run["run_id"]
        )
        assert [(run["first_tick"], run["last_tick"])] == ticks


def test_every_row_of_every_table(capsys: Capsys, sample: Sample) -> None:
    compared = 0
    for table in sample.tables():
        if table == "simulation_runs":
            continue
        names = sample.columns(table)
        for run in sample.runs():
            stored = sample.sql(f"SELECT * FROM {table} WHERE run_id = ? ORDER BY id", run)
            found = _objects(
                capsys, "table", table, sample.path, run, "--sort", "id",
                "--columns", ",".join(names),
            )  # fmt: skip
            assert len(found) == len(stored), (table, run)
            scales = [sample.scale if name in GOODS else 1 for name in names]
            for row, expected in zip(found, stored, strict=True):
                assert list(row) == names
                cells = zip(row.values(), expected, scales, strict=True)
                assert all(_same(*cell) for cell in cells), (table, run, row, expected)
            compared += len(stored)
    assert compared > 1_000


def test_counts_and_surplus_by_pair_type(capsys: Capsys, sample: Sample) -> None:
    columns = sample.columns("trades")
    money = "dM" if "dM" in columns else "0"
    surplus = "buyer_surplus + seller_surplus" if "buyer_surplus" in columns else "NULL"
    traded = (
        f"CASE WHEN {money} > 0 AND dA > 0 THEN 'A<->M' WHEN {money} > 0 THEN 'B<->M' "
        "ELSE 'A<->B' END"
    )
    for run in sample.runs():
        stored = sample.sql(
            f"SELECT {traded}, count(*), avg({surplus}), sum({surplus}) FROM trades "
            "WHERE run_id = ? GROUP BY 1 ORDER BY 1",
            run,
        )
        groups = _objects(capsys, "summary", sample.path, run, "trades")
        if money == "0" and "exchange_pair_type" not in columns:
            assert [row["trade_count"] for row in groups] == [row[1] for row in stored]
            continue
        found = sorted(
            (row["pair_type"], row["trade_count"], row["avg_total_surplus"],
             row["sum_total_surplus"])
            for row in groups
        )  # fmt: skip
        assert [row[:2] for row in found] == [row[:2] for row in stored]
        for row, expected in zip(found, stored, strict=True):
            for value, wanted in zip(row[2:], expected[2:], strict=True):
                assert (value is None) == (wanted is None)
                assert value is None or float(value) == pytest.approx(float(wanted), rel=1e-12)


def test_pair_types_as_stored(capsys: Capsys, sample: Sample) -> None:
    if "exchange_pair_type" not in sample.columns("trades"):
        pytest.skip("this vintage does not record it")
    for run in sample.runs():
        found = _objects(capsys, "facets", sample.path, run, "trades", "exchange_pair_type")
        stored = sample.sql(
            "SELECT exchange_pair_type, count(*) FROM trades WHERE run_id = ? GROUP BY 1", run
        )
        assert {row["value"]: row["count"] for row in found} == dict(stored)


def test_attempts_by_reason(capsys: Capsys, sample: Sample) -> None:
    if "trade_attempts" not in sample.tables():
        pytest.skip("this vintage has no attempts")
    for run in sample.runs():
        found = _objects(
            capsys, "facets", sample.path, run, "trade_attempts", "result_reason",
            "--filter", "result=!success",
        )  # fmt: skip
        stored = sample.sql(
            "SELECT result_reason, count(*) FROM trade_attempts "
            "WHERE run_id = ? AND result <> 'success' GROUP BY 1",
            run,
        )
        assert {row["value"]: row["count"] for row in found} == dict(stored)


@pytest.mark.parametrize("measure", ["lambda_money", "inventory_A", "inventory_B", "inventory_M"])
def test_lambda_and_inventories_of_an_agent(capsys: Capsys, sample: Sample, measure: str) -> None:
    scale = sample.scale if measure in GOODS else 1
    for run in sample.runs():
        found = _objects(capsys, "series", sample.path, run, measure, "--agent", "0")
        column = measure if measure in sample.columns("agent_snapshots") else "NULL"
        stored = sample.sql(
            f"SELECT tick, {column} FROM agent_snapshots WHERE run_id = ? AND agent_id = 0 "
            "ORDER BY tick",
            run,
        )
        if all(value in (None, 0) for _, value in stored) and measure not in GOODS:
            assert found == [], "never filled is not recorded, and no zero"
            continue
        assert [row["tick"] for row in found] == [tick for tick, _ in stored]
        for row, (_, value) in zip(found, stored, strict=True):
            assert float(row["value"]) == pytest.approx(float(value) / scale, rel=1e-15)


def test_mode_intervals(capsys: Capsys, sample: Sample) -> None:
    for run in sample.runs():
        found = _objects(capsys, "timeline", sample.path, run, "--lane", "mode")
        modes = {
            tick: row["state"]
            for row in found
            for tick in range(int(str(row["first_tick"])), int(str(row["last_tick"])) + 1)
        }
        if "tick_states" in sample.tables():
            sql = "SELECT tick, current_mode FROM tick_states WHERE run_id = ?"
            assert modes == dict(sample.sql(sql, run))
        elif "mode_changes" in sample.tables():
            changes = sample.sql(
                "SELECT tick, old_mode, new_mode FROM mode_changes WHERE run_id = ? ORDER BY tick",
                run,
            )
            ((last,),) = sample.sql("SELECT max(tick) FROM agent_snapshots WHERE run_id = ?", run)
            state, expected = changes[0][1], {}
            switches = {tick: new for tick, _, new in changes}
            for tick in range(int(str(last)) + 1):
                state = switches.get(tick, state)
                expected[tick] = state
            assert modes == expected
        else:
            assert modes == {}


def test_active_pairs_and_regimes(capsys: Capsys, sample: Sample) -> None:
    if "tick_states" not in sample.tables():
        pytest.skip("this vintage has no tick states")
    has_regime = "exchange_regime" in sample.columns("tick_states")
    for run in sample.runs():
        found = _objects(capsys, "timeline", sample.path, run)
        active: dict[int, set[object]] = {}
        regimes: dict[int, object] = {}
        for row in found:
            for tick in range(int(str(row["first_tick"])), int(str(row["last_tick"])) + 1):
                if row["lane"] == "regime":
                    regimes[tick] = row["state"]
                elif row["state"] == "on":
                    active.setdefault(tick, set()).add(row["lane"])
        stored = sample.sql("SELECT tick, active_pairs FROM tick_states WHERE run_id = ?", run)
        expected = {tick: set(json.loads(str(text))) for tick, text in stored}
        assert active == {tick: pairs for tick, pairs in expected.items() if pairs}
        if has_regime:
            sql = "SELECT tick, exchange_regime FROM tick_states WHERE run_id = ?"
            assert regimes == dict(sample.sql(sql, run))
        else:
            assert regimes == {}


def test_the_example_queries_of_the_seed(capsys: Capsys, shared_data: Path) -> None:
    sample = Sample(shared_data / "vmt" / "money_full.db")
    during = (
        "SELECT count(*) FROM trades t JOIN tick_states ts USING (run_id, tick) "
        "WHERE t.run_id = 3 AND ts.current_mode = 'trade' AND ts.exchange_regime = 'mixed'"
    )
    monetary = "SELECT count(*) FROM trades WHERE run_id = 2 AND dM > 0"
    try:
        for sql, run, filters in (
            (monetary, 2, ["--filter", "dM=>0"]),
            (during, 3, ["--filter", "mode=trade", "--filter", "regime=mixed"]),
        ):
            ((count,),) = sample.sql(sql)
            assert len(_objects(capsys, "trades", sample.path, run, *filters)) == count
        ((monetary_count,),) = sample.sql(monetary)
        assert monetary_count > 0
    finally:
        sample.close()


def test_asking_leaves_the_folder_as_it_was(capsys: Capsys, sample: Sample, tmp_path: Path) -> None:
    copy = tmp_path / "data" / sample.path.name
    copy.parent.mkdir()
    copy.write_bytes(sample.path.read_bytes())
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in copy.parent.iterdir()}
    for command in (["identify"], ["runs"]):
        assert ran(capsys, *command, copy).code == 0
    assert ran(capsys, "export", copy, "1", "-o", tmp_path / "out").code == 0
    after = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in copy.parent.iterdir()}
    assert after == before
