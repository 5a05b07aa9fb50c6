"""What is done while a file is written, and beside it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from telemetry.cancel import CancelToken
from telemetry.errors import QueryCancelled
from telemetry.export import staging
from telemetry.export.alongside import alongside

PATIENCE = 20


def test_work_is_done_alongside_and_its_result_or_error_is_given_at_the_end() -> None:
    begun = threading.Event()

    def work(token: CancelToken) -> int:
        begun.set()
        return 7

    with alongside(work, None) as result:
        assert begun.wait(PATIENCE)
        assert result() == 7
    with pytest.raises(ZeroDivisionError), alongside(lambda _: 1 / 0, CancelToken()) as failed:
        failed()


def _until_cancelled(token: CancelToken) -> None:
    stopped = threading.Event()
    with token.interrupting(stopped.set):
        assert stopped.wait(PATIENCE)
    token.check()


def test_cancelling_what_is_written_cancels_what_is_done_alongside() -> None:
    token = CancelToken()
    with alongside(_until_cancelled, token) as result:
        token.cancel()
        with pytest.raises(QueryCancelled):
            result()


def test_what_is_done_alongside_ends_where_writing_fails() -> None:
    with pytest.raises(OSError, match="full"), alongside(_until_cancelled, CancelToken()):
        raise OSError("full")


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system takes no advice")
def test_a_file_is_put_on_the_disk_part_by_part_and_holds_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = []

    def advised(_file: int, start: int, length: int, _advice: int) -> None:
        parts.append((start, length))
        raise OSError("none is taken here")

    monkeypatch.setattr(os, "posix_fadvise", advised)
    monkeypatch.setattr(staging, "_BUFFER", 8)
    monkeypatch.setattr(staging, "_BEGUN", 100)
    lines = [f"é {n}\n" for n in range(100)]
    with staging.staged() as files:
        stream = files.open(tmp_path / "a.csv")
        for line in lines:
            stream.write(line)
            stream.flush()
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "".join(lines)
    ends = [start + length for start, length in parts]
    assert len(parts) > 2
    assert [start for start, _ in parts] == [0, *ends[:-1]]
