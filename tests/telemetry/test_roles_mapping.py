"""Roles as a file: shown by a command, given to others, kept for databases of the same shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import telemetry
from telemetry.errors import RequestError
from telemetry.roles import kept
from telemetry.roles.mapping import FORMAT, Mapping, TableRoles, from_json, to_json
from tests.builders import other_tools
from tests.builders.traces import traces
from tests.telemetry.command_line import ran, refused

Capsys = pytest.CaptureFixture[str]
pytestmark = pytest.mark.sampled(3)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return other_tools.mesa(folder / "mesa.db")


def test_a_mapping_comes_back_from_its_file_as_it_was() -> None:
    mapping = Mapping({'t"1': TableRoles("states", {"a b": "tick", "λ": "measure"}),
                       "gone": TableRoles("left out")})  # fmt: skip
    text = to_json(mapping, "mine")
    assert from_json(text, "file") == mapping
    assert json.loads(text)["format"] == FORMAT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no roles"),
        ('{"format": "x"}', "holds no roles"),
        (f'{{"format": "{FORMAT}", "version": 9}}', "version 9"),
        (f'{{"format": "{FORMAT}", "version": 1}}', 'no "tables"'),
        (f'{{"format": "{FORMAT}", "version": 1, "tables": {{"t": {{"kind": "x"}}}}}}', "'x'"),
        (f'{{"format": "{FORMAT}", "version": 1, "tables": {{"t": {{"kind": "runs", "columns": '
         '{"c": "price"}}}}', "'price'"),
        ("[" * 100_000, "is no JSON"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said) as caught:
        from_json(text, "roles.json")
    sentence = str(caught.value)
    assert sentence.startswith("roles.json ")
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_the_command_shows_what_is_proposed_with_reasons_and_writes_it_to_a_file(
    capsys: Capsys, data: Path, tmp_path: Path
) -> None:
    before = traces(data.parent)
    shown = ran(capsys, "roles", data)
    assert "named Step, whole numbers that never fall" in shown.out
    rows = ran(capsys, "roles", data, "--format", "csv").out.splitlines()
    assert rows[2].startswith("agent_vars,states,AgentID,agent,0.9,")
    out = tmp_path / "roles.json"
    assert ran(capsys, "roles", data, "-o", out, "--format", "json").code == 0
    document = json.loads(out.read_text("utf-8"))
    assert document["tables"]["model_vars"]["columns"] == {"Step": "tick", "Gini": "measure"}
    assert traces(data.parent) == before


def test_roles_are_given_for_one_command_or_kept_for_every_database_of_the_shape(
    capsys: Capsys, data: Path, tmp_path: Path
) -> None:
    roles = tmp_path / "roles.json"
    model = TableRoles("states", {"Step": "tick", "Gini": "measure"})
    kept.write(roles, Mapping({"agent_vars": TableRoles("left out"), "model_vars": model}))
    measures = ["series", data, "1", "Wealth"]
    assert ran(capsys, *measures).code == 0
    assert "no measure 'Wealth'" in ran(capsys, *measures, "--roles", roles).err
    assert ran(capsys, *measures).code == 0  # it was for that one command
    assert ran(capsys, "roles", data, "--use", roles).code == 0
    other = other_tools.mesa(data.parent / "other.db", agents=2)
    assert ran(capsys, "series", other, "1", "Wealth").code == 2
    source = telemetry.open_source(other)
    assert source.identity.vintage == "that you saved"
    source.close()
    assert [p.name for p in sorted(data.parent.iterdir())] == ["mesa.db", "other.db"]
    assert ran(capsys, "roles", data, "--forget").code == 0
    assert ran(capsys, *measures).code == 0
    assert "needs no roles" in refused(
        capsys, 2, "identify", _known(tmp_path), "--roles", roles
    )  # fmt: skip


def _known(folder: Path) -> Path:
    from tests.builders import vmt

    return vmt.build("barter", folder / "known.db")


def test_kept_roles_that_were_damaged_count_as_none(data: Path) -> None:
    source = telemetry.open_source(data)
    assert source.by_roles is not None
    path = kept.keep(source.by_roles.stored.tables, source.by_roles.mapping)
    source.close()
    path.write_text("{", "utf-8")
    again = telemetry.open_source(data)
    assert again.identity.vintage == "proposed"
    again.close()
