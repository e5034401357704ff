"""Tencent Cloud SMS (2021-01-11): approved templates out, receipts and replies pushed in.

An answer holds either an error for the whole call or a code for each number. Sent means code Ok and
a SerialNo; there is no idempotency key. `SessionContext` carries the attempt; a receipt that echoes
it closes a send that never came back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx
import structlog

from channels.port import OPTED_OUT, Approval, Balance, Letter, Result, SendOutcome
from channels.sms.calling import CALL_SECONDS, call, site
from channels.sms.codes import named
from channels.sms.inlet import PushAnswer, Pushed, PushError, PushRequest
from channels.sms.line import ACCOUNT, CHANNEL
from channels.sms.loose_json import (
    body_of,
    digest,
    entries,
    moment,
    object_in,
    objects_of,
    text_of,
    words_of,
)
from channels.sms.tc3 import Operation, SecretPair, signed_headers
from channels.templates import Registry, TemplateIds
from records.messages import Arrival
from records.outbound import Receipt
from records.phone_numbers import e164

KIND = "tencent"
PROVIDER = f"{KIND}:{ACCOUNT}"
# They take thousands; a wave of ours need not be one.
PER_SECOND = 50.0
SERVICE, VERSION = "sms", "2021-01-11"
OK = "Ok"

# What a send's code means. All but InternalError are checks made before anything is sent.
SEND: Mapping[str, tuple[Result, str]] = {
    # too much: half a minute passes by itself; for the hour and the day this way is shut, another may go
    "LimitExceeded.PhoneNumberThirtySecondLimit": (Result.RETRY, "number_minute_limit"),
    "LimitExceeded.DeliveryFrequencyLimit": (Result.CHANNEL_CLOSED, "number_limit"),
    "LimitExceeded.PhoneNumberOneHourLimit": (Result.CHANNEL_CLOSED, "number_limit"),
    "LimitExceeded.PhoneNumberDailyLimit": (Result.CHANNEL_CLOSED, "number_limit"),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": (Result.CHANNEL_CLOSED, "number_limit"),
    "LimitExceeded.AppDailyLimit": (Result.OPERATOR, "account_daily_limit"),
    "LimitExceeded.AppMainlandChinaDailyLimit": (Result.OPERATOR, "account_daily_limit"),
    "LimitExceeded.AppGlobalDailyLimit": (Result.OPERATOR, "account_daily_limit"),
    "LimitExceeded.AppCountryOrRegionDailyLimit": (Result.OPERATOR, "account_daily_limit"),
    "LimitExceeded.DailyLimit": (Result.OPERATOR, "account_daily_limit"),
    "LimitExceeded.AppCountryOrRegionInBlacklist": (Result.CHANNEL_CLOSED, "number_not_served"),
    "LimitExceeded.GlobalSmsSendingRateLimit": (Result.RETRY, "throttled"),
    "LimitExceeded.PhoneNumberCountLimit": (Result.OPERATOR, "request"),
    "RequestLimitExceeded": (Result.RETRY, "throttled"),
    "RequestLimitExceeded.UinLimitExceeded": (Result.RETRY, "throttled"),
    "RequestLimitExceeded.IPLimit": (Result.RETRY, "throttled"),
    # this person, this number
    "FailedOperation.PhoneNumberInBlacklist": (Result.NEVER, OPTED_OUT),
    "FailedOperation.PhoneNumberParseFail": (Result.NEVER, "number_illegal"),
    "InvalidParameterValue.IncorrectPhoneNumber": (Result.NEVER, "number_illegal"),
    "UnsupportedOperation.UnsupportedRegion": (Result.CHANNEL_CLOSED, "number_not_served"),
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": (
        Result.CHANNEL_CLOSED,
        "number_not_served",
    ),
    "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone": (
        Result.OPERATOR,
        "template_differs",
    ),
    # these words: another provider may take them
    "FailedOperation.ContainSensitiveWord": (Result.CHANNEL_CLOSED, "words_refused"),
    "InvalidParameter.DirtyWordFound": (Result.CHANNEL_CLOSED, "words_refused"),
    "InvalidParameterValue.TemplateWithDirtyWords": (Result.CHANNEL_CLOSED, "words_refused"),
    "InvalidParameterValue.ContentLengthLimit": (Result.CHANNEL_CLOSED, "value_too_long"),
    "InvalidParameterValue.TemplateParameterLengthLimit": (Result.CHANNEL_CLOSED, "value_too_long"),
    "InvalidParameterValue.TemplateParameterFormatError": (Result.CHANNEL_CLOSED, "value_refused"),
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": (
        Result.CHANNEL_CLOSED,
        "value_refused",
    ),
    # marketing hours: none of ours is marketing, so the template was registered as the wrong kind
    "FailedOperation.MarketingSendTimeConstraint": (Result.OPERATOR, "template_kind"),
    # what we registered
    "FailedOperation.MissingSignature": (Result.OPERATOR, "signature_not_approved"),
    "FailedOperation.MissingSignatureList": (Result.OPERATOR, "signature_not_approved"),
    "FailedOperation.SignatureIncorrectOrUnapproved": (Result.OPERATOR, "signature_not_approved"),
    "FailedOperation.SignIdNotExist": (Result.OPERATOR, "signature_not_approved"),
    "FailedOperation.QualificationIdNotApproved": (Result.OPERATOR, "signature_not_approved"),
    "FailedOperation.MissingTemplateList": (Result.OPERATOR, "template_not_approved"),
    "FailedOperation.TemplateIdNotExist": (Result.OPERATOR, "template_not_approved"),
    "FailedOperation.TemplateUnapprovedOrNotExist": (Result.OPERATOR, "template_not_approved"),
    "FailedOperation.TemplateIncorrectOrUnapproved": (Result.OPERATOR, "template_not_approved"),
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": (
        Result.OPERATOR,
        "template_differs",
    ),
    "InvalidParameterValue.UnsupportedTemplateVariable": (Result.OPERATOR, "template_differs"),
    # our account
    "FailedOperation.InsufficientBalanceInSmsPackage": (Result.OPERATOR, "balance"),
    "UnauthorizedOperation.ServiceSuspendDueToArrears": (Result.OPERATOR, "balance"),
    "UnauthorizedOperation.SdkAppIdIsDisabled": (Result.OPERATOR, "service_off"),
    "UnauthorizedOperation.SmsSdkAppIdVerifyFail": (Result.OPERATOR, "account"),
    "UnauthorizedOperation.RequestPermissionDeny": (Result.OPERATOR, "permission"),
    "UnauthorizedOperation.RequestIpNotInWhitelist": (Result.OPERATOR, "address_not_allowed"),
    "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny": (
        Result.OPERATOR,
        "template_kind",
    ),
    "InvalidParameterValue.SdkAppIdNotExist": (Result.OPERATOR, "account"),
    "InvalidParameter.AppidAndBizId": (Result.OPERATOR, "account"),
    "AuthFailure.SignatureFailure": (Result.OPERATOR, "key"),
    "AuthFailure.SecretIdNotFound": (Result.OPERATOR, "key"),
    "AuthFailure.InvalidSecretId": (Result.OPERATOR, "key"),
    "AuthFailure.SignatureExpire": (Result.OPERATOR, "clock"),
    "InternalError.RequestTimeException": (Result.OPERATOR, "clock"),
    "InternalError.SigFieldMissing": (Result.OPERATOR, "key"),
    "InternalError.SigVerificationFail": (Result.OPERATOR, "key"),
    "InternalError.RestApiInterfaceNotExist": (Result.OPERATOR, "request"),
    "InternalError.JsonParseFail": (Result.OPERATOR, "request"),
    # theirs: nobody says how far the message got
    "InternalError.SendAndRecvFail": (Result.UNKNOWN, "provider_fault"),
    "InternalError.Timeout": (Result.UNKNOWN, "provider_fault"),
    "InternalError.ParseBackendResponseFail": (Result.UNKNOWN, "provider_fault"),
    "InternalError.OtherError": (Result.UNKNOWN, "provider_fault"),
    "InternalError.UnknownError": (Result.UNKNOWN, "provider_fault"),
    "FailedOperation.OtherError": (Result.UNKNOWN, "provider_fault"),
    "FailedOperation.ParametersOtherError": (Result.UNKNOWN, "provider_fault"),
}
# By its beginning, for codes that are not listed.
UNLISTED: tuple[tuple[str, Result, str], ...] = (
    ("RequestLimitExceeded", Result.RETRY, "throttled"),
    ("LimitExceeded", Result.OPERATOR, "account_daily_limit"),
    ("AuthFailure", Result.OPERATOR, "key"),
    ("UnauthorizedOperation", Result.OPERATOR, "permission"),
    ("FailedOperation", Result.OPERATOR, "refused"),
    ("UnsupportedOperation", Result.OPERATOR, "refused"),
    ("Invalid", Result.OPERATOR, "request"),
    ("Missing", Result.OPERATOR, "request"),
    ("UnknownParameter", Result.OPERATOR, "request"),
)

# Receipts: why a message did not arrive, and whether the person or the network wants no more of them.
RECEIPT: Mapping[str, tuple[str, bool]] = {
    "DELIVRD": ("", False),
    "UNSUBSCRIBE": (OPTED_OUT, True),
    "BLACK": (OPTED_OUT, True),
    "BLACKLIST": (OPTED_OUT, True),
    "USERBLACK": (OPTED_OUT, True),
    "UNDELIV": ("number_out_of_use", False),
    "EXPIRED": ("phone_off", False),
    "REJECTD": ("network", False),
    "UNKNOWN": ("network", False),
}

_STATES = {"0": "approved", "1": "pending", "2": "pending", "-1": "rejected"}
_IDS_AT_ONCE = 100
_PACKAGES = 500
# Packages are asked for by the time they were bought; none lasts longer than this.
_BOUGHT_SINCE_YEARS = 3

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tencent:
    """Sends for one account. A `Channel`, a `Purse` and a `TemplateOffice`."""

    pair: SecretPair
    app_id: str
    sign_name: str
    http: httpx.AsyncClient
    registry: Registry
    ids: TemplateIds
    region: str = "ap-guangzhou"
    base: str = "https://sms.tencentcloudapi.com"
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
        request = {
            "PhoneNumberSet": [letter.address],
            "SmsSdkAppId": self.app_id,
            "SignName": self.sign_name,
            "TemplateId": template_id,
            "TemplateParamSet": list(filled.values.values()),
            "SessionContext": letter.attempt_id,
        }
        answer = await self._call("SendSms", request, now)
        if isinstance(answer, SendOutcome):
            return answer
        statuses = objects_of(answer.get("SendStatusSet"))
        code = text_of(statuses[0].get("Code")) if len(statuses) == 1 else ""
        if not code:
            return SendOutcome(Result.UNKNOWN, reason="no_answer_in_body")
        if code != OK:
            return _told(outcome_of(code))
        serial = text_of(statuses[0].get("SerialNo"))
        if not serial:
            return SendOutcome(Result.UNKNOWN, OK, "no_id")
        return SendOutcome(Result.ACCEPTED, OK, provider_id=serial)

    async def balance(self, now: datetime) -> Balance | SendOutcome:
        """Messages left in the packages that are in force."""
        request = {
            "SmsSdkAppId": self.app_id,
            "Limit": _PACKAGES,
            "Offset": 0,
            "BeginTime": _hour(now.replace(year=now.year - _BOUGHT_SINCE_YEARS, day=1)),
            "EndTime": _hour(now),
        }
        answer = await self._call("SmsPackagesStatistics", request, now)
        if isinstance(answer, SendOutcome):
            return answer
        if not isinstance(answer.get("SmsPackagesStatisticsSet"), list):
            return SendOutcome(Result.UNKNOWN, reason="no_answer_in_body")
        packages = objects_of(answer["SmsPackagesStatisticsSet"])
        return Balance(sum(_left(one, now) for one in packages), "sms")

    async def approvals(self, now: datetime) -> Mapping[str, Approval] | SendOutcome:
        """By our name of the template: where its approval stands."""
        ours = self.ids.entries.get(KIND, {})
        numbers = [int(entry.id) for entry in ours.values() if entry.id.isdecimal()]
        theirs: dict[str, Approval] = {}
        for start in range(0, len(numbers), _IDS_AT_ONCE):
            request = {
                "International": 0,
                "TemplateIdSet": numbers[start : start + _IDS_AT_ONCE],
            }
            answer = await self._call("DescribeSmsTemplateList", request, now)
            if isinstance(answer, SendOutcome):
                return answer
            rows = objects_of(answer.get("DescribeTemplateStatusSet"))
            theirs |= {one.template_id: one for one in map(_approval, rows)}
        return {
            name: theirs.get(entry.id, Approval(entry.id, "rejected", "missing"))
            for name, entry in ours.items()
        }

    async def _call(
        self, action: str, request: Mapping[str, Any], now: datetime
    ) -> dict[str, Any] | SendOutcome:
        """The answer's own part when it holds no error, or by name why there is none."""
        body = json.dumps(request, ensure_ascii=False).encode("utf-8", "replace")
        host, path = site(self.base)
        headers = signed_headers(
            self.pair,
            Operation(SERVICE, action, VERSION, self.region),
            host=host,
            path=path,
            body=body,
            now=now,
        )
        url = f"{self.base.rstrip('/')}/"
        answered = await call(
            self.http, "POST", url, seconds=self.patience, headers=headers, content=body
        )
        if isinstance(answered, SendOutcome):
            return answered
        answer = object_in(answered.content).get("Response")
        if not isinstance(answer, dict):
            return SendOutcome(Result.UNKNOWN, str(answered.status), "no_answer_in_body")
        error = answer.get("Error")
        if error is None:
            return answer
        code = text_of(error.get("Code")) if isinstance(error, dict) else ""
        return _told(outcome_of(code))


