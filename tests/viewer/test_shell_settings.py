"""Tests of what the viewer keeps for the user: settings, notes and passwords."""

import sys
from types import SimpleNamespace

import pytest

from vmt_log_viewer import passwords
from vmt_log_viewer.notes import Notes, RunNote
from vmt_log_viewer.settings import Settings, user_folder
from vmt_log_viewer.state.marks import Mark


def test_settings_come_back(tmp_path):
    path = tmp_path / "deep" / "settings.json"
    settings = Settings(path)
    settings.set("columns", ["tick", "λ"])
    settings.save()
    assert Settings(path).get("columns") == ["tick", "λ"]
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_setting_nothing_writes_nothing(tmp_path):
    settings = Settings(tmp_path / "settings.json")
    settings.set("columns", None)
    settings.save()
    assert list(tmp_path.iterdir()) == []


def test_none_forgets_a_value():
    settings = Settings()
    settings.set("a", 0)
    assert settings.get("a", 5) == 0
    settings.set("a", None)
    assert settings.get("a", 5) == 5


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', "\x00"])
def test_damaged_settings_count_as_empty(tmp_path, text):
    path = tmp_path / "settings.json"
    path.write_text(text)
    settings = Settings(path)
    assert settings.get("a") is None
    settings.set("a", 1)
    settings.save()
    assert Settings(path).get("a") == 1


def test_a_disk_that_refuses_costs_the_settings_only(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    settings = Settings(blocker / "settings.json")
    settings.set("a", 1)
    settings.save()
    assert settings.get("a") == 1


def test_the_users_folder_is_in_the_users_home(home):
    assert home in user_folder().parents
    assert not user_folder().exists()


@pytest.fixture
def notes(tmp_path):
    notes = Notes(tmp_path / "deep" / "notes.sqlite")
    yield notes
    notes.close()


def test_notes_come_back_by_source_and_run(notes, tmp_path):
    notes.change("a.db", 0, starred=True, tags=("x", "y"))
    notes.change("a.db", 0, note="look", marks=(Mark(0), Mark(5, "switch", "so <b>it</b>")))
    notes.change("b.db", 0, note="other")
    notes.change("a.db", "0", note="a run named 0")
    again = Notes(tmp_path / "deep" / "notes.sqlite")
    assert again.of_source("a.db") == {
        0: RunNote(True, ("x", "y"), "look", (Mark(0), Mark(5, "switch", "so <b>it</b>"))),
        "0": RunNote(note="a run named 0"),
    }
    assert again.of_run("nowhere", 0) == RunNote()
    again.close()


def test_an_empty_note_is_forgotten(notes):
    notes.change("a.db", 1, starred=True)
    notes.change("a.db", 1, starred=False)
    assert notes.of_source("a.db") == {}


def test_text_in_notes_is_text(notes):
    nasty = "'); DROP TABLE run_notes; --"
    notes.change("a.db", nasty, note=nasty, tags=(nasty,))
    assert notes.of_run("a.db", nasty).note == nasty


def test_a_notes_file_that_is_no_database_costs_nothing_but_the_notes(tmp_path):
    path = tmp_path / "notes.sqlite"
    path.write_text("this is no database, and long enough to be recognised as none" * 20)
    notes = Notes(path)
    assert str(path) in (notes.problem or "")
    assert notes.change("a.db", 1, starred=True).starred
    notes.close()
    assert path.read_text().startswith("this is no database")


class Ring:
    """A keyring as the library offers it."""

    def __init__(self):
        self.kept = {}

    def get_keyring(self):
        return self

    def set_password(self, service, key, password):
        self.kept[service, key] = password

    def get_password(self, service, key):
        return self.kept.get((service, key))


def test_a_password_is_kept_by_the_keyring_where_there_is_one(monkeypatch):
    ring = Ring()
    ring.backends = SimpleNamespace(fail=SimpleNamespace(Keyring=str))
    monkeypatch.setitem(sys.modules, "keyring", ring)
    monkeypatch.setitem(sys.modules, "keyring.backends", ring.backends)
    assert passwords.available()
    assert passwords.keep("postgresql://u@h/d", "secret")
    assert passwords.recall("postgresql://u@h/d") == "secret"


def test_without_a_keyring_no_password_is_kept(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert not passwords.available()
    assert not passwords.keep("k", "secret")
    assert passwords.recall("k") is None


@pytest.mark.parametrize(("location", "asked"), [
    ("postgresql://me@server/db", True),
    ("postgresql://me:secret@server/db", False),
    ("postgresql:///db", False),
    ("sqlite:///x.db", False),
    ("/tmp/a@b.db", False),
])  # fmt: skip
def test_a_password_is_asked_only_where_a_user_has_none(location, asked):
    assert passwords.wanted(location) is asked
