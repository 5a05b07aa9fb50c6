"""What a person may write for a source, and that no password is ever shown."""

import os
from pathlib import Path

import pytest

import telemetry
from telemetry.errors import SourceError, TelemetryError
from telemetry.location import parse_location, redact
from telemetry.queries import RunsQuery
from tests.builders import vmt
from tests.builders.traces import traces

SECRET = "s3cr3t"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return vmt.build("barter", tmp_path / "a %2F b#c.db", runs=1, ticks=2)


def test_a_file_url_is_the_file(database: Path):
    source = telemetry.open_source(database.as_uri())
    assert source.key == str(database)
    assert len(source.ask(RunsQuery()).runs) == 1
    source.close()


def test_a_file_url_of_this_machine_is_the_file(database: Path):
    url = database.as_uri().replace("file://", "file://localhost")
    assert parse_location(url).path == database


def test_a_file_url_of_another_machine_is_refused():
    with pytest.raises(SourceError, match="another machine"):
        parse_location("file://elsewhere/data/runs.db")


def test_an_sqlalchemy_url_is_the_file(tmp_path: Path):
    path = vmt.build("barter", tmp_path / "runs.db", runs=1, ticks=2)
    for url in (f"sqlite:///{path}", f"SQLITE:///{path}", f"sqlite+pysqlite:///{path}"):
        source = telemetry.open_source(url)
        assert source.key == str(path)
        source.close()


def test_an_sqlalchemy_url_with_a_file_uri_is_the_file(tmp_path: Path):
    path = vmt.build("barter", tmp_path / "runs.db", runs=1, ticks=2)
    assert parse_location(f"sqlite:///file:{path}?mode=rw&uri=true").path == path


def test_a_relative_path_is_one_from_here(database: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(database.parent)
    assert parse_location(database.name).path == database
    assert parse_location("sqlite:///runs.db").path == database.parent / "runs.db"


def test_a_tilde_is_the_home_folder(home: Path):
    path = vmt.build("barter", home / "runs.db", runs=1, ticks=2)
    source = telemetry.open_source("~/runs.db")
    assert source.key == str(path)
    source.close()


def test_the_home_of_nobody_known_is_refused():
    with pytest.raises(SourceError, match="give a full path"):
        parse_location("~no such user/runs.db")


@pytest.mark.skipif(os.name == "nt", reason="the working folder cannot be removed on Windows")
def test_a_working_folder_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(SourceError, match="give a full path"):
        parse_location("runs.db")


@pytest.mark.parametrize(
    "location",
    [
        "{folder}/missing.db",
        "sqlite:///{folder}/missing.db",
        "sqlite:///{folder}/missing/deeper.db",
        "file://{folder}/missing.db",
        "sqlite://{folder}/missing.db",
        "sqlite:/{folder}/missing.db",
        "duckdb:///{folder}/missing.duckdb",
        "sqlite:///{folder}/missing.db?mode=rwc&uri=true",
        "sqlite:///file:{folder}/missing.db?mode=rwc&uri=true",
    ],
)
def test_what_does_not_exist_is_not_created(
    tmp_path: Path, location: str, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "present.txt").write_text("here")
    monkeypatch.chdir(tmp_path)
    before = traces(tmp_path)

    with pytest.raises(SourceError):
        telemetry.open_source(location.format(folder=tmp_path))

    assert traces(tmp_path) == before


@pytest.mark.parametrize("location", ["", "  ", "sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_what_names_nothing_is_refused(location: str):
    with pytest.raises(SourceError):
        telemetry.open_source(location)


def test_a_nul_character_is_refused():
    for location in ("a\0b.db", Path("a\0b.db")):
        with pytest.raises(SourceError):
            telemetry.open_source(location)


def test_an_unknown_kind_of_url_is_refused_with_those_that_are_known():
    with pytest.raises(SourceError, match=r"'mysql'.*sqlite:///"):
        telemetry.open_source(f"mysql://me:{SECRET}@host/runs")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@host/runs",
        f"postgresql+psycopg://me:{SECRET}@host:5432/runs",
        f"postgresql://me@host/runs?password={SECRET}",
        f"postgresql://host/runs?user=me&sslpassword={SECRET}",
        f"postgresql://me:{SECRET}@host:not-a-port/runs",
        f"postgresql://me:{SECRET}@@host/runs",
        f"postgresql://host:x/runs?password={SECRET}&application_name=viewer",
        f"mysql://me:{SECRET}@host/runs",
        f"nonsense://me:{SECRET}@host",
        f"sqlite://me:{SECRET}@host/",
    ],
)
def test_no_password_is_shown_anywhere(url: str):
    said = [redact(url)]
    try:
        location = parse_location(url)
    except TelemetryError as error:
        said.append(str(error))
    else:
        said += [location.text, location.key, location.name, repr(location)]
    assert not [text for text in said if SECRET in text]


def test_no_password_is_in_the_error_of_a_server_that_is_not_there():
    with pytest.raises(TelemetryError) as caught:
        telemetry.open_source(f"postgresql://me:{SECRET}@127.0.0.1:9/runs")
    assert SECRET not in str(caught.value)


def test_a_path_is_shown_as_one_line(tmp_path: Path):
    location = parse_location(tmp_path / "two\nlines\x1b[31m\u202e.db")
    assert location.text.isprintable()
    assert location.path == tmp_path / "two\nlines\x1b[31m\u202e.db"