def outcome_of(code: str) -> SendOutcome:
    """What a code means."""
    return named(code, SEND, UNLISTED)


def _told(outcome: SendOutcome) -> SendOutcome:
    if outcome.result is Result.OPERATOR:
        log.error("sms.operator_needed", kind=KIND, code=outcome.code, reason=outcome.reason)
    return outcome


def _hour(at: datetime) -> str:
    return f"{at:%Y%m%d%H}"


def _left(package: Mapping[str, Any], now: datetime) -> int:
    def number(name: str) -> int:
        value = package.get(name)
        return value if isinstance(value, int) else 0

    if number("PackageExpiredTime") < now.timestamp():
        return 0
    return max(0, number("PackageAmount") - number("CurrentUsage"))


def _approval(row: Mapping[str, Any]) -> Approval:
    said = text_of(row.get("StatusCode"))
    return Approval(
        text_of(row.get("TemplateId")), _STATES.get(said, said), text_of(row.get("ReviewReply"))
    )


@dataclass(frozen=True, slots=True)
class TencentInlet:
    """Its pushes: a JSON array of receipts, or one object that is a message. Nothing is signed."""

    name: str = KIND
    provider: str = PROVIDER
    signed: ClassVar[bool] = False

    def read(self, request: PushRequest, now: datetime) -> Pushed:
        body = body_of(request.body)
        if isinstance(body, dict):
            arrival = _arrival(body, now)
            if arrival is None:
                raise PushError(reason="nothing_readable")
            return Pushed(arrivals=(arrival,))
        found = [_receipt(entry) for entry in entries(request.body)]
        receipts = tuple(one for one in found if one is not None)
        if len(receipts) < len(found):
            log.warning("sms.push_entries_unread", kind=KIND, count=len(found) - len(receipts))
            if not receipts:
                raise PushError(reason="nothing_readable")
        return Pushed(receipts=receipts)

    def answer(self, *, ok: bool) -> PushAnswer:
        body = '{"result":0,"errmsg":"OK"}' if ok else '{"result":1,"errmsg":"not stored"}'
        return PushAnswer(200 if ok else 503, "application/json; charset=utf-8", body)


