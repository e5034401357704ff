"""What happens on most days: readings, a joined number, a follow-up, a photo, a voice message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta

import httpx
import pytest
from playwright.sync_api import Locator, expect
from sqlmodel import select

from care.quiet import next_allowed
from records import follow_ups
from records.people import china_date
from records.tables import FollowUp
from records.times import CHINA
from schedules import ticks
from simulator.voices import SILENCE
from suifang import clock
from suifang.installation import Installation
from suifang.worker import work
from tests.journeys.county import County
from tests.journeys.desk import Desk
from tests.journeys.eyes import DESK, Eyes
from tests.journeys.phone import Phone

pytestmark = pytest.mark.slow

Step = Callable[[ticks.Work], Awaitable[int]]


@pytest.fixture
def desk(county: County, eyes: Eyes) -> Desk:
    """Nobody is signed in yet."""
    return Desk(eyes.window(DESK), county.pages)


def values(desk: Desk) -> Locator:
    return desk.page.locator(".readings .value")


def test_a_normal_reading_is_thanked_for_and_nobody_is_alarmed(
    county: County, eyes: Eyes, desk: Desk
) -> None:
    patient, began = county.patient(0), clock.now()
    phone = Phone.of(county, eyes.window(), patient)
    phone.say("今早量的 118/76")
    phone.reads("记下了：血压118/76")
    assert [(row.state, row.level) for row in county.readings_of(patient, began)] == [
        ("stored", "none")
    ]
    desk.signs_in(county.doctor_of(patient))
    expect(desk.line_of(patient.name)).to_have_count(0)
    desk.opens(f"/persons/{county.person_of(patient).id}")
    expect(values(desk).first).to_have_text("118/76")


def test_a_joined_number_counts_when_the_patient_confirms_it(
    county: County, eyes: Eyes, desk: Desk
) -> None:
    patient, began = county.patient(3), clock.now()
    phone = Phone.of(county, eyes.window(), patient)
    phone.say("12882")
    phone.reads("我记成血压128/82，对吗？")
    assert [row.state for row in county.readings_of(patient, began)] == ["unconfirmed"]
    desk.signs_in(county.doctor_of(patient))
    desk.opens(f"/persons/{county.person_of(patient).id}")
    expect(desk.page.locator(".mark-state").first).to_have_text("待确认")
    phone.say("对")
    phone.reads("好，血压128/82就这么记。")
    assert [row.state for row in county.readings_of(patient, began)] == ["stored"]
    desk.page.reload()
    expect(values(desk).first).to_have_text("128/82")
    expect(desk.page.locator("tr.unconfirmed")).to_have_count(0)


def test_a_follow_up_begins_on_its_day_and_ends_in_a_draft(county: County, eyes: Eyes) -> None:
    patient = next(one for one in county.patients[1:] if one.about.endswith("岁，高血压"))
    person = county.person_of(patient)
    ten = _ten_o_clock()
    with county.database.transaction() as session:
        assert follow_ups.plan(session, person.id, "hypertension", china_date(ten))
    phone = Phone.of(county, eyes.window(), patient)
    _tick(county, ten, ticks.open_follow_ups, ticks.deliver)
    expect(phone.page.locator(".card").last).to_contain_text("健康随访提醒")
    phone.say("129/79")
    phone.reads("最近有没有不舒服？")
    phone.say("没有")
    phone.reads("药都按时吃了吗？")
    phone.say("按时吃的")
    phone.reads("这次随访记好了，谢谢您！")
    with county.database.reading() as session:
        row = session.exec(
            select(FollowUp)
            .where(FollowUp.person_id == person.id)
            .where(FollowUp.due_on == china_date(ten))
        ).one()
    assert row.state == follow_ups.DRAFT
    assert row.answers["bp"] == [129, 79]
    assert row.answers["symptoms"] == []
    assert row.answers["medicine_taken"] is True


def test_a_photo_and_a_voice_message_reach_the_doctor(
    county: County, eyes: Eyes, desk: Desk
) -> None:
    patient = county.patient(8)
    phone = Phone.of(county, eyes.window(), patient)
    for button, answer in (("血压计 样片", "图片收到了"), ("语音 样音", "语音收到了")):
        phone.page.locator(".write-more").click()
        phone.page.get_by_role("button", name=button).click()
        phone.reads(answer)
    desk.signs_in(county.doctor_of(patient))
    desk.opens("/tasks")
    task = desk.page.locator(".job").filter(has_text=patient.name)
    expect(task.filter(has_text="发来图片")).to_have_count(1)
    expect(task.filter(has_text="发来语音")).to_have_count(1)
    desk.opens(f"/persons/{county.person_of(patient).id}")
    photo = desk.page.get_by_alt_text("病人发来的图片")
    photo.scroll_into_view_if_needed()
    expect(photo).to_be_visible()
    desk.page.wait_for_function("document.querySelector('.bubble img').naturalWidth > 0")
    with desk.page.expect_download() as download:
        desk.page.get_by_role("link", name="下载语音").click()
    assert download.value.path().read_bytes() == SILENCE


def _ten_o_clock() -> datetime:
    """The next ten in the morning: a follow-up may begin then, whenever this test runs."""
    today = datetime.combine(china_date(clock.now()), time(10), tzinfo=CHINA)
    return next_allowed(today if today > clock.now() else today + timedelta(days=1))


def _tick(county: County, now: datetime, *steps: Step) -> None:
    """One run of these ticks as the worker does it, at another time of day."""

    async def run() -> None:
        async with (
            httpx.AsyncClient(base_url=county.phones, trust_env=False) as platform,
            httpx.AsyncClient(trust_env=False) as web,
        ):
            installation = Installation(county.settings, county.database, county.vault)
            doing = work(installation, platform, web)
            made = ticks.Work(
                database=doing.database,
                tools=doing.tools,
                routes=doing.routes,
                media=doing.media,
                clock=lambda: now,
                worker="journey",
            )
            for step in steps:
                await step(made)

    # Playwright's loop runs in this thread.
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(lambda: asyncio.run(run())).result()
