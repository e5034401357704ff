"""A cry for help that is the whole message, and numbers that only look like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.level import Level
from care.reading import Kind
from language.expecting import Expecting
from language.judgement import highest, judge
from language.reader import read

PRESSURE = Expecting(frozenset({Kind.BP}))
PIECES = [
    "我要死了", "快死了", "救护车", "120", "高压120", "打120", "累死了", "头疼", "似的", "，", "。",
    "我妈", "胸口疼", "没有", "血压190/120", "不想活了", "笑得", "去年", "不行了",
]  # fmt: skip


@pytest.mark.parametrize("said", ["120", "120！", "１２０", "120120", "幺二零", "一二零"])
def test_a_bare_120_before_which_nothing_was_asked_is_a_cry_for_help(said: str) -> None:
    assert highest(judge(read(said, unasked=True))) is Level.EMERGENCY


def test_a_bare_120_that_is_a_piece_of_several_messages_or_an_answer_is_none() -> None:
    assert highest(judge(read("120"))) is Level.NONE
    assert highest(judge(read("120", expecting=PRESSURE, unasked=True))) is Level.NONE


@pytest.mark.parametrize(
    "said", ["高压120", "血压120", "120/80", "脉搏120", "119", "121", "12", "1200"]
)
def test_a_value_stays_a_value(said: str) -> None:
    assert read(said, unasked=True).findings == ()


@pytest.mark.parametrize(
    "said", ["12.0", "１２.０", "1.20", "1:20", "12:0", "1,20", "1 20", "12 0", "1，20", "12。0"]
)
def test_a_sign_between_digits_makes_another_number_of_it(said: str) -> None:
    assert highest(judge(read(said, unasked=True))) is Level.NONE


def test_an_ambulance_is_called_even_while_a_value_is_awaited() -> None:
    assert highest(judge(read("救护车", expecting=PRESSURE))) is Level.EMERGENCY


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6))
def test_that_nothing_was_asked_makes_no_message_less_urgent(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert highest(judge(read(text, unasked=True))) >= highest(judge(read(text)))
