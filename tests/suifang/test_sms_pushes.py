"""SMS providers that push find their address in the web process, and nobody else does."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from suifang import sms_pushes, web
from suifang.installation import Installation

TOKEN = "a-token-of-at-least-24-signs"
ALIYUN = {"aliyun_push_token": SecretStr(TOKEN)}


def with_settings(installation: Installation, **settings: Any) -> Installation:
    changed = installation.settings.model_copy(update=settings)
    return Installation(changed, installation.database, installation.vault)


def test_without_a_provider_that_pushes_nothing_is_mounted(installation: Installation) -> None:
    assert sms_pushes.doors(installation.settings) == {}


@pytest.mark.parametrize("name", ["aliyun", "tencent", "kannel"])
def test_each_provider_has_its_own_secret(installation: Installation, name: str) -> None:
    ours = with_settings(installation, **{f"{name}_push_token": SecretStr(TOKEN)})
    (door,) = sms_pushes.doors(ours.settings).values()
    assert door.inlet.name == name
    assert door.opens(TOKEN)
    assert not door.opens("")
    assert TOKEN not in repr(door)


def test_twilio_signs_and_so_has_no_secret_address(installation: Installation) -> None:
    ours = with_settings(
        installation, twilio_account_sid="AC1", twilio_auth_token=SecretStr("not-a-secret")
    )
    (door,) = sms_pushes.doors(ours.settings).values()
    assert door.inlet.signed
    assert door.opens("")
    assert not door.opens(TOKEN)
    assert "not-a-secret" not in repr(door)


def test_the_web_process_takes_the_pushes(installation: Installation) -> None:
    app = web.build(with_settings(installation, **ALIYUN))
    with TestClient(app) as client:
        taken = client.post(
            f"/sms/aliyun/{TOKEN}",
            json=[
                {
                    "phone_number": "13800001111",
                    "content": "血压 128/76",
                    "send_time": "2026-11-23 09:00:00",
                    "dest_code": "1",
                    "sequence_id": 7,
                }
            ],
        )
        other = client.post("/sms/aliyun/wrong", json=[])
    assert taken.status_code == 200, taken.text
    assert taken.json()["code"] == 0
    assert other.status_code == 404
