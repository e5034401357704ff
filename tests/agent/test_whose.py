"""老伴158/96: whose value it is, asked once, answered in a few words, kept for ten minutes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from care.reading import Kind, Reading
from care.situation import Background, Programme
from records import people, readings
from records.db import Database
from records.people import Registration
from records.tables import (
    Enrolment,
    Escalation,
    EscalationEvent,
    OutboundMessage,
    Person,
    StoredReading,
)
from records.vault import Vault
from tests.agent.scene import Village, keys, patient

SUGAR = Background(age=60, conditions=frozenset({Programme.TYPE2_DIABETES}))


class Household(Village):
    """王桂芳 holds the phone; relatives stand behind it too."""

    def join(self, relation: str, name: str) -> str:
        with self.database.transaction() as session:
            person = people.register(
                session,
                self.vault,
                Registration(name, self.facility.id, programmes=(Programme.HYPERTENSION,)),
                self.now,
            )
            people.link(session, person.id, self.contact_id, self.now, relation)
            return person.id

    def only_sugar(self) -> None:
        """The holder of the phone is looked after for diabetes alone."""
        with self.database.transaction() as session:
            row = session.exec(
                select(Enrolment).where(Enrolment.person_id == self.patient.id)
            ).one()
            row.programme = Programme.TYPE2_DIABETES
            session.add(row)

    def values(self) -> list[tuple[str, str]]:
        """Whose valid values are stored, in the order they came."""
        with self.database.reading() as session:
            rows = session.exec(select(StoredReading).order_by("recorded_at", "id")).all()
            names = {p.id: people.name_of(self.vault, p) for p in session.exec(select(Person))}
            return [
                (names[row.person_id], f"{row.systolic:g}/{row.diastolic:g}")
                for row in rows
                if row.state in {"stored", "unconfirmed"}
            ]


@pytest.fixture
def couple(sqlite_database: Database, vault: Vault, now: datetime) -> Household:
    home = Household(sqlite_database, vault, now)
    home.join("spouse", "李大山")
    return home


@pytest.fixture
def three(couple: Household) -> Household:
    couple.join("mother", "王老太")
    return couple


def test_each_value_goes_to_whom_it_was_said_of(couple: Household) -> None:
    (reply,) = couple.say("老伴158/96我136/82")
    assert couple.values() == [("李大山", "158/96"), ("王桂芳", "136/82")]
    assert "李大山血压158/96" in reply
    assert "您血压136/82" in reply


@pytest.mark.parametrize(
    "words", ["老伴的", "是老伴的", "我老伴", "李大山的", "俺老头子的", "她的"]
)
def test_an_unclear_value_is_asked_about_and_stored_for_whom_is_named(
    couple: Household, words: str
) -> None:
    assert couple.say("老人血压162/95")[-1] == "血压162/95是您的，还是老伴的？"
    assert couple.values() == []
    couple.say(words)
    assert couple.values() == [("李大山", "162/95")]


def test_who_is_speaking_is_kept_for_ten_minutes_and_no_longer(couple: Household) -> None:
    couple.say("老人血压162/95")
    couple.say("老伴的")
    couple.say("再量了一遍158/92")
    couple.say("我136/80")
    couple.later(minutes=10)
    couple.say("138/82")
    assert couple.values()[1:] == [
        ("李大山", "158/92"),
        ("王桂芳", "136/80"),
        ("王桂芳", "138/82"),
    ]


def test_the_question_is_put_once(couple: Household) -> None:
    couple.say("老人血压162/95")
    again = couple.say("老人又量了158/92")[-1]
    assert "？" not in again
    assert "158/92" in again
    couple.say("老伴的")
    assert couple.values() == [("李大山", "162/95"), ("李大山", "158/92")]


def test_an_answer_that_names_nobody_stores_nothing(couple: Household) -> None:
    couple.say("老人血压162/95")
    couple.say("今天天气好")
    couple.say("老伴的")
    assert couple.values() == []


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("前面是我的", "王桂芳"),
        ("后面是我的", "李大山"),
        ("第一个老伴的，第二个我的", "李大山"),
        ("高的是老伴的", "李大山"),
        ("140的是我的", "李大山"),
    ],
)
def test_two_values_of_two_people_are_shared_out_as_told(
    couple: Household, words: str, first: str
) -> None:
    assert "哪个是您的" in couple.say("我们俩 150/90 140/85")[-1]
    assert couple.values() == []
    couple.say(words)
    second = {"王桂芳": "李大山", "李大山": "王桂芳"}[first]
    assert couple.values() == [(first, "150/90"), (second, "140/85")]


def test_a_plain_mine_does_not_share_out_two_values(couple: Household) -> None:
    couple.say("我们俩 150/90 140/85")
    couple.say("我的")
    assert couple.values() == []


def test_what_was_stored_at_once_is_not_stored_again_with_the_answer(couple: Household) -> None:
    couple.say("我136/82，老人158/96")
    couple.say("老伴的")
    assert couple.values() == [("王桂芳", "136/82"), ("李大山", "158/96")]


def test_a_bare_value_is_not_taken_for_the_holders_where_only_another_is_measured(
    couple: Household,
) -> None:
    couple.only_sugar()
    assert couple.say("152/94")[-1].startswith("血压152/94是您的，还是老伴的？")
    couple.say("我的")
    assert couple.values() == [("王桂芳", "152/94")]


def test_three_people_are_told_apart_by_relation_and_by_name(three: Household) -> None:
    assert "是您、老伴、妈妈" in three.say("老人血压162/95")[-1]
    three.say("妈妈的")
    three.say("我妈165/95 我128/80")
    three.say("李大山150/90 王老太155/92")
    assert three.values() == [
        ("王老太", "162/95"),
        ("王老太", "165/95"),
        ("王桂芳", "128/80"),
        ("李大山", "150/90"),
        ("王老太", "155/92"),
    ]


def test_an_unregistered_relative_is_answered_and_stored_for_nobody(couple: Household) -> None:
    assert "姐姐的血压150/90我看到了" in couple.say("我姐血压150/90")[-1]
    assert couple.values() == []


def test_a_daughter_on_her_mothers_phone_keeps_her_own_value_apart(thought: object) -> None:
    mother = (patient("mother", person_id="mum", name="王桂芳"),)
    decision = thought("我妈158/96，我136/82", members=mother)  # type: ignore[operator]
    assert [one.person_id for one in decision.readings] == ["mum"]
    assert keys(decision)[1] == "reading.own_unregistered"


def test_a_dangerous_value_alarms_before_and_after_its_owner_is_known(couple: Household) -> None:
    couple.only_sugar()
    assert couple.say("188/112")[-1].endswith("血压188/112是您的，还是老伴的？")
    told = couple.say("老伴的")[-1]
    assert "120" in told
    assert "李大山的血压188/112" in told
    with couple.database.reading() as session:
        cases = session.exec(select(Escalation)).all()
        events = session.exec(select(EscalationEvent)).all()
        notices = session.exec(select(OutboundMessage.text_key)).all()
    first, second = sorted(cases, key=lambda case: case.opened_at)
    assert (first.person_id, first.state) == (couple.patient.id, "open")
    assert (second.level, second.state) == ("urgent", "open")
    assert "corrected" in {e.kind for e in events if e.escalation_id == first.id}
    assert "notice.corrected" in notices


def test_a_relatives_earlier_values_are_not_shown_by_a_correction(couple: Household) -> None:
    """The spouse's value of another phone is no part of what is said on this one."""
    with couple.database.transaction() as session:
        spouse = session.exec(select(Person).where(Person.id != couple.patient.id)).one()
        at = couple.now - timedelta(hours=1)
        readings.store(
            session, spouse.id, Reading(Kind.BP, systolic=171, diastolic=101),
            readings.Provenance(), taken_at=at, now=at,
        )  # fmt: skip
    told = couple.say("老伴低压打错了,是95")[-1]
    assert "171" not in told
