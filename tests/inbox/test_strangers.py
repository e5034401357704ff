"""People nobody knows: seen by those they concern, recognised, registered or dismissed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from care.level import Level
from records import people, strangers
from records.messages import Address, ensure_contact_point
from records.outbound import text_of
from records.tables import (
    AuditEvent,
    Escalation,
    OutboundMessage,
    Person,
    PersonContact,
    StoredReading,
    Task,
)
from tests.inbox.browser import Opening
from tests.inbox.county import County
from tests.inbox.office import Office


def stranger(
    county: County, *, name: str = "", village: str | None = None, openid: str = "o-stranger"
) -> tuple[str, str]:
    """Somebody who wrote before anybody registered them."""
    session, now = county.session, county.now
    people.set_default_facility(session, county.places["town"].id, now)
    address = Address("wechat", "gh_demo", openid)
    point = ensure_contact_point(session, county.vault, address, now)
    person = people.ensure_person(session, point, now)
    strangers.want_identified(session, person, point.id, now)
    facility = county.places[village].id if village else None
    strangers.introduce(session, county.vault, person.id, name=name or None, facility_id=facility)
    return person.id, point.id


async def test_the_township_sees_everybody_and_the_village_those_who_named_it(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        _, point = stranger(county, name="刘大山", village="a")
        county.says(point, "我叫刘大山，东沟村的")
        _, nameless = stranger(county, openid="o-nameless")
        county.says(nameless, "血压高怎么办")
    town = (await (await browser("town_doctor")).get("/strangers")).text
    assert "刘大山" in town
    assert "血压高怎么办" in town
    village = (await (await browser("doctor_a")).get("/strangers")).text
    assert "刘大山" in village
    assert "血压高怎么办" not in village
    other = (await (await browser("doctor_b")).get("/strangers")).text
    assert "刘大山" not in other
    assert "没有陌生人来信" in other
    with office.database.reading() as session:
        read = session.exec(select(AuditEvent).where(AuditEvent.subject == "stranger")).all()
    assert len(read) == 3


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("王桂芳", "您好", "同名"),
        ("王贵方", "您好", "名字读音相同"),
        ("", "我的电话13800001111", "电话相同"),
    ],
)
async def test_whoever_it_may_be_is_offered(
    office: Office, browser: Opening, name: str, said: str, why: str
) -> None:
    with office.county() as county:
        known, _ = county.person("a", "王桂芳")
        _, point = stranger(county, name=name, village="a")
        county.says(point, said)
    page = (await (await browser("doctor_a")).get("/strangers")).text
    assert why in page
    assert f'name="person" value="{known}"' in page


async def test_somebody_the_doctor_knows_is_looked_up(office: Office, browser: Opening) -> None:
    with office.county() as county:
        known, _ = county.person("a", "王桂芳")
        unknown, _ = stranger(county, village="a")
    one = await browser("doctor_a")
    page = (await one.get("/strangers")).text
    assert known not in page
    page = (await one.get(f"/strangers?for={unknown}&q=wgf")).text
    assert f'name="person" value="{known}"' in page
    assert "没有找到" in (await one.get(f"/strangers?for={unknown}&q=赵")).text


async def test_whoever_is_recognised_is_tied_to_the_phone_and_told_who_we_are(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        known, _ = county.person("a", "王桂芳")
        unknown, point = stranger(county, name="王桂芳", village="a")
    one = await browser("doctor_a")
    await one.get("/strangers")
    await one.post(f"/strangers/{unknown}/same", {"person": known, "relation": "self"})
    with office.database.reading() as session:
        (who,) = people.behind(session, point)
        assert (who.person.id, who.relation) == (known, "self")
        (told,) = session.exec(
            select(OutboundMessage).where(OutboundMessage.contact_point_id == point)
        ).all()
        assert told.text_key == "bound.seen"
        words = text_of(office.vault, told)
    assert "王桂芳" in words
    assert "不是医生" in words
    assert "同意" in words


async def test_one_tap_moves_everything_over(office: Office, browser: Opening) -> None:
    with office.county() as county:
        known, _ = county.person("a", "王桂芳")
        unknown, point = stranger(county, name="王桂芳", village="a")
        county.says(point, "血压190/115", about=unknown)
        county.pressure(unknown, 190, 115, level=Level.EMERGENCY)
        county.alarm(unknown, point, place="town")
    one = await browser("doctor_a")
    await one.get("/strangers")
    answer = await one.post(f"/strangers/{unknown}/same", {"person": known, "relation": "self"})
    assert answer.headers["location"] == f"/persons/{known}/binding?done=identified"
    with office.database.reading() as session:
        gone = session.get_one(Person, unknown)
        assert (gone.status, gone.merged_into) == ("merged", known)
        assert session.exec(select(StoredReading.person_id)).all() == [known]
        (case,) = session.exec(select(Escalation)).all()
        assert (case.person_id, case.facility_id) == (known, office.built.places["a"].id)
        (task,) = session.exec(select(Task).where(Task.kind == "identify")).all()
        assert task.closed_at is not None
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "identify")).all()
        assert [event.actor for event in events] == [office.built.readers["doctor_a"].actor]
    page = (await one.get(f"/persons/{known}")).text
    assert "血压190/115" in page
    again = await one.post(f"/strangers/{unknown}/same", {"person": known})
    assert again.status_code in (303, 404)
    with office.database.reading() as session:
        assert len(session.exec(select(StoredReading)).all()) == 1


async def test_a_relative_of_the_patient_is_tied_with_the_relation(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        known, _ = county.person("a", "王桂芳")
        unknown, point = stranger(county, name="王桂芳", village="a")
    one = await browser("doctor_a")
    await one.get("/strangers")
    await one.post(f"/strangers/{unknown}/same", {"person": known, "relation": "mother"})
    with office.database.reading() as session:
        (told,) = session.exec(
            select(OutboundMessage).where(OutboundMessage.contact_point_id == point)
        ).all()
        assert told.text_key == "bound.family"
        tied = session.exec(
            select(PersonContact)
            .where(PersonContact.contact_point_id == point)
            .where(PersonContact.person_id == known)
        ).one()
    assert tied.relation == "mother"


async def test_a_new_person_is_registered_from_what_the_stranger_said(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        unknown, point = stranger(county, name="刘大山", village="a")
        county.says(point, "我叫刘大山，东沟村的，电话13911112222")
        county.pressure(unknown, 150, 95)
    one = await browser("doctor_a")
    page = await one.get(f"/people/new?stranger={unknown}")
    assert 'value="刘大山"' in page.text
    assert 'value="13911112222"' in page.text
    fields = {
        "name": "刘大山",
        "sex": "male",
        "born_on": "1950-01-02",
        "phone": "13911112222",
        "facility": office.built.places["a"].id,
        "stranger": unknown,
        "programme": "hypertension",
    }
    answer = await one.post("/people/new", fields)
    assert answer.headers["location"].endswith("done=identified")
    made = re.findall(r"/persons/([^/]+)/", answer.headers["location"])[0]
    with office.database.reading() as session:
        assert session.exec(select(StoredReading.person_id)).all() == [made]
        assert session.get_one(Person, unknown).merged_into == made


async def test_an_advertiser_leaves_the_queue_and_an_alarm_would_still_be_raised(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        unknown, point = stranger(county)
        county.says(point, "低价壮骨粉")
    one = await browser("town_doctor")
    await one.get("/strangers")
    answer = await one.post(f"/strangers/{unknown}/dismiss")
    assert answer.headers["location"] == "/strangers?done=dismissed"
    assert "壮骨粉" not in (await one.get("/strangers")).text
    await one.get("/account")
    again = await one.post(f"/strangers/{unknown}/dismiss")
    assert again.headers["location"] == "/strangers?done=late"
    with office.database.reading() as session:
        assert session.get_one(Person, unknown).status == "dismissed"
        linked = people.behind(session, point)
    assert [who.person.id for who in linked] == [unknown]


async def test_nobody_moves_a_stranger_to_a_person_of_another_village(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        unknown, _ = stranger(county, name="王桂芳", village="a")
        known, _ = county.person("c", "王桂芳")
    one = await browser("doctor_a")
    await one.get("/strangers")
    answer = await one.post(f"/strangers/{unknown}/same", {"person": known})
    assert answer.status_code == 404
    with office.database.reading() as session:
        assert session.get_one(Person, unknown).status == "unidentified"


async def test_the_oldest_letter_stands_first(office: Office, browser: Opening) -> None:
    with office.county() as county:
        county.now -= timedelta(days=1)
        _, point = stranger(county, name="刘大山", openid="o-1")
        county.now += timedelta(days=1)
        stranger(county, name="周小妹", openid="o-2")
        county.says(point, "在吗")
    page = (await (await browser("town_doctor")).get("/strangers")).text
    assert page.index("刘大山") < page.index("周小妹")
