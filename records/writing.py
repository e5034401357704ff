"""A doctor's words to a patient. With them the doctor holds the conversation for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from records import audit, outbound, takeover
from records.caseload import called
from records.reaching import own_contact_point
from records.reader import Reader
from records.tables import OutboundMessage, Person, Practitioner
from records.vault import Vault
from texts.catalogue import catalogue, fit, render

LONGEST_REPLY = 500
REPLY_EXPIRES = timedelta(days=3)
_READY_MADE = "canned."


@dataclass(frozen=True, slots=True)
class Words:
    """What a doctor says, to which phone, about whom. `once` makes the same form one message."""

    text: str
    once: str
    person_id: str
    contact_point_id: str
    escalation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of it. Not `done`: the person has no address for it."""

    done: bool
    person_id: str


def signature(name: str | None) -> str:
    """How a doctor is named to a patient: 李建国 → 李建国医生."""
    called = name or ""
    return called if called.endswith("医生") else f"{called}医生"


def speak(
    session: Session, vault: Vault, reader: Reader, words: Words, now: datetime
) -> OutboundMessage | None:
    """Queue a doctor's words and hold the conversation. None when this form was sent before."""
    doctor = session.get(Practitioner, reader.practitioner_id)
    draft = outbound.Draft(
        purpose=outbound.DOCTOR,
        text_key="doctor.replied",
        body=render("doctor.replied", doctor=fit("doctor", signature(called(vault, doctor))))
        + words.text,
        send_key=f"doctor:{words.escalation_id or words.person_id}:{words.once}",
        contact_point_id=words.contact_point_id,
        person_id=words.person_id,
        escalation_id=words.escalation_id,
        author_id=reader.practitioner_id,
        expires_at=now + REPLY_EXPIRES,
        template={
            "name": "reply_waiting",
            "title": render("followup.template_reply_title"),
            "action": render("followup.template_reply_action"),
            **_ready_made(words.text),
        },
    )
    message = outbound.queue(session, vault, draft, now)
    if message is not None:
        takeover.take(session, reader, words.contact_point_id, now)
    return message


def _ready_made(text: str) -> dict[str, list[str]]:
    """Which ready-made reply these words are: it may be registered with an SMS provider."""
    said = text.strip()
    found = (
        key
        for key, one in catalogue().sentences.items()
        if key.startswith(_READY_MADE) and one.text == said
    )
    key = next(found, None)
    return {"keys": [key]} if key else {}


def write_to_patient(
    session: Session,
    vault: Vault,
    reader: Reader,
    person_id: str,
    *,
    text: str,
    once: str,
    now: datetime,
) -> Written | None:
    """Write to somebody who has no open case; None when the reader may not see the person."""
    person = session.exec(
        select(Person).where(Person.id == person_id).where(reader.people())
    ).first()
    if person is None:
        return None
    contact = own_contact_point(session, person.id, outbound.DOCTOR)
    if contact is None:
        return Written(done=False, person_id=person.id)
    words = Words(text, once, person.id, contact.id)
    if speak(session, vault, reader, words, now) is not None:
        audit.note(
            session,
            actor=reader.actor,
            action="write",
            subject="person",
            subject_id=person.id,
            person_id=person.id,
            facility_id=person.facility_id,
            now=now,
        )
    return Written(done=True, person_id=person.id)
