"""Pictures that say where they come from: in the PNG or SVG itself, and in a note beside it."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from telemetry.errors import ExportError
from telemetry.export.formats import json_text
from telemetry.export.sidecar import PROGRAM, sidecar_path
from telemetry.export.staging import sentences, staged

PictureFormat = Literal["png", "svg"]
PNG = b"\x89PNG\r\n\x1a\n"
_FIRST = 33  # bytes of the signature and of IHDR, which has to come first
_SVG = re.compile(rb"<svg\b[^>]*>")


def write_picture(
    path: str | os.PathLike[str],
    content: bytes,
    about: Mapping[str, object],
    created: str,
    *,
    protected: Path | None = None,
) -> tuple[Path, Path]:
    """Write a PNG or SVG with `about` in it, and beside it the same as a note; both paths.

    The picture holds no clock: the same picture of the same source is the same file, whenever
    it is written. The note says when (`created`). ExportError where they cannot be written.
    """
    path = Path(path)
    beside = sidecar_path(path)
    if content.startswith(PNG):
        named = png_with_text(content, json_text(about))
        kind = "png"
    else:
        named, kind = svg_with_text(content, json_text(about)), "svg"
    note = json_text({**about, "created": created, "format": kind}, indent=2) + "\n"
    with staged(protected) as files:
        for target, data in ((path, named), (beside, note.encode("utf-8", "backslashreplace"))):
            stream = files.open(target)
            with sentences(target):
                stream.buffer.write(data)
    return path, beside


def png_with_text(content: bytes, text: str) -> bytes:
    """The same picture with `text` in its chunks "Source" and the program in "Software"."""
    told = _chunk("Software", PROGRAM) + _chunk("Source", text)
    return content[:_FIRST] + told + content[_FIRST:]


def png_text(content: bytes) -> dict[str, str]:
    """The texts of a PNG by their keywords; ExportError where it is none."""
    if not content.startswith(PNG):
        raise ExportError("This is no PNG picture.")
    found, place = {}, len(PNG)
    while place + 8 <= len(content):
        size, kind = struct.unpack(">I4s", content[place : place + 8])
        data = content[place + 8 : place + 8 + size]
        if kind == b"iTXt":
            keyword, _, rest = data.partition(b"\0")
            found[keyword.decode("latin-1")] = rest[2:].split(b"\0", 2)[2].decode("utf-8")
        place += size + 12
    return found


def svg_with_text(content: bytes, text: str) -> bytes:
    """The same drawing with `text` as its metadata."""
    from xml.sax.saxutils import escape  # with all that speaks to servers

    opening = _SVG.search(content)
    if opening is None:
        raise ExportError("The drawing is no SVG, so it cannot say where it comes from.")
    told = f"\n<metadata>{escape(text)}</metadata>".encode("utf-8", "backslashreplace")
    return content[: opening.end()] + told + content[opening.end() :]


def _chunk(keyword: str, text: str) -> bytes:
    """An international text chunk, not compressed."""
    body = text.encode("utf-8", "backslashreplace").replace(b"\0", b"")
    data = keyword.encode("latin-1") + b"\0\0\0\0\0" + body
    kind = b"iTXt"
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
