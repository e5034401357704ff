"""What the reading level remarks on, and that the packaged texts pass it."""

from __future__ import annotations

import pytest

from knowledge.article import Article, read_articles
from knowledge.reading_level import remarks

# A remark may stand where the words are what people know or ask about, and say so.
JUSTIFIED = {
    ("life.weight", "unit", "18.5到23.9"): "the index is named at the start of the sentence",
    ("life.weight", "unit", "24"): "the index again",
    ("life.weight", "unit", "28"): "the index again",
    ("myth.age_bp", "unit", "90"): "the folk rule is quoted as people say it",
}
FIELDS = ("plain", "today", "see_doctor", "not_true")


def kinds(text: str) -> list[str]:
    return [remark.kind for remark in remarks(text)]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("老人" * 25 + "。", "sentence", "老人" * 25),
        ("每天早上起来先坐一会儿再慢慢地站起来走到院子里面去。", "clause", "每天早上起来先坐"),
        ("收缩压要低于140。", "jargon", "收缩压"),
        ("注意靶器官。", "jargon", "靶器官"),
        ("少吃齁咸的。", "rare", "齁"),
        ("对血压进行监测。", "nominal", "进行"),
        ("若不舒服，须停下。", "nominal", "若"),
        ("主食不是不能吃。", "double_negation", "不是不能"),
        ("吃3就够。", "unit", "3"),
        ("查HbA1c。", "latin", "HbA1c"),
        ("ACEI类药。", "latin", "ACEI"),
        ("血糖≥16.7。", "symbol", "≥"),
        ("高压120~140。", "symbol", "~"),
        ("相差±5。", "symbol", "±"),
    ],
)
def test_what_a_villager_stumbles_over_is_remarked(text: str, kind: str, words: str) -> None:
    found = [remark for remark in remarks(text) if remark.kind == kind]
    assert [remark.words[: len(words)] for remark in found][:1] == [words]


@pytest.mark.parametrize(
    "text",
    [
        "收缩压（高压）要低于140。",
        "糖化血红蛋白看两三个月的平均血糖。",
        "血糖16.7或更高，今天就看。",
        "血压130/80以下，打120。",
        "走30分钟，吃15到20克糖。",
        "显示HI，马上去医院。",
        "二甲双胍跟饭一起吃。",
    ],
)
def test_plain_words_call_for_no_remark(text: str) -> None:
    assert remarks(text) == ()


def test_the_curator_is_told_in_chinese_what_to_do_instead() -> None:
    said = {remark.kind: remark.says for remark in remarks("收缩压≥140时须停药，eGFR也要查。")}
    assert said["jargon"] == "“收缩压”老人听不懂；说高压（上压）。"
    assert "写成字" in said["symbol"]
    assert "eGFR" in said["latin"]


def test_the_same_stumble_is_remarked_once() -> None:
    assert kinds("收缩压高，收缩压低。") == ["jargon"]


def test_an_empty_text_calls_for_no_remark() -> None:
    assert remarks("") == ()


@pytest.fixture(scope="module")
def articles() -> tuple[Article, ...]:
    return read_articles()


@pytest.mark.parametrize("field", FIELDS)
def test_what_patients_read_first_is_plain(articles: tuple[Article, ...], field: str) -> None:
    wrong = [
        (article.id, remark.kind, remark.words)
        for article in articles
        for remark in remarks(getattr(article, field))
    ]
    assert [entry for entry in wrong if entry not in JUSTIFIED] == []


def test_nothing_is_justified_that_no_article_says(articles: tuple[Article, ...]) -> None:
    found = {
        (article.id, remark.kind, remark.words)
        for article in articles
        for field in FIELDS
        for remark in remarks(getattr(article, field))
    }
    assert set(JUSTIFIED) <= found
