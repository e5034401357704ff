"""What the record says of a person, as codes: written down, never guessed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from care.level import Level
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Programme
from records import escalations, readings
from records.identity import new_id
from records.people import china_date
from records.readings import Provenance
from records.risks import risks
from records.tables import Enrolment, FollowUp, Person
from tests.inbox.county import County


@pytest.fixture
def person(county: County) -> Person:
    """With diabetes for years, on both programmes."""
    known, _ = county.person("a", programmes=(Programme.HYPERTENSION, Programme.TYPE2_DIABETES))
    for row in county.session.exec(select(Enrolment).where(Enrolment.person_id == known)).all():
        row.diagnosed = "2015"
        county.session.add(row)
    return county.session.get_one(Person, known)


def measured(
    county: County, person: Person, reading: Reading, *, setting: str = "home", ago: int = 1
) -> None:
    readings.store(
        county.session,
        person.id,
        reading,
        Provenance(setting=setting),
        taken_at=county.now - timedelta(days=ago),
        now=county.now,
    )


def written(
    county: County,
    person: Person,
    *,
    programme: str = "type2_diabetes",
    answers: dict[str, object] | None = None,
    **form: object,
) -> None:
    county.session.add(
        FollowUp(
            id=new_id(),
            person_id=person.id,
            programme=programme,
            due_on=china_date(county.now) - timedelta(days=10),
            state="signed",
            answers=answers or {},
            form=form,
        )
    )
    county.session.flush()


def found(county: County, person: Person) -> frozenset[str]:
    return risks(county.session, person, county.now)


def bp(systolic: float, diastolic: float) -> Reading:
    return Reading(Kind.BP, systolic=systolic, diastolic=diastolic)


def test_nothing_written_down_is_no_risk(county: County, person: Person) -> None:
    assert found(county, person) == frozenset()


def test_somebody_enrolled_lately_is_new_unless_the_disease_is_old(county: County) -> None:
    known, _ = county.person("a", openid="o2")
    assert found(county, county.session.get_one(Person, known)) == {"new"}


def test_the_average_at_home_says_whether_the_pressure_is_high(
    county: County, person: Person
) -> None:
    measured(county, person, bp(158, 92), ago=2)
    measured(county, person, bp(150, 90))
    assert found(county, person) == {"pressure_high"}


def test_one_high_value_among_good_ones_is_no_risk(county: County, person: Person) -> None:
    measured(county, person, bp(140, 84), ago=3)
    for ago in (1, 2):
        measured(county, person, bp(122, 76), ago=ago)
    assert found(county, person) == frozenset()


def test_home_and_clinic_are_not_mixed(county: County, person: Person) -> None:
    measured(county, person, bp(170, 100), setting="clinic", ago=30)
    measured(county, person, bp(120, 76))
    assert found(county, person) == frozenset()


def test_low_pressure_and_old_values(county: County, person: Person) -> None:
    measured(county, person, bp(170, 100), ago=120)
    measured(county, person, bp(88, 58))
    assert found(county, person) == {"pressure_low"}


def test_half_a_pressure_says_nothing(county: County, person: Person) -> None:
    measured(county, person, Reading(Kind.BP, systolic=170))
    assert found(county, person) == frozenset()


def test_a_low_sugar_counts_for_three_months_whatever_came_after(
    county: County, person: Person
) -> None:
    measured(county, person, Reading(Kind.GLUCOSE, value=3.9), ago=60)
    measured(county, person, Reading(Kind.GLUCOSE, value=6.1, context=GlucoseContext.FASTING))
    assert found(county, person) == {"low_sugar"}


def test_the_newest_sugar_says_whether_it_is_high(county: County, person: Person) -> None:
    measured(
        county, person, Reading(Kind.GLUCOSE, value=6.1, context=GlucoseContext.FASTING), ago=9
    )
    measured(county, person, Reading(Kind.GLUCOSE, value=9.2, context=GlucoseContext.FASTING))
    assert found(county, person) == {"sugar_high"}


def test_an_alarm_about_low_sugar_counts(county: County, person: Person) -> None:
    escalations.raise_alarm(
        county.session,
        person_id=person.id,
        contact_point_id=None,
        facility_id=person.facility_id,
        level=Level.URGENT,
        reasons=("hypo",),
        now=county.now,
        rings_at=county.now,
    )
    assert found(county, person) == {"low_sugar"}


@pytest.mark.parametrize(
    ("form", "risk"),
    [
        ({"med_adherence": "2"}, "misses_medicine"),
        ({"med_adherence": "3"}, "misses_medicine"),
        ({"adr": "2"}, "side_effects"),
        ({"hypo_reaction": "3"}, "low_sugar"),
        ({"salt": "重"}, "salty"),
        ({"dorsalis_pedis": "2"}, "foot_risk"),
        ({"symptoms": ["7"]}, "foot_risk"),
        ({"smoke": 10}, "smoker"),
        ({"alcohol": 2}, "drinks"),
        ({"exercise_times": 0}, "inactive"),
        ({"answers": {"medicine_taken": False}}, "misses_medicine"),
    ],
)
def test_the_form_says_how_somebody_lives(
    county: County, person: Person, form: dict[str, object], risk: str
) -> None:
    written(county, person, **form)  # type: ignore[arg-type]
    assert found(county, person) == {risk}


@pytest.mark.parametrize(
    "form",
    [
        {"med_adherence": "1", "adr": "1", "hypo_reaction": "1", "salt": "轻", "smoke": 0},
        {"alcohol": "", "exercise_times": 3, "symptoms": "7"},
        {"dorsalis_pedis": "1", "symptoms": ["1"], "answers": {"medicine_taken": True}},
    ],
)
def test_a_good_form_says_nothing(county: County, person: Person, form: dict[str, object]) -> None:
    written(county, person, **form)  # type: ignore[arg-type]
    assert found(county, person) == frozenset()


def test_numb_on_the_other_form_is_something_else(county: County, person: Person) -> None:
    written(county, person, programme="hypertension", symptoms=["7"])
    assert found(county, person) == frozenset()


def test_medicines_pregnancy_and_other_ailments_are_codes_too(
    county: County, person: Person
) -> None:
    person.drugs, person.pregnant, person.ailments = ["insulin", "acei"], True, ["kidney"]
    assert found(county, person) == {"drug:insulin", "drug:acei", "pregnant", "kidney"}
