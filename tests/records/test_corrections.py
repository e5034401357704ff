"""A doctor puts a reading right, and everything that rested on it is judged again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from care.assess import assess
from care.level import Level
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Situation
from records import bedside, casework, corrections, escalations, people
from records.corrections import Change, Corrected
from records.people import background, china_date
from records.reader import Reader
from records.readings import Provenance, store
from records.tables import (
    AuditEvent,
    Escalation,
    EscalationEvent,
    FollowUp,
    Person,
    StoredReading,
    Task,
    Turn,
)
from tests.inbox.county import County, there


def bp(systolic: float, diastolic: float) -> Reading:
    return Reading(Kind.BP, systolic=systolic, diastolic=diastolic)


def told(county: County, text: str, value: Reading, *, place: str = "a") -> tuple[str, str, str]:
    """A value that came by message and raised the alarm it deserves. Person, point, reading."""
    person_id, point = county.person(place)
    message = county.says(point, text, about=person_id)
    person = county.session.get_one(Person, person_id)
    known = background(county.session, person, china_date(county.now))
    judged = assess(Situation(background=known, readings=(value,)))
    row = store(
        county.session,
        person_id,
        value,
        Provenance(inbound_message_id=message),
        taken_at=county.now,
        now=county.now,
        level=judged.level,
    )
    if judged.level >= Level.URGENT:
        escalations.raise_alarm(
            county.session,
            person_id=person_id,
            contact_point_id=point,
            facility_id=county.places[place].id,
            level=judged.level,
            reasons=judged.reasons,
            now=county.now,
            rings_at=county.now,
            inbound_message_id=message,
        )
    return person_id, point, row.id


def correct(county: County, doctor: Reader, reading_id: str, change: Change) -> Corrected:
    county.now += timedelta(minutes=2)
    return there(
        corrections.correct(county.session, county.vault, doctor, reading_id, change, county.now)
    )


def alarm_of(county: County, person_id: str) -> Escalation | None:
    county.session.expire_all()
    return county.session.exec(select(Escalation).where(Escalation.person_id == person_id)).first()


def readings_of(county: County, person_id: str) -> list[StoredReading]:
    county.session.expire_all()
    return list(
        county.session.exec(
            select(StoredReading)
            .where(StoredReading.person_id == person_id)
            .order_by(StoredReading.recorded_at)  # type: ignore[arg-type]
        ).all()
    )


def test_a_wrong_number_stays_and_points_at_the_right_one(county: County, doctor: Reader) -> None:
    person, _, wrong = told(county, "血压 152/94", bp(152, 94))
    done = correct(county, doctor, wrong, Change("mistyped", reading=bp(132, 84)))
    assert done.done
    old, new = readings_of(county, person)
    assert (old.state, old.replaced_by, old.systolic) == ("replaced", new.id, 152)
    assert (new.state, new.systolic, new.diastolic) == ("stored", 132, 84)
    assert (new.taken_at, new.inbound_message_id) == (old.taken_at, old.inbound_message_id)
    assert new.recorded_by == doctor.practitioner_id


def test_the_alarm_of_a_wrong_value_is_lowered_and_annotated_but_stays_open(
    county: County, doctor: Reader
) -> None:
    person, _, wrong = told(county, "血压 190/115", bp(190, 115))
    before = there(alarm_of(county, person)).level
    done = correct(county, doctor, wrong, Change("misread", reading=bp(119, 75)))
    alarm = there(alarm_of(county, person))
    assert (alarm.state, alarm.level) == ("open", "routine")
    assert alarm.next_escalation_at is None
    assert there(done.alarm).before == before
    event = county.session.exec(
        select(EscalationEvent).where(EscalationEvent.kind == "corrected")
    ).one()
    assert event.practitioner_id == doctor.practitioner_id
    said = county.vault.open(event.note_sealed, "escalation_events.note", event.id)
    assert said == "190/115 改为 119/75"


def test_what_else_was_said_keeps_the_alarm_up(county: County, doctor: Reader) -> None:
    person, _, wrong = told(county, "高压190低压115，胸口疼得厉害，左胳膊也麻", bp(190, 115))
    before = there(alarm_of(county, person)).level
    correct(county, doctor, wrong, Change("misread", reading=bp(119, 75)))
    assert there(alarm_of(county, person)).level == before
    assert alarm_of(county, person) is not None


def test_an_alarm_that_the_rules_cannot_explain_is_never_lowered(
    county: County, doctor: Reader
) -> None:
    """A model or a photo raised it: only a person may say that it was nothing."""
    person, point = county.person("a")
    message = county.says(point, "", kind="image", about=person)
    row = store(
        county.session,
        person,
        bp(190, 115),
        Provenance(inbound_message_id=message),
        taken_at=county.now,
        now=county.now,
        level=Level.URGENT,
    )
    alarm = escalations.raise_alarm(
        county.session,
        person_id=person,
        contact_point_id=point,
        facility_id=None,
        level=Level.EMERGENCY,
        reasons=("bp_crisis",),
        now=county.now,
        rings_at=county.now,
        inbound_message_id=message,
    ).escalation
    done = correct(county, doctor, row.id, Change("misread", reading=bp(119, 75)))
    assert (there(done.alarm).before, there(done.alarm).after) == (
        Level.EMERGENCY,
        Level.EMERGENCY,
    )
    county.session.refresh(alarm)
    assert (alarm.level, alarm.state) == ("emergency", "open")


def test_a_second_dangerous_message_keeps_the_alarm_up(county: County, doctor: Reader) -> None:
    person, point, wrong = told(county, "血压 190/115", bp(190, 115))
    again = county.says(point, "血压 188/112", about=person)
    second = store(
        county.session,
        person,
        bp(188, 112),
        Provenance(inbound_message_id=again),
        taken_at=county.now,
        now=county.now,
        level=Level.URGENT,
    )
    escalations.raise_alarm(
        county.session,
        person_id=person,
        contact_point_id=point,
        facility_id=None,
        level=Level.URGENT,
        reasons=("bp_crisis",),
        now=county.now,
        rings_at=county.now,
        inbound_message_id=again,
    )
    before = there(alarm_of(county, person)).level
    correct(county, doctor, wrong, Change("misread", reading=bp(119, 75)))
    assert there(alarm_of(county, person)).level == before
    correct(county, doctor, second.id, Change("misread", reading=bp(118, 72)))
    assert there(alarm_of(county, person)).level == "routine"


def test_a_wish_for_a_doctor_is_not_taken_away_with_a_wrong_number(
    county: County, doctor: Reader
) -> None:
    person, point, wrong = told(county, "血压 190/115", bp(190, 115))
    wish = county.says(point, "找医生", about=person)
    escalations.raise_alarm(
        county.session,
        person_id=person,
        contact_point_id=point,
        facility_id=None,
        level=Level.URGENT,
        reasons=("asked_for_doctor",),
        now=county.now,
        rings_at=county.now,
        inbound_message_id=wish,
    )
    before = there(alarm_of(county, person)).level
    done = correct(county, doctor, wrong, Change("misread", reading=bp(119, 75)))
    assert there(done.alarm).after == before
    assert there(alarm_of(county, person)).level == before


def test_what_a_model_made_more_urgent_is_not_lowered(county: County, doctor: Reader) -> None:
    person, _, wrong = told(county, "血压 190/115", bp(190, 115))
    turn = county.session.exec(select(Turn).where(Turn.person_id == person)).one()
    turn.level = "emergency"
    county.session.add(turn)
    county.session.flush()
    before = there(alarm_of(county, person)).level
    correct(county, doctor, wrong, Change("misread", reading=bp(119, 75)))
    assert there(alarm_of(county, person)).level == before


def test_a_right_value_that_is_dangerous_alarms_at_once(county: County, doctor: Reader) -> None:
    person, _, wrong = told(county, "血压 119/75", bp(119, 75))
    assert alarm_of(county, person) is None
    done = correct(county, doctor, wrong, Change("mistyped", reading=bp(191, 115)))
    alarm = there(alarm_of(county, person))
    assert (done.case_id, alarm.state) == (alarm.id, "open")
    assert alarm.level >= Level.URGENT
    assert alarm.next_escalation_at == county.now


def test_a_value_of_somebody_else_moves_to_her_and_is_judged_for_her(
    county: County, doctor: Reader
) -> None:
    person, point, wrong = told(county, "血压 190/115", bp(190, 115))
    wife = people.register(
        county.session,
        county.vault,
        people.Registration("李大妈", county.places["a"].id),
        county.now,
    )
    people.link(county.session, wife.id, point, county.now, "spouse")
    row = there(corrections.reading(county.session, doctor, wrong))
    found = corrections.candidates(county.session, county.vault, doctor, row)
    assert ("李大妈", "spouse") in [(one.name, one.relation) for one in found]
    done = correct(county, doctor, wrong, Change("wrong_person", person_id=wife.id))
    assert done.person_id == wife.id
    assert there(alarm_of(county, person)).level == "routine"
    assert there(alarm_of(county, wife.id)).id == done.case_id
    assert [one.state for one in readings_of(county, person)] == ["replaced"]
    assert [one.systolic for one in readings_of(county, wife.id)] == [190]
    noted = county.session.exec(select(AuditEvent).where(AuditEvent.action == "correct")).all()
    assert {event.person_id for event in noted} == {person, wife.id}
    assert all((e.detail["old"], e.detail["new"]) == ("190/115", "190/115") for e in noted)


def test_nobody_outside_the_household_or_the_catchment_can_be_chosen(
    county: County, doctor: Reader
) -> None:
    _, point, wrong = told(county, "血压 150/90", bp(150, 90))
    neighbour, _ = county.person("a", "邻居")
    county.session.get_one(Person, neighbour).phone_index = None
    stranger, _ = county.person("b", "外村")
    people.link(county.session, stranger, point, county.now, "mother")
    row = there(corrections.reading(county.session, doctor, wrong))
    assert corrections.candidates(county.session, county.vault, doctor, row) == ()
    for other in (neighbour, stranger):
        with pytest.raises(ValueError, match=other):
            correct(county, doctor, wrong, Change("wrong_person", person_id=other))


def test_a_value_sent_by_mistake_is_taken_out(county: County, doctor: Reader) -> None:
    person, _, wrong = told(county, "血压 190/115", bp(190, 115))
    done = correct(county, doctor, wrong, Change("trial"))
    assert (done.reading_id, done.case_id) == (None, None)
    assert [one.state for one in readings_of(county, person)] == ["withdrawn"]
    assert there(alarm_of(county, person)).state == "open"
    noted = county.session.exec(select(AuditEvent).where(AuditEvent.action == "correct")).one()
    assert (noted.detail["old"], noted.detail["new"], noted.detail["reason"]) == (
        "190/115",
        None,
        "trial",
    )


def test_of_two_corrections_of_one_value_the_second_is_told(county: County, doctor: Reader) -> None:
    person, _, wrong = told(county, "血压 152/94", bp(152, 94))
    assert correct(county, doctor, wrong, Change("mistyped", reading=bp(132, 84))).done
    assert not correct(county, doctor, wrong, Change("mistyped", reading=bp(142, 84))).done
    assert len(readings_of(county, person)) == 2


def test_what_lies_outside_the_catchment_does_not_exist(county: County) -> None:
    _, _, wrong = told(county, "血压 152/94", bp(152, 94))
    other = county.readers["doctor_b"]
    change = Change("trial")
    assert (
        corrections.correct(county.session, county.vault, other, wrong, change, county.now) is None
    )
    with pytest.raises(ValueError, match="whim"):
        corrections.correct(county.session, county.vault, other, wrong, Change("whim"), county.now)


def test_a_closed_alarm_is_left_alone(county: County, doctor: Reader) -> None:
    person, _, wrong = told(county, "血压 190/115", bp(190, 115))
    casework.close(
        county.session,
        county.vault,
        doctor,
        there(alarm_of(county, person)).id,
        outcome="reached",
        remark="",
        now=county.now,
    )
    done = correct(county, doctor, wrong, Change("misread", reading=bp(119, 75)))
    assert done.alarm is None
    assert there(alarm_of(county, person)).level != "routine"


def follow_up(county: County, person_id: str, state: str, **values: Any) -> FollowUp:
    values.setdefault("due_on", china_date(county.now))
    values.setdefault("programme", "hypertension")
    row = FollowUp(person_id=person_id, state=state, **values)
    county.session.add(row)
    county.session.flush()
    return row


def test_a_draft_that_rests_on_the_value_is_classified_anew(county: County, doctor: Reader) -> None:
    person, _, wrong = told(county, "血压 168/98", bp(168, 98))
    draft = follow_up(
        county,
        person,
        "draft",
        answers={"bp": [168, 98], "symptoms": []},
        form={"systolic": 168, "diastolic": 98, "smoking": 0},
        classification="unsatisfactory",
        closed_at=county.now,
    )
    correct(county, doctor, wrong, Change("misread", reading=bp(128, 78)))
    county.session.refresh(draft)
    assert draft.answers == {"bp": [128, 78], "symptoms": []}
    assert (draft.classification, draft.form) == ("satisfactory", {"smoking": 0})


def test_an_answer_that_was_not_hers_is_asked_again(county: County, doctor: Reader) -> None:
    person, _, wrong = told(county, "血压 168/98", bp(168, 98))
    draft = follow_up(county, person, "draft", answers={"bp": [168, 98]}, closed_at=county.now)
    correct(county, doctor, wrong, Change("trial"))
    county.session.refresh(draft)
    assert (draft.answers, draft.classification) == ({}, None)


def test_a_glucose_answer_keeps_its_meal(county: County, doctor: Reader) -> None:
    wrong_value = Reading(Kind.GLUCOSE, value=9.1)
    person, _, wrong = told(county, "血糖 9.1", wrong_value)
    draft = follow_up(
        county, person, "open", answers={"glucose": [9.1, None]}, opened_at=county.now
    )
    correct(county, doctor, wrong, Change("misread", reading=Reading(Kind.GLUCOSE, value=6.1)))
    county.session.refresh(draft)
    assert draft.answers == {"glucose": [6.1, None]}


def test_a_signed_form_is_left_as_it_was_signed_and_a_doctor_is_asked_to_look(
    county: County, doctor: Reader
) -> None:
    person, _, wrong = told(county, "血压 168/98", bp(168, 98))
    form = follow_up(
        county,
        person,
        "signed",
        form={"systolic": 168, "diastolic": 98},
        held_on=china_date(county.now),
    )
    long_ago = china_date(county.now) - timedelta(days=90)
    follow_up(
        county,
        person,
        "signed",
        form={"systolic": 168, "diastolic": 98},
        due_on=long_ago,
        held_on=long_ago,
    )
    correct(county, doctor, wrong, Change("misread", reading=bp(128, 78)))
    county.session.refresh(form)
    assert form.form == {"systolic": 168, "diastolic": 98}
    task = county.session.exec(select(Task)).one()
    assert (task.kind, task.reason, task.person_id) == ("review", "form_corrected", person)


def test_a_glucose_that_moved_to_another_meal_moves_on_the_draft_too(
    county: County, doctor: Reader
) -> None:
    fasting = Reading(Kind.GLUCOSE, value=9.1, context=GlucoseContext.FASTING)
    person, _, wrong = told(county, "空腹血糖 9.1", fasting)
    draft = follow_up(
        county,
        person,
        "draft",
        programme="type2_diabetes",
        answers={"glucose": [9.1, "fasting"]},
        classification="unsatisfactory",
        closed_at=county.now,
    )
    signed = follow_up(county, person, "signed", form={"fpg": 9.1}, held_on=china_date(county.now))
    later = Reading(Kind.GLUCOSE, value=9.1, context=GlucoseContext.POSTPRANDIAL)
    correct(county, doctor, wrong, Change("other", reading=later))
    county.session.refresh(draft)
    assert draft.answers == {"glucose": [9.1, "postprandial"]}
    assert draft.classification is None
    assert county.session.exec(select(Task.reason)).all() == ["form_corrected"]
    assert signed.form == {"fpg": 9.1}


def test_a_weight_is_put_right_without_touching_any_form(county: County, doctor: Reader) -> None:
    person, _, wrong = told(county, "体重 65", Reading(Kind.WEIGHT, value=65))
    draft = follow_up(
        county,
        person,
        "draft",
        answers={"bp": [150, 90]},
        closed_at=county.now,
        classification="unsatisfactory",
    )
    follow_up(
        county,
        person,
        "signed",
        form={"systolic": 150},
        due_on=china_date(county.now) - timedelta(days=1),
        held_on=china_date(county.now),
    )
    correct(county, doctor, wrong, Change("meter", reading=Reading(Kind.WEIGHT, value=56)))
    county.session.refresh(draft)
    assert draft.classification == "unsatisfactory"
    assert county.session.exec(select(Task)).all() == []


pressures = st.tuples(st.integers(90, 230), st.integers(50, 130)).filter(lambda p: p[0] > p[1])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wrong=pressures, right=pressures, worse=st.tuples(st.integers(0, 40), st.integers(0, 20)))
def test_a_worse_right_value_never_leaves_a_lower_alarm_and_both_values_are_written_down(
    county: County,
    doctor: Reader,
    wrong: tuple[int, int],
    right: tuple[int, int],
    worse: tuple[int, int],
) -> None:
    heavier = (right[0] + worse[0], right[1] + worse[1])
    left = []
    for value in (right, heavier):
        text = f"血压 {wrong[0]}/{wrong[1]}"
        person, _, reading = told(county, text, bp(*wrong))
        had = alarm_of(county, person)
        done = correct(county, doctor, reading, Change("misread", reading=bp(*value)))
        alarm = alarm_of(county, person)
        left.append(Level(alarm.level) if alarm else Level.NONE)
        assert had is None or (alarm is not None and alarm.state == "open")
        assert left[-1] >= done.level or done.level < Level.URGENT
        noted = county.session.exec(
            select(AuditEvent)
            .where(AuditEvent.person_id == person)
            .where(AuditEvent.action == "correct")
        ).one()
        assert noted.detail["old"] == f"{wrong[0]}/{wrong[1]}"
        assert noted.detail["new"] == f"{value[0]}/{value[1]}"
    assert left[1] >= left[0]


def test_what_the_doctor_measures_is_judged_and_alarmed_like_any_other(
    county: County, doctor: Reader
) -> None:
    person, point = county.person("a")
    done = there(
        bedside.enter(
            county.session,
            doctor,
            person,
            (bp(190, 115), Reading(Kind.PULSE, value=88)),
            county.now,
        )
    )
    assert done.level >= Level.URGENT
    alarm = there(alarm_of(county, person))
    assert (alarm.id, alarm.contact_point_id) == (done.case_id, point)
    pressure, pulse = readings_of(county, person)
    assert (pressure.setting, pressure.source) == ("clinic", "clinic")
    assert pressure.recorded_by == doctor.practitioner_id
    assert pressure.protocol_version
    assert (pulse.value, pulse.level) == (88, "none")
    noted = county.session.exec(select(AuditEvent).where(AuditEvent.action == "measure")).all()
    assert [event.detail["new"] for event in noted] == ["190/115", "88"]


def test_the_alarm_of_a_value_the_doctor_mistyped_goes_down_again(
    county: County, doctor: Reader
) -> None:
    person, _ = county.person("a")
    done = there(bedside.enter(county.session, doctor, person, (bp(190, 115),), county.now))
    correct(county, doctor, done.reading_ids[0], Change("mistyped", reading=bp(130, 80)))
    assert there(alarm_of(county, person)).level == "routine"


def test_a_calm_measurement_opens_nothing_and_nobody_measures_elsewhere(
    county: County, doctor: Reader
) -> None:
    person, _ = county.person("a")
    done = there(bedside.enter(county.session, doctor, person, (bp(128, 78),), county.now))
    assert done.case_id is None
    assert alarm_of(county, person) is None
    other = county.readers["doctor_b"]
    assert bedside.enter(county.session, other, person, (bp(128, 78),), county.now) is None


def test_a_value_far_from_the_others_is_doubted(county: County) -> None:
    person, _ = county.person("a")
    for days in (1, 2, 3):
        county.pressure(person, 130, 80, ago=timedelta(days=days))
    calm = bedside.doubted(county.session, person, bp(134, 82), county.now)
    far = bedside.doubted(county.session, person, bp(190, 115), county.now)
    cannot = bedside.doubted(county.session, person, bp(1300, 80), county.now)
    assert [one.plausibility for one in (calm, far, cannot)] == ["fine", "confirm", "impossible"]
