"""WeChat says who holds the phone: once, and not from a page that only pretends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import structlog

from channels.authorizing import PAGE, IdentitySource, NotKnown
from channels.wechat.account import PLATFORM, WeChatAccount
from channels.wechat.oauth import WeChatSource
from records.identities import WECHAT, Subject
from simulator.oauth import OpenidDesk
from simulator.server import create_app
from tests.channels.world import (
    APP_ID,
    SECRET,
    WANG,
    MovingClock,
    a_port,
    a_settings,
    on_loopback,
)

BACK = "https://inbox.test/sign-in/wechat/back"


@dataclass
class Way:
    """The platform and our question to it."""

    source: WeChatSource
    desk: OpenidDesk
    clock: MovingClock

    async def code(self, state: str = "s1") -> str:
        async with httpx.AsyncClient(trust_env=False) as phone:
            sent = await phone.get(self.source.authorize_url(state))
        back = urlsplit(sent.headers["location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
        query = parse_qs(back.query)
        assert query["state"] == [state]
        return query["code"][0]


@pytest.fixture
async def way(now: datetime) -> AsyncIterator[Way]:
    clock = MovingClock(now)
    listening, url = a_port()
    simulator = create_app(a_settings(), clock=clock)
    account = WeChatAccount(APP_ID, SECRET, token="", aes_keys=(), platform=url)
    async with on_loopback((simulator, listening)):
        source = WeChatSource(account, lambda: httpx.AsyncClient(trust_env=False), BACK)
        desk = simulator.state.platform.openids
        desk.page.holder = WANG
        yield Way(source, desk, clock)


async def test_a_code_says_once_who_holds_the_phone(way: Way) -> None:
    source: IdentitySource = way.source
    code = await way.code()
    assert await source.whois(code, way.clock.now) == Subject(WECHAT, APP_ID, WANG)
    assert await source.whois(code, way.clock.now) == NotKnown("code_used", "40163")
    assert await source.whois("no-such-code", way.clock.now) == NotKnown("code_used", "40029")
    late = await way.code()
    way.clock.move(minutes=5)
    assert await source.whois(late, way.clock.now) == NotKnown("code_used", "42003")


async def test_a_snapshot_page_is_nobody(way: Way) -> None:
    way.desk.snapshots.add(WANG)
    assert await way.source.whois(await way.code(), way.clock.now) == NotKnown("snapshot")


async def test_a_wrong_secret_is_our_affair_and_is_not_told(way: Way) -> None:
    wrong = replace(way.source, account=replace(way.source.account, secret="no-such-secret"))
    with structlog.testing.capture_logs() as logs:
        found = await wrong.whois(await way.code(), way.clock.now)
    assert found == NotKnown("refused", "40125")
    assert "no-such-secret" not in repr(logs) + repr(wrong)


async def test_nobody_at_the_address_is_no_answer(way: Way) -> None:
    gone = replace(way.source, account=replace(way.source.account, platform="http://127.0.0.1:9"))
    found = await gone.whois("c", way.clock.now)
    assert isinstance(found, NotKnown)
    assert found.reason == "not_answered"


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"{}", b'{"openid": 7}'])
async def test_garbage_is_no_answer(way: Way, content: bytes) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=content)

    def opened() -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(answer))

    source = replace(way.source, opened=opened)
    found = await source.whois("c", way.clock.now + timedelta(0))
    assert isinstance(found, NotKnown)
    assert found.reason == "not_answered"


def test_the_real_page_has_a_host_of_its_own() -> None:
    account = WeChatAccount("wx1", "s", token="", aes_keys=(), platform=PLATFORM)
    source = WeChatSource(account, lambda: httpx.AsyncClient(trust_env=False), BACK)
    url = source.authorize_url("abc123")
    assert url.startswith(f"{PAGE}?appid=wx1&redirect_uri=https%3A%2F%2Finbox.test%2F")
    assert "scope=snsapi_base" in url
    assert url.endswith("&state=abc123#wechat_redirect")
