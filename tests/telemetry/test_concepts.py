"""Concepts are loaded when somebody asks for them, each from the module that makes it."""

import subprocess
import sys

import pytest

from telemetry import concepts


def test_every_name_has_one_home_and_is_found_there() -> None:
    listed = [name for names in concepts._HOMES.values() for name in names.split()]
    assert sorted(listed) == sorted(concepts.__all__)
    for home, names in concepts._HOMES.items():
        for name in names.split():
            found = getattr(concepts, name)
            assert found is getattr(concepts, name)
            made_in = getattr(found, "__module__", "")
            assert not made_in.startswith("telemetry") or made_in == f"telemetry.concepts.{home}"


def test_what_is_no_concept_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nobody'"):
        concepts.Nobody  # noqa: B018


def test_to_ask_for_one_loads_no_other_module_than_its_own() -> None:
    told = (
        "import sys\n"
        "from telemetry.concepts import TickRange\n"
        "from telemetry import queries\n"
        "loaded = {m for m in sys.modules if m.startswith('telemetry.concepts.')}\n"
        "assert loaded == {'telemetry.concepts.values'}, loaded\n"
    )
    subprocess.run([sys.executable, "-c", told], check=True, timeout=60)
