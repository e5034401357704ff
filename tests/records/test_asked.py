"""Questions that are kept for a curator: without the person, once per turn, for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from records import asked, emergency, question_groups, question_queue
from records.asked import Asker, Question
from records.question_queue import Wish
from records.reader import Reader
from records.tables import AskedQuestion, InboundMessage, Practitioner, QuestionGroup
from tests.inbox.county import County, there

TEXT = "我是东沟村的王桂芳，高血压能染头发吗，电话13800001111"
WEEK = timedelta(days=7)


@pytest.fixture
def curator(county: County) -> Reader:
    return county.readers["curator"]


def keep(county: County, turn: str = "turn-1", text: str = TEXT, reason: str = "unknown") -> bool:
    person, _ = county.person("a", "王桂芳")
    asker = Asker((person,), frozenset({"hypertension"}), 93, county.places["a"].id)
    return asked.keep(county.session, county.vault, turn, Question(text, reason), asker, county.now)


def rows(county: County) -> list[AskedQuestion]:
    return list(county.session.exec(select(AskedQuestion)).all())


def test_a_question_keeps_its_county_and_loses_its_person(county: County) -> None:
    assert keep(county)
    row = rows(county)[0]
    words = asked.words_of(county.vault, row)
    assert words == "我是〔地名〕的〔姓名〕，高血压能染头发吗，电话〔号码〕"
    assert row.county_id == county.places["county"].id
    assert row.age_band == "90"
    assert row.asked_on.isoformat() == "2026-11-23"


def test_nothing_in_the_row_leads_to_the_turn_or_the_minute(county: County) -> None:
    keep(county)
    row = rows(county)[0]
    told = " ".join(str(value) for value in row.model_dump(exclude={"words_sealed"}).values())
    assert "turn-1" not in told
    assert county.places["a"].id not in told
    # A time-ordered id would tell the millisecond.
    assert row.id[14] == "4"


def test_one_turn_is_kept_once(county: County) -> None:
    assert keep(county)
    assert not keep(county)
    assert len(rows(county)) == 1


def test_the_contact_for_an_emergency_is_not_named_either(county: County) -> None:
    person, _ = county.person("a", "王桂花")
    doctor = county.readers["doctor_a"]
    contact = {"name": "牛得草", "phone": "13900002222", "relation": "son"}
    assert emergency.keep(county.session, county.vault, doctor, person, now=county.now, **contact)
    question = Question("牛得草说高血压不能染头发，真的吗", "unknown")
    asker = Asker((person,))
    assert asked.keep(county.session, county.vault, "t", question, asker, county.now)
    assert asked.words_of(county.vault, rows(county)[0]) == "〔姓名〕说高血压不能染头发，真的吗"


def test_what_is_nothing_but_a_name_is_not_kept_empty(county: County) -> None:
    assert not keep(county, text="   ")
    assert rows(county) == []


@pytest.mark.parametrize(
    ("kind", "refusal", "confidence", "margin", "reason"),
    [
        ("unknown", None, 0.0, None, "unknown"),
        ("refusal", "other_disease", 0.0, None, "declined"),
        ("refusal", "off_topic", 0.0, None, "declined"),
        ("refusal", "dose_change", 1.0, None, None),
        ("refusal", "prescription", 1.0, None, None),
        ("refusal", "crisis", 1.0, None, None),
        ("refusal", "despair", 1.0, None, None),
        ("refusal", "chitchat", 0.0, None, None),
        ("answer", None, 0.99, 0.2, None),
        ("answer", None, 0.97, None, None),
        ("answer", None, 0.99, 0.01, "unsure"),
        ("answer", None, 0.7, 0.2, "unsure"),
    ],
)
def test_what_reaches_a_curator_and_what_is_refused_on_purpose(
    kind: str, refusal: str | None, confidence: float, margin: float | None, reason: str | None
) -> None:
    assert asked.reason_of(kind, refusal, confidence, margin) == reason


@pytest.mark.parametrize(
    "said",
    [
        "俺爹说不治了，让给他个痛快",
        "活着还有啥意思，能吃榴莲吗",
        "喝农药会咋样",
        "老公打我，血压高怎么办",
        "走了算了，药还吃吗",
    ],
)
def test_despair_and_violence_are_not_kept_even_where_no_alarm_was_raised(
    county: County, said: str
) -> None:
    assert not keep(county, text=said)
    assert not keep(county, text=said, reason="unhelpful")
    assert rows(county) == []


def test_an_erased_person_takes_her_questions_along(county: County) -> None:
    person, point = county.person("a")
    message = county.says(point, TEXT, about=person)
    turn = there(county.session.get_one(InboundMessage, message).turn_id)
    keep(county, turn)
    keep(county, "another turn", "糖尿病能泡温泉吗")
    assert asked.forget(county.session, county.vault, [message]) == 1
    assert [asked.words_of(county.vault, row) for row in rows(county)] == ["糖尿病能泡温泉吗"]


def test_after_two_years_a_question_is_gone_and_its_group_with_it(county: County) -> None:
    group = county.question("高血压能染头发吗", ago=timedelta(days=731))
    young = county.question("糖尿病能泡温泉吗", ago=timedelta(days=729))
    assert asked.forget_old(county.session, county.now) == 2
    assert county.session.exec(select(QuestionGroup.id)).all() == [young]
    assert group != young


def test_a_decision_outlives_its_questions_for_as_long(county: County, curator: Reader) -> None:
    group = county.question("高血压能染头发吗")
    question_groups.dismiss(county.session, curator, group, "off_topic", county.now)
    county.session.delete(rows(county)[0])
    county.session.flush()
    assert asked.forget_old(county.session, county.now) == 0
    assert asked.forget_old(county.session, county.now + timedelta(days=731)) == 1


def test_the_editor_sees_every_grouped_question_of_the_county(
    county: County, curator: Reader
) -> None:
    group = county.question("高血压能染头发吗", articles=("htn.what",))
    keep(county)
    found = asked.stored(county.session, county.vault, curator)
    assert [(one.group_id, one.text, one.articles) for one in found] == [
        (group, "高血压能染头发吗", ("htn.what",))
    ]
    assert asked.stored(county.session, county.vault, county.readers["doctor_a"]) == ()


def test_who_is_no_curator_decides_nothing(county: County) -> None:
    group = county.question("高血压能染头发吗")
    for login in ("doctor_a", "duty", "bureau"):
        reader = county.readers[login]
        assert not asked.cover(county.session, reader, group, "htn.what", county.now)
        assert not question_groups.dismiss(county.session, reader, group, "ad", county.now)
        assert question_queue.detail(county.session, county.vault, reader, group) is None
    assert county.session.get_one(QuestionGroup, group).state == "waiting"


@pytest.mark.parametrize(("days", "state"), [(6, "covered"), (7, "waiting")])
def test_whoever_still_asks_a_week_after_the_article_reopens_the_group(
    county: County, curator: Reader, days: int, state: str
) -> None:
    group = county.question("高血压能染头发吗", ago=timedelta(days=20))
    before = county.now - timedelta(days=days)
    assert asked.cover(county.session, curator, group, "htn.what", before)
    county.question("血压高能染头不", group_id=group)
    found = county.session.get_one(QuestionGroup, group)
    assert (found.state, found.article_id) == (state, "htn.what")


def test_what_is_not_ours_stays_so_however_often_it_is_asked(
    county: County, curator: Reader
) -> None:
    group = county.question("猪肉多少钱一斤", ago=timedelta(days=20))
    long_ago = county.now - timedelta(days=19)
    question_groups.dismiss(county.session, curator, group, "off_topic", long_ago)
    county.question("今天猪肉啥价", group_id=group)
    assert county.session.get_one(QuestionGroup, group).state == "dismissed"


def test_a_merger_of_mergers_is_taken_apart_step_by_step(county: County, curator: Reader) -> None:
    first, second, third = (county.question(f"第{n}种草能喝吗") for n in (1, 2, 3))
    session, now = county.session, county.now
    assert question_groups.merge(session, curator, first, second, now)
    assert question_groups.merge(session, curator, second, third, now)
    assert not question_groups.merge(session, curator, second, third, now)
    queue = question_queue.queue(session, county.vault, curator, Wish(), now)
    assert [heap.id for heap in queue.heaps] == [third]
    assert question_groups.reopen(session, curator, second, now)
    assert not question_groups.reopen(session, curator, second, now)
    held = session.exec(select(AskedQuestion.group_id).order_by(col(AskedQuestion.group_id))).all()
    assert sorted(there(one) for one in held) == sorted([second, second, third])


def test_the_largest_group_stands_first_and_counts_its_villages(
    county: County, curator: Reader
) -> None:
    county.question("高血压能染头发吗")
    bath = county.question("糖尿病能泡温泉吗", ago=timedelta(days=3))
    county.question("血糖高泡温泉行不", group_id=bath, place="c")
    found = question_queue.queue(county.session, county.vault, curator, Wish(), county.now)
    first = found.heaps[0]
    assert (first.id, first.size, first.places, first.title) == (bath, 2, 2, "糖尿病能泡温泉吗")
    assert found.counts == {"waiting": 2, "covered": 0, "dismissed": 0}


def test_a_question_is_put_into_a_group_once(county: County, now: datetime) -> None:
    keep(county)
    row, _ = asked.ungrouped(county.session, county.vault)[0]
    group = question_groups.put(county.session, row, None, now, WEEK)
    question_groups.put(county.session, row, None, now, WEEK)
    assert rows(county)[0].group_id == group


def test_a_question_follows_its_group_through_mergers(county: County, curator: Reader) -> None:
    session, now = county.session, county.now
    first, second, third = (county.question(text) for text in ("能染头发吗", "染发行吗", "烫发呢"))
    keep(county)
    row, _ = asked.ungrouped(session, county.vault)[0]
    # The tick has chosen the first group; two curators are quicker.
    assert question_groups.merge(session, curator, first, second, now)
    assert question_groups.merge(session, curator, second, third, now)
    assert question_groups.put(session, row, first, now, WEEK) == third
    found = question_queue.queue(session, county.vault, curator, Wish(), now)
    assert [(heap.id, heap.size) for heap in found.heaps] == [(third, 4)]


def test_a_question_that_has_a_group_or_is_gone_makes_no_other(
    county: County, now: datetime
) -> None:
    session = county.session
    keep(county)
    row, _ = asked.ungrouped(session, county.vault)[0]
    group = question_groups.put(session, row, None, now, WEEK)
    assert question_groups.put(session, row, None, now, WEEK) == group
    assert question_groups.put(session, "gone", None, now, WEEK) == ""
    assert len(session.exec(select(QuestionGroup)).all()) == 1


def test_whoever_of_the_staff_is_called_otherwise_is_known_by_the_new_name(county: County) -> None:
    doctor = there(county.session.exec(select(Practitioner)).first())
    for number, name in enumerate(("欧阳腊梅", "欧阳铁柱")):
        doctor.name_sealed = county.vault.seal(name, "practitioners.name", doctor.id)
        county.session.add(doctor)
        county.session.flush()
        keep(county, f"turn-{number}", f"听{name}讲要少吃腌菜，真的假的")
    kept = [asked.words_of(county.vault, row) for row in rows(county)]
    assert kept == ["听〔姓名〕讲要少吃腌菜，真的假的"] * 2
