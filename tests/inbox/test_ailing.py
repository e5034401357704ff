"""What somebody has beside the two diseases is ticked on the page and heeded in answers."""

from __future__ import annotations

import pytest
from sqlmodel import select

from records import ailing, people
from records.tables import AuditEvent, Person
from tests.inbox.browser import Opening
from tests.inbox.office import Office


@pytest.fixture
def person_id(office: Office) -> str:
    with office.county() as county:
        person, _ = county.person("a", "王桂芳")
        return person


async def test_what_is_ticked_is_kept_and_shown(
    office: Office, browser: Opening, person_id: str
) -> None:
    doctor = await browser("doctor_a")
    page = await doctor.get(f"/persons/{person_id}")
    assert "痛风" in page.text
    path = f"/persons/{person_id}/ailments"
    answer = await doctor.post(path, {"ailment": "gout"})
    after = await doctor.get(answer.headers["location"])
    assert 'value="gout" checked' in after.text
    with office.database.reading() as session:
        person = session.get_one(Person, person_id)
        background = people.background(session, person, people.china_date(office.now))
        (event,) = session.exec(
            select(AuditEvent).where(AuditEvent.action == "person.ailments")
        ).all()
    assert background.ailments == {"gout"}
    assert event.detail == {"ailments": ["gout"]}


async def test_nothing_ticked_forgets_them(
    office: Office, browser: Opening, person_id: str
) -> None:
    doctor = await browser("doctor_a")
    await doctor.get(f"/persons/{person_id}")
    await doctor.post(f"/persons/{person_id}/ailments", {"ailment": "gout"})
    await doctor.post(f"/persons/{person_id}/ailments", {})
    with office.database.reading() as session:
        assert session.get_one(Person, person_id).ailments == []


async def test_a_doctor_elsewhere_cannot(office: Office, person_id: str) -> None:
    with office.county() as county:
        reader = county.readers["doctor_b"]
        assert not ailing.keep(county.session, reader, person_id, ["gout"], office.now)
        assert county.session.get_one(Person, person_id).ailments == []


def test_a_code_nobody_knows_is_passed_over(office: Office, person_id: str) -> None:
    with office.county() as county:
        reader = county.readers["doctor_a"]
        assert ailing.keep(county.session, reader, person_id, ["plague", "kidney"], office.now)
        assert county.session.get_one(Person, person_id).ailments == ["kidney"]
