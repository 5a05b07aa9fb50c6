"""dev.py sets up by the lock alone, says the one command that is missing, and is quick again."""

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dev

_ROOT = Path(__file__).resolve().parent.parent
_LOCK = dev.LOCK.read_text("utf-8")
_REQUIREMENTS = re.split(r"^(?=\S)", _LOCK, flags=re.MULTILINE)[1:]


# --- the system


@pytest.fixture
def bare_debian(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A Debian with apt-get and sudo, no root, and neither Qt's libraries nor ensurepip."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(dev, "is_loadable", lambda library: library not in ("libGL.so.1", "libX"))
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object()
    )
    monkeypatch.setattr(dev.shutil, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(dev.os, "geteuid", lambda: 1000, raising=False)
    return monkeypatch


PACKAGES = f"libgl1 python3.{sys.version_info.minor}-venv"
APT = f"apt-get update && apt-get install -y --no-install-recommends {PACKAGES}"


@pytest.mark.parametrize(
    ("sudo", "command"), [(True, f"sudo sh -c '{APT}'"), (False, f"su -c '{APT}'")]
)
def test_without_root_the_one_command_for_all_that_is_missing_is_printed(
    bare_debian: pytest.MonkeyPatch, sudo: bool, command: str
) -> None:
    bare_debian.setattr(
        dev.shutil, "which", lambda program: None if program == "sudo" and not sudo else program
    )

    with pytest.raises(dev.SetUpError) as refusal:
        dev.complete_system(screen=None)

    assert str(refusal.value).splitlines()[1:] == [f"  {command}"]


def test_root_installs_what_is_missing_at_once(bare_debian: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    bare_debian.setattr(dev.os, "geteuid", lambda: 0, raising=False)
    bare_debian.setattr(dev.subprocess, "run", _recorder(ran))

    dev.complete_system(screen=None)

    assert " && ".join(ran) == APT


def test_a_linux_without_apt_is_told_what_it_lacks(bare_debian: pytest.MonkeyPatch) -> None:
    bare_debian.setattr(dev.shutil, "which", lambda program: None)

    with pytest.raises(dev.SetUpError, match=r"lacks ensurepip, libGL\.so\.1;"):
        dev.complete_system(screen=None)


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_macos_and_windows_need_nothing_but_python(
    bare_debian: pytest.MonkeyPatch, system: str
) -> None:
    bare_debian.setattr(sys, "platform", system)

    assert dev.missing_from_system("native") == {}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"DISPLAY": ":0"}, "x11"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "wayland"),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, None),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "xcb"}, "x11"),
    ],
)
def test_the_screen_is_told_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str | None
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert dev.display() == expected


def test_a_window_needs_more_libraries_than_no_screen() -> None:
    assert "libxcb-cursor.so.0" in dev.needed_libraries("x11")
    assert "libwayland-client.so.0" in dev.needed_libraries("wayland")
    assert not any("xcb" in library for library in dev.needed_libraries(None))


# --- the lock


def test_every_locked_package_has_hashes() -> None:
    assert len(_REQUIREMENTS) > 20
    for requirement in _REQUIREMENTS:
        assert re.match(r"[a-z0-9-]+==[\w.]+", requirement)
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", requirement), requirement.split()[0]


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", "dev.py", ".ci/run"])
def test_no_file_of_the_set_up_names_a_package_index(name: str) -> None:
    text = (_ROOT / name).read_text("utf-8")

    assert "://" not in text
    assert not re.search(r"--(index-url|extra-index-url|find-links|trusted-host)\b", text)


def test_the_lock_holds_every_requirement_of_the_project() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    locked = {requirement.split("==")[0] for requirement in _REQUIREMENTS}

    assert {re.match(r"[\w-]+", w)[0].lower() for w in wanted} <= locked


def test_the_lock_without_qt_keeps_whole_requirements() -> None:
    kept = dev.without_qt(_LOCK)

    names = re.findall(r"^([a-z0-9-]+)==", kept, flags=re.MULTILINE)
    assert not set(names) & {"pyside6-essentials", "shiboken6", "pyqtgraph", "pytest-qt", "qtpy"}
    assert {"sqlalchemy", "numpy", "click", "rich", "pytest", "hypothesis"} <= set(names)
    assert all(part in _REQUIREMENTS for part in re.split(r"^(?=\S)", kept, flags=re.M)[1:])


