"""Several real servers that reach one another: a PostgreSQL of the system with postgres_fdw."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

NAMES = ("postgres", "nobody")
"""Whom a server runs as where root starts it, which it refuses to be."""


def installation() -> Path | None:
    """The folder of the newest PostgreSQL that has its server and postgres_fdw; None: none has."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    if (config := shutil.which("pg_config")) is not None:
        asked = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True)
        folders.append(Path(asked.stdout.strip()))
    suited = [f for f in folders if (f / "initdb").exists() and _has_fdw(f)]
    return max(suited, key=_version, default=None)


def _has_fdw(folder: Path) -> bool:
    config = folder / "pg_config"
    if not config.exists():
        return bool([*folder.parent.glob("lib/**/postgres_fdw.so")])
    asked = subprocess.run([config, "--pkglibdir"], capture_output=True, text=True, check=True)
    return (Path(asked.stdout.strip()) / "postgres_fdw.so").exists()


def _version(folder: Path) -> tuple[int, ...]:
    told = subprocess.run([folder / "postgres", "-V"], capture_output=True, text=True, check=True)
    return tuple(int(n) for n in told.stdout.split()[2].split(".") if n.isdigit())


class Cluster:
    """One server of its own, in its own folder, reached by the socket there alone."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.folder = folder
        self._programs = programs
        self._user = _other_user()
        if self._user is not None:
            shutil.chown(folder, self._user)
        self._run("initdb", "-D", folder / "data", "-U", "owner", "-A", "trust", "--no-sync")
        self.start()

    def url(self, database: str = "postgres", user: str = "owner") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def sql(self, text: str, database: str = "postgres") -> str:
        """What `text` prints, run by psql, whose own commands it may hold."""
        command = [self._programs / "psql", self.url(database), "-qAtX", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def start(self) -> None:
        said = f"-k {self.folder} -c listen_addresses= -c fsync=off -c shared_buffers=16MB"
        where = ("-D", self.folder / "data", "-l", self.folder / "log")
        self._run("pg_ctl", "start", "-w", *where, "-o", said)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate", "-D", self.folder / "data")

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            user=self._user,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would be held open by the server
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != 0:
            log = self.folder / "log"
            raise RuntimeError(f"{program}: {log.read_text() if log.exists() else 'no log'}")


def _other_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in NAMES if name in known)


@contextmanager
def clusters(count: int) -> Iterator[list[Cluster]]:
    """So many servers for as long as the block lasts."""
    programs = installation()
    assert programs is not None
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            folder = Path(tempfile.mkdtemp(prefix="fd"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            found.append(Cluster(programs, folder))
            stack.callback(found[-1].stop)
        yield found
