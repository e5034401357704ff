"""Our signers against the simulated clouds' own verification, over whatever signs a value may hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from channels.sms import acs3, tc3
from simulator import aliyun, tencent
from simulator.sms_cloud import SmsCloud
from tests.channels.sms.clouds import KEY_ID, settings_for

NOW = datetime(2026, 11, 23, 4, 30, 15, tzinfo=UTC)
ALIYUN, TENCENT = settings_for("aliyun"), settings_for("tencent")
HOST = "dysmsapi.aliyuncs.com"
# What UTF-8 can hold.
WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def a_request(path: str, query: str, headers: dict[str, str]) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": query.encode("ascii"),
        "headers": raw,
    }
    return Request(scope)


def an_aliyun(secret: str) -> aliyun.Aliyun:
    settings = replace(ALIYUN, secret=secret)
    return aliyun.Aliyun(SmsCloud(settings, clock=lambda: NOW))


def a_tencent(secret: str) -> tencent.Tencent:
    settings = replace(TENCENT, secret=secret)
    return tencent.Tencent(SmsCloud(settings, clock=lambda: NOW))


def acs3_signed(
    secret: str, query: dict[str, str], path: str = "/", now: datetime = NOW
) -> Request:
    key = acs3.AccessKey(KEY_ID, secret)
    headers = acs3.signed_headers(
        key,
        host=HOST,
        path=path,
        action="SendSms",
        version=aliyun.VERSION,
        query=query,
        now=now,
        nonce="n-1",
    )
    return a_request(path, acs3.query_string(query), headers)


def tc3_signed(secret: str, body: bytes, path: str = "/", now: datetime = NOW) -> Request:
    pair = tc3.SecretPair(KEY_ID, secret)
    operation = tc3.Operation("sms", "SendSms", tencent.VERSION, "ap-guangzhou")
    headers = tc3.signed_headers(pair, operation, host=HOST, path=path, body=body, now=now)
    return a_request(path, "", headers)


@given(secret=KEYS, query=st.dictionaries(WORDS, WORDS, max_size=6))
def test_whatever_aliyun_is_asked_its_check_agrees(secret: str, query: dict[str, str]) -> None:
    verified = an_aliyun(secret).verified(acs3_signed(secret, query), b"")

    assert verified == query


@given(secret=KEYS, body=WORDS)
def test_whatever_tencent_is_asked_its_check_agrees(secret: str, body: str) -> None:
    request = tc3_signed(secret, body.encode())

    assert a_tencent(secret).verified(request, body.encode()) == KEY_ID


@given(query=st.dictionaries(KEYS, WORDS, min_size=1, max_size=4), other=WORDS)
def test_a_changed_query_is_refused(query: dict[str, str], other: str) -> None:
    name = min(query)
    changed = query | {name: query[name] + "1" + other}
    signed = acs3_signed("secret", query)
    forged = a_request("/", acs3.query_string(changed), dict(signed.headers))

    with pytest.raises(aliyun.RefusedError, match="SignatureDoesNotMatch"):
        an_aliyun("secret").verified(forged, b"")


@given(body=WORDS, other=WORDS.filter(bool))
def test_a_changed_body_is_refused(body: str, other: str) -> None:
    request = tc3_signed("secret", body.encode())

    with pytest.raises(tencent.RefusedError, match="SignatureFailure"):
        a_tencent("secret").verified(request, (body + other).encode())


def test_a_base_with_a_path_is_signed_with_it() -> None:
    assert an_aliyun("s").verified(acs3_signed("s", {"A": "1"}, "/aliyun/"), b"") == {"A": "1"}
    assert a_tencent("s").verified(tc3_signed("s", b"{}", "/tencent/"), b"{}") == KEY_ID


@pytest.mark.parametrize("late", [timedelta(minutes=-20), timedelta(minutes=20)])
def test_a_wrong_clock_is_named(late: timedelta) -> None:
    with pytest.raises(aliyun.RefusedError, match=r"InvalidTimeStamp\.Expired"):
        an_aliyun("s").verified(acs3_signed("s", {}, now=NOW + late), b"")
    with pytest.raises(tencent.RefusedError, match="SignatureExpire"):
        a_tencent("s").verified(tc3_signed("s", b"{}", now=NOW + late), b"{}")


def test_a_nonce_is_good_once() -> None:
    service, request = an_aliyun("s"), acs3_signed("s", {"A": "1"})
    service.verified(request, b"")

    with pytest.raises(aliyun.RefusedError, match="SignatureNonceUsed"):
        service.verified(request, b"")


def test_secrets_are_not_shown() -> None:
    shown = f"{acs3.AccessKey('id', 'hush')!r} {tc3.SecretPair('id', 'hush')!r}"

    assert "hush" not in shown
