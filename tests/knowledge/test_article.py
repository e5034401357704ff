from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from care.level import Level
from knowledge.article import (
    Article,
    ArticleError,
    Signature,
    parse_article,
    read_article,
    read_articles,
)
from knowledge.manuscript import written
from knowledge.source import read_sources

TODAY = date(2026, 11, 22)
# A number of tablets, or of milligrams or units of a drug: never in a text for patients.
DOSE = re.compile(r"\d+\s*(?:mg|毫克|单位)(?!/)|[一二两三四半]\s*(?:片|粒|针)(?!药|小块)")
# Not amounts to take: two drugs in one tablet, and the advertised cure by one injection.
NOT_A_DOSE = re.compile(r"一片里|合在一片|一针根治")

Write = Callable[..., Path]


def test_an_article_is_read_with_all_its_fields(write_article: Write) -> None:
    article = read_article(write_article(), read_sources())
    assert article.id == "life.one"
    assert article.level is Level.NONE
    assert article.sources[0].section == "健康教育"
    assert article.sources[0].edition == "2025"
    assert article.pending


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"plain": "长" * 121}, "plain has 121"),
        ({"review": "maybe"}, "review must be one of"),
        ({"expires": "soon"}, "expires must be a date"),
        ({"title": "[1]"}, "title must be a text"),
        ({"question": ""}, "questions is empty"),
        ({"question": "1"}, "questions must be a list"),
        ({"plain": ": : ["}, "front matter is not YAML"),
    ],
)
def test_a_wrong_field_is_named_with_its_file(
    write_article: Write, fields: dict[str, str], says: str
) -> None:
    with pytest.raises(ArticleError, match=says) as error:
        read_article(write_article(**fields), read_sources())
    assert "life.one.md" in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("audience: both\n", "", "field 'audience' is missing"),
        ("HTN_PC_2025", "NOBODY_1999", "sources names no registered document"),
        ("id: life.one", "id: life.two", "differs from the file name"),
        ("正文一句话。", "", "body is empty"),
        ("---\nid", "id", "front matter must stand"),
        ("---\nid: life.one", "---\n- life.one\n---\n---\n", "must be a mapping"),
    ],
)
def test_a_damaged_file_is_refused(write_article: Write, old: str, new: str, says: str) -> None:
    path = write_article()
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ArticleError, match=says):
        read_article(path, read_sources())


def test_related_articles_must_exist(write_article: Write) -> None:
    path = write_article()
    text = path.read_text(encoding="utf-8").replace("audience", "related: [life.none]\naudience")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ArticleError, match=r"related names no article: life\.none"):
        read_articles(path.parent)


def test_an_article_without_sources_is_read_but_not_served(write_article: Write) -> None:
    path = write_article(review="signed\nsigned: {name: 王芳, title: 主任医师, date: 2026-11-20}")
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"sources:\n.*\n.*\n", "", text), encoding="utf-8")
    assert not read_article(path, read_sources()).served(TODAY, pending=True)


def test_an_article_is_served_until_its_last_day(write_article: Write) -> None:
    article = read_article(write_article(expires="2026-11-22"), read_sources())
    assert article.served(TODAY, pending=True)
    assert not article.served(date(2026, 11, 23), pending=True)


def test_a_signed_article_needs_no_permission(write_article: Write) -> None:
    article = read_article(
        write_article(review="signed\nsigned: {name: 王芳, title: 主任医师, date: 2026-11-20}"),
        read_sources(),
    )
    assert article.served(TODAY, pending=False)


def test_every_packaged_article_is_sourced_and_pending(corpus: tuple[Article, ...]) -> None:
    assert len(corpus) >= 140
    assert all(article.sources for article in corpus)
    assert all(article.pending for article in corpus)


def test_questions_belong_to_one_article_only(corpus: tuple[Article, ...]) -> None:
    owners: dict[str, str] = {}
    shared = [
        (question, owners[question], article.id)
        for article in corpus
        for question in article.questions
        if owners.setdefault(question, article.id) != article.id
    ]
    assert shared == []


def test_no_packaged_article_names_a_dose(corpus: tuple[Article, ...]) -> None:
    for article in corpus:
        text = NOT_A_DOSE.sub("", article.plain + article.see_doctor + article.body)
        assert not DOSE.search(text), (article.id, DOSE.search(text))


def test_packaged_articles_keep_short_sentences(corpus: tuple[Article, ...]) -> None:
    for article in corpus:
        longest = max(re.split(r"[。！？；：!?;:\n]", article.plain + article.body), key=len)
        assert len(longest) <= 75, (article.id, longest)


def test_an_article_written_back_reads_as_the_same_article() -> None:
    registry = read_sources()
    for article in read_articles():
        assert parse_article(f"{article.id}.md", written(article), registry) == article


def test_a_signature_travels_with_the_file(
    write_article: Write,
) -> None:
    path = write_article(review="signed\nsigned: {name: 王芳, title: 主任医师, date: 2026-11-20}")
    article = read_article(path, read_sources())
    again = parse_article(path.name, written(article), read_sources())
    assert again.signature == Signature("王芳", "主任医师", date(2026, 11, 20))


def test_signed_without_a_name_is_refused(write_article: Write) -> None:
    with pytest.raises(ArticleError, match="signed says who"):
        read_article(write_article(review="signed"), read_sources())


def test_a_name_without_a_review_is_refused(write_article: Write) -> None:
    path = write_article(review="pending\nsigned: {name: 王芳, title: 主任医师, date: 2026-11-20}")
    with pytest.raises(ArticleError, match="signed says who"):
        read_article(path, read_sources())


def test_a_signature_that_is_a_word_is_refused(write_article: Write) -> None:
    with pytest.raises(ArticleError, match="name, title and date"):
        read_article(write_article(review="signed\nsigned: 王芳"), read_sources())
