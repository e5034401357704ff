"""Aliyun's SMS service (Dysms 2017-05-25): approved templates out, receipts and replies pushed in.

A refusal is HTTP 200 with a code. Sent means code OK and a BizId; the call has no idempotency key.
Receipts echo `OutId`, which is the attempt: so a send that never came back is closed all the same.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import httpx
import structlog

from channels.port import OPTED_OUT, Approval, Letter, Result, SendOutcome
from channels.sms.acs3 import AccessKey, query_string, signed_headers
from channels.sms.calling import CALL_SECONDS, call, site
from channels.sms.codes import named
from channels.sms.inlet import PushAnswer, Pushed, PushError, PushRequest
from channels.sms.line import ACCOUNT, CHANNEL
from channels.sms.loose_json import (
    digest,
    entries,
    moment,
    object_in,
    objects_of,
    text_of,
    words_of,
)
from channels.templates import Registry, TemplateIds
from records.messages import Arrival
from records.outbound import Receipt
from records.phone_numbers import domestic, e164

KIND = "aliyun"
PROVIDER = f"{KIND}:{ACCOUNT}"
# They take thousands; a wave of ours need not be one.
PER_SECOND = 50.0
VERSION = "2017-05-25"
OK = "OK"

# What a send's code means. Every `isv.` code is the check of what we handed in, made before anything
# is sent: certain not to have gone, so one that is not listed here waits for the operator.
SEND: Mapping[str, tuple[Result, str]] = {
    # too much: the minute passes by itself; for the hour and the day this way is shut, another may go
    "isv.BUSINESS_LIMIT_CONTROL": (Result.CHANNEL_CLOSED, "number_limit"),
    "isv.BUSINESS_LIMIT_CONTROL.minute": (Result.RETRY, "number_minute_limit"),
    "BUSINESS_LIMIT_CONTROL_MINUTE": (Result.RETRY, "number_minute_limit"),
    "isv.DAY_LIMIT_CONTROL": (Result.OPERATOR, "account_daily_limit"),
    "isv.MONTH_LIMIT_CONTROL": (Result.OPERATOR, "account_monthly_limit"),
    "Throttling": (Result.RETRY, "throttled"),
    "Throttling.User": (Result.RETRY, "throttled"),
    "Throttling.Api": (Result.RETRY, "throttled"),
    # this person, this number
    "isv.MOBILE_NUMBER_ILLEGAL": (Result.NEVER, "number_illegal"),
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": (Result.CHANNEL_CLOSED, "number_not_served"),
    "isv.INTERNATIONAL_NUMBER_NOT_SUPPORTED": (Result.CHANNEL_CLOSED, "number_not_served"),
    "isv.CUSTOMER_REFUSED": (Result.NEVER, OPTED_OUT),
    "isv.MOBILE_IN_BLACK": (Result.NEVER, OPTED_OUT),
    # these words: another provider may take them
    "isv.BLACK_KEY_CONTROL_LIMIT": (Result.CHANNEL_CLOSED, "words_refused"),
    "isv.SMS_CONTENT_ILLEGAL": (Result.CHANNEL_CLOSED, "words_refused"),
    "isv.UNSUPPORTED_CONTENT": (Result.CHANNEL_CLOSED, "words_refused"),
    "isv.TEMPLATE_PARAMS_ILLEGAL": (Result.CHANNEL_CLOSED, "value_refused"),
    "isv.PARAM_NOT_SUPPORT_URL": (Result.CHANNEL_CLOSED, "value_refused"),
    "isv.PARAM_LENGTH_LIMIT": (Result.CHANNEL_CLOSED, "value_too_long"),
    # what we registered
    "isv.SMS_TEMPLATE_ILLEGAL": (Result.OPERATOR, "template_not_approved"),
    "isv.TEMPLATE_MISSING_PARAMETERS": (Result.OPERATOR, "template_differs"),
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": (Result.OPERATOR, "template_differs"),
    "isv.TEMPLATE_COUNT_LIMIT": (Result.OPERATOR, "template_limit"),
    "isv.SMS_SIGNATURE_ILLEGAL": (Result.OPERATOR, "signature_not_approved"),
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": (Result.OPERATOR, "signature_not_for_this"),
    "isv.SMS_SIGN_ILLEGAL": (Result.OPERATOR, "signature_not_approved"),
    "isv.SIGN_NAME_ILLEGAL": (Result.OPERATOR, "signature_not_approved"),
    "isv.SIGN_STATE_ILLEGAL": (Result.OPERATOR, "signature_not_approved"),
    "isv.SIGN_SOURCE_ILLEGAL": (Result.OPERATOR, "signature_not_approved"),
    "isv.NO_AVAILABLE_SHORT_URL": (Result.OPERATOR, "short_url"),
    "isv.EXTEND_CODE_ERROR": (Result.OPERATOR, "extend_code"),
    "isv.ONE_CODE_MULTIPLE_SIGN": (Result.OPERATOR, "extend_code"),
    "isv.CODE_ERROR": (Result.OPERATOR, "extend_code"),
    "isv.CODE_EXCEED_LIMIT": (Result.OPERATOR, "extend_code"),
    # our account
    "isv.AMOUNT_NOT_ENOUGH": (Result.OPERATOR, "balance"),
    "isv.OUT_OF_SERVICE": (Result.OPERATOR, "balance"),
    "isv.PRODUCT_UN_SUBSCRIPT": (Result.OPERATOR, "service_off"),
    "isv.PRODUCT_UNSUBSCRIBE": (Result.OPERATOR, "service_off"),
    "isv.ACCOUNT_NOT_EXISTS": (Result.OPERATOR, "account"),
    "isv.ACCOUNT_ABNORMAL": (Result.OPERATOR, "account"),
    "isv.DENY_IP_RANGE": (Result.OPERATOR, "address_not_allowed"),
    "isp.RAM_PERMISSION_DENY": (Result.OPERATOR, "permission"),
    "isv.RAM_PERMISSION_DENY": (Result.OPERATOR, "permission"),
    "NoPermission": (Result.OPERATOR, "permission"),
    "Forbidden.RAM": (Result.OPERATOR, "permission"),
    "InvalidAccessKeyId.NotFound": (Result.OPERATOR, "key"),
    "InvalidAccessKeyId.Inactive": (Result.OPERATOR, "key"),
    "SignatureDoesNotMatch": (Result.OPERATOR, "key"),
    "IncompleteSignature": (Result.OPERATOR, "key"),
    "InvalidTimeStamp.Expired": (Result.OPERATOR, "clock"),
    "InvalidTimeStamp.Format": (Result.OPERATOR, "clock"),
    # somebody between us made the same call twice: the first one may have sent it
    "SignatureNonceUsed": (Result.UNKNOWN, "nonce_used"),
    # our programming
    "isv.INVALID_PARAMETERS": (Result.OPERATOR, "request"),
    "isv.INVALID_JSON_PARAM": (Result.OPERATOR, "request"),
    "isv.MOBILE_COUNT_OVER_LIMIT": (Result.OPERATOR, "request"),
    "InvalidVersion": (Result.OPERATOR, "request"),
    "InvalidAction.NotFound": (Result.OPERATOR, "request"),
    # theirs: nobody says how far the message got
    "isp.SYSTEM_ERROR": (Result.UNKNOWN, "provider_fault"),
    "isv.SYSTEM_ERROR": (Result.UNKNOWN, "provider_fault"),
    "isp.GATEWAY_ERROR": (Result.UNKNOWN, "provider_fault"),
    "isp.UNKNOWN": (Result.UNKNOWN, "provider_fault"),
    "InternalError": (Result.UNKNOWN, "provider_fault"),
    "ServiceUnavailable": (Result.UNKNOWN, "provider_fault"),
}
# By its beginning, for codes that are not listed.
UNLISTED: tuple[tuple[str, Result, str], ...] = (
    ("Throttling.", Result.RETRY, "throttled"),
    ("isv.", Result.OPERATOR, "refused"),
    ("Forbidden", Result.OPERATOR, "permission"),
    ("Invalid", Result.OPERATOR, "request"),
    ("Missing", Result.OPERATOR, "request"),
)
_MINUTE = ("分钟级", "MINUTE")

# Receipts: why a message did not arrive, and whether the person or the network wants no more of them.
# Networks' own codes ("MK:0001") are endless and are kept as they come.
RECEIPT: Mapping[str, tuple[str, bool]] = {
    "DELIVERED": ("", False),
    "USER_REJECT": (OPTED_OUT, True),
    "MOBILE_IN_BLACK": (OPTED_OUT, True),
    "INVALID_NUMBER": ("number_out_of_use", False),
    "MOBILE_NOT_ON_SERVICE": ("number_out_of_use", False),
    "IS_CLOSED": ("phone_off", False),
    "MOBLLE_TERMINAL_ERROR": ("phone_full", False),
    "MOBILE_TERMINAL_ERROR": ("phone_full", False),
    "MOBILE_ACCOUNT_ABNORMAL": ("number_out_of_use", False),
    "MOBILE_SEND_LIMIT": ("number_limit", False),
    "CONTENT_KEYWORD": ("words_refused", False),
    "CONTENT_ERROR": ("words_refused", False),
    "isv.UNSUPPORTED_CONTENT": ("words_refused", False),
    "SP_NOT_BY_INTER_SMS": ("number_not_served", False),
    "SP_UNKNOWN_ERROR": ("network", False),
    "NO_ROUTE": ("network", False),
    "PORT_NOT_REGISTERED": ("signature_not_approved", False),
}

_STATES = {
    "AUDIT_STATE_INIT": "pending",
    "AUDIT_STATE_PASS": "approved",
    "AUDIT_STATE_NOT_PASS": "rejected",
    "AUDIT_SATE_CANCEL": "paused",
    "AUDIT_STATE_CANCEL": "paused",
}
_PAGE, _PAGES = 20, 25

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Aliyun:
    """Sends for one account. A `Channel` and a `TemplateOffice`."""

    key: AccessKey
    sign_name: str
    http: httpx.AsyncClient
    registry: Registry
    ids: TemplateIds
    base: str = "https://dysmsapi.aliyuncs.com"
    name: str = CHANNEL
    provider: str = PROVIDER
    windowed: bool = False
    free_text: bool = False
    sends_per_second: float = PER_SECOND
    patience: float = CALL_SECONDS

    def has_template(self, name: str) -> bool:
        return name in self.registry and self.ids.of(KIND, name) is not None

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        """Not here: only registered templates travel."""
        del letter, now
        return SendOutcome(Result.CHANNEL_CLOSED, reason="templates_only")

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        """Send the template, under the attempt's name."""
        name = str(letter.template.get("name", ""))
        template_id = self.ids.of(KIND, name)
        if name not in self.registry or template_id is None:
            return SendOutcome(Result.OPERATOR, reason="template_not_approved")
        filled = self.registry.filled(name, letter.template)
        query = {
            "PhoneNumbers": domestic(letter.address),
            "SignName": self.sign_name,
            "TemplateCode": template_id,
            "OutId": letter.attempt_id,
        }
        if filled.values:
            query["TemplateParam"] = json.dumps(dict(filled.values), ensure_ascii=False)
        body = await self._call("SendSms", query, now)
        if isinstance(body, SendOutcome):
            return body
        biz_id = text_of(body.get("BizId"))
        if not biz_id:
            return SendOutcome(Result.UNKNOWN, OK, "no_id")
        return SendOutcome(Result.ACCEPTED, OK, provider_id=biz_id)

    async def approvals(self, now: datetime) -> Mapping[str, Approval] | SendOutcome:
        """By our name of the template: where its approval stands."""
        theirs: dict[str, Approval] = {}
        for page in range(1, _PAGES + 1):
            query = {"PageIndex": str(page), "PageSize": str(_PAGE)}
            body = await self._call("QuerySmsTemplateList", query, now)
            if isinstance(body, SendOutcome):
                return body
            rows = objects_of(body.get("SmsTemplateList"))
            theirs |= {one.template_id: one for one in map(_approval, rows)}
            if len(rows) < _PAGE:
                break
        ours = self.ids.entries.get(KIND, {})
        return {
            name: theirs.get(entry.id, Approval(entry.id, "rejected", "missing"))
            for name, entry in ours.items()
        }

    async def _call(
        self, action: str, query: Mapping[str, str], now: datetime
    ) -> dict[str, Any] | SendOutcome:
        """The body of an answer that says OK, or by name why there is none."""
        host, path = site(self.base)
        headers = signed_headers(
            self.key,
            host=host,
            path=path,
            action=action,
            version=VERSION,
            query=query,
            now=now,
            nonce=secrets.token_hex(16),
        )
        url = f"{self.base.rstrip('/')}/?{query_string(query)}"
        answered = await call(self.http, "POST", url, seconds=self.patience, headers=headers)
        if isinstance(answered, SendOutcome):
            return answered
        body = object_in(answered.content)
        code = text_of(body.get("Code"))
        if not code:
            return SendOutcome(Result.UNKNOWN, str(answered.status), "no_answer_in_body")
        if code == OK:
            return body
        outcome = outcome_of(code, text_of(body.get("Message")))
        if outcome.result is Result.OPERATOR:
            log.error("sms.operator_needed", kind=KIND, code=code, reason=outcome.reason)
        return outcome


