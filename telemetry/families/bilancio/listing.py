"""The runs and experiments of what was opened, from folders, registries and the comparison."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from telemetry.engines.literals import file_literal
from telemetry.families.bilancio import models, sql
from telemetry.families.bilancio.encodings import LATIN, UTF_8, encoding_of
from telemetry.families.bilancio.layout import ExperimentFolder, Opened, RunFolder
from telemetry.families.bilancio.models import FLAG, WHOLE

_BY_BOTH = ("seed", "kappa", "concentration", "mu", "monotonicity")
_BY_REGISTRY = (
    "n_agents", "maturity_days", "Q_total", "S1", "L0", "time_to_stability", "default_handling",
    "dealer_enabled", "phase", "error",
)  # fmt: skip
_REGISTERED = (*_BY_BOTH, *_BY_REGISTRY, "status", "phi_total", "delta_total")
_FOLDERS = {
    "run_id": "VARCHAR", "name": "VARCHAR", "regime": "VARCHAR", "experiment_id": "VARCHAR",
    "folder": "VARCHAR", "files": "BIGINT", "finished": "BIGINT",
    "as_latin": "VARCHAR", "not_read": "VARCHAR",
}  # fmt: skip
_TOLD = ("experiment_id", "name", "kind", "told", "description", "created_at", "completed_at")


def views(found: Opened, asked: list[RunFolder] | None) -> dict[str, str | Callable[[], str]]:
    """Runs and experiments. `asked` None: every run is listed; else these alone, in full."""
    return {
        "folders": partial(_folders, found, asked),
        "registry": partial(_registry, found),
        "sides": _SIDES,
        "runs": lambda: f"SELECT *, {_scenario(asked)} AS scenario FROM ({_RUNS})",
        "sweeps": partial(_sweeps, found),
        "experiments": _EXPERIMENTS.format(runs="coalesce(r.n, 0)" if asked is None else "NULL"),
    }


def _folders(found: Opened, asked: list[RunFolder] | None) -> str:
    """A row for each run folder; `files` NULL where it may not be listed. Which files are not in
    UTF-8 is told of those that are asked for: a list of runs opens no file."""
    rows = []
    for f in found.runs() if asked is None else asked:
        names = f.names()
        files = None if names is None else len(names)
        finished = 1 if names is not None and "metrics.csv" in names else 0
        strange = (None, None) if asked is None else _not_utf8(f)
        rows.append((f.run_id, f.name, f.arm, f.experiment_id, f.folder, files, finished, *strange))
    return sql.values(rows, _FOLDERS)


def _not_utf8(folder: RunFolder) -> tuple[str | None, str | None]:
    """The names of the run's files that are read as Latin-1, and of those that are not read:
    texts in other encodings, and packed ones of those that are read as a whole."""
    files = folder.files()
    packed = Path(folder.out, "dealer_metrics.json.gz")
    documents = [
        files.pop("dealer_metrics", None) or (packed if packed.is_file() else None),
        Path(folder.folder, "scenario.yaml"),
    ]
    latin = [path.name for path in files.values() if encoding_of(path) == LATIN]
    left = [
        path.name
        for path in documents
        if path is not None and (path == packed or encoding_of(path) != UTF_8)
    ]
    return ", ".join(latin) or None, ", ".join(left) or None


def _scenario(asked: list[RunFolder] | None) -> str:
    """The text of scenario.yaml where one run is asked for; a list of runs reads none."""
    path = Path(asked[0].folder, "scenario.yaml") if asked is not None and len(asked) == 1 else None
    if path is None or not path.is_file() or encoding_of(path) != UTF_8:
        return "NULL::VARCHAR"
    return f"(SELECT any_value(content) FROM read_text({file_literal(path)}))"


def _registry(found: Opened) -> str:
    """Every row of every arm's registry."""
    kinds, types = models.kinds(models.RUNS), models.duckdb_types(models.RUNS)
    parts = []
    for experiment in found.experiments:
        for arm, path in experiment.registries():
            rows = sql.csv_rows([path])
            if rows is None:
                continue
            written = {n.lower(): f"r.{sql.name(n)}" for n in sql.columns_of([path])}
            picked = [
                f"{sql.text(experiment.experiment_id)} AS experiment_id",
                f"{sql.text(arm.name)} AS regime",
                f"{written.get('run_id', 'NULL::VARCHAR')} AS name",
            ]
            for name in _REGISTERED:
                element = written.get(name.lower(), "NULL::VARCHAR")
                read = {WHOLE: sql.whole, FLAG: sql.flag}.get(kinds[name], str)(element)
                picked.append(f"{read} AS {sql.name(name)}")
            parts.append(f"SELECT {', '.join(picked)} FROM ({rows}) r")
    own = dict.fromkeys(("experiment_id", "regime", "name"), "VARCHAR")
    return " UNION ALL BY NAME ".join(parts) or sql.empty(own | {n: types[n] for n in _REGISTERED})


