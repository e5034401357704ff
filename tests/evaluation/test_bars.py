"""The bars of the evaluation, on sets written by hand before their author had seen the rules.

Each set was scored once before anything was mended from it: `blind`, then `fresh` (written before
its author had opened the rules), then `later` (signs said on purpose in words that no list held).
A label may name a range or several levels that a careful nurse could defend; everything else is an error.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import batch
from knowledge.library import Library
from suifang import education
from suifang.settings import load_settings

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
RAISED = {"emergency", "urgent"}
# "150多" is anything up to 159, "11点几" up to 11.9; a converted value may be off by its rounding.
VAGUE = {"bp": 9.0, "pulse": 9.0, "weight": 9.0}
ROUNDING = 0.11

Line = dict[str, Any]
Said = tuple[Line, Line]
pytestmark = pytest.mark.slow
each_set = pytest.mark.parametrize("name", ["blind", "fresh"])
each_triage_set = pytest.mark.parametrize("name", ["blind", "fresh", "later"])


@pytest.fixture(scope="module")
def library() -> Library:
    """The one of `suifang batch`, with the index that `make setup` built."""
    return education.library(load_settings(), serve_pending=True)


def answered(kind: str, name: str, library: Library) -> list[Said]:
    """Every clear line of a set beside what `suifang batch` says to it."""
    raw = (HERE / f"{kind}_{name}.jsonl").read_bytes().splitlines()
    lines = [json.loads(line) for line in raw]
    results = list(batch.run(raw, library, NOW))
    assert [str(r) for r in results if isinstance(r, batch.BadLine)] == []
    return [
        (line, result)
        for line, result in zip(lines, results, strict=True)
        if not isinstance(result, batch.BadLine) and not line.get("ambiguous")
    ]


def share(lines: list[Said], good: list[Said], bar: float) -> None:
    """Fail below `bar`, naming the messages that are wrong."""
    wrong = [said[0]["text"] for said in lines if said not in good]
    assert len(good) >= bar * len(lines), f"{len(good)} of {len(lines)}: {wrong}"


def near(label: Line, part: str, found: float | None) -> bool:
    wanted = label.get(part)
    if wanted is None or found is None:
        return wanted is None and found is None
    low, high = label.get(f"{part}_range") or (wanted, wanted)
    if label["approximate"]:
        high += VAGUE.get(label["kind"], 0.9)
    return bool(low - ROUNDING <= found <= high + ROUNDING)


def same(label: Line, found: Line) -> bool:
    kind: str = label["kind"]
    if kind != found["kind"]:
        return False
    if kind == "bp":
        return near(label, "sbp", found["sbp"]) and near(label, "dbp", found["dbp"])
    wanted = label | {"value": label.get("value_mmol", label["value"])}
    return near(wanted, "value", found["value"])


def unmatched(labels: list[Line], found: list[Line]) -> tuple[int, int]:
    """How many labels were missed, and how many readings fit no label."""
    left = list(found)
    missed = 0
    for label in labels:
        match = next((reading for reading in left if same(label, reading)), None)
        if match is None:
            missed += 1
        else:
            left.remove(match)
    return missed, len(left)


@each_set
def test_what_is_stored_is_what_a_careful_nurse_writes_down(name: str, library: Library) -> None:
    lines = answered("readings", name, library)
    labels = sum(len(line["record"]) for line, _ in lines)
    errors = [unmatched(line["record"], said["readings"]) for line, said in lines]
    missed, extra = (sum(counts) for counts in zip(*errors, strict=True))
    wrong = [line["text"] for (line, _), counts in zip(lines, errors, strict=True) if any(counts)]
    found = labels - missed
    assert 2 * found / (2 * found + missed + extra) >= 0.95, wrong


@each_set
def test_numbers_that_are_no_readings_are_not_stored(name: str, library: Library) -> None:
    lines = [said for said in answered("readings", name, library) if not said[0]["record"]]
    share(lines, [said for said in lines if not said[1]["readings"]], 0.98)


@each_triage_set
def test_emergencies_are_raised(name: str, library: Library) -> None:
    lines = [said for said in answered("triage", name, library) if is_level(said, "emergency")]
    share(lines, [said for said in lines if said[1]["level"] in RAISED], 0.99)


@each_triage_set
def test_what_only_an_emergency_will_do_for_is_one(name: str, library: Library) -> None:
    lines = [
        said for said in answered("triage", name, library) if said[0]["accept"] == ["emergency"]
    ]
    share(lines, [said for said in lines if said[1]["level"] == "emergency"], 0.97)


@each_triage_set
def test_the_urgent_are_seen_too(name: str, library: Library) -> None:
    lines = [said for said in answered("triage", name, library) if set(said[0]["accept"]) <= RAISED]
    share(lines, [said for said in lines if said[1]["level"] in RAISED], 0.95)


@each_triage_set
def test_the_well_are_left_in_peace(name: str, library: Library) -> None:
    lines = [
        said for said in answered("triage", name, library) if not set(said[0]["accept"]) & RAISED
    ]
    share(lines, [said for said in lines if said[1]["level"] not in RAISED], 0.90)


@each_set
def test_what_can_be_answered_is(name: str, library: Library) -> None:
    lines = [said for said in answered("questions", name, library) if said[0]["answerable"]]
    share(lines, [said for said in lines if said[1]["answered"]], 0.90)


@each_set
def test_answers_come_from_an_article_that_answers(name: str, library: Library) -> None:
    lines = [
        said
        for said in answered("questions", name, library)
        if said[1]["answered"] and said[0]["articles"]
    ]
    share(lines, [said for said in lines if cited(said[1]) & set(said[0]["articles"])], 0.90)


@each_set
def test_what_cannot_be_answered_is_declined(name: str, library: Library) -> None:
    lines = [said for said in answered("questions", name, library) if not said[0]["answerable"]]
    share(lines, [said for said in lines if not said[1]["answered"]], 0.95)


def is_level(said: Said, level: str) -> bool:
    return bool(said[0]["level"] == level)


def cited(result: Line) -> set[str]:
    return {citation["article"] for citation in result["citations"]}
