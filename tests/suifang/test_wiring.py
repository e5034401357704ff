"""What the composition root builds from the settings: web, worker, account, library, who is on duty."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr

from agent.model import OpenAIModel
from care.level import Level
from channels.notice import NoticeChannel
from knowledge.article import read_articles
from knowledge.embedder import EmbedderError
from knowledge.endpoint import EndpointEmbedder
from knowledge.library import Library
from knowledge.store import FolderStore
from records.tables import Facility, Practitioner
from suifang import education, web, wechat, worker
from suifang import installation as installations
from suifang.completeness import is_loopback
from suifang.errors import ConfigurationError
from suifang.installation import Installation

WECHAT = {
    "wechat_app_id": "wx1",
    "wechat_app_secret": SecretStr("s"),
    "wechat_token": SecretStr("t"),
    "wechat_encoding_aes_key": SecretStr("a" * 43),
}
MODEL = {
    "model_base_url": "http://127.0.0.1:9000/v1",
    "model_api_key": SecretStr("k"),
    "model_name": "m",
}


def changed(installation: Installation, **settings: Any) -> Installation:
    return Installation(
        installation.settings.model_copy(update=settings),
        installation.database,
        installation.vault,
    )


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weighing the real library takes a second."""
    monkeypatch.setattr("knowledge.library.read_decoys", dict)
    few = Library(None, None, serve_pending=True, articles=read_articles()[:2])
    monkeypatch.setattr(education, "shelf", lambda _installation: few)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def answers(installation: Installation, path: str) -> int:
    transport = httpx.ASGITransport(web.build(installation))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return (await client.get(path)).status_code


async def test_the_web_has_pages_and_with_wechat_a_callback(installation: Installation) -> None:
    assert await answers(installation, "/sign-in") == 200
    assert await answers(installation, "/wechat/main") == 404
    # It is there, and a stranger without a signature is turned away.
    assert await answers(changed(installation, **WECHAT), "/wechat/main") == 403


