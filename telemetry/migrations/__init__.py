"""Versions of the databases that we write: what they are, how they are told, how old ones grow.

A family declares its versions as a `SchemaSpec`; everything here executes such declarations and
knows no family. A recorder calls `check` before it writes to a database and `stamp` once its
tables are there.
"""

from telemetry.migrations.versions import check, stamp, stamped
from telemetry.migrations.vocabulary import SchemaSpec, Step

__all__ = ["SchemaSpec", "Step", "check", "stamp", "stamped"]
