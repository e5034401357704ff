"""The platform's HTTP API, spoken to as the product does."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from simulator.log import Kind
from simulator.patient import PatientSide
from simulator.platform import Platform
from simulator.settings import SimulatorSettings

CUSTOM = "/cgi-bin/message/custom/send"
CLIENT = {
    "grant_type": "client_credential",
    "appid": "wx5823bf96d3bd56c7",
    "secret": "not-a-secret",
}
DUE = {"thing1": "高血压随访", "time2": "2026年11月22日 15:01", "const3": "待随访"}


@pytest.fixture
async def token(web: httpx.AsyncClient) -> str:
    answer = await web.post("/cgi-bin/stable_token", json=CLIENT)
    value: str = answer.json()["access_token"]
    return value


@pytest.fixture
def api(web: httpx.AsyncClient, token: str) -> Any:
    async def call(path: str, body: Any, **params: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False)
        answer = await web.post(path, content=content, params={"access_token": token, **params})
        assert answer.status_code == 200
        return answer.json()

    return call


def text(content: str, openid: str = "o-wang") -> dict[str, Any]:
    return {"touser": openid, "msgtype": "text", "text": {"content": content}}


def template(data: dict[str, str], **more: Any) -> dict[str, Any]:
    values = {name: {"value": value} for name, value in data.items()}
    return {"touser": "o-wang", "template_id": "tpl-due", "data": values, **more}


@pytest.mark.parametrize(
    ("change", "errcode"),
    [({"grant_type": "other"}, 40002), ({"appid": "wx0"}, 40013), ({"secret": "guess"}, 40125)],
)
async def test_a_token_is_given_to_the_account_s_owner_only(
    web: httpx.AsyncClient, change: dict[str, str], errcode: int
) -> None:
    stable = await web.post("/cgi-bin/stable_token", json={**CLIENT, **change})
    plain = await web.get("/cgi-bin/token", params={**CLIENT, **change})
    for answer in (stable, plain):
        assert answer.status_code == 200
        assert answer.json()["errcode"] == errcode


async def test_both_kinds_of_token_open_the_api(web: httpx.AsyncClient, token: str) -> None:
    plain = (await web.get("/cgi-bin/token", params=CLIENT)).json()
    assert plain["expires_in"] == 7200
    for value in (token, plain["access_token"]):
        answer = await web.post(f"{CUSTOM}?access_token={value}", json={})
        assert answer.json()["errcode"] == 40003


async def test_a_forced_refresh_gives_a_new_token(web: httpx.AsyncClient, token: str) -> None:
    forced = await web.post("/cgi-bin/stable_token", json={**CLIENT, "force_refresh": True})
    assert forced.json()["access_token"] != token


async def test_calls_without_a_good_token_are_refused(
    web: httpx.AsyncClient, token: str, clock: Any
) -> None:
    assert (await web.post(CUSTOM, json={})).json()["errcode"] == 41001
    made_up = await web.post(f"{CUSTOM}?access_token=made-up", json={})
    assert made_up.json()["errcode"] == 40001
    clock.move(hours=2)
    late = await web.post(f"{CUSTOM}?access_token={token}", json={})
    assert late.json()["errcode"] == 42001


async def test_after_a_message_five_texts_reach_the_phone_and_the_sixth_does_not(
    api: Any, patients: PatientSide, platform: Platform
) -> None:
    await patients.say("o-wang", "血压 165/98")
    codes = [(await api(CUSTOM, text(f"第{n}条")))["errcode"] for n in range(6)]
    assert codes == [0, 0, 0, 0, 0, 45047]
    assert platform.log.texts_seen("o-wang") == [f"第{n}条" for n in range(5)]


async def test_after_48_hours_the_window_is_closed(
    api: Any, patients: PatientSide, web: httpx.AsyncClient, clock: Any
) -> None:
    await patients.say("o-wang", "血压 165/98")
    clock.move(hours=48)
    token = (await web.post("/cgi-bin/stable_token", json=CLIENT)).json()["access_token"]
    answer = await web.post(f"{CUSTOM}?access_token={token}", json=text("还在吗"))
    assert answer.json()["errcode"] == 45015


async def test_who_left_cannot_be_written_to(
    api: Any, patients: PatientSide, platform: Platform
) -> None:
    await patients.say("o-wang", "血压 165/98")
    await patients.unfollow("o-wang")
    assert (await api(CUSTOM, text("别走")))["errcode"] == 45015
    refused = list(platform.log.entries("o-wang", Kind.REFUSED))
    assert [entry.details["errcode"] for entry in refused] == [45015]
    assert platform.log.texts_seen("o-wang") == []


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (text("你好", openid="o-nobody"), 40003),
        (text("你好", openid=""), 40003),
        (text("字" * 683), 45002),
        (text(""), 44004),
        ({"touser": "o-wang", "msgtype": "dance", "dance": {}}, 40008),
        ({"touser": "o-wang", "msgtype": "dance"}, 40008),
        ({"touser": "o-wang", "msgtype": "text"}, 47001),
        ({"touser": "o-wang", "msgtype": "image", "image": {"media_id": "no"}}, 40007),
        (b"not json", 47001),
        (b"[1]", 47001),
    ],
)
async def test_a_wrong_customer_service_message_gets_its_error_code(
    api: Any, patients: PatientSide, body: Any, errcode: int
) -> None:
    await patients.say("o-wang", "在吗")
    assert (await api(CUSTOM, body))["errcode"] == errcode


async def test_2048_bytes_still_fit(api: Any, patients: PatientSide) -> None:
    await patients.say("o-wang", "在吗")
    assert (await api(CUSTOM, text("字" * 682 + "ab")))["errcode"] == 0


async def test_escaped_chinese_is_refused_as_the_platform_does(
    api: Any, patients: PatientSide, platform: Platform
) -> None:
    await patients.say("o-wang", "在吗")
    assert (await api(CUSTOM, json.dumps(text("你好")).encode()))["errcode"] == 40033
    assert (await api(CUSTOM, text(r"a backslash \\u4f60 is only text")))["errcode"] == 0


async def test_an_image_and_a_menu_can_be_sent_too(
    api: Any, patients: PatientSide, platform: Platform, clock: Any
) -> None:
    await patients.say("o-wang", "在吗")
    medium = platform.media.keep("image", b"\x89PNG", "image/png", clock())
    image = {"touser": "o-wang", "msgtype": "image", "image": {"media_id": medium.media_id}}
    choices = [{"id": "1", "content": "好"}, {"id": "2", "content": "不好"}]
    menu = {
        "touser": "o-wang",
        "msgtype": "msgmenu",
        "msgmenu": {"head_content": "今天怎么样", "list": choices, "tail_content": "点一下"},
    }
    assert (await api(CUSTOM, image))["errcode"] == 0
    assert (await api(CUSTOM, menu))["errcode"] == 0
    assert platform.log.texts_seen("o-wang") == ["[图片]", "今天怎么样\n好\n不好\n点一下"]


async def test_a_template_reaches_a_follower_outside_every_window_and_reports_back(
    api: Any, platform: Platform, callback: Any
) -> None:
    answer = await api("/cgi-bin/message/template/send", template(DUE, url="http://x/y"))
    await platform.settle()
    assert answer["errcode"] == 0
    (arrived,) = platform.log.entries("o-wang", Kind.TEMPLATE)
    assert arrived.text == (
        "随访到期提醒\n随访项目：高血压随访\n时间：2026年11月22日 15:01\n状态：待随访"
    )
    (event,) = callback.received
    assert (event["Event"], event["Status"]) == ("TEMPLATESENDJOBFINISH", "success")
    assert event["MsgID"] == str(answer["msgid"])
    assert "MsgId" not in event


async def test_a_blocked_template_is_accepted_and_reported_as_failed(
    api: Any, platform: Platform, callback: Any
) -> None:
    platform.followers.get("o-wang").receipt = "failed:user block"
    assert (await api("/cgi-bin/message/template/send", template(DUE)))["errcode"] == 0
    await platform.settle()
    assert callback.received[0]["Status"] == "failed:user block"
    assert platform.log.texts_seen("o-wang") == []


async def test_the_same_client_msg_id_is_sent_once_within_ten_minutes(
    api: Any, platform: Platform, clock: Any
) -> None:
    path, body = "/cgi-bin/message/template/send", template(DUE, client_msg_id="due-17")
    first, second = await api(path, body), await api(path, body)
    clock.move(minutes=10)
    third = await api(path, body)
    assert first == second != third
    assert len(platform.log.texts_seen("o-wang")) == 2


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({**template(DUE), "template_id": "tpl-none"}, 40037),
        ({**template(DUE), "touser": "o-nobody"}, 40003),
        ({**template(DUE), "touser": "o-li"}, 43004),
        ({**template(DUE), "data": None}, 47003),
        (template({**DUE, "thing1": "字" * 21}), 47003),
        (template({**DUE, "const3": "随便写"}), 47003),
        (template({"thing1": "高血压随访"}), 47003),
    ],
)
async def test_a_wrong_template_message_gets_its_error_code(
    api: Any, body: Any, errcode: int
) -> None:
    assert (await api("/cgi-bin/message/template/send", body))["errcode"] == errcode


async def test_a_refused_value_is_named(api: Any) -> None:
    body = template({**DUE, "thing1": "两\n行"})
    answer = await api("/cgi-bin/message/template/send", body)
    assert answer["errmsg"] == "argument invalid! data.thing1.value invalid"


async def test_what_is_uploaded_can_be_fetched_for_three_days(
    web: httpx.AsyncClient, token: str, clock: Any
) -> None:
    upload = await web.post(
        "/cgi-bin/media/upload",
        params={"access_token": token, "type": "voice"},
        files={"media": ("v.amr", b"#!AMR\nsound", "audio/amr")},
    )
    media_id = upload.json()["media_id"]
    params = {"access_token": token, "media_id": media_id}
    fetched = await web.get("/cgi-bin/media/get", params=params)
    assert fetched.content == b"#!AMR\nsound"
    assert fetched.headers["content-type"] == "audio/amr"
    assert media_id in fetched.headers["content-disposition"]

    clock.move(days=3)
    fresh = (await web.post("/cgi-bin/stable_token", json=CLIENT)).json()["access_token"]
    gone = await web.get("/cgi-bin/media/get", params={**params, "access_token": fresh})
    assert gone.status_code == 200
    assert gone.json()["errcode"] == 40007


@pytest.mark.parametrize(
    ("kind", "content", "errcode"),
    [
        ("dance", b"\x89PNG", 40004),
        ("image", b"", 41005),
        ("image", b"GIF89a", 40005),
        ("image", b"\x89PNG" + b"0" * 10 * 1024 * 1024, 40009),
        ("voice", b"#!AMR" + b"0" * 2 * 1024 * 1024, 40010),
    ],
)
async def test_a_wrong_upload_gets_its_error_code(
    web: httpx.AsyncClient, token: str, kind: str, content: bytes, errcode: int
) -> None:
    answer = await web.post(
        "/cgi-bin/media/upload",
        params={"access_token": token, "type": kind},
        files={"media": ("f", content, "image/gif")},
    )
    assert answer.json()["errcode"] == errcode


async def test_an_upload_without_a_file_is_refused(web: httpx.AsyncClient, token: str) -> None:
    answer = await web.post(f"/cgi-bin/media/upload?access_token={token}&type=image")
    assert answer.json()["errcode"] == 41005


def code(action: str, scene: Any, **more: Any) -> dict[str, Any]:
    return {"action_name": action, "action_info": {"scene": scene}, **more}


async def test_a_temporary_code_expires_and_a_permanent_one_does_not(api: Any) -> None:
    path = "/cgi-bin/qrcode/create"
    temporary = await api(path, code("QR_STR_SCENE", {"scene_str": "abc"}, expire_seconds=600))
    assert temporary["expire_seconds"] == 600
    assert (await api(path, code("QR_SCENE", {"scene_id": 1})))["expire_seconds"] == 60
    longest = await api(path, code("QR_SCENE", {"scene_id": 1}, expire_seconds=10**9))
    assert longest["expire_seconds"] == 2_592_000
    permanent = await api(path, code("QR_LIMIT_SCENE", {"scene_id": 100_000}))
    assert "expire_seconds" not in permanent


@pytest.mark.parametrize(
    "body",
    [
        code("QR_DANCE", {"scene_id": 1}),
        code("QR_SCENE", {"scene_id": "1"}),
        code("QR_SCENE", {"scene_id": 0}),
        code("QR_SCENE", {"scene_id": 1}, expire_seconds="soon"),
        code("QR_LIMIT_SCENE", {"scene_id": 100_001}),
        code("QR_STR_SCENE", {"scene_str": ""}),
        code("QR_STR_SCENE", {"scene_str": "x" * 65}),
        code("QR_STR_SCENE", None),
        {"action_name": "QR_SCENE"},
    ],
)
async def test_a_wrong_code_is_refused(api: Any, body: Any) -> None:
    assert (await api("/cgi-bin/qrcode/create", body))["errcode"] == 40053


async def test_under_load_from_outside_strangers_count_as_followers_without_a_quota(
    build: Any, settings: SimulatorSettings
) -> None:
    app = build(replace(settings, open_to_all=True))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as web:
        token = (await web.post("/cgi-bin/stable_token", json=CLIENT)).json()["access_token"]
        path = f"{CUSTOM}?access_token={token}"
        codes = [
            (await web.post(path, json=text(f"第{n}条", "o-new"))).json()["errcode"]
            for n in range(9)
        ]
    assert codes == [0] * 9
    assert len(app.state.platform.log.texts_seen("o-new")) == 9
