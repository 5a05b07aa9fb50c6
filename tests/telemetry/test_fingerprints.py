"""A fingerprint tells a source from what it was, costs little, and takes no lock away."""

import shutil
import sqlite3

import pytest

import telemetry
from telemetry.cancel import CancelToken
from telemetry.concepts import changed_since
from telemetry.engines import fingerprints
from telemetry.errors import QueryCancelled
from telemetry.export import fingerprint_of
from tests.builders import bilancio, vmt


@pytest.fixture
def database(tmp_path):
    return vmt.build("barter", tmp_path / "b.db", ticks=4)


def test_a_copy_has_the_same_fingerprint_and_a_changed_cell_another(database, tmp_path):
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    copy = shutil.copyfile(database, tmp_path / "copy.db")
    first = telemetry.open_source(database).fingerprint()
    second = telemetry.open_source(copy).fingerprint()
    assert changed_since(second, first.as_values()) is False
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE trades SET price = price + 1 WHERE id = 1")
    connection.close()
    changed = telemetry.open_source(copy).fingerprint()
    assert changed_since(changed, first.as_values()) is True
    assert changed.facts["size"] == first.facts["size"]


def test_a_large_file_is_told_by_samples_and_says_so(database, monkeypatch):
    source = telemetry.open_source(database)
    assert source.fingerprint().whole
    monkeypatch.setattr(fingerprints, "WHOLE", 10_000)
    monkeypatch.setattr(fingerprints, "SAMPLE", 16)
    found = source.fingerprint()
    assert not found.whole
    assert "257 samples of 16 bytes" in found.method
    assert changed_since(found, {"value": "0", "method": "another"}) is None
    token = CancelToken()
    token.cancel()
    with pytest.raises(QueryCancelled):
        source.fingerprint(token)


def test_what_stands_in_a_wal_counts(database):
    source = telemetry.open_source(database)
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode=WAL")
    before = source.fingerprint().value
    connection.execute("UPDATE trades SET price = price + 1 WHERE id = 1")
    connection.commit()
    assert source.fingerprint().value != before
    assert "and its WAL" in source.fingerprint().method
    connection.close()


def test_a_folder_is_told_by_names_sizes_and_bytes_of_its_files(tmp_path):
    folder = bilancio.write_experiment(tmp_path)
    source = telemetry.open_source(folder)
    before = source.fingerprint()
    file = next(path for path in sorted(folder.rglob("*.csv")))
    content = file.read_bytes()
    file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    after = source.fingerprint()
    source.close()
    assert (after.value != before.value, after.facts["size"]) == (True, before.facts["size"])


def test_a_server_is_told_by_the_run_and_never_shows_a_password(server):
    from tests.builders import moltmarket

    place = server.create(moltmarket.write_sql(moltmarket.small_market()))
    source = telemetry.open_source(place)
    bare, run = source.fingerprint(), fingerprint_of(source, moltmarket.RUN)
    assert run.value != bare.value
    assert run.facts["rows"] > 0
    assert str(run.facts["server"]).startswith("PostgreSQL ")
    assert run == fingerprint_of(source, moltmarket.RUN)
    source.close()
