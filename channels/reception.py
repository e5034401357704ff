"""What happens to an arrival at once, before it is acknowledged: it is heard, then stored.

Hearing is the same pure reading and rules as in a turn: an emergency is on the doctor's list and its
safety text on the way to the patient even if no worker is alive. Everything else waits for the turn.
Hearing comes first because it takes longer than storing, and every writer waits while one stores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from care.level import Level
from care.situation import Background
from channels import answering
from channels.answering import Caller
from channels.receipts import take_receipt
from channels.sms import at_once
from channels.sms.line import CHANNEL as SMS
from channels.sms.optout import wants_out
from language.expecting import asked_for
from language.judgement import Described, judge
from language.reader import read
from records import belonging, following, messages, nameless, people
from records.escalations import raise_alarm
from records.messages import Accepted, Arrival
from records.people import Linked, china_date
from records.tables import ContactPoint, Person
from records.vault import Vault
from texts.catalogue import Channel
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
class Heard:
    """The most urgent of everyone described, and who that is if we know: nobody when nothing was said."""

    described: Described | None = None
    meant: Person | None = None


_NOTHING_SAID = Heard()


@dataclass(frozen=True, slots=True)
class Reception:
    """Accepts arrivals of any channel. `settle` is how long we wait for the rest of a message."""

    vault: Vault
    roster: Roster
    settle: timedelta = SETTLE

    def receive(self, session: Session, arrival: Arrival, now: datetime) -> Accepted:
        """Hear and store within the caller's transaction."""
        return self.store(session, arrival, self.hear(session, arrival, now), now)

    def hear(self, session: Session, arrival: Arrival, now: datetime) -> Heard:
        """Judge what was said by what is known of the people behind the contact point."""
        if not arrival.text or arrival.kind not in _SPOKEN or _leaves(arrival):
            return _NOTHING_SAID
        contact = messages.contact_point_at(session, self.vault, arrival.sender)
        return _judged(session, arrival, contact, now)

    def store(self, session: Session, arrival: Arrival, heard: Heard, now: datetime) -> Accepted:
        """Store an arrival, raise the alarm if need be; the caller commits."""
        leaves, doctor = _leaves(arrival), self._doctor(session, arrival, now)
        if leaves or doctor:
            # Nothing is to be answered: no turn need read it.
            arrival = replace(arrival, waits=False)
        contact = messages.ensure_contact_point(session, self.vault, arrival.sender, now)
        described = heard.described
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
        if doctor is not None:
            answering.by_sms(session, self.vault, doctor, accepted, arrival.text, now)
            return accepted
        if leaves:
            at_once.stop(session, self.vault, accepted, now)
        _note_event(session, arrival, contact, now)
        if described is None or described.assessment.level < Level.EMERGENCY:
            return accepted
        person = heard.meant
        if person is None or person.facility_id is None:
            person = belonging.ensure_placed(session, self.vault, contact, now)
        by_sms = arrival.channel == SMS
        return self._alarm(session, accepted, person, described, now, by_sms=by_sms)

    def _doctor(self, session: Session, arrival: Arrival, now: datetime) -> Caller | None:
        """The practitioner who answers an alarm with this SMS; None for every patient's message."""
        if arrival.channel != SMS or arrival.kind != "text" or not arrival.text:
            return None
        return answering.whose(session, self.vault, arrival.address, arrival.text, now)

    def _alarm(
        self,
        session: Session,
        accepted: Accepted,
        person: Person,
        described: Described,
        now: datetime,
        *,
        by_sms: bool,
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
        advice = assessment.advice or "safety.general_emergency"
        text = safety_reply(
            advice,
            assessment.level,
            on_duty=watch.on_duty,
            phone=watch.phone,
            channel=Channel.SMS if by_sms else Channel.WECHAT,
        )
        if by_sms:
            case = alarm.escalation
            at_once.say_danger(
                session, self.vault, accepted, case, advice=advice, text=text, now=now
            )
            return accepted
        messages.answer_passively(session, self.vault, accepted.message_id, text)
        return replace(accepted, passive=text)


def _note_event(session: Session, arrival: Arrival, contact: ContactPoint, now: datetime) -> None:
    """Following, leaving, and what the platform says of a message of ours."""
    if arrival.follows is not None:
        move = following.returned if arrival.follows else following.left
        move(session, contact, now)
    for receipt in arrival.receipts:
        ours = receipt.provider or f"{arrival.channel}:{arrival.account}"
        known = nameless.traced(session, replace(receipt, provider=ours), contact.id)
        take_receipt(session, known, now)


def _leaves(arrival: Arrival) -> bool:
    """R, TD, 退订: on SMS they end what we start, whatever else is going on."""
    return arrival.channel == SMS and arrival.kind == "text" and wants_out(arrival.text)


def _at_once(arrival: Arrival, level: Level | None) -> bool:
    """Danger does not wait for the rest of a message, and a tap on the menu has no rest."""
    return arrival.event.get("event") == "CLICK" or (level is not None and level >= Level.URGENT)


def _judged(
    session: Session, arrival: Arrival, contact: ContactPoint | None, now: datetime
) -> Heard:
    """The most urgent of everyone described. Nobody when the reading failed and the turn must try."""
    linked = people.behind(session, contact.id) if contact else []
    today = china_date(now)
    known = {
        who.relation: people.background(session, who.person, today) for who in reversed(linked)
    }
    sender = known.get(SENDER) or next(iter(known.values()), Background())
    expecting = asked_for(contact.awaiting.get("field")) if contact else None
    try:
        # The platform waits five seconds: a book is read by the turn.
        described = judge(read(arrival.text[:_READ_AT_ONCE], expecting=expecting), sender, known)[0]
    except Exception as error:  # noqa: BLE001 - a fault in reading must not cost the message
        log.warning("reception.unread", error=type(error).__name__)
        return _NOTHING_SAID
    return Heard(described, _meant(described, linked))


def _meant(described: Described, linked: list[Linked]) -> Person | None:
    """The linked person, or the sender, who knows the one that is meant."""
    who = next((who for who in linked if who.relation == described.relation), None)
    return who.person if who else None
