"""A doctor's SMS takes an alarm only when it cannot be a patient's message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from care.level import Level
from channels import answering
from channels.reception import Reception
from records import bells, outbound
from records.db import Database
from records.escalations import code_of, raise_alarm
from records.identity import new_id
from records.messages import Accepted, Arrival
from records.outbound import Draft
from records.tables import (
    ContactPoint,
    DeliveryAttempt,
    Escalation,
    Facility,
    InboundMessage,
    OutboundMessage,
    Person,
    Practitioner,
)
from records.vault import Vault
from tests.channels.world import a_roster

NUMBER = "+8613800001111"


@dataclass
class Line:
    """The clinic's number, a doctor who is rung on it, and an alarm."""

    db: Database
    vault: Vault
    now: datetime
    doctor: str = ""
    facility: str = ""
    said: int = 0
    notice: str = ""

    def begin(self) -> None:
        with self.db.transaction() as session:
            place = Facility(id=new_id(), kind="village_clinic", name="上塘村", path="v/")
            session.add(place)
            session.flush()
            row = Practitioner(
                facility_id=place.id,
                role="village_doctor",
                login="d",
                password_hash="x",
                created_at=self.now,
            )
            row.name_sealed = self.vault.seal("李建国", "practitioners.name", row.id)
            session.add(row)
            session.flush()
            self.doctor, self.facility = row.id, place.id
            bells.set_number(session, self.vault, row.id, NUMBER, self.now)

    def rings(self) -> str:
        with self.db.transaction() as session:
            person = Person(id=new_id(), facility_id=self.facility, registered_at=self.now)
            session.add(person)
            session.flush()
            alarm = raise_alarm(
                session,
                person_id=person.id,
                contact_point_id=None,
                facility_id=self.facility,
                level=Level.EMERGENCY,
                reasons=("stroke",),
                now=self.now,
                rings_at=self.now + timedelta(minutes=10),
            )
            draft = Draft(
                purpose=outbound.NOTICE,
                text_key="notice.emergency",
                body="紧急",
                send_key=f"ring:{new_id()}",
                practitioner_id=self.doctor,
                escalation_id=alarm.escalation.id,
                expires_at=self.now + timedelta(hours=12),
            )
            queued = outbound.queue(session, self.vault, draft, self.now)
            assert queued is not None
            self.notice = queued.id
            return alarm.escalation.id

    def says(self, text: str, *, number: str = NUMBER, key: str = "") -> Accepted:
        self.said += 1
        arrival = Arrival(
            channel="sms",
            account="main",
            address=number,
            external_id=key or f"aliyun:{self.said}",
            kind="text",
            text=text,
            event={},
            media=(),
            sent_at=self.now,
        )
        with self.db.transaction() as session:
            return Reception(self.vault, a_roster).receive(session, arrival, self.now)

    def case(self, case: str) -> Escalation:
        with self.db.reading() as session:
            return session.get_one(Escalation, case)

    def waiting(self) -> list[str]:
        with self.db.reading() as session:
            rows = session.exec(
                select(InboundMessage).order_by(col(InboundMessage.received_at))
            ).all()
            return [one.state for one in rows]

    def sent(self, message_id: str, route: str, *, contact: str = "", number: int = 1) -> None:
        with self.db.transaction() as session:
            session.add(
                DeliveryAttempt(
                    outbound_message_id=message_id,
                    number=number,
                    route=route,
                    contact_point_id=contact or None,
                    began_at=self.now,
                    result="accepted",
                )
            )

    def asks(self) -> None:
        """The phone is a patient's, too, and a question of ours to it is open."""
        self.says("血压165/98")
        with self.db.transaction() as session:
            point = session.exec(select(ContactPoint)).one()
            point.awaiting = {"field": "symptoms"}
            session.add(point)
            draft = Draft(
                purpose=outbound.REPLY,
                text_key="followup.ask_symptoms",
                body="有没有不舒服？",
                send_key=f"ask:{new_id()}",
                contact_point_id=point.id,
                expires_at=self.now + timedelta(hours=1),
            )
            queued = outbound.queue(session, self.vault, draft, self.now)
            assert queued is not None
            asked, address = queued.id, point.id
        self.sent(asked, "sms:text", contact=address)

    def answers(self, key: str = "bell.acknowledged") -> list[str]:
        with self.db.reading() as session:
            rows = session.exec(
                select(OutboundMessage).where(OutboundMessage.text_key == key)
            ).all()
            return [outbound.text_of(self.vault, one) for one in rows]


