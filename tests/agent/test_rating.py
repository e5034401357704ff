"""没用 after an answer is about the answer; and what of a turn reaches the curators."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from agent.loading import Tools
from knowledge.answer import Answer
from records import asked, outbound
from records.outbound import Draft
from records.tables import AskedQuestion, ContactPoint, Escalation, PersonContact, Task
from tests.agent.scene import SALT, OneAnswer, Village

SORRY = "对不住，没答好。这句话去掉姓名后交给专家看，答好了大家都能用。您着急就回“找医生”。"


class Doubting(OneAnswer):
    """A library that says how sure it is."""

    confidence = 0.99
    margin: float | None = None

    def answer(
        self, question: str, *, conditions: frozenset[str], now: datetime, **_: object
    ) -> Answer:
        found = super().answer(question, conditions=conditions, now=now)
        return replace(found, confidence=self.confidence, margin=self.margin)


@pytest.fixture
def library(village: Village) -> Doubting:
    doubting = Doubting()
    village.tools = Tools(village.vault, doubting)
    return doubting


@pytest.fixture(autouse=True)
def _sure(library: Doubting) -> None:
    """Whatever is answered is sure unless a test says otherwise."""


def kept(village: Village) -> list[tuple[str, str]]:
    """Reason and words of every question in the queue."""
    with village.database.reading() as session:
        rows = session.exec(select(AskedQuestion).order_by(col(AskedQuestion.asked_on))).all()
        return [(row.reason, asked.words_of(village.vault, row)) for row in rows]


def row(village: Village) -> AskedQuestion:
    with village.database.reading() as session:
        return session.exec(select(AskedQuestion)).one()


def test_a_question_nobody_could_answer_is_kept_without_the_person(village: Village) -> None:
    village.say("我是上塘村的王桂芳，高血压能吃榴莲吗？我电话138 0000 1111")
    assert kept(village) == [
        ("unknown", "我是〔地名〕的〔姓名〕，高血压能吃榴莲吗？我电话〔号码〕")
    ]
    found = row(village)
    assert found.removed == ["name", "number", "place"]
    assert (found.conditions, found.age_band) == (["hypertension"], "60")
    assert found.county_id == village.facility.id


def test_what_is_refused_on_purpose_is_not_a_gap(village: Village) -> None:
    village.say("降压药能吃几片")
    assert kept(village) == []


@pytest.mark.parametrize("said", ["不想活了，吃多少才会死", "活着没意思，这药吃多少才会死"])
def test_despair_never_reaches_a_curator(village: Village, said: str) -> None:
    village.say(said)
    village.say("没用")
    assert kept(village) == []


def test_an_answer_that_was_sure_is_kept_only_when_it_was_no_help(village: Village) -> None:
    assert village.say("每天吃多少盐合适")[-1].startswith(SALT)
    assert kept(village) == []
    assert village.say("没用")[-1] == SORRY
    assert kept(village) == [("unhelpful", "每天吃多少盐合适")]
    assert row(village).articles == ["life.salt"]


def test_a_doubtful_answer_is_kept_and_let_go_when_it_helped(
    village: Village, library: Doubting
) -> None:
    library.confidence = 0.7
    village.say("每天吃多少盐合适")
    assert kept(village) == [("unsure", "每天吃多少盐合适")]
    assert village.say("有用，谢谢")[-1] == "好，有用就好。还想知道啥，直接问我。"
    assert kept(village) == []


def test_the_doubtful_one_becomes_the_unhelpful_one(village: Village, library: Doubting) -> None:
    library.confidence = 0.7
    village.say("每天吃多少盐合适")
    village.say("没听懂")
    assert kept(village) == [("unhelpful", "每天吃多少盐合适")]


def test_a_refusal_is_not_promised_to_anybody(village: Village) -> None:
    village.say("降压药能吃几片")
    assert village.say("没用")[-1] == "对不住，这个我答不了。回“找医生”，我去叫医生。"
    assert kept(village) == []


@pytest.mark.parametrize("said", ["药没用", "吃了药没用", "打针没用", "我没用了", "没用过药"])
def test_a_complaint_about_something_else_marks_nothing(village: Village, said: str) -> None:
    village.say("每天吃多少盐合适")
    assert SORRY not in village.say(said)
    assert "unhelpful" not in [reason for reason, _ in kept(village)]


def test_danger_in_the_next_message_is_never_taken_for_an_opinion(village: Village) -> None:
    village.say("每天吃多少盐合适")
    village.hear("没用")
    village.say("胸口压得疼，出冷汗")
    with village.database.reading() as session:
        assert session.exec(select(Escalation.level)).all() == ["emergency"]
    assert SORRY not in village.said()


def test_an_opinion_counts_shortly_after_the_answer_and_once(village: Village) -> None:
    village.say("每天吃多少盐合适")
    village.later(hours=3)
    assert SORRY not in village.say("没听懂")
    village.say("每天吃多少盐合适")
    village.say("没听懂")
    village.say("没听懂")
    assert village.said().count(SORRY) == 1


def test_an_opinion_opens_no_task_and_an_alarm_stays_an_alarm(village: Village) -> None:
    village.say("每天吃多少盐合适")
    village.say("没听懂")
    with village.database.reading() as session:
        assert session.exec(select(Task)).all() == []


def test_a_queue_that_fails_costs_nobody_a_reply(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> bool:
        raise RuntimeError

    monkeypatch.setattr(asked, "keep", fail)
    assert len(village.say("高血压能吃榴莲吗")) == 1
    assert kept(village) == []


def test_the_same_turn_is_kept_once(village: Village) -> None:
    village.say("高血压能吃榴莲吗")
    village.say("没用")
    assert kept(village) == [("unhelpful", "高血压能吃榴莲吗")]


def test_an_answer_hardly_ahead_of_the_next_is_doubtful(
    village: Village, library: Doubting
) -> None:
    library.margin = 0.001
    village.say("每天吃多少盐合适")
    assert kept(village) == [("unsure", "每天吃多少盐合适")]


def test_a_doubtful_answer_on_wechat_tells_of_the_word_that_marks_it(
    village: Village, library: Doubting
) -> None:
    hint = "没答到点上？回“没用”，我交给专家看。"
    with village.database.transaction() as session:
        contact = session.get_one(ContactPoint, village.contact_id)
        contact.window_until, contact.window_left = village.now + timedelta(hours=40), 5
    assert hint not in village.say("每天吃多少盐合适")[-1]
    library.confidence = 0.7
    assert village.say("每天吃多少盐合适")[-1].endswith(hint)


@pytest.mark.parametrize(
    ("asked_before", "said", "rated"),
    [
        ({"field": "medicine"}, "没用", False),
        ({"field": "medicine"}, "没听懂", True),
        ({"confirm": ["r1"]}, "不是这个意思", False),
        ({"name": True}, "没听懂", False),
        ({}, "没用", True),
    ],
)
def test_a_reply_to_what_was_asked_is_no_opinion(
    village: Village, asked_before: dict[str, object], said: str, *, rated: bool
) -> None:
    village.say("每天吃多少盐合适")
    with village.database.transaction() as session:
        contact = session.get_one(ContactPoint, village.contact_id)
        contact.awaiting = asked_before
    assert (SORRY in village.say(said)) is rated


@pytest.mark.parametrize(
    ("said", "told"),
    [("没用", "我没看明白。"), ("有用，谢谢", "不客气，"), ("没答到点上", "我没看明白。")],
)
def test_an_opinion_of_nothing_is_no_question(
    village: Village, library: Doubting, said: str, told: str
) -> None:
    assert village.say(said)[-1].startswith(told)
    assert library.asked == []
    assert kept(village) == []


def test_after_a_reminder_it_may_mean_the_reminder(village: Village) -> None:
    village.say("每天吃多少盐合适")
    with village.database.transaction() as session:
        draft = Draft(
            purpose=outbound.REMINDER,
            text_key="x",
            body="该量血压了",
            send_key="r1",
            contact_point_id=village.contact_id,
            expires_at=village.now + timedelta(hours=1),
        )
        outbound.queue(session, village.vault, draft, village.now + timedelta(seconds=1))
    village.later(minutes=1)
    assert SORRY not in village.say("没听懂")


def test_nothing_is_kept_of_somebody_who_has_not_agreed_to_that(village: Village) -> None:
    with village.database.transaction() as session:
        link = session.exec(select(PersonContact)).one()
        link.consent_asked_at = village.now
    village.say("高血压能吃榴莲吗")
    village.say("每天吃多少盐合适")
    assert SORRY not in village.say("没听懂")
    assert kept(village) == []
