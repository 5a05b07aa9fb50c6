"""The only place that connects: every engine here reads, never writes, and can be interrupted."""

from telemetry.engines.database import Database, Expected, Shape

__all__ = ["Database", "Expected", "Shape"]
