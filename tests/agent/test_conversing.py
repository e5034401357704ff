from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent.context import Heard, TurnContext
from agent.conversing import TALK
from agent.decision import Decision, Rated, Route
from agent.graph import decide
from care.level import Level
from care.situation import Background, Programme
from knowledge.answer import Answer, Citation
from knowledge.topic import Topic
from tests.agent.scene import Village, keys, patient

DM, HTN = frozenset({"type2_diabetes"}), frozenset({"hypertension"})
ASK_BACK = Answer("unknown", ask_back=True)


@dataclass
class Listening:
    """Answers everything, and remembers for whom and on what topic it was asked."""

    answered: Answer | None = None
    heard: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, question: str, **asked: Any) -> Answer:
        self.heard.append({"question": question, **asked})
        if self.answered is not None:
            return self.answered
        topic = Topic(("苹果",), ("dm.fruit",), asked["conditions"], asked["ailments"])
        cited = (Citation("dm.fruit", "指南", "可以少吃。"),)
        return Answer("answer", text="可以少吃。", citations=cited, topic=topic, confidence=1.0)


@pytest.fixture
def listening() -> Listening:
    return Listening()


@pytest.fixture
def say(now: datetime, listening: Listening) -> Callable[..., Decision]:
    """One turn after another; what a row would keep is handed on, unless told otherwise."""
    kept: dict[str, Any] = {}
    clock = {"now": now}

    def one(text: str, *, minutes: int = 1, **changes: Any) -> Decision:
        clock["now"] += timedelta(minutes=minutes)
        heard = (Heard("m1", "text", text, received_at=clock["now"]),)
        values = {
            "now": clock["now"],
            "messages": heard,
            "members": (patient(),),
            "answers": listening,
            "awaiting": dict(kept),
            **changes,
        }
        decision = decide(TurnContext(**values))
        kept.clear()
        kept.update(decision.awaiting)
        return decision

    return one


def spouse(conditions: frozenset[Programme], **more: Any) -> Any:
    return patient("spouse", background=Background(conditions=conditions, **more))


def test_the_next_question_gets_the_topic_of_the_last(
    say: Callable[..., Decision], listening: Listening
) -> None:
    say("高血压能吃苹果吗")
    say("那晚上呢")
    assert listening.heard[0]["topic"] is None
    assert listening.heard[1]["topic"].foods == ("苹果",)


def test_what_is_kept_holds_codes_and_no_word_of_anybody(say: Callable[..., Decision]) -> None:
    decision = say("我是张桂花，住东沟村，能吃苹果吗")
    kept = decision.awaiting[TALK]
    assert isinstance(kept, Mapping)
    assert set(kept) == {
        "foods",
        "articles",
        "about",
        "ailments",
        "told_long",
        "alarm",
        "whom",
        "at",
    }
    assert "桂花" not in str(kept)
    assert "东沟" not in str(kept)


@pytest.mark.parametrize(
    ("text", "minutes", "known"),
    [
        ("那晚上呢", 30, True),
        ("那晚上呢", 90, False),
        ("再说一遍", 90, True),
        ("再说一遍", 1500, False),
    ],
)
def test_a_topic_is_forgotten_after_a_while(
    say: Callable[..., Decision], listening: Listening, text: str, minutes: int, *, known: bool
) -> None:
    say("能吃苹果吗")
    say(text, minutes=minutes)
    assert (listening.heard[-1]["topic"] is not None) is known


def test_an_alarm_ends_the_topic(say: Callable[..., Decision]) -> None:
    say("能吃苹果吗")
    alarm = say("我现在胸口疼得厉害，一身汗")
    assert alarm.level is Level.EMERGENCY
    kept = alarm.awaiting[TALK]
    assert isinstance(kept, Mapping)
    assert kept["alarm"]
    assert not kept["foods"]
    assert not kept["articles"]


def test_what_is_asked_after_low_sugar_is_about_that(
    say: Callable[..., Decision], listening: Listening
) -> None:
    say("能吃苹果吗")
    assert say("血糖2.6，手抖冒冷汗").level >= Level.URGENT
    say("吃啥子好")
    assert listening.heard[-1]["topic"].articles == ("dm.hypo.first_aid",)


def test_a_real_sign_is_judged_before_it_is_followed(say: Callable[..., Decision]) -> None:
    say("能吃苹果吗")
    assert say("那胸口疼得厉害喘不上气呢").level >= Level.URGENT


def test_thanks_and_a_value_between_do_not_end_the_topic(
    say: Callable[..., Decision], listening: Listening
) -> None:
    say("能吃苹果吗")
    say("谢谢")
    say("血压135/85")
    say("那晚上呢")
    assert listening.heard[-1]["topic"].foods == ("苹果",)


def test_a_refused_question_ends_the_topic(
    say: Callable[..., Decision], listening: Listening
) -> None:
    say("能吃苹果吗")
    listening.answered = Answer("refusal", "hospital_price")
    assert TALK not in say("哪家医院好").awaiting


def test_nobody_can_know_what_is_meant_so_it_is_asked(
    say: Callable[..., Decision], listening: Listening
) -> None:
    listening.answered = ASK_BACK
    decision = say("那晚上呢")
    assert keys(decision) == ["follow.ask_back"]
    assert decision.tasks == ()
    assert not decision.answered


