"""Notes: star, tags, note and marked ticks of runs, in the viewer's own small database."""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path

from telemetry.concepts import RunId
from telemetry.frozen import Frozen, replace
from vmt_log_viewer.settings import user_folder
from vmt_log_viewer.state.marks import Mark, marks_of, plain_marks

log = logging.getLogger(__name__)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS run_notes (
    source TEXT NOT NULL, run TEXT NOT NULL,
    starred INTEGER NOT NULL, tags TEXT NOT NULL, note TEXT NOT NULL, marks TEXT NOT NULL,
    PRIMARY KEY (source, run)
)
"""


class RunNote(Frozen):
    """What the user keeps about one run. Empty for a run that nobody said anything about."""

    starred: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""
    marks: tuple[Mark, ...] = ()


class Notes:
    """Notes by source key and run id. Never writes to the telemetry itself.

    Where the database cannot be opened, notes live as long as the window and `problem` says so.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.problem: str | None = None
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = _open(str(path) if path is not None else ":memory:")
        except (OSError, sqlite3.Error) as error:
            log.warning("The notes in %s cannot be used: %s", path, error)
            self.problem = (
                f"Stars and notes cannot be kept in {path} ({error}); "
                "they last until the window is closed."
            )
            self._database = _open(":memory:")

    @classmethod
    def of_user(cls) -> Notes:
        return cls(user_folder() / "notes.sqlite")

    def of_source(self, source_key: str) -> dict[RunId, RunNote]:
        """All notes of a source, by run id."""
        rows = self._database.execute(
            "SELECT run, starred, tags, note, marks FROM run_notes WHERE source = ?", (source_key,)
        )
        return {
            json.loads(run): RunNote(
                bool(starred), tuple(json.loads(tags)), note, marks_of(json.loads(marks))
            )
            for run, starred, tags, note, marks in rows
        }

    def of_run(self, source_key: str, run_id: RunId) -> RunNote:
        return self.of_source(source_key).get(run_id, RunNote())

    def change(self, source_key: str, run_id: RunId, **changes: object) -> RunNote:
        """Change fields of a run's note; an empty note is forgotten. Returns the new note."""
        note = replace(self.of_run(source_key, run_id), **changes)  # type: ignore[arg-type]
        key = (source_key, json.dumps(run_id))
        try:
            with self._database:
                if note == RunNote():
                    self._database.execute(
                        "DELETE FROM run_notes WHERE source = ? AND run = ?", key
                    )
                else:
                    self._database.execute(
                        "INSERT OR REPLACE INTO run_notes VALUES (?, ?, ?, ?, ?, ?)",
                        (*key, note.starred, *_texts(note)),
                    )
        except sqlite3.Error as error:
            log.warning("A note could not be kept: %s", error)
            self.problem = f"The note on run {run_id} could not be kept: {error}."
        return note

    def close(self) -> None:
        self._database.close()


def _texts(note: RunNote) -> tuple[str, str, str]:
    return json.dumps(note.tags), note.note, json.dumps(plain_marks(note.marks))


def _open(name: str) -> sqlite3.Connection:
    database = sqlite3.connect(name)
    try:
        with database:
            database.execute(_SCHEMA)
    except sqlite3.Error:
        database.close()
        raise
    return database
