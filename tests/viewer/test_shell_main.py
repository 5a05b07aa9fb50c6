"""Tests of the program's command line: pictures without a screen, and how it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.builders import simcash, vmt
from vmt_log_viewer.__main__ import main
from vmt_log_viewer.views.area import ViewArea
from vmt_log_viewer.views.experiment_tabs import ExperimentTabs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def money(tmp_path_factory):
    return vmt.build("money_full", tmp_path_factory.mktemp("data") / "money.db")


def run(*arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY",
                                                              "QT_QPA_PLATFORM")}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "vmt_log_viewer", *map(str, arguments)],
        cwd=ROOT, env={**clean, **environment}, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip


def test_shots_need_no_screen_and_write_a_picture_of_every_suitable_view(money, tmp_path, home):
    """And they neither read nor write the user's settings."""
    done = run(money, "--run", "2", "--shots", tmp_path / "shots", "--size", "1000x700")
    assert (done.returncode, done.stderr) == (0, "")
    written = [Path(line) for line in done.stdout.splitlines()]
    names = {path.name for path in written}
    assert {"window-trajectories.png", "window-trades.png", "window-attempts.png"} <= names
    assert sorted(path.name for path in (tmp_path / "shots").iterdir()) == sorted(names)
    for path in written:
        image = QImage(str(path))
        assert (image.width(), image.height()) == (1000, 700)
    assert not [path for path in home.rglob("*") if "vmt-log-viewer" in str(path)]


@pytest.fixture
def experiment_alone(monkeypatch):
    """No other view is suitable."""
    suitable = ViewArea.suitable
    monkeypatch.setattr(
        ViewArea, "suitable", lambda a: [p for p in suitable(a) if p.kind.name == "experiment"]
    )


@pytest.mark.usefixtures("experiment_alone")
def test_every_tab_of_an_experiment_has_a_picture_of_its_own(qapp, tmp_path):
    path = simcash.unified(tmp_path / "u.db")
    assert main([str(path), "--run", simcash.SECOND, "--shots", str(tmp_path / "shots")]) == 0
    pictures = {p.name: p.read_bytes() for p in (tmp_path / "shots").glob("window-experiment*")}
    assert {"window-experiment-iterations.png", "window-experiment-policy-evolution.png",
            "window-experiment-language-model-interactions.png"} <= set(pictures)  # fmt: skip
    assert "window-experiment.png" not in pictures
    assert len(set(pictures.values())) == len(pictures)


@pytest.mark.usefixtures("experiment_alone")
def test_two_tabs_of_one_title_have_two_pictures(qapp, tmp_path, monkeypatch):
    path = simcash.unified(tmp_path / "u.db")
    monkeypatch.setattr(ExperimentTabs, "titles", lambda tabs: ("Iterations", "iterations?"))
    assert main([str(path), "--run", simcash.SECOND, "--shots", str(tmp_path / "shots")]) == 0
    names = sorted(p.name for p in (tmp_path / "shots").glob("window-experiment*"))
    assert names == ["window-experiment-iterations-2.png", "window-experiment-iterations.png"]


@pytest.mark.parametrize(("arguments", "code", "says"), [
    (["missing.db", "--shots", "out"], 3, "missing.db"),
    (["--shots", "out"], 2, "exactly one SOURCE"),
    (["x.db", "--size", "big"], 2, "no size"),
    (["x.db", "--theme", "pink"], 2, "pink"),
    (["--nonsense"], 2, "nonsense"),
])  # fmt: skip
def test_bad_use_and_bad_sources_end_with_one_sentence(
    qapp, capsys, tmp_path, monkeypatch, arguments, code, says
):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    told = capsys.readouterr()
    assert says in told.err
    assert "Traceback" not in told.err
    assert told.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_does_not_exist_ends_with_one(qapp, capsys, money, tmp_path):
    assert main([str(money), "--run", "99", "--shots", str(tmp_path / "out")]) == 1
    assert "99" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_said_so(qapp, capsys, money, tmp_path):
    (tmp_path / "file").write_text("")
    assert main([str(money), "--shots", str(tmp_path / "file" / "out")]) == 3
    assert "out" in capsys.readouterr().err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a screen")
def test_a_window_without_a_screen_is_refused_with_the_way_out(money):
    done = run(money)
    assert done.returncode == 2
    assert "--shots" in done.stderr


def test_help_shows_an_example(capsys):
    assert main(["--help"]) == 0
    assert "Example" in capsys.readouterr().out
