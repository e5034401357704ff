"""Agreeing and taking back, by messages that say nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.consenting import ASKED, PURPOSES, Stance, stance_of


@pytest.mark.parametrize("text", ["同意", "同意。", "好的，同意", "都同意", "我愿意"])
def test_one_word_agrees_to_everything_that_was_asked(text: str) -> None:
    assert stance_of(text) == Stance(gives=ASKED)


@pytest.mark.parametrize(
    ("text", "purposes"),
    [
        ("同意记数", {"readings"}),
        ("只同意记数和提醒", {"readings", "reminders"}),
        ("同意共享", {"sharing"}),
        ("恢复提醒", {"reminders"}),
        ("可以给女儿看", {"sharing"}),
        ("我想学", {"education"}),
        ("继续发小课", {"education"}),
    ],
)
def test_one_purpose_alone_is_agreed_to(text: str, purposes: set[str]) -> None:
    assert stance_of(text) == Stance(gives=frozenset(purposes))


@pytest.mark.parametrize(
    ("text", "purposes"),
    [
        ("不要提醒", {"reminders"}),
        ("别再提醒我了", {"reminders"}),
        ("不要科普", {"education"}),
        ("不要发科普了", {"education"}),
        ("不共享", {"sharing"}),
        ("不要给女儿看", {"sharing"}),
        ("不要记数", {"readings"}),
        ("不同意共享", {"sharing"}),
        ("不学了", {"education"}),
        ("我不学了", {"education"}),
        ("不想收小课", {"education"}),
        ("别发小课了", {"education"}),
    ],
)
def test_one_word_takes_one_purpose_back(text: str, purposes: set[str]) -> None:
    assert stance_of(text) == Stance(revokes=frozenset(purposes))


def test_leaving_takes_everything_back() -> None:
    assert stance_of("退出") == Stance(revokes=frozenset(PURPOSES), leaves=True)
    assert stance_of("不同意") == Stance(refuses=True)


@pytest.mark.parametrize(
    "text",
    [
        "我不同意吃这个药",
        "医生同意我停药吗",
        "别记",
        "不要记",
        "停药",
        "提醒我吃药",
        "不学他那样吃药",
        "要学打针",
        "小课",
        "我女儿不同意",
        "血压150/90，同意",
        "记录",
        "",
    ],
)
def test_a_sentence_about_something_else_agrees_to_nothing(text: str) -> None:
    assert stance_of(text) is None


@given(st.text(max_size=40))
def test_any_text_is_survived(text: str) -> None:
    stance = stance_of(text)
    assert stance is None or not (stance.gives and stance.revokes)
