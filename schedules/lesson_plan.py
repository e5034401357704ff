"""What would be taught in the week to come, if everybody could be written to: a look, no deed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from records import lessons, subscriptions
from records.tables import ContactPoint
from records.vault import Vault
from schedules.teaching import PAID, WINDOWED, Chosen, School, chosen

SMS_OFF, NO_WINDOW, NOBODY = "sms_off", "window_shut", "nobody"
# Two segments: the longest a lesson may be.
_PARTS = 2


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One phone: who would be taught what, and what stands against it now."""

    contact_point_id: str
    channel: str
    found: Chosen | None
    hindrance: str | None


@dataclass(slots=True)
class Outlook:
    """The sums of a plan. `sends` go out at once; `waiting` when the person writes again."""

    phones: int = 0
    sends: int = 0
    waiting: int = 0
    sms_parts: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    subjects: Counter[str] = field(default_factory=Counter)
    hindrances: Counter[str] = field(default_factory=Counter)


def foresee(
    session: Session, vault: Vault, school: School, now: datetime, *, person_id: str | None = None
) -> Iterator[Foreseen]:
    """Look at every phone that somebody, or this person, is behind."""
    for contact_id, channel in lessons.holders(session, person_id):
        contact = session.get_one(ContactPoint, contact_id)
        if contact.stopped_at is not None or contact.unfollowed_at is not None:
            continue
        if channel in PAID and not school.by_sms:
            yield Foreseen(contact_id, channel, None, SMS_OFF)
            continue
        found = chosen(session, vault, school, contact, now)
        against = lessons.busy(session, contact, now) if found else NOBODY
        shut = _shut(session, school, contact, now)
        yield Foreseen(contact_id, channel, found, against or shut)


def sum_up(found: Iterable[Foreseen]) -> Outlook:
    """Count a plan."""
    total = Outlook()
    for one in found:
        total.phones += 1
        if one.hindrance:
            total.hindrances[one.hindrance] += 1
        if one.found is None:
            continue
        total.reasons[one.found.choice.reason] += 1
        total.subjects[one.found.choice.subject] += 1
        if one.hindrance is None:
            total.sends += 1
            total.sms_parts += _PARTS if one.channel in PAID else 0
        else:
            total.waiting += 1
    return total


def _shut(session: Session, school: School, contact: ContactPoint, now: datetime) -> str | None:
    if contact.channel not in WINDOWED:
        return None
    if school.leave is not None:
        template_id, kind = school.leave
        if subscriptions.leave_for(session, contact.id, template_id).may_send(kind):
            return None
    still = contact.window_until is not None and contact.window_until > now
    return None if still and contact.window_left > school.spare else NO_WINDOW
