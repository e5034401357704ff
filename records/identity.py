"""Row ids: UUIDv7 text, made by the writer before the insert, so that keys can be bound to them."""

from __future__ import annotations

from uuid import uuid4

import uuid_utils


def new_id() -> str:
    """A new time-ordered id, 36 characters."""
    return str(uuid_utils.uuid7())


def undated_id() -> str:
    """A random id, for rows whose moment must not show: a time-ordered one tells the millisecond."""
    return str(uuid4())
