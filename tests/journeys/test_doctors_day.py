"""A doctor's day: the list with its filters and bell, a talk without the machine, a day off."""

from __future__ import annotations

import re
import time
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from suifang import clock
from tests.journeys.county import NAMES, County
from tests.journeys.desk import Desk
from tests.journeys.eyes import DESK, Eyes
from tests.journeys.phone import ANSWERED_WITHIN, Phone

pytestmark = pytest.mark.slow

DANGER = "胸口压着疼，出冷汗"


def rung(page: Page) -> int:
    """How often the bell has rung in this tab."""
    return int(page.evaluate("document.documentElement.dataset.rang || 0"))


def until_stored(county: County, phone: Phone, since: datetime) -> None:
    """Wait for the turn that stores a value, and a moment for an answer that must not come."""
    late = time.monotonic() + ANSWERED_WITHIN / 1000
    while not county.readings_of(phone.patient, since) and time.monotonic() < late:
        phone.page.wait_for_timeout(100)
    phone.page.wait_for_timeout(1_500)


def test_the_bell_rings_for_a_new_emergency(county: County, eyes: Eyes) -> None:
    patient = county.patient(0)
    desk = Desk(eyes.window(DESK), county.pages)
    desk.page.clock.install()
    desk.signs_in("township")
    sound = desk.page.get_by_role("button", name="打开响铃")
    sound.click()
    expect(desk.page.get_by_role("button", name="响铃已开")).to_have_attribute(
        "aria-pressed", "true"
    )
    before = rung(desk.page)
    phone = Phone.of(county, eyes.window(), patient)
    phone.say(DANGER)
    phone.reads("120")
    desk.page.clock.fast_forward(21_000)
    expect(desk.line_of(patient.name)).to_have_class(re.compile("fresh"), timeout=ANSWERED_WITHIN)
    expect(desk.page).to_have_title(re.compile(r"^\(\d+\) 待处理"))
    assert rung(desk.page) > before
    expect(desk.page.get_by_role("status").filter(has_text="新来紧急情况")).to_have_count(1)

    desk.page.get_by_role("button", name="响铃已开").click()
    desk.page.reload()
    expect(desk.page.get_by_role("button", name="打开响铃")).to_be_visible()


def test_keys_and_filters_lead_to_what_is_ones_own(county: County, eyes: Eyes) -> None:
    patient, later = county.patient(3), county.patient(4)
    for one in (patient, later):
        phone = Phone.of(county, eyes.window(), one)
        phone.say(DANGER)
        phone.reads("120")
    desk = Desk(eyes.window(DESK), county.pages)
    desk.signs_in("township")
    expect(desk.line_of(later.name)).to_be_visible()
    desk.page.wait_for_load_state("load")
    desk.page.keyboard.press("j")
    expect(desk.page.locator(".case").first).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text(
        re.compile("|".join(one.name for one in county.patients))
    )
    desk.page.keyboard.press("r")
    expect(desk.answer).to_be_focused()
    desk.opens_case(patient.name)
    desk.acknowledges()
    desk.opens("/")
    tabs = desk.page.locator(".tabs")
    tabs.get_by_role("link", name="我的").click()
    expect(desk.line_of(patient.name)).to_have_count(1)
    expect(desk.line_of(later.name)).to_have_count(0)
    tabs.get_by_role("link", name="未读").click()
    expect(desk.line_of(patient.name)).to_have_count(0)
    expect(desk.line_of(later.name)).to_have_count(1)
    desk.page.get_by_label("村", exact=True).select_option(index=1)
    expect(desk.page).to_have_url(re.compile("village="))


def test_while_the_doctor_talks_the_machine_is_quiet_until_it_is_handed_back(
    county: County, eyes: Eyes
) -> None:
    patient = county.patient(2)
    phone = Phone.of(county, eyes.window(), patient)
    phone.say(DANGER)
    phone.reads("120")
    desk = Desk(eyes.window(), county.pages)
    desk.signs_in(county.doctor_of(patient))
    desk.opens_case(patient.name)
    desk.replies("我在路上，坐着别动")
    phone.reads("我在路上，坐着别动")
    expect(desk.page.get_by_text("您正在和病人说话")).to_be_visible()
    heard, began = len(county.seen(patient)), clock.now()
    phone.say("血压152/94")
    until_stored(county, phone, began)
    desk.opens("/")
    expect(desk.line_of(patient.name).locator(".unread")).to_be_visible()
    desk.opens_case(patient.name)
    expect(desk.page.locator(".bubble.patient").last).to_contain_text("152/94")
    assert len(county.seen(patient)) == heard

    desk.page.get_by_role("button", name="交还系统").click()
    expect(desk.page.get_by_role("status").filter(has_text="已交还系统")).to_be_visible()
    phone.say("血压150/92")
    phone.reads("150/92")


def test_on_a_day_off_the_township_is_rung_at_once(county: County, eyes: Eyes) -> None:
    patient = county.patient(5)
    desk = Desk(eyes.window(), county.pages)
    login = county.doctor_of(patient)
    desk.signs_in(login)
    desk.opens("/duty")
    expect(desk.page.locator("#ladder")).to_contain_text(NAMES[login])
    desk.page.get_by_role("button", name="今天赶集").click()
    expect(desk.page.get_by_role("status")).to_contain_text("这几天不叫您")
    expect(desk.page.locator("#ladder li").first).to_contain_text("没有人，马上转下一级")

    Phone.of(county, eyes.window(), patient).say(DANGER)
    bell = eyes.window(DESK)
    bell.goto(f"{county.phones}/doctor-phone")
    notice = bell.locator(".notice").filter(has_text="现在无人值班")
    expect(notice.first).to_be_visible(timeout=ANSWERED_WITHIN)
    notice.first.get_by_label("回复").fill("收到")
    notice.first.get_by_role("button", name="回复").click()
    expect(bell.locator(".notice-back").first).to_contain_text("由您处理")
    desk.opens_case(patient.name)
    expect(desk.page.locator(".head .clock")).to_contain_text("已认领")
    expect(desk.page.locator(".course")).to_contain_text("无人值班，立即上转")
    desk.opens("/duty")
    desk.page.get_by_role("button", name="我回来了").click()
    expect(desk.page.locator("#ladder li").first).to_contain_text(NAMES[login])
