"""Answers that took long, kept in the user's cache folder until their file changes."""

from telemetry.cache.answers import Kept, KeptAnswers

__all__ = ["Kept", "KeptAnswers"]
