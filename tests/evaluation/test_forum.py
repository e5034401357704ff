"""120 posts written as on question forums, before any list was looked at; see docs/quality.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from care.level import Level
from care.situation import Background, Programme
from language.judgement import highest, judge
from language.reader import read

POSTS = [
    json.loads(line)
    for line in (Path(__file__).parent / "triage_forum.jsonl").read_text("utf-8").splitlines()
]
DANGEROUS = {"emergency", "urgent"}


def heard(post: dict[str, Any]) -> Level:
    patient = post["patient"]
    background = Background(
        age=patient["age"],
        conditions=frozenset(Programme(name) for name in patient["conditions"]),
        pregnant=patient["pregnant"],
    )
    return highest(judge(read(post["text"]), background))


@pytest.fixture(scope="module")
def levels() -> dict[str, Level]:
    return {post["id"]: heard(post) for post in POSTS}


def test_no_post_of_somebody_in_danger_is_missed(levels: dict[str, Level]) -> None:
    missed = [
        post["text"]
        for post in POSTS
        if set(post["accept"]) <= DANGEROUS and levels[post["id"]] < Level.URGENT
    ]
    assert missed == []


def test_where_only_emergency_will_do_it_is_called_one(levels: dict[str, Level]) -> None:
    missed = [
        post["text"]
        for post in POSTS
        if post["accept"] == ["emergency"] and levels[post["id"]] is not Level.EMERGENCY
    ]
    assert missed == []


def test_calm_posts_raise_few_alarms(levels: dict[str, Level]) -> None:
    calm = [post for post in POSTS if not DANGEROUS & set(post["accept"])]
    alarms = [post["text"] for post in calm if levels[post["id"]] >= Level.URGENT]
    assert len(alarms) / len(calm) <= 0.05, alarms
