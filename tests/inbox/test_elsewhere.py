"""Signing in through WeCom: there and back over real HTTP, bound once, then a second factor."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlmodel import select

from channels.wecom.account import WeComAccount
from channels.wecom.client import WeComClient
from channels.wecom.oauth import WeComSource
from channels.wecom.token import TokenKeeper
from inbox.app import create_app
from inbox.deps import InboxDeps
from inbox.elsewhere import VISIT_COOKIE
from records import identities, practitioners
from records.identities import WECOM, Subject
from records.tables import AuditEvent, ExternalIdentity, TrustedDevice
from simulator.wecom import WeCom, WeComSettings, create_wecom
from tests.channels.world import a_port, on_loopback
from tests.inbox.browser import Browser, Opening
from tests.inbox.county import PASSWORD
from tests.inbox.office import Office

CORP, AGENT, SECRET = "ww1", 1000002, "s"
TOKEN, KEY = "t", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
LI = "LiJianGuo"
DEVICE = "suifang_device"
_CODE = re.compile(r"<strong>([2-9A-Z]{4}) ([2-9A-Z]{4})</strong>")


@dataclass
class Gate:
    """The office with WeCom beside it, and phones that go there and back."""

    office: Office
    wecom: WeCom
    opening: Opening
    phones: list[Browser] = field(default_factory=list)

    async def phone(self) -> Browser:
        one = await self.opening()
        self.phones.append(one)
        return one

    async def leave(self, phone: Browser, path: str = "/sign-in/wecom") -> str:
        """To the authorize page; the address that the platform sends the phone back to."""
        answer = await phone.client.get(path)
        assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
        async with httpx.AsyncClient(trust_env=False) as outside:
            sent = await outside.get(answer.headers["location"])
        assert sent.status_code == httpx.codes.FOUND, sent.text
        target = urlsplit(sent.headers["location"])
        return f"{target.path}?{target.query}"

    async def go(self, phone: Browser, path: str = "/sign-in/wecom") -> httpx.Response:
        """There and back, as far as the next page of ours."""
        answer = await phone.get(await self.leave(phone, path))
        if answer.headers.get("location") == "/sign-in/step":
            answer = await phone.get("/sign-in/step")
        return answer

    async def code(self, login: str = "doctor_a") -> str:
        """A code, made by somebody who signed in with the password."""
        desk = await self.opening(login)
        await desk.get("/account")
        page = (await desk.post("/account/identities/code")).text
        found = _CODE.search(page)
        assert found, page
        return found[1] + found[2]

    async def bound(self, login: str = "doctor_a") -> Browser:
        """A phone on which everything was done once."""
        phone = await self.phone()
        await self.go(phone)
        assert (
            await phone.post("/sign-in/bind", {"code": await self.code(login)})
        ).status_code == 303
        await phone.get("/sign-in/step")
        answer = await phone.post("/sign-in/confirm", {"password": PASSWORD})
        assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
        return phone

    def who(self, login: str = "doctor_a") -> str:
        return self.office.built.readers[login].practitioner_id

    def actions(self) -> list[str]:
        with self.office.database.reading() as session:
            return [one.action for one in session.exec(select(AuditEvent)).all()]


async def signed_in_as(phone: Browser) -> str:
    answer = await phone.get("/account")
    return answer.text if answer.status_code == httpx.codes.OK else ""


@pytest.fixture
async def gate(office: Office, browser: Opening) -> AsyncIterator[Gate]:
    listening, url = a_port()
    settings = WeComSettings(
        CORP,
        AGENT,
        SECRET,
        TOKEN,
        KEY,
        members={LI: "李建国", "zhou": "周敏"},
        trusted="inbox.test",
    )
    simulator = create_wecom(settings, clock=lambda: office.now)
    account = WeComAccount(CORP, AGENT, SECRET, platform=url)
    async with on_loopback((simulator, listening)), httpx.AsyncClient(trust_env=False) as http:
        client = WeComClient(
            account, http, TokenKeeper(account, http, office.database, office.vault)
        )
        source = WeComSource(account, _always(client), "http://inbox.test/sign-in/wecom/back")
        office.app = create_app(
            InboxDeps(
                office.database,
                office.vault,
                lambda: office.now,
                loopback=True,
                sources={"wecom": source},
                texts=True,
            )
        )
        wecom: WeCom = simulator.state.wecom
        wecom.page.holder = LI
        yield Gate(office, wecom, browser)


def _always(client: WeComClient) -> Callable[[], _Opened]:
    return lambda: _Opened(client)


@dataclass
class _Opened:
    client: WeComClient

    async def __aenter__(self) -> WeComClient:
        return self.client

    async def __aexit__(self, *_: object) -> None:
        return None


async def test_a_doctor_binds_once_and_is_in(gate: Gate) -> None:
    phone = await gate.phone()
    page = (await gate.go(phone)).text
    assert "绑定企业微信" in page
    answer = await phone.post("/sign-in/bind", {"code": await gate.code()})
    assert answer.headers["location"] == "/sign-in/step"
    page = (await phone.get("/sign-in/step")).text
    assert "绑定码对了。再输一次密码，企业微信就绑定好了" in page
    assert await signed_in_as(phone) == ""
    assert "identity.bound" not in gate.actions()
    await phone.get("/sign-in/step")
    answer = await phone.post("/sign-in/confirm", {"password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "企业微信已绑定" in await signed_in_as(phone)
    assert {"identity.code", "identity.bound", "sign_in"} <= set(gate.actions())


async def test_a_trusted_phone_is_in_without_the_password_for_thirty_days(gate: Gate) -> None:
    phone = await gate.bound()
    before = phone.client.cookies[DEVICE]
    phone.client.cookies.delete("suifang")
    answer = await gate.go(phone, "/sign-in/wecom?back=/duty")
    assert (answer.status_code, answer.headers["location"]) == (303, "/duty")
    assert phone.client.cookies[DEVICE] != before
    assert await signed_in_as(phone)
    gate.office.now += timedelta(days=30)
    phone.client.cookies.delete("suifang")
    assert "再输一次密码" in (await gate.go(phone)).text


async def test_the_identity_alone_opens_nothing(gate: Gate) -> None:
    await gate.bound()
    other = await gate.phone()
    assert "再输一次密码" in (await gate.go(other)).text
    assert await signed_in_as(other) == ""
    await other.get("/sign-in/step")
    answer = await other.post("/sign-in/confirm", {"password": "not the password"})
    assert answer.status_code == 401
    assert "账号或密码不对" in answer.text or "密码" in answer.text
    assert await signed_in_as(other) == ""


async def test_a_device_without_the_identity_opens_nothing(gate: Gate) -> None:
    phone = await gate.bound()
    phone.client.cookies.delete("suifang")
    gate.wecom.page.holder = "zhou"
    assert "绑定企业微信" in (await gate.go(phone)).text
    assert await signed_in_as(phone) == ""


async def test_a_copied_device_cookie_is_found_out(gate: Gate) -> None:
    phone = await gate.bound()
    thief = await gate.phone()
    thief.client.cookies.set(DEVICE, phone.client.cookies[DEVICE])
    assert (await gate.go(thief)).status_code == 303
    phone.client.cookies.delete("suifang")
    assert "再输一次密码" in (await gate.go(phone)).text
    with gate.office.database.reading() as session:
        assert session.exec(select(TrustedDevice)).all() == []


async def test_signing_out_a_new_password_and_unbinding_end_the_trust(gate: Gate) -> None:
    phone = await gate.bound()
    await phone.get("/account")
    await phone.post("/sign-out")
    assert "再输一次密码" in (await gate.go(phone)).text
    await phone.post("/sign-in/confirm", {"password": PASSWORD})
    await phone.get("/account")
    answer = await phone.post("/account/identities/unbind", {"provider": "wecom"})
    assert "解绑了" in (await phone.get(answer.headers["location"])).text
    phone.client.cookies.delete("suifang")
    assert "绑定企业微信" in (await gate.go(phone)).text
    assert "identity.unbound" in gate.actions()


async def test_unbinding_at_the_desk_signs_the_lost_phone_out_and_the_desk_stays(
    gate: Gate,
) -> None:
    lost = await gate.bound()
    assert await signed_in_as(lost) != ""
    desk = await gate.opening("doctor_a")
    await desk.get("/account")
    await desk.post("/account/identities/unbind", {"provider": "wecom"})
    assert await signed_in_as(lost) == ""
    assert await signed_in_as(desk) != ""


async def test_a_code_that_came_back_twice_or_elsewhere_is_refused(gate: Gate) -> None:
    phone, other = await gate.phone(), await gate.phone()
    back = await gate.leave(phone)
    stolen = await other.get(back)
    assert (stolen.status_code, "接不上" in stolen.text) == (403, True)
    await gate.leave(other)
    assert "接不上" in (await other.get(back)).text
    assert (await phone.get(back)).status_code == 303
    again = await phone.get(back)
    assert (again.status_code, "接不上" in again.text) == (403, True)
    assert 'href="/sign-in/wecom"' in again.text
    assert await signed_in_as(other) == ""


async def test_a_used_code_gives_a_plain_page(gate: Gate) -> None:
    phone = await gate.phone()
    back = await gate.leave(phone)
    gate.wecom.page.exchange(parse_qs(urlsplit(back).query)["code"][0])
    answer = await phone.get(back)
    assert answer.status_code == 403
    assert "已经用过了" in answer.text


async def test_a_state_that_waited_too_long_is_lost(gate: Gate) -> None:
    phone = await gate.phone()
    back = await gate.leave(phone)
    gate.office.now += timedelta(minutes=10)
    assert "接不上" in (await phone.get(back)).text
    assert "接不上" in (await phone.get("/sign-in/step")).text


@pytest.mark.parametrize(
    ("holder", "words"), [("", "没有同意"), ("stranger", "不是这个企业微信里的成员")]
)
async def test_who_declines_or_is_no_member_reads_why(gate: Gate, holder: str, words: str) -> None:
    gate.wecom.page.holder = holder
    answer = await gate.go(await gate.phone())
    assert answer.status_code == 403
    assert words in answer.text
    assert 'href="/sign-in"' in answer.text


async def test_a_platform_that_does_not_answer_or_refuses_us_is_told_plainly(gate: Gate) -> None:
    phone = await gate.phone()
    back = await gate.leave(phone)
    gate.wecom.settings = WeComSettings(CORP, AGENT, "another", TOKEN, KEY)
    answer = await phone.get(back)
    assert "没有接通" in answer.text
    assert "another" not in answer.text


async def test_a_closed_account_is_told_so_and_opens_nothing(gate: Gate) -> None:
    phone = await gate.bound()
    with gate.office.database.transaction() as session:
        practitioners.disable(session, gate.who(), gate.office.now)
    answer = await gate.go(phone)
    assert answer.status_code == 403
    assert "账号已停用" in answer.text
    answer = await phone.post("/sign-in/confirm", {"password": PASSWORD, "csrf": "x"})
    assert answer.status_code == 403


async def test_wrong_codes_are_counted(gate: Gate) -> None:
    phone = await gate.phone()
    await gate.go(phone)
    code = await gate.code()
    got = []
    for _ in range(6):
        await phone.get("/sign-in/step")
        answer = await phone.post("/sign-in/bind", {"code": "AAAAAAAA"})
        got.append(answer.status_code)
    assert got == [422] * 5 + [429]
    await phone.get("/sign-in/step")
    assert (await phone.post("/sign-in/bind", {"code": code})).status_code == 429
    with gate.office.database.reading() as session:
        assert session.exec(select(ExternalIdentity)).all() == []


async def test_a_code_without_the_password_binds_nothing(gate: Gate) -> None:
    phone = await gate.phone()
    await gate.go(phone)
    await phone.post("/sign-in/bind", {"code": await gate.code()})
    await phone.get("/sign-in/step")
    assert (await phone.post("/sign-in/confirm", {"password": "guessed"})).status_code == 401
    with gate.office.database.reading() as session:
        assert session.exec(select(ExternalIdentity)).all() == []
    # The code is used up: whoever read it over a shoulder has nothing.
    assert "绑定企业微信" in (await gate.go(phone)).text


async def test_one_member_is_not_two_accounts(gate: Gate) -> None:
    with gate.office.database.transaction() as session:
        subject = Subject(WECOM, CORP, "zhou")
        identities.bind(session, gate.office.vault, gate.who("doctor_b"), subject, gate.office.now)
    phone = await gate.phone()
    await gate.go(phone)
    code = await gate.code("doctor_a")
    with gate.office.database.transaction() as session:
        subject = Subject(WECOM, CORP, LI)
        identities.bind(session, gate.office.vault, gate.who("doctor_b"), subject, gate.office.now)
    answer = await phone.post("/sign-in/bind", {"code": code})
    assert answer.headers["location"] == "/sign-in/step"
    assert gate.office.built.readers["doctor_b"].practitioner_id == gate.who("doctor_b")
    with gate.office.database.reading() as session:
        owner = identities.practitioner_of(session, gate.office.vault, subject)
    assert owner == gate.who("doctor_b")


async def test_forms_from_elsewhere_or_without_the_token_are_refused(gate: Gate) -> None:
    phone = await gate.phone()
    await gate.go(phone)
    for path in ("/sign-in/bind", "/sign-in/confirm"):
        assert (await phone.client.post(path, data={"code": "x", "csrf": "y"})).status_code == 403
        foreign = {"origin": "https://evil.test"}
        answer = await phone.client.post(path, data={"code": "x"}, headers=foreign)
        assert answer.status_code == 403
    phone.client.cookies.delete(VISIT_COOKIE)
    assert "接不上" in (await phone.client.post("/sign-in/bind", data={"code": "x"})).text


async def test_a_platform_that_is_not_set_up_does_not_exist(gate: Gate) -> None:
    phone = await gate.phone()
    for path in ("/sign-in/wechat", "/sign-in/qq", "/sign-in/wechat/back?state=x&code=y"):
        assert (await phone.client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("agent", "offered"),
    [
        ("Mozilla wxwork/4.1 MicroMessenger/7", True),
        ("MicroMessenger/8", False),
        ("Firefox", False),
    ],
)
async def test_the_door_offers_wecom_inside_wecom_only(
    gate: Gate, agent: str, offered: bool
) -> None:
    phone = await gate.phone()
    page = (await phone.get("/sign-in?back=/duty", headers={"user-agent": agent})).text
    assert ('href="/sign-in/wecom?back=/duty"' in page) is offered


async def test_one_address_cannot_begin_without_end(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.arriving.PER_ADDRESS", 2)
    phone = await gate.phone()
    got = [(await phone.client.get("/sign-in/wecom")).status_code for _ in range(3)]
    assert got == [303, 303, 429]


async def test_codes_are_made_a_few_times_an_hour(gate: Gate) -> None:
    desk = await gate.opening("doctor_a")
    got = []
    for _ in range(7):
        await desk.get("/account")
        got.append((await desk.post("/account/identities/code")).status_code)
    assert got == [200] * 6 + [429]


async def test_forms_out_of_their_turn_change_nothing(gate: Gate) -> None:
    phone = await gate.phone()
    await gate.go(phone)
    assert "接不上" in (await phone.post("/sign-in/confirm", {"password": PASSWORD})).text
    await phone.get("/sign-in/step")
    await phone.post("/sign-in/bind", {"code": await gate.code()})
    await phone.get("/sign-in/step")
    # Sent twice by a thumb: the account of the first code stays.
    answer = await phone.post("/sign-in/bind", {"code": await gate.code("doctor_b")})
    assert answer.headers["location"] == "/sign-in/step"
    assert "李建国，您好" in (await phone.get("/sign-in/step")).text


async def test_a_journey_is_over_when_it_led_to_a_session(gate: Gate) -> None:
    phone = await gate.phone()
    await gate.go(phone)
    await phone.post("/sign-in/bind", {"code": await gate.code()})
    page = (await phone.get("/sign-in/step")).text
    visit = phone.client.cookies[VISIT_COOKIE]
    assert (await phone.post("/sign-in/confirm", {"password": PASSWORD})).status_code == 303
    phone.client.cookies.set(VISIT_COOKIE, visit, domain="inbox.test", path="/sign-in")
    phone.page = page
    assert "接不上" in (await phone.post("/sign-in/confirm", {"password": PASSWORD})).text
