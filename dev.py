"""Sets this checkout up and works with it: `python3 dev.py demo | test | run | setup | lock`.

Standard library alone, so that a bare Python is enough. Everything is installed into folders of
this checkout (`.venv*`), from the versions and hashes in `requirements.lock`, through whatever
package index pip is configured for on this machine.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib.util
import json
import os
import platform
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.lock"
DEMO = ROOT / "demo"
DEMO_SOURCES = ("vmt_demo.db", "payments_demo.duckdb", "order_book_demo.db", "dealer_ring_demo")
OLDEST_PYTHON = (3, 11)

# What Qt's own files need from the system: library → Debian and Ubuntu package.
QT_LIBRARIES = {
    "libdbus-1.so.3": "libdbus-1-3",
    "libEGL.so.1": "libegl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
X11_LIBRARIES = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
WAYLAND_LIBRARIES = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
# What the second environment goes without: Qt and all that needs it, and the tools run once.
NOT_WITHOUT_QT = {
    "pyside6-essentials", "shiboken6", "pyqtgraph", "qtawesome", "qtpy", "pytest-qt",
    "import-linter", "grimp", "mypy", "librt", "ast-serialize", "ruff", "setuptools",
}  # fmt: skip


class SetUpError(Exception):
    """Why the set-up cannot go on, in words for the person at the terminal."""


# --- the system ---------------------------------------------------------------------------------


def display() -> str | None:
    """How a window would be shown here ("native", "wayland", "x11"), or None without a screen."""
    if os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] in ("offscreen", "minimal"):
        return None
    if sys.platform in ("win32", "darwin"):
        return "native"
    if os.environ.get("WAYLAND_DISPLAY"):
        return "wayland"
    return "x11" if os.environ.get("DISPLAY") else None


def needed_libraries(screen: str | None) -> dict[str, str]:
    """The shared libraries that Qt loads on Linux, with the package that brings each."""
    libraries = dict(QT_LIBRARIES)
    if screen == "x11":
        libraries.update(X11_LIBRARIES)
    elif screen == "wayland":
        libraries.update(WAYLAND_LIBRARIES)
    return libraries


def is_loadable(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_from_system(screen: str | None) -> dict[str, str]:
    """What is absent here, as {library or Python module: Debian package}; empty off Linux."""
    if not sys.platform.startswith("linux"):
        return {}
    missing = {lib: pkg for lib, pkg in needed_libraries(screen).items() if not is_loadable(lib)}
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            missing[module] = f"python3.{sys.version_info.minor}-venv"
    return missing


def apt_command(packages: list[str]) -> list[list[str]]:
    return [
        ["apt-get", "update"],
        ["apt-get", "install", "-y", "--no-install-recommends", *packages],
    ]


def advice(packages: list[str], has_sudo: bool) -> str:
    """The one command that a person without root has to run, or have run."""
    both = " && ".join(" ".join(command) for command in apt_command(packages))
    return f"sudo sh -c '{both}'" if has_sudo else f"su -c '{both}'"


def complete_system(screen: str | None) -> None:
    """Install the system packages that are missing, or say what to do about them."""
    missing = missing_from_system(screen)
    if not missing:
        return
    packages = sorted(set(missing.values()))
    if shutil.which("apt-get") is None:
        raise SetUpError(
            "This system lacks " + ", ".join(sorted(missing)) + "; install the packages that "
            "bring them and run this again."
        )
    if os.geteuid() != 0:
        command = advice(packages, shutil.which("sudo") is not None)
        raise SetUpError(
            f"Some system packages are missing; run this, then try again:\n  {command}"
        )
    header(f"installing {len(packages)} system packages: {' '.join(packages)}")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in apt_command(packages):
        if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode != 0:
            raise SetUpError(f"'{' '.join(command)}' failed; its own words are above.")


# --- the environments ---------------------------------------------------------------------------


def in_venv(venv: Path, program: str) -> Path:
    """Where `program` ("python", "telemetry", …) lies in the environment `venv`."""
    if sys.platform == "win32":
        return venv / "Scripts" / f"{program}.exe"
    return venv / "bin" / program


def without_qt(lock: str) -> str:
    """The lock's requirements less Qt and the linters."""
    requirements = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    return "".join(r for r in requirements if r.split("==")[0].lower() not in NOT_WITHOUT_QT)


def base_python() -> str:
    """The Python behind any environment that this file may have been started from."""
    return getattr(sys, "_base_executable", None) or sys.executable