def _receipt(entry: Mapping[str, Any]) -> Receipt | None:
    serial, code = text_of(entry.get("sid")), text_of(entry.get("errmsg"))
    if not serial:
        return None
    delivered = text_of(entry.get("report_status")) == "SUCCESS"
    return Receipt(
        provider_id=serial,
        delivered=delivered,
        code=code,
        provider=PROVIDER,
        attempt_id=text_of(entry.get("session_context")) or None,
        at=moment(entry.get("user_receive_time")),
        stops=not delivered and RECEIPT.get(code.upper(), ("", False))[1],
    )


def _arrival(entry: Mapping[str, Any], now: datetime) -> Arrival | None:
    mobile, nation = text_of(entry.get("mobile")), text_of(entry.get("nationcode")) or "86"
    text, sent = entry.get("text"), text_of(entry.get("time"))
    # The mobile may carry its country already.
    number = e164(f"+{nation.lstrip('+')}{mobile}") or e164(mobile)
    if number is None or not isinstance(text, str):
        return None
    return Arrival(
        channel=CHANNEL,
        account=ACCOUNT,
        address=number,
        external_id=f"{KIND}:{digest(number, sent, text)}",
        kind="text",
        sent_at=_unix(sent) or now,
        text=words_of(text),
    )


def _unix(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
