"""What cannot be opened is one sentence in the window, and the window goes on working."""

import re

import pytest

from tests.builders.refused import MAKERS, SECRET, refused
from tests.builders.traces import traces
from tests.viewer.programs import opened, settle

pytestmark = pytest.mark.sampled(4)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", MAKERS)
def test_a_source_that_is_refused_is_one_sentence_and_another_opens_after_it(
    program, qtbot, tmp_path, server, barter_db, kind
):
    folder = tmp_path / "data"
    folder.mkdir()
    with refused(kind, folder, server) as source:
        before = traces(folder)
        program.open([str(source.location)])
        qtbot.waitUntil(lambda: bool(program.window.messages.text), timeout=30_000)
        settle(qtbot, program)
        text = program.window.messages.text
        assert re.search(source.said, text), text
        assert "\n" not in text
        assert "s3cret" not in text
        assert SECRET not in text
        assert program.document.sources == ()
        assert traces(folder) == before
    opened(qtbot, program, barter_db)
    assert program.window.messages.text == ""
