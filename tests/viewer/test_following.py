"""A run that is being written is followed: new ticks by themselves, new rows only."""

from pathlib import Path

import pytest

from telemetry.concepts import TickRange
from telemetry.families.vmt.recorder import LogPolicy, VmtRecorder, VmtRun
from telemetry.queries import (
    CountQuery,
    FacetQuery,
    FanQuery,
    Query,
    SeriesQuery,
    TimelineQuery,
)
from tests.telemetry.test_vmt_recorder import AGENT, TRADE
from tests.viewer.programs import opened, settle
from vmt_log_viewer.background.following import signature

PATIENCE = 20_000


def write(run: VmtRun, ticks: range, mode: str = "both") -> None:
    """Ticks with three agents and two trades each."""
    for tick in ticks:
        run.log_tick_state(tick, mode, "mixed", ["A<->M"])
        for agent in range(3):
            run.log_agent_snapshot(tick, **{**AGENT, "agent_id": agent, "utility": float(tick)})
        run.log_trade(tick, **TRADE)
        run.log_trade(tick, **TRADE)
        run.end_tick(tick)


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a simulator writes."""
    if request.param == "postgresql":
        return request.getfixturevalue("server").create()
    return str(tmp_path / "live.db")


@pytest.fixture
def run(location: str):
    """A run of thirty ticks that is not finished."""
    policy = LogPolicy(level="debug")
    with VmtRecorder(location) as recorder:
        run = recorder.begin_run("live", exchange_regime="mixed", policy=policy)
        write(run, range(30))
        yield run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Query]:
    """Every question that is asked of a source."""
    from telemetry.source import Source

    found: list[Query] = []
    ask = Source.ask

    def listening(source: Source, query: Query, token: object = None) -> object:
        found.append(query)
        return ask(source, query, token)

    monkeypatch.setattr(Source, "ask", listening)
    return found


def reaches(program, tick: int) -> bool:
    bounds = program.document.cursor.bounds
    return bounds is not None and bounds.last == tick


def go_to(program, qtbot, name: str):
    area = program.window.area
    area.go_to(area.page(name))
    settle(qtbot, program)
    return area.page(name).view


def test_new_ticks_appear_without_a_key_and_the_cursor_stays(program, qtbot, location, run):
    opened(qtbot, program, location)
    program.document.cursor.move_to(7)
    write(run, range(30, 33))
    qtbot.waitUntil(lambda: reaches(program, 32), timeout=PATIENCE)
    assert program.document.cursor.tick == 7
    program.document.history.undo()  # the move to 7, and nothing that the run did
    assert program.document.cursor.tick == 0
    settle(qtbot, program)


def test_a_cursor_at_the_end_goes_on_with_the_run(program, qtbot, location, run):
    opened(qtbot, program, location)
    program.document.cursor.last()
    write(run, range(30, 35))
    qtbot.waitUntil(lambda: program.document.cursor.tick == 34, timeout=PATIENCE)
    run.finish()
    qtbot.waitUntil(lambda: program.document.run.status == "finished", timeout=PATIENCE)
    settle(qtbot, program)


def test_lanes_and_lines_grow_by_new_rows_only(program, qtbot, location, run, asked):
    opened(qtbot, program, location)
    view = go_to(program, qtbot, "trajectories")
    view.choose_measures(("utility",))
    settle(qtbot, program)
    asked.clear()
    write(run, range(30, 40), mode="trade")
    lines = view.feed._lines["utility"]
    qtbot.waitUntil(lambda: lines.answer.lines[0].tick[-1] == 39, timeout=PATIENCE)
    strip = program.window.timeline
    qtbot.waitUntil(lambda: strip.timeline.lane("mode").at(39) == "trade", timeout=PATIENCE)
    settle(qtbot, program)
    assert strip.timeline.lane("mode").at(29) == "both"
    assert list(lines.answer.lines[0].tick) == list(range(40))
    assert list(lines.answer.lines[2].value) == [float(tick) for tick in range(40)]
    of_rows = [q for q in asked if isinstance(q, SeriesQuery | FanQuery)]
    assert of_rows
    assert all(q.ticks is not None and q.ticks.first >= 29 for q in of_rows)
    assert all(q.ticks is not None for q in asked if isinstance(q, TimelineQuery))


def test_rows_are_appended_and_what_counts_them_counts_again(program, qtbot, location, run, asked):
    opened(qtbot, program, location)
    view = go_to(program, qtbot, "trades")
    model = view.panel.model
    qtbot.waitUntil(lambda: model.total == 60, timeout=PATIENCE)
    asked.clear()
    write(run, range(30, 40))
    qtbot.waitUntil(lambda: model.total == 80, timeout=PATIENCE)
    write(run, range(40, 41))
    qtbot.waitUntil(lambda: model.total == 82, timeout=PATIENCE)
    tick = model.column_index("tick")
    qtbot.waitUntil(lambda: model.values(81) is not None, timeout=PATIENCE)
    assert [model.cell(row, tick) for row in (58, 59, 60, 79, 80, 81)] == [29, 29, 30, 39, 40, 40]
    qtbot.waitUntil(lambda: "82" in view.panel.status(), timeout=PATIENCE)
    counted = [q for q in asked if isinstance(q, CountQuery) and q.where.ticks is not None]
    assert counted
    assert any(q.where.ticks.first >= 29 for q in counted)
    assert any(isinstance(q, FacetQuery) for q in asked)
    settle(qtbot, program)


def test_rows_in_another_order_are_asked_for_again(program, qtbot, tmp_path):
    path = tmp_path / "live.db"
    with VmtRecorder(path) as recorder:
        run = recorder.begin_run("live", exchange_regime="mixed")
        write(run, range(30))
        opened(qtbot, program, path)
        view = go_to(program, qtbot, "trades")
        model = view.panel.model
        from PySide6.QtCore import Qt

        model.sort(model.column_index("tick"), Qt.SortOrder.DescendingOrder)
        qtbot.waitUntil(lambda: model.settled() and model.rowCount() == 60, timeout=PATIENCE)
        write(run, range(30, 31))
        tick = model.column_index("tick")
        qtbot.waitUntil(lambda: model.cell(0, tick) == 30, timeout=PATIENCE)
        settle(qtbot, program)


def test_a_view_that_was_not_seen_shows_what_came_meanwhile(program, qtbot, tmp_path):
    path = tmp_path / "live.db"
    with VmtRecorder(path) as recorder:
        run = recorder.begin_run("live", exchange_regime="mixed")
        write(run, range(30))
        opened(qtbot, program, path)
        trades = go_to(program, qtbot, "trades")
        trades.panel.filters.set_text("dA", "2")
        qtbot.waitUntil(lambda: trades.settled() and trades.panel.model.total == 60)
        go_to(program, qtbot, "overview")
        write(run, range(30, 33))
        qtbot.waitUntil(lambda: reaches(program, 32), timeout=PATIENCE)
        go_to(program, qtbot, "trades")
        qtbot.waitUntil(lambda: trades.panel.model.total == 66, timeout=PATIENCE)
        assert trades.panel.filters.texts == {"dA": "2"}
        settle(qtbot, program)


def test_an_agent_that_comes_late_gets_a_line_and_a_name(program, qtbot, tmp_path):
    path = tmp_path / "live.db"
    with VmtRecorder(path) as recorder:
        run = recorder.begin_run("live", exchange_regime="mixed")
        write(run, range(30))
        opened(qtbot, program, path)
        view = go_to(program, qtbot, "trajectories")
        run.log_agent_snapshot(30, **{**AGENT, "agent_id": 7})
        run.end_tick(30)
        qtbot.waitUntil(lambda: 7 in [a.agent_id for a in view.feed.agents], timeout=PATIENCE)
        settle(qtbot, program)


def test_a_source_that_stays_as_it_is_is_asked_nothing(program, qtbot, money_db, asked):
    opened(qtbot, program, money_db)
    asked.clear()
    for _ in range(5):
        program.verbs.follower.look()
    settle(qtbot, program)
    assert asked == []


def test_following_can_be_switched_off_for_good(make, qtbot, tmp_path):
    path = tmp_path / "live.db"
    with VmtRecorder(path) as recorder:
        run = recorder.begin_run("live", exchange_regime="mixed")
        write(run, range(3))
        program = opened(qtbot, make(), path)
        assert program.actions["follow"].isChecked()
        program.actions["follow"].trigger()
        assert not program.verbs.follower._timer.isActive()
        assert program.settings.get("follow") is False
        write(run, range(3, 5))
        assert reaches(program, 2)
        program.actions["follow"].trigger()
        qtbot.waitUntil(lambda: reaches(program, 4), timeout=PATIENCE)
        settle(qtbot, program)


def test_a_run_without_rows_starts_at_its_first_ticks(program, qtbot, tmp_path):
    path = tmp_path / "live.db"
    with VmtRecorder(path) as recorder:
        run = recorder.begin_run("live", exchange_regime="mixed")
        opened(qtbot, program, path)
        assert program.document.cursor.tick is None
        write(run, range(5, 9))
        qtbot.waitUntil(lambda: reaches(program, 8), timeout=PATIENCE)
        assert program.document.cursor.bounds == TickRange(5, 8)
        settle(qtbot, program)


def test_the_writer_of_a_followed_file_is_never_kept_waiting(program, qtbot, tmp_path):
    """What is asked is let go of: a checkpoint of everything succeeds while it is followed."""
    import sqlite3

    path = tmp_path / "live.db"
    with VmtRecorder(path) as recorder:
        run = recorder.begin_run("live", exchange_regime="mixed")
        write(run, range(3))
        opened(qtbot, program, path)
        write(run, range(3, 6))
        qtbot.waitUntil(lambda: reaches(program, 5), timeout=PATIENCE)
        settle(qtbot, program)
        connection = sqlite3.connect(path)
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        connection.close()
        assert busy == 0


def test_a_folder_is_known_by_its_files(tmp_path):
    class Folder:
        location = str(tmp_path)

    file = tmp_path / "events.jsonl"
    file.write_text("a\n")
    before = signature(Folder())
    file.write_text("a\nbb\n")
    assert signature(Folder()) != before


def test_a_copy_is_offered_of_what_its_writer_keeps_to_itself(program, qtbot, tmp_path):
    import duckdb

    from tests.builders import simcash

    path = simcash.unified(tmp_path / "busy.duckdb")
    writer = duckdb.connect(str(path))
    program.window.show()
    program.open([str(path)])
    messages = program.window.messages
    qtbot.waitUntil(lambda: "open a copy" in messages.text, timeout=PATIENCE)
    assert messages._offer.isVisible()
    messages._offer.click()
    qtbot.waitUntil(lambda: bool(program.document.sources), timeout=PATIENCE)
    settle(qtbot, program)
    copy = program.document.sources[0].location
    assert "busy as of" in copy
    assert str(tmp_path) not in copy
    assert program.session.recent() == []
    writer.close()
    program.window.close()
    assert not Path(copy).exists()
