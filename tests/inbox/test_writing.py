"""Writing to a patient without an open case, and ready-made replies of one's own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from inbox.ready import honorific
from records.outbound import text_of
from records.tables import AuditEvent, ContactPoint, OutboundMessage, OwnReply
from tests.inbox.browser import Opening
from tests.inbox.office import Office


def sent(office: Office) -> list[str]:
    with office.database.reading() as session:
        rows = session.exec(select(OutboundMessage)).all()
        return [text_of(office.vault, row) for row in rows]


@pytest.fixture
def patient(office: Office) -> str:
    with office.county() as county:
        person, _ = county.person("a")
        county.pressure(person, 165, 98)
        return person


async def test_a_doctor_writes_from_the_persons_page(
    office: Office, browser: Opening, patient: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/persons/{patient}")
    answer = await one.post(f"/persons/{patient}/write", {"text": "药快吃完了吗"})
    assert answer.headers["location"] == f"/persons/{patient}?done=written"
    (said,) = sent(office)
    assert said.endswith("药快吃完了吗")
    assert "李建国医生" in said
    assert "您正在和病人说话" in (await one.get(f"/persons/{patient}")).text
    with office.database.reading() as session:
        actions = session.exec(select(AuditEvent.action)).all()
    assert {"write", "takeover.begun"} <= set(actions)


async def test_beside_the_words_stands_what_can_still_be_sent(
    office: Office, browser: Opening, patient: str
) -> None:
    one = await browser("doctor_a")
    page = (await one.get(f"/persons/{patient}")).text
    shut = page.partition('id="write"')[2].partition("<textarea")[0]
    assert "微信窗口已关" in shut
    with office.database.transaction() as session:
        contact = session.exec(select(ContactPoint)).one()
        contact.window_until, contact.window_left = office.now + timedelta(hours=5), 3
        session.add(contact)
    page = (await one.get(f"/persons/{patient}")).text
    opened = page.partition('id="write"')[2].partition("<textarea")[0]
    assert "微信还能直接发 3 条" in opened


async def test_the_same_form_twice_is_one_message(
    office: Office, browser: Opening, patient: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/persons/{patient}")
    page = one.page
    for _ in range(2):
        one.page = page
        await one.post(f"/persons/{patient}/write", {"text": "好"})
    assert len(sent(office)) == 1


@pytest.mark.parametrize(("text", "words"), [("  ", "还没有写内容"), ("长" * 501, "内容太长")])
async def test_refused_words_are_still_there(
    office: Office, browser: Opening, patient: str, text: str, words: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/persons/{patient}")
    answer = await one.post(f"/persons/{patient}/write", {"text": text})
    assert answer.headers["location"] == f"/persons/{patient}#write"
    page = (await one.get(f"/persons/{patient}")).text
    assert words in page
    assert f"{text.strip()}</textarea>" in page
    assert sent(office) == []


async def test_somebody_without_an_address_is_to_be_phoned(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person = county.unreachable("a")
    one = await browser("doctor_a")
    assert "没有可以发消息的地址，请打电话" in (await one.get(f"/persons/{person}")).text
    await one.post(f"/persons/{person}/write", {"text": "在吗"})
    assert sent(office) == []


async def test_a_ready_reply_is_filled_in_for_this_patient(
    office: Office, browser: Opening, patient: str
) -> None:
    with office.county() as county:
        reply = county.own_reply("doctor_a", "{称呼}，血压{血压}、血糖{血糖}我看了。{医生}")
    one = await browser("doctor_a")
    await one.get(f"/persons/{patient}")
    await one.post(f"/persons/{patient}/compose", {"text": "", "canned": f"own:{reply}"})
    page = (await one.get(f"/persons/{patient}")).text
    filled = "王大娘，血压165/98（今天 09:00）、血糖（没有记录）我看了。李建国医生"
    assert f"{filled}</textarea>" in page


async def test_ones_own_replies_come_first_on_a_case(office: Office, browser: Opening) -> None:
    with office.county() as county:
        county.own_reply("doctor_a", "{称呼}，我这就来")
        case = county.alarm(*county.person("a"))
    page = (await (await browser("doctor_a")).get(f"/cases/{case}")).text
    assert page.index("王大娘，我这就来") < page.index("请今天来卫生院一趟")


async def test_replies_are_added_reworded_shared_and_taken_out(
    office: Office, browser: Opening
) -> None:
    one = await browser("doctor_a")
    await one.get("/replies")
    await one.post("/replies", {"text": "慢慢说，不着急"})
    await one.get("/replies")
    await one.post("/replies", {"text": "慢慢说，不着急"})
    page = (await one.get("/replies?done=reply_kept")).text
    assert "常用回复记下了" in page
    assert "7 字，短信 1 条" in page
    with office.database.reading() as session:
        reply = session.exec(select(OwnReply.id)).one()
    await one.post(f"/replies/{reply}", {"text": "慢慢讲", "shared": "yes"})
    assert "慢慢讲</textarea>" in (await one.get("/replies")).text
    await one.post(f"/replies/{reply}/retire")
    assert "还没有" in (await one.get("/replies")).text


async def test_a_shared_reply_is_for_colleagues_but_not_theirs_to_change(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        county.practitioner("second", "a", "village_doctor", "赵敏")
        shared = county.own_reply("doctor_a", "都能用的", shared=True)
        county.own_reply("doctor_a", "只我用的")
    one = await browser("second")
    page = (await one.get("/replies")).text
    assert "都能用的" in page
    assert "同事写的" in page
    assert "只我用的" not in page
    assert (await one.post(f"/replies/{shared}", {"text": "改"})).status_code == 404
    await one.get("/replies")
    assert (await one.post(f"/replies/{shared}/retire")).status_code == 404
    assert "都能用的" not in (await (await browser("doctor_b")).get("/replies")).text


@pytest.mark.parametrize(("text", "words"), [("", "还没有写内容"), ("长" * 301, "最多 300 字")])
async def test_a_reply_that_cannot_be_is_refused_with_its_words(
    office: Office, browser: Opening, text: str, words: str
) -> None:
    one = await browser("doctor_a")
    await one.get("/replies")
    answer = await one.post("/replies", {"text": text})
    assert answer.status_code == 422
    assert words in answer.text
    reply = ""
    with office.county() as county:
        reply = county.own_reply("doctor_a")
    assert (await one.post(f"/replies/{reply}", {"text": text})).status_code == 422


async def test_forty_replies_are_enough(office: Office, browser: Opening) -> None:
    with office.county() as county:
        for number in range(40):
            county.own_reply("doctor_a", f"第{number}条")
    one = await browser("doctor_a")
    await one.get("/replies")
    answer = await one.post("/replies", {"text": "再来一条"})
    assert (answer.status_code, "先删几条" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("name", "sex", "age", "called"),
    [
        ("王桂芳", "female", 72, "王大娘"),
        ("李强", "male", 60, "李大爷"),
        ("欧阳明", "male", 45, "欧阳大哥"),
        ("张丽", "female", 59, "张大姐"),
        ("张丽", None, 59, "老乡"),
        ("张丽", "female", None, "老乡"),
        ("", "female", 70, "老乡"),
    ],
)
def test_how_a_patient_is_called(name: str, sex: str | None, age: int | None, called: str) -> None:
    assert honorific(name, sex, age) == called
