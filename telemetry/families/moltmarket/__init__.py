"""MoltMarket: an order-book market whose every event is chained by hashes."""

from telemetry.families.moltmarket.vocabulary import FAMILY

FAMILIES = (FAMILY,)

__all__ = ["FAMILIES", "FAMILY"]
