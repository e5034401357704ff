"""A visit or a call written down in a few taps."""

from __future__ import annotations

from datetime import date, timedelta

import httpx
import pytest
from sqlmodel import col, select

from care.situation import Programme
from records import follow_ups
from records.people import china_date
from records.tables import Escalation, FollowUp, Person, SignedForm, StoredReading, Task
from tests.inbox.browser import Browser, Opening
from tests.inbox.forms_county import measured, opened, pressure, rows
from tests.inbox.office import Office

HTN, DM = Programme.HYPERTENSION, Programme.TYPE2_DIABETES
TAPS = {
    "contact": "clinic",
    "systolic": "132",
    "diastolic": "80",
    "hypertension:symptoms.1": "1",
    "med_adherence": "1",
    "adr": "1",
}
SWEET = {
    "type2_diabetes:symptoms.1": "1",
    "fpg": "6.4",
    "hypo_reaction": "1",
    "dorsalis_pedis": "1",
}


async def visit(one: Browser, person: str, **changed: str) -> httpx.Response:
    await one.get(f"/persons/{person}/visit")
    return await one.post(f"/persons/{person}/visit", {**TAPS, **changed})


def readings(office: Office) -> list[StoredReading]:
    with office.database.reading() as session:
        found = session.exec(
            select(StoredReading).where(col(StoredReading.recorded_by).is_not(None))
        ).all()
        return sorted(found, key=lambda row: row.kind)


