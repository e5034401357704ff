"""Tencent Cloud's SMS service: TC3 signatures checked from the wire, templates only, receipts, replies.

Everything is HTTP 200: an error for the whole call, or a code for each number.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.clock import PEOPLES_ZONE
from simulator.faults import Fault, FaultGate, action_of
from simulator.log import Kind
from simulator.sms_cloud import LONGEST, Json, LimitError, SmsCloud, units_of

SERVICE, VERSION = "sms", "2021-01-11"
ACTION = "x-tc-action"
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/(\w+)/tc3_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)
_PHONE = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_VARIABLE = re.compile(r"\{(\d+)\}")
_SKEW = timedelta(minutes=5)
_STATES = {"approved": 0, "pending": 1, "rejected": -1}
_LIMITS = {
    "minute": "LimitExceeded.PhoneNumberThirtySecondLimit",
    "hour": "LimitExceeded.PhoneNumberOneHourLimit",
}
_DAY_LIMIT = "LimitExceeded.PhoneNumberDailyLimit"
_EXPIRES = 4_102_444_800  # the year 2100


class RefusedError(Exception):
    """A whole call that is not taken."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Tencent:
    """The calls of one account."""

    def __init__(self, cloud: SmsCloud) -> None:
        self.cloud = cloud
        self._numbers = count(200_000)

    async def call(self, request: Request) -> Response:
        body = await request.body()
        try:
            self.verified(request, body)
            answer = self._do(request.headers[ACTION], _object(body))
        except RefusedError as error:
            self.cloud.log.append(Kind.REFUSED, "", error.code, call="tencent")
            return refusal(error.code)
        return JSONResponse({"Response": {**answer, "RequestId": f"R-{next(self._numbers)}"}})

    def reply(self, number: str, text: str) -> None:
        """Somebody texts back."""
        self.cloud.came(
            number,
            text,
            {
                "extend": "",
                "mobile": number.removeprefix("+86"),
                "nationcode": "86",
                "sign": next(iter(self.cloud.settings.sign_names), ""),
                "text": text,
                "time": int(self.cloud.clock().timestamp()),
            },
        )

    def _do(self, action: str, body: Json) -> Json:
        match action:
            case "SendSms":
                numbers = body.get("PhoneNumberSet")
                if not isinstance(numbers, list) or not numbers:
                    raise RefusedError(code="MissingParameter.EmptyPhoneNumberSet")
                if body.get("SmsSdkAppId") != self.cloud.settings.app_id:
                    raise RefusedError(code="UnauthorizedOperation.SmsSdkAppIdVerifyFail")
                return {"SendStatusSet": [self._send(str(one), body) for one in numbers]}
            case "DescribeSmsTemplateList":
                return {"DescribeTemplateStatusSet": self._templates(body)}
            case "SmsPackagesStatistics":
                return {"SmsPackagesStatisticsSet": self._packages()}
        raise RefusedError(code="InvalidAction")

    def _send(self, written: str, body: Json) -> Json:
        cloud, found = self.cloud, _PHONE.fullmatch(written)
        number = f"+86{found[1]}" if found else written
        session = str(body.get("SessionContext") or "")
        status: Json = {
            "SerialNo": "",
            "PhoneNumber": number,
            "Fee": 0,
            "SessionContext": session,
            "IsoCode": "CN",
        }
        code, text = self._judged(body)
        units = 0
        if found is None:
            code = "InvalidParameterValue.IncorrectPhoneNumber"
        elif not code:
            try:
                units = cloud.charge(number, text)
            except LimitError as error:
                code = _LIMITS.get(str(error), _DAY_LIMIT)
        if code or found is None:
            cloud.log.append(Kind.REFUSED, number, code, call="tencent")
            return status | {"Code": code, "Message": code}
        serial = f"2019:{next(self._numbers)}"
        template = str(body["TemplateId"])
        report = self.report(found[1], serial, failed=cloud.fails(number))
        cloud.deliver(
            number,
            text,
            report,
            provider="tencent",
            template=template,
            out_id=session,
            serial=serial,
        )
        return status | {"SerialNo": serial, "Fee": units, "Code": "Ok", "Message": "send success"}

    def _judged(self, body: Json) -> tuple[str, str]:
        """Why these words do not go (empty when they do), and the words."""
        cloud, sign = self.cloud, body.get("SignName")
        if sign not in cloud.settings.sign_names:
            return "FailedOperation.SignatureIncorrectOrUnapproved", ""
        template = cloud.templates.get(str(body.get("TemplateId")))
        if template is None or template.state != "approved":
            return "FailedOperation.TemplateIncorrectOrUnapproved", ""
        values = body.get("TemplateParamSet") or []
        wanted = {int(place) for place in _VARIABLE.findall(template.body)}
        if not _strings(values) or len(values) != len(wanted):
            return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate", ""
        filled = _VARIABLE.sub(lambda place: values[int(place[1]) - 1], template.body)
        text = f"【{sign}】{filled}"
        if len(text) > LONGEST:
            return "InvalidParameterValue.ContentLengthLimit", ""
        if cloud.balance < units_of(text):
            return "FailedOperation.InsufficientBalanceInSmsPackage", ""
        return "", text

    def report(self, mobile: str, serial: str, *, failed: bool = False) -> list[Json]:
        """The body of a receipt's push."""
        now = self.cloud.clock().astimezone(PEOPLES_ZONE)
        return [
            {
                "user_receive_time": f"{now:%Y-%m-%d %H:%M:%S}",
                "nationcode": "86",
                "mobile": mobile,
                "report_status": "FAIL" if failed else "SUCCESS",
                "errmsg": self.cloud.settings.failure if failed else "DELIVRD",
                "description": "用户短信接收失败" if failed else "用户短信送达成功",
                "sid": serial,
            }
        ]

    def _templates(self, body: Json) -> list[Json]:
        wanted = {str(one) for one in body.get("TemplateIdSet") or []}
        return [
            {
                "TemplateId": int(code),
                "International": 0,
                "StatusCode": _STATES.get(template.state, 1),
                "ReviewReply": template.reason,
                "TemplateName": code,
                "CreateTime": 0,
                "TemplateContent": template.body,
            }
            for code, template in sorted(self.cloud.templates.items())
            if code in wanted or not wanted
        ]

    def _packages(self) -> list[Json]:
        bought, left = self.cloud.settings.balance, self.cloud.balance
        package = {
            "PackageCreateTime": 1_700_000_000,
            "PackageEffectiveTime": 1_700_000_000,
            "PackageType": 1,
        }
        return [
            package
            | {
                "PackageId": 1,
                "PackageAmount": bought,
                "CurrentUsage": bought - left,
                "PackageExpiredTime": _EXPIRES,
            },
            package
            | {
                "PackageId": 2,
                "PackageAmount": 500,
                "CurrentUsage": 0,
                "PackageExpiredTime": 1_700_000_001,
            },
        ]

    def verified(self, request: Request, body: bytes) -> str:
        """Whose key signed the call."""
        headers = request.headers
        found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None:
            raise RefusedError(code="AuthFailure.InvalidAuthorization")
        key_id, day, service, names, signature = found.groups()
        if key_id != self.cloud.settings.key_id:
            raise RefusedError(code="AuthFailure.SecretIdNotFound")
        timestamp = headers.get("x-tc-timestamp", "")
        if not timestamp.isdecimal():
            raise RefusedError(code="AuthFailure.InvalidAuthorization")
        at = datetime.fromtimestamp(int(timestamp), UTC)
        if abs(self.cloud.clock() - at) > _SKEW or day != at.date().isoformat():
            raise RefusedError(code="AuthFailure.SignatureExpire")
        signed = names.split(";")
        if service != SERVICE or not {"content-type", "host"} <= set(signed):
            raise RefusedError(code="AuthFailure.SignatureFailure")
        lines = "".join(f"{name}:{headers.get(name, '').strip().lower()}\n" for name in signed)
        wanted = _signature(
            self.cloud.settings.secret, (day, timestamp), request, (lines, names), body
        )
        if not hmac.compare_digest(wanted, signature):
            raise RefusedError(code="AuthFailure.SignatureFailure")
        if headers.get("x-tc-version") != VERSION:
            raise RefusedError(code="InvalidParameterValue")
        return str(key_id)


