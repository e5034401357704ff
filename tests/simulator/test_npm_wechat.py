"""The platform against a callback server that nobody here wrote: npm `wechat` 2.1.0 on express 5.

A platform that can talk to it is a faithful one.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from simulator.account import AccountSide
from simulator.log import Kind
from simulator.patient import PatientSide
from simulator.platform import Platform
from simulator.settings import SimulatorSettings, TemplateSpec


@pytest.fixture
def server(start_peer: Any) -> Any:
    return start_peer("callback_server.js")


@pytest.fixture
async def line(server: Any, settings: SimulatorSettings) -> AsyncIterator[Any]:
    address = f"http://127.0.0.1:{server.read()['port']}/callback"
    built: list[Platform] = []

    def platform(**changes: Any) -> Platform:
        built.append(Platform(replace(settings, callback_url=address, **changes)))
        return built[-1]

    yield platform
    for each in built:
        await each.close()


async def test_it_verifies_the_address(line: Any) -> None:
    assert await line().delivery.verify()
    assert not await line(token="another-token").delivery.verify()


@pytest.mark.parametrize("mode", ["safe", "compatible", "plain"])
async def test_it_reads_a_text_and_its_reply_is_shown(line: Any, server: Any, mode: str) -> None:
    platform = line(mode=mode)
    await PatientSide(platform).say("o-wang", "头晕😵 𠮷<165/98>")
    message = server.read()["message"]
    assert message["Content"] == "头晕😵 𠮷<165/98>"
    assert message["FromUserName"] == "o-wang"
    assert platform.log.texts_seen("o-wang") == ["收到:头晕😵 𠮷<165/98>"]


async def test_an_empty_reply_is_an_acknowledgement(line: Any) -> None:
    platform = line()
    delivered = await PatientSide(platform).say("o-wang", "不用回")
    assert delivered.acknowledged
    assert platform.log.texts_seen("o-wang") == []


@pytest.mark.parametrize("mode", ["safe", "plain"])
async def test_it_refuses_a_bad_signature(line: Any, mode: str) -> None:
    platform = line(mode=mode, token="another-token")
    delivered = await PatientSide(platform).say("o-wang", "血压 165/98")
    assert (delivered.answer.status, delivered.attempts) == (401, 1)


async def test_it_reads_a_follow_with_its_scene(line: Any, server: Any) -> None:
    platform = line()
    scene = {"scene": {"scene_str": "inv-7f3a"}}
    ticket = platform.tickets.create(
        {"action_name": "QR_STR_SCENE", "action_info": scene}, platform.clock()
    )
    scanned = PatientSide(platform).scan("o-li", ticket.value)
    assert scanned is not None
    await scanned
    assert server.read()["message"]["EventKey"] == "qrscene_inv-7f3a"
    assert platform.log.texts_seen("o-li") == ["subscribe qrscene_inv-7f3a"]


async def test_it_reads_a_voice_message(line: Any, server: Any) -> None:
    platform = line()
    await PatientSide(platform).speak("o-wang", b"#!AMR\n", "audio/amr")
    message = server.read()["message"]
    assert message["Recognition"] == ""
    shown = f"语音 {message['MediaId']} {message['MediaId16K']} amr"
    assert platform.log.texts_seen("o-wang") == [shown]


async def test_it_reads_photos_places_and_taps(line: Any, server: Any) -> None:
    platform = line()
    patients = PatientSide(platform)
    await patients.photograph("o-wang", b"\x89PNG", "image/png")
    await patients.locate("o-wang", 34.5, 109.5, "柳树沟村")
    await patients.press("o-wang", "DOCTOR")
    await patients.unfollow("o-wang")
    kinds = [server.read()["message"]["MsgType"] for _ in range(4)]
    assert kinds == ["image", "location", "event", "event"]
    seen = platform.log.texts_seen("o-wang")
    assert seen == ["image", "location", "CLICK DOCTOR", "unsubscribe"]
    assert list(platform.log.entries(None, Kind.SORRY)) == []


async def test_it_reads_a_tap_on_the_menu(line: Any, server: Any) -> None:
    platform = line()
    await PatientSide(platform).press("o-wang", "DOCTOR")
    message = server.read()["message"]
    assert (message["Event"], message["EventKey"]) == ("CLICK", "DOCTOR")


async def test_it_reads_what_people_agree_to_be_sent(line: Any, server: Any) -> None:
    """The nested lists of the three subscription events, one entry and several."""
    specs = (
        TemplateSpec("tpl-a", "随访提醒", {"thing1": "事项"}, kind="one_time"),
        TemplateSpec("tpl-b", "健康课堂", {"thing1": "事项"}, kind="long_term"),
    )
    platform = line(templates=specs)
    patients = PatientSide(platform)
    await patients.answer("o-wang", {"tpl-a": "accept"})
    await patients.answer("o-wang", {"tpl-a": "accept", "tpl-b": "reject"})
    await patients.switch_off("o-wang", "tpl-b")
    one, several, off = (server.read()["message"] for _ in range(3))
    assert one["SubscribeMsgPopupEvent"]["List"] == {
        "TemplateId": "tpl-a",
        "SubscribeStatusString": "accept",
        "PopupScene": "1",
    }
    answers = [each["SubscribeStatusString"] for each in several["SubscribeMsgPopupEvent"]["List"]]
    assert answers == ["accept", "reject"]
    assert off["Event"] == "subscribe_msg_change_event"
    assert off["SubscribeMsgChangeEvent"]["List"]["TemplateId"] == "tpl-b"
    assert list(platform.log.entries(None, Kind.SORRY)) == []


async def test_it_reads_what_became_of_a_subscription_message(line: Any, server: Any) -> None:
    spec = TemplateSpec("tpl-a", "随访提醒", {"thing1": "事项"}, kind="one_time")
    platform = line(templates=(spec,))
    await PatientSide(platform).answer("o-wang", {"tpl-a": "accept"})
    server.read()
    data = {"thing1": {"value": "健康随访提醒"}}
    request = {"touser": "o-wang", "template_id": "tpl-a", "data": data}
    msgid = AccountSide(platform).send_subscription(request)
    await platform.settle()
    [sent] = [server.read()["message"]["SubscribeMsgSentEvent"]["List"]]
    assert sent == {
        "TemplateId": "tpl-a",
        "MsgID": str(msgid),
        "ErrorCode": "0",
        "ErrorStatus": "success",
    }