def outcome_of(code: str, message: str = "") -> SendOutcome:
    """What a code means. The message only tells which of the limits it was."""
    by_minute = code == "isv.BUSINESS_LIMIT_CONTROL" and any(word in message for word in _MINUTE)
    return named(code, SEND, UNLISTED, f"{code}.minute" if by_minute else "")


def _approval(row: Mapping[str, Any]) -> Approval:
    said = text_of(row.get("AuditStatus"))
    reason = row.get("Reason")
    info = text_of(reason.get("RejectInfo")) if isinstance(reason, dict) else text_of(reason)
    return Approval(text_of(row.get("TemplateCode")), _STATES.get(said, said), info)


@dataclass(frozen=True, slots=True)
class AliyunInlet:
    """Its pushes: a JSON array of receipts (SmsReport) or of messages (SmsUp). Nothing is signed."""

    name: str = KIND
    provider: str = PROVIDER
    signed: ClassVar[bool] = False

    def read(self, request: PushRequest, now: datetime) -> Pushed:
        arrivals, receipts, unread = [], [], 0
        for entry in entries(request.body):
            if "content" in entry and (arrival := _arrival(entry, now)) is not None:
                arrivals.append(arrival)
            elif "content" not in entry and (receipt := _receipt(entry)) is not None:
                receipts.append(receipt)
            else:
                unread += 1
        if unread:
            log.warning("sms.push_entries_unread", kind=KIND, count=unread)
            if not arrivals and not receipts:
                raise PushError(reason="nothing_readable")
        return Pushed(tuple(arrivals), tuple(receipts))

    def answer(self, *, ok: bool) -> PushAnswer:
        # Only a number under "code" is looked at, so what is not stored needs another status.
        body = '{"code":0,"msg":"成功"}' if ok else '{"code":1,"msg":"失败"}'
        return PushAnswer(200 if ok else 503, "application/json; charset=utf-8", body)


def _receipt(entry: Mapping[str, Any]) -> Receipt | None:
    biz_id, code = text_of(entry.get("biz_id")), text_of(entry.get("err_code"))
    if not biz_id:
        return None
    delivered = text_of(entry.get("success")).lower() == "true"
    return Receipt(
        provider_id=biz_id,
        delivered=delivered,
        code=code,
        provider=PROVIDER,
        attempt_id=text_of(entry.get("out_id")) or None,
        at=moment(entry.get("report_time")),
        stops=not delivered and RECEIPT.get(code, ("", False))[1],
    )


def _arrival(entry: Mapping[str, Any], now: datetime) -> Arrival | None:
    raw, text = text_of(entry.get("phone_number")), entry.get("content")
    number, sent = e164(raw), text_of(entry.get("send_time"))
    if number is None or not isinstance(text, str):
        return None
    told_apart = text_of(entry.get("sequence_id")) or digest(number, sent, text)
    return Arrival(
        channel=CHANNEL,
        account=ACCOUNT,
        address=number,
        external_id=f"{KIND}:{told_apart}",
        kind="text",
        sent_at=moment(sent) or now,
        text=words_of(text),
    )