@pytest.fixture
def line(sqlite_database: Database, vault: Vault, now: datetime) -> Line:
    made = Line(sqlite_database, vault, now)
    made.begin()
    return made


@pytest.mark.parametrize(
    "word",
    [
        "1",
        "收到",
        "认领",
        "收到。",
        "收到!",
        "【收到】",
        "１",
        "1。",
        "收到了",
        " 收到\u3000",
        "“收到”",
    ],
)
def test_a_word_from_a_doctors_number_takes_the_alarm(line: Line, word: str) -> None:
    case = line.rings()
    line.says(word)
    row = line.case(case)
    assert (row.state, row.acknowledged_by) == ("acknowledged", line.doctor)
    (said,) = line.answers()
    assert said.startswith(f"编号{code_of(case)}由您处理")
    assert "waiting" not in line.waiting()


def test_the_same_sms_twice_is_one_answer(line: Line) -> None:
    line.rings()
    assert line.says("收到", key="aliyun:7").new
    assert not line.says("收到", key="aliyun:7").new
    assert len(line.answers()) == 1


def test_a_code_names_the_alarm_and_an_outcome_closes_it(line: Line) -> None:
    first = line.rings()
    line.now += timedelta(minutes=1)
    second = line.rings()
    line.says(f"转诊 {code_of(first)}")
    assert (line.case(first).outcome, line.case(second).state) == ("referred", "open")


@pytest.mark.parametrize(
    "words",
    [
        "好",
        "120",
        "12.0",
        "收到？",
        "1 3",
        "1/2",
        "血压165/98",
        "收到了吗",
        "认领 0000",
        "胸口痛",
        "已联系",
    ],
)
def test_anything_else_from_that_number_is_a_patients_message(line: Line, words: str) -> None:
    case = line.rings()
    line.says(words)
    assert line.case(case).state == "open"
    assert line.waiting() == ["waiting"]
    assert line.answers() == []


def test_without_an_open_alarm_the_word_is_a_patients_message(line: Line) -> None:
    line.says("收到")
    case = line.rings()
    line.now += timedelta(hours=25)
    line.says("收到")
    assert line.case(case).state == "open"
    assert line.waiting() == ["waiting", "waiting"]


def test_from_another_number_it_is_a_patients_message(line: Line) -> None:
    case = line.rings()
    line.says("收到", number="+8613800002222")
    with line.db.transaction() as session:
        bells.drop_number(session, line.doctor)
    line.says("收到")
    assert line.case(case).state == "open"
    assert line.waiting() == ["waiting", "waiting"]


def test_a_number_may_answer_a_question_that_was_put_to_the_doctor_as_a_patient(
    line: Line,
) -> None:
    case = line.rings()
    line.asks()
    line.says("1")
    assert line.case(case).state == "open"
    assert line.answers() == []


@pytest.mark.parametrize("word", ["收到", "认领", "收到。"])
def test_while_the_phone_is_asked_something_as_a_patient_a_word_needs_the_code(
    line: Line, word: str
) -> None:
    case = line.rings()
    line.sent(line.notice, "sms:text")
    line.now += timedelta(minutes=1)
    line.asks()
    line.says(word)
    assert line.case(case).state == "open"
    (said,) = line.answers("bell.which")
    assert "请带上编号" in said
    assert code_of(case) in said
    line.says(f"{word} {code_of(case)}")
    assert line.case(case).state == "acknowledged"


def test_a_word_right_after_the_alarm_is_for_the_alarm_whatever_was_asked_before(
    line: Line,
) -> None:
    line.asks()
    line.now += timedelta(minutes=1)
    case = line.rings()
    line.sent(line.notice, "notice:text")
    line.says("收到")
    assert line.case(case).state == "open"
    line.sent(line.notice, "sms:text", number=2)
    line.says("收到")
    assert line.case(case).state == "acknowledged"


def test_every_word_means_something_that_can_be_done() -> None:
    known = answering.words()
    assert known.bare <= known.meaning.keys()
    assert known.ambiguous <= known.bare
    assert {known.meaning[word] for word in known.bare} == {"acknowledge"}
