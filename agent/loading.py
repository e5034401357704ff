"""From rows to a `TurnContext`: what waits, who is behind the phone, what was asked before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from agent import agreeing, asking, binding, rating, whose
from agent.by_sms import still_asked
from agent.context import SENDER, Answers, Heard, Member, Model, OpenFollowUp, Past, TurnContext
from agent.dialled import spoken_to
from agent.hearing import words_of
from agent.perceiving import PERCEIVED, Senses
from care.level import Level
from records import (
    belonging,
    concerns,
    consents,
    conversations,
    duty,
    follow_ups,
    links,
    people,
    practitioners,
    readings,
    takeover,
    tasks,
    windows,
)
from records.binding import Redeemed
from records.heard import made_of
from records.messages import BODY
from records.people import UNIDENTIFIED, Linked
from records.sms_contacts import SMS
from records.tables import (
    Consent,
    ContactPoint,
    Facility,
    FollowUp,
    InboundMessage,
    Person,
    Practitioner,
    StoredReading,
)
from records.vault import Vault

# How far back a reading can still be meant, and how far "我的血压" looks.
_LOOKS_BACK = timedelta(days=60)
_A_DAY = timedelta(days=1)
_REMEMBERS = timedelta(days=366)
_MOST_READINGS = 30
# A picture leaves as many sends for what matters more.
_SENDS_FOR_PICTURE = 3


@dataclass(frozen=True, slots=True)
class Tools:
    """What every turn uses."""

    vault: Vault
    answers: Answers
    model: Model | None = None
    senses: Senses = field(default_factory=dict)


def load_reading(
    session: Session, tools: Tools, contact_id: str, now: datetime
) -> TurnContext | None:
    """Read everything a turn needs. None when something must be written first: then `load` it."""
    heard = _opened(session, tools.vault, conversations.waiting(session, contact_id))
    linked = people.behind(session, contact_id)
    if not linked or binding.carries_code(heard):
        return None
    return _context(session, tools, contact_id, now, heard=heard, linked=linked)


def load(session: Session, tools: Tools, contact_id: str, now: datetime) -> TurnContext:
    """Use the codes that were sent, make a person of a stranger, and read everything a turn needs."""
    contact = session.get_one(ContactPoint, contact_id)
    heard = _opened(session, tools.vault, conversations.waiting(session, contact_id))
    redeemed, heard = binding.redeem(session, tools.vault, contact, heard, now)
    linked = people.behind(session, contact_id)
    if not linked:
        belonging.ensure_placed(session, tools.vault, contact, now)
        linked = people.behind(session, contact_id)
    return _context(session, tools, contact_id, now, heard=heard, linked=linked, redeemed=redeemed)


def _context(
    session: Session,
    tools: Tools,
    contact_id: str,
    now: datetime,
    *,
    heard: tuple[Heard, ...],
    linked: list[Linked],
    redeemed: Redeemed | None = None,
) -> TurnContext:
    contact = session.get_one(ContactPoint, contact_id)
    places = duty.chain(session, linked[0].person.facility_id)
    clinic = next(iter(places), None)
    stranger = linked[0].person.status == UNIDENTIFIED
    about = redeemed is not None or binding.HELLO in contact.awaiting or agreeing.any_stance(heard)
    doctor, asked_before = _asking(session, tools.vault, linked[0].person, heard, now)
    return TurnContext(
        now=now,
        messages=heard,
        members=tuple(
            _member(session, tools.vault, who, contact_id, now, asked=about) for who in linked
        ),
        answers=tools.answers,
        model=tools.model,
        follow_ups=_open(session, linked),
        awaiting=still_asked(contact, now),
        stopped=contact.stopped_at is not None,
        first_contact=stranger and linked[0].person.asked_name_at is None,
        held=takeover.is_held(contact, now),
        spoken_to=spoken_to(session, contact_id, heard, now),
        on_duty=duty.anybody_at(session, places, now),
        clinic_name=clinic.name if clinic else "",
        clinic_phone=clinic.phone if clinic and contact.channel != SMS else None,
        sms=contact.channel == SMS,
        pictures=_pictures(contact, now),
        reminder_hour=contact.reminder_hour,
        doctor=doctor,
        asked_before=asked_before,
        redeemed=redeemed,
        unplaced=_unplaced(session, tools.vault, contact),
        places=_villages(session) if stranger else {},
        rated=rating.rated(session, tools.vault, contact, heard, now),
        **(_for_the_model(session, tools.vault, places, now) if tools.model else {}),
    )


def _for_the_model(
    session: Session, vault: Vault, places: Sequence[Facility], now: datetime
) -> dict[str, Any]:
    """Whom and what no model is told of, and how often it worried here lately."""
    nearby = [place.id for place in places]
    staff = session.exec(
        select(Practitioner.id, Practitioner.name_sealed).where(
            col(Practitioner.facility_id).in_(nearby)
        )
    ).all()
    return {
        "named": tuple(practitioners.name_of(vault, row, sealed) for row, sealed in staff),
        "situated": tuple(place.name for place in places),
        "concerns": concerns.raised_since(session, next(iter(nearby), None), now - _A_DAY),
    }


def _pictures(contact: ContactPoint, now: datetime) -> bool:
    """Whether a picture may follow the words: only WeChat draws one, and it costs a send."""
    return windows.room(contact, now).left >= _SENDS_FOR_PICTURE


def _unplaced(session: Session, vault: Vault, contact: ContactPoint) -> tuple[Heard, ...]:
    """The messages whose values nobody could place, while we wait to be told whose they are."""
    found = [session.get(InboundMessage, one) for one in whose.pending(contact.awaiting)]
    mine = [m for m in found if m is not None and m.contact_point_id == contact.id]
    return _opened(session, vault, mine)


def _opened(
    session: Session, vault: Vault, messages: Sequence[InboundMessage]
) -> tuple[Heard, ...]:
    """Messages, with what was made of photos and voice."""
    files = [message.id for message in messages if message.kind in PERCEIVED]
    made = made_of(session, vault, files) if files else {}
    return tuple(_heard(vault, message, made.get(message.id)) for message in messages)


def _heard(vault: Vault, message: InboundMessage, made: dict[str, Any] | None = None) -> Heard:
    return Heard(
        message_id=message.id,
        kind=message.kind,
        text=vault.open(message.body_sealed, BODY, message.id),
        event=message.event,
        received_at=message.received_at,
        level=Level(message.level or Level.NONE),
        passive=_answered_at_once(message),
        made=made,
        again=message.turn_id is not None,
    )


def _answered_at_once(message: InboundMessage) -> bool:
    """Danger is answered when it comes in: in the callback's own answer, on SMS by a row of its own."""
    on_sms = message.channel == SMS and message.level == Level.EMERGENCY
    return message.passive_sealed is not None or on_sms


