"""Passwords: in the system's keyring where there is one and the user wants it, else nowhere."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

log = logging.getLogger(__name__)
SERVICE = "vmt-log-viewer"


def available() -> bool:
    """True when a keyring that really keeps something is installed."""
    return _keyring() is not None


def wanted(location: str) -> bool:
    """True for a server's URL that names a user but carries no password."""
    parts = urlsplit(location) if "://" in location else None
    return parts is not None and bool(parts.username) and not parts.password


def keep(source_key: str, password: str) -> bool:
    """Keep the password of a source; False where the keyring refuses."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(SERVICE, source_key, password)
    except Exception as error:  # every backend has errors of its own
        log.warning("The keyring did not keep the password: %s", type(error).__name__)
        return False
    return True


def recall(source_key: str) -> str | None:
    """The password kept for a source, None where there is none."""
    keyring = _keyring()
    if keyring is None:
        return None
    with suppress(Exception):
        found: str | None = keyring.get_password(SERVICE, source_key)
        return found
    return None


def _keyring() -> Any:
    try:
        import keyring
        from keyring.backends import fail
    except ImportError:
        return None
    backend = keyring.get_keyring()
    return None if isinstance(backend, fail.Keyring) else keyring
