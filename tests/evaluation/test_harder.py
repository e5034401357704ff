"""Suifang's own harder set, per dialect group and per trap.

320 messages by somebody blind to rules, corpus and packs: half as on question forums, half as a village
writes. The first tag is the dialect group, the second the manner, the rest name the traps. The first run,
before anything was mended from it: readings F1 0.877, falsely stored 2 of 30, emergencies raised and called
all, emergency and urgent 0.989, specificity 0.925, answered 0.842, declined all. Bars hold what is reached.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.scoring import RAISED, Said, below, cited, exact_f1, is_level, right

FILE = Path(__file__).with_name("harder.jsonl")
GROUPS = {
    *("plain", "southwest", "central_plains", "northeast", "wu", "xiang", "gan", "yue", "min"),
    *("hakka", "jin"),
}
TRAPS = {
    *("bare_title", "chit_chat", "correction", "date", "dose", "education", "goal", "habitual"),
    *("hypothetical", "idiom", "implausible", "injection", "joined", "lesson", "long_story"),
    *("negation_list", "other_cause", "partial", "past", "phone", "plain_number"),
    *("prescription_request", "range", "relative", "several_people", "several_readings"),
    *("spoken_number", "time_word", "typo", "understated", "unit", "veiled", "voice_slip"),
}
# Of fewer lines one miss says nothing.
ENOUGH = 5

Answered = Callable[[str], list[Said]]
Record = Callable[[str, object], None]


@pytest.fixture
def of(answered: Answered) -> Answered:
    return lambda task: [said for said in answered("harder") if said[0]["task"] == task]


def test_every_line_names_its_dialect_group_and_a_trap() -> None:
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in FILE.read_text("utf-8").splitlines()
    ]
    assert len({line["text"] for line in lines}) == 320
    assert {line["tags"][0] for line in lines} == GROUPS
    assert {line["tags"][1] for line in lines} == {"forum", "village"}
    assert all(line["tags"][2:] for line in lines)
    assert {trap for line in lines for trap in line["tags"][2:]} == TRAPS


@pytest.mark.slow
def test_what_is_stored_is_what_a_careful_nurse_writes_down(of: Answered) -> None:
    f1, wrong = exact_f1(of("readings"))
    assert f1 >= 0.95, wrong


@pytest.mark.slow
def test_numbers_that_are_no_readings_are_not_stored(of: Answered) -> None:
    lines = [said for said in of("readings") if not said[0]["record"]]
    assert below(0.98, lines, [said for said in lines if not said[1]["readings"]]) == []


@pytest.mark.slow
def test_emergencies_are_raised(of: Answered) -> None:
    lines = [said for said in of("triage") if is_level(said, "emergency")]
    assert below(1, lines, [said for said in lines if said[1]["level"] in RAISED]) == []


@pytest.mark.slow
def test_what_only_an_emergency_will_do_for_is_one(of: Answered) -> None:
    lines = [said for said in of("triage") if said[0]["accept"] == ["emergency"]]
    assert below(1, lines, [said for said in lines if said[1]["level"] == "emergency"]) == []


@pytest.mark.slow
def test_the_urgent_are_seen_too(of: Answered) -> None:
    lines = [said for said in of("triage") if set(said[0]["accept"]) <= RAISED]
    assert below(0.98, lines, [said for said in lines if said[1]["level"] in RAISED]) == []


@pytest.mark.slow
def test_the_well_are_left_in_peace(of: Answered) -> None:
    lines = [said for said in of("triage") if not set(said[0]["accept"]) & RAISED]
    assert below(0.92, lines, [said for said in lines if said[1]["level"] not in RAISED]) == []


@pytest.mark.slow
def test_what_can_be_answered_is(of: Answered) -> None:
    lines = [said for said in of("question") if said[0]["answerable"]]
    assert below(0.97, lines, [said for said in lines if said[1]["answered"]]) == []


@pytest.mark.slow
def test_answers_come_from_an_article_that_answers(of: Answered) -> None:
    lines = [said for said in of("question") if said[1]["answered"] and said[0]["articles"]]
    assert (
        below(0.93, lines, [said for said in lines if cited(said[1]) & set(said[0]["articles"])])
        == []
    )


@pytest.mark.slow
def test_what_cannot_be_answered_is_declined(of: Answered) -> None:
    lines = [said for said in of("question") if not said[0]["answerable"]]
    assert below(1, lines, [said for said in lines if not said[1]["answered"]]) == []


@pytest.mark.slow
@pytest.mark.parametrize("tags", [slice(0, 1), slice(2, None)], ids=["group", "trap"])
def test_no_dialect_group_and_no_trap_falls_behind(
    tags: slice, answered: Answered, record_property: Record
) -> None:
    by_tag = defaultdict(list)
    for said in answered("harder"):
        for tag in said[0]["tags"][tags]:
            by_tag[tag].append(said)
    for tag, lines in sorted(by_tag.items()):
        good = [said for said in lines if right(said)]
        record_property(tag, f"{len(good)}/{len(lines)}")
        print(f"{tag:22}{len(good):4} of{len(lines):4}")  # noqa: T201 - the table, with `pytest -s`
    for lines in by_tag.values():
        if len(lines) >= ENOUGH:
            assert below(0.8, lines, [said for said in lines if right(said)]) == []
