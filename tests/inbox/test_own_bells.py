"""A doctor's own phone for notices: proven by a code that was sent there, and shown half."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlmodel import col, select

from inbox.account import masked
from inbox.app import create_app
from inbox.deps import InboxDeps
from records import bells, identities, numbers, outbound
from records.identities import WECOM, Subject
from records.tables import AuditEvent, OutboundMessage, Task
from tests.inbox.browser import Browser, Opening
from tests.inbox.office import Office

NUMBER = "+8613800001111"


@pytest.fixture
def texting(office: Office) -> Office:
    office.app = create_app(
        InboxDeps(office.database, office.vault, lambda: office.now, loopback=True, texts=True)
    )
    return office


def sent(office: Office) -> list[OutboundMessage]:
    with office.database.reading() as session:
        wanted = select(OutboundMessage).where(OutboundMessage.text_key == "bell.number_code")
        return list(session.exec(wanted.order_by(col(OutboundMessage.created_at))).all())


def code_in(office: Office) -> str:
    body = outbound.text_of(office.vault, sent(office)[-1])
    found = re.match(r"\d{6}", body)
    assert found, body
    return found[0]


def number_of(office: Office, login: str = "doctor_a") -> str | None:
    with office.database.reading() as session:
        who = office.built.readers[login].practitioner_id
        return bells.number_of(session, office.vault, who)


async def asked(one: Browser, number: str = "138 0000 1111") -> str:
    await one.get("/account")
    return (await one.post("/account/number", {"number": number})).text


async def test_a_doctor_proves_the_phone_and_is_rung_there(
    texting: Office, browser: Opening
) -> None:
    one = await browser("doctor_a")
    assert "发到 13800001111 的 6 位验证码" in await asked(one)
    assert number_of(texting) is None
    (code,) = sent(texting)
    assert (code.purpose, code.practitioner_id, code.person_id) == ("notice", None, None)
    assert code.template == {"name": "number_code", "code": code_in(texting)}
    form = {"number": NUMBER, "code": f" {code_in(texting)} "}
    answer = await one.post("/account/number/confirm", form)
    page = (await one.get(answer.headers["location"])).text
    assert "有事发短信到 138****1111" in page
    assert NUMBER not in page
    assert number_of(texting) == NUMBER
    assert "短信：138****1111" in (await one.get("/duty")).text
    await one.get("/account")
    answer = await one.post("/account/number/drop")
    assert "不发短信" in (await one.get(answer.headers["location"])).text
    assert number_of(texting) is None
    with texting.database.reading() as session:
        noted = [
            one.action
            for one in session.exec(select(AuditEvent)).all()
            if one.action.startswith("notices.")
        ]
        assert noted == ["notices.number_set", "notices.number_dropped"]
        assert session.exec(select(Task)).all() == []


@pytest.mark.parametrize("number", ["", "12345", "0871-6123456", "4001234567", "1380000111"])
async def test_what_is_no_mobile_phone_is_refused(
    texting: Office, browser: Opening, number: str
) -> None:
    assert "手机号不对" in await asked(await browser("doctor_a"), number)
    assert sent(texting) == []


async def test_a_code_is_good_for_its_doctor_its_number_and_ten_minutes(
    texting: Office, browser: Opening
) -> None:
    one, other = await browser("doctor_a"), await browser("doctor_b")
    await asked(one)
    good = {"number": NUMBER, "code": code_in(texting)}
    await other.get("/account")
    for who, form in (
        (other, good),
        (one, {**good, "number": "+8613800002222"}),
        (one, {**good, "code": "000000"}),
    ):
        answer = await who.post("/account/number/confirm", form)
        assert answer.status_code == 422
        assert "验证码不对" in answer.text
    texting.now += numbers.LASTS
    assert (await one.post("/account/number/confirm", good)).status_code == 422
    assert number_of(texting) is None


async def test_guesses_and_codes_are_counted(texting: Office, browser: Opening) -> None:
    one = await browser("doctor_a")
    await asked(one)
    good = {"number": NUMBER, "code": code_in(texting)}
    for _ in range(numbers.GUESSES_PER_HOUR):
        await one.post("/account/number/confirm", {**good, "code": "000000"})
    assert (await one.post("/account/number/confirm", good)).status_code == 422
    pages = [await asked(one) for _ in range(numbers.PER_HOUR)]
    assert ["发得太多" in page for page in pages] == [False] * (numbers.PER_HOUR - 1) + [True]
    # Nor can another doctor go on texting the same phone.
    assert "发得太多" in await asked(await browser("doctor_b"))
    texting.now += timedelta(hours=1)
    assert "6 位验证码" in await asked(one)


async def test_who_is_never_rung_has_no_phone_for_notices(
    texting: Office, browser: Opening
) -> None:
    one = await browser("bureau")
    assert "短信通知" not in (await one.get("/account")).text
    assert (await one.post("/account/number", {"number": "13800001111"})).status_code == 404


async def test_without_sms_and_wecom_the_account_offers_neither(browser: Opening) -> None:
    one = await browser("doctor_a")
    page = (await one.get("/account")).text
    assert "短信通知" not in page
    assert "绑定码" not in page
    assert "用本单位统一的通知" in (await one.get("/duty")).text


async def test_the_duty_page_names_the_ways_in_their_order(
    texting: Office, browser: Opening
) -> None:
    with texting.database.transaction() as session:
        who = texting.built.readers["doctor_a"].practitioner_id
        bells.set_webhook(session, texting.vault, who, "https://a.test/1", texting.now)
        bells.set_number(session, texting.vault, who, NUMBER, texting.now)
        identities.bind(session, texting.vault, who, Subject(WECOM, "c", "li"), texting.now)
    page = (await (await browser("doctor_a")).get("/duty")).text
    places = [page.index(word) for word in ("企业微信</li>", "https://a.test/1", "138****1111")]
    assert places == sorted(places)
    with texting.database.transaction() as session:
        bells.silence(session, who, texting.now)
        assert bells.ways_of(session, who) == ()


def test_a_number_is_shown_as_its_owner_knows_it() -> None:
    assert masked(NUMBER) == "138****1111"
    assert masked("") == ""
