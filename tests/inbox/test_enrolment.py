"""Registering a person: what is read, who is offered first, and that a form counts once."""

from __future__ import annotations

import asyncio
import re

import pytest
from sqlmodel import select

from records.people import name_of
from records.register.identities import check_digit
from records.tables import AuditEvent, BindingCode, Enrolment, FollowUp, Person
from tests.inbox.browser import Opening
from tests.inbox.office import Office

FORM = {
    "name": "赵秀英",
    "sex": "female",
    "born_on": "1958-04-12",
    "phone": "139 0000 2222",
    "programme": "hypertension",
    "enrolled_on": "2026-11-01",
    "relation": "self",
}


async def test_a_person_is_registered_and_gets_a_code(office: Office, browser: Opening) -> None:
    one = await browser("doctor_a")
    page = await one.get("/people/new")
    assert "东沟村" in page.text
    answer = await one.post("/people/new", {**FORM, "facility": office.built.places["a"].id})
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("/binding?done=registered")
    sheet = await one.get(answer.headers["location"])
    assert re.search(r'class="digits"[^>]*>\d{3}<span>\d{3}</span>', sheet.text)
    with office.database.reading() as session:
        person = session.exec(select(Person)).one()
        assert name_of(office.vault, person) == "赵秀英"
        assert (person.sex, str(person.born_on), person.status) == (
            "female",
            "1958-04-12",
            "active",
        )
        assert person.phone_index == office.vault.index("13900002222", "phone")
        (enrolment,) = session.exec(select(Enrolment)).all()
        assert (enrolment.programme, str(enrolment.enrolled_on)) == ("hypertension", "2026-11-01")
        (planned,) = session.exec(select(FollowUp)).all()
        assert str(planned.due_on) == "2027-02-01"
        actions = {row.action for row in session.exec(select(AuditEvent)).all()}
    assert "register" in actions


async def test_the_identity_number_says_birthday_and_sex(office: Office, browser: Opening) -> None:
    one = await browser("doctor_a")
    await one.get("/people/new")
    fields = {**FORM, "sex": "", "born_on": "", "identity": "11010519491231002X"}
    answer = await one.post("/people/new", {**fields, "facility": office.built.places["a"].id})
    assert answer.status_code == 303
    with office.database.reading() as session:
        person = session.exec(select(Person)).one()
    assert (person.sex, str(person.born_on)) == ("female", "1949-12-31")


async def test_a_number_that_really_ends_in_zeros_is_taken_by_hand(
    office: Office, browser: Opening
) -> None:
    number = next(
        number
        for day in range(10, 29)
        for n in range(10)
        if check_digit((number := f"110105194912{day}{n}000")[:17]) == "0"
    )
    one = await browser("doctor_a")
    await one.get("/people/new")
    fields = {**FORM, "identity": number, "facility": office.built.places["a"].id}
    assert (await one.post("/people/new", fields)).status_code == 303


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "请写姓名"),
        ({"identity": "110105194912310021"}, "多半抄错了一位"),
        ({"identity": "1101"}, "应是18位"),
        ({"born_on": "2030-01-01"}, "请写出生日期"),
        ({"born_on": "1958-02-31"}, "请写出生日期"),
        ({"born_on": "1850-02-01"}, "请写出生日期"),
        ({"sex": ""}, "请选男或女"),
        ({"phone": "12345"}, "号码不对"),
        ({"enrolled_on": "2027-01-01"}, "不能晚于今天"),
    ],
)
async def test_what_cannot_be_read_is_said_and_nothing_typed_is_lost(
    office: Office, browser: Opening, changed: dict[str, str], words: str
) -> None:
    one = await browser("doctor_a")
    await one.get("/people/new")
    fields = {**FORM, "facility": office.built.places["a"].id, **changed}
    answer = await one.post("/people/new", fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="139 0000 2222"' in answer.text or "phone" in changed
    with office.database.reading() as session:
        assert session.exec(select(Person)).all() == []


async def test_a_village_of_somebody_else_is_refused(office: Office, browser: Opening) -> None:
    one = await browser("doctor_a")
    await one.get("/people/new")
    answer = await one.post("/people/new", {**FORM, "facility": office.built.places["c"].id})
    assert answer.status_code == 422
    with office.database.reading() as session:
        assert session.exec(select(Person)).all() == []


async def test_the_same_form_sent_twice_makes_one_person(office: Office, browser: Opening) -> None:
    one = await browser("doctor_a")
    await one.get("/people/new")
    once = re.findall(r'name="once" value="([^"]+)"', one.page)[0]
    fields = {**FORM, "facility": office.built.places["a"].id, "once": once}
    first, second = await asyncio.gather(
        one.post("/people/new", fields), one.post("/people/new", fields)
    )
    assert first.status_code == second.status_code == 303
    with office.database.reading() as session:
        assert len(session.exec(select(Person)).all()) == 1
        assert len(session.exec(select(BindingCode)).all()) == 1


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"phone": "13800001111", "name": "李四妹", "born_on": "1960-01-01"}, "电话相同"),
        ({"name": "王桂芳", "born_on": "1954-03-08", "phone": ""}, "姓名和生日相同"),
    ],
)
async def test_somebody_alike_is_offered_first_and_may_be_somebody_else(
    office: Office, browser: Opening, changed: dict[str, str], why: str
) -> None:
    with office.county() as county:
        known, _ = county.person("a", "王桂芳")
    one = await browser("doctor_a")
    await one.get("/people/new")
    fields = {**FORM, "facility": office.built.places["a"].id, **changed}
    answer = await one.post("/people/new", fields)
    assert answer.status_code == 422
    assert why in answer.text
    assert f"/persons/{known}/binding" in answer.text
    answer = await one.post("/people/new", {**fields, "anyway": "yes"})
    assert answer.status_code == 303
    with office.database.reading() as session:
        assert len(session.exec(select(Person)).all()) == 2


async def test_a_registered_identity_number_makes_no_second_person(
    office: Office, browser: Opening
) -> None:
    one = await browser("doctor_a")
    await one.get("/people/new")
    fields = {**FORM, "identity": "11010519491231002X"}
    await one.post("/people/new", {**fields, "facility": office.built.places["a"].id})
    await one.get("/people/new")
    again = {**fields, "facility": office.built.places["a"].id, "phone": "", "anyway": "yes"}
    answer = await one.post("/people/new", again)
    assert answer.status_code == 422
    assert "身份证号相同" in answer.text
    other = await browser("doctor_b")
    await other.get("/people/new")
    elsewhere = {**fields, "facility": office.built.places["b"].id, "phone": ""}
    answer = await other.post("/people/new", elsewhere)
    assert answer.status_code == 422
    assert "登记在别处" in answer.text
    assert "赵秀英" not in answer.text.replace('value="赵秀英"', "")


async def test_figures_people_register_nobody(browser: Opening) -> None:
    one = await browser("bureau")
    assert (await one.get("/people/new")).status_code == 404


async def test_a_form_without_its_own_number_is_refused(office: Office, browser: Opening) -> None:
    one = await browser("doctor_a")
    await one.get("/people/new")
    answer = await one.post("/people/new", {**FORM, "once": "x"})
    assert answer.status_code == 400


async def test_the_township_chooses_among_its_villages(office: Office, browser: Opening) -> None:
    one = await browser("town_doctor")
    page = await one.get("/people/new")
    assert "东沟村" in page.text
    assert "西坡村" in page.text
    assert "南湾村" not in page.text
    answer = await one.post("/people/new", {**FORM, "facility": ""})
    assert "请选一个村" in answer.text
