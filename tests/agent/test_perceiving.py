"""The step before the turn: files are heard once, the turn waits a little, nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from agent.context import TurnContext
from agent.decision import Decision
from agent.graph import decide
from agent.loading import Tools
from agent.perceiving import LEASE, PATIENCE, perceive_next
from agent.saving import Save, save
from care.level import Level
from care.reading import Kind, Reading
from records import corrections, heard, media
from records.conversations import HANDED_OVER
from records.corrections import Change
from records.db import Database
from records.identity import new_id
from records.media import File
from records.messages import Arrival, MediaRef
from records.reader import Reader
from records.tables import Escalation, InboundMessage, Media, Practitioner, StoredReading, Task
from records.vault import Vault
from tests.agent.scene import OneAnswer, Village


@dataclass
class Ears:
    """Hears what it was told to hear; an exception in the list is raised."""

    hears: list[Mapping[str, Any] | Exception]
    heard: list[bytes] = field(default_factory=list)

    def perceive(self, content: bytes, content_type: str) -> Mapping[str, Any]:
        self.heard.append(content)
        found = self.hears.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


class Post:
    """A village to which files come."""

    def __init__(self, village: Village, *hears: Mapping[str, Any] | Exception) -> None:
        self.village = village
        self.ears = Ears(list(hears))
        village.tools = Tools(village.vault, village.library, senses={"voice": self.ears})

    def speak(self) -> None:
        arrival = Arrival(
            channel="wechat",
            account="wx1",
            address="openid-1",
            external_id=new_id(),
            kind="voice",
            media=(MediaRef("file-1", "voice"),),
            sent_at=self.village.now,
        )
        with self.village.database.transaction() as session:
            self.village.reception.receive(session, arrival, self.village.now)

    def fetched(self) -> None:
        with self.village.database.transaction() as session:
            row = media.claim(session, self.village.now, timedelta(seconds=90))
            assert row is not None
            file = File(b"#!AMR", "audio/amr")
            assert media.store(session, self.village.vault, row.id, file, self.village.now)

    def perceive(self) -> bool:
        tools = self.village.tools
        return perceive_next(
            self.village.database, tools.vault, tools.senses, lambda: self.village.now
        )

    def rows(self, kind: type[Any]) -> list[Any]:
        with self.village.database.reading() as session:
            return list(session.exec(select(kind)).all())


@pytest.fixture
def village(village: Village) -> Village:
    village.turn()
    return village


def test_a_turn_waits_for_what_is_made_of_a_file_and_reads_it_as_words(village: Village) -> None:
    post = Post(village, {"text": "血压135/85"})
    post.speak()
    assert village.turn()
    assert village.said() == []
    post.fetched()
    assert village.turn()
    assert village.said() == []
    assert post.perceive()
    assert not post.perceive()
    assert post.ears.heard == [b"#!AMR"]
    village.turn()
    (said,) = village.said()
    assert "135/85" in said
    assert "135/85" not in str(post.rows(Media))


def test_patience_ends_and_a_late_hearing_is_answered_after_all(village: Village) -> None:
    post = Post(village, {"text": "胸口痛得厉害，喘不上气"})
    post.speak()
    village.later(seconds=PATIENCE.total_seconds())
    village.turn()
    assert len(village.said()) == 1
    post.fetched()
    assert post.perceive()
    village.turn()
    assert len(village.said()) == 2
    (alarm,) = post.rows(Escalation)
    assert alarm.level == "emergency"


def test_a_late_hearing_without_words_asks_for_no_second_turn(village: Village) -> None:
    post = Post(village, {"text": "", "what": "other"})
    post.speak()
    village.later(minutes=2)
    village.turn()
    post.fetched()
    post.perceive()
    village.turn()
    assert len(village.said()) == 1


def test_what_came_while_the_turn_thought_is_not_passed_over(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post(village, {"text": "血压135/85"})
    post.speak()
    post.fetched()
    village.later(minutes=2)

    def slowly(context: TurnContext) -> Decision:
        post.perceive()
        return decide(context)

    with monkeypatch.context() as during:
        during.setattr("agent.turn.decide", slowly)
        village.turn()
    assert village.said() == []
    village.turn()
    (said,) = village.said()
    assert "135/85" in said


def test_danger_in_words_does_not_wait_for_a_file(village: Village) -> None:
    post = Post(village)
    post.speak()
    village.hear("血压195/125")
    village.turn()
    assert any("120" in said for said in village.said())


def test_after_three_failed_tries_somebody_listens_and_the_sender_is_told(village: Village) -> None:
    post = Post(village, *(RuntimeError() for _ in range(3)))
    post.speak()
    post.fetched()
    for _ in range(3):
        assert post.perceive()
        village.later(seconds=11)
    assert not post.perceive()
    village.turn()
    assert len(village.said()) == 1
    (task,) = [task for task in post.rows(Task) if task.kind == "look_at_media"]
    assert task.reason == "voice_unclear"
    assert post.rows(Media)[0].heard_state == "failed"


def test_a_process_that_dies_three_times_over_a_file_is_not_asked_again(village: Village) -> None:
    post = Post(village)
    post.speak()
    post.fetched()
    for tries in (1, 2, 3):
        with village.database.transaction() as session:
            claimed = heard.claim(session, village.vault, {"voice"}, village.now, LEASE)
        assert claimed is not None
        assert claimed.tries == tries
        assert not post.perceive()
        village.later(seconds=LEASE.total_seconds() + 1)
    assert post.perceive()
    assert post.ears.heard == []
    assert post.rows(Media)[0].heard_state == "failed"


def test_the_slower_of_two_workers_writes_nothing(village: Village) -> None:
    post = Post(village, {"text": "血压135/85"})
    post.speak()
    post.fetched()
    media_id = post.rows(Media)[0].id
    post.perceive()
    with village.database.transaction() as session:
        assert not heard.keep(session, village.vault, media_id, {"text": "x"}, village.now)
        assert not heard.give_up(session, media_id, village.now)
        assert not heard.retry(session, media_id, village.now)


def test_a_sense_that_comes_later_does_not_answer_what_is_long_past(village: Village) -> None:
    post = Post(village, {"text": "血压135/85"})
    post.speak()
    post.fetched()
    village.later(days=2)
    assert not post.perceive()


def test_without_a_sense_nothing_waits(village: Village) -> None:
    post = Post(village)
    village.tools = Tools(village.vault, village.library)
    post.speak()
    post.fetched()
    assert not post.perceive()
    village.turn()
    assert len(village.said()) == 1
    assert [row.state for row in post.rows(InboundMessage) if row.kind == "voice"] == ["done"]


def test_words_that_come_while_the_turn_is_being_saved_are_answered_after_all(
    database: Database, vault: Vault, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = Village(database, vault, now)
    village.turn()
    post = Post(village, {"text": "胸口痛得厉害，喘不上气"})
    post.speak()
    post.fetched()
    village.later(seconds=PATIENCE.total_seconds())
    listening = threading.Thread(target=post.perceive)

    def meanwhile(turn: Save) -> None:
        """The words are ready now, and wait for the turn that holds the conversation."""
        listening.start()
        listening.join(timeout=0.5)
        save(turn)

    with monkeypatch.context() as during:
        during.setattr("agent.turn.save", meanwhile)
        village.turn()
    listening.join()
    assert post.rows(Escalation) == []
    village.turn()
    (alarm,) = post.rows(Escalation)
    assert alarm.level == "emergency"


class Broken(OneAnswer):
    def answer(self, *_: object, **__: object) -> Any:
        msg = "the library burnt down"
        raise RuntimeError(msg)


@pytest.mark.parametrize(
    ("words", "levels"), [("胸口痛得厉害，喘不上气", ["emergency"]), ("血压135/85", [])]
)
def test_danger_heard_in_a_message_that_was_handed_over_alarms(
    village: Village, words: str, levels: list[str]
) -> None:
    """The rest of such a message is left to the doctor who reads it."""
    post = Post(village, {"text": words})
    post.speak()
    village.hear("一天能吃多少盐？")
    village.later(seconds=PATIENCE.total_seconds())
    village.tools = Tools(village.vault, Broken(), senses=village.tools.senses)
    for _ in range(3):
        assert village.turn()
        village.later(seconds=30)
    assert {row.state for row in post.rows(InboundMessage) if row.kind == "voice"} == {HANDED_OVER}
    post.fetched()
    assert post.perceive()
    village.turn()
    assert [row.level for row in post.rows(Escalation)] == levels


@pytest.mark.parametrize(
    "words",
    ["脚上烂了一个口子还流脓", "我把药吃了双份", "吃了药起了一身疹子", "咳血了", "我妈咳血了"],
)
def test_a_typed_correction_leaves_what_was_heard_beside_the_value(
    village: Village, words: str
) -> None:
    post = Post(village, {"text": words})
    village.hear("血压185/104")
    post.speak()
    post.fetched()
    assert post.perceive()
    village.turn()
    (before,) = post.rows(Escalation)
    village.say("打错了，是130/80")
    (alarm,) = post.rows(Escalation)
    assert before.level == alarm.level == Level.URGENT
    assert alarm.reasons == before.reasons
    assert alarm.next_escalation_at == before.next_escalation_at is not None


def test_beside_harmless_words_that_were_heard_the_wrong_value_lowers_the_alarm(
    village: Village,
) -> None:
    post = Post(village, {"text": "今天天气好"})
    village.hear("血压185/112")
    post.speak()
    post.fetched()
    assert post.perceive()
    village.turn()
    village.say("打错了，是130/80")
    (alarm,) = post.rows(Escalation)
    assert (alarm.level, alarm.next_escalation_at) == (Level.ROUTINE, None)


def test_words_that_do_not_open_any_more_keep_the_alarm_up_when_a_doctor_corrects_the_value(
    village: Village,
) -> None:
    post = Post(village, {"text": "脚上烂了一个口子还流脓"})
    village.hear("血压185/104")
    post.speak()
    post.fetched()
    assert post.perceive()
    village.turn()
    (wrong,) = post.rows(StoredReading)
    (doctor,) = post.rows(Practitioner)
    reader = Reader(doctor.id, doctor.role, village.facility.id, village.facility.path)
    change = Change("misread", reading=Reading(Kind.BP, systolic=130, diastolic=80))
    with village.database.transaction() as session:
        file = session.exec(select(Media)).one()
        file.heard_sealed = b"spoilt"
        session.add(file)
        session.flush()
        assert corrections.correct(session, village.vault, reader, wrong.id, change, village.now)
    (alarm,) = post.rows(Escalation)
    assert alarm.level == Level.URGENT
    assert alarm.next_escalation_at is not None


def test_danger_that_only_sounds_like_it_stays_when_the_value_beside_it_is_corrected(
    village: Village,
) -> None:
    post = Post(village, {"text": "今天拉嘿便"})
    village.hear("血压235/135")
    post.speak()
    post.fetched()
    assert post.perceive()
    village.turn()
    village.say("打错了，是血压130/80")
    (alarm,) = post.rows(Escalation)
    assert alarm.level == Level.EMERGENCY
