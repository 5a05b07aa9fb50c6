"""A connection that breaks while the window asks: one sentence, and refreshing shows all again."""

import threading

from PySide6.QtWidgets import QLabel

from telemetry.location import parse_location
from telemetry.reader import Reader
from tests.builders import moltmarket
from tests.builders.postgresql import running
from tests.viewer.programs import opened, settle


def _trades(program):
    area = program.window.area
    page = next(p for p in area.pages if p.kind.title == "Trades")
    area.go_to(page)
    return page.view


def test_a_broken_connection_is_said_and_refreshing_works_by_itself(
    program, qtbot, server, monkeypatch
):
    url = server.create(moltmarket.write_sql(moltmarket.small_market()))
    opened(qtbot, program, url)
    view = _trades(program)
    settle(qtbot, program)
    name = parse_location(url).name
    plain, broken, lock = Reader.chunks, [], threading.Lock()

    def chunks(self, *arguments, **named):
        with lock:
            broken.append(server.drop_connections(name))
        yield from plain(self, *arguments, **named)

    monkeypatch.setattr(Reader, "chunks", chunks)
    program.session.refresh()
    qtbot.waitUntil(lambda: bool(broken) and program.runner.idle(), timeout=30_000)
    assert sum(broken) > 0
    assert "the connection was lost" in program.window.messages.text
    assert "Traceback" not in program.window.messages.text
    monkeypatch.setattr(Reader, "chunks", plain)

    program.window.messages.clear()
    program.session.refresh()
    settle(qtbot, program)
    assert program.window.messages.text == ""
    assert program.document.run.run_id == moltmarket.RUN
    assert view.isVisible()
    assert "the connection was lost" not in _labels(program.window)


def _labels(window):
    return " ".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def test_a_server_that_is_away_while_refreshing_is_said_and_then_shown_again(
    program, qtbot, tmp_path
):
    with running() as own:
        url = own.create(moltmarket.write_sql(moltmarket.small_market()))
        opened(qtbot, program, url)
        own.pause()
        program.session.refresh()
        qtbot.waitUntil(lambda: "cannot be reached" in program.window.messages.text, timeout=30_000)
        settle(qtbot, program)
        own.resume()
        program.window.messages.clear()
        program.session.refresh()
        settle(qtbot, program)
        assert program.window.messages.text == ""
        assert len(program.document.sources) == 1
        program.session.close(program.document.sources[0])
        settle(qtbot, program)
