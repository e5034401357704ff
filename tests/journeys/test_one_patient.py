"""One patient on one screen: found by initials, a wrong number put right, a real danger measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from records.spelling import syllables
from suifang import clock
from tests.journeys.county import County
from tests.journeys.desk import Desk
from tests.journeys.eyes import DESK, PHONE, Eyes
from tests.journeys.phone import Phone

pytestmark = pytest.mark.slow


def test_a_doctor_finds_a_patient_puts_a_number_right_and_measures_again(
    county: County, eyes: Eyes, tmp_path: Path
) -> None:
    patient = county.patient(2)
    began = clock.now()
    phone = Phone.of(county, eyes.window(PHONE), patient)
    phone.say("血压190/115")
    phone.reads("血压太高")

    desk = Desk(eyes.window(PHONE), county.pages)
    desk.signs_in(county.doctor_of(patient))
    finds(desk, patient.name)
    desk.page.screenshot(path=tmp_path / "person-360.png", full_page=True)
    puts_right(desk, tmp_path)
    wide = Desk(eyes.window(DESK), county.pages)
    wide.signs_in(county.doctor_of(patient))
    wide.opens(f"/persons/{county.person_of(patient).id}")
    eyes.expected.add(422)
    measures(wide)
    wide.page.screenshot(path=tmp_path / "person-1280.png", full_page=True)
    wide.page.get_by_role("link", name="有待处理的情况").click()
    expect(wide.page.locator("#head .badge")).to_have_class("badge urgent")
    stored = [(row.systolic, row.state, row.setting) for row in county.readings_of(patient, began)]
    assert sorted(stored) == [
        (119, "stored", "home"),
        (190, "replaced", "home"),
        (190, "stored", "clinic"),
    ]


def finds(desk: Desk, name: str) -> None:
    """By the initials, from the list; everything urgent is on the first screen."""
    page = desk.page
    expect(desk.line_of(name)).to_be_visible()
    page.get_by_role("link", name="名单").click()
    page.get_by_label("找人").fill("".join(syllables(one)[0][0] for one in name))
    page.get_by_role("button", name="找", exact=True).click()
    line = page.locator(".people .case").filter(has_text=name).first
    expect(line).to_be_visible()
    assert name not in page.url
    line.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    for link in ("有待处理的情况", "打电话", "记一次测量"):
        expect(page.get_by_role("link", name=link)).to_be_in_viewport()
    expect(page.locator(".chart svg").first).to_be_visible()


def puts_right(desk: Desk, folder: Path) -> None:
    """190/115 was 119/75: the alarm goes down, says why, and stays open."""
    page = desk.page
    page.get_by_role("link", name="更正", exact=True).first.click()
    page.get_by_label("数值不对").check()
    page.get_by_label("高压").fill("119")
    page.get_by_label("低压").fill("75")
    page.get_by_label("原因").select_option("misread")
    page.screenshot(path=folder / "correct-360.png", full_page=True)
    page.get_by_role("button", name="更正").click()
    expect(page.get_by_role("status")).to_contain_text("已更正")
    expect(page.locator(".readings .replaced .value").first).to_have_text("190/115")
    page.get_by_role("link", name="有待处理的情况").click()
    expect(page.locator("#events")).to_contain_text("更正了测量值")
    expect(page.locator("#events")).to_contain_text("190/115 改为 119/75")
    expect(page.locator("#head .badge")).to_have_class("badge routine")


def measures(desk: Desk) -> None:
    """190/115 after all: asked once whether it is so, then reported."""
    page = desk.page
    page.get_by_role("link", name="记一次测量").click()
    page.get_by_label("高压").fill("190/115")
    page.get_by_role("button", name="记下").click()
    page.get_by_label("我核对过了，就是 190/115").check()
    page.get_by_role("button", name="记下").click()
    expect(page.get_by_role("status")).to_contain_text("已经上报")
    expect(page.locator(".figures")).to_contain_text("门诊血压")
