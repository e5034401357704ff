"""Callbacks as they really come, and as nobody should ever send them: verified, stored once, or refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import func, select

from channels.reception import Reception
from channels.wechat import webhook
from channels.wechat.account import WeChatAccount
from channels.wechat.codec import MalformedCallbackError, read_xml
from channels.wechat.parse import parse
from channels.wechat.webhook import Callback, router
from records.db import Database
from records.messages import Arrival
from records.tables import ContactPoint, Escalation, InboundMessage, Media
from records.tables.base import metadata
from records.vault import Vault
from simulator.codec import Codec, build_xml
from tests.channels.world import (
    AES_KEY,
    APP_ID,
    LI,
    OLD_AES_KEY,
    ORIGINAL_ID,
    TOKEN,
    WANG,
    MovingClock,
    World,
    signed,
)

PATH = "/wechat/main"
CREATED = 1795395600
OURS = WeChatAccount(APP_ID, secret="", token="", aes_keys=())


def a_text(
    text: str = "血压 128/76", msg_id: int = 1, **changes: str | int
) -> dict[str, str | int]:
    return {
        "ToUserName": ORIGINAL_ID,
        "FromUserName": WANG,
        "CreateTime": CREATED,
        "MsgType": "text",
        "Content": text,
        "MsgId": msg_id,
        **changes,
    }


def an_event(name: str, **more: str | int) -> dict[str, str | int]:
    return {
        "ToUserName": ORIGINAL_ID,
        "FromUserName": WANG,
        "CreateTime": CREATED,
        "MsgType": "event",
        "Event": name,
        **more,
    }


class Door:
    """Our callback address, and the database behind it."""

    def __init__(self, http: httpx.AsyncClient, db: Database) -> None:
        self.http, self.db = http, db

    async def send(self, fields: Mapping[str, str | int], **keys: str) -> httpx.Response:
        query, body = signed(dict(fields), **keys)
        return await self.http.post(PATH, params=query, content=body)

    async def push(self, query: Mapping[str, str], body: bytes) -> httpx.Response:
        return await self.http.post(PATH, params=dict(query), content=body)

    def count(self, table: Any = InboundMessage) -> int:
        with self.db.reading() as session:
            return int(session.exec(select(func.count()).select_from(table)).one())

    def row(self) -> InboundMessage:
        with self.db.reading() as session:
            return session.exec(select(InboundMessage)).one()


def a_door(
    db: Database, account: WeChatAccount, reception: Reception, clock: MovingClock
) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(router({"main": Callback(account, db, reception, clock)}))
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    return httpx.AsyncClient(base_url="http://us", transport=transport)


@pytest.fixture
async def door(
    sqlite_database: Database, account: WeChatAccount, reception: Reception, clock: MovingClock
) -> AsyncIterator[Door]:
    async with a_door(sqlite_database, account, reception, clock) as http:
        yield Door(http, sqlite_database)


# --- The address ------------------------------------------------------------------------------------


async def test_the_address_is_verified_by_echoing(world: World) -> None:
    assert await world.platform.delivery.verify()


@pytest.mark.parametrize("signature", ["", "0" * 40, "签名"])
async def test_a_wrong_signature_verifies_nothing(door: Door, signature: str) -> None:
    query = {"signature": signature, "timestamp": "1", "nonce": "2", "echostr": "secret"}
    response = await door.http.get(PATH, params=query)
    assert response.status_code == 403
    assert "secret" not in response.text


async def test_an_account_nobody_set_up_is_not_found(door: Door) -> None:
    assert (await door.http.get("/wechat/other")).status_code == 404
    assert (await door.http.post("/wechat/other", content=b"x")).status_code == 404


# --- What is accepted -------------------------------------------------------------------------------


async def test_a_text_is_acknowledged_once_it_is_stored(door: Door) -> None:
    response = await door.send(a_text())
    assert (response.status_code, response.text) == (200, "success")
    row = door.row()
    assert (row.kind, row.external_id, row.account) == ("text", "1", APP_ID)
    assert row.sent_at.timestamp() == CREATED


async def test_a_message_sealed_with_the_key_before_is_read_and_answered_with_that_key(
    door: Door,
) -> None:
    response = await door.send(a_text("血压 230/140"), key=OLD_AES_KEY)
    inside = Codec(TOKEN, OLD_AES_KEY, APP_ID).open_reply(response.text)
    assert "120" in inside


async def test_the_passive_reply_is_sealed_and_addressed_to_the_sender(door: Door) -> None:
    response = await door.send(a_text("血压 230/140"))
    assert "120" not in response.text
    fields = read_xml(Codec(TOKEN, AES_KEY, APP_ID).open_reply(response.text).encode())
    assert fields["ToUserName"] == WANG
    assert fields["FromUserName"] == ORIGINAL_ID
    assert "120" in fields["Content"]


async def test_twenty_copies_at_the_same_instant_are_one_message_one_alarm_and_the_same_words(
    door: Door,
) -> None:
    answers = await asyncio.gather(*(door.send(a_text("血压 230/140")) for _ in range(20)))
    codec = Codec(TOKEN, AES_KEY, APP_ID)
    assert len({codec.open_reply(answer.text) for answer in answers}) == 1
    assert (door.count(), door.count(Escalation), door.count(ContactPoint)) == (1, 1, 1)


async def test_a_clock_that_is_off_is_the_operators_affair_not_the_patients(
    door: Door, clock: MovingClock
) -> None:
    clock.move(minutes=20)
    with structlog.testing.capture_logs() as logs:
        assert (await door.send(a_text())).text == "success"
    (entry,) = (entry for entry in logs if entry["event"] == "wechat.clock_skew")
    assert "NTP" in entry["advice"]
    assert door.count() == 1


async def test_a_timestamp_in_milliseconds_is_no_skew(door: Door) -> None:
    codec = Codec(TOKEN, AES_KEY, APP_ID)
    encrypted = codec.encrypt(build_xml(a_text()))
    stamp = f"{CREATED}000"
    query = {
        "timestamp": stamp,
        "nonce": "1",
        "msg_signature": codec.sign(stamp, "1", encrypted),
    }
    with structlog.testing.capture_logs() as logs:
        await door.push(query, build_xml({"Encrypt": encrypted}).encode())
    assert [entry["event"] for entry in logs] == ["wechat.accepted"]


async def test_a_timestamp_that_is_none_is_still_the_patients_message(door: Door) -> None:
    codec = Codec(TOKEN, AES_KEY, APP_ID)
    encrypted = codec.encrypt(build_xml(a_text("血压 230/140")))
    query = {"timestamp": "now", "nonce": "1", "msg_signature": codec.sign("now", "1", encrypted)}
    response = await door.push(query, build_xml({"Encrypt": encrypted}).encode())
    assert "120" in codec.open_reply(response.text)


async def test_whoever_waits_for_messages_is_woken_once_per_message(
    sqlite_database: Database, account: WeChatAccount, reception: Reception, clock: MovingClock
) -> None:
    woken: list[int] = []
    app = FastAPI()
    callback = Callback(account, sqlite_database, reception, clock, lambda: woken.append(1))
    app.include_router(router({"main": callback}))
    async with httpx.AsyncClient(base_url="http://us", transport=httpx.ASGITransport(app)) as http:
        door = Door(http, sqlite_database)
        await door.send(a_text())
        await door.send(a_text())
        await door.send(a_text(msg_id=2))
    assert len(woken) == 2


async def test_what_was_not_stored_is_sent_again_by_the_platform(door: Door) -> None:
    metadata.drop_all(door.db.engine)
    response = await door.send(a_text("血压 230/140"))
    assert response.status_code == 503
    metadata.create_all(door.db.engine)
    assert (await door.send(a_text("血压 230/140"))).status_code == 200
    assert door.count() == 1


async def test_an_alarm_that_cannot_be_raised_stores_nothing_half(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("channels.reception.raise_alarm", broken)
        assert (await door.send(a_text("血压 230/140"))).status_code == 503
    assert (door.count(), door.count(ContactPoint)) == (0, 0)


async def test_a_fault_in_reading_does_not_cost_the_message(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("channels.reception.read", broken)
    assert (await door.send(a_text("血压 230/140"))).text == "success"
    assert (door.row().state, door.row().level) == ("waiting", None)


async def test_an_urgent_value_wakes_the_turn_at_once_and_an_ordinary_one_lets_it_settle(
    door: Door, clock: MovingClock
) -> None:
    await door.send(a_text("血压 128/76"))
    await door.send(a_text("血压 190/112", msg_id=2, FromUserName=LI))
    with door.db.reading() as session:
        wakes = sorted(
            contact.wake_at - clock.now
            for contact in session.exec(select(ContactPoint)).all()
            if contact.wake_at
        )
    assert wakes == [timedelta(0), timedelta(seconds=4)]


async def test_a_bare_number_is_judged_as_what_was_asked_for(door: Door) -> None:
    await door.send(a_text("你好"))
    with door.db.transaction() as session:
        session.exec(select(ContactPoint)).one().awaiting = {"field": "bp"}
    await door.send(a_text("230/140", msg_id=2))
    assert door.count(Escalation) == 1


# --- What people and the platform send ------------------------------------------------------------


def parsed(fields: Mapping[str, str | int]) -> Arrival:
    return parse({name: str(value) for name, value in fields.items()}, OURS)


@pytest.mark.parametrize(
    ("fields", "kind", "text", "media"),
    [
        ({"MsgType": "text", "Content": "你好"}, "text", "你好", ()),
        ({"MsgType": "image", "MediaId": "m1", "PicUrl": "http://x"}, "image", "", ("m1",)),
        (
            {"MsgType": "voice", "MediaId": "m1", "MediaId16K": "m16", "Recognition": ""},
            "voice",
            "",
            ("m16",),
        ),
        ({"MsgType": "voice", "MediaId": "m1", "Format": "amr"}, "voice", "", ("m1",)),
        (
            {"MsgType": "voice", "MediaId": "m1", "Recognition": "血压一百六"},
            "voice",
            "血压一百六",
            ("m1",),
        ),
        ({"MsgType": "video", "MediaId": "m1", "ThumbMediaId": "t"}, "video", "", ("m1",)),
        ({"MsgType": "shortvideo", "MediaId": "m1"}, "video", "", ("m1",)),
        (
            {"MsgType": "location", "Location_X": "25.1", "Location_Y": "102.7", "Label": "村口"},
            "location",
            "村口(25.1,102.7)",
            (),
        ),
        ({"MsgType": "link", "Title": "偏方", "Url": "http://x"}, "link", "偏方 http://x", ()),
        ({"MsgType": "hologram"}, "event", "", ()),
    ],
)
def test_every_kind_of_message_becomes_an_arrival(
    fields: dict[str, str], kind: str, text: str, media: tuple[str, ...]
) -> None:
    head = {k: v for k, v in a_text().items() if k not in {"MsgType", "Content"}}
    arrival = parsed({**head, **fields})
    assert (arrival.kind, arrival.text) == (kind, text)
    assert tuple(ref.external_id for ref in arrival.media) == media
    assert arrival.waits
    assert arrival.window is not None
    assert arrival.window.sends == 5


@pytest.mark.parametrize(
    ("fields", "event", "waits", "sends"),
    [
        (an_event("subscribe", EventKey=""), {"event": "subscribe"}, True, 3),
        (
            an_event("subscribe", EventKey="qrscene_abc"),
            {"event": "subscribe", "scene": "abc"},
            True,
            3,
        ),
        (an_event("subscribe", EventKey="last_trade_no_1"), {"event": "subscribe"}, True, 3),
        (an_event("unsubscribe"), {"event": "unsubscribe"}, False, None),
        (an_event("SCAN", EventKey="abc"), {"event": "SCAN", "scene": "abc"}, True, 3),
        (an_event("CLICK", EventKey="doctor"), {"event": "CLICK", "key": "doctor"}, True, 3),
        (an_event("VIEW", EventKey="http://x"), {"event": "VIEW", "key": "http://x"}, False, None),
        (an_event("LOCATION", Latitude="1"), {"event": "unknown"}, False, None),
        (
            an_event("subscribe_msg_popup_event"),
            {"event": "subscribe_msg_popup_event", "list": []},
            False,
            None,
        ),
        (
            an_event("TEMPLATESENDJOBFINISH", MsgID=77, Status="failed:user block"),
            {
                "event": "TEMPLATESENDJOBFINISH",
                "provider_id": "77",
                "status": "failed:user block",
                "delivered": False,
            },
            False,
            None,
        ),
    ],
)
def test_every_event_becomes_an_arrival(
    fields: dict[str, str | int], event: dict[str, Any], waits: bool, sends: int | None
) -> None:
    arrival = parsed(fields)
    assert arrival.event == event
    assert arrival.waits is waits
    assert (arrival.window.sends if arrival.window else None) == sends


def test_events_of_one_second_are_told_apart_and_show_no_openid() -> None:
    ids = {
        parsed(an_event("subscribe", EventKey="")).external_id,
        parsed(an_event("CLICK", EventKey="doctor")).external_id,
        parsed(an_event("CLICK", EventKey="help")).external_id,
        parsed({**an_event("CLICK", EventKey="help"), "FromUserName": LI}).external_id,
    }
    assert len(ids) == 4
    assert not any(WANG in each for each in ids)
    assert parsed(an_event("CLICK", EventKey="help")).external_id in ids


@pytest.mark.parametrize("written", ["1795395600", "1795395600000"])
def test_the_time_of_sending_is_read_in_seconds_and_in_milliseconds(written: str) -> None:
    """courier divided by 1000 although WeChat sends seconds: every message was of 1970."""
    assert parsed(a_text(CreateTime=written)).sent_at.timestamp() == CREATED


async def test_the_label_of_a_place_is_not_read_as_a_value(door: Door) -> None:
    place = {k: v for k, v in a_text().items() if k != "Content"}
    more = {"MsgType": "location", "Location_X": "25", "Location_Y": "102", "Label": "血压 230/140"}
    assert (await door.send({**place, **more})).text == "success"
    assert door.count(Escalation) == 0


async def test_words_recognised_in_a_voice_message_raise_the_alarm(door: Door) -> None:
    voice = {k: v for k, v in a_text().items() if k != "Content"}
    await door.send({**voice, "MsgType": "voice", "MediaId": "m", "Recognition": "血压 230/140"})
    assert door.count(Escalation) == 1


async def test_a_photo_waits_to_be_fetched(door: Door) -> None:
    photo = {k: v for k, v in a_text().items() if k != "Content"}
    await door.send({**photo, "MsgType": "image", "MediaId": "m1"})
    with door.db.reading() as session:
        wanted = session.exec(select(Media)).one()
        assert (wanted.external_id, wanted.state, wanted.kind) == ("m1", "wanted", "image")


# --- What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"app_id": "wx-somebody-else"}, id="another account's app id"),
        pytest.param({"key": "Z" * 43}, id="a key we never had"),
    ],
)
async def test_what_is_not_for_us_is_refused(door: Door, keys: dict[str, str]) -> None:
    assert (await door.send(a_text(), **keys)).status_code == 400
    assert door.count() == 0


async def test_a_body_that_was_changed_under_its_signature_is_refused(door: Door) -> None:
    query, _ = signed(a_text())
    _, other = signed(a_text("血压 230/140", msg_id=2))
    assert (await door.push(query, other)).status_code == 403
    assert door.count() == 0


async def test_plain_callbacks_are_refused_unless_they_are_allowed(
    door: Door,
    sqlite_database: Database,
    account: WeChatAccount,
    reception: Reception,
    clock: MovingClock,
) -> None:
    codec = Codec(TOKEN, AES_KEY, APP_ID)
    query = {"timestamp": str(CREATED), "nonce": "1", "signature": codec.sign(str(CREATED), "1")}
    body = build_xml(a_text("血压 230/140")).encode()
    assert (await door.push(query, body)).status_code == 400
    assert door.count() == 0
    plain = replace(account, allow_plain=True)
    async with a_door(sqlite_database, plain, reception, clock) as http:
        allowed = Door(http, sqlite_database)
        response = await allowed.push(query, body)
        assert "120" in read_xml(response.content)["Content"]
        assert (await allowed.push({**query, "signature": "x"}, body)).status_code == 403
    assert door.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"ToUserName": "gh_somebody_else"}, id="another original id"),
        pytest.param({"FromUserName": ""}, id="no sender"),
        pytest.param({"FromUserName": "o" * 200}, id="a sender too long"),
        pytest.param({"MsgId": ""}, id="no id"),
        pytest.param({"CreateTime": "yesterday"}, id="no time"),
        pytest.param({"CreateTime": "9" * 30}, id="a time beyond time"),
        pytest.param({"CreateTime": "99999999999999"}, id="more digits than any clock has"),
        pytest.param({"MsgType": "image", "MediaId": ""}, id="a photo without a file"),
        pytest.param({"MsgType": "", "MsgId": ""}, id="no type"),
    ],
)
async def test_a_genuine_callback_that_makes_no_sense_is_acknowledged_and_dropped(
    door: Door, fields: dict[str, str]
) -> None:
    """A 400 would show the patient 「该公众号暂时无法提供服务」, a 5xx would repeat the nonsense."""
    with structlog.testing.capture_logs() as logs:
        response = await door.send({**a_text(), **fields})
    assert (response.status_code, response.text) == (200, "success")
    assert door.count() == 0
    assert [entry["event"] for entry in logs] == ["wechat.callback_unreadable"]


async def test_a_body_larger_than_any_message_is_not_read_to_its_end(door: Door) -> None:
    response = await door.push({}, b"<xml>" + b"x" * 100_000)
    assert response.status_code == 413


async def test_a_body_that_never_ends_is_cut_off(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "BODY_SECONDS", 0.05)

    async def drip() -> AsyncIterator[bytes]:
        yield b"<xml>"
        await asyncio.sleep(1)
        yield b"</xml>"

    response = await door.http.post(PATH, content=drip())
    assert response.status_code == 413


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><Encrypt>&c;&c;&c;</Encrypt></xml>"""

