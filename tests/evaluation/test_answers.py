"""Questions by an author who had read no article: how they are scored, and the bar that is held.

`answers_open.jsonl` was scored once before anything was mended from it (docs/knowledge.md). Every
refusal and alarm is asked here, and every fourth answer; `python -m bench.answers` asks them all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.answers import Score, Share, is_right, read, said_to, score
from bench.retrieval import Asked, asked_of, interval, measures
from knowledge.library import Library

HERE = Path(__file__).parent


def line(want: str, *articles: str, **more: Any) -> dict[str, Any]:
    return {"id": "1", "text": "问", "want": want, "articles": list(articles), **more}


def result(text: str = "", *cited: str, answered: bool = True, level: str = "none") -> Any:
    citations = [{"article": article, "source": "某书"} for article in cited]
    return {"answered": answered, "answer": text, "citations": citations, "level": level}


def test_any_of_the_labelled_articles_is_right() -> None:
    assert is_right(line("answer", "dm.diet", "dm.fruit"), result("少吃", "dm.fruit"))
    assert not is_right(line("answer", "dm.diet"), result("少吃", "dm.fruit"))
    assert not is_right(line("answer", "dm.diet"), result("少吃", "dm.diet", answered=False))


def test_a_food_or_a_medicine_is_right_when_it_is_named_by_any_of_its_names() -> None:
    assert is_right(line("answer", "food:红薯"), result("糖尿病人吃地瓜：能吃", "dm.diet_staple"))
    assert is_right(line("answer", "drug:氨氯地平"), result("络活喜是地平类", "htn.c_class"))
    assert not is_right(line("answer", "drug:氨氯地平"), result("卡托普利", "htn.a_class"))


def test_what_is_in_doubt_is_not_scored() -> None:
    said = [
        (line("decline", doubt="也说得过去"), result()),
        (line("decline", kinds=["ad"]), result()),
    ]
    whole = score(said)
    assert (whole.declined.hits, whole.declined.total) == (0, 1)
    assert whole.misses == said[1:]


def test_answers_refusals_and_alarms_are_counted_apart() -> None:
    whole = Score()
    whole.add((line("answer", "dm.diet"), result("少吃", "dm.fruit", level="urgent")))
    whole.add((line("decline", kinds=["ad"]), result(answered=False)))
    whole.add((line("alarm", kinds=["crisis"]), result(level="emergency")))
    counts = [(one.hits, one.total) for one in (whole.answered, whole.right, whole.declined)]
    assert counts == [(1, 1), (0, 1), (1, 1)]
    assert (whole.alarms.hits, whole.alarmed) == (1, 1)
    assert whole.parts["decline by kind"]["ad"].value == 1


def test_a_share_says_how_sure_it_is() -> None:
    assert str(Share(9, 10)) == "9/10 = 0.900 (0.596-0.982)"
    assert Share().value == 1


def test_the_measures_of_a_ranking_look_at_the_first_right_article() -> None:
    gold = frozenset({"a", "b"})
    assert measures(["a", "b", "c"], gold) == (1, 1, 1, 1)
    first, third, reciprocal, gain = measures(["c", "a"], gold)
    assert (first, third, reciprocal) == (0, 1, 0.5)
    assert 0 < gain < 1
    assert measures(["c"], gold) == (0, 0, 0, 0)


def test_an_interval_holds_the_mean() -> None:
    mean, low, high = interval([0.0, 1.0, 1.0, 1.0])
    assert low <= mean <= high
    assert mean == 0.75


def test_only_clear_lines_that_an_article_answers_are_ranked() -> None:
    lines = [
        line("answer", "dm.diet", "food:红薯", region="north", patient={"conditions": ["x"]}),
        line("answer", "food:红薯"),
        line("answer", "dm.diet", doubt="两可"),
        line("decline"),
    ]
    found = asked_of(lines, frozenset({"dm.diet"}))
    assert found == (Asked(("问",), "问", frozenset({"x"}), frozenset({"dm.diet"}), "north", ""),)


@pytest.mark.slow
def test_a_blind_authors_questions_are_answered_declined_and_raised(library: Library) -> None:
    lines = read(HERE / "answers_open.jsonl")
    answers = [one for one in lines if one["want"] == "answer"]
    asked = [one for one in lines if one["want"] != "answer"] + answers[::4]
    whole = score(said_to(asked, library))
    wrong = [(one["id"], said["answer"][:40]) for one, said in whole.misses]
    assert whole.declined.value == 1, wrong
    assert whole.alarms.value == 1, wrong
    assert whole.right.value >= 0.92, wrong
