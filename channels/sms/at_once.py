"""What is done about an SMS before any turn: a phone has no passive reply, so words are queued.

They commit with the message, under a send key of the message: a repeat queues nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from records import opting_out, outbound
from records.messages import Accepted
from records.outbound import Draft
from records.tables import Escalation
from records.vault import Vault
from texts.catalogue import render

_SAFETY_LIVES = timedelta(hours=6)
_REPLY_LIVES = timedelta(hours=24)
_STOPPED = "stop.done"


def say_danger(
    session: Session,
    vault: Vault,
    accepted: Accepted,
    alarm: Escalation,
    *,
    advice: str,
    text: str,
    now: datetime,
) -> None:
    """Queue the safety text. The turn knows by the message's level that it was said."""
    draft = Draft(
        purpose=outbound.SAFETY,
        text_key=advice,
        body=text,
        send_key=f"danger:{accepted.message_id}",
        contact_point_id=accepted.contact_point_id,
        person_id=alarm.person_id,
        escalation_id=alarm.id,
        expires_at=now + _SAFETY_LIVES,
    )
    outbound.queue(session, vault, draft, now)


def stop(session: Session, vault: Vault, accepted: Accepted, now: datetime) -> None:
    """Stop what we start on this number, and say so once where free words travel."""
    if not opting_out.stop(session, accepted.contact_point_id, now):
        return
    draft = Draft(
        purpose=outbound.REPLY,
        text_key=_STOPPED,
        body=render(_STOPPED),
        send_key=f"stopped:{accepted.message_id}",
        contact_point_id=accepted.contact_point_id,
        expires_at=now + _REPLY_LIVES,
    )
    outbound.queue(session, vault, draft, now)
