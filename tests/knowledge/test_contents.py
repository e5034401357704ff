"""What the packaged articles must have, beside what their schema asks."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from knowledge.article import Article, Confidence, read_articles
from knowledge.composing import SHORT_LIMIT
from knowledge.library import Library

HERE = Path(__file__).parent
NUMBER = re.compile(r"(?<![\d.])\d+(?:\.\d+)?")
# Documents that are cited as a whole: pages, leaflets and ourselves have no sections.
WHOLE = {"EDITOR", "STROKE120", "HOTLINE12356", "DKA_BMJ", "POLICY_LIST", "SMS_VENDOR"}
# Guidelines that say it, and nobody here has seen where: to be filled in by whoever reads them.
UNSEEN = {
    *(("dm.causes", doc) for doc in ("DM_PC_2022", "DM_PC_2025")),
    *(("dm.heredity", doc) for doc in ("DM_PC_2022", "DM_PC_2025")),
    *(("dm.manage", doc) for doc in ("DM_PC_2022", "DM_PC_2025")),
    *((name, "WST872") for name in ("htn.causes", "htn.exam", "htn.heredity")),
    *((name, "DM_PC_2022") for name in ("dm.prevent", "htn.exam")),
    *((name, "HTN_CN_2024") for name in ("htn.morning", "htn.variability")),
    *((name, "HTN_PC_2025") for name in ("htn.heart", "htn.stroke_after", "htn.symptoms")),
    *(
        (name, "DM_PC_2025")
        for name in ("dm.complications", "dm.insulin_need", "dm.types", "htn.life_span")
    ),
    ("med.tcm", "HTN_PC_2025"),
}
# About ourselves or a person in need: there is no folk belief to correct.
NOTHING_FALSE = {
    "dm.followup_items",
    "emg.suicide",
    *(f"svc.{name}" for name in ("family_help", "language", "optout", "privacy")),
    "svc.report_value",
    "svc.what_is_bot",
}


@pytest.fixture(scope="module")
def articles() -> tuple[Article, ...]:
    return read_articles()


def rows(name: str) -> dict[str, list[str]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    split = (line.split("\t") for line in lines if not line.startswith("#"))
    return {article: listed.split() for article, listed in split}


def numbers(article: Article) -> set[str]:
    fields = (article.plain, article.today, article.see_doctor, article.not_true, article.body)
    return {number for field in fields for number in NUMBER.findall(field)}


def test_every_article_says_what_to_do_today_and_when_to_see_the_doctor(
    articles: tuple[Article, ...],
) -> None:
    assert [a.id for a in articles if not a.today or not a.see_doctor] == []


def test_every_article_corrects_a_belief_where_there_is_one(
    articles: tuple[Article, ...],
) -> None:
    assert {a.id for a in articles if not a.not_true} == NOTHING_FALSE


def test_every_article_leads_on_to_two_others(articles: tuple[Article, ...]) -> None:
    assert [a.id for a in articles if len(set(a.related) - {a.id}) < 2] == []


def test_answer_and_doctor_fit_two_messages(articles: tuple[Article, ...]) -> None:
    assert [a.id for a in articles if len(a.plain + a.see_doctor) > SHORT_LIMIT] == []


def test_a_citation_says_where_in_the_document_unless_nobody_has_seen_it(
    articles: tuple[Article, ...],
) -> None:
    bare = {(a.id, s.doc) for a in articles for s in a.sources if not s.section}
    assert {(i, d) for i, d in bare if d not in WHOLE and not d.endswith("_PAGES")} == UNSEEN


def test_every_citation_names_an_edition(articles: tuple[Article, ...]) -> None:
    assert [a.id for a in articles for s in a.sources if not s.edition] == []


def test_what_only_we_say_is_from_memory(articles: tuple[Article, ...]) -> None:
    ours = [a for a in articles if {s.doc for s in a.sources} == {"EDITOR"}]
    assert [a.id for a in ours if a.confidence is not Confidence.MEMORY] == []


def test_all_140_topics_are_covered_with_their_numbers(articles: tuple[Article, ...]) -> None:
    by_id = {article.id: article for article in articles}
    topics = rows("topics.tsv")
    assert len(topics) == 140
    assert [t for t in topics if t not in by_id] == []
    assert [t for t, kept in topics.items() if not set(kept) <= numbers(by_id[t])] == []


def test_no_number_stands_in_an_article_without_its_origin(articles: tuple[Article, ...]) -> None:
    origins = {
        name: {entry.partition("@")[0] for entry in listed if entry.partition("@")[2]}
        for name, listed in rows("numbers.tsv").items()
    }
    wrong = {a.id: numbers(a) - origins.get(a.id, set()) for a in articles}
    assert {name: left for name, left in wrong.items() if left} == {}


def test_what_is_only_common_sense_is_never_called_sure(articles: tuple[Article, ...]) -> None:
    """A number that no fact or topic holds is an editor's: a walk of 20 minutes, not a threshold."""
    listed = rows("numbers.tsv")
    ours = {e.partition("@")[0] for es in listed.values() for e in es if e.endswith("@editor")}
    assert ours & {"16.7", "7.0", "140", "90", "180", "110", "3.9", "11.1", "130", "150"} == set()


@pytest.mark.parametrize("question", ["抽血说血钾偏高，该咋办", "血钾低了吃什么补"])
def test_what_potassium_is_good_for_begins_with_who_must_not_have_it(
    question: str, now: datetime
) -> None:
    """Words alone do not tell high from low: whoever reads the answer meets the warning first."""
    library = Library(None, None, serve_pending=True)
    answer = library.answer(question, conditions=frozenset({"hypertension"}), now=now)
    assert answer.text.startswith("血钾高的人别补")
    assert "低钠盐别用，今天找医生" in answer.short


def test_nobody_with_a_swollen_throat_is_told_when_to_take_the_next_tablet(
    articles: tuple[Article, ...],
) -> None:
    swollen = next(article for article in articles if article.id == "emg.angioedema")
    assert "120" in swollen.plain
    assert re.search("先别吃|停|下一顿", swollen.plain) is None
