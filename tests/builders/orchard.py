"""A family that is not in the program: trials of an orchard, compared in pairs, without runs."""

from __future__ import annotations

import sqlite3
from pathlib import Path

DECLARATION = '''
"""Orchard: trials with and without bees, side by side."""

import sqlalchemy as sa

from telemetry.concepts import Experiment, ExperimentList, RunList
from telemetry.families.vocabulary import ColumnSpec as C, FamilySpec, RunSpec, TableSpec
from telemetry.queries import ExperimentsQuery, PairQuery

METADATA = sa.MetaData()
TRIALS = sa.Table(
    "trials", METADATA, sa.Column("plot", sa.BigInteger), sa.Column("orchard", sa.Text),
    sa.Column("slope", sa.Double), sa.Column("shade", sa.Text), sa.Column("bare", sa.Double),
    sa.Column("bees", sa.Double), sa.Column("gain", sa.Double), sa.Column("hive", sa.Text),
)
TREES = sa.Table("trees", METADATA, sa.Column("tree", sa.Text))
COLUMNS = (
    C("plot", "plot", "int", role="key"),
    C("orchard", "orchard", role="experiment"),
    C("slope", "slope", "real", role="parameter"),
    C("shade", "shade", role="parameter"),
    C("bare", "apples without bees", "real", role="baseline"),
    C("bees", "apples with bees", "real", role="treated"),
    C("gain", "gain", "real", role="effect"),
    C("hive", "hive", role="treated_run"),
)


def _experiments(asker, query):
    names = [r[0] for r in asker.rows(sa.select(asker.column("trials", "orchard")).distinct())]
    return ExperimentList((), tuple(
        Experiment(n, n, "", "grown", None, 0, {}) for n in sorted(names)))


FAMILIES = (FamilySpec(
    name="orchard",
    label="Orchard",
    recognise=lambda shape: "first" if shape.has("trials", "slope", "bees") else None,
    runs=RunSpec("trees", "tree", "tree", None, (C("tree", "tree", role="run"),),
                 lambda fields, config: {}, (), lambda fields: "old", ()),
    tables=(
        TableSpec("trees", "Trees", "runs", TREES, (C("tree", "tree", role="run"),), ("tree",),
                  "tree", None, sort="tree"),
        TableSpec("trials", "Trials", "pairs", TRIALS, COLUMNS, ("plot",), None, None,
                  sort="plot"),
    ),
    measures=(),
    lanes=(),
    scales=lambda asker, vintage: (),
    detail=lambda asker, run_id, found: found,
    answers={
        ExperimentsQuery: _experiments,
        PairQuery: lambda asker, query: f"The bees of {query.run_id} were busy.",
    },
),)
'''
TRIALS = (
    (1, "north", 1.0, "sun", 10.0, 14.0, 4.0, "h1"),
    (2, "north", 2.0, "sun", 10.0, 9.0, -1.0, "h2"),
    (3, "north", 2.0, "tree", 10.0, 12.0, 2.0, "h3"),
    (4, "south", 1.0, "sun", 10.0, 11.0, 1.0, "h4"),
)


def write_family(folder: Path) -> Path:
    """The folder to put on `telemetry.families.__path__`, with the family's package in it."""
    package = folder / "orchard"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(DECLARATION, "utf-8")
    return folder


def write_trials(path: Path) -> Path:
    """Two orchards, the first with three trials; no run at all."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE trees (tree TEXT)")
    connection.execute(
        "CREATE TABLE trials (plot INTEGER, orchard TEXT, slope REAL, shade TEXT, bare REAL, "
        "bees REAL, gain REAL, hive TEXT)"
    )
    connection.executemany("INSERT INTO trials VALUES (?,?,?,?,?,?,?,?)", TRIALS)
    connection.commit()
    connection.close()
    return path
