"""What cannot be opened: one sentence of what happened, to what and what to do, and no trace."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

import telemetry
from telemetry.cli.program import UNREADABLE
from telemetry.errors import SourceError
from telemetry.queries import RunsQuery
from tests.builders import moltmarket, simcash
from tests.builders.postgresql import Server
from tests.builders.refused import MAKERS, SECRET, in_schemas, refused
from tests.builders.traces import traces
from tests.telemetry import command_line

pytestmark = pytest.mark.sampled(4)

Capsys = pytest.CaptureFixture[str]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", MAKERS)
def test_a_source_is_refused_in_one_sentence_and_left_as_it_was(
    capsys: Capsys, tmp_path: Path, server: Server, kind: str
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with refused(kind, folder, server) as source:
        before = traces(folder)
        with pytest.raises(SourceError, match=source.said) as caught:
            telemetry.open_source(source.location)
        sentence = str(caught.value)
        for command in ("identify", "runs", "list", "experiments"):
            said = command_line.refused(capsys, UNREADABLE, command, source.location)
            assert re.search(source.said, said), (command, said)
        assert traces(folder) == before
    place = source.location if isinstance(source.location, Path) else "postgresql"
    assert str(place) in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
    assert "s3cret" not in sentence
    assert SECRET not in sentence


def test_a_password_may_come_from_the_environment(
    capsys: Capsys, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.guard("with_password", SECRET)
    url = server.create(moltmarket.write_sql(moltmarket.small_market()))
    server.run(str(telemetry.location.parse_location(url).name), _GRANTS)
    monkeypatch.setenv("TELEMETRY_PASSWORD", SECRET)
    result = command_line.ran(capsys, "runs", url.replace("postgres@", "with_password@", 1))
    assert result.code == 0
    assert SECRET not in result.out + result.err


_GRANTS = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO with_password"


def _names(source: telemetry.Source) -> list[str | None]:
    found = [run.name for run in source.ask(RunsQuery()).runs]
    source.close()
    return found


@pytest.mark.parametrize("how", ["&schema=bob", "&options=-csearch_path%3Dbob"])
def test_the_url_chooses_among_schemas_of_several_users(server: Server, how: str) -> None:
    source = telemetry.open_source(server.create(in_schemas("ann", "bob")) + how)
    assert _names(source) == ["bob"]


def test_the_only_schema_with_telemetry_is_shown_and_said(server: Server) -> None:
    source = telemetry.open_source(server.create(in_schemas("it")))
    assert source.identity.notes == ("The tables of the schema it are shown.",)
    assert _names(source) == ["it"]


def test_the_schema_of_the_search_path_is_shown_and_the_others_are_named(server: Server) -> None:
    url = server.create(in_schemas("bob", "public").replace("CREATE SCHEMA public;", ""))
    source = telemetry.open_source(url)
    (note,) = source.identity.notes
    assert "bob, public" in note
    assert "?schema=NAME" in note
    assert _names(source) == ["public"]


def test_sources_of_two_schemas_are_two_sources(server: Server) -> None:
    url = server.create(in_schemas("ann", "bob"))
    first, second = (telemetry.open_source(f"{url}&schema={n}") for n in ("ann", "bob"))
    assert first.key != second.key
    assert _names(first) + _names(second) == ["ann", "bob"]


def test_tables_of_another_schema_of_a_duckdb_file_are_no_tables_of_the_main_one(
    tmp_path: Path,
) -> None:
    path = simcash.unified(tmp_path / "u.db")
    with duckdb.connect(str(path)) as connection:
        connection.execute('CREATE SCHEMA "her ""own"""')
        connection.execute('CREATE TABLE "her ""own""".experiments (experiment_id TEXT, x TEXT)')
    source = telemetry.open_source(path)
    assert "x" not in [c.name for c in source.table("experiments").columns]
    source.close()
    other = telemetry.open_source(f"duckdb:///{path}?schema=her%20%22own%22")
    assert other.identity.family == "mapped"
    assert "x" in [c.name for c in other.table("experiments").columns]
    other.close()
    with pytest.raises(SourceError, match=r"has no schema 'nobody' .*\(it has .*main\)\."):
        telemetry.open_source(f"duckdb:///{path}?schema=nobody")
