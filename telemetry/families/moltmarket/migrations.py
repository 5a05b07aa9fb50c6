"""The one version of the MoltMarket schema."""

from __future__ import annotations

from telemetry.families.moltmarket.models import Base
from telemetry.migrations.vocabulary import Growing, SchemaSpec, Step


def _market(growing: Growing) -> None:
    growing.add_tables(*(table.name for table in Base.metadata.sorted_tables))


SCHEMA = SchemaSpec(
    family="moltmarket",
    declared=lambda: Base.metadata,
    steps=(Step(1, "market", _market),),
    engines=("postgresql", "sqlite", "duckdb"),
    run_column="run_id",
)
