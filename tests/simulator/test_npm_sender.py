"""The npm sender that the acceptance test uses, against a callback that decrypts with our codec."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse

LINES = [
    {"id": "r-1", "text": "血压 165/98", "openid": "o-1"},
    {"id": "r-2", "text": "头晕😵 ]]> 𠮷", "openid": "o-2"},
]


@pytest.fixture
async def feed(start_peer: Any, serve: Any, callback_app: Starlette) -> Any:
    address = await serve(callback_app) + "/wechat"

    async def run(**environment: str) -> Any:
        peer = start_peer("send_dev.js", CALLBACK_URL=address, **environment)
        return await asyncio.to_thread(peer.feed, LINES)

    return run


async def test_each_line_is_sent_twice_with_the_same_msgid(feed: Any, callback: Any) -> None:
    outcomes = await feed()
    ids = sorted((o["id"], o["copy"], o["status"]) for o in outcomes)
    assert ids == [("r-1", 1, 200), ("r-1", 2, 200), ("r-2", 1, 200), ("r-2", 2, 200)]
    by_text = {m["Content"]: m["MsgId"] for m in callback.received}
    assert set(by_text) == {"血压 165/98", "头晕😵 ]]> 𠮷"}
    assert {o["msg_id"] for o in outcomes} == set(by_text.values())
    assert all(0 < o["ms"] < 5000 for o in outcomes)


async def test_an_encrypted_passive_reply_is_printed_in_the_clear(feed: Any, callback: Any) -> None:
    callback.answer("请马上坐下")
    outcomes = await feed(CONCURRENCY="1", COPIES="1")
    assert "<Content><![CDATA[请马上坐下]]></Content>" in outcomes[0]["body"]
    assert outcomes[1]["body"] == ""


async def test_copies_can_be_sent_at_the_same_moment(feed: Any, callback: Any) -> None:
    outcomes = await feed(TOGETHER="1", COPIES="3")
    assert len(outcomes) == len(callback.received) == 6


async def test_a_refusal_is_printed_with_its_status(feed: Any, callback: Any) -> None:
    callback.answer(PlainTextResponse("no", status_code=403))
    outcomes = await feed(CONCURRENCY="1", COPIES="1")
    assert [(o["status"], o["body"]) for o in outcomes] == [(403, "no"), (200, "")]


async def test_a_server_that_is_not_there_is_status_0(start_peer: Any) -> None:
    peer = start_peer("send_dev.js", CALLBACK_URL="http://127.0.0.1:9/wechat", COPIES="1")
    outcomes = await asyncio.to_thread(peer.feed, LINES[:1])
    assert [o["status"] for o in outcomes] == [0]