def test_every_package_left_out_without_qt_is_in_the_lock() -> None:
    assert {requirement.split("==")[0] for requirement in _REQUIREMENTS} >= dev.NOT_WITHOUT_QT


# --- the environments


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("pyproject.toml", "setup.py"):
        (tmp_path / name).write_text("", "utf-8")
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    return tmp_path


def _recorder(ran: list[str], venv: Path | None = None):
    """Stands for subprocess.run: notes the command, and makes the folders that it would make."""

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        ran.append(" ".join(command))
        if venv is not None and not venv.exists():
            dev.in_venv(venv, "python").parent.mkdir(parents=True)
            dev.in_venv(venv, "python").touch()
        return subprocess.CompletedProcess(command, 0)

    return run


def test_the_first_run_installs_by_hash_and_the_second_runs_nothing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(dev.subprocess, "run", _recorder(ran, checkout / ".venv"))

    dev.ensure_venv(".venv", "click==8 --hash=sha256:0\n", install_project=True)
    first, ran[:] = list(ran), []
    dev.ensure_venv(".venv", "click==8 --hash=sha256:0\n", install_project=True)

    assert "-m venv --clear" in first[0]
    assert "install" in first[1]
    assert "--require-hashes" in first[1]
    assert "--editable" in first[2]
    assert len(first) == 3
    assert ran == []


def test_another_lock_makes_the_environment_anew(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(dev.subprocess, "run", _recorder(ran, checkout / ".venv"))
    dev.ensure_venv(".venv", "click==8\n", install_project=False)
    ran.clear()

    dev.ensure_venv(".venv", "click==9\n", install_project=False)

    assert ran


def test_an_installation_that_failed_is_tried_again(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(dev.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(dev.SetUpError, match="failed"):
        dev.ensure_venv(".venv", "click==8\n", install_project=False)
    ran: list[str] = []
    monkeypatch.setattr(dev.subprocess, "run", _recorder(ran, checkout / ".venv"))

    dev.ensure_venv(".venv", "click==8\n", install_project=False)

    assert ran


# --- the steps


def test_a_check_that_fails_fails_the_whole_but_does_not_keep_the_next_from_running(
    capfd: pytest.CaptureFixture[str],
) -> None:
    steps = dev.Steps()
    steps.run(("bad", [sys.executable, "-c", "raise SystemExit(1)"]))
    (summary,) = steps.run(("good", [sys.executable, "-c", "print('3 passed in 0.10s')"]))

    assert summary == "3 passed in 0.10s"
    assert not steps.report()
    printed = capfd.readouterr().out
    assert re.search(r"FAILED +\d+\.\d s  bad", printed)
    assert re.search(r"ok +\d+\.\d s  good", printed)


def test_checks_run_side_by_side_and_print_one_after_another(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each waits for the other to have begun, and writes on both sides of that."""
    meet = (
        "import pathlib, sys, time\n"
        "own, other = map(pathlib.Path, sys.argv[1:])\n"
        "print(own.name, 'begins', flush=True)\n"
        "own.touch()\n"
        "while not other.exists(): time.sleep(0.01)\n"
        "print(own.name, 'ends: 3 passed in 0.10s', flush=True)\n"
    )
    a, b = tmp_path / "a", tmp_path / "b"

    steps = dev.Steps()
    summaries = steps.run(
        ("first", [sys.executable, "-c", meet, a, b]),
        ("second", [sys.executable, "-c", meet, b, a]),
    )

    told = [line for line in capfd.readouterr().out.splitlines() if line]
    assert [line.split(":")[0] for line in told] == [
        "== first", "a begins", "a ends", "== second", "b begins", "b ends",
    ]  # fmt: skip
    assert [summary[:6] for summary in summaries] == ["a ends", "b ends"]
    assert steps.report()


@pytest.mark.parametrize(
    "line",
    [
        "8 passed in 4.16s",
        "==== 1 failed, 511 passed, 3 skipped in 92.10s (0:01:32) ====",
        "1 error in 0.30s",
        "2 skipped in 0.01s",
    ],
)
def test_the_closing_line_of_pytest_is_recognised(line: str) -> None:
    assert dev.SUMMARY.search(line)


def test_dev_py_needs_the_standard_library_alone() -> None:
    tree = ast.parse((_ROOT / "dev.py").read_text("utf-8"))
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}

    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names
