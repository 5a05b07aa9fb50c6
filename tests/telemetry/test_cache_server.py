"""A server's answers are kept as long as none of its transactions has written anything since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from telemetry import source as source_module
from telemetry.cache import folder as cache
from telemetry.engines import postgresql_states
from telemetry.errors import SourceError
from telemetry.location import parse_location
from telemetry.queries import BandQuery, RunsQuery
from telemetry.source import Source
from telemetry.upgrade import initialise
from tests.builders.answers import same
from tests.builders.postgresql import Server
from tests.telemetry.laid_out import opened, record_vmt

WRITTEN = "UPDATE agent_snapshots SET utility = utility + 1"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder; every answer is worth keeping."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(source_module, "WORTH_KEEPING", -1)
    return tmp_path / "kept"


@pytest.fixture
def url(server: Server) -> str:
    url = server.create()
    initialise(url, "vmt")
    record_vmt(url)
    return url


@pytest.fixture
def source(url: str) -> Iterator[Source]:
    with opened(url) as found:
        yield found


def _mean(source: Source) -> tuple[float, bool]:
    """The mean utility of the run's last tick, and whether that had been kept."""
    run_id = source.ask(RunsQuery()).runs[0].run_id
    band = source.ask(BandQuery(run_id, "utility"))
    said = [note for note in band.notes if note.startswith("Kept since 20")]
    assert all(note.endswith("the source has not changed.") for note in said)
    return float(band.mean[-1]), bool(said)


def test_an_answer_is_kept_for_whoever_opens_the_database_next(url: str, source: Source) -> None:
    first, kept = _mean(source)
    assert not kept
    assert _mean(source) == (first, True)
    with opened(url) as again:
        assert _mean(again) == (first, True)


def test_what_was_written_since_is_seen(server: Server, url: str, source: Source) -> None:
    first, _ = _mean(source)
    server.run(parse_location(url).name, WRITTEN)
    assert _mean(source) == (first + 1, False)
    assert _mean(source) == (first + 1, True)


def test_a_transaction_counts_when_it_ends(server: Server, url: str, source: Source) -> None:
    first, _ = _mean(source)
    with psycopg.connect(url) as writer:
        writer.execute(WRITTEN)
        assert _mean(source)[0] == first
        assert _mean(source) == (first, True)
    assert _mean(source) == (first + 1, False)


def test_what_is_written_meanwhile_keeps_an_answer_from_being_kept(
    server: Server, url: str, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = source._found

    def found(*arguments: object) -> object:
        answer = plain(*arguments)
        server.run(parse_location(url).name, WRITTEN)
        return answer

    monkeypatch.setattr(source, "_found", found)
    first, _ = _mean(source)
    monkeypatch.undo()
    assert not _mean(source)[1]
    assert _mean(source)[0] > first


def test_an_answer_is_given_although_the_server_has_gone_since(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = source._found

    def found(*arguments: object) -> object:
        answer = plain(*arguments)
        monkeypatch.setattr(source._database, "_connect_once", gone)
        return answer

    def gone(*_: object) -> None:
        raise SourceError("The connection was lost.")

    run_id = source.ask(RunsQuery()).runs[0].run_id
    monkeypatch.setattr(source, "_found", found)
    assert len(source.ask(BandQuery(run_id, "utility")).mean)


def test_each_role_has_its_own_answers(server: Server, url: str, source: Source) -> None:
    name = parse_location(url).name
    server.run(name, "DROP ROLE IF EXISTS other_reader; CREATE ROLE other_reader LOGIN")
    server.run(name, "GRANT pg_read_all_data TO other_reader")
    first, _ = _mean(source)
    with opened(server.url(name, "other_reader")) as other:
        assert _mean(other) == (first, False)


VIEW = "CREATE VIEW lately AS SELECT now()"
ROW_SECURITY = "ALTER TABLE trades ENABLE ROW LEVEL SECURITY"
ROWS_ELSEWHERE = """
CREATE FOREIGN DATA WRAPPER elsewhere; CREATE SERVER other FOREIGN DATA WRAPPER elsewhere;
CREATE FOREIGN TABLE far (n int) SERVER other
"""


@pytest.mark.parametrize("what", [VIEW, ROW_SECURITY, ROWS_ELSEWHERE])
def test_what_may_change_unseen_is_not_kept(
    server: Server, url: str, source: Source, what: str
) -> None:
    server.run(parse_location(url).name, what)
    first, _ = _mean(source)
    assert _mean(source) == (first, False)


def test_a_view_that_an_extension_brought_along_is_none_of_ours(
    server: Server, url: str, source: Source
) -> None:
    server.run(parse_location(url).name, f"{VIEW}; ALTER EXTENSION plpgsql ADD VIEW lately")
    first, _ = _mean(source)
    assert _mean(source) == (first, True)


def test_of_an_older_server_nothing_is_kept(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_states, "_TELLS_SNAPSHOTS", 10**9)
    first, _ = _mean(source)
    assert _mean(source) == (first, False)


def test_a_kept_answer_is_the_answer_to_the_last_bit(source: Source) -> None:
    run_id = source.ask(RunsQuery()).runs[0].run_id
    source.says_kept = False
    query = BandQuery(run_id, "utility")
    assert same(source.ask(query), source.ask(query))


def test_nothing_secret_stands_in_the_cache(server: Server, url: str, kept: Path) -> None:
    secret = "so-secret-1"
    server.guard("careful_reader", secret)
    name = parse_location(url).name
    server.run(name, "GRANT pg_read_all_data TO careful_reader")
    with opened(server.url(name, "careful_reader", secret)) as source:
        _mean(source)
        assert _mean(source)[1]
    files = list(kept.iterdir())
    assert files
    assert not any(secret.encode() in file.read_bytes() for file in files)
