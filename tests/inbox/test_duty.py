"""The duty page: who is called now, being away with one tap, coming back, shifts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from records.tables import Absence, DutyShift
from tests.inbox.browser import Opening
from tests.inbox.office import Office
from tests.inbox.test_typed import come_back

_RUNG = re.compile(r"<li(?: class=\"nobody\")?><strong>([^<]+)</strong>\s*<br>([^<\n]+)")


def rungs(page: str) -> dict[str, str]:
    return {step: people.strip() for step, people in _RUNG.findall(page)}


async def test_the_page_says_who_is_called_at_each_step(browser: Opening) -> None:
    page = (await (await browser("doctor_a")).get("/duty")).text
    assert rungs(page) == {"村医": "李建国", "乡镇卫生院": "张伟", "县里值班": "陈静"}
    assert "一上报就叫" in page
    assert "前面的人 10 分钟内没接就叫" in page
    assert "前面的人 20 分钟内没接就叫" in page


@pytest.mark.parametrize("reason", ["leave", "market", "ill"])
async def test_one_tap_says_that_one_is_away_today(
    office: Office, browser: Opening, reason: str
) -> None:
    one = await browser("doctor_a")
    await one.get("/duty")
    answer = await one.post("/duty/away", {"quick": reason, "deputy": ""})
    assert answer.headers["location"] == "/duty?done=away"
    page = (await one.get("/duty?done=away")).text
    assert "这几天不叫您" in page
    assert rungs(page)["村医"] == "没有人，马上转下一级"
    with office.database.reading() as session:
        absence = session.exec(select(Absence)).one()
    assert (absence.reason, absence.first_day, absence.last_day) == (
        reason,
        office.now.date(),
        office.now.date(),
    )
    await one.post(f"/duty/back/{absence.id}")
    assert rungs((await one.get("/duty")).text)["村医"] == "李建国"


async def test_a_deputy_from_the_next_village_is_called_instead(
    office: Office, browser: Opening
) -> None:
    one = await browser("doctor_a")
    page = (await one.get("/duty")).text
    assert "王秀兰（西坡村）" in page
    assert "南湾村" not in page
    deputy = office.built.readers["doctor_b"].practitioner_id
    await one.post("/duty/away", {"quick": "market", "deputy": deputy})
    page = (await one.get("/duty")).text
    assert rungs(page)["村医"] == "王秀兰"
    assert "由王秀兰代" in page


async def test_several_days_are_filled_in_and_shown_to_the_township(
    office: Office, browser: Opening
) -> None:
    one = await browser("doctor_a")
    await one.get("/duty")
    last = (office.now + timedelta(days=4)).date().isoformat()
    await one.post("/duty/away", {"first": "", "last": last, "reason": "training"})
    town = await browser("town_doctor")
    page = (await town.get("/duty")).text
    assert "李建国：2026年11月23日到2026年11月27日，开会学习" in page
    assert "开会学习，" not in (await (await browser("doctor_b")).get("/duty")).text
    assert "同事不在" not in (await (await browser("doctor_b")).get("/duty")).text


@pytest.mark.parametrize(
    ("first", "last"), [("", "2026-11-01"), ("", "soon"), ("2026-12-02", "2026-12-01")]
)
async def test_days_that_cannot_be_are_refused_with_what_was_typed(
    office: Office, browser: Opening, first: str, last: str
) -> None:
    one = await browser("doctor_a")
    await one.get("/duty")
    answer = await one.post("/duty/away", {"first": first, "last": last, "reason": "leave"})
    assert answer.status_code == 422
    assert "日期不对" in answer.text
    assert f'name="last" type="date" min="2026-11-23" value="{last}"' in answer.text
    with office.database.reading() as session:
        assert session.exec(select(Absence)).all() == []


async def test_the_township_plans_its_shifts(office: Office, browser: Opening) -> None:
    with office.county() as county:
        second = county.practitioner("second", "town", "township_doctor", "周敏").practitioner_id
    one = await browser("town_doctor")
    await one.get("/duty")
    form = {"who": second, "begins": "2026-11-23T08:00", "ends": "2026-11-23T20:00"}
    assert (await one.post("/duty/shifts", form)).headers["location"] == "/duty?done=shift"
    page = (await one.get("/duty")).text
    assert "今天 08:00 到 今天 20:00" in page
    assert rungs(page)["乡镇卫生院"] == "周敏"
    with office.database.reading() as session:
        shift = session.exec(select(DutyShift.id)).one()
    await one.post(f"/duty/shifts/{shift}/drop")
    assert rungs((await one.get("/duty")).text)["乡镇卫生院"] == "张伟、周敏"


@pytest.mark.parametrize(
    ("begins", "ends"),
    [("2026-11-23T20:00", "2026-11-23T08:00"), ("", ""), ("2026-11-20T08:00", "2026-11-20T20:00")],
)
async def test_a_shift_that_cannot_be_is_refused(
    office: Office, browser: Opening, begins: str, ends: str
) -> None:
    one = await browser("town_doctor")
    await one.get("/duty")
    who = office.built.readers["town_doctor"].practitioner_id
    answer = await one.post("/duty/shifts", {"who": who, "begins": begins, "ends": ends})
    assert (answer.status_code, "一班最多 8 天" in answer.text) == (422, True)


async def test_a_village_doctor_plans_no_shifts_on_the_page(browser: Opening) -> None:
    assert "本单位排班" not in (await (await browser("doctor_a")).get("/duty")).text


async def test_what_was_typed_about_a_leave_survives_the_end_of_the_session(
    office: Office, browser: Opening
) -> None:

    one = await browser("doctor_a")
    await one.get("/duty")
    office.now += timedelta(hours=13)
    form = {"first": "2026-11-25", "last": "2026-11-28", "reason": "training"}
    assert (await one.post("/duty/away", form)).status_code == 401
    assert await come_back(one) == "/duty"
    page = (await one.get("/duty")).text
    assert 'value="2026-11-28"' in page
    assert '<option value="training" selected>' in page


async def test_the_township_sees_which_villages_have_nobody(
    office: Office, browser: Opening
) -> None:
    town = await browser("town_doctor")
    page = (await town.get("/duty")).text
    assert "各村都有人" in page
    assert set(rungs(page)) == {"村医", "乡镇卫生院", "县里值班"}
    one = await browser("doctor_a")
    await one.get("/duty")
    await one.post("/duty/away", {"quick": "ill"})
    assert "没人的村：东沟村，马上转下一级" in (await town.get("/duty")).text


async def test_the_way_to_the_page_is_on_ones_own_page(browser: Opening) -> None:
    page = (await (await browser("doctor_a")).get("/account")).text
    assert 'href="/duty"' in page
    assert 'href="/replies"' in page
    assert 'href="/duty"' not in (await (await browser("bureau")).get("/account")).text
