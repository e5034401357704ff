"""WeCom from the settings to the routes: rung, answered, signed in; and half of it refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from channels.authorizing import NotKnown
from knowledge.article import read_articles
from knowledge.library import Library
from records.identities import Subject
from simulator.wecom import WeComSettings, create_wecom
from suifang import clock, education, identity_sources, web, wecom, worker
from suifang.errors import ConfigurationError
from suifang.installation import Installation
from suifang.settings import Settings
from tests.channels.world import a_port, on_loopback

WECOM: dict[str, Any] = {
    "wecom_corp_id": "ww1",
    "wecom_agent_id": 1000002,
    "wecom_secret": SecretStr("s"),
}
CALLBACK: dict[str, Any] = {
    "wecom_token": SecretStr("t"),
    "wecom_encoding_aes_key": SecretStr("a" * 43),
}
WECHAT: dict[str, Any] = {
    "wechat_app_id": "wx1",
    "wechat_app_secret": SecretStr("s"),
    "wechat_token": SecretStr("t"),
    "wechat_encoding_aes_key": SecretStr("a" * 43),
}
HOME = "https://inbox.example"


def changed(installation: Installation, **settings: Any) -> Installation:
    return Installation(
        installation.settings.model_copy(update=settings),
        installation.database,
        installation.vault,
    )


async def status(installation: Installation, path: str) -> tuple[int, str]:
    transport = httpx.ASGITransport(web.build(installation))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get(path)
        return answer.status_code, answer.headers.get("location", "")


async def test_the_callback_is_there_only_when_it_is_set_up(installation: Installation) -> None:
    assert (await status(installation, "/wecom"))[0] == 404
    assert (await status(changed(installation, **WECOM), "/wecom"))[0] == 404
    assert (await status(changed(installation, **WECOM, **CALLBACK), "/wecom"))[0] == 403


async def test_signing_in_needs_an_address_to_come_back_to(installation: Installation) -> None:
    both = {**WECOM, **WECHAT}
    assert identity_sources.sources(changed(installation, **both)) == {}
    assert identity_sources.sources(changed(installation, public_url=HOME)) == {}
    ready = changed(installation, **both, public_url=f"{HOME}/")
    assert sorted(identity_sources.sources(ready)) == ["wechat", "wecom"]
    for name in ("wecom", "wechat"):
        code, where = await status(ready, f"/sign-in/{name}")
        assert code == 303
        assert where.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?")
        assert f"redirect_uri=https%3A%2F%2Finbox.example%2Fsign-in%2F{name}%2Fback" in where


async def test_the_worker_rings_members(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Library(None, None, serve_pending=True, articles=read_articles()[:2])
    monkeypatch.setattr("knowledge.library.read_decoys", dict)
    monkeypatch.setattr(education, "shelf", lambda _installation: few)
    async with httpx.AsyncClient(trust_env=False) as http:
        ready = changed(installation, **WECOM, public_url=HOME)
        routes = worker.work(ready, http, http).routes
        (client,) = [one for one in routes.every() if one.name == "wecom"]
        assert client.provider == "wecom:ww1"
        ours = wecom.account(ready.settings)
        assert ours
        assert (ours.reply_at, ours.answers) == (HOME, False)
        assert wecom.client(installation, http) is None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"wecom_corp_id": "ww1"}, "WeCom is only half set up"),
        ({**WECOM, "wecom_token": "t"}, "WeCom's callback is only half set up"),
        ({**WECOM, **CALLBACK, "wecom_encoding_aes_key": "short"}, "43 letters and digits"),
        (CALLBACK, "WeCom itself is not"),
    ],
)
def test_half_of_it_is_refused_in_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        Settings(_env_file=None, **settings)


async def test_a_platform_is_asked_over_a_connection_of_its_own(
    installation: Installation,
) -> None:
    listening, url = a_port()
    corp = create_wecom(WeComSettings("ww1", 1000002, "s", "t", "a" * 43, members={"li": "李建国"}))
    both = {**WECOM, **WECHAT, "wecom_api_base": url, "wechat_api_base": url}
    ready = changed(installation, **both, public_url=HOME)
    found = identity_sources.sources(ready)
    async with on_loopback((corp, listening)):
        code = corp.state.wecom.page.issue("li")
        assert await found["wecom"].whois(code, clock.now()) == Subject("wecom", "ww1", "li")
        # Nobody speaks for WeChat at this address.
        assert await found["wechat"].whois("x", clock.now()) == NotKnown("not_answered")
