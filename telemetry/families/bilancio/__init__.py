"""Bilancio: rings of debtors with and without a dealer, written as folders of CSV files."""

from telemetry.families.bilancio.vocabulary import FAMILY

FAMILIES = (FAMILY,)

__all__ = ["FAMILIES", "FAMILY"]
