"""The choice of a lesson: whom it fits, what rests, and that a risk only ever brings a subject nearer."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.article import Article
from knowledge.curriculum import Choice, Learner, choose, curriculum, ranking, read, signals_of

KNOWN = curriculum()
MONDAY = date(2026, 11, 23)
FESTIVAL = date(2027, 2, 6)
HTN, DM = "hypertension", "type2_diabetes"
RISKS = sorted(
    {one.id for one in KNOWN.signals if not one.id.startswith("season:")} - {"old", "relative"}
)
Shelf = dict[str, Article]


@pytest.fixture(scope="session")
def shelf(corpus: tuple[Article, ...]) -> Shelf:
    return {article.id: article for article in corpus}


def ranked(shelf: Shelf, learner: Learner, today: date = MONDAY) -> list[Choice]:
    return list(ranking(KNOWN, learner, today, shelf.get, FESTIVAL))


def place(choices: list[Choice], subject: str) -> int:
    return [one.subject for one in choices].index(subject)


def learns(*signals: str, programmes: tuple[str, ...] = (HTN,), **more: object) -> Learner:
    return Learner(frozenset(programmes), frozenset(signals), **more)  # type: ignore[arg-type]


def test_every_article_of_the_curriculum_is_there(shelf: Shelf) -> None:
    named = {one for subject in KNOWN.subjects for one in subject.articles} | set(KNOWN.unfit)
    assert named <= shelf.keys()


def test_no_subject_and_no_signal_stands_twice() -> None:
    for named in (KNOWN.subjects, KNOWN.signals):
        assert len({one.id for one in named}) == len(named)


def test_a_signal_that_lifts_nothing_known_is_refused() -> None:
    empty = {
        "subject": [],
        "signal": [{"id": "new", "by": 1, "lifts": ["nothing"]}],
    }
    with pytest.raises(ValueError, match="new lifts nothing"):
        read(empty)


@pytest.mark.parametrize(
    ("signals", "programmes", "subject"),
    [
        (("low_sugar",), (DM,), "hypo"),
        (("pressure_high",), (HTN,), "home_pressure"),
        (("misses_medicine",), (HTN,), "medicine"),
        (("foot_risk",), (DM,), "feet"),
        (("drug:insulin",), (DM,), "hypo"),
        (("new",), (HTN,), "about_hypertension"),
        (("sugar_high",), (DM,), "home_sugar"),
        (("smoker",), (HTN,), "smoking"),
    ],
)
def test_what_is_known_of_a_person_comes_first(
    shelf: Shelf, signals: tuple[str, ...], programmes: tuple[str, ...], subject: str
) -> None:
    first = ranked(shelf, learns(*signals, programmes=programmes))[0]
    assert (first.subject, first.reason) == (subject, signals[0])


def test_high_pressure_brings_salt_and_medicine_forward(shelf: Shelf) -> None:
    first = ranked(shelf, learns("pressure_high"))[:3]
    assert {one.subject for one in first} == {"salt", "medicine", "home_pressure"}


@pytest.mark.parametrize(
    ("day", "subject"),
    [
        (date(2027, 1, 20), "festival"),
        (date(2026, 7, 10), "heat"),
        (date(2026, 12, 10), "cold"),
        (date(2026, 9, 10), "vaccine"),
    ],
)
def test_the_season_has_its_subject(shelf: Shelf, day: date, subject: str) -> None:
    assert subject in [one.subject for one in ranked(shelf, learns(), day)]
    assert subject not in [one.subject for one in ranked(shelf, learns(), date(2026, 3, 10))]


def test_the_festival_is_over_on_the_day_after(shelf: Shelf) -> None:
    later = ranking(KNOWN, learns(), date(2027, 2, 7), shelf.get, date(2028, 1, 26))
    assert "festival" not in {one.subject for one in later}


def test_nobody_is_taught_about_a_disease_that_she_does_not_have(shelf: Shelf) -> None:
    for programme in (HTN, DM):
        for one in ranked(shelf, learns(*RISKS, programmes=(programme,), age=70)):
            assert not one.article.about or one.article.about == {programme}


def test_who_is_pregnant_is_taught_nothing(shelf: Shelf) -> None:
    assert ranked(shelf, learns("pregnant", "new")) == []


@pytest.mark.parametrize(
    ("signal", "articles"),
    [
        ("kidney", {"life.low_sodium_salt", "life.diet_htn", "dm.fruit", "dm.vegetable"}),
        ("drug:acei", {"life.low_sodium_salt"}),
        ("drug:arb", {"life.low_sodium_salt"}),
        ("drug:diuretic", {"life.low_sodium_salt"}),
        ("foot_risk", {"dm.exercise", "life.exercise_htn"}),
        ("pressure_low", {"life.salt"}),
        ("heart_failure", {"life.farm_heat"}),
    ],
)
def test_a_sentence_that_may_be_wrong_for_her_is_never_taught(
    shelf: Shelf, signal: str, articles: set[str]
) -> None:
    taught: list[tuple[str, date]] = []
    for week in range(120):
        today = MONDAY + timedelta(weeks=week)
        learner = learns(signal, "drug:ccb", programmes=(HTN, DM), taught=tuple(taught))
        choice = choose(KNOWN, learner, today, shelf.get, FESTIVAL)
        if choice is not None:
            taught.append((choice.article.id, today))
    assert taught
    assert not articles & {article_id for article_id, _ in taught}


def test_low_sodium_salt_is_not_taught_where_no_medicine_is_known(shelf: Shelf) -> None:
    taught = (("life.salt", date(2026, 1, 5)), ("life.diet_htn", date(2026, 3, 2)))
    unknown = ranked(shelf, learns("salty", taught=taught), date(2026, 6, 1))
    known = ranked(shelf, learns("salty", "drug:ccb", taught=taught), date(2026, 6, 1))
    assert "life.low_sodium_salt" not in {one.article.id for one in unknown}
    assert "life.low_sodium_salt" in {one.article.id for one in known}


def test_what_is_not_served_is_not_taught(shelf: Shelf) -> None:
    without = {key: value for key, value in shelf.items() if key != "htn.what"}
    first = ranking(KNOWN, learns("new"), MONDAY, without.get, FESTIVAL)[0]
    assert first.article.id == "htn.symptoms"
    assert choose(KNOWN, learns("new"), MONDAY, lambda _: None, FESTIVAL) is None


def test_nobody_is_told_unasked_to_do_what_only_an_emergency_asks_for(shelf: Shelf) -> None:
    told = {
        one: KNOWN.today_of(shelf[one]) for subject in KNOWN.subjects for one in subject.articles
    }
    for article_id in ("emg.stroke", "dm.hypo.first_aid", "htn.severe_reading", "med.missed_dose"):
        assert told[article_id] == ""
    assert not any("120" in today or "现在" in today for today in told.values())
    assert sum(bool(today) for today in told.values()) > len(told) / 2


def test_a_subject_rests_after_it_was_taught_and_after_it_was_asked_about(shelf: Shelf) -> None:
    day = MONDAY - timedelta(weeks=2)
    for learner in (
        learns("pressure_high", taught=(("life.salt", day),)),
        learns("pressure_high", asked={"life.salt": day}),
    ):
        assert "salt" not in {one.subject for one in ranked(shelf, learner)}
        later = ranked(shelf, learner, day + KNOWN.subject_rests)
        assert "salt" in {one.subject for one in later}


people = st.builds(
    Learner,
    programmes=st.sets(st.sampled_from([HTN, DM]), min_size=1).map(frozenset),
    signals=st.sets(st.sampled_from(RISKS)).map(frozenset),
    taught=st.lists(
        st.tuples(
            st.sampled_from([one for subject in KNOWN.subjects for one in subject.articles]),
            st.dates(MONDAY - timedelta(days=700), MONDAY - timedelta(days=7)),
        ),
        max_size=30,
    ).map(tuple),
    age=st.none() | st.integers(20, 100),
    relative=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(learner=people, risk=st.sampled_from(RISKS))
def test_a_risk_never_puts_its_own_subject_further_back(
    shelf: Shelf, learner: Learner, risk: str
) -> None:
    without = replace(learner, signals=learner.signals - {risk})
    at_risk = replace(learner, signals=learner.signals | {risk})
    (signal,) = [one for one in KNOWN.signals if one.id == risk]
    before, after = ranked(shelf, without), ranked(shelf, at_risk)
    for subject in signal.lifts & {one.subject for one in before}:
        assert place(after, subject) <= place(before, subject)


@settings(max_examples=40, deadline=None)
@given(learner=people, day=st.dates(MONDAY, MONDAY + timedelta(days=800)))
def test_what_is_chosen_fits_and_is_no_repetition(
    shelf: Shelf, learner: Learner, day: date
) -> None:
    signals = signals_of(KNOWN, learner, day, FESTIVAL)
    last = dict(sorted(learner.taught, key=lambda one: one[1]))
    for one in ranked(shelf, learner, day):
        assert not signals & KNOWN.unfit.get(one.article.id, frozenset())
        assert not one.article.about or one.article.about & learner.programmes
        on = last.get(one.article.id)
        assert on is None or day - on >= KNOWN.article_rests


def _half_a_year(shelf: Shelf, learner: Learner) -> list[Choice]:
    taught: list[tuple[str, date]] = []
    found = []
    for week in range(26):
        today = MONDAY + timedelta(weeks=week)
        festival = FESTIVAL if today <= FESTIVAL else date(2028, 1, 26)
        now = replace(learner, taught=tuple(taught))
        choice = choose(KNOWN, now, today, shelf.get, festival)
        assert choice is not None, (learner, week)
        taught.append((choice.article.id, today))
        found.append(choice)
    return found


def test_in_half_a_year_fifty_people_hear_all_the_basics_and_nothing_twice(shelf: Shelf) -> None:
    chance = random.Random(5)
    heard: Counter[str] = Counter()
    for _ in range(50):
        programmes = chance.choice([(HTN,), (DM,), (HTN, DM)])
        risks = [risk for risk in RISKS if chance.random() < 0.2]
        learner = learns(*risks, programmes=programmes, age=chance.choice([48, 71]))
        found = _half_a_year(shelf, learner)
        articles = [one.article.id for one in found]
        assert len(set(articles)) == len(articles)
        basics = {
            one.id
            for one in KNOWN.subjects
            if one.basic and (not one.only or one.only & set(programmes))
        }
        possible = {one.subject for one in ranked(shelf, learner)}
        assert (basics & possible) - {one.subject for one in found} == set()
        heard.update(one.subject for one in found)
    assert len(heard) >= 22
    assert heard.most_common(1)[0][1] <= 50 * 26 * 0.2
