"""Data leaves for those who may take it, and every time it is written down."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from sqlmodel import col, select

from records.tables import AuditEvent, Person
from tests.inbox.browser import Opening
from tests.inbox.office import Office


@pytest.fixture
def person(office: Office) -> str:
    with office.county() as county:
        found, point = county.person("a", "王桂芳")
        county.pressure(found, 152, 94)
        county.says(point, "今天152/94", about=found)
        return found


def actions(office: Office) -> list[str]:
    with office.database.reading() as session:
        found = session.exec(select(AuditEvent.action).order_by(col(AuditEvent.at))).all()
    return [action for action in found if action.startswith("person.")]


async def test_the_page_of_a_person_offers_both_copies(
    office: Office, browser: Opening, person: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/persons/{person}")
    assert "给本人的副本" in one.page
    assert "应本人要求删除" not in one.page
    answer = await one.get(f"/persons/{person}/fhir.json")
    bundle = json.loads(answer.content)
    assert answer.headers["content-type"] == "application/fhir+json"
    assert {entry["resource"]["resourceType"] for entry in bundle["entry"]} >= {
        "Patient", "Organization", "Observation", "Condition",
    }  # fmt: skip
    answer = await one.get(f"/persons/{person}/copy.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        assert "今天152/94" in parts.read("我的随访资料.html").decode()
    assert actions(office) == ["person.exported", "person.copied"]


async def test_erasure_wants_the_name_and_leaves_nobody(
    office: Office, browser: Opening, person: str
) -> None:
    one = await browser("town_doctor")
    await one.get(f"/persons/{person}")
    assert "应本人要求删除" in one.page
    place = f"/persons/{person}/erase"
    await one.get(place)
    wrong = await one.post(place, {"name": "王桂花"})
    assert wrong.status_code == 422
    assert "没有删除" in wrong.text
    answer = await one.post(place, {"name": "王桂芳"})
    assert answer.status_code == 303
    assert "已删除" in (await one.get(answer.headers["location"])).text
    assert (await one.get(f"/persons/{person}")).status_code == 404
    assert (await one.get(f"/persons/{person}/copy.zip")).status_code == 404
    with office.database.reading() as session:
        row = session.get_one(Person, person)
        assert (row.status, row.name_sealed, row.phone_index) == ("erased", None, None)
    assert actions(office) == ["person.erased"]


async def test_somebody_with_an_open_alarm_is_not_erased(
    office: Office, browser: Opening, person: str
) -> None:
    with office.county() as county:
        county.alarm(person, None)
    one = await browser("town_doctor")
    await one.get(f"/persons/{person}/erase")
    answer = await one.post(f"/persons/{person}/erase", {"name": "王桂芳"})
    assert answer.status_code == 422
    assert "还有没结案的情况" in answer.text
    assert actions(office) == []


async def test_a_village_doctor_erases_nobody(
    office: Office, browser: Opening, person: str
) -> None:
    one = await browser("doctor_a")
    assert (await one.get(f"/persons/{person}/erase")).status_code == 404
    await one.get("/account")
    answer = await one.post(f"/persons/{person}/erase", {"name": "王桂芳"})
    assert answer.status_code == 404
    assert actions(office) == []
