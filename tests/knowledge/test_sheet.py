"""What a curator types is what the file holds, and what is read back from it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.article import Article, ArticleError, Signature, parse_article
from knowledge.manuscript import written
from knowledge.sheet import Sheet, laid_out, one_line, sheet_for, sheet_of, tidied
from knowledge.source import read_sources

SOURCES = read_sources()
DOCS = sorted(SOURCES)
TRAPS = st.sampled_from(
    ["on", "yes", "NULL", "~", "1e3", "2026-11-23", "0x1F", "1:30", "a: b", "- a", "'", '"', "#x",
     "{a}", "[a]", "&a", "*a", "!!int 3", "%a", "@a", "`a", "|", ">", "?", "---", "a ---\nb",
     "x---\n", "---\n---", "...", "é\u0301", "👵🏽吃药", "𠮷", "\ufeffa", "a\u2028b", "a\x85b",
     "\x07a", "a\r\nb", "\\n", "=", "<<", "长" * 3000]
)  # fmt: skip
TYPED = TRAPS | st.text(max_size=40)
WORDS = TYPED.map(one_line).filter(bool)
MANY = TYPED.map(tidied).filter(bool)


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    return Sheet(
        id="life.bath",
        title=draw(WORDS),
        audience=draw(st.sampled_from(["htn", "dm", "both", "all", "family"])),
        plain=draw(WORDS.filter(lambda words: len(words) <= 120)),
        today=draw(WORDS | st.just("")),
        see_doctor=draw(WORDS | st.just("")),
        not_true=draw(WORDS | st.just("")),
        related=tuple(draw(st.lists(WORDS, max_size=2))),
        questions=tuple(draw(st.lists(WORDS, min_size=1, max_size=4))),
        sources=tuple(draw(st.lists(st.tuples(st.sampled_from(DOCS), WORDS | st.just(""))))),
        confidence=draw(st.sampled_from(["high", "low", "memory"])),
        expires=draw(st.dates()).isoformat(),
        level=draw(st.sampled_from(["none", "routine", "urgent", "emergency"])),
        body=draw(MANY),
    )


# A loaded machine is slow; that is no finding.
@settings(deadline=None)
@given(sheets())
def test_whatever_is_typed_is_read_back_field_by_field(sheet: Sheet) -> None:
    text = laid_out(sheet)
    assert sheet_of("life.bath", text) == sheet
    article = parse_article("life.bath.md", text, SOURCES)
    assert sheet_for(article) == sheet
    assert written(article) == text


@settings(deadline=None)
@given(sheets(), WORDS, WORDS, st.dates())
def test_a_signature_comes_back_whatever_the_name(
    sheet: Sheet, name: str, title: str, on: date
) -> None:
    signature = Signature(name, title, on)
    article = parse_article("life.bath.md", laid_out(sheet, signature), SOURCES)
    assert article.signature == signature
    assert not article.pending


@settings(deadline=None)
@given(TYPED)
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    assert tidied(tidied(text)) == tidied(text)
    assert one_line(one_line(text)) == one_line(text)
    assert "\n" not in one_line(text)


@settings(deadline=None)
@given(st.lists(TYPED, min_size=5, max_size=5), st.text(max_size=12))
def test_an_unfinished_draft_is_kept_as_it_is(texts: list[str], expires: str) -> None:
    title, plain, body, question, doc = (one_line(text) for text in texts)
    sheet = Sheet(
        id="life.bath",
        title=title,
        plain=plain,
        body=body,
        questions=(question,) if question else (),
        sources=((doc, ""),) if doc else (),
        expires=one_line(expires),
    )
    assert sheet_of("life.bath", laid_out(sheet)) == sheet


def test_every_packaged_article_goes_over_the_desk_unchanged(corpus: tuple[Article, ...]) -> None:
    changed = [
        article.id
        for article in corpus
        if laid_out(sheet_for(article), article.signature) != written(article)
    ]
    assert changed == []


def test_what_is_no_manuscript_is_refused_in_a_sentence() -> None:
    with pytest.raises(ArticleError, match=r"x\.md: front matter must stand between"):
        sheet_of("x", "hello")


def test_a_strange_file_can_be_opened_for_mending() -> None:
    sheet = sheet_of("x", "---\nid: x\ntitle: [a]\nsources: 5\nquestions: [1, two]\n---\nbody\n")
    assert (sheet.title, sheet.sources, sheet.questions) == ("['a']", (), ("1", "two"))
