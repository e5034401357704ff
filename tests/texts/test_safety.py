"""The whole safety text: advice, an honest duty sentence, the clinic's number on WeChat only."""

from __future__ import annotations

import pytest

from care.level import Level
from care.protocol import protocol
from texts.catalogue import Channel, catalogue
from texts.safety import safety_reply
from texts.segments import sms_segments

FIRST_BREATH = 27
# Whoever can swallow takes sugar at once; the call comes in the same sentence.
SUGAR_FIRST = {"safety.hypo_low", "safety.meter_lo"}
ADVICE = [
    key
    for key in catalogue().sentences
    if key.startswith("safety.") and "duty" not in key and key != "safety.clinic_phone"
]


def test_an_emergency_says_that_somebody_was_told() -> None:
    text = safety_reply("safety.stroke", Level.EMERGENCY, on_duty=True)
    assert text.startswith("可能是中风，马上打120")
    assert text.endswith("先打120。")
    assert "正在叫值班医生" in text


def test_an_emergency_at_night_says_that_nobody_is_there() -> None:
    text = safety_reply("safety.stroke", Level.EMERGENCY, on_duty=False)
    assert "没有医生值班" in text
    assert "正在叫值班医生" not in text


def test_an_urgent_text_promises_a_doctor_only_if_there_is_one() -> None:
    assert "会联系您" in safety_reply("safety.foot", Level.URGENT, on_duty=True)
    assert "直接去卫生院" in safety_reply("safety.foot", Level.URGENT, on_duty=False)


def test_the_number_of_the_clinic_goes_by_wechat_only() -> None:
    by_wechat = safety_reply("safety.foot", Level.URGENT, on_duty=True, phone="0871-6123456")
    by_sms = safety_reply(
        "safety.foot", Level.URGENT, on_duty=True, phone="0871-6123456", channel=Channel.SMS
    )
    assert "0871-6123456" in by_wechat
    assert "0871" not in by_sms


@pytest.mark.parametrize(
    "advice",
    sorted({r.advice for r in protocol().book.rules if r.level is Level.EMERGENCY} - SUGAR_FIRST),
)
def test_an_emergency_names_120_in_its_first_breath(advice: str) -> None:
    assert "120" in catalogue().sentence(advice).text[:FIRST_BREATH]


@pytest.mark.parametrize("on_duty", [True, False], ids=["on duty", "nobody"])
@pytest.mark.parametrize("level", [Level.URGENT, Level.EMERGENCY])
@pytest.mark.parametrize("advice", ADVICE)
def test_every_safety_text_is_at_most_110_characters_and_two_sms(
    advice: str, level: Level, on_duty: bool
) -> None:
    text = safety_reply(advice, level, on_duty=on_duty, channel=Channel.SMS)
    assert len(text) <= 110
    assert sms_segments(text, signature=8) <= 2


@pytest.mark.parametrize("on_duty", [True, False], ids=["on duty", "nobody"])
@pytest.mark.parametrize(
    "advice", sorted({r.advice for r in protocol().book.rules if r.level is Level.EMERGENCY})
)
def test_every_emergency_text_is_one_sms_with_its_signature(advice: str, on_duty: bool) -> None:
    text = safety_reply(advice, Level.EMERGENCY, on_duty=on_duty, channel=Channel.SMS)
    assert sms_segments(text, signature=8) == 1
    assert "120" in text


def test_despair_has_a_line_of_its_own_and_no_sentence_about_a_cause() -> None:
    for key in ("safety.suicide", "safety.suicide_passive"):
        text = catalogue().sentence(key).text
        assert "12356" in text
        assert "110" in text
        assert "吃糖" not in text
