"""The phone page without a browser: what it shows and what its forms do."""

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from simulator.log import Kind
from simulator.patient import PatientSide
from simulator.phone import SAMPLE_PHOTO
from simulator.platform import Platform
from simulator.settings import SimulatorSettings
from simulator.voices import SILENCE

PHONE = "/phone/o-wang"


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


async def test_the_list_shows_who_one_can_be(web: httpx.AsyncClient) -> None:
    page = plain((await web.get("/")).text)
    for words in ("王秀英", "柳树沟村", "68岁,高血压", "李建国", "医生的手机"):
        assert words in page


async def test_a_page_gives_away_no_secret(
    web: httpx.AsyncClient, settings: SimulatorSettings
) -> None:
    pages = [(await web.get(path)).text for path in ("/", PHONE, "/doctor-phone")]
    for secret in (settings.secret, settings.token, settings.encoding_aes_key, settings.app_id):
        assert not any(secret in page for page in pages)


async def test_what_is_typed_reaches_the_callback_and_both_sides_are_shown(
    web: httpx.AsyncClient, platform: Platform, callback: Any
) -> None:
    callback.answer("请坐下<b>休息</b>")
    answer = await web.post(f"{PHONE}/text", data={"text": " 血压 165/98 "})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://simulator{PHONE}"
    await platform.settle()
    page = (await web.get(PHONE)).text
    assert callback.received[0]["Content"] == "血压 165/98"
    assert "我： 血压 165/98" in plain(page)
    assert "请坐下&lt;b&gt;休息&lt;/b&gt;" in page


async def test_an_empty_text_sends_nothing(web: httpx.AsyncClient, callback: Any) -> None:
    await web.post(f"{PHONE}/text", data={"text": "  "})
    await web.post(f"{PHONE}/text")
    assert callback.received == []


async def test_a_text_that_is_too_long_is_explained(web: httpx.AsyncClient, callback: Any) -> None:
    answer = await web.post(f"{PHONE}/text", data={"text": "字" * 2001})
    page = await web.get(answer.headers["location"])
    assert "一次最多发2000个字" in page.text
    assert callback.received == []


async def test_a_script_is_answered_in_json(web: httpx.AsyncClient) -> None:
    headers = {"accept": "application/json"}
    good = await web.post(f"{PHONE}/text", data={"text": "在吗"}, headers=headers)
    bad = await web.post("/phone/o-li/text", data={"text": "在吗"}, headers=headers)
    assert good.json() == {"problem": ""}
    assert bad.json() == {"problem": "还没有关注公众号"}


async def test_an_uploaded_photo_is_sent_and_shown(
    web: httpx.AsyncClient, platform: Platform, callback: Any
) -> None:
    await web.post(f"{PHONE}/photo", files={"file": ("m.png", b"\x89PNG...", "image/png")})
    await platform.settle()
    media_id = callback.received[0]["MediaId"]
    assert f'src="/media/{media_id}"' in (await web.get(PHONE)).text
    shown = await web.get(f"/media/{media_id}")
    assert (shown.content, shown.headers["content-type"]) == (b"\x89PNG...", "image/png")


async def test_without_a_file_a_sample_is_sent(
    web: httpx.AsyncClient, platform: Platform, callback: Any, clock: Any
) -> None:
    await web.post(f"{PHONE}/photo")
    await web.post(f"{PHONE}/voice")
    await platform.settle()
    sent = {
        m["MsgType"]: platform.media.fetch(m["MediaId"], clock()).content for m in callback.received
    }
    assert sent == {"image": SAMPLE_PHOTO.read_bytes(), "voice": SILENCE}


async def test_a_file_that_is_no_photo_is_refused_with_a_reason(
    web: httpx.AsyncClient, callback: Any
) -> None:
    answer = await web.post(f"{PHONE}/photo", files={"file": ("a.gif", b"GIF89a", "image/gif")})
    assert "invalid file type" in plain((await web.get(answer.headers["location"])).text)
    assert callback.received == []


