"""Twilio's wire: our adapter, the vendor's own signer and client, and the simulated service."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from channels.delivery import Limits, Routes, deliver_due
from channels.port import Balance, Channel, Letter, Paced, Purse, Result, SendOutcome
from channels.reception import Reception
from channels.sms.inlet import Inlet, PushError, PushRequest
from channels.sms.twilio import CODES, STATUSES, Twilio, TwilioInlet, is_signed, signature
from channels.sms.webhook import Door, Pushes, router
from records import messages
from records.db import Database
from records.outbound import Receipt
from records.tables import ContactPoint, InboundMessage, OutboundMessage, Task
from records.vault import Vault
from simulator.log import Kind
from simulator.sms_cloud import Fate
from simulator.twilio import Twilio as Service
from simulator.twilio import TwilioSettings, create_twilio_app, sign
from tests.channels.world import (
    MovingClock,
    a_contact,
    a_port,
    attempts,
    on_loopback,
    outbound_rows,
    queue,
)

SID, TOKEN, SENDER, PHONE = "AC" + "0" * 32, "hidden-token", "+15005550006", "+8613800001111"
PUSH_URL = "https://clinic.example/sms/twilio"
MOBILE_WORDS = "血压请再量一次，谢谢😀"


def peer(name: str) -> ModuleType:
    """A module of the vendor's client; a laptop may do without, CI may not."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("the vendors' clients are not installed: run scripts/test-needs.sh")


def _adapter(http: httpx.AsyncClient, **changes: Any) -> Twilio:
    usual = {"account_sid": SID, "auth_token": TOKEN, "sender": SENDER, "push_url": PUSH_URL}
    return Twilio(http, **{**usual, "base": "http://twilio", **changes})


def _letter(body: str = MOBILE_WORDS, **changes: Any) -> Letter:
    values = {"message_id": "m1", "address": PHONE, "send_key": "k1", "attempt_id": "a1"}
    return Letter(**{**values, "body": body, **changes})


async def _answered(
    now: datetime, status: int, body: object, letter: Letter | None = None
) -> tuple[SendOutcome, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json=body)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return await _adapter(http).send_text(letter or _letter(), now), asked


def _push(form: dict[str, str], url: str = PUSH_URL, token: str = TOKEN) -> PushRequest:
    heads = {"x-twilio-signature": sign(token, url, form)}
    return PushRequest("POST", url, heads, body=urlencode(form).encode())


# --- One call ---------------------------------------------------------------------------------------


def test_it_is_a_channel_of_free_words_with_a_purse() -> None:
    adapter = _adapter(httpx.AsyncClient())
    channel: Channel = adapter
    inlet: Inlet = TwilioInlet(SID, TOKEN)
    assert (channel.name, channel.windowed, channel.free_text) == ("sms", False, True)
    assert channel.provider == inlet.provider == "twilio:main"
    assert isinstance(adapter, Purse)
    assert isinstance(adapter, Paced)
    assert inlet.signed
    assert not channel.has_template("followup_due")


async def test_the_try_is_named_in_the_address_of_its_receipts(now: datetime) -> None:
    letter = _letter(expires_at=now + timedelta(hours=1))
    outcome, [request] = await _answered(now, 201, {"sid": "SM1", "status": "queued"}, letter)
    assert outcome == SendOutcome(Result.ACCEPTED, "queued", provider_id="SM1")
    assert request.url.path == f"/2010-04-01/Accounts/{SID}/Messages.json"
    assert dict(parse_qsl(request.content.decode())) == {
        "To": PHONE,
        "From": SENDER,
        "Body": MOBILE_WORDS,
        "StatusCallback": f"{PUSH_URL}?attempt=a1#rc=3&rp=5xx,ct,rt",
        "ValidityPeriod": "3600",
    }


