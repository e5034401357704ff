"""The bars of the evaluation, on sets written by hand before their author had seen the rules.

Each set was scored once before anything was mended from it: `blind`, then `fresh` (written before
its author had opened the rules), then `later` (signs said on purpose in words that no list held).
A label may name a range or several levels that a careful nurse could defend; everything else is an error.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.evaluation.scoring import RAISED, Said, below, cited, exact_f1, is_level

Answered = Callable[[str], list[Said]]
pytestmark = pytest.mark.slow
each_set = pytest.mark.parametrize("name", ["blind", "fresh"])
each_triage_set = pytest.mark.parametrize("name", ["blind", "fresh", "later"])


@each_set
def test_what_is_stored_is_what_a_careful_nurse_writes_down(name: str, answered: Answered) -> None:
    f1, wrong = exact_f1(answered(f"readings_{name}"))
    assert f1 >= 0.95, wrong


@each_set
def test_numbers_that_are_no_readings_are_not_stored(name: str, answered: Answered) -> None:
    lines = [said for said in answered(f"readings_{name}") if not said[0]["record"]]
    assert below(0.98, lines, [said for said in lines if not said[1]["readings"]]) == []


@each_triage_set
def test_emergencies_are_raised(name: str, answered: Answered) -> None:
    lines = [said for said in answered(f"triage_{name}") if is_level(said, "emergency")]
    assert below(0.99, lines, [said for said in lines if said[1]["level"] in RAISED]) == []


@each_triage_set
def test_what_only_an_emergency_will_do_for_is_one(name: str, answered: Answered) -> None:
    lines = [said for said in answered(f"triage_{name}") if said[0]["accept"] == ["emergency"]]
    assert below(0.97, lines, [said for said in lines if said[1]["level"] == "emergency"]) == []


@each_triage_set
def test_the_urgent_are_seen_too(name: str, answered: Answered) -> None:
    lines = [said for said in answered(f"triage_{name}") if set(said[0]["accept"]) <= RAISED]
    assert below(0.95, lines, [said for said in lines if said[1]["level"] in RAISED]) == []


@each_triage_set
def test_the_well_are_left_in_peace(name: str, answered: Answered) -> None:
    lines = [said for said in answered(f"triage_{name}") if not set(said[0]["accept"]) & RAISED]
    assert below(0.90, lines, [said for said in lines if said[1]["level"] not in RAISED]) == []


@each_set
def test_what_can_be_answered_is(name: str, answered: Answered) -> None:
    lines = [said for said in answered(f"questions_{name}") if said[0]["answerable"]]
    assert below(0.90, lines, [said for said in lines if said[1]["answered"]]) == []


@each_set
def test_answers_come_from_an_article_that_answers(name: str, answered: Answered) -> None:
    lines = [
        said
        for said in answered(f"questions_{name}")
        if said[1]["answered"] and said[0]["articles"]
    ]
    assert (
        below(0.90, lines, [said for said in lines if cited(said[1]) & set(said[0]["articles"])])
        == []
    )


@each_set
def test_what_cannot_be_answered_is_declined(name: str, answered: Answered) -> None:
    lines = [said for said in answered(f"questions_{name}") if not said[0]["answerable"]]
    assert below(0.95, lines, [said for said in lines if not said[1]["answered"]]) == []
