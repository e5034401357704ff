"""A county with a doctor on each rung, and one patient in danger."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from agent.loading import Tools
from care.level import Level
from records import duty, escalations, people, roster
from records.db import Database
from records.identity import new_id
from records.people import Registration
from records.reader import Reader
from records.roster import Leave
from records.tables import (
    ContactPoint,
    EscalationEvent,
    Facility,
    OutboundMessage,
    Practitioner,
)
from records.vault import Vault
from schedules.escalating import ring_due
from tests.agent.scene import OneAnswer

ROLES = {"county": "county_duty", "township": "township_doctor", "village": "village_doctor"}


class Ladder:
    """County, township and village, each with its doctor, and one patient in danger."""

    def __init__(self, database: Database, vault: Vault, now: datetime, *staffed: str) -> None:
        self.database, self.vault, self.now = database, vault, now
        self.tools = Tools(vault, OneAnswer())
        self.doctors: dict[str, str] = {}
        with database.transaction() as session:
            above: Facility | None = None
            for place in ("county", "township", "village"):
                above = self._place(session, place, above)
                if place in staffed:
                    self._doctor(session, place, above)
            assert above is not None
            person = people.register(session, vault, Registration("王桂芳", above.id), now)
            contact = ContactPoint(
                channel="wechat", account="wx1", address_index="a", created_at=now
            )
            session.add(contact)
            session.flush()
            self.person, self.contact = person.id, contact.id
            self.clinic: str | None = above.id

    def alarm(self, level: Level = Level.EMERGENCY) -> str:
        with self.database.transaction() as session:
            raised = escalations.raise_alarm(
                session,
                person_id=self.person,
                contact_point_id=self.contact,
                facility_id=self.clinic,
                level=level,
                reasons=("bp_crisis",),
                now=self.now,
                rings_at=self.now,
            )
            return raised.escalation.id

    def tick(self, **ahead: float) -> list[str]:
        """Move the clock, ring what is due, and return the roles rung in this tick."""
        self.now += timedelta(**ahead)
        ring_due(self.database, self.tools, self.now)
        with self.database.reading() as session:
            found = session.exec(
                select(Practitioner.role)
                .join(OutboundMessage, col(OutboundMessage.practitioner_id) == col(Practitioner.id))
                .where(OutboundMessage.created_at == self.now)
            ).all()
            return list(found)

    def reader(self, place: str) -> Reader:
        with self.database.reading() as session:
            doctor = session.get_one(Practitioner, self.doctors[place])
            home = session.get_one(Facility, doctor.facility_id)
            return Reader(doctor.id, doctor.role, home.id, home.path)

    def away(self, place: str, *, first: date | None = None, last: date | None = None) -> str:
        """The doctor of this rung is away, today unless said otherwise."""
        today = duty.today(self.now)
        leave = Leave(first or today, last or first or today)
        with self.database.transaction() as session:
            return roster.go_away(session, self.reader(place), leave, self.now).id

    def back(self, place: str, absence: str) -> None:
        with self.database.transaction() as session:
            assert roster.come_back(session, self.reader(place), absence, self.now)

    def told(self) -> list[str]:
        with self.database.reading() as session:
            rows = session.exec(
                select(OutboundMessage).where(OutboundMessage.contact_point_id == self.contact)
            ).all()
            return [row.text_key for row in rows]

    def events(self) -> list[tuple[str, int]]:
        with self.database.reading() as session:
            rows = session.exec(select(EscalationEvent).order_by(col(EscalationEvent.id))).all()
            return [(row.kind, row.step) for row in rows]

    def _place(self, session: Session, kind: str, above: Facility | None) -> Facility:
        place = Facility(id=new_id(), kind=kind, name=kind, path="")
        place.parent_id = above.id if above else None
        place.path = f"{above.path if above else ''}{place.id}/"
        session.add(place)
        session.flush()
        return place

    def _doctor(self, session: Session, place: str, facility: Facility) -> None:
        doctor = Practitioner(
            facility_id=facility.id,
            role=ROLES[place],
            login=place,
            password_hash="x",
            created_at=self.now,
        )
        session.add(doctor)
        self.doctors[place] = doctor.id
