"""The step before the turn: files are heard once, the turn waits a little, nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from agent.context import TurnContext
from agent.decision import Decision
from agent.graph import decide
from agent.loading import Tools
from agent.perceiving import LEASE, PATIENCE, perceive_next
from records import heard, media
from records.identity import new_id
from records.media import File
from records.messages import Arrival, MediaRef
from records.tables import Escalation, InboundMessage, Media, Task
from tests.agent.scene import Village


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
