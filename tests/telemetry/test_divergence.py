"""Where two runs part: planted differences are found at their tick, table, agent and column."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from telemetry.analysis.chosen import Chosen, every_run
from telemetry.analysis.divergence import first_divergence, only_seeds
from telemetry.analysis.rows_apart import Rows, parted
from telemetry.cancel import CancelToken
from telemetry.concepts import Divergence
from telemetry.detect import open_source
from telemetry.errors import QueryCancelled, RequestError
from tests.builders import bilancio, vmt
from tests.telemetry.command_line import ran

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two recordings of one run, the second to be changed."""
    first = vmt.build("money_full", tmp_path / "first.db", runs=1, ticks=30, agents=4)
    second = tmp_path / "second.db"
    shutil.copy(first, second)
    return first, second


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0
    connection.close()


def compared(first: Path, second: Path, token: CancelToken | None = None) -> Divergence:
    one, other = open_source(str(first)), open_source(str(second))
    try:
        return first_divergence(*(run_of(source) for source in (one, other)), token)
    finally:
        one.close()
        other.close()


def run_of(source: object) -> Chosen:
    return every_run(source)[0]  # type: ignore[arg-type]


def test_a_changed_cell_is_found_at_its_tick_table_agent_and_column(pair):
    change(
        pair[1],
        "UPDATE agent_snapshots SET utility = utility + 1e-9 WHERE tick = 17 AND agent_id = 2",
        "UPDATE agent_snapshots SET inventory_B = 99 WHERE tick = 21 AND agent_id = 1",
        "UPDATE trades SET price = price * 2 WHERE tick = 27",
    )
    found = compared(*pair)
    first = found.first
    assert (found.kind, first.table, first.tick, first.agents) == (
        "chance", "agent_snapshots", 17, (2,),
    )  # fmt: skip
    assert [column.name for column in first.differing] == ["utility"]
    place = [column.name for column in first.columns].index("utility")
    assert first.right[place] - first.left[place] == pytest.approx(1e-9)
    assert (first.before_tick, first.left_rows, first.right_rows) == (16, 1, 1)
    (before,) = vmt.query(
        pair[0], "SELECT utility FROM agent_snapshots WHERE tick = 16 AND agent_id = 2"
    )
    assert first.before[place] == before[0]


def test_null_is_not_zero_and_row_ids_and_clocks_are_no_content(pair):
    change(pair[1], "UPDATE trades SET id = id + 5000", "UPDATE simulation_runs SET start_time='x'")
    assert compared(*pair).kind == "none"
    change(pair[0], "UPDATE agent_snapshots SET lambda_money = NULL WHERE tick=3 AND agent_id=0")
    change(pair[1], "UPDATE agent_snapshots SET lambda_money = 0 WHERE tick=3 AND agent_id=0")
    found = compared(*pair)
    assert (found.first.tick, found.first.agents) == (3, (0,))
    assert [column.name for column in found.first.differing] == ["lambda_money"]


def test_a_difference_that_does_not_last_is_found_too(pair):
    """Halving the ticks looks at single ones and would miss it: the rows in between are read."""
    change(pair[1], "UPDATE decisions SET target_x = -7 WHERE tick = 4 AND agent_id = 3")
    change(pair[1], "UPDATE agent_snapshots SET x = -7 WHERE tick >= 20")
    assert (compared(*pair).first.table, compared(*pair).first.tick) == ("decisions", 4)


def test_rows_that_only_change_places_are_told_from_other_content(pair):
    change(
        pair[1],
        "UPDATE agent_snapshots SET id = -id WHERE tick = 12",
        "UPDATE agent_snapshots SET id = id + 100000 WHERE tick > 12",
    )
    found = compared(*pair)
    assert (found.kind, dict(found.reordered)) == ("order", {"agent_snapshots": 12})


def test_a_missing_row_is_a_difference_of_its_own(pair):
    change(pair[1], "DELETE FROM trades WHERE id = (SELECT max(id) FROM trades)")
    found = compared(*pair)
    assert (found.first.table, found.first.right) == ("trades", None)
    assert found.first.left is not None


def test_a_prefix_is_called_shorter_and_not_different(tmp_path: Path):
    long = vmt.build("money_full", tmp_path / "long.db", runs=1, ticks=30)
    short = vmt.build("money_full", tmp_path / "short.db", runs=1, ticks=30)
    for table in ("agent_snapshots", "trades", "tick_states", "decisions", "trade_attempts",
                  "resource_snapshots", "lambda_updates", "mode_changes", "pairings",
                  "preferences"):  # fmt: skip
        connection = sqlite3.connect(short)
        with connection:
            connection.execute(f"DELETE FROM {table} WHERE tick > 18")
        connection.close()
    found = compared(long, short)
    assert (found.kind, found.first, found.ends) == ("length", None, (29, 18))
    change(short, "UPDATE agent_snapshots SET x = 77 WHERE tick = 18 AND agent_id = 0")
    assert compared(long, short).first.tick == 18


