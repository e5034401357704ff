"""The main job: a patient is in danger, the doctor sees it, answers, and closes the case."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import ViewportSize, expect

from suifang import clock
from tests.journeys.county import NAMES, County
from tests.journeys.desk import Desk
from tests.journeys.eyes import DESK, PHONE, Eyes
from tests.journeys.phone import Phone

pytestmark = pytest.mark.slow

WORDS = "高压190低压115，头痛得厉害"
SAFETY = "血压很高又不舒服，马上打120"


@pytest.mark.parametrize(
    ("number", "size", "script"),
    [
        pytest.param(0, PHONE, True, id="on a phone"),
        pytest.param(1, DESK, True, id="on a desk"),
        pytest.param(3, PHONE, False, id="on a phone without JavaScript"),
        pytest.param(4, DESK, False, id="on a desk without JavaScript"),
    ],
)
def test_a_patient_in_danger_is_told_what_to_do_and_reaches_the_doctor(
    county: County,
    eyes: Eyes,
    record_property: Callable[[str, object], None],
    number: int,
    size: ViewportSize,
    script: bool,
) -> None:
    patient = county.patient(number)
    began = clock.now()
    phone = Phone.of(county, eyes.window(size), patient)
    said = phone.say(WORDS)
    record_property("seconds to the safety text", phone.reads(SAFETY) - said)

    desk = Desk(eyes.window(size, script=script), county.pages)
    desk.signs_in(county.doctor_of(patient))
    top = desk.page.locator(".case").first
    expect(top).to_contain_text(patient.name)
    expect(top).to_contain_text("头痛得厉害")
    expect(top.locator(".clock")).to_have_text(re.compile(r"还有 \d+ 分钟转乡镇"))

    desk.opens_case(patient.name)
    expect(desk.page.locator(".bubble.patient").last).to_contain_text(WORDS)
    expect(desk.page.locator(".bubble.machine").last).to_contain_text(SAFETY)
    expect(desk.page.locator(".chart svg").first).to_be_visible()
    expect(desk.page.locator(".readings .value").first).to_have_text("190/115")
    desk.acknowledges()
    expect(desk.page.locator(".head .clock")).to_contain_text("已认领")

    desk.replies("坐着别动，我马上到您家。")
    answered = time.monotonic()
    seen = phone.reads("坐着别动，我马上到您家。")
    record_property("seconds to the doctor's words", seen - answered)
    expect(phone.received.last).to_contain_text(f"{NAMES[county.doctor_of(patient)]}医生回复")

    for sent in desk.page.locator(".bubble .sent").all_inner_texts():
        assert not re.search("[a-z]", sent), "a code instead of a word"

    desk.closes("已联系上")
    desk.opens("/")
    expect(desk.line_of(patient.name)).to_have_count(0)
    assert [row.systolic for row in county.readings_of(patient, began)] == [190]
    assert sum(SAFETY in text for text in county.seen(patient)) == 1


def test_nothing_that_was_said_stands_in_the_logs(county: County) -> None:
    logged = county.logged()
    assert "turn.done" in logged
    for words in ("头痛", "190/115", "马上到您家", *(patient.name for patient in county.patients)):
        assert words not in logged
    assert "sqlalchemy" not in logged
