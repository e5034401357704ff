"""Signed manuscripts lie over the packaged files, and the later signature wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from knowledge.article import Article, Review, Signature
from knowledge.corpus import Standing, digest_of, overlaid, standing_of
from knowledge.manuscript import written


@pytest.fixture
def fruit(corpus: tuple[Article, ...]) -> Article:
    return next(article for article in corpus if article.id == "dm.fruit")


def signed(article: Article, on: date = date(2026, 11, 23), plain: str = "吃半个。") -> Article:
    signature = Signature("钱教授", "主任医师", on)
    return replace(article, plain=plain, review=Review.SIGNED, signature=signature)


def plain_of(articles: tuple[Article, ...], article_id: str) -> str:
    return next(article.plain for article in articles if article.id == article_id)


def test_without_revisions_the_packaged_articles_stand(corpus: tuple[Article, ...]) -> None:
    assert overlaid(corpus, {}).articles == corpus


def test_a_signed_manuscript_takes_the_place_of_the_file(
    corpus: tuple[Article, ...], fruit: Article
) -> None:
    found = overlaid(corpus, {fruit.id: written(signed(fruit))})
    assert (plain_of(found.articles, fruit.id), found.problems) == ("吃半个。", ())
    assert len(found.articles) == len(corpus)


def test_a_new_article_stands_beside_the_files(corpus: tuple[Article, ...], fruit: Article) -> None:
    new = replace(signed(fruit), id="life.new")
    found = overlaid(corpus, {new.id: written(new)})
    assert len(found.articles) == len(corpus) + 1
    assert [article.id for article in found.articles] == sorted(a.id for a in found.articles)


@pytest.mark.parametrize("text", ["", "---\nid: dm.fruit\n---\nx\n", "no manuscript"])
def test_what_cannot_be_read_leaves_the_file_and_is_told(
    corpus: tuple[Article, ...], text: str
) -> None:
    found = overlaid(corpus, {"dm.fruit": text})
    assert found.articles == corpus
    (problem,) = found.problems
    assert problem.startswith("dm.fruit.md: ")


def test_a_link_to_an_article_that_is_gone_is_left_out(fruit: Article) -> None:
    (article,) = overlaid([replace(fruit, related=("dm.gone",))], {}).articles
    assert article.related == ()


def test_the_later_signature_wins(corpus: tuple[Article, ...], fruit: Article) -> None:
    older, newer = (signed(fruit, date(2026, 1, day), f"第{day}天。") for day in (1, 2))
    others = tuple(article for article in corpus if article.id != fruit.id)
    file_is_newer = overlaid((*others, newer), {fruit.id: written(older)})
    file_is_older = overlaid((*others, older), {fruit.id: written(newer)})
    assert plain_of(file_is_newer.articles, fruit.id) == "第2天。"
    assert plain_of(file_is_older.articles, fruit.id) == "第2天。"


def test_how_a_revision_stands_to_the_file(fruit: Article) -> None:
    mine = signed(fruit)
    later = signed(fruit, date(2026, 12, 1), "别的。")
    assert standing_of(mine, None, "") is Standing.ALONE
    assert standing_of(mine, mine, "whatever") is Standing.SAME
    assert standing_of(mine, fruit, digest_of(fruit)) is Standing.AHEAD
    assert standing_of(mine, replace(fruit, body="又改了"), digest_of(fruit)) is Standing.PARTED
    assert standing_of(mine, later, digest_of(fruit)) is Standing.OUTDATED
