"""Any table, series or run → CSV, JSON or JSON lines, exact, with a note of where it comes from."""

from telemetry.export.files import (
    ExportReport,
    exported_columns,
    series_rows,
    streamed,
    write_cells,
    write_query,
    write_run,
    write_series,
    write_table,
)
from telemetry.export.formats import CONVENTIONS, FORMATS, Format, json_text, write_rows
from telemetry.export.pictures import png_text, write_picture
from telemetry.export.sidecar import (
    PROGRAM,
    asked,
    fingerprint_of,
    of_source,
    provenance,
    sidecar_path,
    thinned,
)
from telemetry.export.snippets import LANGUAGES, Language, snippet
from telemetry.export.worked import Worked
from telemetry.location import without_secrets

__all__ = [
    "CONVENTIONS",
    "FORMATS",
    "LANGUAGES",
    "PROGRAM",
    "ExportReport",
    "Format",
    "Language",
    "Worked",
    "asked",
    "exported_columns",
    "fingerprint_of",
    "json_text",
    "of_source",
    "png_text",
    "provenance",
    "series_rows",
    "sidecar_path",
    "snippet",
    "streamed",
    "thinned",
    "without_secrets",
    "write_cells",
    "write_picture",
    "write_query",
    "write_rows",
    "write_run",
    "write_series",
    "write_table",
]
