"""Questions of ten dialect groups, by the library alone: words, foods and rules, without vectors.

The first run of each set, through `suifang batch`, is in docs/knowledge.md.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from knowledge.calibration import read_labelled
from knowledge.library import Library

HERE = Path(__file__).parent
each_set = pytest.mark.parametrize("name", ["dialect", "dialect_after"])


def cited(library: Library, text: str, now: datetime) -> set[str]:
    found = library.answer(text, conditions=frozenset(), now=now)
    return {citation.article for citation in found.citations}


@each_set
def test_what_the_regions_ask_is_answered(name: str, library: Library, now: datetime) -> None:
    asked = [q for q in read_labelled(HERE / f"{name}.tsv") if q.answerable]
    wrong = [q.text for q in asked if not cited(library, q.text, now) & q.articles]
    assert len(wrong) <= 0.1 * len(asked), wrong


@each_set
def test_what_the_regions_may_not_be_answered_is_declined(
    name: str, library: Library, now: datetime
) -> None:
    asked = [q for q in read_labelled(HERE / f"{name}.tsv") if not q.answerable]
    answered = [q.text for q in asked if cited(library, q.text, now)]
    assert len(answered) <= 0.05 * len(asked), answered


@pytest.mark.parametrize(
    ("text", "article"),
    [
        ("糖高能造个冻梨不", "dm.fruit"),
        ("血糖高食唔食得芒果㗎", "dm.fruit"),
        ("泡菜腊肉一点点都吃不得嗦", "life.salt"),
        ("血压高的人能整两口小烧不", "life.alcohol"),
        ("打完针要是哆嗦了,先整点啥吃", "dm.hypo.first_aid"),
        ("糖尿病吃山药蛋中不中", "dm.diet_staple"),
    ],
)
def test_a_word_of_a_region_is_read_as_its_standard_word(
    text: str, article: str, library: Library, now: datetime
) -> None:
    assert article in cited(library, text, now)


@pytest.mark.parametrize("text", ["糖化查一趟几钿", "降糖药好多钱一盒嘛", "打完针手抖怎么减药"])
def test_a_price_or_a_dose_in_dialect_is_still_declined(
    text: str, library: Library, now: datetime
) -> None:
    assert not cited(library, text, now)
