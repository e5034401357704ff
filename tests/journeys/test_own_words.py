"""The patient taps the menu, sees the own values, asks for a doctor; the doctor marks her as away."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from records import revisions, running
from schedules.shelving import MARKER
from tests.journeys.county import County
from tests.journeys.desk import Desk
from tests.journeys.eyes import DESK, Eyes
from tests.journeys.phone import ANSWERED_WITHIN, Phone

pytestmark = pytest.mark.slow


def taps(phone: Phone, top: str, below: str = "") -> None:
    """A button of the menu, or one below it."""
    menu = phone.page.get_by_label("公众号菜单")
    menu.get_by_text(top, exact=True).click()
    if below:
        menu.get_by_role("button", name=below).click()


def test_her_own_values_a_doctor_and_a_winter_elsewhere(county: County, eyes: Eyes) -> None:
    patient = county.patient(0)
    phone = Phone.of(county, eyes.window(), patient)
    taps(phone, "我的数", "我的血压")
    picture = phone.page.locator(".row-theirs .bubble img").last
    expect(picture).to_be_visible(timeout=ANSWERED_WITHIN)
    expect(phone.received.nth(-2)).to_contain_text("您最近一次血压")
    assert picture.evaluate("one => one.naturalWidth") == 720

    taps(phone, "找医生")
    phone.reads("急病别等，打120")

    desk = Desk(eyes.window(DESK), county.pages)
    desk.signs_in(county.doctor_of(patient))
    desk.opens("/tasks")
    expect(desk.page.get_by_text(patient.name).first).to_be_visible()
    person = f"/persons/{county.person_of(patient).id}"
    desk.opens(person)
    desk.page.locator("#part-life > summary").click()
    desk.page.get_by_label("去哪里").fill("东莞")
    desk.page.get_by_role("button", name="在外务工，到日子再随访").click()
    expect(desk.page.get_by_role("status")).to_contain_text("到日子自动恢复随访")
    expect(desk.page.locator(".head .chip", has_text="在外务工")).to_be_visible()
    desk.page.locator("#part-life > summary").click()
    expect(desk.page.locator("#part-life")).to_contain_text("去了东莞")

    phone.say("血压118/76")
    phone.reads("记下了：血压118/76")


def test_a_curator_signs_and_the_next_patient_reads_the_new_words(
    county: County, eyes: Eyes
) -> None:
    words = "睡不好先停了晚上的浓茶，每晚固定时间上床。"
    desk = Desk(eyes.window(DESK), county.pages)
    desk.signs_in("curator")
    desk.page.get_by_label("找文章").fill("睡不好")
    desk.page.get_by_role("button", name="找").click()
    desk.page.get_by_role("link").filter(has_text="life.sleep").click()
    desk.page.get_by_role("link", name="修改").click()
    desk.page.get_by_label("答案").fill(words)
    preview = desk.page.locator("#preview .wechat .said")
    expect(preview).to_contain_text(words)
    expect(preview).to_contain_text("待医生审核")
    desk.page.get_by_role("button", name="存草稿").click()
    expect(desk.page.get_by_role("status")).to_contain_text("草稿已存")
    desk.opens("/desk/articles/life.sleep")
    desk.page.get_by_role("button", name="看看哪些问题的回答会变").click()
    expect(desk.page.get_by_role("status")).to_contain_text("个的回答会变", timeout=ANSWERED_WITHIN)
    desk.page.get_by_role("link", name="去签发").click()
    desk.page.get_by_label("职称").fill("主任医师")
    desk.page.get_by_label("我看过全文").check()
    desk.page.get_by_role("button", name="签发").click()
    expect(desk.page.get_by_role("status")).to_contain_text("已签发")
    in_force(county)

    phone = Phone.of(county, eyes.window(), county.patient(2))
    phone.say("高血压睡不好怎么办")
    phone.reads(words)
    expect(phone.received.last).not_to_contain_text("待医生审核")


def in_force(county: County) -> None:
    """Wait until the worker serves what was signed."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        with county.database.reading() as session:
            if revisions.edition(session) in (running.marked(session, MARKER) or ""):
                return
        time.sleep(0.1)
    pytest.fail("the worker never served what was signed")
