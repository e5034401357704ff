"""A draft is tried on every stored question before anybody signs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlmodel import select

from agent.loading import Tools
from knowledge.answer import Answer
from knowledge.article import Article, read_articles
from knowledge.embedder import Embedder
from knowledge.library import Library
from knowledge.rehearsal import Rehearsal
from knowledge.sheet import laid_out, sheet_for
from knowledge.store import Store
from records import asked, question_groups, revisions, trials
from records.asked import Asker, Question
from records.db import Database
from records.revisions import Draft
from records.tables import ArticleTrial, AskedQuestion
from records.vault import Vault
from schedules.trying import try_due
from tests.inbox.county import County, there

KEPT = {"dm.fruit", "dm.diet", "life.salt", "life.sleep", "dm.target"}
NOWHERE = Path("nowhere")
BATH = "高血压泡温泉行不行呀"


@pytest.fixture(scope="module")
def few() -> tuple[Article, ...]:
    found = (article for article in read_articles() if article.id in KEPT)
    return tuple(replace(article, related=()) for article in found)


@pytest.fixture(autouse=True)
def few_articles(few: tuple[Article, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.library.read_decoys", dict)
    monkeypatch.setattr("schedules.trying.read_articles", lambda: few)


def opened(
    _place: Store | None, _embedder: Embedder | None, articles: Sequence[Article]
) -> Library:
    return Library(None, None, serve_pending=True, articles=articles)


@pytest.fixture
def county(sqlite_database: Database, vault: Vault, now: datetime) -> County:
    with sqlite_database.transaction() as session:
        built = County(session, vault, now).build()
        question = Question(BATH, asked.UNKNOWN)
        assert asked.keep(session, vault, "turn", question, Asker(()), now)
        (row,) = session.exec(select(AskedQuestion.id)).all()
        question_groups.put(session, row, None, now, timedelta(days=1))
    return built


@pytest.fixture
def tools(vault: Vault, few: tuple[Article, ...]) -> Tools:
    return Tools(vault, opened(None, None, few))


def wanted(
    database: Database, county: County, article: Article, now: datetime, **changes: object
) -> str:
    """A draft with these changes, and a trial of it."""
    text = laid_out(replace(sheet_for(article), **changes))  # type: ignore[arg-type]
    curator = county.readers["curator"]
    with database.transaction() as session:
        newest = revisions.newest(session, article.id)
        number = newest.number if newest else 0
        assert revisions.keep(session, curator, Draft(article.id, text, number), now).done
        return trials.request(session, curator, article.id, number + 1, now)


def outcome(database: Database, trial_id: str) -> ArticleTrial:
    with database.reading() as session:
        return session.get_one(ArticleTrial, trial_id)


@pytest.fixture
def run(sqlite_database: Database, tools: Tools, now: datetime) -> Callable[[], int]:
    return lambda: try_due(sqlite_database, tools, Rehearsal(opened, NOWHERE), lambda: now)


def test_a_new_wording_that_is_answered_now_is_found(
    sqlite_database: Database,
    county: County,
    few: tuple[Article, ...],
    run: Callable[[], int],
    now: datetime,
    vault: Vault,
) -> None:
    sleep = next(one for one in few if one.id == "life.sleep")
    trial_id = wanted(
        sqlite_database, county, sleep, now, questions=(*sleep.questions, BATH), plain="温水泡脚。"
    )
    assert run() == len(sleep.questions) + 2
    row = outcome(sqlite_database, trial_id)
    assert (row.state, row.done) == ("done", row.total)
    reader = county.readers["curator"]
    with sqlite_database.reading() as session:
        told = trials.differences(session, vault, reader, row)
    found = {one.question: one for one in told}
    assert row.changed == len(told) > 0
    bath = next(one for one in told if one.question == BATH and not one.own)
    assert bath.before.articles != bath.after.articles
    assert bath.after.articles == ("life.sleep",)
    assert "温水泡脚。" in bath.after.text
    own = found[sleep.questions[0]]
    assert own.own
    assert own.before.text != own.after.text


def test_a_draft_that_changes_no_words_changes_no_answer(
    sqlite_database: Database,
    county: County,
    few: tuple[Article, ...],
    run: Callable[[], int],
    now: datetime,
) -> None:
    trial_id = wanted(sqlite_database, county, few[0], now, expires="2028-01-31")
    assert run() > 0
    row = outcome(sqlite_database, trial_id)
    assert (row.state, row.changed) == ("done", 0)
    assert run() == 0


def test_a_question_that_was_forgotten_is_forgotten_by_its_trials(
    sqlite_database: Database,
    county: County,
    few: tuple[Article, ...],
    run: Callable[[], int],
    now: datetime,
    vault: Vault,
) -> None:
    questions = (*few[0].questions, BATH)
    trial_id = wanted(sqlite_database, county, few[0], now, plain="别的话。", questions=questions)
    run()
    row = outcome(sqlite_database, trial_id)
    assert BATH not in vault.open(row.result_sealed, trials.PLACE, row.id).replace(
        f'"question": "{BATH}"', "", 1
    )
    with sqlite_database.transaction() as session:
        for question in session.exec(select(AskedQuestion)).all():
            session.delete(question)
        session.flush()
        told = trials.differences(session, vault, county.readers["curator"], row)
    assert all(one.own for one in told)


def test_what_a_trial_found_is_sealed(
    sqlite_database: Database,
    county: County,
    few: tuple[Article, ...],
    run: Callable[[], int],
    now: datetime,
) -> None:
    trial_id = wanted(sqlite_database, county, few[0], now, plain="别的话。", questions=(BATH,))
    run()
    sealed = there(outcome(sqlite_database, trial_id).result_sealed)
    assert BATH.encode() not in sealed


@pytest.mark.parametrize("changes", [{"expires": ""}, {"sources": ()}, {"plain": "长" * 121}])
def test_an_unfinished_draft_says_why_it_cannot_be_tried(
    sqlite_database: Database,
    county: County,
    few: tuple[Article, ...],
    run: Callable[[], int],
    now: datetime,
    changes: dict[str, object],
) -> None:
    trial_id = wanted(sqlite_database, county, few[0], now, **changes)
    assert run() == 0
    row = outcome(sqlite_database, trial_id)
    assert (row.state, row.problem) == ("failed", "unfit")


def test_a_trial_that_breaks_says_so(
    sqlite_database: Database,
    county: County,
    few: tuple[Article, ...],
    tools: Tools,
    now: datetime,
) -> None:
    def broken(*_given: object) -> Library:
        raise OSError

    trial_id = wanted(sqlite_database, county, few[0], now)
    assert try_due(sqlite_database, tools, Rehearsal(broken, NOWHERE), lambda: now) == 0
    row = outcome(sqlite_database, trial_id)
    assert (row.state, row.problem) == ("failed", "broken")


def test_a_trial_whose_worker_died_is_taken_up_again(
    sqlite_database: Database,
    county: County,
    few: tuple[Article, ...],
    tools: Tools,
    now: datetime,
) -> None:
    trial_id = wanted(sqlite_database, county, few[0], now)
    with sqlite_database.transaction() as session:
        assert there(trials.claim(session, now)).id == trial_id
        assert trials.claim(session, now) is None
    later = now + trials.LEASE
    assert try_due(sqlite_database, tools, Rehearsal(opened, NOWHERE), lambda: now) == 0
    assert try_due(sqlite_database, tools, Rehearsal(opened, NOWHERE), lambda: later) > 0
    assert outcome(sqlite_database, trial_id).state == "done"


def test_asking_twice_is_one_trial(
    sqlite_database: Database, county: County, few: tuple[Article, ...], now: datetime
) -> None:
    trial_id = wanted(sqlite_database, county, few[0], now)
    with sqlite_database.transaction() as session:
        again = trials.request(session, county.readers["curator"], few[0].id, 1, now)
        latest = there(trials.latest(session, few[0].id))
    assert again == trial_id == latest.id


@pytest.mark.parametrize("when", ["before it begins", "between two questions"])
def test_a_worker_that_stops_leaves_the_trial_to_the_next_one(
    sqlite_database: Database,
    county: County,
    few: tuple[Article, ...],
    tools: Tools,
    now: datetime,
    when: str,
) -> None:
    stopping = Event()
    asked_of_it: list[str] = []

    class Watched:
        """Stops the worker with its second question."""

        def answer(self, question: str, **given: Any) -> Answer:
            asked_of_it.append(question)
            if len(asked_of_it) == 2:
                stopping.set()
            return tools.answers.answer(question, **given)

    trial_id = wanted(sqlite_database, county, few[0], now)
    if when == "before it begins":
        stopping.set()
    rehearsal, watched = Rehearsal(opened, NOWHERE), replace(tools, answers=Watched())
    assert try_due(sqlite_database, watched, rehearsal, lambda: now, stopping) == 0
    assert len(asked_of_it) <= 2
    row = outcome(sqlite_database, trial_id)
    assert (row.state, row.problem, row.claimed_until) == ("waiting", "", None)
    assert try_due(sqlite_database, tools, rehearsal, lambda: now) > 0
    assert outcome(sqlite_database, trial_id).state == "done"