def _member(
    session: Session,
    vault: Vault,
    linked: Linked,
    contact_id: str,
    now: datetime,
    *,
    asked: bool,
) -> Member:
    person = linked.person
    standing = consents.standing(session, person.id, contact_id, linked.link)
    rows = readings.recent(session, person.id, since=now - _REMEMBERS, limit=_MOST_READINGS)
    sent = _sent_from(session, contact_id, rows)
    if linked.relation != SENDER and consents.SHARING not in standing.allowed:
        # What the holder of the phone sent he knows: nothing else shows before it is shared.
        rows = [row for row in rows if row.inbound_message_id in sent]
    history = tuple(_past(row, here=row.inbound_message_id in sent) for row in rows)
    return Member(
        person_id=person.id,
        relation=linked.relation,
        name=people.name_of(vault, person),
        facility_id=person.facility_id,
        background=people.background(session, person, people.china_date(now)),
        past=tuple(past for past in history if past.taken_at >= now - _LOOKS_BACK),
        identified=person.status != UNIDENTIFIED,
        history=history,
        shared=linked.relation != SENDER and _shared(session, person.id, contact_id),
        status=person.status,
        **_agreed(session, person.id, standing, asked=asked),
    )


def _past(row: StoredReading, *, here: bool) -> Past:
    reading = readings.as_reading(row)
    return Past(
        row.id,
        reading,
        row.taken_at,
        row.recorded_at,
        row.state,
        row.setting,
        row.basis,
        message_id=row.inbound_message_id,
        here=here,
    )


def _sent_from(session: Session, contact_id: str, rows: list[StoredReading]) -> set[str]:
    """The messages of these values that came from this phone."""
    messages = {row.inbound_message_id for row in rows} - {None}
    if not messages:
        return set()
    return set(
        session.exec(
            select(InboundMessage.id)
            .where(InboundMessage.contact_point_id == contact_id)
            .where(col(InboundMessage.id).in_(messages))
        ).all()
    )


def _shared(session: Session, person_id: str, contact_id: str) -> bool:
    """Whether the person agreed that the holder of this phone may see the values."""
    agreed = session.exec(
        select(Consent.id)
        .where(Consent.person_id == person_id)
        .where(Consent.contact_point_id == contact_id)
        .where(Consent.purpose == "sharing")
        .where(col(Consent.revoked_at).is_(None))
    ).first()
    return agreed is not None


def _agreed(
    session: Session, person_id: str, found: consents.Standing, *, asked: bool
) -> dict[str, Any]:
    """What stands of consent, asked only where it was ever asked for."""
    kept = consents.READINGS in found.allowed
    others = links.phones_of(session, person_id) if asked else []
    return {
        "kept": kept,
        "pending": found.pending,
        "waiting": not kept and consents.holds_back(session, person_id),
        "relatives": tuple(
            links.holder_word(one.relation) for one in others if one.relation != SENDER
        ),
    }


def _villages(session: Session) -> dict[str, str]:
    """The villages that a stranger may name."""
    rows = session.exec(select(Facility).where(Facility.kind == "village_clinic")).all()
    return {row.id: row.name for row in rows}


def _asking(
    session: Session, vault: Vault, person: Person, heard: tuple[Heard, ...], now: datetime
) -> tuple[str | None, bool]:
    """Who would answer a request for a doctor (None: nobody), and whether an earlier one still stands."""
    if not asking.wants_doctor(words_of(one) for one in heard):
        return "", False
    before = tasks.stands(session, person.id, tasks.CALL, asking.ASKED)
    return asking.who_answers(session, vault, person, now), before


def _open(session: Session, linked: list[Linked]) -> tuple[OpenFollowUp, ...]:
    rows = follow_ups.open_for(session, [who.person.id for who in linked])
    return tuple(_follow_up(session, row) for row in rows)


def _follow_up(session: Session, row: FollowUp) -> OpenFollowUp:
    before = follow_ups.classes_before(session, row.person_id, row.programme)
    return OpenFollowUp(
        follow_up_id=row.id,
        person_id=row.person_id,
        programme=row.programme,
        answers=row.answers,
        previous=tuple(before),
    )
