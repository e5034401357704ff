"""Row ids: UUIDv7 text, made by the writer before the insert, so that keys can be bound to them."""

from __future__ import annotations

import uuid_utils


def new_id() -> str:
    """A new time-ordered id, 36 characters."""
    return str(uuid_utils.uuid7())
