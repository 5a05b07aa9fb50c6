"""Old databases brought to the schema that we write, on a copy unless told; and new empty ones."""

from telemetry.upgrade.initialising import Initialised, initialise
from telemetry.upgrade.migrating import Migration, migrate

__all__ = ["Initialised", "Migration", "initialise", "migrate"]
