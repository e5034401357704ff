"""Fetch what lies in the mailboxes (a modem's): everything is stored in one transaction, then taken.

A crash in between is harmless: what was not taken comes again, and is known by its own id.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlmodel import Session

from channels.port import Collected, Mailbox, SendOutcome
from channels.receipts import take_receipt
from channels.reception import Heard, Reception
from records import alarms
from records.db import Database

log = structlog.get_logger(__name__)


async def collect_from(
    mailboxes: Sequence[Mailbox], db: Database, reception: Reception, now: datetime
) -> int:
    """Look into each mailbox. Returns how many messages and receipts were found."""
    return sum([await _look(mailbox, db, reception, now) for mailbox in mailboxes])


async def _look(mailbox: Mailbox, db: Database, reception: Reception, now: datetime) -> int:
    collected = await mailbox.collect(now)
    if isinstance(collected, SendOutcome):
        await _tell(mailbox, collected, db, now)
        return 0
    if await db.read(lambda s: _is_troubled(s, mailbox)):
        await db.write(lambda s: alarms.settle_alarm(s, alarms.TROUBLE, mailbox.provider, now))
    return await _keep(mailbox, collected, db, reception, now)


def _is_troubled(session: Session, mailbox: Mailbox) -> bool:
    key = (alarms.TROUBLE, mailbox.provider)
    return any((one.kind, one.subject) == key for one in alarms.open_alarms(session))


async def _keep(
    mailbox: Mailbox, collected: Collected, db: Database, reception: Reception, now: datetime
) -> int:
    """Store it all, then let it go. What cannot be stored stays where it is, and the rest is kept."""
    if not collected.handles:
        return 0
    count = len(collected.arrivals) + len(collected.receipts)
    try:
        await _store(collected, db, reception, now)
    except Exception as error:  # noqa: BLE001 - one message that spoils the rest must not cost them
        log.warning("collecting.not_stored", error=type(error).__name__, pieces=count)
        return await _keep_singly(collected, db, reception, now)
    await mailbox.taken(collected.handles)
    return count


async def _keep_singly(
    collected: Collected, db: Database, reception: Reception, now: datetime
) -> int:
    """Nothing is taken then: all of it comes again, and what is stored already changes nothing."""
    pieces = [Collected(arrivals=(one,)) for one in collected.arrivals]
    pieces += [Collected(receipts=(one,)) for one in collected.receipts]
    kept = 0
    for piece in pieces:
        try:
            await _store(piece, db, reception, now)
            kept += 1
        except Exception as error:  # noqa: BLE001 - it is tried again, and seen in the log
            log.warning("collecting.left", error=type(error).__name__)
    return kept


async def _store(collected: Collected, db: Database, reception: Reception, now: datetime) -> None:
    heard = await db.read(
        lambda s: [reception.hear(s, arrival, now) for arrival in collected.arrivals]
    )
    await db.write(lambda s: _write(s, collected, heard, reception, now))


def _write(
    session: Session,
    collected: Collected,
    heard: Sequence[Heard],
    reception: Reception,
    now: datetime,
) -> None:
    for arrival, said in zip(collected.arrivals, heard, strict=True):
        accepted = reception.store(session, arrival, said, now)
        log.info("collecting.accepted", inbound_message_id=accepted.message_id, new=accepted.new)
    for receipt in collected.receipts:
        take_receipt(session, receipt, now)


async def _tell(mailbox: Mailbox, trouble: SendOutcome, db: Database, now: datetime) -> None:
    """Once in the log, and counted for as long as it lasts."""
    new = await db.write(
        lambda s: alarms.raise_for_operator(
            s, alarms.TROUBLE, mailbox.provider, now, reason=trouble.reason, code=trouble.code
        )
    )
    if new:
        log.error("collecting.operator_needed", code=trouble.code, reason=trouble.reason)
