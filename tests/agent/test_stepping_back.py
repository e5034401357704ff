"""While a doctor talks with a patient the machine reads, stores, alarms, and keeps quiet."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

import pytest
from sqlmodel import SQLModel, select

from records import takeover, writing
from records.reader import Reader
from records.tables import Escalation, InboundMessage, Practitioner, StoredReading, Task, Turn
from tests.agent.scene import Village

T = TypeVar("T", bound=SQLModel)


def reader(village: Village) -> Reader:
    with village.database.reading() as session:
        doctor = session.exec(select(Practitioner)).one()
    return Reader(doctor.id, doctor.role, village.facility.id, village.facility.path)


def write(village: Village, text: str = "今天来一趟", once: str = "1") -> None:
    with village.database.transaction() as session:
        done = writing.write_to_patient(
            session,
            village.vault,
            reader(village),
            village.patient.id,
            text=text,
            once=once,
            now=village.now,
        )
        assert done is not None
        assert done.done


def rows(village: Village, table: type[T]) -> list[T]:
    with village.database.reading() as session:
        return list(session.exec(select(table)).all())


@pytest.fixture
def talking(village: Village) -> Village:
    """The doctor has just written to the patient."""
    write(village)
    return village


def test_a_value_is_stored_and_nothing_is_said(talking: Village) -> None:
    before = talking.said()
    assert talking.say("血压152/94") == before
    (reading,) = rows(talking, StoredReading)
    assert (reading.systolic, reading.state) == (152, "stored")
    assert [turn.route for turn in rows(talking, Turn)] == ["held"]
    assert {m.state for m in rows(talking, InboundMessage)} == {"done"}


@pytest.mark.parametrize("words", ["每天吃多少盐", "谢谢", "帮助", "我的血压", "嗯那个啥"])
def test_no_question_is_answered_and_no_command_either(talking: Village, words: str) -> None:
    assert talking.say(words) == talking.said()
    assert [text for text in talking.said() if "今天来一趟" not in text] == []


def test_an_emergency_gets_its_safety_text_and_rings(talking: Village) -> None:
    talking.hear("胸口压着疼，出冷汗")
    talking.turn()
    with talking.database.reading() as session:
        heard = session.exec(select(InboundMessage).where(InboundMessage.kind == "text")).one()
    assert heard.passive_sealed is not None
    (case,) = rows(talking, Escalation)
    assert (case.level, case.state) == ("emergency", "open")
    assert rows(talking, Task) == []


def test_an_urgent_message_gets_the_safety_text_alone(talking: Village) -> None:
    said = talking.say("血压185/112，低血糖怎么办")
    assert len(said) == 2
    assert rows(talking, Escalation)[0].level == "urgent"


def test_what_was_written_meanwhile_is_one_task_to_read(talking: Village) -> None:
    talking.say("好的")
    talking.say("我下午来")
    assert [(task.kind, task.reason) for task in rows(talking, Task)] == [
        ("read_message", "doctor_talk")
    ]


def test_a_value_nobody_read_back_is_not_confirmed_by_silence(talking: Village) -> None:
    talking.say("14892")
    (reading,) = rows(talking, StoredReading)
    assert (reading.state, reading.confirm_by) == ("unconfirmed", None)


def test_whoever_stops_is_stopped_even_then(talking: Village) -> None:
    talking.say("退订")
    talking.say("退订")
    assert talking.contact().stopped_at is not None


def test_two_hours_after_the_last_reply_the_machine_answers_again(talking: Village) -> None:
    talking.later(hours=1, minutes=50)
    write(talking, "还在吗", once="2")
    talking.later(hours=1, minutes=55)
    before = talking.said()
    assert talking.say("血压152/94") == before
    talking.later(minutes=6)
    assert len(talking.say("血压150/92")) == len(before) + 1


def test_handing_back_ends_it_at_once(talking: Village) -> None:
    with talking.database.transaction() as session:
        who = reader(talking)
        assert takeover.hand_back(session, who, talking.contact_id, talking.now)
        assert not takeover.hand_back(session, who, talking.contact_id, talking.now)
    before = talking.said()
    assert len(talking.say("血压152/94")) == len(before) + 1


def test_who_holds_it_and_until_when_is_known(talking: Village) -> None:
    with talking.database.reading() as session:
        held = takeover.held(session, talking.vault, talking.contact_id, talking.now)
        assert held is not None
        assert held.until == talking.now + timedelta(hours=2)
        assert held.by_id == reader(talking).practitioner_id
        lapsed = talking.now + timedelta(hours=2)
        assert takeover.held(session, talking.vault, talking.contact_id, lapsed) is None
        assert takeover.held(session, talking.vault, None, talking.now) is None
