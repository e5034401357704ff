"""The list and one case in the browser: what is shown, and what pressing does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from care.level import Level
from inbox.words import canned_replies
from records import caseload, outbound, running
from records.tables import (
    AuditEvent,
    ContactPoint,
    Escalation,
    InboundMessage,
    OutboundMessage,
    Person,
)
from tests.inbox.browser import Opening
from tests.inbox.county import there
from tests.inbox.office import Office


@pytest.fixture
def emergency(office: Office) -> str:
    with office.county() as county:
        person, point = county.person("a", "王桂芳")
        county.says(point, "190/115 头疼得厉害", ago=timedelta(minutes=4))
        county.pressure(person, 190, 115, level=Level.EMERGENCY)
        case = county.alarm(person, point)
        row = county.session.get_one(Escalation, case)
        row.step = 0
        county.session.add(row)
        return case


async def test_a_line_of_the_list_says_who_why_and_how_long(
    browser: Opening, emergency: str
) -> None:
    page = (await (await browser("doctor_a")).get("/")).text
    for words in (
        "紧急",
        "王桂芳",
        "72 岁",
        "血压极高、剧烈头痛",
        "190/115 头疼得厉害",
        "东沟村",
        "4 分钟前上报",
        "还有 6 分钟转乡镇",
        "<title>(1) 待处理",
    ):
        assert words in page


async def test_an_empty_list_says_so_kindly(browser: Opening) -> None:
    page = (await (await browser("doctor_a")).get("/")).text
    assert "现在没有要处理的人" in page


async def test_a_long_list_says_how_many_are_not_shown(
    office: Office, browser: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.county() as county:
        for _ in range(3):
            county.alarm(*county.person("a"))
    defaults = caseload.open_list.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "limit", 2)
    page = (await (await browser("doctor_a")).get("/")).text
    assert "只显示了最要紧的 2 件，一共 3 件" in page


async def test_the_bureau_is_led_to_the_figures(browser: Opening) -> None:
    answer = await (await browser("bureau")).get("/")
    assert answer.headers["location"] == "/reports"


async def test_a_case_shows_the_conversation_the_readings_and_the_person(
    browser: Opening, emergency: str
) -> None:
    page = (await (await browser("doctor_a")).get(f"/cases/{emergency}")).text
    for words in ("对话", "190/115", "<svg", "tel:13800001111", "高血压", "系统上报", "我来处理"):
        assert words in page


async def test_reading_a_case_is_written_down_once_and_not_when_it_refreshes(
    office: Office, browser: Opening, emergency: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/cases/{emergency}")
    await one.get(f"/cases/{emergency}", headers={"X-Refresh": "1"})
    with office.database.reading() as session:
        read = session.exec(select(AuditEvent).where(AuditEvent.action == "read")).all()
    assert [(event.subject, event.subject_id) for event in read] == [("escalation", emergency)]


async def test_taking_a_case_stops_the_clock_for_everybody(
    browser: Opening, emergency: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/cases/{emergency}")
    answer = await one.post(f"/cases/{emergency}/acknowledge")
    assert answer.headers["location"] == f"/cases/{emergency}?done=acknowledged"
    page = (await one.get(answer.headers["location"])).text
    assert "已认领。计时停止" in page
    assert "我来处理" not in page
    other = (await (await browser("town_doctor")).get("/")).text
    assert "李建国 已认领" in other


async def test_the_second_doctor_is_told_who_was_faster(browser: Opening, emergency: str) -> None:
    one, other = await browser("doctor_a"), await browser("town_doctor")
    for doctor in (one, other):
        await doctor.get(f"/cases/{emergency}")
    await one.post(f"/cases/{emergency}/acknowledge")
    late = await other.post(f"/cases/{emergency}/acknowledge")
    page = (await other.get(late.headers["location"])).text
    assert "慢了一步" in page
    assert "李建国 已认领" in page


async def test_a_reply_is_queued_and_shown_with_its_state(
    office: Office, browser: Opening, emergency: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/cases/{emergency}")
    answer = await one.post(f"/cases/{emergency}/reply", {"text": "坐下别动，我马上到。"})
    page = (await one.get(answer.headers["location"])).text
    assert "李建国医生回复：坐下别动，我马上到。" in page
    assert "等待发送" in page
    with office.database.reading() as session:
        row = session.exec(select(OutboundMessage)).one()
    assert (row.purpose, row.template["name"]) == ("doctor", "reply_waiting")


async def test_a_second_tap_on_send_sends_nothing_more(
    office: Office, browser: Opening, emergency: str
) -> None:
    one = await browser("doctor_a")
    page = (await one.get(f"/cases/{emergency}")).text
    for _ in range(2):
        one.page = page
        answer = await one.post(f"/cases/{emergency}/reply", {"text": "我马上到。"})
        assert answer.status_code == 303
    with office.database.reading() as session:
        assert len(session.exec(select(OutboundMessage)).all()) == 1


@pytest.mark.parametrize(
    ("text", "problem"), [("  ", "还没有写内容"), ("长" * 501, "控制在 500 字以内")]
)
async def test_a_reply_that_cannot_be_sent_is_kept(
    office: Office, browser: Opening, emergency: str, text: str, problem: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/cases/{emergency}")
    answer = await one.post(f"/cases/{emergency}/reply", {"text": text})
    assert answer.status_code == 422
    assert problem in answer.text
    assert text.strip() in answer.text
    with office.database.reading() as session:
        assert session.exec(select(OutboundMessage)).all() == []


async def test_a_ready_made_reply_is_put_after_what_was_typed(
    office: Office, browser: Opening, emergency: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/cases/{emergency}")
    answer = await one.post(
        f"/cases/{emergency}/compose", {"text": "王阿姨，", "canned": "come_today"}
    )
    assert f"王阿姨，{canned_replies()['come_today']}</textarea>" in answer.text
    with office.database.reading() as session:
        assert session.exec(select(OutboundMessage)).all() == []


async def test_the_first_ready_made_reply_says_that_the_doctor_has_seen_it(
    browser: Opening, emergency: str
) -> None:
    page = (await (await browser("doctor_a")).get(f"/cases/{emergency}")).text
    assert "李建国医生已经看到您的情况，会联系您。加重了马上打120。" in page


async def test_without_an_address_one_is_told_to_phone(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        case = county.alarm(person, None)
    one = await browser("doctor_a")
    page = (await one.get(f"/cases/{case}")).text
    assert "没有可以发消息的地址，请打电话" in page
    answer = await one.post(f"/cases/{case}/reply", {"text": "您好"})
    assert answer.status_code == 409


async def test_closing_needs_an_outcome_and_keeps_the_remark(
    browser: Opening, emergency: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/cases/{emergency}")
    answer = await one.post(f"/cases/{emergency}/close", {"remark": "家属已到"})
    assert answer.status_code == 422
    assert "请先选择处理结果" in answer.text
    assert 'value="家属已到"' in answer.text


async def test_a_closed_case_leaves_the_list_and_keeps_its_course(
    browser: Opening, emergency: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/cases/{emergency}")
    answer = await one.post(
        f"/cases/{emergency}/close", {"outcome": "called_120", "remark": "家属陪同"}
    )
    page = (await one.get(answer.headers["location"])).text
    for words in ("已结案。", "已叫 120", "家属陪同", "李建国结案"):
        assert words in page
    assert 'id="close"' not in page
    assert "现在没有要处理的人" in (await one.get("/")).text


async def test_names_and_words_of_strangers_are_only_text(office: Office, browser: Opening) -> None:
    attack = '<script>alert(1)</script><img src=x onerror="x">'
    with office.county() as county:
        person, point = county.person("a", attack)
        row = county.session.get_one(Person, person)
        row.drugs = [attack]
        row.phone_sealed = county.vault.seal('1"onclick="x', "persons.phone", person)
        county.session.add(row)
        county.says(point, attack)
        case = county.alarm(person, point, reasons=(attack,))
        message = county.says(point, attack)
        county.task(person, kind="read_message", reason=attack, message_id=message)
    one = await browser("doctor_a")
    await one.get(f"/cases/{case}")
    pages = [
        await one.get("/"),
        await one.get(f"/cases/{case}"),
        await one.post(f"/cases/{case}/reply", {"text": attack * 20}),
        await one.get(f"/persons/{person}"),
        await one.get("/tasks"),
    ]
    for page in pages:
        assert "&lt;script&gt;" in page.text
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert '"onclick="' not in page.text


async def test_unsure_and_corrected_readings_are_marked(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a")
        county.pressure(person, 148, 92, certainty="joined")
        case = county.alarm(person, point)
    page = (await (await browser("doctor_a")).get(f"/cases/{case}")).text
    assert "待确认" in page


async def test_what_can_still_be_sent_is_said(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a")
        case = county.alarm(person, point)
        contact = county.session.get_one(ContactPoint, point)
        contact.window_until, contact.window_left = office.now + timedelta(hours=47), 4
        county.session.add(contact)
    one = await browser("doctor_a")
    assert "微信还能直接发 4 条，到后天 08:00为止" in (await one.get(f"/cases/{case}")).text
    office.now += timedelta(hours=47)
    one = await browser("doctor_a")
    assert "微信窗口已关" in (await one.get(f"/cases/{case}")).text


async def test_a_failed_delivery_says_why(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a")
        case = county.alarm(person, point)
        row = outbound.queue(
            county.session,
            county.vault,
            outbound.Draft(
                purpose="reply",
                text_key="reading.recorded",
                body="记下了",
                send_key="k",
                contact_point_id=point,
                person_id=person,
                expires_at=office.now + timedelta(days=1),
            ),
            office.now,
        )
        stored = county.session.get_one(OutboundMessage, there(row).id)
        stored.state, stored.reason = "channel_closed", "window_closed"
        county.session.add(stored)
    page = (await (await browser("doctor_a")).get(f"/cases/{case}")).text
    assert "通道已关，没有送出（微信 48 小时窗口已关）" in page


async def test_a_message_that_was_handed_over_is_marked(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a")
        row = county.session.get_one(InboundMessage, county.says(point, "啥"))
        row.state = "handed_over"
        county.session.add(row)
        case = county.alarm(person, point)
    page = (await (await browser("doctor_a")).get(f"/cases/{case}")).text
    assert "系统没处理成，请人工看" in page


async def test_when_the_worker_is_silent_every_page_says_so(
    office: Office, browser: Opening
) -> None:
    one = await browser("doctor_a")
    assert "后台停了" not in (await one.get("/")).text
    office.now += timedelta(seconds=61)
    for path in ("/", "/tasks", "/reports", "/account"):
        assert "后台停了" in (await one.get(path)).text
    with office.database.transaction() as session:
        running.beat(session, "worker", office.now)
    assert "后台停了" not in (await one.get("/")).text


async def test_an_unknown_word_in_the_address_is_not_repeated(browser: Opening) -> None:
    page = (await (await browser("doctor_a")).get("/?done=%3Cscript%3E")).text
    assert "script&gt;" not in page
    assert 'class="flash' not in page