def create_tencent_app(cloud: SmsCloud) -> Starlette:
    """Build the service; `app.state.tencent` holds its calls for tests."""
    tencent = Tencent(cloud)
    app = Starlette(
        routes=[Route("/", tencent.call, methods=["POST"])],
        middleware=[
            Middleware(FaultGate, faults=cloud.faults, named=action_of(ACTION), refused=_broken)
        ],
        lifespan=cloud.lifespan,
    )
    app.state.tencent = tencent
    return app


def refusal(code: str) -> Response:
    error = {"Code": code, "Message": code}
    return JSONResponse({"Response": {"Error": error, "RequestId": "R-0"}})


def _broken(fault: Fault) -> Response:
    return refusal(fault.code or "InternalError.OtherError")


def _signature(
    secret: str, when: tuple[str, str], request: Request, headers: tuple[str, str], body: bytes
) -> str:
    day, timestamp = when
    lines, names = headers
    asked = (
        f"{request.method}\n{request.scope['path']}\n"
        f"{request.scope['query_string'].decode('ascii')}\n{lines}\n{names}\n"
        f"{hashlib.sha256(body).hexdigest()}"
    )
    hashed = hashlib.sha256(asked.encode()).hexdigest()
    to_sign = f"TC3-HMAC-SHA256\n{timestamp}\n{day}/{SERVICE}/tc3_request\n{hashed}"
    key = ("TC3" + secret).encode()
    for message in (day, SERVICE, "tc3_request", to_sign):
        key = hmac.new(key, message.encode(), hashlib.sha256).digest()
    return key.hex()


def _object(body: bytes) -> Json:
    try:
        found: Any = json.loads(body)
    except ValueError:
        raise RefusedError(code="FailedOperation.JsonParseFail") from None
    if not isinstance(found, dict):
        raise RefusedError(code="FailedOperation.JsonParseFail")
    return found


def _strings(values: Any) -> bool:
    return isinstance(values, Sequence) and all(isinstance(one, str) for one in values)
