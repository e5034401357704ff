from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.article import Article
from knowledge.library import Library

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NOBODY: frozenset[str] = frozenset()


def ask(library: Library, text: str, *conditions: str):  # type: ignore[no-untyped-def]
    return library.answer(text, conditions=frozenset(conditions), now=NOW)


def test_a_question_is_answered_with_its_source_and_the_pending_label(library: Library) -> None:
    answer = ask(library, "一天吃多少盐合适?")
    assert answer.kind == "answer"
    assert answer.citations[0].article == "life.salt"
    assert answer.text.endswith("，待医生审核）")
    assert "（来源：" in answer.text
    assert answer.pending


def test_a_food_that_brings_its_own_verb_is_not_given_a_second_one(library: Library) -> None:
    assert "喝喝" not in ask(library, "高血压能喝酒吗").text


def test_a_food_is_answered_for_the_patients_own_disease(library: Library) -> None:
    diabetes = ask(library, "能吃苹果吗", "type2_diabetes")
    pressure = ask(library, "能吃苹果吗", "hypertension")
    assert diabetes.text.startswith("糖尿病人吃苹果")
    assert pressure.text.startswith("高血压的人吃苹果")


def test_an_unknown_patient_hears_both_diseases(library: Library) -> None:
    text = ask(library, "能吃苹果吗").text
    assert "糖尿病人吃苹果" in text
    assert "高血压的人吃苹果" in text


def test_the_disease_in_the_question_counts_more_than_the_record(library: Library) -> None:
    text = ask(library, "糖尿病能吃苹果吗", "hypertension").text
    assert "高血压的人" not in text


def test_pending_articles_are_not_served_unless_allowed(corpus: tuple[Article, ...]) -> None:
    library = Library(None, None, serve_pending=False, articles=corpus)
    assert ask(library, "一天吃多少盐合适?").kind == "unknown"
    assert ask(library, "能吃苹果吗").kind != "answer"


def test_expired_articles_are_not_served(library: Library) -> None:
    later = NOW + timedelta(days=800)
    assert library.answer("一天吃多少盐合适?", conditions=NOBODY, now=later).kind != "answer"
    assert library.answer("能吃苹果吗", conditions=NOBODY, now=later).kind != "answer"


@pytest.mark.parametrize("text", ["", "   ", "\0", "\ud800", "😀😀", "?", "。。。"])
def test_nothing_is_not_a_question(library: Library, text: str) -> None:
    assert ask(library, text).kind in {"unknown", "refusal"}


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_garbage_never_raises(library: Library, text: str) -> None:
    answer = ask(library, text)
    assert (answer.kind == "answer") == bool(answer.text)


@given(st.text(alphabet="高血压糖尿病能吃降药多少怎么吗?苹果酒盐胰岛素停打片1234,。", max_size=40))
@settings(max_examples=150, deadline=None)
def test_citations_always_name_existing_articles(library: Library, text: str) -> None:
    answer = ask(library, text)
    assert all(library.article(citation.article) for citation in answer.citations)
    assert len(answer.short) <= 134


def test_a_food_answer_cites_and_fits_two_sms(library: Library) -> None:
    for text in ("糖尿病能吃西瓜吗", "高血压能喝酒吗", "晚饭能吃面条吗"):
        answer = ask(library, text)
        assert answer.citations
        assert len(answer.short) <= 134
        assert answer.short.endswith("，待医生审核）")


def test_an_alias_with_a_verb_does_not_repeat_it(library: Library) -> None:
    assert "吃吃" not in ask(library, "晚饭能吃面条吗").text


def test_a_food_with_anothers_disease_is_declined(library: Library) -> None:
    assert ask(library, "胆囊炎能吃鸡蛋吗").refusal == "other_disease"


def test_a_belief_in_a_food_is_corrected_with_a_source(library: Library) -> None:
    answer = ask(library, "喝醋能治高血压吗")
    assert "没有可靠证据" in answer.text
    assert answer.citations[0].article == "myth.folk_remedy"


def test_two_asking_sentences_may_bring_two_articles(library: Library) -> None:
    answer = ask(library, "降压药漏服了怎么办?打呼噜憋气和高血压有关吗?")
    assert {"med.missed_dose", "life.sleep"} <= {citation.article for citation in answer.citations}


def test_a_second_asking_clause_adds_its_article(library: Library) -> None:
    answer = ask(library, "高血压会遗传吗会传染吗,高血压睡不好怎么办")
    assert len({citation.article for citation in answer.citations}) == 2


def test_warming_up_without_an_index_is_harmless(library: Library) -> None:
    library.warm()
    assert ask(library, "一天吃多少盐合适?").kind == "answer"


def test_a_lethal_amount_is_a_crisis_not_a_dose(library: Library) -> None:
    assert ask(library, "降压药吃多少会死").refusal == "crisis"


def test_the_status_says_why_vectors_are_not_used(library: Library) -> None:
    status = library.status(NOW.date())
    assert status.served == status.articles == status.pending
    assert status.index_problem == "no embedder is configured"
