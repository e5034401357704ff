from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from sqlmodel import SQLModel, select

from agent.context import TurnContext
from agent.decision import Decision
from agent.graph import decide
from agent.loading import Tools
from agent.turn import LEASE, take_turn
from care.level import Level
from knowledge.answer import UNKNOWN, Answer
from records import conversations, erasing, follow_ups, outbound, people
from records.db import Database
from records.outbound import Draft
from records.people import Registration, china_date
from records.readings import recent
from records.tables import (
    AskedQuestion,
    AuditEvent,
    ContactPoint,
    Escalation,
    EscalationEvent,
    FollowUp,
    InboundMessage,
    OutboundMessage,
    Person,
    StoredReading,
    Task,
    Turn,
)
from records.vault import Vault
from tests.agent.scene import OneAnswer, Village

T = TypeVar("T", bound=SQLModel)


@pytest.fixture
def anywhere(database: Database, vault: Vault, now: datetime) -> Village:
    """The village on both engines."""
    return Village(database, vault, now)


def rows(village: Village, table: type[T]) -> list[T]:
    with village.database.reading() as session:
        return list(session.exec(select(table)).all())


def test_a_message_becomes_a_reading_a_turn_and_one_reply(anywhere: Village) -> None:
    said = anywhere.say("血压152/94")
    assert len(said) == 1
    assert "152/94" in said[0]
    (turn,) = rows(anywhere, Turn)
    (reading,) = rows(anywhere, StoredReading)
    (message,) = [m for m in rows(anywhere, InboundMessage) if m.kind == "text"]
    assert (turn.mode, turn.level) == ("rules", "routine")
    assert (reading.systolic, reading.diastolic, reading.state) == (152, 94, "stored")
    assert reading.inbound_message_id == message.id
    assert reading.protocol_version
    assert (message.state, message.turn_id) == ("done", turn.id)


def test_nothing_due_is_nothing_to_do(village: Village) -> None:
    assert not village.turn()


def test_a_turn_waits_for_the_rest_of_the_message(village: Village) -> None:
    village.hear("血压")
    village.later(seconds=1)
    assert not take_turn(village.database, village.tools, lambda: village.now)
    village.hear("165")
    village.hear("98")
    village.turn()
    (reading,) = rows(village, StoredReading)
    assert (reading.systolic, reading.diastolic) == (165, 98)
    assert len(village.said()) == 1


def test_an_emergency_is_one_alarm_and_one_passive_reply(anywhere: Village) -> None:
    said = anywhere.say("血压190/115，头痛得厉害")
    assert said == []
    (alarm,) = rows(anywhere, Escalation)
    assert (alarm.level, alarm.state) == ("emergency", "open")
    assert len(rows(anywhere, EscalationEvent)) == 1
    assert len(rows(anywhere, StoredReading)) == 1


def test_an_urgent_value_opens_an_alarm_and_is_answered_with_a_safety_text(
    village: Village,
) -> None:
    village.say("高压182，人没事")
    (alarm,) = rows(village, Escalation)
    (reply,) = [m for m in rows(village, OutboundMessage) if m.contact_point_id]
    assert alarm.level == "urgent"
    assert reply.purpose == outbound.SAFETY


def alarms(village: Village) -> int:
    return len(rows(village, Escalation))


def test_a_bare_120_out_of_the_blue_rings(anywhere: Village) -> None:
    anywhere.say("120")
    assert alarms(anywhere) == 1


@pytest.mark.parametrize("before", ["血压1200/80", "刚才报错了", "血糖仪显示err"])
def test_a_bare_120_after_words_of_ours_is_asked_about(village: Village, before: str) -> None:
    village.say(before)
    assert village.contact().awaiting.keys() <= {"talk"}
    village.later(hours=3)
    assert "马上直接打120" in village.say("120")[-1]
    assert alarms(village) == 0
    village.say("救护车")
    assert alarms(village) == 1


def test_a_day_after_our_words_a_bare_120_rings_again(village: Village) -> None:
    village.say("血压1200/80")
    village.later(hours=25)
    village.say("120")
    assert alarms(village) == 1


def test_repeats_bundle_and_a_worse_message_raises(village: Village) -> None:
    village.say("高压182，人没事")
    village.say("又量了一遍，高压185")
    village.hear("血压190/115，头痛得厉害")
    (alarm,) = rows(village, Escalation)
    kinds = [event.kind for event in rows(village, EscalationEvent)]
    assert kinds == ["opened", "repeated", "raised"]
    assert alarm.level == "emergency"
    assert alarm.step == -1


