"""The documents are held to the code: what they name exists, and what exists they name."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from telemetry.cli.program import telemetry as program

ROOT = Path(__file__).parent.parent
PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", *PAGES)


def tree_of_architecture() -> dict[str, str]:
    """Path → what is at home there, from the tree in ARCHITECTURE.md."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    block = text.split("## The tree", 1)[1].split("```")[1]
    lines = (line.split(maxsplit=1) for line in block.strip().splitlines())
    return {path.rstrip("/"): words for path, words in lines}


def folders_of_code() -> set[str]:
    """Every folder of the two packages that holds Python files, with the folders beside them."""
    found = {
        str(path.parent.relative_to(ROOT))
        for package in ("telemetry", "vmt_log_viewer")
        for path in (ROOT / package).rglob("*.py")
    }
    return {f for f in found if "__pycache__" not in f}


def test_every_path_in_the_tree_of_architecture_exists():
    missing = [path for path in tree_of_architecture() if not (ROOT / path).exists()]
    assert missing == []


def test_every_folder_of_code_stands_in_the_tree_of_architecture():
    assert folders_of_code() - set(tree_of_architecture()) == set()


def test_documents_name_only_files_that_exist():
    missing = []
    for name in DOCUMENTS:
        links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / name).read_text())
        folder = (ROOT / name).parent
        missing += [(name, link) for link in links if not (folder / link).exists()]
    assert missing == []


def test_every_page_of_the_guide_stands_in_the_readme_and_has_its_picture():
    guide = sorted((ROOT / "docs" / "guide").glob("*.md"))
    readme = (ROOT / "README.md").read_text()
    assert guide
    for page in guide:
        assert f"(docs/guide/{page.name})" in readme
        assert f"(../../resources/screenshots/guide/{page.stem}.png)" in page.read_text()


def commands_of(name: str) -> list[list[str]]:
    """The command lines in a document, in words, less `telemetry` itself."""
    blocks = (ROOT / name).read_text().split("```")[1::2]
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [shlex.split(s, comments=True)[1:] for s in lines if s.startswith("telemetry ")]


def test_every_command_of_the_documents_exists_with_its_options():
    asked = [words for name in ("README.md", *PAGES) for words in commands_of(name)]
    assert len(asked) > 40
    for name_of_command, *words in asked:
        command = program.get_command(click.Context(program), name_of_command)
        assert command is not None, name_of_command
        known = {option for parameter in command.params for option in parameter.opts}
        said = {word.split("=")[0] for word in words if word.startswith("--")}
        assert said - known == set(), name_of_command


def test_every_contract_of_architecture_is_checked_by_import_linter():
    named = re.findall(r"^\d\. ", (ROOT / "ARCHITECTURE.md").read_text(), flags=re.MULTILINE)
    declared = (ROOT / "pyproject.toml").read_text().count("[[tool.importlinter.contracts]]")
    assert declared >= len(named) - 1  # the last rule, on column names, is a test


def test_no_file_names_a_path_of_a_developers_machine():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout: there is no list of files to look through")
    pattern = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/\w")
    guilty = []
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".lock", ".json", ".sql", ".qss"}:
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                if pattern.search(line):
                    guilty.append(f"{name}:{number}")
    assert guilty == []