_SIDE = """SELECT experiment_id, pair, {0}_run_id AS run_id, {0}_status AS status,
    {1}_run_id AS other_run, delta_{0} AS delta, phi_{0} AS phi, delta_{1} AS delta_other,
    trading_effect, trading_relief_ratio, kappa, concentration, mu, monotonicity, seed, face_value,
    outside_mid_ratio, big_entity_share FROM comparison"""
_SIDES = f"{_SIDE.format('passive', 'active')} UNION ALL {_SIDE.format('active', 'passive')}"
_RUNS = f"""
SELECT coalesce(f.run_id, r.name) AS run_id,
    coalesce(nullif(concat_ws(', ', coalesce(f.regime, r.regime),
        'κ ' || coalesce(r.kappa, s.kappa), 'c ' || coalesce(r.concentration, s.concentration),
        'μ ' || coalesce(r.mu, s.mu), 'ρ ' || s.outside_mid_ratio,
        'seed ' || coalesce(r.seed, s.seed)), ''), f.name) AS title, f.folder, f.files,
    coalesce(f.experiment_id, r.experiment_id) AS experiment_id,
    coalesce(f.regime, r.regime) AS regime, s.pair, s.other_run,
    coalesce(r.status, s.status, CASE WHEN f.finished = 1 THEN 'completed'
        WHEN f.files > 0 THEN 'recorded' WHEN f.files = 0 THEN 'running'
        WHEN f.run_id IS NOT NULL THEN 'unreadable' END) AS status,
    f.run_id IS NULL AS files_missing, coalesce(r.phi_total, s.phi) AS phi_total,
    coalesce(r.delta_total, s.delta) AS delta_total, s.delta_other, s.trading_effect,
    s.trading_relief_ratio, s.face_value, s.outside_mid_ratio, s.big_entity_share,
    {", ".join(f"coalesce(r.{n}, s.{n}) AS {n}" for n in _BY_BOTH)},
    {", ".join(f"r.{sql.name(n)}" for n in _BY_REGISTRY)}
FROM folders f
FULL OUTER JOIN registry r ON r.experiment_id = f.experiment_id AND r.regime = f.regime
    AND r.name = f.name
LEFT JOIN sides s ON s.experiment_id = coalesce(f.experiment_id, r.experiment_id)
    AND s.run_id = coalesce(f.name, r.name)
WHERE coalesce(f.run_id, r.name) IS NOT NULL
"""
"""Run folders, and runs that a registry alone knows, each with its side of its pair."""
_EFFECT = sql.real("trading_effect")
_EXPERIMENTS = f"""
WITH counted AS (
    SELECT experiment_id, count(*) AS n, count(*) FILTER (status = 'running') AS running
    FROM runs GROUP BY ALL
), compared AS (
    SELECT experiment_id, count(*) AS pairs, count({_EFFECT}) AS completed_pairs,
        count(*) FILTER ({_EFFECT} > 0) AS pairs_improved,
        count(*) FILTER ({_EFFECT} = 0) AS pairs_unchanged,
        count(*) FILTER ({_EFFECT} < 0) AS pairs_worsened,
        avg({sql.real("delta_passive")}) AS mean_delta_passive,
        avg({sql.real("delta_active")}) AS mean_delta_active,
        avg({_EFFECT}) AS mean_trading_effect,
        avg({sql.real("trading_relief_ratio")}) AS mean_relief_ratio
    FROM comparison GROUP BY ALL
)
SELECT e.* EXCLUDE (told), CAST({{runs}} AS BIGINT) AS runs,
    coalesce(e.told, CASE WHEN r.running > 0 THEN 'running'
        WHEN p.pairs > 0 AND p.completed_pairs = p.pairs THEN 'completed' ELSE 'unknown' END)
    AS status, p.* EXCLUDE (experiment_id)
FROM sweeps e LEFT JOIN counted r USING (experiment_id) LEFT JOIN compared p USING (experiment_id)
"""
"""One row a sweep, its pairs counted and averaged as the producer's own summary does it."""


def _sweeps(found: Opened) -> str:
    """A row for each experiment, with what its job's manifest says."""
    rows = []
    for e in found.experiments:
        told = _manifest(e)
        arms = "/".join(a.name for a in e.arms) or None
        rows.append((e.experiment_id, e.path.name, arms, *(told.get(n) for n in _IN_MANIFEST)))
    return sql.values(rows, dict.fromkeys(_TOLD, "VARCHAR"))


_IN_MANIFEST = ("status", "description", "created_at", "completed_at")


def _manifest(experiment: ExperimentFolder) -> dict[str, str]:
    """What the job's manifest says of the experiment; the last one where there are several."""
    told: dict[str, str] = {}
    for data in _decoded(experiment.manifests()):
        told.update({k: v for k, v in data.items() if isinstance(k, str) and isinstance(v, str)})
    return told


def _decoded(paths: list[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        try:
            data = json.loads(path.read_text("utf-8-sig"))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            yield data