def test_the_demonstration_is_refused_off_this_machine(installation: Installation) -> None:
    public = changed(installation, demo=True, host="0.0.0.0")
    with pytest.raises(ConfigurationError, match="accounts are public"):
        web.build(public)
    assert web.build(changed(installation, demo=True)).routes


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("10.0.0.5", False),
        ("clinic.example", False),
    ],
)
def test_only_loopback_is_this_machine(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone


def test_the_server_listens_where_the_settings_say_and_logs_no_address(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr(uvicorn, "run", lambda _app, **options: asked.update(options))
    web.run(changed(installation, port=8123))
    assert (asked["host"], asked["port"]) == ("127.0.0.1", 8123)
    assert asked["access_log"] is False


@pytest.mark.usefixtures("light")
async def test_a_worker_without_wechat_and_model_has_neither(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    work = worker.work(installation, http, http)
    assert work.routes.ways == {}
    assert work.media == {}
    assert work.tools.model is None
    assert work.worker.endswith(f":{os.getpid()}")


@pytest.mark.usefixtures("light")
async def test_a_worker_sends_and_fetches_through_the_configured_account(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    work = worker.work(changed(installation, **WECHAT, **MODEL), http, http)
    assert set(work.routes.ways) == {("wechat", "wx1")} == set(work.media)
    assert isinstance(work.tools.model, OpenAIModel)
    work.tools.model.close()


@pytest.mark.usefixtures("light")
async def test_notices_go_to_the_address_of_the_operator(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    address = "http://127.0.0.1:9/notices"
    told = changed(installation, notice_webhook_url=SecretStr(address))
    for one, url in ((installation, None), (told, address)):
        notices = worker.work(one, http, http).routes.notices
        assert isinstance(notices, NoticeChannel)
        assert notices.url == url


@pytest.mark.usefixtures("light")
def test_a_worker_stops_when_it_is_told_to(installation: Installation) -> None:
    # Whatever an earlier test's server left behind is put back at the end.
    left = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    before = signal.SIG_DFL

    def stop() -> None:
        deadline = time.monotonic() + 20
        while signal.getsignal(signal.SIGTERM) == before and time.monotonic() < deadline:
            time.sleep(0.01)
        if signal.getsignal(signal.SIGTERM) != before:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=stop)
    thread.start()
    worker.run(installation)
    thread.join()
    restored = signal.signal(signal.SIGTERM, left)
    assert restored == before


def test_an_account_keeps_the_previous_key_and_its_one_template(
    installation: Installation,
) -> None:
    bare = wechat.account(changed(installation, **WECHAT).settings)
    assert bare is not None
    assert (len(bare.aes_keys), bare.templates) == (1, {})
    turning = changed(
        installation,
        **WECHAT,
        wechat_previous_encoding_aes_key=SecretStr("b" * 43),
        wechat_template_id_follow_up="tpl",
    )
    full = wechat.account(turning.settings)
    assert full is not None
    assert full.aes_keys == ("a" * 43, "b" * 43)
    assert full.templates["followup_due"] == full.templates["followup_reminder"] == "tpl"


def test_vectors_come_from_where_the_settings_say(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(education, "LocalEmbedder", lambda: "the local one")
    settings = installation.settings
    assert education.embedder(settings) is None
    local = settings.model_copy(update={"embeddings": "local"})
    assert education.embedder(local) == "the local one"  # type: ignore[comparison-overlap]
    endpoint = {
        "embeddings": "endpoint",
        "embeddings_base_url": "http://127.0.0.1:9/v1",
        "embeddings_api_key": SecretStr("k"),
        "embeddings_model": "e5",
    }
    made = education.embedder(settings.model_copy(update=endpoint))
    assert isinstance(made, EndpointEmbedder)
    assert made.name.startswith("endpoint-e5-")


def test_a_worker_without_its_embedder_answers_by_words_and_a_command_says_so(
    installation: Installation, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_settings: object, *, patient: bool = False) -> None:
        message = "the local embedder cannot start"
        raise EmbedderError(message)

    monkeypatch.setattr(education, "embedder", broken)
    shelf = education.shelf(changed(installation, serve_pending=True))
    answer = shelf.answer("高血压能吃咸菜吗", conditions=frozenset(), now=now)
    shelf.close()
    assert "咸菜" in answer.text
    with pytest.raises(ConfigurationError, match="Run make setup"):
        education.library(installation.settings)


def test_an_index_lies_where_the_settings_say(installation: Installation) -> None:
    assert isinstance(education.store(installation.settings), FolderStore)
    far = changed(installation, chroma_url="http://127.0.0.1:9", chroma_token=SecretStr("t"))
    assert repr(education.store(far.settings)) == "http://127.0.0.1:9"


def test_a_prefix_may_be_set_to_none_at_all(installation: Installation) -> None:
    endpoint = {
        "embeddings": "endpoint",
        "embeddings_base_url": "http://127.0.0.1:9/v1",
        "embeddings_api_key": SecretStr("k"),
        "embeddings_model": "e5",
    }
    settings = changed(installation, **endpoint).settings
    bare = {"embeddings_query_prefix": "none", "embeddings_passage_prefix": "none"}
    by_family, without = (
        education.embedder(settings.model_copy(update=more)) for more in ({}, bare)
    )
    assert by_family is not None
    assert without is not None
    assert by_family.name != without.name


def test_unsigned_articles_are_served_only_where_that_was_asked_for(
    installation: Installation, now: datetime
) -> None:
    today = now.date()
    settings = installation.settings
    assert education.library(settings).status(today).served == 0
    asked = settings.model_copy(update={"serve_pending": True})
    assert education.library(asked).status(today).served > 0
    assert education.library(asked, serve_pending=False).status(today).served == 0


def test_who_is_there_for_a_person_is_looked_up_along_the_tree(
    installation: Installation, now: datetime
) -> None:
    with installation.database.transaction() as session:
        session.add(
            Facility(
                id="t", kind="township_health_centre", name="清水镇", path="t/", phone="0571-1"
            )
        )
        session.flush()
        session.add(
            Facility(id="v", parent_id="t", kind="village_clinic", name="东沟村", path="t/v/")
        )
        session.flush()
        alone = installations.watch(session, "v", Level.EMERGENCY, now)
        assert (alone.on_duty, alone.rings_at, alone.phone) == (False, now, "0571-1")
        assert not installations.watch(session, None, Level.EMERGENCY, now).on_duty
        session.add(
            Practitioner(
                facility_id="t",
                role="township_doctor",
                login="zhang",
                password_hash="x",
                created_at=now,
            )
        )
        session.flush()
        assert installations.watch(session, "v", Level.EMERGENCY, now).on_duty
        nowhere = installations.watch(session, None, Level.EMERGENCY, now)
        assert (nowhere.on_duty, nowhere.phone) == (True, None), "everybody above is rung"


def test_messages_settle_as_long_as_the_settings_say(installation: Installation) -> None:
    assert changed(installation, settle_seconds=2.5).reception.settle.total_seconds() == 2.5
