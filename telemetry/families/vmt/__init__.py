"""VMT: grid economies with barter and money, recorded in SQLite by five vintages of a producer."""

from telemetry.families.vmt.vocabulary import FAMILY

FAMILIES = (FAMILY,)

__all__ = ["FAMILIES", "FAMILY"]
