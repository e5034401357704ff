"""Questions that are the same question, by their characters alone."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from knowledge.likeness import likeness, nearest, weights

SET = Path(__file__).with_name("alike.tsv")


def labelled(halves: str) -> list[tuple[str, str]]:
    rows = (line.split("\t") for line in SET.read_text("utf-8").splitlines())
    return [(row[1], row[2]) for row in rows if row[0] in set(halves)]


def grouped(rows: list[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Each question with its label and the group it was put into, one after the other."""
    groups: dict[str, list[object]] = {}
    found = {}
    for label, question in rows:
        new = weights(question)
        group = nearest(new, groups) or f"g{len(groups)}"  # type: ignore[arg-type]
        groups.setdefault(group, []).append(new)
        found[question] = (label, group)
    return found


def scores(rows: list[tuple[str, str]]) -> tuple[float, float]:
    """Precision and recall over pairs, for one order of coming."""
    placed = grouped(rows).values()
    pairs = [(a[0] == b[0], a[1] == b[1]) for a, b in itertools.combinations(placed, 2)]
    right = sum(same and put for same, put in pairs)
    return right / sum(put for _, put in pairs), right / sum(same for same, _ in pairs)


def test_the_same_question_in_other_words_is_put_together_and_another_is_not() -> None:
    rows = labelled("h")
    random.Random(5).shuffle(rows)
    precision, recall = scores(rows)
    assert precision >= 0.95
    assert recall >= 0.7


def test_questions_that_share_only_a_sign_are_seldom_put_together() -> None:
    placed = grouped(labelled("n"))
    assert len({group for _, group in placed.values()}) >= len(placed) - 4


@pytest.mark.parametrize(
    ("one", "other"),
    [("高血压能吃西瓜吗", "血压高能吃西瓜不"), ("〔姓名〕问糖尿病能泡温泉吗", "糖尿病能泡温泉吗")],
)
def test_frame_disease_and_marks_do_not_tell_questions_apart(one: str, other: str) -> None:
    assert likeness(weights(one), weights(other)) > 0.8


def test_the_same_words_are_wholly_alike_and_nothing_is_like_nothing() -> None:
    assert likeness(weights("能染头发吗"), weights("能染头发吗")) == pytest.approx(1)
    assert likeness(weights(""), weights("能染头发吗")) == 0
    assert nearest(weights("能染头发吗"), {}) is None
