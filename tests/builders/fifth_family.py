"""A family that is not in the program: a pond of frogs, written as one CSV file a run."""

from __future__ import annotations

from pathlib import Path

PACKAGE = "frogpond"
DECLARATION = '''
"""Frog pond: hops of frogs, one CSV file a run."""

import sqlalchemy as sa

from telemetry.families.vocabulary import (
    AggregateSpec, ColumnSpec as C, FamilySpec, FolderSpec, LaneSpec, MeasureSpec, RunSpec,
    SummarySpec, TableSpec,
)

METADATA = sa.MetaData()
PONDS = sa.Table("ponds", METADATA, sa.Column("pond", sa.Text), sa.Column("frogs", sa.BigInteger))
HOPS = sa.Table(
    "hops", METADATA, sa.Column("line", sa.BigInteger), sa.Column("pond", sa.Text),
    sa.Column("minute", sa.BigInteger), sa.Column("frog", sa.Text), sa.Column("hop", sa.Text),
    sa.Column("height", sa.Double),
)


def _files(path):
    return sorted(path.glob("*.frogs.csv")) if path.is_dir() else []


def _views(path):
    listed = ", ".join("'" + str(f).replace("'", "''") + "'" for f in _files(path))
    hops = (
        "SELECT row_number() OVER () AS line, parse_filename(filename, true) AS pond, "
        "CAST(minute AS BIGINT) AS minute, frog, hop, CAST(height AS DOUBLE) AS height "
        f"FROM read_csv([{listed}], header=true, all_varchar=true, filename=true)"
    )
    return {
        "hops": hops,
        "ponds": "SELECT pond, count(DISTINCT frog) AS frogs FROM hops GROUP BY pond",
    }


def _recognise(shape):
    return "with heights" if shape.has("hops", "frog", "height") else None


RUN_COLUMNS = (C("pond", "pond", role="run"), C("frogs", "frogs", "int", role="agents"))
FAMILY = FamilySpec(
    name="frogpond",
    label="Frog pond",
    recognise=_recognise,
    runs=RunSpec(
        "ponds", "pond", "pond", None, RUN_COLUMNS, lambda fields, config: {}, (),
        lambda fields: "dry", ("hops",),
    ),
    tables=(
        TableSpec("ponds", "Ponds", "runs", PONDS, RUN_COLUMNS, ("pond",), "pond", None,
                  sort="pond"),
        TableSpec(
            "hops", "Hops", "events", HOPS,
            (
                C("line", "line", "int", role="key", visible=False),
                C("pond", "pond", role="run", visible=False),
                C("minute", "minute", "int", role="tick"),
                C("frog", "frog", role="agent", facet=True),
                C("hop", "hop", role="event", facet=True),
                C("height", "height", "real", unit="cm"),
            ),
            key=("line",), run="pond", tick="minute", agents=("frog",), sort="minute",
            summary=SummarySpec("hop", (
                AggregateSpec("hops", "hops", "count"),
                AggregateSpec("highest", "highest", "max", "height"),
            )),
            explain=lambda row: f"{row['frog']} does a {row['hop']} of {row['height']} cm",
        ),
    ),
    measures=(
        MeasureSpec("height", "Height", "cm", "Hops", "hops", "height", "frog", "minute",
                    default=True),
    ),
    lanes=(LaneSpec("hop", "Hop", ("hops", "hop"), by="frog"),),
    scales=lambda asker, vintage: (),
    detail=lambda asker, run_id, found: found,
    folder=FolderSpec("folder of ponds", lambda path: bool(_files(path)), _views),
)
FAMILIES = (FAMILY,)
'''
HOPS = "minute,frog,hop,height\n0,Ann,leap,12.5\n0,Bob,splash,3\n1,Ann,splash,4\n2,Ann,leap,20\n"


def write_family(folder: Path) -> Path:
    """The folder to put on `telemetry.families.__path__`, with the family's package in it."""
    package = folder / PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(DECLARATION, "utf-8")
    return folder


def write_pond(folder: Path) -> Path:
    """A source with the runs north.frogs and south.frogs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "north.frogs.csv").write_text(HOPS, "utf-8")
    (folder / "south.frogs.csv").write_text("minute,frog,hop,height\n5,Eve,leap,1\n", "utf-8")
    return folder