def test_an_unconfirmed_value_is_confirmed_by_a_yes(village: Village) -> None:
    village.say("14892")
    (reading,) = rows(village, StoredReading)
    assert reading.state == "unconfirmed"
    assert reading.confirm_by == village.now + timedelta(hours=24)
    assert village.contact().awaiting["confirm"] == [reading.id]
    village.say("对")
    (reading,) = rows(village, StoredReading)
    assert reading.state == "stored"
    assert "confirm" not in village.contact().awaiting


def test_a_correction_keeps_both_values_and_leaves_a_trail(village: Village) -> None:
    village.say("血压153/85")
    village.say("打错了，高压是135")
    with village.database.reading() as session:
        valid = recent(session, village.patient.id, since=village.now - timedelta(days=1))
    assert [(row.systolic, row.diastolic) for row in valid] == [(135, 85)]
    old = next(row for row in rows(village, StoredReading) if row.state == "replaced")
    assert old.replaced_by == valid[0].id
    assert "reading.corrected" in [event.action for event in rows(village, AuditEvent)]


def test_a_withdrawn_value_is_kept_but_counts_no_more(village: Village) -> None:
    village.say("血压153/85")
    village.say("刚才那个不算")
    (row,) = rows(village, StoredReading)
    assert row.state == "withdrawn"


def test_a_routine_finding_asks_a_doctor_to_look_once_a_fortnight(village: Village) -> None:
    village.say("血压152/94")
    village.say("血压154/96")
    reviews = [task for task in rows(village, Task) if task.kind == "review"]
    assert len(reviews) == 1
    assert reviews[0].due_on == china_date(village.now) + timedelta(days=14)


def test_stopping_is_written_down(village: Village) -> None:
    village.say("退订")
    assert village.contact().stopped_at is None
    village.say("退订")
    assert village.contact().stopped_at is not None
    village.say("恢复")
    assert village.contact().stopped_at is None


class Broken(OneAnswer):
    def answer(self, question: str, **_: object) -> Answer:
        msg = "the library burnt down"
        raise RuntimeError(msg)


def test_after_three_failed_turns_a_doctor_reads_the_message(village: Village) -> None:
    village.tools = Tools(village.vault, Broken())
    village.hear("一天能吃多少盐？")
    for _ in range(2):
        assert village.turn()
        assert village.contact().failed_turns > 0
        village.later(seconds=30)
    assert village.turn()
    (task,) = rows(village, Task)
    states = [m.state for m in rows(village, InboundMessage) if m.kind == "text"]
    assert (task.kind, task.reason) == ("read_message", "turn_failed")
    assert states == [conversations.HANDED_OVER]
    assert village.contact().failed_turns == 0
    village.tools = Tools(village.vault, OneAnswer())
    assert len(village.say("血压128/78")) == 1


