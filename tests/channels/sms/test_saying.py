"""What lies open on a screen names nobody; what a template could not say, a doctor says."""

from __future__ import annotations

import pytest

from channels.sms.saying import leaves_to_say, words_for
from texts.catalogue import Channel, Use, catalogue, render

STARTED = [
    key for key, one in catalogue().sentences.items() if one.use is Use.INITIATED and one.sms
]


@pytest.mark.parametrize("key", STARTED)
def test_what_we_start_names_nobody_on_sms(key: str) -> None:
    said = words_for(key, "王桂芳，该随访啦。请坐着歇5分钟量个血压。")
    assert said == render(str(catalogue().sentence(key).sms))
    assert "王桂芳" not in said
    assert Channel.SMS in catalogue().sentence(str(catalogue().sentence(key).sms)).channels


@pytest.mark.parametrize(
    "key", ["reading.recorded", "doctor.replied", "answer.passage", "lesson.today"]
)
def test_other_words_go_as_they_are(key: str) -> None:
    assert words_for(key, "记下了：血压128/76。") == "记下了：血压128/76。"


def test_a_doctor_phones_after_a_template_that_says_only_that_there_is_something() -> None:
    assert leaves_to_say("question_noted")
    assert leaves_to_say("reply_waiting")
    assert not leaves_to_say("reading_noted")
    assert not leaves_to_say("a WeChat template")
