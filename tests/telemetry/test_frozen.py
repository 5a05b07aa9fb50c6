"""Values that never change: equal where their fields are, hashable, and told apart from others."""

import ast
import copy
import pickle
from functools import cached_property
from pathlib import Path

import pytest

import telemetry
from telemetry.errors import RecordingError
from telemetry.families.vmt.recorder import LogPolicy
from telemetry.frozen import Frozen, asdict, defaults, field, replace
from telemetry.location import parse_location
from telemetry.queries import RunQuery, TableQuery, Where

_ROOT = Path(telemetry.__file__).resolve().parent.parent


class Point(Frozen, dict=True):
    x: float
    y: float = 0.0
    names: tuple[str, ...] = ()

    @cached_property
    def far(self) -> float:
        return self.x**2 + self.y**2


class Other(Frozen):
    x: float
    y: float = 0.0
    names: tuple[str, ...] = ()
    more: dict[str, int] = field(default_factory=dict)


def test_it_is_told_by_its_class_and_fields() -> None:
    one = Point(1.0, names=("a",))
    assert one == Point(1.0, 0.0, ("a",))
    assert hash(one) == hash(Point(1.0, 0.0, ("a",)))
    assert one != Point(1.0)
    assert Point(1.0) != Other(1.0)
    assert repr(one) == "Point(x=1.0, y=0.0, names=('a',))"
    assert asdict(one) == {"x": 1.0, "y": 0.0, "names": ("a",)}
    assert pickle.loads(pickle.dumps(RunQuery(7))) == RunQuery(7) == copy.deepcopy(RunQuery(7))


def test_it_never_changes() -> None:
    point = Point(3.0, 4.0)
    with pytest.raises(AttributeError):
        point.x = 1.0  # type: ignore[misc]
    assert point.far == 25.0
    assert replace(point, x=0.0).far == 16.0
    assert point.x == 3.0


def test_a_copy_with_other_fields_is_checked_as_a_new_one() -> None:
    with pytest.raises(RecordingError, match="level"):
        replace(LogPolicy(), level="everything")
    with pytest.raises(TypeError):
        replace(Point(1.0), z=2.0)


def test_defaults_are_told_by_name() -> None:
    assert defaults(Point) == {"y": 0.0, "names": ()}
    assert defaults(Where)["filters"] == ()
    assert defaults(TableQuery)["where"] == Where()
    assert defaults(RunQuery) == {}


def test_a_location_does_not_tell_its_password() -> None:
    told = repr(parse_location("postgresql://ann:hush@host/db?password=hush"))
    assert "hush" not in told
    assert "ann" in told


def test_no_other_kind_of_frozen_class_is_made_but_where_a_field_is_not_compared() -> None:
    found = []
    for folder in ("telemetry", "vmt_log_viewer"):
        for path in sorted((_ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.ClassDef):
                    continue
                frozen = any("frozen=True" in ast.unparse(d) for d in node.decorator_list)
                if frozen and "compare=False" not in ast.unparse(node):
                    found.append(f"{path.name}: {node.name}")
    assert found == []
