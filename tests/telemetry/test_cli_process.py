"""The command line as a process: pipes that close, Ctrl-C, start-up, and nothing unexpected."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import telemetry
from telemetry.cli import main
from telemetry.upgrade import initialise
from tests.builders import simcash, vmt
from tests.builders.postgresql import Server
from tests.telemetry.command_line import ran
from tests.telemetry.laid_out import record_vmt

_ROOT = Path(telemetry.__file__).resolve().parent.parent
_COMMAND = [sys.executable, "-m", "telemetry"]
_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and devices")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("process") / "money.db"
    vmt.build("money", path, runs=1, ticks=2, agents=2)
    connection = vmt.connect(path)
    with connection:  # enough rows to outgrow every buffer between two processes
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) "
            "INSERT INTO mode_changes (run_id, tick, old_mode, new_mode) "
            "SELECT 1, i, 'forage', 'trade' FROM n"
        )
    connection.close()
    return path


def _environment(**changes: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_ROOT), **changes}


def _run(*arguments: object, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_COMMAND, *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", env=_environment(**changes),
        timeout=300, check=False, cwd=_ROOT,
    )  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "text"])
def test_a_closed_pipe_ends_quietly(database: Path, form: str) -> None:
    arguments = ["table", "mode_changes", str(database), "1", "--format", form, "--limit", "all"]
    with subprocess.Popen(
        [*_COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=_environment(), cwd=_ROOT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()
        assert process.wait(timeout=300) in (0, 141)
    assert b"Traceback" not in complaint
    assert b"BrokenPipe" not in complaint


@_POSIX
def test_a_full_disk_under_standard_output_is_one_sentence(database: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*_COMMAND, "table", "mode_changes", str(database), "1", "--format", "csv"],
            stdout=full, stderr=subprocess.PIPE, text=True, env=_environment(),
            timeout=300, check=False, cwd=_ROOT,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == (
        "telemetry: the answer cannot be written: No space left on device; "
        "write it somewhere else.\n"
    )


_SLOW = """
import os, signal, sqlite3, sys, threading, time
from telemetry.cli import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # is ignored in the background

def slow(reader, query):
    # A statement that would run for hours, in C, where no Python signal handler gets a turn.
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    driver = reader.connection.connection.driver_connection
    try:
        return driver.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        ).fetchall()
    except sqlite3.OperationalError as error:
        time.sleep(0.5)  # tidying up takes a while: the process must wait for it
        print(error)
        raise

from telemetry.answers import ANSWERS
from telemetry.queries import RunsQuery
ANSWERS[RunsQuery] = slow
sys.exit(main(["runs", sys.argv[1]]))
"""


@_POSIX
def test_ctrl_c_interrupts_a_running_statement_in_one_line(database: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SLOW, str(database)],
        capture_output=True, text=True, env=_environment(), timeout=300, check=False, cwd=_ROOT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "telemetry: interrupted.\n")
    assert done.stdout == "interrupted\n", "the statement itself must have been stopped"


_LOADED = """
import sys
from telemetry.cli import main
sys.stdout = open(sys.argv[1], "w")
code = main(sys.argv[2:])
asked = ("rich", "sqlalchemy", "sqlalchemy.orm", "numpy", "PySide6", "telemetry.concepts.regimes",
         "sqlite3", "duckdb")
loaded = [m for m in asked if m in sys.modules]
sys.stderr.write(f"{code} {','.join(loaded)}")
"""


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["runs", "DATABASE", "--format", "json"], {"sqlalchemy", "sqlite3"}),
        (["runs", "DATABASE"], {"sqlalchemy", "rich", "sqlite3"}),
        (
            ["table", "mode_changes", "DATABASE", "-", "--limit", "20"],
            {"sqlalchemy", "rich", "sqlite3"},
        ),
    ],
)
def test_a_command_loads_only_what_it_needs(
    database: Path, tmp_path: Path, arguments: list[str], allowed: set[str]
) -> None:
    named = [str(database) if word == "DATABASE" else word for word in arguments]
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, str(tmp_path / "out"), *named],
        capture_output=True, text=True, env=_environment(), timeout=300, check=False, cwd=_ROOT,
    )  # fmt: skip
    code, _, loaded = done.stderr.splitlines()[-1].partition(" ")  # notes come before
    assert code == "0", done.stderr
    assert set(filter(None, loaded.split(","))) <= allowed


@pytest.fixture(scope="module")
def served(server: Server) -> str:
    """A server's database that our own recorder wrote, which names its family and version."""
    url = server.create()
    initialise(url, "vmt")
    record_vmt(url)
    return url


