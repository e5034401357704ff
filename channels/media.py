"""Photos and voice messages are fetched at once: the platform forgets them after three days.

One that does not come after the last try becomes a task, so that somebody asks for it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from channels.port import MediaSource, Result, SendOutcome
from records import media, people
from records.db import Database
from records.media import File
from records.tables import ContactPoint, InboundMessage, Media
from records.tasks import LOOK_AT_MEDIA, open_task
from records.vault import Vault

LEASE = timedelta(seconds=90)
# Pauses before the second, third … try; together well within the three days.
PAUSES = (
    timedelta(seconds=20),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=18),
)
_HOPELESS = frozenset({Result.NEVER, Result.CHANNEL_CLOSED})

Sources = Mapping[tuple[str, str], MediaSource]

log = structlog.get_logger(__name__)


async def fetch_wanted(
    db: Database, vault: Vault, sources: Sources, now: datetime, limit: int = 20
) -> int:
    """Fetch the files that are due. Returns how many were tried; safe to run twice at once."""
    for tried in range(limit):
        if not await _fetch_one(db, vault, sources, now):
            return tried
    return limit


async def _fetch_one(db: Database, vault: Vault, sources: Sources, now: datetime) -> bool:
    wanted = await db.write(lambda s: media.claim(s, now, LEASE))
    if wanted is None:
        return False
    found = await _fetched(sources, wanted, now)
    result = "stored" if isinstance(found, File) else found.result.value
    log.info("media.fetched", media_id=wanted.id, attempt=wanted.attempts, result=result)
    await db.write(lambda s: _kept(s, vault, wanted, found, now))
    return True


async def _fetched(sources: Sources, wanted: Media, now: datetime) -> File | SendOutcome:
    source = sources.get((wanted.channel, wanted.account))
    if source is None:
        return SendOutcome(Result.OPERATOR, reason="no_route")
    try:
        return await source.fetch(wanted.external_id, now)
    except Exception as error:  # noqa: BLE001 - a fault in an adapter must not stop the others
        return SendOutcome(Result.RETRY, reason=type(error).__name__)


def _kept(
    session: Session, vault: Vault, wanted: Media, found: File | SendOutcome, now: datetime
) -> None:
    if isinstance(found, File):
        media.store(session, vault, wanted.id, found, now)
        return
    reason = found.reason or found.code
    if found.result in _HOPELESS or wanted.attempts > len(PAUSES):
        _give_up(session, wanted, reason, now)
    else:
        media.retry(session, wanted.id, reason, now + PAUSES[wanted.attempts - 1])


def _give_up(session: Session, wanted: Media, reason: str, now: datetime) -> None:
    if not media.give_up(session, wanted.id, reason):
        return
    message = session.get_one(InboundMessage, wanted.inbound_message_id)
    contact = session.get_one(ContactPoint, message.contact_point_id)
    person = people.ensure_person(session, contact, now)
    open_task(
        session,
        task_key=f"media:{wanted.id}",
        kind=LOOK_AT_MEDIA,
        reason="media_failed",
        person_id=person.id,
        contact_point_id=contact.id,
        facility_id=person.facility_id,
        inbound_message_id=message.id,
        now=now,
    )
