from __future__ import annotations

from datetime import timedelta

import pytest

from knowledge.leaning import Lean, forgotten, fresh, leaning, sentences_on, unit_of
from knowledge.question import normalise, pieces
from language.dialects import standard


def lean_of(text: str) -> Lean | None:
    found = leaning(normalise(standard(text)))
    return found.kind if found else None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("再说一遍嘛", Lean.AGAIN),
        ("没看懂", Lean.SIMPLER),
        ("太长了，说简单点", Lean.SIMPLER),
        ("说详细点", Lean.LONGER),
        ("还有别的吗", Lean.MORE),
        ("点解", Lean.WHY),
        ("那咋整", Lean.WHAT_TO_DO),
        ("高血压的呢", Lean.SWITCH),
        ("我尿酸高呢", Lean.SWITCH),
        ("一天几个", Lean.AMOUNT),
        ("那晚上呢", Lean.TIME),
        ("煮的还是蒸的好", Lean.COOKING),
        ("那西瓜呢", Lean.REST),
    ],
)
def test_what_is_wanted_of_the_last_answer(text: str, kind: Lean) -> None:
    assert lean_of(text) is kind


@pytest.mark.parametrize(
    "text",
    [
        "药还吃着呢",
        "忙着呢",
        "糖尿病能吃西瓜吗",
        "血糖高怎么办",
        "晚上打麻将三缺一来不来",
        "空腹血糖6.5",
        "血压150/95",
        "我现在胸口疼得厉害",
        "村口的路什么时候修好",
        "药放在冰箱里第三层左边那个盒子里面了你看见没有呢",
        "",
    ],
)
def test_a_message_that_stands_on_its_own_leans_on_nothing(text: str) -> None:
    assert lean_of(text) is None


def test_wishes_about_the_words_last_longer_than_questions() -> None:
    later = timedelta(hours=3)
    assert fresh(Lean.SIMPLER, later)
    assert not fresh(Lean.TIME, later)
    assert forgotten(timedelta(days=1))


def test_a_part_of_an_answer_ends_as_a_sentence() -> None:
    assert sentences_on("amount", "一次一小块；别榨汁。") == "一次一小块。"


def test_the_first_time_is_no_number_of_times() -> None:
    unit = unit_of("要量几遍")
    assert unit is not None
    assert unit.search("连量2遍，隔1分钟")
    assert not unit.search("第一次量，两只胳膊都量")


def test_every_asking_clause_is_one_question() -> None:
    text = normalise("能吃花生不，还有降压药饭前吃还是饭后吃")
    assert pieces(text) == ("能吃花生不", "降压药饭前吃还是饭后吃")
    assert pieces(normalise("我最近腿没劲，能吃西瓜吗")) == ("我最近腿没劲,能吃西瓜吗",)
