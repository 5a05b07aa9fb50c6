"""A wheel of the program holds all of its packages, its resources and its two commands."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from vmt_log_viewer import resources

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("telemetry", "vmt_log_viewer")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of a wheel that was built from a copy of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in (*_PACKAGES, "resources"):
        shutil.copytree(
            _ROOT / name, folder / "src" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("pyproject.toml", "setup.py", "LICENSE", "README.md"):
        shutil.copy(_ROOT / name, folder / "src" / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, folder / "src"],
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "installed")
    return folder / "installed"


@pytest.mark.parametrize("package", _PACKAGES)
def test_the_wheel_holds_every_file_of_the_package(installed: Path, package: str) -> None:
    def files(root: Path) -> set[str]:
        found = (p.relative_to(root).as_posix() for p in (root / package).rglob("*"))
        return {f for f in found if (root / f).is_file() and "__pycache__" not in f}

    shipped = {f for f in files(installed) if "/_resources/" not in f}
    assert shipped == files(_ROOT)


def test_the_wheel_brings_the_resources_but_no_screenshots(installed: Path) -> None:
    code = "from vmt_log_viewer import resources; print(resources.path('vmt-log-viewer.desktop'))"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=installed, capture_output=True, text=True, check=True
    )

    assert Path(answer.stdout.strip()).parent == installed / "vmt_log_viewer" / "_resources"
    assert not (installed / "vmt_log_viewer" / "_resources" / "screenshots").exists()


def test_the_wheel_installs_both_commands(installed: Path) -> None:
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")

    assert entry_points.read_text("utf-8").split("\n")[:3] == [
        "[console_scripts]",
        "telemetry = telemetry.cli:main",
        "vmt-log-viewer = vmt_log_viewer.__main__:main",
    ]


def test_a_resource_is_found_in_the_checkout() -> None:
    found = resources.path("vmt-log-viewer.desktop")

    assert found == _ROOT / "resources" / "vmt-log-viewer.desktop"


def test_a_missing_resource_is_said_by_name() -> None:
    with pytest.raises(FileNotFoundError, match=r"icons/none\.svg is missing"):
        resources.path("icons/none.svg")
