"""Which messages end what we start by SMS."""

from __future__ import annotations

import pytest

from channels.sms.optout import OUT, wants_out
from language.intent import intent_of
from language.understanding import Intent


@pytest.mark.parametrize(
    "said",
    [
        "R",
        "r",
        "ＴＤ",
        "退订",
        "R退订",
        "退订R",
        "退订了",
        "拒收请回复R",
        "“退订”",
        "回复R",
        "回 R",
        "退订回T D。",
    ],
)
def test_what_carriers_taught_people_to_reply_ends_it(said: str) -> None:
    assert wants_out(said)


@pytest.mark.parametrize(
    "said",
    ["", "T", "N", "取消", "不退订", "药退订了吗", "回复", "怎么退订", "R降压片", "血压140/90"],
)
def test_other_messages_do_not(said: str) -> None:
    assert not wants_out(said)


@pytest.mark.parametrize("said", sorted(OUT))
def test_elsewhere_the_turn_understands_the_same_words(said: str) -> None:
    assert intent_of(said, reports=False) is Intent.STOP
