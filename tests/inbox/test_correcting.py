"""Putting a reading right and entering one, as a doctor does it on the pages."""

from __future__ import annotations

import re

import pytest
from sqlmodel import col, select

from care.level import Level
from records import people
from records.tables import AuditEvent, Escalation, StoredReading
from tests.inbox.browser import Opening
from tests.inbox.county import PASSWORD
from tests.inbox.office import Office


def rows(office: Office) -> list[StoredReading]:
    with office.database.reading() as session:
        return list(
            session.exec(select(StoredReading).order_by(col(StoredReading.recorded_at))).all()
        )


async def test_a_wrong_number_is_put_right_in_three_taps(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a", "王桂芳")
        wrong = county.pressure(person, 190, 115, level=Level.URGENT)
        county.alarm(person, point)
    one = await browser("doctor_a")
    page = (await one.get(f"/readings/{wrong}/correct")).text
    for words in ("王桂芳", "190/115", "数值不对", "作废", 'value="190"'):
        assert words in page
    fields = {"what": "number", "systolic": "119", "diastolic": "75", "reason": "misread"}
    answer = await one.post(f"/readings/{wrong}/correct", fields)
    assert answer.headers["location"] == f"/persons/{person}?done=corrected"
    assert [(row.state, row.systolic) for row in rows(office)] == [
        ("replaced", 190),
        ("stored", 119),
    ]
    with office.database.reading() as session:
        assert session.exec(select(Escalation.state)).one() == "open"
    page = (await one.get(f"/readings/{wrong}/correct")).text
    assert "不能再改" in page


async def test_a_value_moves_to_the_husband(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a", "王桂芳")
        husband = people.register(
            county.session,
            county.vault,
            people.Registration("李大山", county.places["a"].id),
            county.now,
        ).id
        people.link(county.session, husband, point, county.now, "spouse")
        wrong = county.pressure(person, 150, 92)
    one = await browser("doctor_a")
    page = (await one.get(f"/readings/{wrong}/correct")).text
    assert "李大山" in page
    assert "老伴" in page
    fields = {"what": "person", "person": husband, "reason": "wrong_person"}
    assert (await one.post(f"/readings/{wrong}/correct", fields)).status_code == 303
    assert [row.person_id for row in rows(office) if row.state == "stored"] == [husband]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": "trial"}, "请先选哪里不对"),
        ({"what": "nothing"}, "请选一个原因"),
        ({"what": "person", "reason": "wrong_person", "person": "x"}, "请选这次测量是谁的"),
        ({"what": "number", "reason": "misread"}, "还没有填数值"),
        ({"what": "number", "reason": "misread", "systolic": "130"}, "高压和低压都要填"),
        (
            {"what": "number", "reason": "misread", "systolic": "1x", "diastolic": "80"},
            "请只填数字",
        ),
        (
            {"what": "number", "reason": "misread", "systolic": "152", "diastolic": "94"},
            "和原来一样",
        ),
        (
            {"what": "number", "reason": "misread", "systolic": "80", "diastolic": "130"},
            "是不是填反了",
        ),
        (
            {"what": "number", "reason": "misread", "systolic": "1300", "diastolic": "80"},
            "人不会有这样的数值",
        ),
    ],
)
async def test_what_cannot_be_taken_is_said_plainly_and_nothing_typed_is_lost(
    office: Office, browser: Opening, fields: dict[str, str], words: str
) -> None:
    with office.county() as county:
        wrong = county.pressure(county.person("a")[0], 152, 94)
    one = await browser("doctor_a")
    await one.get(f"/readings/{wrong}/correct")
    answer = await one.post(f"/readings/{wrong}/correct", fields)
    assert answer.status_code == 422
    assert words in answer.text
    if "systolic" in fields:
        assert f'value="{fields["systolic"]}"' in answer.text
    assert [row.state for row in rows(office)] == ["stored"]


async def test_what_the_doctor_measures_is_asked_about_once_and_then_alarms(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a", "王桂芳")
        for _ in range(3):
            county.pressure(person, 130, 80)
    one = await browser("doctor_a")
    await one.get(f"/persons/{person}/measure")
    fields = {"systolic": "１９０／１１５", "pulse": "88", "glucose": "7。2", "context": "fasting"}
    asked = await one.post(f"/persons/{person}/measure", fields)
    assert asked.status_code == 422
    for words in ("和最近的测量差得很多", "我核对过了，就是 190/115 88 7.2", "请再看一眼"):
        assert words in asked.text
    changed = {**fields, "systolic": "192/115", "sure": "190/115 88 7.2"}
    assert (await one.post(f"/persons/{person}/measure", changed)).status_code == 422
    answer = await one.post(f"/persons/{person}/measure", {**fields, "sure": "190/115 88 7.2"})
    assert answer.headers["location"] == f"/persons/{person}?done=alarmed"
    stored = [(row.kind, row.setting, row.context) for row in rows(office)][3:]
    assert sorted(stored) == [
        ("bp", "clinic", None),
        ("glucose", "clinic", "fasting"),
        ("pulse", "clinic", None),
    ]
    with office.database.reading() as session:
        assert session.exec(select(Escalation.state)).one() == "open"
        noted = session.exec(select(AuditEvent).where(AuditEvent.action == "measure")).all()
    assert len(noted) == 3


async def test_a_calm_measurement_is_written_down(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a")
    one = await browser("doctor_a")
    await one.get(f"/persons/{person}/measure")
    assert "还没有填数值" in (await one.post(f"/persons/{person}/measure", {})).text
    answer = await one.post(
        f"/persons/{person}/measure", {"systolic": "128", "diastolic": "78", "context": "x"}
    )
    assert answer.headers["location"] == f"/persons/{person}?done=measured"


async def test_a_glucose_can_be_put_right_in_its_meal(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a")
    one = await browser("doctor_a")
    await one.get(f"/persons/{person}/measure")
    await one.post(f"/persons/{person}/measure", {"glucose": "9.1", "context": "fasting"})
    wrong = rows(office)[0].id
    await one.get(f"/readings/{wrong}/correct")
    fields = {
        "what": "number",
        "value": "9.1",
        "context": "postprandial",
        "reason": "other",
        "sure": "9.1",
    }
    assert (await one.post(f"/readings/{wrong}/correct", fields)).status_code == 303
    assert [row.context for row in rows(office)] == ["fasting", "postprandial"]
    fields = {"what": "number", "value": "", "reason": "other"}
    left = rows(office)[1].id
    assert (await one.post(f"/readings/{left}/correct", fields)).status_code == 422


async def test_what_was_typed_is_still_there_after_signing_in_again(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
    one = await browser("doctor_a")
    await one.get(f"/persons/{person}/measure")
    one.client.cookies.delete("suifang")
    door = await one.post(f"/persons/{person}/measure", {"systolic": "148", "diastolic": "92"})
    assert door.status_code == 401
    hidden = re.findall(r'name="((?:kept|back)[^"]*)" value="([^"]*)"', door.text)
    answer = await one.post("/sign-in", {"login": "doctor_a", "password": PASSWORD, **dict(hidden)})
    assert answer.status_code == 303
    page = (await one.get(answer.headers["location"])).text
    assert 'value="148"' in page
    assert "刚才没发出的内容还在" in page
