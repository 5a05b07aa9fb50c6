"""What a recorder makes says its version; what a later program made is left alone."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

import telemetry
from telemetry.errors import RecordingError, SourceError
from telemetry.families import families
from telemetry.families.moltmarket.recorder import MarketRecorder
from telemetry.families.simcash.recorder import SimCashRecorder
from telemetry.families.vmt.recorder import VmtRecorder

RECORDERS = {"vmt": VmtRecorder, "simcash": SimCashRecorder, "moltmarket": MarketRecorder}


@pytest.fixture(params=RECORDERS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Callable, str]:
    """A family, its recorder, and the URL of an SQLite file that the recorder made."""
    recorder = RECORDERS[request.param]
    path = tmp_path / "runs.db"
    recorder(f"sqlite:///{path}").close()
    return request.param, recorder, str(path)


def test_a_new_database_says_its_family_and_version(made):
    family, _, path = made
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT family, version FROM telemetry_versions").fetchall()
    connection.close()
    schema = next(f.schema for f in families() if f.name == family and f.schema is not None)
    assert found == [(family, schema.version)]


def test_opening_it_again_writes_its_version_once(made):
    _, recorder, path = made
    recorder(path).close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM telemetry_versions").fetchone() == (1,)
    connection.close()


def test_a_later_version_is_refused_by_recorder_and_reader_with_both_versions_named(made):
    _, recorder, path = made
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE telemetry_versions SET version = 99")
    connection.close()
    before = Path(path).read_bytes()
    for error, begin in ((RecordingError, recorder), (SourceError, telemetry.open_source)):
        with pytest.raises(error, match="version 99") as refusal:
            begin(path)
        assert "\n" not in str(refusal.value)
    assert Path(path).read_bytes() == before
