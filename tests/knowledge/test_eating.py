from __future__ import annotations

from datetime import datetime

import pytest

from knowledge.library import Library

DIABETES = frozenset({"type2_diabetes"})


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(None, None, serve_pending=True)


def asked(library: Library, text: str, now: datetime) -> str:
    return library.answer(text, conditions=DIABETES, now=now).text


@pytest.mark.parametrize(
    ("text", "food"),
    [
        ("早上空腹吃香蕉行不行", "香蕉"),
        ("煮鸡蛋还是蒸鸡蛋好", "鸡蛋"),
        ("我爸糖尿病能不能吃柿子，还有感冒了能吃什么药", "柿子"),
    ],
)
def test_a_food_is_answered_however_leave_is_asked(
    library: Library, now: datetime, text: str, food: str
) -> None:
    assert food in asked(library, text, now)[:20]


def test_naming_a_medicine_makes_nobody_hypertensive(library: Library, now: datetime) -> None:
    text = asked(library, "西瓜能吃吗，血压药饭前吃还是饭后吃？", now)
    assert text.startswith("糖尿病人吃西瓜")


@pytest.mark.parametrize("text", ["拉肚子能吃苹果吗", "肾结石能吃菠菜吗", "胃不好能吃糯米吗"])
def test_another_trouble_with_a_food_is_not_answered_as_ours(
    library: Library, now: datetime, text: str
) -> None:
    assert library.answer(text, conditions=DIABETES, now=now).kind != "answer"


@pytest.mark.parametrize(
    ("text", "article"),
    [
        ("我从来不爱吃甜的，为什么会得糖尿病？", "dm.causes"),
        ("我爸一个月瘦了十二斤，喝水特别多，请问是不是糖尿病", "dm.weight_loss_sign"),
        ("糖尿病，西瓜，能吃吗", "dm.fruit"),
        ("血糖高，想吃点葡萄，一次吃几颗", "dm.fruit"),
    ],
)
def test_a_food_that_is_only_told_is_not_what_is_asked(
    library: Library, now: datetime, text: str, article: str
) -> None:
    answer = library.answer(text, conditions=DIABETES, now=now)
    assert [citation.article for citation in answer.citations][:1] == [article]