@pytest.mark.sampled(1)
@pytest.mark.parametrize("words", [["runs"], ["trades", "1", "--limit", "20"]])
def test_a_command_on_a_server_loads_no_more_than_on_a_file(
    served: str, tmp_path: Path, words: list[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, str(tmp_path / "out"), words[0], served, *words[1:]],
        capture_output=True, text=True, env=_environment(), timeout=300, check=False, cwd=_ROOT,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "0 rich,sqlalchemy"  # notes come before


def test_an_answer_without_arrays_is_kept_and_given_again_without_numpy(tmp_path: Path) -> None:
    told = (
        "import sys\n"
        "from pathlib import Path\n"
        "from telemetry.cache import folder\n"
        "from telemetry.concepts import RunList\n"
        "place = Path(sys.argv[1])\n"
        "folder.write(place, 'key', RunList((), ()))\n"
        "assert folder.read(place, 'key')[0] == RunList((), ())\n"
        "assert 'numpy' not in sys.modules\n"
    )
    command = [sys.executable, "-c", told, str(tmp_path / "kept" / "a.zip")]
    done = subprocess.run(
        command, capture_output=True, text=True, env=_environment(), timeout=300, check=False,
        cwd=_ROOT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_exact_output_is_utf_8_with_line_feeds_whatever_the_locale(tmp_path: Path) -> None:
    path = vmt.build("barter", tmp_path / "b.db", runs=1, ticks=2)
    done = subprocess.run(
        [*_COMMAND, "runs", str(path), "--format", "csv"],
        capture_output=True, env=_environment(PYTHONIOENCODING="latin-1"), timeout=300,
        check=True, cwd=_ROOT,
    )  # fmt: skip
    assert vmt.SCENARIO in done.stdout.decode("utf-8")
    assert b"\r" not in done.stdout


def test_text_survives_a_terminal_without_the_characters(tmp_path: Path) -> None:
    path = vmt.build("barter", tmp_path / "b.db", runs=1, ticks=2, scenario_name="λ 🐟")
    done = _run("runs", path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u03bb" in done.stdout


def test_an_unexpected_error_is_one_sentence_without_a_traceback(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from telemetry.source import Source

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug\nin two lines")

    monkeypatch.delenv("TELEMETRY_DEBUG", raising=False)
    monkeypatch.setattr(Source, "ask", broken)
    result = ran(capsys, "runs", database)
    assert result.code == 3
    assert result.err.count("\n") == 1
    assert "ZeroDivisionError: a bug\\nin two lines" in result.err
    assert "TELEMETRY_DEBUG=1" in result.err
    monkeypatch.setenv("TELEMETRY_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["runs", str(database)])


def test_the_source_is_let_go_of_when_a_command_fails(database: Path) -> None:
    assert _run("trades", database, "1", "--filter", "tick=x").returncode == 2
    connection = sqlite3.connect(database, timeout=0)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        connection.rollback()
    finally:
        connection.close()


@_POSIX
def test_signals_are_as_before_after_a_command(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert ran(capsys, "runs", database).code == 0
    assert signal.getsignal(signal.SIGINT) is before


def test_a_command_loads_no_family_that_cannot_know_the_database(
    database: Path, served: str
) -> None:
    for place in (str(database), served):
        _loads_vmt_alone(place)


def _loads_vmt_alone(place: str) -> None:
    script = (
        "import sys\n"
        "from telemetry.cli import main\n"
        f"main(['runs', {place!r}])\n"
        "names = {n.split('.')[2] for n in sys.modules if n.startswith('telemetry.families.')\n"
        "         and n.count('.') > 2}\n"
        "assert names == {'vmt'}, names\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env=_environment(), cwd=_ROOT)


def test_a_command_on_duckdb_leaves_nothing_on_standard_error(tmp_path: Path) -> None:
    path = simcash.create(tmp_path / "empty.db", "unified")
    found = _run("list", path)
    assert found.stderr == f"{path} holds neither experiments nor runs.\n"
