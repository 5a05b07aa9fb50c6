"""Where the icons, fonts, themes and scenarios lie, in a checkout and in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOTS = (_PACKAGE / "_resources", _PACKAGE.parent / "resources")


def path(name: str) -> Path:
    """The file or folder `name` (with forward slashes) below `resources/`.

    Raises FileNotFoundError when this installation lacks it.
    """
    for root in _ROOTS:
        candidate = root / name
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"The program's own file {name} is missing; install the program again.")
