"""The open list: its filters, their counts, what is unread, and what stands in the title."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from care.level import Level
from records import duty, escalations, roster, takeover
from records.roster import Leave
from records.tables import Escalation
from tests.inbox.browser import Browser, Opening
from tests.inbox.office import Office

_NAMES = re.compile(r'<strong class="name">([^<]*)')
_TABS = re.compile(r'<a href="([^"]*)"( aria-current="true")?>([^<]*)<b>(\d+)</b></a>')


@pytest.fixture
def busy(office: Office) -> Office:
    """Four people of village A and one of village C, each in another state."""
    with office.county() as county:
        doctor = county.readers["doctor_a"]
        new = county.alarm(*county.person("a", "新来的"))
        taken = county.alarm(*county.person("a", "认领的"), level=Level.URGENT)
        late = county.alarm(*county.person("a", "超时的"), ago=timedelta(minutes=25))
        county.alarm(*county.person("c", "南湾的"), place="c")
        session = county.session
        escalations.advance(session, session.get_one(Escalation, late), step=1, rings_at=office.now)
        row = session.get_one(Escalation, taken)
        row.state, row.acknowledged_by = "acknowledged", doctor.practitioner_id
        row.acknowledged_at = office.now
        session.add(row)
        assert new
    return office


async def names(one: Browser, path: str = "/") -> set[str]:
    return set(_NAMES.findall((await one.get(path)).text))


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("all", {"新来的", "认领的", "超时的"}),
        ("mine", {"认领的"}),
        ("unacknowledged", {"新来的", "超时的"}),
        ("overdue", {"超时的"}),
        ("unread", set()),
        ("made_up", {"新来的", "认领的", "超时的"}),
    ],
)
async def test_each_filter_shows_what_it_says(
    busy: Office, browser: Opening, kind: str, shown: set[str]
) -> None:
    one = await browser("doctor_a")
    assert await names(one, f"/?show={kind}") == shown


async def test_every_filter_tells_how_many_and_which_one_is_chosen(
    busy: Office, browser: Opening
) -> None:
    one = await browser("doctor_a")
    page = (await one.get("/?show=overdue")).text
    tabs = {words: (href, bool(chosen), int(n)) for href, chosen, words, n in _TABS.findall(page)}
    assert tabs == {
        "全部": ("/", False, 3),
        "我的": ("/?show=mine", False, 1),
        "没人认领": ("/?show=unacknowledged", False, 2),
        "超时": ("/?show=overdue", True, 1),
        "未读": ("/?show=unread", False, 0),
    }
    assert "<title>(3) 待处理" in page


async def test_the_county_picks_a_village_and_a_village_doctor_needs_not(
    busy: Office, browser: Opening
) -> None:
    duty, doctor = await browser("duty"), await browser("doctor_a")
    assert '<select id="village"' in (await duty.get("/")).text
    assert '<select id="village"' not in (await doctor.get("/")).text
    village = busy.built.places["c"].id
    assert await names(duty, f"/?village={village}") == {"南湾的"}
    assert await names(duty, f"/?village={village}&show=overdue") == set()
    assert f"/?show=overdue&amp;village={village}" in duty.page


async def test_another_ones_village_picks_nothing_out(busy: Office, browser: Opening) -> None:
    one = await browser("doctor_a")
    assert await names(one, f"/?village={busy.built.places['c'].id}") == {
        "新来的",
        "认领的",
        "超时的",
    }


async def test_an_empty_filter_says_so_and_leads_back(busy: Office, browser: Opening) -> None:
    page = (await (await browser("doctor_a")).get("/?show=unread")).text
    assert "病人新写的您都看过了" in page
    assert "看全部 3 件" in page


async def test_what_a_patient_wrote_is_unread_until_the_doctor_looks(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, point = county.person("a")
        county.says(point, "头还是疼")
        case = county.alarm(person, point)
    one, other = await browser("doctor_a"), await browser("town_doctor")
    assert await names(one, "/?show=unread") == {"王桂芳"}
    assert '<span class="unread">未读</span>' in one.page
    await one.get(f"/cases/{case}", headers={"X-Refresh": "1"})
    assert await names(one, "/?show=unread") == {"王桂芳"}
    await one.get(f"/cases/{case}")
    assert await names(one, "/?show=unread") == set()
    assert await names(other, "/?show=unread") == {"王桂芳"}
    office.now += timedelta(minutes=5)
    with office.county() as county:
        county.now = office.now
        county.says(point, "好些了")
    assert await names(one, "/?show=unread") == {"王桂芳"}


async def test_a_reply_counts_as_having_read(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a")
        case = county.alarm(person, point)
    one = await browser("doctor_a")
    await one.get(f"/cases/{case}")
    office.now += timedelta(minutes=1)
    with office.county() as county:
        county.now = office.now
        county.says(point, "在吗")
    office.now += timedelta(minutes=1)
    await one.post(f"/cases/{case}/reply", {"text": "在"})
    assert await names(one, "/?show=unread") == set()


async def test_a_reply_takes_the_conversation_over_and_the_page_says_until_when(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, point = county.person("a")
        case = county.alarm(person, point)
    one = await browser("doctor_a")
    await one.get(f"/cases/{case}")
    await one.post(f"/cases/{case}/reply", {"text": "我在路上"})
    page = (await one.get(f"/cases/{case}")).text
    assert "您正在和病人说话" in page
    assert "今天 11:00 为止，系统不自动回复" in page
    colleague = await browser("town_doctor")
    assert "李建国正在和病人说话" in (await colleague.get(f"/cases/{case}")).text
    back = await one.post(f"/persons/{person}/hand-back", {"contact": point})
    assert back.headers["location"] == f"/persons/{person}?done=handed_back"
    page = (await one.get(f"/cases/{case}")).text
    assert "正在和病人说话" not in page
    assert "把对话交还系统" in page
    with office.database.reading() as session:
        assert takeover.held(session, office.vault, point, office.now) is None


async def test_taking_over_leads_back_to_the_case_it_was_pressed_on(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, point = county.person("a")
        case = county.alarm(person, point)
    one = await browser("doctor_a")
    await one.get(f"/cases/{case}")
    one.client.headers["Referer"] = f"http://inbox.test/cases/{case}"
    answer = await one.post(f"/persons/{person}/take-over", {"contact": point})
    assert answer.headers["location"] == f"/cases/{case}?done=taken_over"
    assert "对话由您接管了" in (await one.get(answer.headers["location"])).text


async def test_nobody_holds_the_phone_of_somebody_elses_patient(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        mine, _ = county.person("a")
        _, other_point = county.person("b")
    one = await browser("doctor_a")
    for action in ("take-over", "hand-back"):
        await one.get(f"/persons/{mine}")
        answer = await one.post(f"/persons/{mine}/{action}", {"contact": other_point})
        assert answer.status_code == 404


async def test_a_deputy_sees_the_village_while_its_doctor_is_away(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        case = county.alarm(*county.person("a"))
        today = duty.today(office.now)
        deputy = county.readers["doctor_b"].practitioner_id
        leave = Leave(today, today, "market", deputy)
        roster.go_away(county.session, county.readers["doctor_a"], leave, office.now)
    one = await browser("doctor_b")
    assert await names(one) == {"王桂芳"}
    assert (await one.get(f"/cases/{case}")).status_code == 200
    office.now += timedelta(days=1)
    one = await browser("doctor_b")
    assert await names(one) == set()
    assert (await one.get(f"/cases/{case}")).status_code == 404
