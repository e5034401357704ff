"""The SMS line of an installation: who carries it, in which order, and what a bad file of ids says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from channels.port import Paced
from suifang import education, sms, worker
from suifang.errors import ConfigurationError
from suifang.installation import Installation

ALIYUN = {
    "aliyun_access_key_id": "LTAI1",
    "aliyun_access_key_secret": SecretStr("s"),
    "aliyun_sign_name": "柳溪卫生院",
    "aliyun_push_token": SecretStr("a-token-of-twenty-four-xx"),
}
TENCENT = {
    "tencent_secret_id": SecretStr("AKID1"),
    "tencent_secret_key": SecretStr("s"),
    "tencent_app_id": "1400006666",
    "tencent_sign_name": "柳溪卫生院",
    "tencent_push_token": SecretStr("a-token-of-twenty-four-xx"),
}
KANNEL = {
    "kannel_url": "http://127.0.0.1:13013",
    "kannel_username": "u",
    "kannel_password": SecretStr("p"),
    "kannel_push_token": SecretStr("a-token-of-twenty-four-xx"),
    "public_url": "https://clinic.example/",
}


def changed(installation: Installation, **settings: Any) -> Installation:
    return Installation(
        installation.settings.model_copy(update=settings),
        installation.database,
        installation.vault,
    )


@pytest.fixture
def http() -> httpx.AsyncClient:
    return httpx.AsyncClient()


def test_without_a_route_nobody_carries_sms(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    assert sms.carriers_of(changed(installation, **ALIYUN), http) == ()


def test_the_route_is_the_order(
    installation: Installation, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    route = ("tencent", "gammu", "aliyun", "kannel")
    ours = changed(installation, **ALIYUN, **TENCENT, **KANNEL, gammu_dir=tmp_path, sms_route=route)

    carriers = sms.carriers_of(ours, http)

    assert [carrier.provider.partition(":")[0] for carrier in carriers] == list(route)
    assert {carrier.name for carrier in carriers} == {"sms"}
    assert [carrier.free_text for carrier in carriers] == [False, True, False, True]


def test_the_operators_pace_holds_where_the_hardware_has_none(
    installation: Installation, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    ours = changed(
        installation,
        **ALIYUN,
        gammu_dir=tmp_path,
        sms_route=("aliyun", "gammu"),
        sends_per_second=3.0,
    )

    paces = [one.sends_per_second for one in sms.carriers_of(ours, http) if isinstance(one, Paced)]

    assert paces == [3.0, 0.25]


def test_only_approved_templates_can_be_sent(
    installation: Installation, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    ids = tmp_path / "ids.toml"
    ids.write_text(
        '[aliyun.canary]\nid = "SMS_1"\nstate = "approved"\n'
        '[aliyun.danger]\nid = "SMS_2"\nstate = "pending"\n'
    )
    ours = changed(installation, **ALIYUN, sms_route=("aliyun",), sms_templates_file=ids)

    (aliyun,) = sms.carriers_of(ours, http)

    assert aliyun.has_template("canary")
    assert not aliyun.has_template("danger")


def test_a_file_of_ids_that_cannot_be_read_ends_the_start_with_its_name(
    installation: Installation, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    ids = tmp_path / "ids.toml"
    ids.write_text('[aliyun.no_such_template]\nid = "SMS_1"\nstate = "approved"\n')
    ours = changed(installation, **ALIYUN, sms_route=("aliyun",), sms_templates_file=ids)

    with pytest.raises(ConfigurationError, match=r"SUIFANG_SMS_TEMPLATES_FILE.*no_such_template"):
        sms.carriers_of(ours, http)


async def test_the_worker_has_the_line(
    installation: Installation, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(education, "shelf", lambda _installation: None)
    ours = changed(installation, **ALIYUN, sms_route=("aliyun",))

    routes = worker.work(ours, http, http).routes

    assert [one.provider for one in routes.every()] == ["aliyun:main"]


def test_a_modem_without_a_folder_is_named(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    with pytest.raises(ConfigurationError, match="SUIFANG_GAMMU_DIR"):
        sms.carriers_of(changed(installation, sms_route=("gammu",)), http)


async def test_the_worker_looks_into_a_modems_mailbox_and_asks_for_reports(
    installation: Installation,
    http: httpx.AsyncClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(education, "shelf", lambda _installation: None)
    modem = {"gammu_dir": tmp_path, "gammu_reports": True, "sms_route": ("aliyun", "gammu")}
    ours = changed(installation, **ALIYUN, **modem)

    work = worker.work(ours, http, http)

    assert [mailbox.provider for mailbox in work.mailboxes] == ["gammu:main"]
    assert [getattr(one, "reports", None) for one in work.mailboxes] == [True]
    assert work.reception is not None
