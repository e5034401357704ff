"""Kannel and Twilio in an installation: where they are told to report to, and who is let in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from channels.port import Purse
from channels.sms.kannel import KannelGateway
from channels.sms.twilio import Twilio
from simulator.twilio import sign
from suifang import sms, sms_pushes, web
from suifang.completeness import problems
from suifang.installation import Installation

TOKEN = "a-token-of-twenty-four-xx"
KANNEL = {
    "kannel_username": "u",
    "kannel_password": SecretStr("p"),
    "kannel_push_token": SecretStr(TOKEN),
    "public_url": "https://clinic.example/",
    "sms_route": ("kannel",),
}
TWILIO = {
    "twilio_account_sid": "AC1",
    "twilio_auth_token": SecretStr("hidden"),
    "twilio_from": "+15005550006",
    "public_url": "https://clinic.example/",
    "sms_route": ("twilio",),
}


def changed(installation: Installation, **settings: Any) -> Installation:
    return Installation(
        installation.settings.model_copy(update=settings),
        installation.database,
        installation.vault,
    )


@pytest.mark.parametrize(
    ("kannel_url", "host", "ours"),
    [
        ("http://127.0.0.1:13013", "0.0.0.0", "http://127.0.0.1:8123"),
        ("http://localhost:13013", "127.0.0.1", "http://127.0.0.1:8123"),
        ("http://10.0.0.7:13013", "127.0.0.1", "https://clinic.example"),
    ],
)
def test_a_gateway_on_this_machine_reports_without_a_detour(
    installation: Installation, kannel_url: str, host: str, ours: str
) -> None:
    made = changed(installation, **KANNEL, kannel_url=kannel_url, host=host, port=8123)
    (carrier,) = sms.carriers_of(made, httpx.AsyncClient())
    assert isinstance(carrier, KannelGateway)
    assert carrier.push_url == f"{ours}/sms/kannel/{TOKEN}"
    assert TOKEN not in repr(carrier)


@pytest.mark.parametrize(
    ("settings", "who"),
    [(TWILIO, "Twilio"), ({**KANNEL, "kannel_url": "http://10.0.0.7:13013"}, "Kannel on 10.0.0.7")],
)
def test_who_calls_us_over_the_network_must_be_told_where_we_are(
    installation: Installation, settings: dict[str, Any], who: str
) -> None:
    known = {**settings, "allowed_hosts": ("10.0.0.7",)}
    assert problems(changed(installation, **known).settings) == []
    [problem] = problems(changed(installation, **{**known, "public_url": None}).settings)
    assert problem.startswith(who)
    assert "SUIFANG_PUBLIC_URL" in problem


def test_twilio_carries_the_line_and_tells_its_balance(installation: Installation) -> None:
    (carrier,) = sms.carriers_of(changed(installation, **TWILIO), httpx.AsyncClient())
    assert isinstance(carrier, Twilio)
    assert isinstance(carrier, Purse)
    assert carrier.push_url == "https://clinic.example/sms/twilio"
    assert "hidden" not in repr(carrier)


def test_twilios_address_has_no_secret_because_it_signs(installation: Installation) -> None:
    ours = changed(installation, **TWILIO)
    (door,) = sms_pushes.doors(ours.settings).values()
    assert door.opens("")
    assert not door.opens("anything")
    url, form = "https://clinic.example/sms/twilio", {"MessageSid": "SM1", "MessageStatus": "sent"}
    with TestClient(web.build(ours)) as client:
        head = {"X-Twilio-Signature": sign("hidden", url, form)}
        assert client.post("/sms/twilio", data=form, headers=head).status_code == 200
        assert client.post("/sms/twilio", data=form).status_code == 403
        assert client.post("/sms/twilio/anything", data=form, headers=head).status_code == 404
