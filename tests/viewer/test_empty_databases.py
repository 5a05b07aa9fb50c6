"""A database that was just made holds no run, and the window says so."""

from __future__ import annotations

import pytest

from telemetry.upgrade import initialise
from tests.viewer.programs import settle


@pytest.mark.parametrize(
    ("family", "url"),
    [
        ("vmt", "sqlite:///{}/new.db"),
        ("vmt", "duckdb:///{}/new.db"),
        ("simcash", "duckdb:///{}/new.db"),
        ("moltmarket", "sqlite:///{}/new.db"),
    ],
)
def test_an_empty_database_is_said_to_hold_no_runs_yet(qtbot, program, tmp_path, family, url):
    initialise(url.format(tmp_path), family)
    program.window.show()
    program.open([str(tmp_path / "new.db")])
    qtbot.waitUntil(lambda: "holds no runs" in program.window.messages.text, timeout=20_000)
    settle(qtbot, program)
    assert "new.db holds no runs" in program.window.messages.text
    assert program.document.run is None
