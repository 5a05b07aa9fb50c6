"""Rows of a run on the command line: filtered, sorted, counted, as plain SQL has them."""

import json
import math
from decimal import Decimal
from pathlib import Path

import pytest

from tests.builders import vmt
from tests.telemetry.command_line import ran, refused

_SQL_COLUMNS = "tick, buyer_id, seller_id, dA, dB, dM, price"


_COLUMNS = _SQL_COLUMNS.replace(" ", "")


_NAMES = _COLUMNS.split(",")


@pytest.fixture(autouse=True)
def _bugs_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEMETRY_DEBUG", "1")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "money.db"
    return vmt.build("money_full", path, runs=3, ticks=60, agents=4)


def _objects(database: Path, names: list[str], sql: str) -> list[dict[str, object]]:
    return [dict(zip(names, row, strict=True)) for row in vmt.query(database, sql)]


@pytest.mark.parametrize("name", ["trades", "trade_attempts"])
def test_rows_are_those_of_sql_in_every_exact_format(
    capsys: pytest.CaptureFixture[str], database: Path, name: str
) -> None:
    columns = _NAMES if name == "trades" else ["tick", "buyer_id", "price", "result_reason"]
    sql = f"SELECT {', '.join(columns)} FROM {name} WHERE run_id = 1 ORDER BY tick, id"
    expected = _objects(database, columns, sql)
    assert len(expected) > 5
    asked = ["table", name, database, "1", "--columns", ",".join(columns)]
    assert ran(capsys, *asked, "--format", "json").json() == expected
    assert ran(capsys, *asked, "--format", "jsonl").lines() == expected
    header, *rows = ran(capsys, *asked, "--format", "csv").csv()
    assert header == columns
    assert rows == [["" if v is None else str(v) for v in row.values()] for row in expected]


