"""Voice in a conversation: read back, never taken at its word, and somebody listens when in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from agent.loading import Tools
from agent.perceiving import perceive_next
from care.situation import Programme
from records import media, people
from records.identity import new_id
from records.media import File
from records.messages import Arrival, MediaRef
from records.people import Registration
from records.readings import accept_unopposed
from records.tables import Escalation, StoredReading, Task
from tests.agent.scene import SALT, Village


class OneEar:
    """Hears the same thing in every file."""

    def __init__(self, made: Mapping[str, Any]) -> None:
        self.made = made

    def perceive(self, content: bytes, content_type: str) -> Mapping[str, Any]:
        assert content_type == "audio/amr"
        return self.made


class Phone:
    """Sends voice messages into a village with an ear, or without one."""

    def __init__(self, village: Village) -> None:
        self.village = village

    def speak(self, recognised: str = "") -> None:
        arrival = Arrival(
            channel="wechat",
            account="wx1",
            address="openid-1",
            external_id=new_id(),
            kind="voice",
            text=recognised,
            media=(MediaRef(new_id(), "voice"),),
            sent_at=self.village.now,
        )
        with self.village.database.transaction() as session:
            self.village.reception.receive(session, arrival, self.village.now)
            row = media.claim(session, self.village.now, timedelta(seconds=90))
            assert row is not None
            file = File(b"#!AMR\n", "audio/amr")
            media.store(session, self.village.vault, row.id, file, self.village.now)

    def say(self, heard: str, why: str = "") -> str:
        """Speak; a machine hears this; the newest words of the reply."""
        self.speak()
        ear = OneEar({"text": heard, "why": why, "by": "local", "seconds": 3.0})
        senses = {"voice": ear}
        self.village.tools = Tools(self.village.vault, self.village.library, senses=senses)
        perceived = perceive_next(
            self.village.database, self.village.vault, senses, lambda: self.village.now
        )
        assert perceived
        self.village.turn()
        return self.village.said()[-1]

    def rows(self, kind: type[Any]) -> list[Any]:
        with self.village.database.reading() as session:
            return list(session.exec(select(kind).order_by(kind.id)).all())

    def readings(self) -> list[tuple[int | None, int | None, str]]:
        return [(row.systolic, row.diastolic, row.state) for row in self.rows(StoredReading)]


@pytest.fixture
def phone(village: Village) -> Phone:
    village.turn()
    return Phone(village)


def test_a_value_that_was_heard_is_read_back_and_waits(phone: Phone) -> None:
    assert (
        phone.say("高压135，低压85") == "听到的是：血压135/85，对吗？对就回“对”，不对请回正确的数。"
    )
    assert phone.readings() == [(135, 85, "unconfirmed")]
    (row,) = phone.rows(StoredReading)
    assert row.certainty == "heard"


@pytest.mark.parametrize("yes", ["对", "是的"])
def test_a_yes_confirms_what_was_heard(phone: Phone, yes: str) -> None:
    phone.say("高压135，低压85")
    phone.village.say(yes)
    assert phone.readings() == [(135, 85, "stored")]


def test_a_spoken_yes_confirms_too(phone: Phone) -> None:
    phone.say("高压135，低压85")
    phone.say("对的")
    assert phone.readings() == [(135, 85, "stored")]


def test_the_right_number_replaces_what_was_heard(phone: Phone) -> None:
    phone.say("高压135，低压85")
    phone.village.say("不对，是125/85")
    assert phone.readings() == [(135, 85, "replaced"), (125, 85, "stored")]


def test_a_no_takes_it_out(phone: Phone) -> None:
    phone.say("高压135，低压85")
    phone.village.say("不对")
    assert phone.readings() == [(135, 85, "withdrawn")]


def test_after_a_day_without_objection_it_counts(phone: Phone) -> None:
    phone.say("高压135，低压85")
    phone.village.later(hours=24)
    with phone.village.database.transaction() as session:
        assert accept_unopposed(session, phone.village.now) == 1


def test_two_values_are_read_back_together(phone: Phone) -> None:
    said = phone.say("血压135、85，心跳76")
    assert "血压135/85、心跳76" in said
    assert said.count("对吗") == 1


def test_a_red_flag_in_voice_raises_the_alarm_at_once(phone: Phone) -> None:
    assert "120" in phone.say("我胸口痛，出了一身冷汗，喘不上气")
    (case,) = phone.rows(Escalation)
    assert case.level == "emergency"


def test_danger_does_not_wait_for_the_next_voice_message(phone: Phone) -> None:
    village = phone.village
    made = {"text": "我胸口痛，出了一身冷汗，喘不上气", "why": ""}
    phone.speak()
    phone.speak()
    senses = {"voice": OneEar(made)}
    village.tools = Tools(village.vault, village.library, senses=senses)
    assert perceive_next(village.database, village.vault, senses, lambda: village.now)
    village.turn()
    assert "120" in village.said()[-1]
    assert [row.level for row in phone.rows(Escalation)] == ["emergency"]


@pytest.mark.parametrize(
    "heard", ["我老公兄们得厉害,左胳膊发麻。", "他今天早上叫不行了", "我低压喝了浓药"]
)
def test_danger_written_with_other_signs_of_the_same_sound_is_heard(
    phone: Phone, heard: str
) -> None:
    assert "120" in phone.say(heard)
    assert [row.level for row in phone.rows(Escalation)] == ["emergency"]


def test_a_dangerous_value_raises_the_alarm_and_is_read_back(phone: Phone) -> None:
    said = phone.say("血压195，125，胸口痛得厉害")
    assert "120" in said
    assert said.endswith("听到的是：血压195/125，对吗？对就回“对”，不对请回正确的数。")
    assert [row.level for row in phone.rows(Escalation)] == ["emergency"]
    assert phone.readings() == [(195, 125, "unconfirmed")]


def test_an_urgent_value_tells_what_to_do_and_is_read_back(phone: Phone) -> None:
    said = phone.say("血压195，125")
    assert said.endswith("听到的是：血压195/125，对吗？对就回“对”，不对请回正确的数。")
    assert [row.level for row in phone.rows(Escalation)] == ["urgent"]


def test_a_question_is_said_back_before_it_is_answered(phone: Phone) -> None:
    said = phone.say("盐要怎么吃才好？")
    assert said.startswith("听到的是：“盐要怎么吃才好？”\n")
    assert SALT in said


def test_a_spoken_value_of_somebody_is_kept_for_her_and_still_read_back(phone: Phone) -> None:
    with phone.village.database.transaction() as session:
        wife = people.register(
            session,
            phone.village.vault,
            Registration("李秀兰", phone.village.facility.id, programmes=(Programme.HYPERTENSION,)),
            phone.village.now,
        )
        people.link(
            session, wife.id, phone.village.contact_id, phone.village.now, relation="spouse"
        )
    assert "您" in phone.say("老人血压135，85")
    assert phone.readings() == []
    phone.village.say("老伴的")
    assert phone.readings() == [(135, 85, "unconfirmed")]
    (row,) = phone.rows(StoredReading)
    assert (row.person_id, row.certainty) == (wife.id, "heard")


def test_so_are_words_that_were_not_heard_as_a_question(phone: Phone) -> None:
    said = phone.say("盐要注意神墨")
    assert said.startswith("听到的是：“盐要注意神墨”\n")


def test_words_that_mean_nothing_are_quoted_and_a_doctor_listens(phone: Phone) -> None:
    said = phone.say("嘟压呀老班那头")
    assert said.startswith("我听到的是“嘟压呀老班那头”，没太明白。")
    (task,) = [task for task in phone.rows(Task) if task.kind == "look_at_media"]
    assert task.reason == "voice_unclear"


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("not_understood", "没听清"),
        ("broken", "没听清"),
        ("silent", "没有声音"),
        ("too_long", "太长"),
    ],
)
def test_what_cannot_be_heard_is_said_kindly_and_a_doctor_listens(
    phone: Phone, why: str, told: str
) -> None:
    assert told in phone.say("", why)
    (task,) = [task for task in phone.rows(Task) if task.kind == "look_at_media"]
    assert task.reason == "voice_unclear"


def test_a_voice_nobody_understood_is_not_lost_beside_a_value(phone: Phone) -> None:
    phone.village.hear("血压135/85")
    assert "135/85" in phone.say("", "not_understood")
    assert [task.kind for task in phone.rows(Task)] == ["look_at_media"]
    assert phone.readings() == [(135, 85, "stored")]


def test_without_an_ear_the_sender_is_told_so_and_a_doctor_listens(phone: Phone) -> None:
    phone.speak()
    phone.village.turn()
    assert phone.village.said() == [
        "语音收到了，我还听不懂，会请医生听。急事请打字告诉我，或打120。"
    ]
    (task,) = phone.rows(Task)
    assert (task.kind, task.reason) == ("look_at_media", "voice")


def test_the_words_of_the_platform_are_read_at_once_and_read_back(phone: Phone) -> None:
    ear = OneEar({"text": "不该听"})
    phone.village.tools = Tools(phone.village.vault, phone.village.library, senses={"voice": ear})
    phone.speak("血压135，85")
    phone.village.turn()
    assert phone.village.said()[-1].startswith("听到的是：血压135/85")
    village = phone.village
    assert not perceive_next(
        village.database, village.vault, village.tools.senses, lambda: village.now
    )


def test_danger_in_the_words_of_the_platform_rings_before_any_turn(phone: Phone) -> None:
    phone.speak("我胸口痛，喘不上气，出冷汗")
    assert [row.level for row in phone.rows(Escalation)] == ["emergency"]


def test_a_dangerous_value_in_the_platforms_words_is_still_read_back(phone: Phone) -> None:
    phone.speak("血压195，125，胸口痛得厉害")
    assert [row.level for row in phone.rows(Escalation)] == ["emergency"]
    phone.village.turn()
    assert phone.village.said()[-1].startswith("听到的是：血压195/125")