CORPUS = {
    "nothing": b"",
    "spaces": b"   ",
    "not xml": b"hello",
    "json": b'{"Encrypt": "x"}',
    "truncated": b"<xml><Encrypt><![CDATA[abc",
    "another root": b"<html><Encrypt>x</Encrypt></html>",
    "text in the root": b"<xml>hello</xml>",
    "an empty root": b"<xml/>",
    "two roots": b"<xml></xml><xml></xml>",
    "two ciphers": b"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>",
    "a nested cipher": b"<xml><Encrypt><x>a</x></Encrypt></xml>",
    "an empty cipher": b"<xml><Encrypt></Encrypt></xml>",
    "an entity bomb": BOMB,
    "a foreign entity": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml>&e;</xml>',
    "not utf-8": b"<xml><Encrypt>\xff\xfe\x00</Encrypt></xml>",
    "utf-16": "<xml><Encrypt>x</Encrypt></xml>".encode("utf-16"),
    "a zero byte": b"<xml><Encrypt>\x00</Encrypt></xml>",
    "very deep": b"<xml>" + b"<a>" * 9000 + b"</a>" * 9000 + b"</xml>",
    "an unknown encoding": b'<?xml version="1.0" encoding="x-none"?><xml><Encrypt>x</Encrypt></xml>',
}


