"""Builders of small databases with the table definitions of their producers."""
