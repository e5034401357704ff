"""235 everyday messages and 108 of danger, written in two rounds before either was run.

First runs, round one and two: calm ones left calm 135/155 and 65/80, dangerous ones heard 62/64 and
41/44. Since then their causes were mended, so the figures below are floors, not a blind score.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from care.level import Level
from care.situation import Background, Programme
from language.judgement import highest, judge
from language.reader import read

HERE = Path(__file__).parent
SENDER = Background(age=60, conditions=frozenset(Programme))


def heard(name: str) -> list[tuple[dict[str, Any], Level]]:
    lines = [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return [(line, highest(judge(read(line["text"]), SENDER))) for line in lines]


@pytest.fixture(scope="module")
def grave() -> list[tuple[dict[str, Any], Level]]:
    return heard("grave")


def test_danger_in_an_everyday_voice_is_never_missed(
    grave: list[tuple[dict[str, Any], Level]],
) -> None:
    assert [line["text"] for line, level in grave if level < Level.URGENT] == []


def test_what_only_an_emergency_will_do_for_is_called_one(
    grave: list[tuple[dict[str, Any], Level]],
) -> None:
    only = [(line, level) for line, level in grave if line["accept"] == ["emergency"]]
    assert [line["text"] for line, level in only if level is not Level.EMERGENCY] == []


def test_everyday_messages_raise_few_alarms() -> None:
    calm = heard("calm")
    alarms = [line["text"] for line, level in calm if level >= Level.URGENT]
    assert len(alarms) / len(calm) <= 0.015, alarms