async def test_an_unknown_picture_is_not_found(web: httpx.AsyncClient) -> None:
    assert (await web.get("/media/none")).status_code == 404


async def test_location_and_menu_are_one_tap_each(
    web: httpx.AsyncClient, platform: Platform, callback: Any
) -> None:
    await web.post(f"{PHONE}/location")
    await web.post(f"{PHONE}/menu", data={"key": "DOCTOR"})
    wrong = await web.post(f"{PHONE}/menu", data={"key": "DANCE"})
    await platform.settle()
    assert "problem" in wrong.headers["location"]
    assert [m.get("Label") or m.get("EventKey") for m in callback.received] == [
        "柳树沟村",
        "DOCTOR",
    ]
    page = plain((await web.get(PHONE)).text)
    assert "[菜单] 找医生" in page


async def test_a_published_menu_is_drawn_with_what_lies_below(
    web: httpx.AsyncClient, platform: Platform, callback: Any
) -> None:
    below = [{"type": "click", "name": "我的血压", "key": "BP"}]
    platform.menu.create({"button": [{"name": "我的数", "sub_button": below}]})
    page = (await web.get(PHONE)).text
    assert "<summary>我的数</summary>" in page
    assert 'value="BP"' in page
    await web.post(f"{PHONE}/menu", data={"key": "BP"})
    await platform.settle()
    assert [m["EventKey"] for m in callback.received] == ["BP"]
    assert "[菜单] 我的血压" in plain((await web.get(PHONE)).text)


async def test_following_opens_the_chat_and_leaving_closes_it(
    web: httpx.AsyncClient, platform: Platform, callback: Any
) -> None:
    assert "还没有关注" in (await web.get("/phone/o-li")).text
    await web.post("/phone/o-li/follow")
    await platform.settle()
    followed = await web.get("/phone/o-li")
    assert "您已关注公众号" in followed.text
    await web.post("/phone/o-li/unfollow")
    await platform.settle()
    assert "还没有关注" in (await web.get("/phone/o-li")).text
    assert [m["Event"] for m in callback.received] == ["subscribe", "unsubscribe"]


async def test_a_scanned_code_follows_and_a_dead_one_says_so(
    web: httpx.AsyncClient, platform: Platform, callback: Any, clock: Any
) -> None:
    scene = {"scene": {"scene_str": "inv-1"}}
    ticket = platform.tickets.create({"action_name": "QR_STR_SCENE", "action_info": scene}, clock())
    dead = await web.post("/phone/o-li/scan", data={"code": "made-up"})
    assert "已经过期" in (await web.get(dead.headers["location"])).text
    await web.post("/phone/o-li/scan", data={"code": f" {ticket.url} "})
    await platform.settle()
    assert callback.received[0]["EventKey"] == "qrscene_inv-1"


async def test_the_last_message_can_be_pushed_again(
    web: httpx.AsyncClient, platform: Platform, callback: Any
) -> None:
    await web.post(f"{PHONE}/repeat")
    await web.post(f"{PHONE}/text", data={"text": "血压 165/98"})
    await web.post(f"{PHONE}/repeat")
    await platform.settle()
    assert len({m["MsgId"] for m in callback.received}) == 1
    assert len(callback.received) == 2


async def test_the_feed_brings_only_what_changed(
    web: httpx.AsyncClient, patients: PatientSide
) -> None:
    await patients.say("o-wang", "血压 165/98")
    first = (await web.get(f"{PHONE}/feed", params={"version": "0"})).json()
    assert "血压 165/98" in first["chat"]
    assert "已确认" in first["line"]
    assert first["following"] is True
    again = await web.get(f"{PHONE}/feed", params={"version": first["version"]})
    assert again.status_code == 204
    await patients.say("o-wang", "还有头晕")
    assert (await web.get(f"{PHONE}/feed", params={"version": first["version"]})).json()["chat"]


