"""Answers that no documentation has: what a cloud says decides, and what it leaves out is no success."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from channels.port import Result, SendOutcome
from channels.sms.calling import site
from tests.channels.sms.clouds import NOW, a_letter, adapter


def answering(kind: str, body: Any, status: int = 200) -> Any:
    """The adapter of a cloud that always gives this answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=content))
    return adapter(kind, "http://cloud.example", httpx.AsyncClient(transport=transport))


def tencent_says(**answer: Any) -> dict[str, Any]:
    return {"Response": {"RequestId": "R-1", **answer}}


def tencent_status(**status: Any) -> dict[str, Any]:
    return tencent_says(SendStatusSet=[status])


@pytest.mark.parametrize(
    ("kind", "body", "status", "result"),
    [
        ("aliyun", {"Code": "OK", "BizId": "1^0"}, 200, Result.ACCEPTED),
        ("aliyun", {"Code": "OK", "BizId": 17}, 200, Result.ACCEPTED),
        ("aliyun", {"Code": "OK"}, 200, Result.UNKNOWN),
        ("aliyun", {"Code": "OK", "BizId": ""}, 200, Result.UNKNOWN),
        ("aliyun", {"Message": "OK"}, 200, Result.UNKNOWN),
        ("aliyun", [{"Code": "OK", "BizId": "1^0"}], 200, Result.UNKNOWN),
        ("aliyun", {"Code": "Throttling.User"}, 400, Result.RETRY),
        ("aliyun", {"Code": "isp.RAM_PERMISSION_DENY"}, 403, Result.OPERATOR),
        ("aliyun", {"Code": "ServiceUnavailable"}, 503, Result.UNKNOWN),
        ("aliyun", {"Code": "isv.CUSTOMER_REFUSED"}, 200, Result.NEVER),
        ("aliyun", b"[" * 9000, 200, Result.UNKNOWN),
        ("tencent", tencent_status(Code="Ok", SerialNo="1"), 200, Result.ACCEPTED),
        ("tencent", tencent_status(Code="Ok", SerialNo=""), 200, Result.UNKNOWN),
        ("tencent", tencent_says(), 200, Result.UNKNOWN),
        ("tencent", tencent_says(SendStatusSet=[]), 200, Result.UNKNOWN),
        ("tencent", tencent_says(SendStatusSet="Ok"), 200, Result.UNKNOWN),
        ("tencent", tencent_says(Error={"Code": "AuthFailure.New"}), 200, Result.OPERATOR),
        ("tencent", tencent_says(Error="no"), 200, Result.UNKNOWN),
        ("tencent", tencent_says(Error={"Code": "RequestLimitExceeded"}), 200, Result.RETRY),
        ("tencent", {"Response": "Ok"}, 200, Result.UNKNOWN),
        ("tencent", b"<html>502</html>", 502, Result.UNKNOWN),
    ],
)
async def test_an_answer_counts_for_what_it_says(
    kind: str, body: Any, status: int, result: Result
) -> None:
    outcome = await answering(kind, body, status).send_template(a_letter(), NOW())

    assert outcome.result is result
    assert bool(outcome.provider_id) == (result is Result.ACCEPTED)


@pytest.mark.parametrize("kind", ["aliyun", "tencent"])
async def test_approvals_that_are_not_told_are_named(kind: str) -> None:
    refused = {"Code": "NoPermission"}
    body = refused if kind == "aliyun" else tencent_says(Error=refused)

    outcome = await answering(kind, body).approvals(NOW())

    assert isinstance(outcome, SendOutcome)
    assert outcome.code == "NoPermission"


@pytest.mark.parametrize(
    ("body", "result"),
    [
        (tencent_says(Error={"Code": "UnauthorizedOperation.New"}), Result.OPERATOR),
        (tencent_says(SmsPackagesStatisticsSet=None), Result.UNKNOWN),
    ],
)
async def test_a_balance_that_is_not_told_is_no_empty_purse(body: Any, result: Result) -> None:
    outcome = await answering("tencent", body).balance(NOW())

    assert isinstance(outcome, SendOutcome)
    assert outcome.result is result


async def test_an_approvals_reason_may_be_a_word_or_an_object() -> None:
    rows = [
        {"TemplateCode": "SMS_100", "AuditStatus": "AUDIT_STATE_NOT_PASS", "Reason": "内容不符"},
        {"TemplateCode": "SMS_101", "AuditStatus": "SOMETHING_NEW", "Reason": {"RejectInfo": "x"}},
    ]
    channel = answering("aliyun", {"Code": "OK", "SmsTemplateList": rows})

    approvals = await channel.approvals(NOW())

    found = {one.template_id: (one.state, one.reason) for one in approvals.values()}
    assert found["SMS_100"] == ("rejected", "内容不符")
    assert found["SMS_101"] == ("SOMETHING_NEW", "x")


@pytest.mark.parametrize("kind", ["aliyun", "tencent"])
@pytest.mark.parametrize(
    ("base", "result"),
    [
        ("nonsense", Result.OPERATOR),
        ("http://[::1", Result.OPERATOR),
        ("http://127.0.0.1:1", Result.RETRY),
    ],
)
async def test_an_address_that_is_none_raises_nothing(kind: str, base: str, result: Result) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        outcome = await adapter(kind, base, http).send_template(a_letter(), NOW())

    assert outcome.result is result


@pytest.mark.parametrize(
    ("base", "found"),
    [
        ("https://dysmsapi.aliyuncs.com", ("dysmsapi.aliyuncs.com", "/")),
        ("https://dysmsapi.aliyuncs.com/", ("dysmsapi.aliyuncs.com", "/")),
        ("http://127.0.0.1:8090/aliyun", ("127.0.0.1:8090", "/aliyun/")),
        ("http://127.0.0.1:8090/aliyun/", ("127.0.0.1:8090", "/aliyun/")),
    ],
)
def test_what_is_signed_is_where_it_goes(base: str, found: tuple[str, str]) -> None:
    assert site(base) == found
