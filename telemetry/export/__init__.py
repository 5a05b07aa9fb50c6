"""Any table, series or run → CSV, JSON or JSON lines, exact, with a note of where it comes from."""

from telemetry.export.files import (
    ExportReport,
    exported_columns,
    series_rows,
    streamed,
    write_cells,
    write_run,
    write_series,
    write_table,
)
from telemetry.export.formats import CONVENTIONS, FORMATS, Format, json_text, write_rows
from telemetry.export.sidecar import sidecar_path

__all__ = [
    "CONVENTIONS",
    "FORMATS",
    "ExportReport",
    "Format",
    "exported_columns",
    "json_text",
    "series_rows",
    "sidecar_path",
    "streamed",
    "write_cells",
    "write_rows",
    "write_run",
    "write_series",
    "write_table",
]
