from typing import Any

import httpx
import pytest

from simulator.log import Kind
from simulator.platform import Platform

NOTICE = {"to": "李医生", "title": "紧急", "text": "头痛得厉害", "url": "http://127.0.0.1:8000/c/1"}


async def test_a_notice_is_shown_on_the_doctor_s_phone(
    web: httpx.AsyncClient, platform: Platform
) -> None:
    answer = await web.post("/notices", json=NOTICE)
    assert answer.json()["errcode"] == 0
    page = (await web.get("/doctor-phone")).text
    for words in ("李医生", "紧急", "头痛得厉害", 'href="http://127.0.0.1:8000/c/1"', "星期日"):
        assert words in page
    (entry,) = platform.log.entries("李医生", Kind.NOTICE)
    assert entry.seq == answer.json()["id"]


async def test_each_doctor_can_look_at_their_own(web: httpx.AsyncClient) -> None:
    await web.post("/notices", json=NOTICE)
    await web.post("/notices", json={"to": "周医生", "text": "随访到期三人"})
    own = (await web.get("/doctor-phone", params={"to": "周医生"})).text
    assert "随访到期三人" in own
    assert "头痛得厉害" not in own
    everything = (await web.get("/doctor-phone")).text
    assert everything.index("随访到期三人") < everything.index("头痛得厉害")


async def test_a_doctor_is_called_by_name_when_there_is_one(web: httpx.AsyncClient) -> None:
    await web.post("/notices", json={"to": "01a20302", "name": "周医生", "text": "请看"})
    page = (await web.get("/doctor-phone?to=01a20302")).text
    assert "给 周医生" in page


@pytest.mark.parametrize("body", [{}, {"to": "李医生"}, [], "text"])
async def test_a_notice_without_receiver_or_words_is_refused(
    web: httpx.AsyncClient, body: Any
) -> None:
    assert (await web.post("/notices", json=body)).status_code == 422


async def test_only_web_addresses_become_links(web: httpx.AsyncClient) -> None:
    await web.post("/notices", json={**NOTICE, "url": "javascript:alert(1)"})
    assert "javascript:" not in (await web.get("/doctor-phone")).text


async def test_the_feed_brings_only_new_notices(web: httpx.AsyncClient) -> None:
    assert (await web.get("/doctor-phone/feed?version=0")).status_code == 204
    await web.post("/notices", json=NOTICE)
    feed = (await web.get("/doctor-phone/feed?version=0")).json()
    assert "头痛得厉害" in feed["notices"]
    again = await web.get("/doctor-phone/feed", params={"version": feed["version"]})
    assert again.status_code == 204


@pytest.fixture
def inbox(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Takes answers for the product and says what it heard."""
    heard: list[Any] = []

    async def post(url: str, *, json: Any, **_: float) -> httpx.Response:
        heard.append((url, json))
        if json["text"] == "断网":
            raise httpx.ConnectError("no")
        return httpx.Response(200, json={"errcode": 0, "text": "编号4821由您处理"})

    monkeypatch.setattr(platform.http, "post", post)
    return heard


ASKS = {"reply_url": "http://127.0.0.1:8000/notices/replies", "reply_token": "t.1"}


async def test_a_doctor_answers_a_notice_and_reads_what_came_of_it(
    web: httpx.AsyncClient, inbox: list[Any]
) -> None:
    seq = (await web.post("/notices", json={**NOTICE, **ASKS})).json()["id"]
    before = (await web.get("/doctor-phone/feed")).json()["version"]
    answer = await web.post("/doctor-phone/reply", data={"notice": str(seq), "text": "收到"})
    assert answer.status_code in {200, 303}
    assert inbox == [(ASKS["reply_url"], {"token": "t.1", "text": "收到"})]
    feed = (await web.get("/doctor-phone/feed")).json()
    assert feed["version"] != before
    assert "我：收到" in feed["notices"]
    assert "编号4821由您处理" in feed["notices"]


async def test_an_answer_that_did_not_leave_says_so(
    web: httpx.AsyncClient, inbox: list[Any]
) -> None:
    seq = (await web.post("/notices", json={**NOTICE, **ASKS})).json()["id"]
    await web.post("/doctor-phone/reply", data={"notice": str(seq), "text": "断网", "to": "李医生"})
    assert len(inbox) == 1
    assert "没有发出去" in (await web.get("/doctor-phone")).text


@pytest.mark.parametrize(
    "form", [{"notice": "99", "text": "收到"}, {"text": "收到"}, {"notice": "1"}]
)
async def test_an_answer_to_nothing_or_without_words_is_refused(
    web: httpx.AsyncClient, inbox: list[Any], form: dict[str, str]
) -> None:
    await web.post("/notices", json={**NOTICE, **ASKS})
    assert (await web.post("/doctor-phone/reply", data=form)).status_code == 404
    assert inbox == []


async def test_a_notice_without_a_way_back_has_no_answer(web: httpx.AsyncClient) -> None:
    seq = (await web.post("/notices", json=NOTICE)).json()["id"]
    assert "notice-reply" not in (await web.get("/doctor-phone")).text
    form = {"notice": str(seq), "text": "收到"}
    assert (await web.post("/doctor-phone/reply", data=form)).status_code == 404
