"""How a patient's message reaches the callback, and what the patient sees of the answer."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response

from simulator.codec import Codec
from simulator.delivery import OUT_OF_ORDER
from simulator.log import Kind
from simulator.patient import NotFollowingError, PatientSide
from simulator.platform import Platform
from simulator.settings import SimulatorSettings

DOWN = PlainTextResponse("no", status_code=500)


def attempts(platform: Platform) -> list[tuple[Any, ...]]:
    entries = platform.log.entries(None, Kind.ATTEMPT)
    return [(e.details["number"], e.details["outcome"], e.details["status"]) for e in entries]


def seen(platform: Platform) -> list[tuple[str, str]]:
    shown = platform.log.entries("o-wang", Kind.PASSIVE, Kind.SORRY)
    return [(e.kind.value, e.text) for e in shown]


async def test_a_text_arrives_encrypted_signed_and_readable(
    patients: PatientSide, callback: Any, settings: SimulatorSettings
) -> None:
    await patients.say("o-wang", "高压<160>, 头晕😵")
    (message,), (query,), (body,) = callback.received, callback.queries, callback.bodies
    assert message["Content"] == "高压<160>, 头晕😵"
    assert message["FromUserName"] == query["openid"] == "o-wang"
    assert message["ToUserName"] == settings.account_id
    assert message["MsgId"].isdigit()
    assert "高压" not in body
    assert "FromUserName" not in body
    codec = Codec(settings.token, settings.encoding_aes_key, settings.app_id)
    assert query["signature"] == codec.sign(query["timestamp"], query["nonce"])
    assert query["encrypt_type"] == "aes"


async def test_compatible_mode_carries_both_forms(
    build: Any, settings: SimulatorSettings, callback: Any
) -> None:
    app = build(replace(settings, mode="compatible"))
    callback.answer("收到")
    await app.state.patients.say("o-wang", "血压 165/98")
    assert "<Content><![CDATA[血压 165/98]]></Content>" in callback.bodies[0]
    assert "<Encrypt>" in callback.bodies[0]
    assert app.state.platform.log.texts_seen("o-wang") == ["收到"]


async def test_plain_mode_is_plain_both_ways(
    build: Any, settings: SimulatorSettings, callback: Any
) -> None:
    app = build(replace(settings, mode="plain"))
    callback.answer("收到")
    await app.state.patients.say("o-wang", "血压 165/98")
    assert "msg_signature" not in callback.queries[0]
    assert "<Encrypt>" not in callback.bodies[0]
    assert app.state.platform.log.texts_seen("o-wang") == ["收到"]


async def test_an_encrypted_passive_reply_is_shown_to_the_patient(
    patients: PatientSide, platform: Platform, callback: Any
) -> None:
    callback.answer("请马上坐下休息")
    delivered = await patients.say("o-wang", "190/115 头痛")
    assert delivered.acknowledged
    assert seen(platform) == [("passive", "请马上坐下休息")]


@pytest.mark.parametrize("body", ["", "success"])
async def test_an_empty_answer_or_success_is_silent(
    patients: PatientSide, platform: Platform, callback: Any, body: str
) -> None:
    callback.answer(PlainTextResponse(body))
    delivered = await patients.say("o-wang", "在吗")
    assert delivered.acknowledged
    assert seen(platform) == []


async def test_a_5xx_is_sent_again_with_the_same_msgid(
    patients: PatientSide, platform: Platform, callback: Any
) -> None:
    callback.answer(DOWN, DOWN, "收到")
    await patients.say("o-wang", "血压 165/98")
    assert len({message["MsgId"] for message in callback.received}) == 1
    assert len({query["msg_signature"] for query in callback.queries}) == 3
    assert attempts(platform) == [
        (1, "unanswered", 500),
        (2, "unanswered", 500),
        (3, "replied", 200),
    ]
    assert seen(platform) == [("passive", "收到")]


async def test_after_three_attempts_the_patient_is_told_that_the_account_is_out_of_order(
    patients: PatientSide, platform: Platform, callback: Any
) -> None:
    callback.answer(*[DOWN] * 9)
    delivered = await patients.say("o-wang", "血压 165/98")
    assert (delivered.attempts, delivered.acknowledged) == (3, False)
    assert len(callback.received) == 3
    assert seen(platform) == [("sorry", OUT_OF_ORDER)]


def unsigned(callback: Any) -> str:
    reply: str = callback.passive("收到")
    return reply.replace("<MsgSignature><![CDATA[", "<MsgSignature><![CDATA[0")


def foreign(callback: Any) -> str:
    own = callback.codec
    callback.codec = Codec(
        "demo-token", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx0000000000000000"
    )
    reply: str = callback.passive("收到")
    callback.codec = own
    return reply


@pytest.mark.parametrize(
    "invalid",
    [
        lambda callback: "<xml><Content>plain</Content></xml>",
        lambda callback: '{"errcode": 0}',
        lambda callback: callback.sealed("<xml><Content>no type</Content></xml>"),
        lambda callback: callback.passive("收到", to="o-somebody-else"),
        unsigned,
        foreign,
    ],
)
async def test_any_other_answer_tells_the_patient_that_the_account_is_out_of_order(
    patients: PatientSide, platform: Platform, callback: Any, invalid: Callable[[Any], str]
) -> None:
    await patients.say("o-wang", "先来一句")
    callback.answer(PlainTextResponse(invalid(callback)))
    await patients.say("o-wang", "血压 165/98")
    assert seen(platform) == [("sorry", OUT_OF_ORDER)]
    assert len(callback.received) == 2


async def test_a_4xx_is_not_sent_again(
    patients: PatientSide, platform: Platform, callback: Any
) -> None:
    callback.answer(PlainTextResponse("bad signature", status_code=403))
    await patients.say("o-wang", "血压 165/98")
    assert attempts(platform) == [(1, "invalid", 403)]


async def test_a_callback_that_is_too_slow_is_cut_off_and_asked_again(
    serve: Any, settings: SimulatorSettings, build: Any
) -> None:
    calls = 0

    async def slow_once(scope: Any, receive: Any, send: Any) -> None:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.5 if calls == 1 else 0)
        await Response("success")(scope, receive, send)

    async def only_http(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await slow_once(scope, receive, send)

    address = await serve(only_http)
    app = Starlette()
    platform = Platform(replace(settings, callback_url=address, answer_within=0.1))
    app.state.platform = platform
    delivered = await PatientSide(platform).say("o-wang", "血压 165/98")
    assert delivered.acknowledged
    assert attempts(platform) == [(1, "unanswered", 0), (2, "accepted", 200)]
    await platform.close()


async def test_a_callback_that_is_not_there_is_reported_as_no_answer(
    settings: SimulatorSettings,
) -> None:
    platform = Platform(replace(settings, callback_url="http://127.0.0.1:9/wechat"))
    await PatientSide(platform).say("o-wang", "血压 165/98")
    assert attempts(platform) == [(n, "unanswered", 0) for n in (1, 2, 3)]
    assert not await platform.delivery.verify()
    await platform.close()


async def test_a_good_callback_is_verified(platform: Platform) -> None:
    assert await platform.delivery.verify()


@pytest.mark.parametrize("status", [200, 401])
async def test_a_callback_that_does_not_echo_is_not_verified(
    settings: SimulatorSettings, status: int
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, text="hello")

    http = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    platform = Platform(settings, http=http)
    assert not await platform.delivery.verify()
    await platform.close()


async def test_who_does_not_follow_cannot_write(patients: PatientSide) -> None:
    with pytest.raises(NotFollowingError):
        patients.say("o-li", "在吗")


async def test_the_last_message_can_be_delivered_once_more(
    patients: PatientSide, platform: Platform, callback: Any
) -> None:
    assert patients.repeat("o-wang") is None
    await patients.say("o-wang", "血压 165/98")
    again = patients.repeat("o-wang")
    assert again is not None
    await again
    assert callback.received[0] == callback.received[1]
    assert len(list(platform.log.entries("o-wang", Kind.INBOUND))) == 1


async def test_msgids_differ_even_when_the_clock_stands_still(
    patients: PatientSide, callback: Any
) -> None:
    for _ in range(3):
        await patients.say("o-wang", "一样的话")
    assert len({message["MsgId"] for message in callback.received}) == 3


async def test_msgids_do_not_repeat_after_a_restart(
    build: Any, settings: SimulatorSettings, callback: Any, clock: Any
) -> None:
    for _ in range(2):
        await build(settings).state.patients.say("o-wang", "血压 165/98")
        clock.move(seconds=0.001)
    assert len({message["MsgId"] for message in callback.received}) == 2
    assert all(int(message["MsgId"]) < 2**63 for message in callback.received)


async def test_a_voice_message_has_a_16k_copy_and_an_empty_recognition(
    patients: PatientSide, platform: Platform, callback: Any, clock: Any
) -> None:
    await patients.speak("o-wang", b"#!AMR\nsound", "application/octet-stream")
    message = callback.received[0]
    assert (message["MsgType"], message["Format"], message["Recognition"]) == ("voice", "amr", "")
    for name in ("MediaId", "MediaId16K"):
        assert platform.media.fetch(message[name], clock()).content == b"#!AMR\nsound"


async def test_a_photo_carries_an_address_and_a_media_id(
    patients: PatientSide, platform: Platform, callback: Any, clock: Any
) -> None:
    await patients.photograph("o-wang", b"\x89PNG....", "image/png")
    message = callback.received[0]
    assert message["PicUrl"].endswith(f"/media/{message['MediaId']}")
    assert platform.media.fetch(message["MediaId"], clock()).content_type == "image/png"


async def test_a_location_is_sent_with_its_label(patients: PatientSide, callback: Any) -> None:
    await patients.locate("o-wang", 34.5, 109.5, "柳树沟村")
    message = callback.received[0]
    assert message["Location_X"] == "34.500000"
    assert (message["Scale"], message["Label"]) == ("15", "柳树沟村")


async def test_a_menu_click_is_an_event_and_opens_a_minute_only(
    patients: PatientSide, platform: Platform, callback: Any, clock: Any
) -> None:
    await patients.press("o-wang", "DOCTOR")
    message = callback.received[0]
    assert (message["Event"], message["EventKey"]) == ("CLICK", "DOCTOR")
    assert "MsgId" not in message
    assert platform.quota.left("o-wang", clock()) == 3
    clock.move(minutes=1)
    assert platform.quota.left("o-wang", clock()) == 0


async def test_following_and_leaving_are_events(
    patients: PatientSide, platform: Platform, callback: Any, clock: Any
) -> None:
    await patients.follow("o-li")
    assert platform.quota.left("o-li", clock()) == 3
    await patients.unfollow("o-li")
    assert [m["Event"] for m in callback.received] == ["subscribe", "unsubscribe"]
    assert platform.quota.left("o-li", clock()) == 0


async def test_scanning_an_enrolment_code_follows_with_its_scene_or_scans_when_following(
    patients: PatientSide, platform: Platform, callback: Any, clock: Any
) -> None:
    ticket = platform.tickets.create(
        {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "inv-7f3a"}}},
        clock(),
    )
    for code in (ticket.value, ticket.url):
        scanned = patients.scan("o-li", code)
        assert scanned is not None
        await scanned
    keys = [(m["Event"], m["EventKey"], m["Ticket"]) for m in callback.received]
    assert keys == [
        ("subscribe", "qrscene_inv-7f3a", ticket.value),
        ("SCAN", "inv-7f3a", ticket.value),
    ]


async def test_an_expired_or_unknown_code_does_nothing(
    patients: PatientSide, platform: Platform, callback: Any, clock: Any
) -> None:
    ticket = platform.tickets.create(
        {"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 7}}}, clock()
    )
    clock.move(seconds=60)
    assert patients.scan("o-li", ticket.value) is None
    assert patients.scan("o-li", "made-up") is None
    assert callback.received == []
