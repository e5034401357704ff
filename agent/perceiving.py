"""The step before the turn: a voice message is listened to, a photo looked at, once each.

Outside any transaction, one file at a time, and never twice at once. After three failed tries the
message goes to the turn as it is: thanked for, and somebody's task. A sense returns what it made of
the file as a mapping for the turn and the doctor's page: `text` holds it in words as the sender
might have typed them (empty: nothing that may be used), `on` the day that stands on it, if any;
everything else is the sense's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlmodel import Session

from agent.context import Heard
from care.level import Level
from records import heard
from records.db import Database
from records.heard import File
from records.people import china_date
from records.vault import Vault

log = structlog.get_logger()

# Longer than the slowest look; so long a file waits when a worker dies in the middle of one.
LEASE = timedelta(minutes=3)
_TRIES = 3
_RETRY_AFTER = timedelta(seconds=10)
# So long a turn waits for what is being made of a file before it answers without it.
PATIENCE = timedelta(seconds=60)
LOOK_AGAIN = timedelta(seconds=1)
# So old may a result be that is taken for one of these days.
_STILL_TODAY = timedelta(days=3)


class Sense(Protocol):
    """Makes words of a file. Any exception counts as a failed try."""

    def perceive(self, content: bytes, content_type: str) -> Mapping[str, Any]: ...


# The kinds of message that have a file to make words of; an installation may lack the sense.
PERCEIVED = frozenset({"image", "voice"})
Senses = Mapping[str, Sense]


def perceive_next(
    database: Database, vault: Vault, senses: Senses, clock: Callable[[], datetime]
) -> bool:
    """Make words of the next file in line. False when none is due."""
    if not senses:
        return False
    now = clock()
    with database.transaction() as session:
        file = heard.claim(session, vault, senses.keys(), now, LEASE)
    if file is None:
        return False
    made = _made(file, senses[file.kind], china_date(now)) if file.tries <= _TRIES else None
    with database.transaction() as session:
        if made is not None:
            heard.keep(session, vault, file.media_id, made, clock())
        elif file.tries >= _TRIES:
            heard.give_up(session, file.media_id, clock())
        else:
            heard.retry(session, file.media_id, clock() + _RETRY_AFTER)
    return True


def is_awaited(messages: Iterable[Heard], senses: Senses, now: datetime) -> bool:
    """Whether the turn should wait a little. Danger never does."""
    waiting = list(messages)
    if not any(_still_coming(one, senses, now) for one in waiting):
        return False
    return not any(_dangerous(one) for one in waiting)


def came_meanwhile(session: Session, vault: Vault, messages: Iterable[Heard]) -> bool:
    """Whether words were made of a file while the turn thought without them."""
    lacking = [one.message_id for one in messages if one.kind in PERCEIVED and one.made is None]
    made = heard.made_of(session, vault, lacking) if lacking else {}
    return any(made.values())


def _dangerous(one: Heard) -> bool:
    """By its typed words, or by what was already made of its file."""
    if one.level >= Level.URGENT:
        return True
    return heard.dangerous(str((one.made or {}).get("text", "")))


def _still_coming(one: Heard, senses: Senses, now: datetime) -> bool:
    fresh = one.received_at is not None and now - one.received_at < PATIENCE
    return fresh and one.kind in senses and one.made is None and not one.text


def _made(file: File, sense: Sense, today: date) -> Mapping[str, Any] | None:
    try:
        made = sense.perceive(file.content, file.content_type)
    except Exception as error:  # noqa: BLE001 - a file from outside must not stop the others
        log.warning(
            "perceiving.failed",
            media_id=file.media_id,
            attempt=file.tries,
            error=type(error).__name__,
        )
        return None
    log.info("perceiving.done", media_id=file.media_id, attempt=file.tries)
    return _timely(made, today)


def _timely(made: Mapping[str, Any], today: date) -> Mapping[str, Any]:
    """A slip from last year says nothing about today: its words stay for the doctor alone."""
    on = made.get("on")
    if not on or abs(today - date.fromisoformat(on)) <= _STILL_TODAY:
        return made
    return {**made, "text": "", "dated": made.get("text", "")}
