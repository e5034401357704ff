"""找医生: a task that rings the doctor in working hours, and a word on who answers and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session

from agent import wording
from agent.context import TurnContext
from agent.decision import Part, TaskWish
from agent.reminder_hour import spoken_hour
from agent.state import TurnState
from care.protocol import protocol
from care.quiet import next_within, within
from language.intent import intent_of
from language.normalise import normalise
from language.understanding import Intent
from records import duty, escalations, outbound
from records.outbound import Draft
from records.people import china_date
from records.practitioners import name_of
from records.tables import Person, Practitioner
from records.tasks import CALL
from records.times import CHINA
from records.vault import Vault
from records.writing import signature
from texts.catalogue import fit, render

ASKED = "asked_for_doctor"
_NOTICE_LIVES = timedelta(hours=12)
_SOMEBODY = "医生"


def ask_doctor(_state: TurnState, context: TurnContext) -> TurnState:
    """Hand the request on, once while it stands, and say what happens next."""
    message_id = context.messages[-1].message_id
    who = context.sender.person_id
    task = TaskWish(CALL, ASKED, message_id, who, message_id, once=True, rings=True)
    return {"parts": (_told(context),), "tasks": (task,)}


def _told(context: TurnContext) -> Part:
    doctor = context.doctor or _SOMEBODY
    if not context.on_duty or context.doctor is None:
        return wording.part("mine.doctor_nobody")
    if context.asked_before:
        return wording.part("mine.doctor_again", doctor=doctor)
    working = protocol().working
    if within(working, context.now):
        return wording.part("mine.doctor_now", doctor=doctor)
    opens = next_within(working, context.now).astimezone(CHINA)
    day = "" if opens.date() == china_date(context.now) else "明天"
    clock = f"{day}{spoken_hour(opens.hour)}"
    return wording.part("mine.doctor_later", clock=clock, doctor=doctor)


def wants_doctor(texts: Iterable[str]) -> bool:
    """Whether one of these messages asks for a doctor."""
    return any(intent_of(normalise(text).text, reports=False) is Intent.DOCTOR for text in texts)


def who_answers(session: Session, vault: Vault, person: Person, now: datetime) -> str | None:
    """The name of whoever would be rung, as the patient calls a doctor; None for nobody."""
    rung = _rung(session, person, now)
    if not rung:
        return None
    name = name_of(vault, rung[0].id, rung[0].name_sealed)
    return fit("doctor", signature(name)) if name else ""


def ring(session: Session, vault: Vault, person: Person, cause: str, now: datetime) -> None:
    """Ring whoever is nearest, at once in working hours, else when they begin."""
    begins = next_within(protocol().working, now)
    places = duty.chain(session, person.facility_id)
    village = fit("village", places[0].name if places else "辖区")
    for practitioner in _rung(session, person, now):
        draft = Draft(
            purpose=outbound.NOTICE,
            text_key="notice.patient_asks",
            body=render("notice.patient_asks", village=village),
            send_key=f"asks:{cause}:{practitioner.id}",
            practitioner_id=practitioner.id,
            not_before=begins,
            expires_at=begins + _NOTICE_LIVES,
        )
        outbound.queue(session, vault, draft, now)


def tell_corrected(
    session: Session, vault: Vault, person: Person, escalation_id: str, now: datetime
) -> None:
    """Whoever would be rung about an open case hears that its value was put right."""
    body = render("notice.corrected", code=escalations.code_of(escalation_id))
    for practitioner in _rung(session, person, now):
        draft = Draft(
            purpose=outbound.NOTICE,
            text_key="notice.corrected",
            body=body,
            send_key=f"corrected:{escalation_id}:{now.isoformat()}:{practitioner.id}",
            practitioner_id=practitioner.id,
            expires_at=now + _NOTICE_LIVES,
        )
        outbound.queue(session, vault, draft, now)


def _rung(session: Session, person: Person, now: datetime) -> list[Practitioner]:
    """Nobody is rung everywhere for what can wait: who belongs nowhere is the county's."""
    places = duty.chain(session, person.facility_id)
    if not places:
        return duty.anywhere(session, now, duty.FOR_THE_COUNTY)
    return duty.nearest(session, places, now)
