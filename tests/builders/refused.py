"""Sources that cannot be opened, each with the words that the sentence about it must hold."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.builders import moltmarket, simcash, vmt
from tests.builders.postgresql import Server

SECRET = "the-right-one"
_LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:bd3a\nsize 3158016\n"
_WORD = 0xBF58476D1CE4E5B9
_HEADER = 4096
_HOLD_DUCKDB = "import duckdb; c = duckdb.connect({path!r})"
_HOLD_SQLITE = (
    "import sqlite3; c = sqlite3.connect({path!r}, isolation_level=None); "
    "c.execute('BEGIN EXCLUSIVE')"
)


@dataclass(frozen=True)
class Refused:
    """Where it lies, and what the sentence says (a pattern)."""

    location: Path | str
    said: str


Maker = Callable[[Path, Server], Iterator[Refused]]


def _pointer(name: str) -> Maker:
    def make(folder: Path, server: Server) -> Iterator[Refused]:
        path = folder / name
        path.write_text(_LFS)
        yield Refused(path, r"is a Git LFS pointer, not the data; fetch .*`git lfs pull`")

    return make


def _without_wal(folder: Path, server: Server) -> Iterator[Refused]:
    """All of a database that was never closed is in its WAL."""
    whole = folder.parent / f"whole-{secrets.token_hex(4)}.db"
    script = (
        f'import duckdb, os; c = duckdb.connect({str(whole)!r}); c.execute("PRAGMA '
        "disable_checkpoint_on_shutdown\"); c.execute('CREATE TABLE t (x INTEGER)'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert whole.with_name(whole.name + ".wal").exists()
    shutil.copy(whole, folder / "alone.db")
    yield Refused(folder / "alone.db", r"holds no tables; .*alone\.db\.wal beside it, so copy")


def _held(path: Path, script: str) -> Iterator[Refused]:
    """Another process has the file; it is named by its number and its program."""
    text = script.format(path=str(path)) + "; print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        there = Path("/proc/locks").exists()
        who = rf"process {process.pid} \(\w.*\)" if there else "another program"
        try:
            yield Refused(path, rf"by {who}, .*wait until it has finished")
        finally:
            process.kill()


def _locked_duckdb(folder: Path, server: Server) -> Iterator[Refused]:
    yield from _held(simcash.unified(folder / "u.db"), _HOLD_DUCKDB)


def _locked_sqlite(folder: Path, server: Server) -> Iterator[Refused]:
    path = vmt.build("barter", folder / "b.db", runs=1, ticks=3, journal="delete")
    yield from _held(path, _HOLD_SQLITE)


def checksum(block: bytes) -> int:
    """DuckDB's checksum of a block."""
    found = 5381
    for i in range(0, len(block), 8):
        found ^= int.from_bytes(block[i : i + 8], "little") * _WORD & 2**64 - 1
    return found


def _newer(folder: Path, server: Server) -> Iterator[Refused]:
    path = folder / "newer.db"
    content = bytearray(simcash.unified(folder / "newer.db").read_bytes())
    content[12:20] = (990).to_bytes(8, "little")
    content[52:84] = b"v9.1.0".ljust(32, b"\0")
    content[:8] = checksum(bytes(content[8:_HEADER])).to_bytes(8, "little")
    path.write_bytes(content)
    here = re.escape(duckdb.__version__)
    yield Refused(path, rf"written by DuckDB v9\.1\.0 in storage version 990, .*{here}.*install")


def _down(folder: Path, server: Server) -> Iterator[Refused]:
    url = f"postgresql://u:s3cret@/x?host={folder}"
    yield Refused(url, r"cannot be reached \(.*\); check that the server is up")


def _guarded(server: Server, password: str) -> str:
    user = f"guarded{secrets.token_hex(4)}"
    server.guard(user, SECRET)
    return server.url("postgres", user, password)


def _wrong_password(folder: Path, server: Server) -> Iterator[Refused]:
    url = _guarded(server, "s3cret")
    yield Refused(url, r"refused the user or password; check both and try again")


def _no_password(folder: Path, server: Server) -> Iterator[Refused]:
    yield Refused(_guarded(server, ""), r"asks for a password; give it in the URL or as TELEM")


def _unknown_database(folder: Path, server: Server) -> Iterator[Refused]:
    yield Refused(server.url("nowhere"), r"there is no such database on that server; check")


def _unknown_user(folder: Path, server: Server) -> Iterator[Refused]:
    yield Refused(server.url("postgres", "nobody"), r"does not know the user; check")


def _no_tables(folder: Path, server: Server) -> Iterator[Refused]:
    yield Refused(server.create(), r"no known family: it holds no tables at all; open")


def _closed_schema(folder: Path, server: Server) -> Iterator[Refused]:
    role = f"stranger{secrets.token_hex(4)}"
    url = server.create(in_schemas("private") + f"CREATE ROLE {role} LOGIN;")
    yield Refused(
        url.replace("postgres@", f"{role}@", 1), r"may not look into the schema private; ask"
    )


def _two_schemas(folder: Path, server: Server) -> Iterator[Refused]:
    url = server.create(in_schemas("ann", "bob"))
    yield Refused(url, r"several schemas \(ann, bob\); add \?schema=ann \(or another")


def _unknown_schema(folder: Path, server: Server) -> Iterator[Refused]:
    url = server.create(in_schemas("ann"))
    yield Refused(f"{url}&schema=carl", r"has no schema 'carl' .*; choose another \(it has ann\)")


def _bad_option(folder: Path, server: Server) -> Iterator[Refused]:
    yield Refused(server.url("postgres") + "&colour=red", r"no URL that PostgreSQL understands")


def _strange_folder(folder: Path, server: Server) -> Iterator[Refused]:
    (folder / "notes.txt").write_text("hello")
    yield Refused(folder, r"is a folder that holds no telemetry; choose")


def in_schemas(*names: str) -> str:
    """A small market in a schema of each user, none in that of all."""
    made = []
    for name in names:
        made.append(f"CREATE SCHEMA {name}; SET search_path = {name};")
        made.append(moltmarket.write_sql(moltmarket.small_market()))
        made.append(f"UPDATE runs SET scenario_version = '{name}';")
    return "\n".join(made)


MAKERS: dict[str, Maker] = {
    "pointer.db": _pointer("data.db"),
    "pointer.duckdb": _pointer("data.duckdb"),
    "pointer.jsonl": _pointer("events.jsonl"),
    "pointer.csv": _pointer("trades.csv"),
    "duckdb without its wal": _without_wal,
    "duckdb held by a writer": _locked_duckdb,
    "sqlite held by a writer": _locked_sqlite,
    "duckdb of a newer version": _newer,
    "server down": _down,
    "wrong password": _wrong_password,
    "no password": _no_password,
    "unknown database": _unknown_database,
    "unknown user": _unknown_user,
    "no tables": _no_tables,
    "schema without permission": _closed_schema,
    "schemas of several users": _two_schemas,
    "unknown schema": _unknown_schema,
    "unknown option of a URL": _bad_option,
    "strange folder": _strange_folder,
}


@contextmanager
def refused(kind: str, folder: Path, server: Server) -> Iterator[Refused]:
    """The source that cannot be opened, for as long as the block lasts."""
    making = contextmanager(MAKERS[kind])
    with making(folder, server) as found:
        yield found