def test_the_spouse_behind_the_phone_has_her_own_conditions(
    say: Callable[..., Decision], listening: Listening
) -> None:
    members = (
        patient(),
        spouse(frozenset({Programme.TYPE2_DIABETES}), ailments=frozenset({"gout"})),
    )
    say("我老伴能吃苹果吗", members=members)
    assert listening.heard[-1]["conditions"] == DM
    assert listening.heard[-1]["ailments"] == {"gout"}
    say("他能不能喝", members=members)
    assert listening.heard[-1]["conditions"] == DM
    say("那我呢", members=members)
    assert listening.heard[-1]["topic"].about == HTN


@pytest.mark.parametrize(
    "text", ["我老伴能吃苹果吗", "他能吃苹果吗", "我妈能吃苹果吗", "邻居能吃苹果吗"]
)
def test_of_somebody_unknown_no_condition_is_assumed(
    say: Callable[..., Decision], listening: Listening, text: str
) -> None:
    say(text)
    assert listening.heard[-1]["conditions"] == frozenset()


@pytest.mark.parametrize(
    "text", ["能吃苹果吗", "我能吃苹果吗", "他汀和苹果能一起吃吗", "其他水果能吃吗"]
)
def test_the_holder_is_meant_when_nobody_else_is(
    say: Callable[..., Decision], listening: Listening, text: str
) -> None:
    say(text)
    assert listening.heard[-1]["conditions"] == HTN


def test_what_somebody_told_of_herself_is_heeded_while_the_topic_lasts(
    say: Callable[..., Decision], listening: Listening
) -> None:
    cited = (Citation("dm.fruit", "指南", "可以少吃。"),)
    topic = Topic(("香蕉",), ("dm.fruit",), HTN, frozenset({"kidney"}))
    listening.answered = Answer("answer", text="可以少吃。", citations=cited, topic=topic)
    say("我肾不好，能吃香蕉吗")
    say("能吃豆腐吗")
    assert listening.heard[-1]["ailments"] == {"kidney"}
    say("我老伴能吃豆腐吗")
    assert listening.heard[-1]["ailments"] == frozenset()


def test_two_people_are_answered_for_both(
    say: Callable[..., Decision], listening: Listening
) -> None:
    members = (patient(), spouse(frozenset({Programme.TYPE2_DIABETES})))
    say("我和老伴能吃苹果吗", members=members)
    assert listening.heard[-1]["conditions"] == DM | HTN


def test_after_a_question_for_another_an_open_one_is_for_both(
    say: Callable[..., Decision], listening: Listening
) -> None:
    members = (patient(), spouse(frozenset({Programme.TYPE2_DIABETES})))
    say("我老伴能吃苹果吗", members=members)
    say("一天能吃几个鸡蛋", members=members)
    assert listening.heard[-1]["conditions"] == DM | HTN


def test_pregnancy_of_the_record_goes_with_the_question(
    say: Callable[..., Decision], listening: Listening
) -> None:
    say("能吃苹果吗", members=(patient(background=Background(pregnant=True)),))
    assert listening.heard[-1]["ailments"] == {"pregnant"}


def test_more_than_two_questions_are_asked_to_come_again(
    say: Callable[..., Decision], listening: Listening
) -> None:
    listening.answered = Answer("answer", text="好。", left=1, topic=Topic())
    assert keys(say("能吃苹果吗"))[-1] == "follow.one_more"


def test_an_unknown_food_is_answered_in_general_and_counts_as_unknown(
    say: Callable[..., Decision], listening: Listening
) -> None:
    cited = (Citation("dm.diet", "指南", "样样都吃一点。"),)
    listening.answered = Answer("unknown", text="没查到。样样都吃一点。", citations=cited)
    decision = say("能吃阿萨伊果吗")
    assert decision.answered
    assert decision.query is not None
    assert decision.query.kind == "unknown"
    assert decision.tasks == ()


def test_not_understood_is_told_shorter_and_counted(
    say: Callable[..., Decision], listening: Listening
) -> None:
    say("能吃苹果吗")
    decision = say("没看懂", rated=Rated("turn-1", helpful=False))
    assert decision.route is Route.ANSWER
    assert keys(decision)[-1] == "follow.still_unclear"
    assert decision.rated == Rated("turn-1", helpful=False)


def test_an_answer_to_our_own_question_comes_first(
    say: Callable[..., Decision], listening: Listening
) -> None:
    say("能吃苹果吗")
    before = len(listening.heard)
    say("不是", awaiting={"confirm": [], TALK: {"at": "2026-11-22T09:00:00+00:00"}})
    assert len(listening.heard) == before or listening.heard[-1]["topic"] is None


def test_a_bare_yes_to_an_answer_is_no_question(
    say: Callable[..., Decision], listening: Listening
) -> None:
    say("能吃苹果吗")
    assert keys(say("好的")) == ["follow.fine"]
    assert len(listening.heard) == 1


def test_a_topic_outlives_the_turn_in_its_row(village: Village) -> None:
    village.tools = type(village.tools)(village.vault, Listening())
    village.say("能吃苹果吗")
    kept = village.contact().awaiting[TALK]
    assert kept["foods"] == ["苹果"]
    assert kept["whom"] == "self"
