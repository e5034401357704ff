"""Rings whoever is next for an alarm that nobody picked up, and tells the patient so.

One transaction per alarm: the step, its event, the notices and the patient's text commit together,
and a guarded update makes a second process find nothing left to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from agent.loading import Tools
from care.escalation import ladder, lapses_at, reopens_at, roles_at
from care.hours import Ladder
from care.level import Level
from records import alarms, audit, duty, escalations, outbound, people, roster
from records.db import Database
from records.outbound import Draft
from records.people import surname
from records.tables import Escalation, Facility, Person, Practitioner
from records.vault import Vault, VaultError
from texts.catalogue import fit, render

_AT_ONCE = 100
_NOTICE_LIVES = timedelta(hours=12)
_IN_TEMPLATES = ("level", "village", "code")
_SAFETY_LIVES = timedelta(hours=6)
# Only spares the query: how long an alarm may rest is in care/protocols/escalation.toml.
_SHORTEST_REOPENING = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Alarm:
    """One due alarm and the people who could be rung for it."""

    session: Session
    vault: Vault
    row: Escalation
    places: tuple[Facility, ...]
    now: datetime

    def people(self, roles: tuple[str, ...]) -> list[Practitioner]:
        """Those with one of these roles, at the nearest facility that has any.

        Who belongs nowhere is everybody's above the villages at a village's step, then each step's.
        """
        return duty.nearest(self.session, self.places, self.now, roles)


@dataclass(frozen=True, slots=True)
class _Ring:
    """The step that is rung now, the people on it, and the steps that had nobody."""

    step: int
    people: tuple[Practitioner, ...]
    empty: tuple[int, ...]


def ring_due(database: Database, tools: Tools, now: datetime) -> int:
    """Ring for every alarm whose clock has run out. Returns how many were rung.

    An alarm whose rung people have all gone away since waits for nobody's minutes.
    """
    _hurry(database, now)
    rung = 0
    for _ in range(_AT_ONCE):
        with database.transaction() as session:
            due = escalations.due(session, now, limit=1)
            if not due:
                return rung
            places = tuple(duty.chain(session, due[0].facility_id))
            _ring(_Alarm(session, tools.vault, due[0], places, now))
            rung += 1
    return rung


def reopen_due(database: Database, _tools: Tools, now: datetime) -> int:
    """Ring again for alarms that were taken, but neither closed nor touched for too long."""
    reopened = 0
    with database.transaction() as session:
        for row in escalations.acknowledged(session, now - _SHORTEST_REOPENING):
            rungs = ladder(Level(row.level))
            touched = escalations.last_event_at(session, row.id)
            if rungs is not None and reopens_at(rungs, touched) <= now:
                reopened += escalations.reopen(session, row, now)
    return reopened


def _hurry(database: Database, now: datetime) -> None:
    with database.reading() as session:
        stranded, unheard = roster.stranded(session, now), roster.unheard(session, now)
    if not stranded and not unheard:
        return
    with database.transaction() as session:
        roster.ring_now(session, stranded, now)
        for escalation_id in unheard:
            if roster.ring_now(session, [escalation_id], now):
                row = session.get_one(Escalation, escalation_id)
                escalations.record(session, row, "not_heard", now)


def _ring(alarm: _Alarm) -> None:
    rungs = ladder(Level(alarm.row.level))
    if rungs is None:
        return
    ring = _next_ring(alarm, rungs)
    rings_at = lapses_at(rungs, ring.step, alarm.now)
    first = alarm.row.step == escalations.NOT_RUNG
    if first and not alarm.places:
        alarms.raise_for_operator(alarm.session, alarms.UNPLACED, alarms.STRANGERS, alarm.now)
    if not escalations.advance(alarm.session, alarm.row, step=ring.step, rings_at=rings_at):
        return
    for step in ring.empty:
        _event(alarm, "nobody_on_duty", step)
    if ring.people:
        _event(alarm, "rung", ring.step)
    for practitioner in ring.people:
        _notify(alarm, ring, practitioner, first=first)
    if not first or not ring.people:
        _tell_the_patient(alarm)


def _next_ring(alarm: _Alarm, rungs: Ladder) -> _Ring:
    """The next step that has somebody; steps with nobody are passed over at once.

    With nobody anywhere the clock keeps running, so whoever comes on duty is rung later.
    """
    start = alarm.row.step + 1
    steps = range(start, start + len(rungs.steps))
    for step in steps:
        found = alarm.people(roles_at(rungs, step))
        if found:
            return _Ring(step, tuple(found), tuple(range(start, step)))
    return _Ring(start, (), tuple(steps))


def _event(alarm: _Alarm, kind: str, step: int) -> None:
    alarm.session.refresh(alarm.row)
    escalations.record(alarm.session, alarm.row, kind, alarm.now, step=step)
    audit.note(
        alarm.session,
        actor="clock",
        action=f"escalation.{kind}",
        subject="escalation",
        subject_id=alarm.row.id,
        person_id=alarm.row.person_id,
        facility_id=alarm.row.facility_id,
        now=alarm.now,
        detail={"step": step},
    )


def _notify(alarm: _Alarm, ring: _Ring, practitioner: Practitioner, *, first: bool) -> None:
    key, values = _words(alarm, ring, first=first)
    draft = Draft(
        purpose=outbound.NOTICE,
        text_key=key,
        body=render(key, **values),
        # The moment is part of the cause: the ladder may come round to the same person again.
        send_key=f"ring:{alarm.row.id}:{practitioner.id}:{alarm.now.isoformat()}",
        practitioner_id=practitioner.id,
        escalation_id=alarm.row.id,
        # What a registered template may say of it.
        template={name: values[name] for name in _IN_TEMPLATES if name in values},
        expires_at=alarm.now + _NOTICE_LIVES,
    )
    outbound.queue(alarm.session, alarm.vault, draft, alarm.now)


def _words(alarm: _Alarm, ring: _Ring, *, first: bool) -> tuple[str, dict[str, str]]:
    code = escalations.code_of(alarm.row.id)
    village = fit("village", alarm.places[0].name if alarm.places else "辖区")
    known = {"village": village, "code": code, "who": _who(alarm)}
    level = {"level": fit("level", render(f"level.{alarm.row.level}"))}
    if ring.empty and first:
        return "notice.nobody_on_duty", {**known, **level}
    if not first:
        waited = int((alarm.now - alarm.row.opened_at).total_seconds() // 60)
        return "notice.escalated", {**known, **level, "minutes": fit("minutes", str(waited))}
    return f"notice.{alarm.row.level}", known


def _who(alarm: _Alarm) -> str:
    """No more than a surname: a notice lies open on a screen."""
    person = alarm.session.get_one(Person, alarm.row.person_id)
    try:
        name = people.name_of(alarm.vault, person)
    except VaultError:
        name = ""
    return fit("who", f"姓{surname(name)}的居民" if name else "一位居民")


def _tell_the_patient(alarm: _Alarm) -> None:
    """Once per alarm: nobody has picked up, so go yourself."""
    if alarm.row.contact_point_id is None or alarm.row.patient_told_again_at is not None:
        return
    emergency = Level(alarm.row.level) is Level.EMERGENCY
    key = "escalation.still_unanswered" if emergency else "escalation.still_unanswered_urgent"
    draft = Draft(
        purpose=outbound.SAFETY,
        text_key=key,
        body=render(key),
        send_key=f"unanswered:{alarm.row.id}",
        contact_point_id=alarm.row.contact_point_id,
        person_id=alarm.row.person_id,
        escalation_id=alarm.row.id,
        expires_at=alarm.now + _SAFETY_LIVES,
    )
    outbound.queue(alarm.session, alarm.vault, draft, alarm.now)
    alarm.row.patient_told_again_at = alarm.now
    alarm.session.add(alarm.row)
