"""The registry of templates: every one fits one SMS, says nothing refused, and stands in for the right words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.level import Level
from care.protocol import protocol
from channels.templates import (
    SINGLE,
    SOURCE,
    Registry,
    TemplateError,
    TemplateIds,
    load,
    longest_phone,
    registry,
)
from texts.catalogue import Channel, Use, catalogue, render
from texts.segments import sms_units

WHOLE = load(SOURCE, longest_phone())
NAMES = sorted(entry.name for entry in WHOLE)


@pytest.mark.parametrize("name", NAMES)
def test_no_template_holds_what_a_provider_refuses(name: str) -> None:
    assert WHOLE.problems(name) == []
    assert registry().problems(name) == []


@pytest.mark.parametrize("name", NAMES)
@given(value=st.text(max_size=80))
def test_with_any_value_a_template_is_one_sms_without_refused_signs(name: str, value: str) -> None:
    fields = dict.fromkeys(WHOLE.template(name).gaps, value)
    filled = WHOLE.filled(name, fields, "清水镇中心卫生院")
    assert filled.segments == 1
    assert sms_units(filled.text) <= SINGLE
    assert filled.text.count("【") == 1
    assert "$" not in filled.text
    assert all(filled.values.values())


def test_a_template_names_the_clinic_only_where_a_landline_is_known() -> None:
    assert "0871-6123456" in registry("0871-6123456").template("danger").sms
    assert "{" not in registry().template("danger").sms


def test_the_words_for_danger_name_120() -> None:
    for name in ("danger", "danger_sugar", "danger_company", "see_today", "still_alone"):
        assert "120" in WHOLE.template(name).sms


def test_a_message_goes_by_its_own_name_then_its_sentence_then_its_purpose() -> None:
    reg = registry()
    assert reg.name_for("doctor", "doctor.replied", {"name": "reply_waiting"}) == "reply_waiting"
    assert reg.name_for("reply", "reading.recorded", {"name": "unheard_of"}) == "reading_noted"
    assert reg.name_for("safety", "safety.hypo_low", {}) == "danger_sugar"
    assert reg.name_for("safety", "safety.stroke", {}) == "danger"
    assert reg.name_for("reply", "nothing.known", {}) == "question_noted"
    assert reg.name_for("education", "lesson.head", {}) is None


def test_for_a_reply_of_several_sentences_goes_what_must_be_answered() -> None:
    keys = ["reading.recorded", "chat.thanks", "followup.ask_symptoms"]
    assert registry().name_for("reply", keys[0], {"keys": keys}) == "ask_wellbeing"
    assert registry().name_for("reply", keys[1], {"keys": keys[:2]}) == "reading_noted"
    assert registry().name_for("reply", keys[1], {"keys": keys[1:2]}) is None


ON_SMS = [
    key
    for key, found in catalogue().sentences.items()
    if Channel.SMS in found.channels and found.use is not Use.LABEL
]


@pytest.mark.parametrize("key", [*ON_SMS, "answer.passage", "answer.reworded"])
def test_every_sentence_that_may_go_by_sms_has_a_stand_in_or_is_silent_on_purpose(key: str) -> None:
    assert registry().is_silent(key) or registry().for_sentence(key) is not None


def test_the_template_that_a_sentence_names_is_the_one_that_stands_in_for_it() -> None:
    named = {key: one.template for key, one in catalogue().sentences.items() if one.template}
    assert set(named.values()) <= set(registry().templates)
    assert {key: registry().for_sentence(key) for key in named if key in ON_SMS} == {
        key: name for key, name in named.items() if key in ON_SMS
    }


# They ask for somebody to be registered, which by SMS is the village doctor's affair.
NEED_NO_ANSWER = {
    "reading.for_other",
    "reading.not_yours",
    "reading.not_yours_other",
    "feedback.hint",
}


@pytest.mark.parametrize("key", sorted(set(ON_SMS) - NEED_NO_ANSWER))
def test_where_the_sentence_asks_the_template_asks_too_or_a_doctor_does(key: str) -> None:
    if key.startswith("bell.") or not re.search("？|请回", catalogue().sentence(key).text):
        return
    name = registry().for_sentence(key)
    assert registry().is_silent(key) or name is not None
    if name is not None:
        entry = registry().template(name)
        assert entry.calls or re.search("？|请回|请把|再发|前面写上", entry.sms), key


READY_MADE = [key for key in catalogue().sentences if key.startswith("canned.")]


@pytest.mark.parametrize("key", READY_MADE)
def test_a_ready_made_reply_goes_in_its_own_words_and_nobody_phones_besides(key: str) -> None:
    brought = {"name": "reply_waiting", "keys": [key]}
    first, *others = registry().candidates("doctor", "doctor.replied", brought)
    # Words about danger are never put off to a call.
    assert others == (["danger"] if key == "canned.call_120" else ["reply_waiting"])
    assert not registry().template(first).calls
    assert registry().template(first).sms == f"医生回复：{render(key)}"


def test_what_a_doctor_writes_in_other_words_is_announced() -> None:
    brought = {"name": "reply_waiting"}
    assert registry().candidates("doctor", "doctor.replied", brought) == ("reply_waiting",)


def test_what_could_not_be_said_is_said_by_a_doctor_on_the_phone() -> None:
    for key in ("answer.passage", "answer.refuse_dose", "answer.not_known", "doctor.replied"):
        name = registry().for_sentence(key)
        assert name is not None
        assert registry().template(name).calls


def test_every_emergency_is_told_to_call_120_now_and_nothing_urgent_is_told_less_than_today() -> (
    None
):
    reg = registry()
    for rule in protocol().book.rules:
        if not rule.advice.startswith("safety."):
            continue
        name = reg.for_sentence(rule.advice)
        assert name in {"danger", "danger_sugar", "danger_company", "see_today"}, rule.id
        if rule.level is Level.EMERGENCY:
            assert name != "see_today", rule.id


def test_where_a_template_is_not_approved_another_one_goes() -> None:
    assert registry().candidates("safety", "safety.hypo_low", {}) == ("danger_sugar", "danger")


DANGER = {"danger", "danger_sugar", "danger_company", "see_today", "still_alone", "said_call_120"}


@pytest.mark.parametrize("name", NAMES)
def test_no_calm_word_is_told_as_danger_and_no_danger_as_calm(name: str) -> None:
    reg = registry()
    chain = reg.candidates("reply", "nothing", {"name": name})
    assert chain[0] == name
    assert {one in DANGER for one in chain} == {name in DANGER}


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ("reading.past", "old_value"),
        ("reading.for_other", "not_your_file"),
        ("feedback.unhelpful", "sorry"),
        ("feedback.beyond", "ask_doctor"),
        ("follow.ask_back", "ask_which_matter"),
        ("consent.given_all", "agreed"),
        ("escalation.acknowledged", "doctor_saw"),
    ],
)
def test_a_sentence_is_stood_in_for_by_one_that_is_true_of_it(key: str, sent: str) -> None:
    assert registry().for_sentence(key) == sent


@pytest.mark.parametrize("key", ["consent.ask", "consent.ask_family", "consent.held"])
def test_whatever_asks_for_consent_names_all_that_a_plain_yes_gives(key: str) -> None:
    name = registry().for_sentence(key)
    assert name is not None
    for words in (catalogue().sentence(key).text, registry().template(name).sms):
        assert re.search("记|数给医生看", words)
        assert "提醒" in words
        assert "健康知识" in words


def test_nothing_goes_for_words_about_stopping() -> None:
    assert registry().name_for("reply", "stop.done", {}) is None
    assert registry().is_silent("stop.done")
    assert not registry().is_silent("reading.recorded")


def test_a_value_is_cut_cleaned_and_never_empty() -> None:
    filled = registry().filled(
        "staff_alarm", {"village": "东【沟】\n村★" + "长" * 20, "code": "48x21", "level": ""}
    )
    assert filled.values == {"level": "紧急", "village": "东沟村长长长长长长长", "code": "4821"}
    assert "13800001111" not in registry().filled("staff_alarm", {"village": "13800001111"}).text


def test_tencent_counts_the_gaps_that_aliyun_names() -> None:
    entry = registry().template("staff_alarm")
    assert "${level}：${village}" in entry.as_registered("aliyun")
    assert "{1}：{2}" in entry.as_registered("tencent")


def test_only_an_approved_id_is_given_out(tmp_path: Path) -> None:
    file = tmp_path / "templates.toml"
    file.write_text(
        '[aliyun.danger]\nid = "SMS_1"\nstate = "approved"\n'
        '[tencent.danger]\nid = "77"\nstate = "pending"\n',
        "utf-8",
    )
    ids = TemplateIds.load(file)
    assert ids.of("aliyun", "danger") == "SMS_1"
    assert ids.of("tencent", "danger") is None
    assert ids.of("kannel", "danger") is None
    assert TemplateIds.load(None).of("aliyun", "danger") is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[aliyun", "TOMLDecodeError"),
        ("aliyun = 1", "AttributeError"),
        ('[aliyun.nothing]\nid = "1"\nstate = "approved"', "no such template"),
        ('[aliyun.danger]\nid = "1"\nstate = "perhaps"', "needs an id and a state"),
        ('[aliyun.danger]\nstate = "approved"', "needs an id and a state"),
    ],
)
def test_a_file_of_ids_that_is_wrong_is_told_by_name(
    tmp_path: Path, content: str, says: str
) -> None:
    file = tmp_path / "templates.toml"
    file.write_text(content, "utf-8")
    with pytest.raises(TemplateError, match=says):
        TemplateIds.load(file)


_META = '[meta]\nreview = "pending"\nsignature = 8\nsilent = []\n[refused]\nlandlines = 2\nw = ["退订"]\n'


def _registry(tmp_path: Path, content: str) -> Registry:
    file = tmp_path / "registry.toml"
    file.write_text(_META + content, "utf-8")
    return load(file)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('[a]\nsms = "好"\nwrong = 1', "unknown"),
        ('[a]\nsms = "好${x}"', "described are"),
        ('[a]\nsms = "好"\ninstead = "b"', "no template b"),
        (
            '[a]\nsms = "好"\ntext_keys = ["x.y"]\n[b]\nsms = "好"\ntext_keys = ["x.y"]',
            "a's already",
        ),
        (
            '[a]\nsms = "好${x}。"\n[a.fields]\nx = {kind="number", max=2, sample="123", default="0"}',
            "does not fit",
        ),
        ("[a]\nsms = 1\n[a", "TOMLDecodeError"),
    ],
)
def test_a_registry_that_is_wrong_is_told_by_name(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        _registry(tmp_path, content)


@pytest.mark.parametrize(
    ("sms", "problem"),
    [
        ("不想收请退订", "w: 退订"),
        ("体重★", "sign: ★"),
        ("打13800001111", "mobile number"),
        ("打0871-6123456、0871-6123457、4001234567", "landlines"),
        ("好" * 61, "units"),
    ],
)
def test_the_reading_of_a_template_finds(tmp_path: Path, sms: str, problem: str) -> None:
    found = _registry(tmp_path, f'[a]\nsms = "{sms}"').problems("a")
    assert any(problem in one for one in found)


def test_a_template_that_is_not_there_is_an_error() -> None:
    with pytest.raises(TemplateError, match="no such template"):
        registry().template("nothing")
