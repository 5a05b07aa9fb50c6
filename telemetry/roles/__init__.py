"""Databases of no known family, read by what their tables and columns look like."""