async def test_the_frame_for_browsers_without_script_reloads_itself(
    web: httpx.AsyncClient, patients: PatientSide
) -> None:
    await patients.say("o-wang", "血压 165/98")
    frame = (await web.get(f"{PHONE}/messages")).text
    assert '<meta http-equiv="refresh"' in frame
    assert "血压 165/98" in frame
    page = (await web.get(PHONE)).text
    assert f'<noscript><iframe class="chat-frame" src="{PHONE}/messages"' in page


async def test_the_line_shows_retries_refusals_and_the_quota(
    web: httpx.AsyncClient, patients: PatientSide, platform: Platform, callback: Any
) -> None:
    callback.answer(PlainTextResponse("no", status_code=502), "收到")
    await patients.say("o-wang", "血压 165/98")
    platform.log.append(Kind.REFUSED, "o-wang", "out of time", call="custom", errcode=45015)
    platform.log.append(Kind.CUSTOM, "o-wang", "记下了")
    page = plain((await web.get(PHONE)).text)
    for words in (
        "5 条客服消息额度",
        "窗口到 11-24 09:00",
        "手机发出文字",
        "回调第 1 次：没有应答 HTTP 502",
        "回调第 2 次：已确认，带回复 HTTP 200",
        "被动回复 · 不占额度",
        "客服消息 · 占 1 条额度",
        "接口拒绝 45015 out of time",
    ):
        assert words in page


async def test_a_message_shows_whether_it_got_through(
    web: httpx.AsyncClient, patients: PatientSide, callback: Any
) -> None:
    down = PlainTextResponse("no", status_code=502)
    under_way = patients.say("o-wang", "血压 165/98")
    assert "正在发送" in (await web.get(PHONE)).text
    await under_way
    page = (await web.get(PHONE)).text
    assert "正在发送" not in page
    assert "没有发出去" not in page
    callback.answer(down, down, down)
    await patients.say("o-wang", "还有头晕")
    page = (await web.get(PHONE)).text
    assert "没有发出去" in page
    assert "暂时无法提供服务" in page


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/phone/nobody"), ("GET", "/phone/nobody/feed"), ("POST", "/phone/nobody/text")],
)
async def test_a_phone_that_nobody_has_is_not_found(
    web: httpx.AsyncClient, method: str, path: str
) -> None:
    assert (await web.request(method, path)).status_code == 404


async def test_a_button_that_is_not_there_is_not_found(web: httpx.AsyncClient) -> None:
    assert (await web.post(f"{PHONE}/dance")).status_code == 404


async def test_forms_from_another_site_are_refused(web: httpx.AsyncClient, callback: Any) -> None:
    data = {"text": "坏话"}
    foreign = await web.post(
        f"{PHONE}/text", data=data, headers={"origin": "http://elsewhere.example"}
    )
    own = await web.post(f"{PHONE}/text", data=data, headers={"origin": "http://simulator"})
    assert (foreign.status_code, own.status_code) == (403, 303)
    assert "content-security-policy" in foreign.headers


async def test_pages_bring_nothing_from_outside(web: httpx.AsyncClient) -> None:
    for path in ("/", PHONE, "/phone/o-li", "/doctor-phone", f"{PHONE}/messages"):
        page = await web.get(path)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert not re.search(r'(?:src|href)="(?!/)', page.text)
        assert " style=" not in page.text
        for asset in set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page.text)):
            assert (await web.get(asset)).status_code == 200


async def test_the_api_answers_without_page_headers(web: httpx.AsyncClient) -> None:
    assert "content-security-policy" not in (await web.get("/cgi-bin/token")).headers


async def test_an_account_without_a_menu_and_without_people_still_has_a_page(
    build: Any, settings: SimulatorSettings
) -> None:
    app = build(replace(settings, menu=(), patients=(), open_to_all=True))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as web:
        assert "还没有演示病人" in (await web.get("/")).text
        assert "公众号菜单" not in (await web.get("/phone/o-new")).text


async def test_links_to_the_product_can_be_shown(build: Any, settings: SimulatorSettings) -> None:
    app = build(replace(settings, links=(("医生工作台", "http://127.0.0.1:8000/"),)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as web:
        assert 'href="http://127.0.0.1:8000/"' in (await web.get("/")).text
