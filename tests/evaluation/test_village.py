"""Village speech judged by the rules alone, as the webhook judges it: no model, no library.

`village_open` was written by somebody who had not read the word lists; its first run is in
docs/quality.md. `village_written` was written in five rounds while mending, each round scored before
it was used. Both hold what was reached; neither measures new words any more.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from care.situation import Background, Programme
from language.judgement import highest, judge
from language.reader import read

HERE = Path(__file__).parent
RAISED = {"emergency", "urgent"}
NAMES = {"高血压": Programme.HYPERTENSION, "糖尿病": Programme.TYPE2_DIABETES}
BOTH = Background(conditions=frozenset(NAMES.values()))
each_set = pytest.mark.parametrize("name", ["village_open", "village_written"])

Line = dict[str, Any]


def lines(name: str) -> list[tuple[str, set[str], str]]:
    """Text, the levels that will do, and the level that the rules give."""
    raw = (HERE / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [judged(json.loads(line)) for line in raw]


def judged(line: Line) -> tuple[str, set[str], str]:
    wanted = line.get("accept") or line["level"]
    accept = {wanted} if isinstance(wanted, str) else set(wanted)
    return line["text"], accept, str(highest(judge(read(line["text"]), background(line))))


def background(line: Line) -> Background:
    if "background" not in line:
        return BOTH
    return Background(
        conditions=frozenset(code for name, code in NAMES.items() if name in line["background"])
    )


def below(bar: float, of: int, wrong: list[str]) -> list[str]:
    """The wrong ones, when they are more than the bar allows."""
    assert of
    return wrong if len(wrong) > (1 - bar) * of else []


@each_set
def test_whoever_needs_somebody_today_is_heard(name: str) -> None:
    ill = [line for line in lines(name) if line[1] <= RAISED]
    assert below(0.98, len(ill), [text for text, _, level in ill if level not in RAISED]) == []


@each_set
def test_what_only_an_emergency_will_do_for_is_one(name: str) -> None:
    grave = [line for line in lines(name) if line[1] == {"emergency"}]
    assert below(0.98, len(grave), [text for text, _, level in grave if level != "emergency"]) == []


@each_set
def test_the_well_are_left_in_peace(name: str) -> None:
    well = [line for line in lines(name) if not line[1] & RAISED]

    assert below(0.97, len(well), [text for text, _, level in well if level in RAISED]) == []
