"""Who may come in, what another village's doctor sees, and what stays after leaving."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from records.tables import Media
from tests.journeys.county import PASSWORD, County
from tests.journeys.desk import Desk
from tests.journeys.eyes import DESK, Eyes
from tests.journeys.phone import Phone

pytestmark = pytest.mark.slow


def test_the_doctor_of_another_village_finds_nothing(county: County, eyes: Eyes) -> None:
    patient = county.patient(0)
    phone = Phone.of(county, eyes.window(), patient)
    phone.say("胸口压着疼，出冷汗")
    phone.reads("马上打120")
    phone.page.locator(".write-more").click()
    phone.page.get_by_role("button", name="血压计").click()
    phone.reads("图片收到了")
    own = Desk(eyes.window(), county.pages)
    own.signs_in(county.doctor_of(patient))
    path = own.opens_case(patient.name)
    with county.database.reading() as session:
        photo = session.exec(select(Media.id)).one()

    other = Desk(eyes.window(), county.pages)
    other.signs_in("doctor2")
    expect(other.line_of(patient.name)).to_have_count(0)
    eyes.expected = {404}
    person = county.person_of(patient).id
    for address in (path, f"/persons/{person}", f"/media/{photo}", "/cases/nobody"):
        answer = other.page.goto(f"{county.pages}{address}")
        assert answer is not None
        assert answer.status == 404, address
        expect(other.page.get_by_role("heading", level=1)).to_have_text("没有找到")
        assert patient.name not in other.page.content()
    other.page.get_by_role("link", name="回到首页").click()
    expect(other.page.get_by_role("heading", level=1)).to_contain_text("待处理")


def test_a_township_doctor_sees_the_cases_of_every_village(county: County, eyes: Eyes) -> None:
    patient = county.patient(3)
    Phone.of(county, eyes.window(), patient).say("188/120，一边手脚没劲，嘴也歪了")
    desk = Desk(eyes.window(DESK), county.pages)
    desk.signs_in("township")
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("待处理")
    desk.opens_case(patient.name)


def test_a_wrong_password_is_said_in_words_and_the_right_one_still_opens(
    county: County, eyes: Eyes
) -> None:
    eyes.expected = {401}
    desk = Desk(eyes.window(), county.pages)
    desk.opens("/tasks")
    desk.signs_in("doctor1", "not-the-password")
    expect(desk.page.get_by_role("alert")).to_have_text("账号或密码不对。")
    expect(desk.page.get_by_label("账号")).to_have_value("doctor1")
    expect(desk.page.get_by_label("密码")).to_have_value("")
    expect(desk.page.get_by_label("密码")).to_be_focused()
    desk.signs_in("doctor1", PASSWORD)
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("任务")


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_after_signing_out_the_back_button_shows_no_patient(
    county: County, eyes: Eyes, script: bool
) -> None:
    patient = county.patient(8)
    phone = Phone.of(county, eyes.window(), patient)
    phone.say("高压192低压118，头痛得要裂开")
    phone.reads("马上打120")
    desk = Desk(eyes.window(script=script), county.pages)
    desk.signs_in(county.doctor_of(patient))
    desk.opens_case(patient.name)
    desk.signs_out()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("医生工作台")
    for _ in range(3):
        desk.page.go_back()
        assert patient.name not in desk.page.content()
    desk.opens("/")
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("医生工作台")


def test_the_bureau_sees_figures_and_no_person(county: County, eyes: Eyes) -> None:
    eyes.expected = {404}
    desk = Desk(eyes.window(DESK), county.pages)
    desk.signs_in("bureau")
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("统计")
    desk.page.get_by_role("link", name="柳溪镇卫生院").first.click()
    for name in ("上塘村卫生室", "河口村卫生室", "石桥村卫生室"):
        expect(desk.page.get_by_role("columnheader", name=name).first).to_be_visible()
    person = county.person_of(county.patient(0)).id
    for address in ("/tasks", f"/persons/{person}"):
        answer = desk.page.goto(f"{county.pages}{address}")
        assert answer is not None
        assert answer.status == 404
