"""Marking what befell a person, with a way back; and the emergency contact."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from records import follow_ups, people
from records.tables import AuditEvent, FollowUp, LifeChange, Person
from tests.inbox.browser import Opening
from tests.inbox.office import Office


@pytest.fixture
def person_id(office: Office) -> str:
    with office.county() as county:
        person, point = county.person("a", "王桂芳")
        county.says(point, "135/85")
        today = people.china_date(office.now)
        follow_ups.plan(county.session, person, "hypertension", today + timedelta(days=10))
        return person


def _person(office: Office, person_id: str) -> Person:
    with office.database.reading() as session:
        return session.get_one(Person, person_id)


async def test_one_tap_stops_and_one_tap_brings_back(
    office: Office, browser: Opening, person_id: str
) -> None:
    doctor = await browser("doctor_a")
    page = await doctor.get(f"/persons/{person_id}")
    assert "不愿随访" in page.text
    answer = await doctor.post(f"/persons/{person_id}/life", {"status": "refused"})
    assert answer.headers["location"] == f"/persons/{person_id}?done=life_refused"
    after = await doctor.get(answer.headers["location"])
    assert "本人发来消息照常回" in after.text
    assert "又愿意随访了" in after.text
    await doctor.post(f"/persons/{person_id}/life", {"status": "active"})
    assert _person(office, person_id).status == "active"
    with office.database.reading() as session:
        assert session.exec(select(FollowUp.state)).all() == ["planned"]
        actions = session.exec(
            select(AuditEvent.detail).where(AuditEvent.action == "person.status")
        ).all()
    assert [one["status"] for one in actions] == ["refused", "active"]


async def test_a_death_is_asked_about_once_more(
    office: Office, browser: Opening, person_id: str
) -> None:
    doctor = await browser("doctor_a")
    await doctor.get(f"/persons/{person_id}")
    asked = await doctor.post(f"/persons/{person_id}/life", {"status": "deceased"})
    assert asked.status_code == 200
    assert "确认去世" in asked.text
    assert _person(office, person_id).status == "active"
    day = people.china_date(office.now) - timedelta(days=2)
    fields = {"status": "deceased", "sure": "yes", "on": day.isoformat()}
    await doctor.post(f"/persons/{person_id}/life", fields)
    assert _person(office, person_id).status == "deceased"
    page = await doctor.get(f"/persons/{person_id}")
    assert f"{day.month}月{day.day}日" in page.text
    assert "标错了，撤销" in page.text


async def test_the_case_of_somebody_who_died_is_ended_with_it(
    office: Office, browser: Opening, person_id: str
) -> None:
    with office.county() as county:
        case = county.alarm(person_id, None)
    doctor = await browser("doctor_a")
    await doctor.get(f"/persons/{person_id}")
    done = await doctor.post(f"/persons/{person_id}/life", {"status": "deceased", "sure": "yes"})
    assert done.headers["location"].endswith("life_deceased")
    assert "病人已去世" in (await doctor.get(f"/cases/{case}")).text


async def test_working_elsewhere_lasts_until_the_spring_festival_unless_told(
    office: Office, browser: Opening, person_id: str
) -> None:
    doctor = await browser("doctor_a")
    await doctor.get(f"/persons/{person_id}")
    await doctor.post(f"/persons/{person_id}/life", {"status": "away", "place": "东莞"})
    assert _person(office, person_id).away_until == date(2027, 2, 6)
    page = await doctor.get(f"/persons/{person_id}")
    assert "在外务工，2027年2月6日再随访" in page.text.replace(" ", "")
    assert "去了东莞" in page.text
    with office.database.reading() as session:
        change = session.exec(select(LifeChange)).one()
        assert "东莞".encode() not in (change.place_sealed or b"")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "away", "until": "2020-01-01"}, "请重新选"),
        ({"status": "away", "until": "明天"}, "这个日子不对"),
        ({"status": "deceased", "sure": "yes", "on": "2040-01-01"}, "这个日子不对"),
        ({"status": "moved", "place": "远" * 61}, "写得太长"),
    ],
)
async def test_what_cannot_be_is_said_and_changes_nothing(
    office: Office, browser: Opening, person_id: str, fields: dict[str, str], said: str
) -> None:
    doctor = await browser("doctor_a")
    await doctor.get(f"/persons/{person_id}")
    answer = await doctor.post(f"/persons/{person_id}/life", fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert _person(office, person_id).status == "active"


async def test_an_unheard_of_status_is_nothing(browser: Opening, person_id: str) -> None:
    doctor = await browser("doctor_a")
    await doctor.get(f"/persons/{person_id}")
    answer = await doctor.post(f"/persons/{person_id}/life", {"status": "merged"})
    assert answer.status_code == 404


async def test_saying_the_same_twice_changes_nothing(
    office: Office, browser: Opening, person_id: str
) -> None:
    doctor = await browser("doctor_a")
    await doctor.get(f"/persons/{person_id}")
    for flash in ("life_moved", "life_same"):
        answer = await doctor.post(f"/persons/{person_id}/life", {"status": "moved"})
        assert answer.headers["location"].endswith(flash)
    with office.database.reading() as session:
        assert len(session.exec(select(LifeChange)).all()) == 1


async def test_the_old_without_an_emergency_contact_are_marked_until_there_is_one(
    office: Office, browser: Opening, person_id: str
) -> None:
    with office.county() as county:
        case = county.alarm(person_id, None)
    doctor = await browser("doctor_a")
    for path in (f"/persons/{person_id}", f"/cases/{case}"):
        assert "没有紧急联系人" in (await doctor.get(path)).text
    fields = {"name": "李明", "phone": "138 0000 2222", "relation": "son"}
    done = await doctor.post(f"/persons/{person_id}/emergency", fields)
    assert done.headers["location"].endswith("emergency_kept")
    for path in (f"/persons/{person_id}", f"/cases/{case}"):
        page = (await doctor.get(path)).text
        assert "没有紧急联系人" not in page
        assert 'href="tel:13800002222"' in page
        assert "李明（儿子）" in page
    sealed = _person(office, person_id).emergency_sealed
    assert sealed is not None
    assert b"13800002222" not in sealed


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "李明", "phone": "12345", "relation": "son"}, "这个电话拨不通"),
        ({"name": "", "phone": "13800002222", "relation": "son"}, "请写联系人的姓名"),
        ({"name": "李明", "phone": "13800002222", "relation": "king"}, "请选一下"),
    ],
)
async def test_a_contact_that_cannot_be_phoned_is_refused(
    office: Office, browser: Opening, person_id: str, fields: dict[str, str], said: str
) -> None:
    doctor = await browser("doctor_a")
    await doctor.get(f"/persons/{person_id}")
    answer = await doctor.post(f"/persons/{person_id}/emergency", fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert fields["phone"] in answer.text
    assert _person(office, person_id).emergency_sealed is None


async def test_an_emptied_contact_is_forgotten(
    office: Office, browser: Opening, person_id: str
) -> None:
    doctor = await browser("doctor_a")
    await doctor.get(f"/persons/{person_id}")
    fields = {"name": "李明", "phone": "0871-6123456", "relation": "son"}
    await doctor.post(f"/persons/{person_id}/emergency", fields)
    await doctor.post(f"/persons/{person_id}/emergency", {"name": "", "phone": ""})
    assert _person(office, person_id).emergency_sealed is None
    with office.database.reading() as session:
        kept = session.exec(
            select(AuditEvent.detail).where(col(AuditEvent.action) == "person.emergency")
        ).all()
    assert [one["kept"] for one in kept] == [True, False]
