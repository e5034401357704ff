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


@pytest.mark.parametrize("food", ["菠菜", "牛奶", "豆腐", "蜂蜜", "海鲜", "啤酒"])
def test_with_gout_every_food_is_answered_to_somebody_of_ours_and_to_nobody_else(
    library: Library, now: datetime, food: str
) -> None:
    question = f"痛风能吃{food}吗"
    ours = library.answer(question, conditions=DIABETES, now=now)
    other = library.answer(question, conditions=frozenset(), now=now)
    assert ours.text.startswith("痛风")
    assert other.refusal == "other_disease"


def test_poison_is_answered_whatever_else_is_said(library: Library, now: datetime) -> None:
    text = library.answer("吃了野蘑菇肚子疼怎么办", conditions=frozenset(), now=now).text
    assert "打120" in text


def test_a_poisonous_plant_that_nobody_eats_is_no_question_about_eating(
    library: Library, now: datetime
) -> None:
    text = library.answer(
        "院子里种了夹竹桃，血压高的人要注意什么", conditions=DIABETES, now=now
    ).text
    assert "有毒" not in text


def test_wine_beside_an_antibiotic_is_warned_of_without_a_word_on_stopping(
    library: Library, now: datetime
) -> None:
    text = asked(library, "喝了两口白酒，才想起吃过头孢，要紧吗", now)
    assert "脸红、心慌、喘，马上打120" in text
    assert "别再吃" not in text
    assert "停" not in text
