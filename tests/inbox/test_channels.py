"""The page of channels in the browser: what is shown to whom, the stop in two steps, the alarms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from records import alarms, halting, switches
from records.outbound import REMINDER
from records.tables import (
    AuditEvent,
    Canary,
    DeliveryAttempt,
    OutboundMessage,
    ProviderState,
    TemplateApproval,
)
from tests.inbox.browser import Opening
from tests.inbox.office import Office

ALIYUN = "aliyun:main"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def busy(office: Office) -> Office:
    """A day on which much is wrong."""
    office.ways = ("wechat:wx1", ALIYUN)
    office.serve(loopback=True)
    now = office.now
    with office.county() as county:
        person, point = county.person("a", "王桂芳")
        message = county.unsure(person, point)
        county.operator_alarm()
        waiting = county.session.get_one(OutboundMessage, county.unsure(person, point))
        waiting.state, waiting.reason, waiting.purpose = "queued", "provider_shut", REMINDER
        waiting.created_at, waiting.next_attempt_at = now - 50 * MINUTE, now + MINUTE
        old = county.session.get_one(OutboundMessage, county.unsure(person, point))
        old.state, old.reason, old.settled_at = "expired", "too_late", now
        rows = [
            waiting,
            old,
            ProviderState(
                provider=ALIYUN,
                trouble="balance",
                trouble_since=now - 3 * MINUTE,
                balance=12.5,
                balance_unit="cny",
                balance_at=now,
                last_accepted_at=now - 9 * MINUTE,
            ),
            Canary(provider=ALIYUN, day=now.date(), sent_at=now, result="never", code="BLACK"),
            TemplateApproval(
                provider=ALIYUN, name="canary", template_id="SMS_1", state="paused", checked_at=now
            ),
        ]
        rows += [
            DeliveryAttempt(
                outbound_message_id=message,
                number=number,
                route="sms:template",
                provider=ALIYUN,
                began_at=now - MINUTE,
                ended_at=now,
                result="operator",
                code="isv.AMOUNT_NOT_ENOUGH",
            )
            for number in (2, 3)
        ]
        county.session.add_all(rows)
    return office


async def test_the_page_says_what_is_wrong_and_what_to_do(busy: Office, browser: Opening) -> None:
    page = (await (await browser("operator")).get("/channels")).text
    for words in (
        "要人处理",
        "余额用完了",
        "马上到平台充值或买套餐包",
        "12.5 元",
        "isv.AMOUNT_NOT_ENOUGH",
        "2 次",
        "没通过",
        "被停用",
        "系统管理员通道自检",
        "平台不让发",
        "等了 50 分钟",
        "通道断开，等着再试",
        "过了时效",
        "3 天内 1 条",
        "正常",
    ):
        assert words in page, words


async def test_nobody_is_named(busy: Office, browser: Opening) -> None:
    page = (await (await browser("operator")).get("/channels")).text
    assert "王桂芳" not in page
    assert "13800001111" not in page
    assert "/messages/" not in page


async def test_who_may_see_the_person_follows_the_link(busy: Office, browser: Opening) -> None:
    page = (await (await browser("town_doctor")).get("/channels")).text
    assert 'href="/messages/' in page
    assert "我来处理" not in page
    assert "/channels/stop" not in page


async def test_with_nothing_set_up_it_says_how_to_begin(browser: Opening) -> None:
    page = (await (await browser("operator")).get("/channels")).text
    assert "没有接短信" in page
    assert "没有接微信公众号" in page
    assert "没有。该发的都发了。" in page


@pytest.mark.parametrize("login", ["doctor_a", "curator"])
async def test_for_others_it_does_not_exist(browser: Opening, login: str) -> None:
    one = await browser(login)
    for path in ("/channels", "/channels/stop", "/channels/resume"):
        assert (await one.get(path)).status_code == 404
    await one.get("/account")
    answer = await one.post("/channels/stop", {"scope": "everything", "why": "x"})
    assert answer.status_code == 404


async def test_the_bureau_looks_and_stops_nothing(office: Office, browser: Opening) -> None:
    one = await browser("bureau")
    assert (await one.get("/channels")).status_code == 200
    assert (await one.get("/channels/stop")).status_code == 404
    await one.get("/account")
    assert (await one.post("/channels/resume", {"why": "x"})).status_code == 404


async def test_stopping_takes_two_steps_and_a_reason(office: Office, browser: Opening) -> None:
    one = await browser("operator")
    page = (await one.get("/channels/stop")).text
    assert "确认停发" in page
    for fields, words in (
        ({"scope": "everything"}, "请写一句为什么"),
        ({"scope": "x", "why": "发错了"}, "请先选停哪些"),
    ):
        answer = await one.post("/channels/stop", fields)
        assert answer.status_code == 422
        assert words in answer.text
    answer = await one.post("/channels/stop", {"scope": "everything", "why": "模板发错了"})
    assert answer.headers["location"] == "/channels?done=channels_stopped"
    page = (await one.get("/channels?done=channels_stopped")).text
    assert "模板发错了" in page
    assert "停止发送…" not in page
    with office.database.reading() as session:
        stop = switches.stopped(session)
        assert stop is not None
        assert (stop.scope, stop.by) == ("everything", office.built.readers["operator"].actor)
        actions = session.exec(select(AuditEvent.action)).all()
    assert {"delivery.stopped", "delivery.stop_reason"} <= set(actions)


async def test_a_stop_stands_on_every_page_until_it_ends(office: Office, browser: Opening) -> None:
    with office.county() as county:
        halting.halt(county.session, "operator", "everything", "x", office.now)
    doctor = await browser("doctor_a")
    for path in ("/", "/tasks", "/account"):
        assert "消息全部停发着" in (await doctor.get(path)).text
    one = await browser("duty")
    await one.get("/channels/resume")
    assert (await one.post("/channels/resume", {"why": ""})).status_code == 422
    answer = await one.post("/channels/resume", {"why": "改好了"})
    assert answer.headers["location"] == "/channels?done=channels_resumed"
    assert "消息全部停发着" not in (await doctor.get("/")).text
    assert "现在没有停发" in (await one.get("/channels/resume")).text


async def test_an_alarm_is_taken_once(office: Office, browser: Opening) -> None:
    with office.county() as county:
        alarm = county.operator_alarm(alarms.BREAKER)
        county.operator_alarm(alarms.FUSE, "c1")
        county.operator_alarm(alarms.TEMPLATE, "aliyun:main/canary")
        county.operator_alarm(alarms.OLDEST_UNSENT, "doctor")
    one = await browser("operator")
    page = (await one.get("/channels")).text
    for words in ("连着发不出去", "一天发得太多", "阿里云短信，系统管理员通道自检", "医生回复"):
        assert words in page
    for done in ("alarm_taken", "alarm_late"):
        answer = await one.post(f"/channels/alarms/{alarm}")
        assert answer.headers["location"] == f"/channels?done={done}"
    assert "有人在处理" in (await one.get("/channels?done=alarm_taken")).text


async def test_the_page_is_in_the_menu_of_those_it_answers(browser: Opening) -> None:
    for login, there in (("operator", True), ("bureau", True), ("doctor_a", False)):
        page = (await (await browser(login)).get("/account")).text
        assert ('href="/channels"' in page) is there