async def test_a_messaging_service_sends_in_place_of_a_number(now: datetime) -> None:
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.content)
        return httpx.Response(201, json={"sid": "SM1", "status": "accepted"})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    template = _letter(template={"name": "followup_due"}, attempt_id="")
    outcome = await _adapter(http, sender="MG1").send_template(template, now)
    assert outcome.result is Result.ACCEPTED
    assert b"MessagingServiceSid=MG1" in asked[0]
    assert b"From=" not in asked[0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"address": "10690001"}, "not_a_phone_number"),
        ({"body": " \x00"}, "empty_text"),
        ({"body": "长" * 1601}, "too_long"),
    ],
)
async def test_what_cannot_be_sent_is_not_tried(
    now: datetime, changes: dict[str, str], reason: str
) -> None:
    outcome, asked = await _answered(now, 201, {}, _letter(**changes))
    assert (outcome.result, outcome.reason, asked) == (Result.NEVER, reason, [])


@pytest.mark.parametrize(("code", "row"), CODES.items())
async def test_every_code_has_a_result(now: datetime, code: str, row: tuple[Result, str]) -> None:
    refused, _ = await _answered(now, 400, {"code": int(code), "message": "", "status": 400})
    failed, _ = await _answered(
        now, 201, {"sid": "SM1", "status": "failed", "error_code": int(code)}
    )
    assert refused == failed == SendOutcome(row[0], code, row[1])


@pytest.mark.parametrize(
    ("status", "body", "result"),
    [
        (400, {"code": 29999}, Result.OPERATOR),
        (500, {"code": 29999}, Result.UNKNOWN),
        (502, {}, Result.UNKNOWN),
        (404, {}, Result.UNKNOWN),
        (200, {"welcome": True}, Result.UNKNOWN),
        (201, {"sid": ""}, Result.UNKNOWN),
        (201, {"code": 20003}, Result.UNKNOWN),
        (201, ["SM1"], Result.UNKNOWN),
        (201, {"sid": "SM1", "status": "undelivered"}, Result.NEVER),
    ],
)
async def test_an_answer_in_no_table_goes_by_its_status(
    now: datetime, status: int, body: object, result: Result
) -> None:
    outcome, _ = await _answered(now, status, body)
    assert (outcome.result, outcome.provider_id) == (result, None)


# --- Signatures -------------------------------------------------------------------------------------

words = st.text('a+&=% 压，😀\n"é', max_size=8)


@settings(max_examples=40)
@given(
    token=st.text("abcdef0123456789", min_size=1, max_size=32),
    port=st.sampled_from(["", ":443", ":8443"]),
    form=st.dictionaries(words.filter(bool), words, max_size=6),
)
def test_the_vendors_signer_and_ours_and_the_simulators_agree(
    token: str, port: str, form: dict[str, str]
) -> None:
    validator = peer("twilio.request_validator").RequestValidator(token)
    url = f"https://clinic.example{port}/sms/twilio?attempt=a%201&b=%E9"
    theirs = validator.compute_signature(url, form)
    assert signature(token, url, list(form.items())) == theirs == sign(token, url, form)
    assert validator.validate(url, form, sign(token, url, form))
    assert is_signed(token, url, list(form.items()), theirs)
    assert not is_signed(f"{token}0", url, list(form.items()), theirs)
    assert not is_signed(token, url, [*form.items(), ("Body", "165/98, added later")], theirs)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_port_may_be_named_or_not(scheme: str) -> None:
    validator = peer("twilio.request_validator").RequestValidator(TOKEN)
    port = {"http": 80, "https": 443}[scheme]
    bare, named = f"{scheme}://clinic.example/x", f"{scheme}://clinic.example:{port}/x"
    for asked, told in ((bare, named), (named, bare)):
        theirs = validator.compute_signature(told, {"Body": "165"})
        assert validator.validate(asked, {"Body": "165"}, theirs)
        assert is_signed(TOKEN, asked, [("Body", "165")], theirs)


def test_a_field_with_several_values_is_signed_as_the_vendor_does() -> None:
    class Several(dict[str, list[str]]):
        def getlist(self, name: str) -> list[str]:
            return self[name]

    validator = peer("twilio.request_validator").RequestValidator(TOKEN)
    theirs = validator.compute_signature(PUSH_URL, Several({"b": ["2", "1", "1"], "a": [""]}))
    assert signature(TOKEN, PUSH_URL, [("b", "2"), ("b", "1"), ("b", "1"), ("a", "")]) == theirs


