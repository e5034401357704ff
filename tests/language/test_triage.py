"""From a message to its urgency, through the same judgement as the live turn."""

from __future__ import annotations

import pytest

from care.situation import Background, Programme
from language.judgement import highest, judge
from language.reader import read

LETTERS = {"emergency": "E", "urgent": "U", "routine": "R", "none": "N"}
SENDER = Background(
    age=60, conditions=frozenset({Programme.HYPERTENSION, Programme.TYPE2_DIABETES})
)
EXPECTANT = Background(age=28)


def test_the_level_is_one_a_careful_nurse_could_defend(
    triage: dict[str, str], request: pytest.FixtureRequest
) -> None:
    background = EXPECTANT if request.node.callspec.id == "pregnancy" else SENDER
    levels = {m: LETTERS[highest(judge(read(m), background))] for m in triage}
    assert {m: got for m, got in levels.items() if got not in triage[m]} == {}


def findings(message: str) -> set[str]:
    return {finding.concept for finding in read(message).findings}


@pytest.mark.parametrize(
    ("message", "concept"),
    [
        ("没有胸闷,就是左边手脚使不上劲", "one_sided_weakness"),
        ("右边手脚发麻", "one_sided_numbness"),
        ("两只手都麻", "symmetrical_numbness"),
        ("左小腿肿了", "leg_swollen_one"),
        ("胸口闷了二十分钟", "chest_pain_prolonged"),
        ("一干活就胸闷", "chest_pain_exertional"),
        ("刚才胸口疼，歇了会儿好了", "chest_pain_resolved"),
        ("头疼得受不了", "severe_headache"),
        ("坐着不动也喘", "dyspnoea_at_rest"),
        ("上周晕倒过一次", "syncope_past_days"),
        ("打麻将的手老发抖", "tremor"),
        ("胳膊抬不起来", "one_sided_weakness"),
    ],
)
def test_parts_troubles_and_qualifiers_compose(message: str, concept: str) -> None:
    assert concept in findings(message)


@pytest.mark.parametrize(
    ("message", "denied"),
    [
        ("没有头疼", {"headache"}),
        ("没有头疼、头晕和恶心", {"headache", "dizziness", "nausea"}),
        ("头不晕，胸口也不闷", {"dizziness", "chest_tightness"}),
        ("恶心呕吐都没有", {"nausea", "vomiting"}),
        ("无胸闷，胸痛，气短", {"chest_tightness", "chest_pain", "dyspnoea"}),
    ],
)
def test_what_is_denied_is_kept_as_denied(message: str, denied: set[str]) -> None:
    understood = read(message)
    assert set(understood.denied) == denied
    assert not understood.findings


@pytest.mark.parametrize(
    "message",
    [
        "没有头晕，胸口闷",
        "没有头晕 胸口闷",
        "没头疼但是胸口闷",
        "除了胸口闷没有别的",
        "忍不住胸口闷",
    ],
)
def test_a_negation_reaches_no_further_than_it_was_said(message: str) -> None:
    assert "chest_tightness" in findings(message)


def test_the_words_between_do_not_matter_to_a_finding() -> None:
    assert "headache" in findings("头这两天一直有点疼")


def test_a_relative_who_is_ill_is_named() -> None:
    finding = read("我爸嘴歪了").findings[0]
    assert (finding.concept, finding.relation) == ("face_droop", "爸")
