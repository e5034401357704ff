"""The words themselves: every sentence rendered, counted, and read for what must not be said."""

from __future__ import annotations

import re

import opencc
import pytest

from texts.catalogue import Channel, Sentence, Use, catalogue
from texts.segments import sms_segments

SENTENCES = list(catalogue().sentences.values())
IDS = [s.key for s in SENTENCES]
SIGNATURE = len("【清水镇卫生院】")
DRUGS = re.compile(
    r"硝苯|心痛定|阿司匹林|硝酸甘油|卡托普利|速效救心|丹参|布洛芬|二甲双胍|地平|普利|沙坦|洛尔|列净|格列"
)
DOSE = re.compile(r"\d+\s*(毫克|mg|片|粒|单位|U\b)", re.IGNORECASE)
SPECIAL = re.compile(r"[①-⑳★☆㎎㎏℃²³【】\U00010000-\U0010ffff]")
SIMPLIFY = opencc.OpenCC("t2s")
HALF_WIDTH = re.compile(r"[,;:!?()\[\]\"']|(?<!\d)\.|\.(?!\d)")


def sample(found: Sentence) -> str:
    names = catalogue().placeholders
    return catalogue().render(found.key, **{n: names[n].sample for n in found.placeholders})


def longest(found: Sentence) -> str:
    names = catalogue().placeholders
    values = {n: "国" * names[n].max_length for n in found.placeholders}
    return catalogue().render(found.key, **values)


@pytest.mark.parametrize("found", SENTENCES, ids=IDS)
def test_every_sentence_renders_within_its_length(found: Sentence) -> None:
    assert sample(found)
    assert len(longest(found)) <= found.max_length


@pytest.mark.parametrize("found", SENTENCES, ids=IDS)
def test_every_sentence_is_simplified_chinese_with_full_width_punctuation(found: Sentence) -> None:
    text = found.text
    assert SIMPLIFY.convert(text) == text
    assert not HALF_WIDTH.search(re.sub(r"\{\w+\}", "", text))


@pytest.mark.parametrize(
    "found", [s for s in SENTENCES if Channel.SMS in s.channels], ids=lambda s: s.key
)
def test_an_sms_keeps_the_rules_of_the_providers(found: Sentence) -> None:
    text = longest(found)
    assert "医疗" not in text
    assert not SPECIAL.search(text)
    assert "phone" not in found.placeholders
    assert "}{" not in found.text
    assert sms_segments(text, signature=SIGNATURE) <= 3
    if found.use in {Use.INITIATED, Use.DOCTOR, Use.SAFETY}:
        assert sms_segments(text, signature=SIGNATURE) <= 2
        assert "退订" not in text


@pytest.mark.parametrize(
    "found",
    [s for s in SENTENCES if Channel.SMS in s.channels and s.use in {Use.INITIATED, Use.DOCTOR}],
    ids=lambda s: s.key,
)
def test_what_we_start_by_sms_names_no_disease_no_value_and_nobody(found: Sentence) -> None:
    assert found.template
    assert not re.search(r"血压|血糖|高血压|糖尿病|胰岛素|药", found.text)
    assert not found.placeholders & {"name", "names", "value", "values"}


def test_every_sentence_we_start_has_an_sms_that_may_be_started() -> None:
    for found in SENTENCES:
        if found.use is Use.INITIATED and found.sms:
            assert catalogue().sentence(found.sms).use is Use.INITIATED


@pytest.mark.parametrize("found", [s for s in SENTENCES if s.template], ids=lambda s: s.key)
def test_a_wechat_template_field_has_at_most_twenty_characters(found: Sentence) -> None:
    if Channel.SMS not in found.channels:
        assert found.max_length <= 20
        assert "\n" not in found.text


@pytest.mark.parametrize(
    "found", [s for s in SENTENCES if s.use is Use.SAFETY], ids=lambda s: s.key
)
def test_a_safety_text_names_no_drug_and_no_dose(found: Sentence) -> None:
    assert not DRUGS.search(found.text)
    assert not DOSE.search(found.text)


@pytest.mark.parametrize(
    "found",
    [
        s
        for s in SENTENCES
        if s.key.startswith("safety.") and "duty" not in s.key and s.key != "safety.clinic_phone"
    ],
    ids=lambda s: s.key,
)
def test_a_safety_text_names_120(found: Sentence) -> None:
    assert "120" in found.text
    assert not found.placeholders


def test_the_conscious_are_told_to_take_sugar_at_once() -> None:
    for key in ("safety.hypo", "safety.hypo_low", "safety.meter_lo"):
        assert (
            "马上吃糖" in sample(catalogue().sentence(key))
            or "现在吃糖" in catalogue().sentence(key).text
        )


def test_nobody_unconscious_is_told_to_be_fed() -> None:
    for key in ("safety.hypo_severe", "safety.unconscious", "safety.shock"):
        text = catalogue().sentence(key).text
        assert "不要喂" in text
        assert "吃糖" not in text


def test_the_suicide_texts_name_the_hotline() -> None:
    for key in ("safety.suicide", "safety.suicide_passive"):
        assert "12356" in catalogue().sentence(key).text


def test_the_angioedema_text_says_nothing_of_the_next_dose() -> None:
    text = catalogue().sentence("safety.angioedema").text
    assert not re.search(r"下一顿|停药|先别吃|不要再吃", text)


def test_the_assistant_says_what_it_is() -> None:
    for key in ("chat.greeting", "chat.who_am_i", "welcome.follow"):
        assert re.search(r"AI.*不是医生", catalogue().sentence(key).text)