# --- What is pushed ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "delivered"), STATUSES.items())
def test_only_a_last_word_closes_a_try(now: datetime, status: str, delivered: bool | None) -> None:
    url = f"{PUSH_URL}?attempt=a1"
    form = {"MessageSid": "SM1", "MessageStatus": status, "AccountSid": SID}
    receipts = TwilioInlet(SID, TOKEN).read(_push(form, url), now).receipts
    expected = Receipt("SM1", bool(delivered), status, "twilio:main", "a1", now)
    assert receipts == (() if delivered is None else (expected,))


@pytest.mark.parametrize(("code", "stops"), [("21610", True), ("30003", False)])
def test_a_receipt_says_why_and_whether_to_stop(now: datetime, code: str, stops: bool) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": code}
    [receipt] = TwilioInlet(SID, TOKEN).read(_push(form), now).receipts
    assert (receipt.code, receipt.stops) == (f"undelivered/{code}", stops)


def test_a_message_arrives_as_it_was_written(now: datetime) -> None:
    said = "血压165/98，头晕😀 有空+格&=%\n两行"
    form = {"MessageSid": "SM1", "From": PHONE, "Body": said, "AccountSid": SID}
    [arrival] = TwilioInlet(SID, TOKEN).read(_push(form), now).arrivals
    assert (arrival.text, arrival.address, arrival.kind) == (said, PHONE, "text")
    assert (arrival.external_id, arrival.sent_at) == ("twilio:SM1", now)
    assert (arrival.channel, arrival.account, arrival.waits) == ("sms", "main", True)


@pytest.mark.parametrize(
    ("fields", "follows"),
    [
        ({"Body": " Stop "}, False),
        ({"Body": "不要了", "OptOutType": "STOP"}, False),
        ({"Body": "START"}, True),
        ({"Body": "Yes", "OptOutType": "START"}, True),
        ({"Body": "Yes"}, None),
        ({"Body": "stop the pills?"}, None),
    ],
)
def test_stop_and_start_are_twilios_own_affair(
    now: datetime, fields: dict[str, str], follows: bool | None
) -> None:
    form = {"MessageSid": "SM1", "From": PHONE, **fields}
    [arrival] = TwilioInlet(SID, TOKEN).read(_push(form), now).arrivals
    assert (arrival.follows, arrival.waits) == (follows, follows is None)


def test_nobodys_and_empty_messages_are_left_out(now: datetime) -> None:
    inlet = TwilioInlet(SID, TOKEN)
    for fields in ({"From": "+12345", "Body": "hello"}, {"From": PHONE, "Body": " "}):
        assert inlet.read(_push({"MessageSid": "SM1", **fields}), now).arrivals == ()


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"MessageSid": "SM1"}, "neither_receipt_nor_message"),
        ({"MessageSid": "SM1", "Body": "x", "AccountSid": "AC1"}, "another_account"),
    ],
)
def test_a_signed_push_that_makes_no_sense_is_refused(
    now: datetime, form: dict[str, str], reason: str
) -> None:
    with pytest.raises(PushError) as refused:
        TwilioInlet(SID, TOKEN).read(_push(form), now)
    assert (refused.value.reason, refused.value.forged) == (reason, False)


def test_the_answer_holds_no_words_because_twilio_would_send_them() -> None:
    taken, again = (TwilioInlet(SID, TOKEN).answer(ok=ok) for ok in (True, False))
    assert (taken.status, taken.body) == (200, "<Response/>")
    assert again.status == 503


# --- With the simulated service ---------------------------------------------------------------------


