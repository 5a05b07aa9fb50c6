"""Where an experiment keeps its files: arms, run folders, registries and aggregates."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from telemetry.concepts import RunId
from telemetry.errors import SourceError
from telemetry.families.bilancio.encodings import PACKED, Written, beginning, encoding_of, lines_of
from telemetry.frozen import Frozen, replace
from telemetry.text import one_line

FILES = {
    "trades": ("trades.csv",),
    "repayment_events": ("repayment_events.csv",),
    "inventory_timeseries": ("inventory_timeseries.csv",),
    "system_state_timeseries": ("system_state_timeseries.csv",),
    "metrics": ("metrics.csv",),
    "balances": ("balances.csv",),
    "debtor_shares": ("metrics_ds.csv", "debtor_shares.csv"),
    "intraday": ("metrics_intraday.csv", "intraday.csv"),
    "event_lines": ("events.jsonl",),
    "dealer_metrics": ("dealer_metrics.json",),
}
"""The files of a run's out/ folder by the table they become; versions differ in some names."""
_FILE_NAMES = frozenset(name for names in FILES.values() for name in names)
REGISTRY = Path("registry", "experiments.csv")
AGGREGATES = {
    "comparison": "comparison.csv",
    "dealer_usage": "dealer_usage_by_run.csv",
    "strategy_by_run": "strategy_outcomes_by_run.csv",
    "strategy_overall": "strategy_outcomes_overall.csv",
    "summary": "summary.json",
}
MANIFEST = "job_manifest.json"
_TELLING = {
    "trades.csv": {"ticket_id", "unit_price"},
    "repayment_events.csv": {"liability_id", "outcome"},
    "inventory_timeseries.csv": {"bucket", "dealer_inventory"},
    "system_state_timeseries.csv": {"debt_to_money"},
    "metrics.csv": {"phi_t", "delta_t"},
    "balances.csv": {"agent_id", "total_financial_assets"},
}
"""Columns by which a file alone is recognised."""
_DEEP = 3
_PATIENCE = 2_000
"""How many folders are looked at before a search that found nothing gives up."""


class RunFolder(Frozen):
    """One run: its id in this source, its folder, and the folder `out` that holds its files.

    `only` is the one file that was opened alone. Files are looked for when they are asked for.
    """

    run_id: str
    name: str
    arm: str | None
    experiment_id: str | None
    folder: str
    out: str
    only: tuple[str, Path] | None = None

    def names(self) -> frozenset[str] | None:
        """The names of this family's files that lie there, as the producer spells them; None where
        that may not be looked at."""
        if self.only is not None:
            return frozenset(FILES[self.only[0]][:1])
        try:
            return frozenset(_spelt(os.listdir(self.out)))
        except FileNotFoundError:
            return frozenset()
        except OSError:
            return None

    def files(self) -> dict[str, Path]:
        """The file of each table that has one with anything in it."""
        if self.only is not None:
            return dict([self.only])
        there = _spelt(_listed(self.out))
        found: dict[str, Path] = {}
        for table, names in FILES.items():
            paths = (Path(self.out, own) for name in names for own in there.get(name, ()))
            path = next((p for p in paths if _has_bytes(p)), None)
            if path is not None:
                found[table] = path
        return found


