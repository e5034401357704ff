"""What the sender wants, and the small answers of a follow-up."""

from __future__ import annotations

import pytest

from language.reader import read
from language.understanding import Intent


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        ("退订", Intent.STOP), ("TD", Intent.STOP), ("R", Intent.STOP), ("拒收。", Intent.STOP),
        ("退订降压药怎么退", Intent.QUESTION),
        ("恢复", Intent.RESUME), ("转人工", Intent.DOCTOR), ("我要找医生说话", Intent.DOCTOR),
        ("帮助", Intent.HELP), ("您好", Intent.GREETING), ("对", Intent.CONFIRM),
        ("是的！", Intent.CONFIRM), ("没错", Intent.CONFIRM), ("嗯", Intent.CONFIRM),
        ("不对", Intent.DENY), ("错了", Intent.DENY), ("刚才那个不算", Intent.WITHDRAW),
        ("刚才发的不算，机器没绑好", Intent.WITHDRAW),
        ("血压150/95", Intent.REPORT), ("头晕", Intent.REPORT),
        ("高血压能吃鸡蛋吗", Intent.QUESTION), ("谢谢", Intent.THANKS), ("", Intent.OTHER),
        ("今天赶集去了", Intent.OTHER),
        ("血压好了，不吃药要得不", Intent.QUESTION), ("降压药天天吃要不要得", Intent.QUESTION),
        ("药要补么", Intent.QUESTION), ("血压高的人抽烟能咋地，非戒不可吗", Intent.QUESTION),
        ("吃莜面好还是白面好", Intent.QUESTION), ("要么明天再说", Intent.OTHER),
    ],
)  # fmt: skip
def test_the_intent_is_heard(message: str, intent: Intent) -> None:
    assert read(message).intent is intent


def test_a_sentence_about_stopping_a_medicine_never_unsubscribes() -> None:
    for message in ("我把药退了", "R线片", "医生叫我停药退订床位", "药停了不要了"):
        assert read(message).intent is not Intent.STOP


@pytest.mark.parametrize(
    ("message", "taken"),
    [
        ("药都吃了", True), ("按时吃着呢", True), ("药还吃着呢", True), ("药还在吃", True), ("忘吃药了", False), ("药没吃", False),
        ("停药一个月了", False), ("血压150/95", None), ("打了针", True),
    ],
)  # fmt: skip
def test_whether_the_medicine_was_taken_is_heard(message: str, taken: bool | None) -> None:
    assert read(message).medicine_taken is taken


@pytest.mark.parametrize(
    ("message", "well"),
    [
        ("没有不舒服", True), ("都好", True), ("没事", True), ("没啥感觉，血压130/80", True),
        ("药都吃了，没有哪里不舒服", True), ("没哪儿不得劲", True), ("哪里都好", True),
        ("没有哪里不舒服就是胸口疼", False), ("哪里都好就是头晕", False),
        ("没事就是有点头晕", False), ("头晕，没有别的不舒服", False), ("头疼", False),
    ],
)  # fmt: skip
def test_nothing_ails_only_when_nothing_else_was_said(message: str, well: bool) -> None:
    assert read(message).no_symptoms is well


@pytest.mark.parametrize("message", ["没有哪里不舒服", "哪里都好", "没哪儿不得劲", "哪都好着呢"])
def test_a_word_of_asking_behind_a_no_asks_nothing(message: str) -> None:
    assert not read(message).question


@pytest.mark.parametrize(
    "message", ["没有哪里可以买到试纸吗", "降压药哪里都能买吗", "哪里能查血糖"]
)
def test_a_place_that_is_asked_for_is_asked_for(message: str) -> None:
    assert read(message).question


@pytest.mark.parametrize(
    ("message", "age"),
    [
        ("我今年67岁", 67), ("男，58岁，血压150/95", 58), ("女62，头晕", 62), ("奶奶82岁了", 82),
        ("我40岁时查出高血压", None), ("血压150/95", None), ("3个月大的宝宝", None),
    ],
)  # fmt: skip
def test_the_age_is_heard(message: str, age: int | None) -> None:
    assert read(message).age == age


@pytest.mark.parametrize(
    ("message", "pregnant"),
    [
        ("怀孕28周", True),
        ("我是孕妇", True),
        ("备孕中", False),
        ("怀孕前血压正常", False),
        ("血压高", False),
    ],
)
def test_pregnancy_is_heard(message: str, pregnant: bool) -> None:
    assert read(message).pregnant is pregnant


def test_diseases_and_drugs_are_heard() -> None:
    understood = read("我有高血压糖尿病，打胰岛素，还吃阿司匹林")
    assert understood.conditions == {"hypertension", "type2_diabetes"}
    assert understood.drugs == {"insulin", "blood_thinner"}
    assert read("这算高血压吗").conditions == frozenset()
