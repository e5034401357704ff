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
