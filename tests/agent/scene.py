"""A library that knows one answer, a scripted model, and a county small enough to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlmodel import col, select

from agent.context import Hint, Member, Reworded
from agent.decision import Decision
from agent.loading import Tools
from agent.turn import take_turn
from care.situation import Background, Programme
from channels.reception import Reception, Watch
from knowledge.answer import UNKNOWN, Answer, Citation
from knowledge.topic import Topic
from records import people
from records.db import Database
from records.identity import new_id
from records.messages import Arrival, accept
from records.outbound import text_of
from records.people import Registration
from records.tables import ContactPoint, Facility, OutboundMessage, Practitioner
from records.vault import Vault

SALT = "每天的盐不超过一啤酒瓶盖。"


@dataclass
class OneAnswer:
    """Answers anything about salt, refuses doses, knows nothing else. Remembers what was asked."""

    asked: list[str] = field(default_factory=list)

    def answer(
        self,
        question: str,
        *,
        conditions: frozenset[str],
        now: datetime,
        ailments: frozenset[str] = frozenset(),
        topic: Topic | None = None,
    ) -> Answer:
        self.asked.append(question)
        if "盐" in question:
            cited = (Citation("life.salt", "国家基层高血压防治管理指南2025版", SALT),)
            return Answer("answer", text=SALT, citations=cited, confidence=0.99, pending=True)
        if "才会死" in question:
            return Answer("refusal", "crisis")
        if "几片" in question:
            return Answer("refusal", "dose_change")
        return UNKNOWN


@dataclass
class ScriptedModel:
    """Says what it was told to say, and remembers whether it was asked at all."""

    hinted: Hint | None = None
    reworded: str | None = None
    calls: list[str] = field(default_factory=list)

    def hint(self, text: str) -> Hint | None:
        self.calls.append("hint")
        return self.hinted

    def reword(
        self, question: str, passages: tuple[Citation, ...], conditions: frozenset[str], limit: int
    ) -> Reworded | None:
        self.calls.append("reword")
        return Reworded(self.reworded, (0,)) if self.reworded else None


def patient(relation: str = "self", age: int = 60, **changes: object) -> Member:
    values: dict[str, object] = {
        "person_id": f"person-{relation}",
        "relation": relation,
        "name": "王桂芳",
        "background": Background(age=age, conditions=frozenset({Programme.HYPERTENSION})),
        **changes,
    }
    return Member(**values)  # type: ignore[arg-type]


def keys(decision: Decision) -> list[str]:
    return [part.key for part in decision.parts]


class Village:
    """A clinic with one doctor, one patient on WeChat, and a clock that stands where it is put."""

    def __init__(self, database: Database, vault: Vault, now: datetime) -> None:
        self.database, self.vault, self.now = database, vault, now
        self.library = OneAnswer()
        self.tools = Tools(vault, self.library)
        self.reception = Reception(vault, lambda *_: Watch(on_duty=True, rings_at=self.now))
        with database.transaction() as session:
            self.facility = Facility(id=new_id(), kind="village_clinic", name="上塘村", path="")
            self.facility.path = f"{self.facility.id}/"
            session.add(self.facility)
            session.flush()
            session.add(
                Practitioner(
                    facility_id=self.facility.id,
                    role="village_doctor",
                    login="doctor",
                    password_hash="x",
                    created_at=now,
                )
            )
            people.set_default_facility(session, self.facility.id, now)
            self.patient = people.register(
                session,
                vault,
                Registration(
                    "王桂芳",
                    self.facility.id,
                    born_on=date(1960, 5, 1),
                    programmes=(Programme.HYPERTENSION,),
                ),
                now,
            )
            followed = accept(session, vault, self._arrival("", "event"), now, wake_at=now)
            self.contact_id = followed.contact_point_id
            people.link(session, self.patient.id, self.contact_id, now)

    def hear(self, text: str, *, kind: str = "text") -> None:
        """Accept a message as the webhook does."""
        with self.database.transaction() as session:
            self.reception.receive(session, self._arrival(text, kind), self.now)

    def later(self, **ahead: float) -> None:
        self.now += timedelta(**ahead)

    def turn(self) -> bool:
        """Let the settling time pass and take one turn."""
        self.later(seconds=20)
        return take_turn(self.database, self.tools, lambda: self.now)

    def say(self, text: str) -> list[str]:
        """Hear a message, take the turn, and return everything said to the patient so far."""
        self.hear(text)
        self.turn()
        return self.said()

    def said(self) -> list[str]:
        with self.database.reading() as session:
            rows = session.exec(
                select(OutboundMessage)
                .where(col(OutboundMessage.contact_point_id) == self.contact_id)
                .order_by(col(OutboundMessage.created_at), col(OutboundMessage.id))
            ).all()
            return [text_of(self.vault, row) for row in rows]

    def contact(self) -> ContactPoint:
        with self.database.reading() as session:
            return session.get_one(ContactPoint, self.contact_id)

    def _arrival(self, text: str, kind: str = "text") -> Arrival:
        return Arrival(
            channel="wechat",
            account="wx1",
            address="openid-1",
            external_id=new_id(),
            kind=kind,
            text=text,
            sent_at=self.now,
            waits=bool(text) or kind != "event",
        )
