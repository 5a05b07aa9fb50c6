"""Ratios against named tools, measured side by side in one run: `python -m benchmarks`."""
