"""Odd values raise a question with an innocent explanation, never a verdict."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reports.asking import questions
from reports.month import Month
from tests.reports.conftest import Look
from tests.reports.hand import Hand, day, pressure

VERDICTS = ("造假", "作假", "虚假", "违规", "编造", "问题村", "异常", "不合格", "排名")


def measured(hand: Hand, systolics: list[int], name: str = "c2") -> None:
    for number, systolic in enumerate(systolics):
        hand.value(name, pressure(systolic, 80), day(11, 1) + timedelta(days=number % 20))


@pytest.mark.parametrize(
    ("systolics", "asked"),
    [
        ([120 + n % 10 for n in range(40)], []),
        ([120] * 12 + [120 + n % 9 + 1 for n in range(28)], ["末位是 0"]),
        ([131 + n % 9 for n in range(30)] + [141 + n % 9 for n in range(10)], ["刚好在线下"]),
        ([120] * 29, []),
    ],
    ids=["every digit", "many noughts", "just below the line", "too few to ask"],
)
def test_what_is_worth_asking(
    hand: Hand, look: Look, systolics: list[int], asked: list[str]
) -> None:
    measured(hand, systolics)
    found = list(questions(look("c", Month(2026, 11))))
    assert len(found) == len(asked)
    for question, words in zip(found, asked, strict=True):
        assert question.place == "南湾村"
        assert words in question.text
        assert question.text.endswith("？")
        assert question.perhaps
        assert not any(verdict in question.text + question.perhaps for verdict in VERDICTS)


def test_home_values_raise_no_question(hand: Hand, look: Look) -> None:
    for number in range(40):
        hand.value("c2", pressure(120, 80), day(11, 1 + number % 20), setting="home")
    assert questions(look("c", Month(2026, 11))) == ()


def test_nothing_hidden_is_asked_about(hand: Hand, look: Look) -> None:
    measured(hand, [120] * 40)
    assert questions(look("far", Month(2026, 11), inside=False)) == ()
