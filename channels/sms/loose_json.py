"""The SMS clouds' JSON: it may hold a number where a word is documented, or anything at all."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from channels.sms.inlet import PushError
from records.times import CHINA

# Their ids and codes are shorter by far.
_LONGEST = 200


def body_of(content: bytes) -> Any:
    """The JSON of a push.

    Raises:
        PushError: it is none.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise PushError(reason="not_json") from None


def entries(content: bytes) -> list[dict[str, Any]]:
    """The objects of a push that is an array; what is no object in it is an empty one.

    Raises:
        PushError: it is no array.
    """
    body = body_of(content)
    if not isinstance(body, list):
        raise PushError(reason="not_an_array")
    return [one if isinstance(one, dict) else {} for one in body]


def objects_of(value: object) -> list[dict[str, Any]]:
    """The objects in a list; nothing for whatever else stands there."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def object_in(content: bytes) -> dict[str, Any]:
    """The object in an answer; empty when there is none."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def text_of(value: object) -> str:
    """A code or id, also where it is a number or a truth value; empty for everything else."""
    if not isinstance(value, str | int | float):
        return ""
    # PostgreSQL stores no NUL.
    return words_of(str(value)).replace("\x00", "").strip()[:_LONGEST]


def words_of(value: str) -> str:
    """What somebody wrote. Half a surrogate pair can be neither stored nor sealed."""
    return value.encode("utf-8", "replace").decode("utf-8")


def moment(value: object) -> datetime | None:
    """A time of theirs: Beijing's, written without a zone; None when it is no time."""
    try:
        at = datetime.fromisoformat(text_of(value))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=CHINA)


def digest(*parts: str) -> str:
    """A name for a message whose provider gives it none: the same again for the same message."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:40]