class Gate(httpx.ASGITransport):
    """Lets pushes in once our own call is concluded; how they overtake it is tried elsewhere."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(app)
        self.open = asyncio.Event()
        self.open.set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self.open.wait()
        return await super().handle_async_request(request)


@dataclass
class Line:
    """Our rows and webhook, and the service at the other end, all in this process."""

    db: Database
    vault: Vault
    clock: MovingClock
    service: Service
    adapter: Twilio
    product: httpx.AsyncClient
    gate: Gate
    limits: Limits = field(default_factory=lambda: Limits(lanes=1))

    async def say(self, body: str = MOBILE_WORDS, **changes: object) -> OutboundMessage:
        # One send a second is Twilio's pace.
        self.clock.move(seconds=2)
        with self.db.transaction() as session:
            known = session.exec(select(ContactPoint)).first()
            contact = known or a_contact(
                session, self.vault, self.clock.now, PHONE, channel="sms", account="main"
            )
            queue(
                session,
                self.vault,
                self.clock.now,
                body=body,
                contact_point_id=contact.id,
                **changes,
            )
        routes = Routes({("sms", "main"): self.adapter})
        self.gate.open.clear()
        await deliver_due(self.db, self.vault, routes, self.clock.now, limits=self.limits)
        said = self.rows()[-1]
        self.gate.open.set()
        return said

    def rows(self) -> list[OutboundMessage]:
        return outbound_rows(self.db)

    def tasks(self) -> list[str]:
        with self.db.reading() as session:
            return [task.kind for task in session.exec(select(Task)).all()]

    def contact(self) -> ContactPoint:
        with self.db.reading() as session:
            return session.exec(select(ContactPoint)).one()

    def came_in(self) -> list[tuple[str, str]]:
        with self.db.reading() as session:
            rows = session.exec(select(InboundMessage).order_by(InboundMessage.id)).all()
            return [(row.kind, messages.text_of(self.vault, row)) for row in rows]

    def arrived(self) -> list[str]:
        return self.service.log.texts_seen(PHONE)

    async def pushed(self, count: int) -> None:
        def enough(log: Any) -> bool:
            return len([one for one in log if one.kind is Kind.PUSH]) >= count

        await self.service.log.until(enough)


@pytest.fixture
async def line(
    sqlite_database: Database, vault: Vault, clock: MovingClock, reception: Reception
) -> AsyncIterator[Line]:
    app = FastAPI()
    doors = {"twilio": Door(TwilioInlet(SID, TOKEN))}
    public = "https://clinic.example"
    app.include_router(router(Pushes(doors, sqlite_database, reception, clock, public)))
    gate = Gate(app)
    inside = httpx.AsyncClient(transport=gate)
    account = TwilioSettings(SID, TOKEN, frozenset({SENDER}), PUSH_URL)
    service = Service(account, clock=clock, http=inside)
    transport = httpx.ASGITransport(create_twilio_app(service))
    async with (
        service.lifespan(),
        httpx.AsyncClient(transport=transport) as http,
        httpx.AsyncClient(transport=httpx.ASGITransport(app)) as product,
    ):
        yield Line(sqlite_database, vault, clock, service, _adapter(http), product, gate)


async def test_what_reaches_the_phone_is_delivered_in_our_rows(line: Line) -> None:
    assert (await line.say()).state == "accepted"
    await line.pushed(2)
    assert line.rows()[0].state == "delivered"
    assert line.arrived() == [MOBILE_WORDS]
    assert str(attempts(line.db)[0].provider_id).startswith("SM")


async def test_what_does_not_reach_the_phone_becomes_a_call(line: Line) -> None:
    line.service.fates[PHONE] = Fate.FAILED
    await line.say(purpose="doctor")
    await line.pushed(2)
    [row] = line.rows()
    assert (row.state, row.reason, line.tasks()) == (
        "channel_closed",
        "undelivered/30003",
        ["call"],
    )


async def test_receipts_may_come_twice_late_and_for_nobodys_message(line: Line) -> None:
    line.service.fates[PHONE] = Fate.HELD
    await line.say("第一句")
    await line.say("第二句")
    line.service.release(backwards=True)
    line.service.fates[PHONE] = Fate.TWICE
    await line.say("第三句")
    line.service.tell(PUSH_URL, line.service.receipt("SMnobodys", PHONE, failed=True))
    await line.pushed(6)
    assert [row.state for row in line.rows()] == ["delivered"] * 3
    assert line.tasks() == []


async def test_a_send_whose_answer_was_lost_is_closed_by_its_receipt(line: Line) -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("lost", request=request)

    line.adapter = _adapter(httpx.AsyncClient(transport=httpx.MockTransport(lost)))
    assert (await line.say()).state == "unknown"
    url = f"{PUSH_URL}?attempt={attempts(line.db)[0].id}"
    line.service.tell(url, line.service.receipt("SM1", PHONE))
    await line.pushed(1)
    assert line.rows()[0].state == "delivered"


async def test_what_a_patient_writes_comes_in_once(line: Line) -> None:
    line.service.write(PHONE, "血压165/98，头晕😀")
    await line.pushed(1)
    assert line.came_in() == [("text", "血压165/98，头晕😀")]
    assert messages.address_of(line.vault, line.contact()) == PHONE


async def test_after_stop_nothing_goes_until_start(line: Line) -> None:
    line.service.write(PHONE, "STOP")
    await line.pushed(1)
    assert line.contact().unfollowed_at is not None
    assert (await line.say(purpose="doctor")).state == "channel_closed"
    line.service.write(PHONE, "START")
    await line.pushed(2)
    assert line.contact().unfollowed_at is None
    assert (await line.say("又能说了", purpose="doctor")).state == "accepted"
    assert line.arrived()[-1] == "又能说了"


async def test_a_stop_that_we_did_not_hear_is_told_by_the_refusal(line: Line) -> None:
    line.service.stopped.add(PHONE)
    said = await line.say(purpose="doctor")
    assert (said.state, said.reason, line.tasks()) == ("channel_closed", "not_following", ["call"])
    assert line.contact().unfollowed_at is not None


async def test_a_forged_push_is_turned_away(line: Line) -> None:
    form = {"MessageSid": "SM1", "From": PHONE, "Body": "165/98"}
    for written in (sign("another-token", PUSH_URL, form).encode(), b"", b"\xe9"):
        headers = {b"x-twilio-signature": written}
        answer = await line.product.post(PUSH_URL, data=form, headers=headers)
        assert answer.status_code == 403
    assert line.came_in() == []


async def test_money_and_a_wrong_key(line: Line, now: datetime) -> None:
    assert await line.adapter.balance(now) == Balance(20.0, "usd")
    wrong = _adapter(line.adapter.http, auth_token="wrong")
    assert await wrong.balance(now) == SendOutcome(Result.OPERATOR, "20003", "key")
    assert (await wrong.send_text(_letter(), now)).result is Result.OPERATOR
    absent = _adapter(httpx.AsyncClient(transport=httpx.MockTransport(_nobody)))
    assert await absent.balance(now) == SendOutcome(Result.RETRY, reason="ConnectError")


def _nobody(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_the_vendors_client_is_served_as_ours_is() -> None:
    rest = peer("twilio.rest")
    service = Service(TwilioSettings(SID, TOKEN, frozenset({SENDER})))
    listening, url = a_port()
    async with on_loopback((create_twilio_app(service), listening)):
        client = rest.Client(SID, TOKEN, http_client=_elsewhere(url))
        create = client.messages.create
        message = await asyncio.to_thread(create, to=PHONE, from_=SENDER, body=MOBILE_WORDS)
        assert (message.status, message.error_code, message.body) == ("queued", None, MOBILE_WORDS)
        left = await asyncio.to_thread(client.api.v2010.account.balance.fetch)
        assert (left.currency, float(left.balance) < 20) == ("USD", True)
        stranger = rest.Client(SID, "wrong", http_client=_elsewhere(url))
        for who, to, code in ((stranger, PHONE, 20003), (client, "+1", 21211)):
            with pytest.raises(peer("twilio.base.exceptions").TwilioRestException) as refused:
                await asyncio.to_thread(who.messages.create, to=to, from_=SENDER, body="x")
            assert refused.value.code == code
    assert service.log.texts_seen(PHONE) == [MOBILE_WORDS]


def _elsewhere(url: str) -> Any:
    """The vendor's HTTP client, pointed at the loopback: its library has no setting for it."""
    made = peer("twilio.http.http_client").TwilioHttpClient()
    request: Callable[..., Any] = made.request

    def moved(method: str, uri: str, *given: Any, **named: Any) -> Any:
        return request(method, uri.replace("https://api.twilio.com", url), *given, **named)

    made.request = moved
    return made
