"""Every real sample in the window: what the Library lists is what SQL says; every view shows it."""

import shutil

import pytest

from tests.builders import vmt
from tests.viewer.programs import opened, settle

pytestmark = pytest.mark.realdata
NAMES = ("legacy", "mode", "money_p2", "money", "head_decimal", "money_full")


@pytest.mark.parametrize("name", NAMES)
def test_every_run_and_view_of_a_sample_can_be_shown(program, qtbot, shared_data, tmp_path, name):
    path = tmp_path / f"{name}.db"
    shutil.copyfile(shared_data / "vmt" / path.name, path)  # as a writable file of its own
    before = path.read_bytes()
    opened(qtbot, program, path)
    library, area = program.window.library, program.window.area
    listed = {node.row.run.run_id: node.row for node in library.model._root[0].runs()}
    assert listed.keys() == {r[0] for r in vmt.query(path, "SELECT run_id FROM simulation_runs")}
    trades = dict(vmt.query(path, "SELECT run_id, count(*) FROM trades GROUP BY run_id"))
    for run_id, row in listed.items():
        ticks = vmt.query(
            path, "SELECT min(tick), max(tick) FROM agent_snapshots WHERE run_id = ?", run_id
        )[0]
        assert (row.run.ticks.first, row.run.ticks.last) == ticks
        assert row.counts["trades"] == trades.get(run_id, 0)
        program.session.show_run(program.document.source, row.run)
        settle(qtbot, program)
    for page in area.pages:
        assert page.reason is None or page.reason.endswith(".")
        if page.reason is None:
            area.go_to(page)
            qtbot.waitUntil(lambda: program.runner.idle() and area.settled(), timeout=20_000)
    assert program.window.messages.text == ""
    program.window.close()
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name]