def test_a_turn_whose_claim_was_lost_writes_nothing(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.hear("血压152/94")
    village.later(seconds=20)

    def stolen(context: TurnContext) -> Decision:
        """Another worker takes over while this one thinks."""
        with village.database.transaction() as session:
            taken = conversations.claim(session, village.now + LEASE + timedelta(seconds=1), LEASE)
            assert taken is not None
        return decide(context)

    monkeypatch.setattr("agent.turn.decide", stolen)
    assert take_turn(village.database, village.tools, lambda: village.now)
    assert rows(village, Turn) == []
    assert rows(village, StoredReading) == []
    assert village.said() == []


def test_a_conversation_woken_for_nothing_goes_back_to_sleep(village: Village) -> None:
    with village.database.transaction() as session:
        contact = village.contact()
        contact.wake_at = village.now
        session.add(contact)
    assert village.turn()
    assert village.contact().wake_at is None
    assert rows(village, Turn) == []


def open_follow_up(village: Village) -> None:
    today = china_date(village.now)
    with village.database.transaction() as session:
        follow_ups.plan(session, village.patient.id, "hypertension", today)
        due = follow_ups.due_to_open(session, today, 10)
        follow_ups.start(
            session,
            [row.id for row in due],
            now=village.now,
            next_step_at=village.now + timedelta(days=2),
        )


def test_a_reminder_that_waits_is_withdrawn_once_everything_is_answered(village: Village) -> None:
    open_follow_up(village)
    with village.database.transaction() as session:
        draft = Draft(
            purpose="reminder",
            text_key="followup.reminder1",
            body="该量血压了",
            send_key=f"follow-up:{village.patient.id}:reminder1",
            person_id=village.patient.id,
            not_before=village.now + timedelta(hours=12),
            expires_at=village.now + timedelta(days=2),
        )
        outbound.queue(session, village.vault, draft, village.now)
    for words in ("136 84", "没有", "按时"):
        village.say(words)
    (reminder,) = [row for row in rows(village, OutboundMessage) if row.purpose == "reminder"]
    assert (reminder.state, reminder.reason) == ("expired", "answered")


def test_a_follow_up_is_filled_over_several_messages_and_days(village: Village) -> None:
    open_follow_up(village)
    assert village.say("136 84")[-1].endswith("没有就回“没有”。")
    village.later(days=1)
    assert village.say("没有")[-1] == "药都按时吃了吗？回“按时”“漏过”或“没吃”。"
    village.later(hours=3)
    thanks = village.say("按时")[-1]
    assert "下次" in thanks
    done, following = sorted(rows(village, FollowUp), key=lambda row: row.due_on)
    assert (done.state, done.classification) == ("draft", "satisfactory")
    assert done.answers == {"bp": [136, 84], "symptoms": [], "medicine_taken": True}
    assert following.state == "planned"
    assert (following.due_on - china_date(village.now)).days >= 89


def test_an_unsatisfactory_follow_up_comes_again_in_two_weeks(village: Village) -> None:
    open_follow_up(village)
    village.say("血压156/98，没有不舒服，药按时吃了")
    done, following = sorted(rows(village, FollowUp), key=lambda row: row.due_on)
    assert done.classification == "unsatisfactory"
    assert following.due_on == china_date(village.now) + timedelta(days=14)
    assert following.reason == "recheck"


def test_a_question_in_between_does_not_end_the_follow_up(village: Village) -> None:
    open_follow_up(village)
    village.say("一天能吃多少盐？")
    assert village.say("136 84")[-1].endswith("没有就回“没有”。")


def test_an_alarm_during_a_follow_up_keeps_what_was_said(village: Village) -> None:
    open_follow_up(village)
    village.say("高压182低压96，人没事")
    (follow_up,) = rows(village, FollowUp)
    assert follow_up.answers["bp"] == [182, 96]
    assert Level(rows(village, Escalation)[0].level) is Level.URGENT


@dataclass
class ErasedMeanwhile:
    """A library that takes its time: the person is erased while it looks."""

    village: Village
    done: bool = False

    def answer(self, *_: object, **__: object) -> Answer:
        if not self.done:
            self.done = True
            village = self.village
            with village.database.transaction() as session:
                erasing.erase(
                    session, village.vault, village.patient.id, actor="o", now=village.now
                )
        return UNKNOWN


def asks_and_is_erased(village: Village, text: str = "高血压能不能染头发呀") -> None:
    village.tools = Tools(village.vault, ErasedMeanwhile(village))
    village.hear(text)
    village.turn()
    village.later(minutes=5)
    village.turn()


def test_an_erasure_during_a_turn_leaves_neither_question_nor_reply(anywhere: Village) -> None:
    asks_and_is_erased(anywhere)
    assert [person.status for person in rows(anywhere, Person)] == ["erased"]
    assert not rows(anywhere, Turn)
    assert not rows(anywhere, AskedQuestion)
    assert all(message.body_sealed is None for message in rows(anywhere, OutboundMessage))
    assert {message.state for message in rows(anywhere, InboundMessage)} == {"done"}


def test_what_waits_on_a_shared_phone_when_one_is_erased_is_read_by_a_doctor(
    anywhere: Village,
) -> None:
    village = anywhere
    with village.database.transaction() as session:
        husband = people.register(
            session, village.vault, Registration("李建国", village.facility.id), village.now
        )
        people.link(session, husband.id, village.contact_id, village.now, "spouse")
        point = session.get_one(ContactPoint, village.contact_id)
        talk = {"ailments": ["kidney"], "at": village.now.isoformat()}
        point.awaiting = {"talk": talk, "other": 1}
    asks_and_is_erased(village)
    (task,) = (one for one in rows(village, Task) if one.kind == "read_message")
    assert (task.person_id, task.reason) == (husband.id, "turn_failed")
    assert not rows(village, Turn)
    assert not rows(village, AskedQuestion)
    (point,) = rows(village, ContactPoint)
    assert (point.awaiting, point.wake_at, point.claim_token) == ({"other": 1}, None, None)
    # He is answered as before.
    village.say("高血压能不能泡温泉呀")
    assert [turn.person_id for turn in rows(village, Turn)] == [husband.id]