def test_trades_and_attempts_are_short_for_their_tables(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    for short, long in (("trades", "trades"), ("attempts", "trade_attempts")):
        rest = [database, "1", "--format", "csv"]
        assert ran(capsys, short, *rest).out == ran(capsys, "table", long, *rest).out
        assert ran(capsys, "table", short, *rest).out == ran(capsys, short, *rest).out


def test_filters_ticks_agents_and_sort_limit_rows_as_sql_would(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    result = ran(
        capsys, "trades", database, "1", "--filter", "dM=>0", "--filter", "price=!null",
        "--ticks", "3~50", "--agent", "0", "--sort", "-price", "--columns", _COLUMNS,
        "--format", "json",
    )  # fmt: skip
    sql = (
        f"SELECT {_SQL_COLUMNS} FROM trades WHERE run_id = 1 AND dM > 0 AND price IS NOT NULL "
        "AND tick BETWEEN 3 AND 50 AND 0 IN (buyer_id, seller_id) ORDER BY price DESC, id DESC"
    )
    assert result.json() == _objects(database, _NAMES, sql)
    assert result.json(), "the filter must leave something to compare"


def test_the_example_queries_of_the_seed_are_one_command_each(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    def answer(*arguments: object) -> list[list[object]]:
        found = ran(capsys, *arguments, "--format", "json").json()
        return [list(row.values()) for row in found]

    def sql(text: str) -> list[list[object]]:
        return [list(row) for row in vmt.query(database, text)]

    assert answer("trades", database, 1, "--filter", "dM=>0", "--columns", _COLUMNS) == sql(
        f"SELECT {_SQL_COLUMNS} FROM trades WHERE run_id = 1 AND dM > 0 ORDER BY tick"
    )
    columns = "tick,lambda_money,inventory_M"
    assert answer(
        "table", "agent_snapshots", database, 1, "--agent", 0, "--columns", columns
    ) == sql(
        f"SELECT {columns} FROM agent_snapshots WHERE run_id = 1 AND agent_id = 0 ORDER BY tick"
    )
    columns = "tick,current_mode,exchange_regime,active_pairs"
    assert answer("table", "tick_states", database, 1, "--columns", columns) == sql(
        f"SELECT {columns} FROM tick_states WHERE run_id = 1 ORDER BY tick"
    )
    during = ["--filter", "mode=trade", "--filter", "regime=mixed", "--columns", _COLUMNS]
    assert answer("trades", database, 1, *during) == sql(
        f"SELECT {', '.join('t.' + name for name in _NAMES)} FROM trades t JOIN tick_states ts "
        "ON t.run_id = ts.run_id AND t.tick = ts.tick WHERE t.run_id = 1 "
        "AND ts.current_mode = 'trade' AND ts.exchange_regime = 'mixed' ORDER BY t.tick"
    )
    columns = "agent_id,tick,lambda_old,lambda_new,clamped"
    assert answer(
        "table", "lambda_updates", database, 1, "--sort", "agent_id", "--columns", columns
    ) == sql(f"SELECT {columns} FROM lambda_updates WHERE run_id = 1 ORDER BY agent_id, tick")


def test_the_summary_gives_count_and_surplus_by_pair_type(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    found = ran(capsys, "summary", database, "1", "trades", "--format", "json").json()
    expected = {
        pair: (count, volume)
        for pair, count, volume in vmt.query(
            database,
            "SELECT CASE WHEN dM = 0 THEN 'A<->B' WHEN dA > 0 THEN 'A<->M' ELSE 'B<->M' END, "
            "count(*), sum(dM) FROM trades WHERE run_id = 1 GROUP BY 1",
        )
    }
    group = next(iter(found[0]))
    assert {row[group]: (row["trade_count"], row["sum_dM"]) for row in found} == expected
    text = ran(capsys, "summary", database, "1")
    total = sum(count for count, _ in expected.values())
    assert any(line.split()[:2] == ["all", str(total)] for line in text.out.splitlines())


def test_facets_count_values_most_frequent_first(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    result = ran(capsys, "facets", database, "1", "trade_attempts", "result_reason",
                 "--filter", "result=fail", "--format", "json")  # fmt: skip
    found = result.json()
    sql = (
        "SELECT result_reason, count(*) FROM trade_attempts "
        "WHERE run_id = 1 AND result = 'fail' GROUP BY 1"
    )
    assert {row["value"]: row["count"] for row in found} == dict(vmt.query(database, sql))
    counts = [row["count"] for row in found]
    assert counts == sorted(counts, reverse=True)
    assert all(list(row) == ["value", "count"] for row in found)
    one = ran(capsys, "facets", database, "1", "trade_attempts", "result_reason",
              "--limit", "1", "--format", "json")  # fmt: skip
    assert len(one.json()) == 1


def test_text_is_cut_at_fifty_rows_and_says_so(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    text = ran(capsys, "table", "agent_snapshots", database, "1")
    assert "50 of 240 rows shown; --limit all shows every one." in text.err
    assert len([line for line in text.out.splitlines() if line.strip()]) == 53  # with heading
    exact = ran(capsys, "table", "agent_snapshots", database, "1", "--format", "csv")
    assert len(exact.csv()) == 241
    assert exact.err == ""
    asked = ran(capsys, "table", "agent_snapshots", database, "1", "--limit", "7", "-q")
    assert len([line for line in asked.out.splitlines() if line.strip()]) == 10
    assert asked.err == ""


def test_text_names_the_columns_it_leaves_out_and_shows_them_when_asked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = vmt.build("barter", tmp_path / "b.db", runs=1, ticks=6)
    short = ran(capsys, "trades", path, "1")
    assert "dM" in short.err
    assert "not recorded" not in short.out
    full = ran(capsys, "trades", path, "1", "--columns", "tick,dM")
    assert "not recorded" in full.out
    everything = ran(capsys, "trades", path, "1", "--all-columns")
    assert "buyer_lambda" in everything.out


def test_columns_that_are_not_recorded_are_null_in_exact_formats(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = vmt.build("barter", tmp_path / "b.db", runs=1, ticks=6)
    found = ran(capsys, "trades", path, "1", "--format", "json").json()
    assert found
    assert {row["dM"] for row in found} == {None}
    none = ran(capsys, "trades", path, "1", "--filter", "dM=0", "--format", "json")
    assert (none.code, none.out) == (1, "[]\n")
    assert "dM is not recorded" in none.err
    null = ran(capsys, "trades", path, "1", "--filter", "dM=null", "--format", "json")
    assert null.json() == found


@pytest.mark.parametrize(("form", "empty"), [("csv", "tick\n"), ("json", "[]\n"), ("jsonl", "")])
def test_rows_that_match_nothing_are_valid_and_exit_code_one(
    capsys: pytest.CaptureFixture[str], database: Path, form: str, empty: str
) -> None:
    result = ran(capsys, "trades", database, "1", "--filter", "tick=<0", "--columns", "tick",
                 "--format", form)  # fmt: skip
    assert (result.code, result.out) == (1, empty)
    assert "No rows" in result.err


def test_a_table_that_is_not_recorded_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = vmt.build("barter", tmp_path / "b.db", runs=1, ticks=3)
    result = ran(capsys, "table", "tick_states", path, "1", "--format", "json")
    assert (result.code, result.out) == (1, "[]\n")
    assert "not recorded" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["trades", "--filter", "nope=5"],
        ["trades", "--filter", "tick=soon"],
        ["trades", "--filter", "tick=2~"],
        ["trades", "--filter", "tick=/2/"],
        ["trades", "--filter", "direction=/(/"],
        ["trades", "--filter", "tick>5"],
        ["trades", "--sort", "nope"],
        ["trades", "--columns", "tick,nope"],
        ["trades", "--columns", "tick,tick"],
        ["trades", "--columns", ","],
        ["timeline", "--lane", "nope"],
        ["table", "--agent", "0"],
    ],
)
def test_a_request_that_makes_no_sense_is_bad_use(
    capsys: pytest.CaptureFixture[str], database: Path, arguments: list[str]
) -> None:
    command, *rest = arguments
    name = ["tick_states"] if command == "table" else []
    refused(capsys, 2, command, *name, database, "1", *rest)


def test_an_unknown_table_column_or_measure_is_named_with_what_there_is(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    assert "trade_attempts" in refused(capsys, 2, "table", "nope", database, "1")
    assert "buyer_id" in refused(capsys, 2, "facets", database, "1", "trades", "nope")
    assert "inventory_A" in refused(capsys, 2, "series", database, "1", "nope")
    refused(capsys, 2, "summary", database, "1", "nope")


def test_scaled_quantities_are_shown_in_units_and_the_scale_can_be_set(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = vmt.build("head_decimal", tmp_path / "d.db", runs=1, ticks=6)
    stored = [v for (v,) in vmt.query(path, "SELECT dA FROM trades WHERE run_id = 1 ORDER BY tick")]
    asked = ["trades", path, "1", "--columns", "dA", "--format", "jsonl"]
    inferred = ran(capsys, *asked)
    assert "10 000" in inferred.err
    found = [json.loads(line, parse_float=Decimal)["dA"] for line in inferred.out.splitlines()]
    assert [value * vmt.UNITS for value in found] == stored
    for arguments in ([*asked, "--scale", "1"], ["--scale", "1", *asked]):
        assert [row["dA"] for row in ran(capsys, *arguments).lines()] == stored
    assert "inferred" not in ran(capsys, *asked, "--quiet").err


def test_infinities_are_exact_and_valid(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = vmt.build("barter", tmp_path / "b.db", runs=1, ticks=3, agents=1)
    connection = vmt.connect(path)
    with connection:
        connection.execute("UPDATE agent_snapshots SET utility = ? WHERE tick = 1", (math.inf,))
        connection.execute("UPDATE agent_snapshots SET utility = 1e308 WHERE tick = 2")
    connection.close()
    asked = ["table", "agent_snapshots", path, "1", "--columns", "utility", "--ticks", "1~2"]
    assert ran(capsys, *asked, "--format", "csv").out == "utility\ninf\n1e+308\n"
    found = ran(capsys, *asked, "--format", "json").json()
    assert [row["utility"] for row in found] == ["Infinity", 1e308]
    assert ran(capsys, *asked, "--filter", "utility=inf", "--format", "csv").out == "utility\ninf\n"
