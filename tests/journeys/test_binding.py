"""A doctor registers somebody; the phone scans, agrees, sends a reading, and stops with one word."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlmodel import col, select, update

from records import consents, people
from records.tables import ContactPoint, PersonContact, StoredReading
from simulator.settings import DemoPatient
from suifang import clock
from tests.journeys.county import County
from tests.journeys.desk import Desk
from tests.journeys.eyes import DESK, Eyes
from tests.journeys.phone import Phone

pytestmark = pytest.mark.slow


def nobodys(county: County, patient: DemoPatient) -> str:
    """A phone that is nobody's any more. Returns its contact point."""
    index = county.vault.index(patient.openid, "address")
    with county.database.transaction() as session:
        point = session.exec(
            select(ContactPoint.id).where(ContactPoint.address_index == index)
        ).one()
        session.exec(
            update(PersonContact)
            .where(col(PersonContact.contact_point_id) == point)
            .values(unlinked_at=clock.now())
        )
    return point


def registers(desk: Desk, name: str) -> tuple[str, str, str]:
    """The doctor at the first meeting. Returns the person, the six digits and the picture."""
    page = desk.page
    desk.opens("/people/new")
    page.get_by_label("姓名").fill(name)
    page.get_by_label("身份证号").fill("11010519491231002X")
    page.get_by_label("高血压").check()
    page.get_by_role("button", name="建档，出绑定码").click()
    expect(page.get_by_role("status")).to_contain_text("档案建好了")
    expect(page.locator("svg.qr")).to_be_visible()
    page.get_by_text("二维码里的内容").click()
    person_id = page.url.split("/persons/")[1].split("/")[0]
    digits = re.sub(r"\D", "", page.locator(".digits").inner_text())
    return person_id, digits, page.locator("[data-content]").inner_text()


def scans(phone: Phone, picture: str) -> None:
    """The patient holds the phone over the slip."""
    phone.page.locator("label.write-more").click()
    phone.page.get_by_label("二维码内容").fill(picture)
    phone.page.get_by_role("button", name="扫", exact=True).click()


def test_from_the_first_meeting_to_the_last_word(county: County, eyes: Eyes) -> None:
    holder = county.patient(7)
    point = nobodys(county, holder)
    desk = Desk(eyes.window(DESK), county.pages)
    desk.signs_in("doctor1")
    person_id, digits, picture = registers(desk, "郑秋菊")
    phone = Phone.of(county, eyes.window(), holder)
    scans(phone, picture)
    phone.reads("郑秋菊，您的档案连上了")
    phone.reads("我是AI助手，不是医生")
    phone.say("同意")
    phone.reads("好，都记下了")
    phone.say("血压136/84")
    phone.reads("记下了：血压136/84")
    desk.opens(f"/persons/{person_id}")
    expect(desk.page.locator(".readings .value").first).to_have_text("136/84")
    phone.say("退出")
    phone.reads("好，都停了")
    with county.database.reading() as session:
        assert [who.person.id for who in people.behind(session, point)] == [person_id]
        assert consents.allowed(session, person_id, point) == frozenset()
        kept = session.exec(
            select(StoredReading.state).where(StoredReading.person_id == person_id)
        ).all()
    assert kept == ["stored"]
    phone.say(f"绑定码{digits}")
    phone.reads("早就连上了")
