"""The pictures of the README are what the program draws.

With UPDATE_PICTURES=1 in the environment it writes them anew; else it compares.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.samples.grid_economy import simulate
from telemetry.samples.grid_economy.catalogue import SCENARIOS
from tests.viewer.test_shell_main import run

SCREENSHOTS = Path(__file__).resolve().parents[2] / "resources" / "screenshots"
SHOWN = ("overview", "attempts", "trades", "map", "audit")
UPDATE = os.environ.get("UPDATE_PICTURES") == "1"
MOST_DIFFERENT = 0.06  # of the pixels: clocks, paths, and how a platform smooths letters


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The window on one demo run in which every attempt was kept, drawn at 1400×900."""
    folder = tmp_path_factory.mktemp("pictures")
    scenario = next(s for s in SCENARIOS if s.name.startswith("Mixed Regime"))
    with VmtRecorder(folder / "demo.db") as recorder:
        simulate(scenario, recorder, ticks_per_commit=10)
    done = run(folder / "demo.db", "--shots", folder, "--size", "1400x900", "--tick", "120")
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def pixels(path: Path) -> np.ndarray:
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_Grayscale8)
    assert not image.isNull(), f"{path} is no picture"
    lines = np.frombuffer(image.constBits(), np.uint8)
    return lines.reshape(image.height(), image.bytesPerLine())[:, : image.width()].astype(int)


def differing(new: Path, kept: Path) -> float:
    """The share of the pixels that differ by more than how letters are smoothed."""
    now, then = pixels(new), pixels(kept)
    assert now.shape == then.shape
    return float(np.mean(np.abs(now - then) > 48))


@pytest.mark.parametrize("view", SHOWN)
def test_a_picture_of_the_readme_is_what_the_program_draws(drawn: Path, view: str):
    new, kept = drawn / f"window-{view}.png", SCREENSHOTS / f"{view}.png"
    if UPDATE:
        SCREENSHOTS.mkdir(exist_ok=True)
        shutil.copyfile(new, kept)
    assert differing(new, kept) < MOST_DIFFERENT
