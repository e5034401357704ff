"""What happens to an arrival at once, in one transaction, before it is acknowledged.

The same pure reading and rules as in a turn: an emergency is on the doctor's list and its safety
text on the way to the patient even if no worker is alive. Everything else waits for the turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from care.level import Level
from care.situation import Background
from channels.receipts import close_attempt
from language.expecting import asked_for
from language.judgement import Described, judge
from language.reader import read
from records import following, messages, people
from records.escalations import raise_alarm
from records.messages import Accepted, Arrival
from records.people import Linked, china_date
from records.tables import ContactPoint, Person
from records.vault import Vault
from texts.safety import safety_reply

SENDER = "self"
SETTLE = timedelta(seconds=4)

# What somebody said in words of their own; the label of a place is not to be read as a value.
_SPOKEN = frozenset({"text", "voice"})

_READ_AT_ONCE = 600

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is there now: whether somebody is on duty, when to ring further, where to phone."""

    on_duty: bool
    rings_at: datetime | None
    phone: str | None = None


# The roster: asked inside the transaction, by facility (None: nobody's patient) and level.
Roster = Callable[[Session, str | None, Level, datetime], Watch]


@dataclass(frozen=True, slots=True)
class Reception:
    """Accepts arrivals of any channel. `settle` is how long we wait for the rest of a message."""

    vault: Vault
    roster: Roster
    settle: timedelta = SETTLE

    def receive(self, session: Session, arrival: Arrival, now: datetime) -> Accepted:
        """Store an arrival, judge it, raise the alarm if need be; the caller commits."""
        contact = messages.ensure_contact_point(session, self.vault, arrival.sender, now)
        linked, described = _judged(session, arrival, contact, now)
        level = described.assessment.level if described else None
        accepted = messages.accept(
            session,
            self.vault,
            arrival,
            now,
            wake_at=now if _at_once(arrival, level) else now + self.settle,
            level=level,
            contact=contact,
        )
        if not accepted.new:
            return accepted
        if arrival.follows is not None:
            move = following.returned if arrival.follows else following.left
            move(session, contact, now)
        if arrival.receipt is not None:
            close_attempt(session, arrival.receipt, now)
        if described is None or described.assessment.level < Level.EMERGENCY:
            return accepted
        person = _meant(described, linked) or people.ensure_person(session, contact, now)
        return self._alarm(session, accepted, person, described, now)

    def _alarm(
        self,
        session: Session,
        accepted: Accepted,
        person: Person,
        described: Described,
        now: datetime,
    ) -> Accepted:
        """Escalation and safety text commit together with the message itself."""
        assessment = described.assessment
        watch = self.roster(session, person.facility_id, assessment.level, now)
        alarm = raise_alarm(
            session,
            person_id=person.id,
            contact_point_id=accepted.contact_point_id,
            facility_id=person.facility_id,
            level=assessment.level,
            reasons=assessment.reasons,
            now=now,
            rings_at=watch.rings_at,
            inbound_message_id=accepted.message_id,
        )
        log.info("reception.alarm", escalation_id=alarm.escalation.id, opened=alarm.opened)
        text = safety_reply(
            assessment.advice or "safety.general_emergency",
            assessment.level,
            on_duty=watch.on_duty,
            phone=watch.phone,
        )
        messages.answer_passively(session, self.vault, accepted.message_id, text)
        return replace(accepted, passive=text)


def _at_once(arrival: Arrival, level: Level | None) -> bool:
    """Danger does not wait for the rest of a message, and a tap on the menu has no rest."""
    return arrival.event.get("event") == "CLICK" or (level is not None and level >= Level.URGENT)


def _judged(
    session: Session, arrival: Arrival, contact: ContactPoint, now: datetime
) -> tuple[list[Linked], Described | None]:
    """The people behind the contact point, and the most urgent of everyone described.

    Nobody, when nothing was said in words, or when the reading failed and the turn must try.
    """
    if not arrival.text or arrival.kind not in _SPOKEN:
        return [], None
    linked = people.behind(session, contact.id)
    today = china_date(now)
    known = {
        who.relation: people.background(session, who.person, today) for who in reversed(linked)
    }
    sender = known.get(SENDER) or next(iter(known.values()), Background())
    try:
        # The turn reads all of it; here every writer waits until the reading is done.
        understood = read(
            arrival.text[:_READ_AT_ONCE], expecting=asked_for(contact.awaiting.get("field"))
        )
        return linked, judge(understood, sender, known)[0]
    except Exception as error:  # noqa: BLE001 - a fault in reading must not cost the message
        log.warning("reception.unread", error=type(error).__name__, contact_point_id=contact.id)
        return linked, None


def _meant(described: Described, linked: list[Linked]) -> Person | None:
    """The linked person, or the sender, who knows the one that is meant."""
    who = next((who for who in linked if who.relation == described.relation), None)
    return who.person if who else None