class Arm(Frozen):
    """A regime's folder, with a folder for each of its runs."""

    name: str
    path: Path

    def names(self) -> list[str]:
        """The runs that have a folder here, by name."""
        try:
            with os.scandir(self.path / "runs") as found:
                return sorted(e.name for e in found if e.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SourceError(
                f"{one_line(str(self.path))} cannot be read ({error.strerror}); ask its owner for "
                "permission, or open another arm."
            ) from None


class ExperimentFolder(Frozen):
    """A sweep: its arms, the folder of its aggregates and the manifests of its jobs."""

    experiment_id: str
    path: Path
    arms: tuple[Arm, ...]

    def aggregate(self, name: str) -> Path | None:
        path = self.path / "aggregate" / AGGREGATES[name]
        return path if _has_bytes(path) else None

    def registries(self) -> list[tuple[Arm, Path]]:
        found = ((arm, arm.path / REGISTRY) for arm in self.arms)
        return [(arm, path) for arm, path in found if _has_bytes(path)]

    def manifests(self) -> list[Path]:
        below = (self.path / e.name / MANIFEST for e in _entries(self.path) if e.is_dir())
        return [p for p in (self.path / MANIFEST, *sorted(below)) if _has_bytes(p)]


class Opened(Frozen):
    """What a path turned out to be: experiments, or else `alone`, a single run."""

    path: Path
    experiments: tuple[ExperimentFolder, ...] = ()
    alone: RunFolder | None = None

    def arms(self) -> Iterator[tuple[ExperimentFolder, Arm]]:
        for experiment in self.experiments:
            for arm in experiment.arms:
                yield experiment, arm

    def runs(self) -> Iterator[RunFolder]:
        """Every run folder. A name that an earlier arm has as well gets its path as its id."""
        if self.alone is not None:
            yield self.alone
        seen: set[str] = set()
        for experiment, arm in self.arms():
            for name in arm.names():
                run_id = self.long_id(arm, name) if name in seen else name
                seen.add(name)
                yield run_folder(run_id, name, experiment, arm)

    def run(self, run_id: RunId) -> RunFolder | None:
        """The run of that id, found without listing the others; None where it has no folder."""
        if self.alone is not None:
            return self.alone if run_id == self.alone.run_id else None
        for experiment, arm in self.arms():
            name = str(run_id)
            long = self.long_id(arm, "")
            if "/" in name and name.startswith(long):
                name = name.removeprefix(long)
            if name and "/" not in name and (arm.path / "runs" / name).is_dir():
                return run_folder(str(run_id), name, experiment, arm)
        return None

    def long_id(self, arm: Arm, name: str) -> str:
        """An arm's path below what was opened, and the name: unlike any other run's."""
        inside = arm.path.relative_to(self.path).as_posix()
        return f"{inside}/{name}" if inside != "." else f"{arm.name}/{name}"


def opened(path: Path) -> Opened | None:
    """What lies at `path`, or None where it is nothing of Bilancio's. Contents are not read
    beyond the headers that tell a file of this family from others. OSError where `path` itself
    may not be looked into."""
    if path.is_file():
        if path.parent.name == "aggregate" and path.name in AGGREGATES.values():
            sweep = path.parent.parent  # of an aggregate alone: its sweep, without the runs
            return Opened(sweep, (ExperimentFolder(sweep.name, sweep, ()),))
        table = _table_of(path)
        return None if table is None else Opened(path, alone=_file_alone(path, table))
    if not path.is_dir():
        return None
    os.scandir(path).close()
    if path.name == "runs" and _is_arm(path.parent):
        path = path.parent
    experiments = tuple(_experiments(path))
    if experiments:
        return Opened(path, experiments)
    for out in (path, path / "out"):
        if _tells(out) or _run_below(path, out):
            return Opened(path, alone=_folder_alone(path, out))
    return None


def run_folder(run_id: str, name: str, experiment: ExperimentFolder, arm: Arm) -> RunFolder:
    folder = os.path.join(arm.path, "runs", name)
    out = os.path.join(folder, "out")
    return RunFolder(run_id, name, arm.name, experiment.experiment_id, folder, out)


def header(path: Path) -> tuple[str, ...]:
    """The names in a CSV file's first line, each made unlike the others; () without a line."""
    return heading(path)[1]


def heading(path: Path) -> tuple[Written, tuple[str, ...]]:
    """How a CSV file is written, by its first line, and its `header`."""
    start = beginning(path)
    if start is None:
        return Written(), ()
    encoding = encoding_of(path)
    lines = lines_of(start, encoding)
    first = next((line for line in lines if line.strip()), "")
    separator = "," if "," in first else next((c for c in ";\t" if c in first), ",")
    written = Written(separator, encoding, path.suffix.lower() == PACKED)
    row = next((r for r in written.rows(lines) if any(c.strip() for c in r)), [])
    return written, _distinct(row)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    taken: set[str] = set()
    for i, name in enumerate(names):
        wanted = name = name.strip() or f"column_{i + 1}"
        n = 1
        while name.lower() in taken:
            name, n = f"{wanted}_{n}", n + 1
        taken.add(name.lower())
        found.append(name)
    return tuple(found)


def _experiments(path: Path) -> Iterator[ExperimentFolder]:
    """An arm, an experiment, or experiments below a folder (at most three levels down).

    Where nothing is found the search ends soon: nobody waits for a home folder to be gone through.
    """
    if _is_arm(path):
        yield ExperimentFolder(path.name, path, (Arm(path.name, path),))
        return
    waiting, looked, any_found = [(path, 0)], 0, False
    while waiting and (any_found or looked < _PATIENCE):
        folder, depth = waiting.pop(0)
        inside = _folders(folder)
        looked += len(inside)
        arms = tuple(Arm(p.name, p) for p in inside if _is_arm(p))
        if arms or (folder / "aggregate" / AGGREGATES["comparison"]).is_file():
            any_found = True
            own = path.name if folder == path else folder.relative_to(path).as_posix()
            yield ExperimentFolder(own, folder, arms)
        if depth + 1 < _DEEP:
            armed = {arm.path for arm in arms}
            waiting += [(p, depth + 1) for p in inside if p not in armed]


def _is_arm(path: Path) -> bool:
    """A folder with runs/, in which some folder looks like a run; or with a registry."""
    looks = _folders(path / "runs")
    if any((p / "out").is_dir() or (p / "scenario.yaml").is_file() for p in looks):
        return True
    return "run_id" in header(path / REGISTRY)


def _run_below(path: Path, out: Path) -> bool:
    """A run that has only begun: a scenario with an out/ that holds nothing yet."""
    return out != path and out.is_dir() and (path / "scenario.yaml").is_file()


def _tells(out: Path) -> bool:
    """Whether a file there has the columns that tell this family."""
    there = _spelt(_listed(out))
    return any(
        wanted <= set(header(out / own))
        for name, wanted in _TELLING.items()
        for own in there.get(name, ())
        if (out / own).is_file()
    )


def _spelt(listed: Iterable[str]) -> dict[str, list[str]]:
    """This family's files among these by the names that the producer gives them.

    Other systems write names in other cases, and people pack files: a plain file comes first.
    """
    found: dict[str, list[str]] = {}
    for own in listed:
        name = own.lower()
        if name.endswith((f".csv{PACKED}", f".jsonl{PACKED}")):
            name = name.removesuffix(PACKED)
        if name in _FILE_NAMES:
            found.setdefault(name, []).append(own)
    return {
        name: sorted(names, key=lambda own: (own not in _FILE_NAMES, own.lower().endswith(PACKED)))
        for name, names in found.items()
    }


def _listed(folder: str | Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _table_of(path: Path) -> str | None:
    """The table that a file alone is, by its header (its name may be another)."""
    if path.suffix.lower() != ".csv":
        return None
    names = set(header(path))
    found = (name for name, wanted in _TELLING.items() if wanted <= names)
    return next((t for n in found for t, files in FILES.items() if n in files), None)


def _file_alone(path: Path, table: str) -> RunFolder:
    run_id, folder = _logged_run(path) or path.stem, str(path.parent)
    return RunFolder(run_id, path.stem, None, None, folder, folder, (table, path))


def _folder_alone(path: Path, out: Path) -> RunFolder:
    """A run's folder, or the out/ of one: its own files name the run best, then its folder."""
    folder = path if out != path else path.parent if path.name == "out" else path
    name = folder.name or "run"
    arm = folder.parent.parent.name if folder.parent.name == "runs" else None
    found = RunFolder(name, name, arm or None, None, str(folder), str(out))
    if out != path:
        return found
    logs = (_logged_run(p) for t, p in found.files().items() if f"{t}.csv" in _TELLING)
    return replace(found, run_id=next((r for r in logs if r), None) or name)


def _logged_run(path: Path) -> str | None:
    """The run_id in the first row of a CSV file."""
    written, names = heading(path)
    if "run_id" not in names:
        return None
    rows = (r for r in written.rows(lines_of(beginning(path) or b"", written.encoding)) if any(r))
    next(rows, None)
    row = next(rows, [])
    place = names.index("run_id")
    return row[place].strip() or None if place < len(row) else None


def _folders(path: Path) -> list[Path]:
    found = (e.name for e in _entries(path) if e.is_dir() and not e.name.startswith("."))
    return [path / name for name in sorted(found)]


def _entries(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as found:
            return list(found)
    except OSError:
        return []


def _has_bytes(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False