@pytest.mark.parametrize("body", CORPUS.values(), ids=CORPUS.keys())
async def test_garbage_gets_a_short_answer_and_leaves_no_trace(door: Door, body: bytes) -> None:
    with structlog.testing.capture_logs() as logs:
        response = await door.push({"timestamp": "1", "nonce": "2", "msg_signature": "3"}, body)
    assert response.status_code in {400, 403}
    assert response.text == "refused"
    assert door.count() == 0
    (entry,) = logs
    assert set(entry) == {"event", "log_level", "reason", "status"}


SIGNED_GARBAGE = {
    "not base64": "!!!!",
    "base64 of nothing": "",
    "a broken block": "YWJj",
    "random blocks": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
}


@pytest.mark.parametrize("cipher", SIGNED_GARBAGE.values(), ids=SIGNED_GARBAGE.keys())
async def test_a_signed_cipher_that_is_none_is_refused(door: Door, cipher: str) -> None:
    codec = Codec(TOKEN, AES_KEY, APP_ID)
    query = {"timestamp": "1", "nonce": "2", "msg_signature": codec.sign("1", "2", cipher)}
    response = await door.push(query, f"<xml><Encrypt>{cipher}</Encrypt></xml>".encode())
    assert response.status_code in {400, 403}
    assert door.count() == 0


