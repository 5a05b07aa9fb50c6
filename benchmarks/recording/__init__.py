"""Rows per second of every recorder against a bare driver that writes the same rows."""