def fingerprint(requirements: str) -> str:
    """What an environment was made from; another answer means that it has to be made anew."""
    python = f"{sys.implementation.cache_tag} {base_python()}"  # apt may lift the patch version
    parts = [requirements, python, platform.machine(), str(ROOT)]
    parts += [(ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "setup.py")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def ensure_venv(name: str, requirements: str, install_project: bool) -> Path:
    """The environment `name` with exactly `requirements`; quick when it is already so."""
    venv = ROOT / name
    stamp = venv / "made-from"
    wanted = fingerprint(requirements)
    if stamp.is_file() and stamp.read_text("utf-8") == wanted and in_venv(venv, "python").exists():
        return venv
    header(f"installing {requirements.count('==')} packages into {name} (only this once)")
    must_run([base_python(), "-m", "venv", "--clear", str(venv)])
    listed = venv / "requirements.txt"
    listed.write_text(requirements, "utf-8")
    pip = [str(in_venv(venv, "python")), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    install = [*pip, "install", "-qq", "--no-deps", "--no-compile"]  # what is used compiles itself
    must_run([*install, "--require-hashes", "--only-binary=:all:", "-r", str(listed)])
    if install_project:
        must_run([*install, "--no-build-isolation", "--editable", str(ROOT)])
    stamp.write_text(wanted, "utf-8")
    return venv


def environment(**more: str) -> dict[str, str]:
    """The environment for the project's own programs: nobody else's Python settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**kept, "PYTHONUTF8": "1", **more}


def must_run(command: list[str], env: dict[str, str] | None = None) -> None:
    quiet_root = dict(env or environment(), PIP_ROOT_USER_ACTION="ignore")
    if subprocess.run(command, cwd=ROOT, env=quiet_root, stdin=subprocess.DEVNULL).returncode != 0:
        raise SetUpError(f"'{' '.join(command)}' failed; its own words are above.")


def set_up(screen: str | None) -> Path:
    """Make this machine and this checkout ready; the environment that holds the program."""
    complete_system(screen)
    return ensure_venv(".venv", LOCK.read_text("utf-8"), install_project=True)


# --- the commands -------------------------------------------------------------------------------


def header(text: str) -> None:
    print(f"\n== {text}", flush=True)


SUMMARY = re.compile(r"\b\d+ (passed|failed|errors?|skipped|deselected)\b.* in \d[\d.:hms]*")


class Steps:
    """The checks run so far; one that fails does not keep the others from running."""

    def __init__(self) -> None:
        self.done: list[tuple[str, float, bool]] = []

    def run(self, *checks: tuple[str, list[object]]) -> list[str]:
        """Run checks side by side; what they print is passed on one after another, of the first
        while it runs. The last pytest summary line of each, or ""."""
        started = [(name, Check(command)) for name, command in checks]
        summaries = []
        for name, check in started:
            header(name)
            summary = ""
            for line in iter(check.lines.get, None):
                sys.stdout.write(line)
                sys.stdout.flush()
                summary = line.strip() if SUMMARY.search(line) else summary
            self.done.append((name, check.seconds, check.passed))
            summaries.append(summary)
        return summaries

    def report(self) -> bool:
        header("summary")
        for name, seconds, passed in self.done:
            print(f"{'ok    ' if passed else 'FAILED'} {seconds:6.1f} s  {name}")
        return all(passed for _, _, passed in self.done)


class Check:
    """A command at work. `lines` are what it prints, None after the last; then `passed` counts."""

    def __init__(self, command: list[object]) -> None:
        self.lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.passed, self.seconds, self._start = False, 0.0, time.monotonic()
        self._process = subprocess.Popen(
            [str(word) for word in command],
            cwd=ROOT,
            env=environment(QT_QPA_PLATFORM="offscreen"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        with self._process as process:
            for raw in iter(process.stdout.readline, b""):
                self.lines.put(raw.decode("utf-8", "replace"))
        self.passed = process.returncode == 0
        self.seconds = time.monotonic() - self._start
        self.lines.put(None)


def run_tests(arguments: argparse.Namespace) -> int:
    os.environ["THOROUGH"] = "1" if arguments.thorough else "0"
    complete_system(screen=None)
    with ThreadPoolExecutor() as pool:
        lock = without_qt(LOCK.read_text("utf-8"))
        second = pool.submit(ensure_venv, ".venv-no-qt", lock, install_project=False)
        venv = set_up(screen=None)
    bare = second.result()
    python = in_venv(venv, "python")
    workers = (os.cpu_count() or 1) // 2 + 1  # one more each, for some tests wait for programs
    pytest = ["-m", "pytest", "-q", "-n", str(workers), "--dist", "worksteal"]
    steps = Steps()
    steps.run(
        ("ruff check", [python, "-m", "ruff", "check", "."]),
        ("ruff format --check", [python, "-m", "ruff", "format", "--check", "."]),
        ("import contracts", [in_venv(venv, "lint-imports")]),
    )
    without, summary, _ = steps.run(
        (
            "telemetry's tests with no Qt installed",
            [in_venv(bare, "python"), *pytest, "tests/telemetry"],
        ),
        ("every other test", [python, *pytest, "--ignore=tests/telemetry"]),
        ("mypy", [python, "-m", "mypy"]),
    )
    passed = steps.report()
    print(f"\n{without}\n{summary}")
    return 0 if passed else 1


def make_demo(arguments: argparse.Namespace) -> int:
    screen = None if arguments.shots else display()
    venv = set_up(screen)
    sources = record_demo(venv)
    viewer = str(in_venv(venv, "vmt-log-viewer"))
    if screen is not None:
        header("opening the window")
        opened = [viewer, *(str(source) for source in sources)]
        return subprocess.run(opened, cwd=ROOT, env=environment()).returncode
    folder = Path(arguments.shots).resolve() if arguments.shots else DEMO / "pictures"
    for source in sources:
        run = demo_run(venv, source)
        for theme in ("light", "dark"):
            place = folder / theme / source.stem
            header(f"there is no screen: drawing run {run} of {source.name} into {place}")
            how = ["--shots", str(place), "--size", "1400x900", "--theme", theme]
            command = [viewer, str(source), "--run", run, *how]
            must_run(command, environment(QT_QPA_PLATFORM="offscreen"))
    header("pictures")
    for picture in sorted(folder.rglob("*.png")):
        print(picture)
    return 0


def record_demo(venv: Path) -> list[Path]:
    """The demo of each family, recorded again when the code that records has changed."""
    sources, stamp = [DEMO / name for name in DEMO_SOURCES], DEMO / "made-from"
    code = sorted(
        path for path in (ROOT / "telemetry").rglob("*") if path.suffix in (".py", ".sql")
    )
    recorded_by = hashlib.sha256(b"".join(path.read_bytes() for path in code)).hexdigest()
    there = all(source.exists() for source in sources) and stamp.is_file()
    if there and stamp.read_text("utf-8") == recorded_by:
        return sources
    header(f"recording sample runs into {DEMO}")
    must_run([str(in_venv(venv, "telemetry")), "demo", str(DEMO)])
    stamp.write_text(recorded_by, "utf-8")
    return sources


def demo_run(venv: Path, source: Path) -> str:
    """The id of the run that shows most: one that a telling word names, else the first."""
    command = [str(in_venv(venv, "telemetry")), "runs", str(source), "--format", "json"]
    answer = subprocess.run(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, check=True
    )
    runs = json.loads(answer.stdout)
    telling = [run for run in runs if {"mixed", "active", "bad-news"} & set(map(str, run.values()))]
    return str((telling or runs)[0]["run_id"])


def run_program(arguments: argparse.Namespace) -> int:
    venv = set_up(display())
    program, *rest = arguments.command or ["vmt-log-viewer"]
    own = in_venv(venv, program)
    words = [str(own if own.exists() else program), *rest]
    return subprocess.run(words, env=environment()).returncode


def only_set_up(_: argparse.Namespace) -> int:
    venv = set_up(display())
    print(f"ready: {in_venv(venv, 'vmt-log-viewer')} and {in_venv(venv, 'telemetry')}")
    return 0


def make_lock(arguments: argparse.Namespace) -> int:
    """Resolve pyproject.toml anew for every system and Python, keeping what still fits."""
    complete_system(screen=None)
    venv = ROOT / ".venv-lock"
    must_run([base_python(), "-m", "venv", "--clear", str(venv)])
    must_run([str(in_venv(venv, "python")), "-m", "pip", "install", "-qq", "uv"])
    command = [str(in_venv(venv, "uv")), "pip", "compile", "pyproject.toml", "--extra", "dev"]
    command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"]
    command += ["--no-annotate", "--no-header", "--no-emit-index-url", "-o", LOCK.name]
    must_run(command + (["--upgrade"] if arguments.upgrade else []))
    print(f"{LOCK.name}: {LOCK.read_text('utf-8').count('==')} packages")
    return 0


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dev.py", description="Set up, show and check the program."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="record sample runs and open them (or draw them)")
    demo.add_argument("--shots", metavar="DIR", help="draw pictures into DIR, open no window")
    demo.set_defaults(act=make_demo)
    test = commands.add_parser("test", help="run every check and every test")
    test.add_argument("--thorough", action="store_true", help="try everything there is to try")
    test.set_defaults(act=run_tests)
    run = commands.add_parser("run", help="run a program of the environment, e.g. telemetry")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="PROGRAM ARGS")
    run.set_defaults(act=run_program)
    setup = commands.add_parser("setup", help="only set up")
    setup.set_defaults(act=only_set_up)
    lock = commands.add_parser("lock", help="write requirements.lock from pyproject.toml")
    lock.add_argument("--upgrade", action="store_true", help="take the newest of everything")
    lock.set_defaults(act=make_lock)
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a console that lacks a letter is no reason to stop
    arguments = parse(words)
    if sys.version_info < OLDEST_PYTHON:
        print(f"Python 3.11 or newer is needed; this is {platform.python_version()}.")
        return 1
    try:
        return arguments.act(arguments)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