def test_another_seed_and_another_configuration_are_told_apart(pair):
    (text,) = vmt.query(pair[0], "SELECT config_json FROM simulation_runs")[0]
    config = {**json.loads(text), "seed": 987}
    change(pair[1], "UPDATE agent_snapshots SET x = 77 WHERE tick = 9")

    def set_up(**more: object) -> Divergence:
        connection = sqlite3.connect(pair[1])
        with connection:
            connection.execute(
                "UPDATE simulation_runs SET config_json = ?", (json.dumps({**config, **more}),)
            )
        connection.close()
        return compared(*pair)

    found = set_up()
    assert (found.kind, [s.path for s in found.settings]) == ("configuration", ["seed"])
    assert only_seeds(found)
    found = set_up(vision=3)
    assert {s.path for s in found.settings} == {"seed", "vision"}
    assert not only_seeds(found)


def test_memory_is_bounded_and_equal_rows_of_a_tick_may_come_in_any_order():
    def chunks(flip: bool):
        for tick in range(300):
            rows = [(tick, agent, tick * agent) for agent in range(100)]
            yield rows[::-1] if flip and tick == 250 else rows

    left, right = Rows(chunks(False)), Rows(chunks(True))
    most = 0
    take, fill = left.take, left.fill

    def watched(count: int) -> None:
        nonlocal most
        fill(count)
        most = max(most, len(left.held))

    left.fill, left.take = watched, take  # type: ignore[method-assign]
    apart = parted(left, right)
    assert (apart.found, apart.reordered, apart.compared) == (False, [250], 60_000)
    assert most < 10_000


def test_nan_equals_nan_and_nothing_else():
    nan = float("nan")
    same = parted(Rows(iter([[(1, nan), (2, 0.0)]])), Rows(iter([[(1, float("nan")), (2, 0.0)]])))
    assert not same.found
    other = parted(Rows(iter([[(1, nan)]])), Rows(iter([[(1, None)]])))
    assert other.found


def test_random_ids_are_no_content_and_what_they_stand_beside_is():
    one, other = (f"{digit * 8}-aaaa-4aaa-8aaa-{digit * 12}" for digit in "12")
    left = [(1, "7", f'{{"tx": "{one}", "amount": 5}}'), (2, "7", "x")]
    right = [(1, "7", f'{{"tx": "{other}", "amount": 5}}'), (2, "7", "x")]
    same = parted(Rows(iter([left])), Rows(iter([right])))
    assert (same.found, same.renamed, same.reordered) == (False, True, [])
    right[0] = (1, "7", f'{{"tx": "{other}", "amount": 6}}')
    apart = parted(Rows(iter([left])), Rows(iter([right])))
    assert (apart.found, apart.tick) == (True, 1)


def test_a_comparison_tells_ticks_and_is_cancelled_on_its_way(pair):
    heard: list[tuple[int, int | None, str]] = []

    def hear(done: int, total: int | None, what: str) -> None:
        heard.append((done, total, what))
        if what == "ticks of agent_snapshots":
            token.cancel()

    token = CancelToken(hear)
    with pytest.raises(QueryCancelled):
        compared(*pair, token)
    assert heard[-1] == (29, 29, "ticks of agent_snapshots")
    assert ("ticks of trades" in {what for _, _, what in heard}) is True


def test_runs_of_two_families_are_refused_in_a_sentence(pair, tmp_path: Path):
    bilancio.write_experiment(tmp_path / "sweep")
    with pytest.raises(RequestError, match="only runs of one family"):
        compared(pair[0], tmp_path / "sweep")


def test_the_command_says_it_first_and_ends_with_1(pair, capsys: Capsys):
    assert ran(capsys, "diff", pair[0], 1, pair[1], 1).code == 0
    change(pair[1], "UPDATE agent_snapshots SET x = 77 WHERE tick = 9 AND agent_id = 0")
    text = ran(capsys, "diff", pair[0], 1, pair[1], 1)
    assert text.code == 1
    first = text.out.split(";")[0]
    assert "part at tick 9 in agent_snapshots (agent 0): x is" in " ".join(first.split())
    found = ran(capsys, "diff", pair[0], 1, pair[1], 1, "--format", "json").json()
    assert (found["kind"], found["first"]["tick"], found["first"]["columns"]) == (
        "chance", 9, ["x"],
    )  # fmt: skip
    [_, row] = ran(capsys, "diff", pair[0], 1, pair[1], 1, "--format", "csv").csv()
    assert row[:5] == ["chance", "agent_snapshots", "9", "0", "x"]