async def test_a_visit_is_signed_face_to_face_with_its_clinic_values(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        measured(county, person, pressure(150, 95))
    answer = await visit(await browser("doctor_a"), person)
    assert answer.status_code == 303
    with office.database.reading() as session:
        done, planned = rows(session, person)
    assert answer.headers["location"] == f"/follow-ups/{done.id}?done=signed"
    assert (done.state, done.mode, done.form["mode"]) == ("signed", "face_to_face", "1")
    assert (done.classification, done.held_on) == ("satisfactory", china_date(office.now))
    assert (planned.state, planned.due_on) == ("planned", date(2027, 2, 23))
    (stored,) = readings(office)
    assert (stored.systolic, stored.setting, stored.source) == (132, "clinic", "clinic")


async def test_both_programmes_are_one_page_and_two_forms(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a", programmes=(HTN, DM))
    one = await browser("doctor_a")
    page = (await one.get(f"/persons/{person}/visit")).text
    assert page.count('name="systolic"') == 1
    assert page.count("症状（") == 2
    answer = await visit(one, person, **SWEET)
    assert answer.status_code == 303
    with office.database.reading() as session:
        signed = [row for row in rows(session, person) if row.state == "signed"]
    assert {row.programme for row in signed} == {HTN, DM}
    assert all(row.form["systolic"] == 132 for row in signed)
    assert [row.kind for row in readings(office)] == ["bp", "bp", "glucose"] or [
        row.kind for row in readings(office)
    ] == ["bp", "glucose"]


async def test_the_pulse_of_the_foot_is_asked_for(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a", programmes=(DM,))
    one = await browser("doctor_a")
    answer = await visit(one, person, **{**SWEET, "dorsalis_pedis": ""})
    assert (answer.status_code, "这一项要填" in answer.text) == (422, True)
    assert 'value="6.4"' in answer.text
    phoned = await visit(one, person, **{**SWEET, "dorsalis_pedis": "", "contact": "phone"})
    assert phoned.status_code == 303


async def test_the_same_page_sent_twice_is_one_visit(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        opened(county, person, due_on=china_date(county.now) - timedelta(days=3))
    one = await browser("doctor_a")
    await one.get(f"/persons/{person}/visit")
    page = one.page
    for _ in range(2):
        one.page = page
        assert (await one.post(f"/persons/{person}/visit", TAPS)).status_code == 303
    with office.database.reading() as session:
        assert len(session.exec(select(SignedForm)).all()) == 1
        assert [row.state for row in rows(session, person)] == ["signed", "planned"]
    assert len(readings(office)) == 1


async def test_a_second_visit_on_the_same_day_is_a_correction(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
    one = await browser("doctor_a")
    await visit(one, person)
    answer = await visit(one, person, systolic="138")
    assert (answer.status_code, "要改请用“更正”" in answer.text) == (409, True)
    assert len(readings(office)) == 1


@pytest.mark.parametrize("state", ["open", "silent", "planned"])
async def test_a_visit_fulfils_what_was_due(office: Office, browser: Opening, state: str) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        due = china_date(county.now) - timedelta(days=9)
        if state == "planned":
            follow_ups.plan(county.session, person, HTN, due)
        else:
            row = opened(county, person, due_on=due)
            if state == "silent":
                follow_ups.fall_silent(county.session, row, county.now)
        county.task(person, reason="silent")
    await visit(await browser("doctor_a"), person)
    with office.database.reading() as session:
        found = {row.due_on: (row.state, row.mode) for row in rows(session, person)}
        task = session.exec(select(Task)).one()
    assert found[due] == ("signed", "face_to_face")
    assert (task.outcome, task.closed_by) == (
        "visited",
        office.built.readers["doctor_a"].practitioner_id,
    )


async def test_a_dangerous_value_opens_a_case_that_the_doctor_has_taken(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
    one = await browser("doctor_a")
    answer = await visit(one, person, systolic="192", diastolic="112", seen="systolic")
    with office.database.reading() as session:
        case = session.exec(select(Escalation)).one()
        form = session.exec(select(FollowUp).where(FollowUp.state == "signed")).one()
    assert answer.headers["location"] == f"/cases/{case.id}?done=visit_alarm"
    assert (case.level, case.state) == ("urgent", "acknowledged")
    assert case.acknowledged_by == office.built.readers["doctor_a"].practitioner_id
    assert case.next_escalation_at is None
    assert form.form["next_measure"] == "4"
    assert form.next_due_on == china_date(office.now) + timedelta(days=14)


async def test_a_correction_of_a_visit_corrects_its_reading(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
    one = await browser("doctor_a")
    row = (await visit(one, person)).headers["location"].split("/")[2].split("?")[0]
    page = (await one.get(f"/follow-ups/{row}?correct=1")).text
    stamp = page.split('name="stamp" value="')[1].split('"')[0]
    shared = {key.removeprefix("hypertension:"): value for key, value in TAPS.items()}
    fields = {**shared, "do": "sign", "stamp": stamp, "systolic": "137"}
    assert (await one.post(f"/follow-ups/{row}", fields)).status_code == 303
    old, new = sorted(readings(office), key=lambda one: one.systolic or 0)
    assert (old.state, old.replaced_by, new.state) == ("replaced", new.id, "stored")


async def test_a_call_is_prefilled_with_what_the_phone_told_today_and_is_no_visit(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
    one = await browser("doctor_a")
    page = (await one.get(f"/persons/{person}/visit?by=phone")).text
    assert 'name="contact" value="phone" checked' in page
    await visit(one, person, contact="phone")
    with office.database.reading() as session:
        row = session.exec(select(FollowUp).where(FollowUp.state == "signed")).one()
    assert (row.mode, row.form["mode"]) == ("phone", "3")
    assert readings(office)[0].setting == "home"


async def test_an_old_visit_is_dated_by_the_doctor(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a")
    await visit(await browser("doctor_a"), person, held_on="2026-11-20")
    with office.database.reading() as session:
        row = session.exec(select(FollowUp).where(FollowUp.state == "signed")).one()
    assert (row.held_on, row.next_due_on) == (date(2026, 11, 20), date(2027, 2, 20))
    assert china_date(readings(office)[0].taken_at) == date(2026, 11, 20)


async def test_nobody_under_management_has_no_form(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a", programmes=())
    one = await browser("doctor_a")
    assert (await one.get(f"/persons/{person}/visit")).status_code == 404


async def test_the_dead_get_no_further_follow_up(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        row = county.session.get_one(Person, person)
        row.status = "deceased"
        county.session.add(row)
    await visit(await browser("doctor_a"), person, held_on="2026-11-20")
    with office.database.reading() as session:
        assert [row.state for row in rows(session, person)] == ["signed"]
