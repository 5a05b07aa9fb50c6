"""Each rule of ARCHITECTURE.md that a machine checks holds, and is seen to fail when broken."""

import ast
import functools
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("telemetry", "vmt_log_viewer")
_CONTRACTS = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}
_RUN = "from importlinter.cli import lint_imports_command as run; run()"

BREAKS = [
    ("telemetry-without-qt", "telemetry/recording/batch.py", "import PySide6.QtCore"),
    ("telemetry-without-qt", "telemetry/recording/batch.py", "import vmt_log_viewer.resources"),
    ("viewer-without-sql", "vmt_log_viewer/resources.py", "import sqlalchemy"),
    ("viewer-without-sql", "vmt_log_viewer/resources.py", "import sqlite3"),
    ("viewer-without-sql", "vmt_log_viewer/resources.py", "import telemetry.families.vocabulary"),
    ("viewer-without-sql", "vmt_log_viewer/resources.py", "import telemetry.engines"),
    ("state-without-qt", "vmt_log_viewer/state/cursor.py", "import PySide6.QtCore"),
    ("families-apart", "telemetry/families/other/__init__.py", "import telemetry.families.vmt"),
    ("core-knows-no-family", "telemetry/reader.py", "import telemetry.families.vmt"),
    ("core-knows-no-family", "telemetry/reader.py", "import telemetry.families.vmt.models"),
    ("telemetry-layers", "telemetry/errors.py", "import telemetry.concepts"),
    ("viewer-layers", "vmt_log_viewer/background/__init__.py", "import vmt_log_viewer.views"),
]


def _lint(folder: Path) -> set[str]:
    """The ids of the contracts that are broken in `folder`."""
    answer = subprocess.run(
        [sys.executable, "-c", _RUN, "--no-cache", "--config", "pyproject.toml"],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)\b", answer.stdout, flags=re.MULTILINE))
    assert set(verdicts) == set(_CONTRACTS.values()), answer.stdout + answer.stderr
    return {key for key, name in _CONTRACTS.items() if verdicts[name] == "BROKEN"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code and of its contracts, free to be spoilt."""
    for package in _PACKAGES:
        shutil.copytree(_ROOT / package, tmp_path / package, ignore=_all_but_code)
    shutil.copy(_ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _all_but_code(folder: str, names: list[str]) -> set[str]:
    return {n for n in names if not n.endswith(".py") and not (Path(folder) / n).is_dir()}


def test_every_contract_has_a_test_that_breaks_it() -> None:
    assert {contract for contract, _, _ in BREAKS} == set(_CONTRACTS)


def test_the_code_keeps_every_contract() -> None:
    assert _lint(_ROOT) == set()


@pytest.mark.parametrize(("contract", "file", "line"), BREAKS)
def test_a_forbidden_import_breaks_exactly_its_contract(
    checkout: Path, contract: str, file: str, line: str
) -> None:
    spoilt = checkout / file
    spoilt.parent.mkdir(exist_ok=True)
    with spoilt.open("a", encoding="utf-8") as code:
        code.write(f"\n{line}\n")

    assert _lint(checkout) - _lint(_ROOT) == {contract}


# Rule 4: only families/<f>/ knows that family's column names. What the concepts call a thing, the
# roles that a family declares and these words of English belong to the whole program all the same.
_COMMON = {
    *("alternatives", "amount", "clamped", "distance", "event", "id", "mode", "price", "rank"),
    *("reason", "result", "utility"),
}
_FAMILY_FOLDER = re.compile(r"telemetry/(families/\w+|samples)/")


def _fields(code: str) -> set[str]:
    """The annotated fields of every class in `code`."""
    return {
        field.target.id
        for kind in ast.walk(ast.parse(code))
        if isinstance(kind, ast.ClassDef)
        for field in kind.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


def _roles(code: str) -> set[str]:
    """The roles that a family's declaration gives to its columns: `role="…"`."""
    return {
        given.value.value
        for given in ast.walk(ast.parse(code))
        if isinstance(given, ast.keyword) and given.arg == "role"
        if isinstance(given.value, ast.Constant) and isinstance(given.value.value, str)
    }


@functools.cache
def _private_columns() -> set[str]:
    """The columns that the family has to itself."""
    telemetry = _ROOT / "telemetry"
    concepts = [_fields(f.read_text("utf-8")) for f in telemetry.glob("concepts/*.py")]
    roles = [_roles(f.read_text("utf-8")) for f in telemetry.glob("families/vmt/*.py")]
    assert concepts
    assert roles
    models = (telemetry / "families/vmt/models.py").read_text("utf-8")
    return _fields(models).difference(_COMMON, *concepts, *roles)


def _words(code: str) -> Iterator[tuple[int, str]]:
    """Every text, attribute and argument name of `code` with its line; no docstrings."""
    tree = ast.parse(code)
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield from ((node.lineno, word) for word in re.findall(r"\w+", node.value))
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.value.lineno, node.arg


def _columns_named_in(code: str) -> list[tuple[int, str]]:
    return [(line, word) for line, word in _words(code) if word in _private_columns()]


@pytest.mark.parametrize(
    "code",
    [
        "x = row['inventory_A']",
        "x = row.lambda_money",
        "f(dB_calculated=1)",
        "sql = 'a, dM_attempted'",
    ],
)
def test_a_column_name_of_a_family_is_found_however_it_is_written(code: str) -> None:
    assert _columns_named_in(code)


def test_a_docstring_may_speak_of_a_column() -> None:
    assert not _columns_named_in('"""Such as exchange_pair_type."""')


def test_only_the_family_knows_its_column_names() -> None:
    known = [
        f"{file.relative_to(_ROOT).as_posix()}:{line} {word}"
        for package in _PACKAGES
        for file in sorted((_ROOT / package).rglob("*.py"))
        if not _FAMILY_FOLDER.match(file.relative_to(_ROOT).as_posix())
        for line, word in _columns_named_in(file.read_text("utf-8"))
    ]

    assert not known
