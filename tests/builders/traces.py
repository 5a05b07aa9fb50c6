"""What a folder looks like from outside: to show that opening a file left nothing behind."""

import hashlib
import os
from pathlib import Path

Trace = tuple[str, int, int, int]


def traces(folder: Path) -> dict[str, Trace]:
    """Of the folder and of each thing in it: content, time of change in ns, size and mode."""
    found = {".": _trace(folder)}
    for name in sorted(os.listdir(folder)):
        found[name] = _trace(folder / name)
    return found


def _trace(path: Path) -> Trace:
    status = path.lstat()
    content = ""
    if path.is_file():
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    return content, status.st_mtime_ns, status.st_size, status.st_mode


def descriptors(path: Path) -> int:
    """How many descriptors of the file this process has open (POSIX)."""
    wanted = path.stat()
    count = 0
    for name in os.listdir("/dev/fd"):
        try:
            status = os.fstat(int(name))
        except OSError:
            continue
        count += (status.st_dev, status.st_ino) == (wanted.st_dev, wanted.st_ino)
    return count
