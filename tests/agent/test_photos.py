"""What a turn does with a photo that was looked at; the eye is told what to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from agent.loading import Tools
from agent.perceiving import perceive_next
from records import media
from records.identity import new_id
from records.media import File
from records.messages import Arrival, MediaRef
from records.tables import Escalation, Media, StoredReading, Task
from tests.agent.scene import Village


@dataclass
class Sees:
    """An eye that sees what it is told."""

    seen: Mapping[str, Any] = field(default_factory=dict)

    def perceive(self, content: bytes, content_type: str) -> Mapping[str, Any]:
        return self.seen


class Phone:
    """The patient's phone, with a camera."""

    def __init__(self, village: Village) -> None:
        self.village = village
        self.eye = Sees()
        village.tools = Tools(village.vault, village.library, senses={"image": self.eye})

    def photograph(self, **seen: Any) -> str:
        """Send a photo, have it looked at, take the turn; what is said then."""
        self.eye.seen = {"text": "", "on": None, **seen}
        village, before = self.village, len(self.village.said())
        arrival = Arrival(
            channel="wechat",
            account="wx1",
            address="openid-1",
            external_id=new_id(),
            kind="image",
            media=(MediaRef("file-1", "image"),),
            sent_at=village.now,
        )
        with village.database.transaction() as session:
            village.reception.receive(session, arrival, village.now)
        with village.database.transaction() as session:
            row = media.claim(session, village.now, timedelta(seconds=90))
            assert row is not None
            media.store(session, village.vault, row.id, File(b"jpeg", "image/jpeg"), village.now)
        assert perceive_next(
            village.database, village.vault, village.tools.senses, lambda: village.now
        )
        village.turn()
        return "\n".join(village.said()[before:])

    def rows(self, kind: type[Any]) -> list[Any]:
        with self.village.database.reading() as session:
            return list(session.exec(select(kind)).all())

    def tasks(self) -> list[str]:
        return [task.reason for task in self.rows(Task) if task.kind == "look_at_media"]

    def readings(self) -> list[tuple[str, str]]:
        return [(str(row.systolic or row.value), row.state) for row in self.rows(StoredReading)]


@pytest.fixture
def phone(village: Village) -> Phone:
    village.turn()
    return Phone(village)


def test_what_both_readers_saw_is_read_back_and_waits_for_a_yes(phone: Phone) -> None:
    said = phone.photograph(what="pressure", text="血压165/98，心跳76")
    assert "照片上看到的是：血压165/98、心跳76，对吗" in said
    assert phone.readings() == [("165.0", "unconfirmed"), ("76.0", "unconfirmed")]
    assert phone.tasks() == []
    phone.village.say("对")
    assert [state for _, state in phone.readings()] == ["stored", "stored"]


def test_the_right_number_is_typed_instead(phone: Phone) -> None:
    phone.photograph(what="pressure", text="血压165/98")
    phone.village.say("血压155/98")
    assert sorted(phone.readings()) == [("155.0", "stored"), ("165.0", "replaced")]


def test_a_no_takes_it_back(phone: Phone) -> None:
    phone.photograph(what="pressure", text="血压165/98")
    phone.village.say("不对")
    assert phone.readings() == [("165.0", "withdrawn")]


def test_a_critical_value_alarms_at_once_and_is_read_back(phone: Phone) -> None:
    said = phone.photograph(what="pressure", text="血压192/124")
    (alarm,) = phone.rows(Escalation)
    assert alarm.level in {"urgent", "emergency"}
    assert "120" in said
    assert "对吗" in said
    assert phone.readings() == [("192.0", "unconfirmed")]


@pytest.mark.parametrize("text", ["血糖HI", "血糖2.6"])
def test_an_emergency_on_a_glucose_meter_alarms_at_once(phone: Phone, text: str) -> None:
    said = phone.photograph(what="glucose", text=text)
    (alarm,) = phone.rows(Escalation)
    assert alarm.level == "emergency"
    assert "120" in said


@pytest.mark.parametrize(
    ("what", "told", "task"),
    [
        ("meter", "请把屏上的数打字发我", ["photo_meter"]),
        ("slip", "已经转给医生看", ["photo_slip"]),
        ("other", "谢谢您", ["photo"]),
        ("unreadable", "打不开", ["photo_unreadable"]),
        ("meter_error", "机器没测出数", []),
    ],
)
def test_what_cannot_be_used_is_thanked_for_and_seen_by_a_doctor(
    phone: Phone, what: str, told: str, task: list[str]
) -> None:
    assert told in phone.photograph(what=what)
    assert phone.tasks() == task
    assert phone.readings() == []


def test_a_slip_of_these_days_is_proposed(phone: Phone) -> None:
    on = (phone.village.now.date() - timedelta(days=1)).isoformat()
    said = phone.photograph(what="slip", text="空腹血糖8.9，糖化血红蛋白7.2%", on=on)
    assert "空腹血糖8.9" in said
    assert "对吗" in said
    assert [state for _, state in phone.readings()] == ["unconfirmed", "unconfirmed"]


def test_a_slip_of_last_month_is_for_the_doctor_alone(phone: Phone) -> None:
    on = (phone.village.now.date() - timedelta(days=31)).isoformat()
    said = phone.photograph(what="slip", text="空腹血糖8.9", on=on)
    assert "转给医生看" in said
    assert phone.readings() == []
    assert phone.tasks() == ["photo_slip"]
    assert phone.rows(Media)[0].heard_state == "done"


def test_a_photo_beside_a_question_is_looked_at_all_the_same(phone: Phone) -> None:
    phone.village.hear("盐吃多少合适？")
    phone.photograph(what="other")
    assert phone.tasks() == ["photo"]