@pytest.mark.parametrize("inside", ["", "not xml", "<xml/>", "<xml>x</xml>", "<a></a>"])
async def test_a_good_cipher_around_nonsense_is_refused(door: Door, inside: str) -> None:
    codec = Codec(TOKEN, AES_KEY, APP_ID)
    cipher = codec.encrypt(inside)
    query = {"timestamp": "1", "nonce": "2", "msg_signature": codec.sign("1", "2", cipher)}
    response = await door.push(query, build_xml({"Encrypt": cipher}).encode())
    assert response.status_code == 400
    assert door.count() == 0


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=st.binary(max_size=400),
    query=st.dictionaries(
        st.sampled_from(["timestamp", "nonce", "signature", "msg_signature", "echostr"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    ),
)
async def test_no_bytes_at_all_make_us_fail(door: Door, body: bytes, query: dict[str, str]) -> None:
    assert (await door.push(query, body)).status_code in {400, 403}
    assert (await door.http.get(PATH, params=query)).status_code == 403
    assert door.count() == 0


FIELD = st.one_of(
    st.text(max_size=40),
    st.integers(-(10**20), 10**20),
    st.sampled_from(["text", "event", "image", "voice", "subscribe", "CLICK", "VIEW", "SCAN"]),
)
NAMES = st.sampled_from(
    [
        "ToUserName",
        "FromUserName",
        "CreateTime",
        "MsgType",
        "Event",
        "EventKey",
        "Content",
        "MsgId",
        "MsgID",
        "Status",
        "MediaId",
        "Recognition",
    ]
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(fields=st.dictionaries(NAMES, FIELD))
async def test_a_genuine_callback_with_any_fields_is_always_acknowledged(
    door: Door, fields: dict[str, str | int]
) -> None:
    response = await door.send({**a_text(), **fields})
    assert response.status_code == 200


@settings(max_examples=200, deadline=None)
@given(
    fields=st.dictionaries(
        NAMES,
        st.one_of(
            st.none(),
            st.text(max_size=30),
            st.lists(st.text(), max_size=2),
            st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
        ),
    )
)
def test_parsing_knows_one_error_only(fields: dict[str, Any]) -> None:
    try:
        arrival = parse(fields, OURS)
    except MalformedCallbackError:
        return
    assert arrival.external_id
    assert arrival.address


async def test_logs_hold_no_words_and_no_openid(door: Door) -> None:
    with structlog.testing.capture_logs() as logs:
        await door.send(a_text("我叫王秀英,血压 230/140"))
        await door.send(a_text("我叫王秀英", msg_id=2, CreateTime="x"))
    written = str(logs)
    assert "王秀英" not in written
    # An id may hold any three digits.
    assert "230/140" not in written
    assert WANG not in written


async def test_both_databases_take_the_same_first_message_once(
    database: Database, account: WeChatAccount, vault: Vault, reception: Reception
) -> None:
    from tests.conftest import MONDAY_MORNING

    async with a_door(database, account, reception, MovingClock(MONDAY_MORNING)) as http:
        door = Door(http, database)
        await asyncio.gather(*(door.send(a_text("血压 230/140")) for _ in range(8)))
        assert (door.count(), door.count(Escalation)) == (1, 1)
