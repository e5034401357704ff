"""A lesson in two SMS: the source and the label are never cut, and no half sentence is said."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.article import PLAIN_LIMIT, Review, Signature, read_articles
from knowledge.composing import SHORT_LIMIT
from knowledge.curriculum import curriculum
from schedules.lesson_words import FREE_LIMIT, discreet, words
from tests.schedules.classroom import an_article

TAUGHT = {one for subject in curriculum().subjects for one in subject.articles}


@pytest.mark.parametrize("name", ["", "王桂芳"])
@pytest.mark.parametrize("opt_out", [False, True])
def test_nearly_every_article_of_the_curriculum_can_be_taught(*, opt_out: bool, name: str) -> None:
    left = []
    for article in read_articles():
        if article.id in TAUGHT:
            text = words(article, name=name, opt_out=opt_out)
            if text is None:
                left.append(article.id)
                continue
            assert article.plain in text
            assert article.title in text
            assert article.sources[0].cite in text
            assert len(text) <= SHORT_LIMIT
    # Those come in a week in which nothing else need be said.
    assert len(left) <= len(TAUGHT) * (0.25 if name else 0.1) * opt_out + bool(name), left


def test_what_to_do_today_is_said_where_there_is_room() -> None:
    today = "把盐勺换成小的。"
    article = an_article("life.salt")
    assert f"今天可以做：{today}" in (words(article, name="", opt_out=False, today=today) or "")
    long = an_article("life.salt", plain="盐" * 90 + "。")
    text = words(long, name="", opt_out=False, today=today) or ""
    assert "今天可以做" not in text
    assert "待医生审核" in text


def test_where_length_costs_nothing_all_of_it_is_said() -> None:
    today = curriculum().today_of
    short = [one for one in read_articles() if one.id in TAUGHT and today(one)]
    assert short
    for article in short:
        text = words(article, name="", opt_out=False, today=today(article), limit=FREE_LIMIT)
        assert text is not None
        assert article.today in text
    for article in read_articles():
        if article.id in TAUGHT:
            assert words(article, name="王桂芳", opt_out=True, limit=FREE_LIMIT) is not None


def test_what_to_do_today_that_is_too_long_is_left_out() -> None:
    text = words(an_article("life.salt"), name="", opt_out=False, today="做" * 80)
    assert text == "小课：e.salt。life.salt的要点。（来源：基层指南2025版，待医生审核）"


def test_an_article_that_does_not_fit_is_not_taught() -> None:
    assert words(an_article("life.salt", plain="盐" * 130), name="", opt_out=False) is None
    tight = an_article("life.salt", plain="盐" * 95)
    assert words(tight, name="", opt_out=False) is not None
    assert words(tight, name="王桂芳", opt_out=False) is not None
    assert words(tight, name="王桂芳", opt_out=True) is None


def test_a_signed_article_has_no_label() -> None:
    signed = an_article(
        "life.salt", review=Review.SIGNED, signature=Signature("张医生", "主任", date(2026, 1, 1))
    )
    assert "待医生审核" not in (words(signed, name="", opt_out=False) or "待医生审核")


@given(
    plain=st.integers(1, PLAIN_LIMIT),
    today=st.integers(0, 90),
    name=st.sampled_from(["", "王桂芳", "欧阳阿依古丽买买提江艾合买提"]),
    opt_out=st.booleans(),
)
def test_never_longer_than_two_sms_and_never_without_its_source(
    plain: int, today: int, name: str, *, opt_out: bool
) -> None:
    article = an_article("life.salt", plain="盐" * plain)
    text = words(article, name=name, opt_out=opt_out, today="做" * today)
    if text is not None:
        assert len(text) <= SHORT_LIMIT
        assert "盐" * plain in text
        assert "（来源：基层指南2025版，待医生审核）" in text
        assert ("不学了" in text) is opt_out


def test_the_shelf_can_be_seen_by_a_stranger() -> None:
    unsaid = curriculum().unsaid
    assert discreet("少吃盐，多走走。", unsaid)
    assert not discreet("血压高的人少吃盐。", unsaid)
