"""Aliyun's SMS service: ACS3 signatures checked from the wire, templates only, receipts and replies.

Refusals of a message are HTTP 200 with a code; only a broken or forged call gets another status.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.clock import PEOPLES_ZONE
from simulator.faults import Fault, FaultGate, action_of
from simulator.log import Kind
from simulator.sms_cloud import LONGEST, Json, LimitError, SmsCloud, units_of

VERSION = "2017-05-25"
ACTION = "x-acs-action"
MUST_BE_SIGNED = {
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
}
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),\s?SignedHeaders=([^,]+),\s?Signature=([0-9a-f]{64})"
)
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SKEW = timedelta(minutes=15)
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_STATES = {"approved": "AUDIT_STATE_PASS", "pending": "AUDIT_STATE_INIT"}
_LIMITS = {"minute": "触发分钟级流控Permits:1", "hour": "触发小时级流控Permits:5"}
_BUSY = "触发天级流控Permits:10"


class RefusedError(Exception):
    """A call or a message that is not taken.

    Attributes:
        code: Aliyun's word for it.
        status: of the HTTP answer.
    """

    def __init__(self, code: str, message: str = "", status: int = 200) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message or code, status


class Aliyun:
    """The calls of one account."""

    def __init__(self, cloud: SmsCloud) -> None:
        self.cloud = cloud
        self._nonces: set[str] = set()
        self._numbers = count(100_000)

    async def call(self, request: Request) -> Response:
        try:
            body = await request.body()
            query = self.verified(request, body)
            answer = self._do(request.headers[ACTION], query)
        except RefusedError as error:
            self.cloud.log.append(Kind.REFUSED, "", error.code, call="aliyun")
            return refusal(error)
        return JSONResponse({"RequestId": f"R-{next(self._numbers)}", "Code": "OK", **answer})

    def reply(self, number: str, text: str, *, sequence_as_number: bool = False) -> None:
        """Somebody texts back."""
        sequence = next(self._numbers)
        self.cloud.came(
            number,
            text,
            [
                {
                    "phone_number": number.removeprefix("+86"),
                    "content": text,
                    "send_time": _stamp(self.cloud.clock()),
                    "dest_code": "10690001",
                    "sequence_id": sequence if sequence_as_number else str(sequence),
                }
            ],
        )

    def _do(self, action: str, query: Mapping[str, str]) -> Json:
        match action:
            case "SendSms":
                return self._send(query)
            case "QuerySmsTemplateList":
                return self._templates(query)
        raise RefusedError(code="InvalidAction.NotFound", status=404)

    def _send(self, query: Mapping[str, str]) -> Json:
        cloud = self.cloud
        phone, code = query.get("PhoneNumbers", ""), query.get("TemplateCode", "")
        if _MOBILE.fullmatch(phone) is None:
            raise RefusedError(code="isv.MOBILE_NUMBER_ILLEGAL")
        if query.get("SignName") not in cloud.settings.sign_names:
            raise RefusedError(code="isv.SMS_SIGNATURE_ILLEGAL")
        template = cloud.templates.get(code)
        if template is None or template.state != "approved":
            raise RefusedError(code="isv.SMS_TEMPLATE_ILLEGAL")
        text = f"【{query['SignName']}】{_filled(template.body, query.get('TemplateParam', ''))}"
        if len(text) > LONGEST:
            raise RefusedError(code="isv.PARAM_LENGTH_LIMIT")
        if cloud.balance < units_of(text):
            raise RefusedError(code="isv.AMOUNT_NOT_ENOUGH")
        number = f"+86{phone}"
        try:
            units = cloud.charge(number, text)
        except LimitError as error:
            message = _LIMITS.get(str(error), _BUSY)
            raise RefusedError(code="isv.BUSINESS_LIMIT_CONTROL", message=message) from None
        biz_id = f"{next(self._numbers)}^0"
        out_id = query.get("OutId", "")
        cloud.deliver(
            number,
            text,
            self.report(phone, biz_id, out_id, units, failed=cloud.fails(number)),
            provider="aliyun",
            template=code,
            out_id=out_id,
            biz_id=biz_id,
        )
        return {"Message": "OK", "BizId": biz_id}

    def report(
        self, phone: str, biz_id: str, out_id: str = "", units: int = 1, *, failed: bool = False
    ) -> list[Json]:
        """The body of a receipt's push."""
        now = _stamp(self.cloud.clock())
        return [
            {
                "phone_number": phone,
                "send_time": now,
                "report_time": now,
                "success": not failed,
                "err_code": self.cloud.settings.failure if failed else "DELIVERED",
                "err_msg": "用户接收失败" if failed else "用户接收成功",
                "sms_size": str(units),
                "biz_id": biz_id,
                "out_id": out_id,
            }
        ]

    def _templates(self, query: Mapping[str, str]) -> Json:
        page, size = int(query.get("PageIndex", "1")), int(query.get("PageSize", "10"))
        rows = sorted(self.cloud.templates.items())
        return {
            "Message": "OK",
            "TotalCount": len(rows),
            "CurrentPage": page,
            "PageSize": size,
            "SmsTemplateList": [
                {
                    "TemplateCode": code,
                    "TemplateName": code,
                    "TemplateContent": template.body,
                    "AuditStatus": _STATES.get(template.state, template.state),
                    "Reason": {"RejectInfo": template.reason},
                }
                for code, template in rows[(page - 1) * size : page * size]
            ],
        }

    def verified(self, request: Request, body: bytes) -> dict[str, str]:
        """What is asked, when the signature is good."""
        headers = request.headers
        found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None:
            raise RefusedError(code="IncompleteSignature", status=400)
        key_id, names, signature = found[1], found[2].split(";"), found[3]
        if key_id != self.cloud.settings.key_id:
            raise RefusedError(code="InvalidAccessKeyId.NotFound", status=404)
        if not MUST_BE_SIGNED.issubset(names) or names != sorted(names):
            raise RefusedError(code="IncompleteSignature", status=400)
        if headers["x-acs-version"] != VERSION:
            raise RefusedError(code="InvalidVersion", status=400)
        self._fresh(headers["x-acs-date"])
        digest = hashlib.sha256(body).hexdigest()
        query = parse_qsl(request.scope["query_string"].decode("ascii"), keep_blank_values=True)
        wanted = hmac.new(
            self.cloud.settings.secret.encode(),
            _to_sign(request, query, names, digest),
            hashlib.sha256,
        ).hexdigest()
        if headers["x-acs-content-sha256"] != digest or not hmac.compare_digest(wanted, signature):
            raise RefusedError(code="SignatureDoesNotMatch", status=400)
        if headers["x-acs-signature-nonce"] in self._nonces:
            raise RefusedError(code="SignatureNonceUsed", status=400)
        self._nonces.add(headers["x-acs-signature-nonce"])
        return dict(query)

    def _fresh(self, date: str) -> None:
        try:
            at = datetime.fromisoformat(date)
        except ValueError:
            raise RefusedError(code="InvalidTimeStamp.Format", status=400) from None
        if at.tzinfo is None or abs(self.cloud.clock() - at) > _SKEW:
            raise RefusedError(code="InvalidTimeStamp.Expired", status=400)


def create_aliyun_app(cloud: SmsCloud) -> Starlette:
    """Build the service; `app.state.aliyun` holds its calls for tests."""
    aliyun = Aliyun(cloud)
    app = Starlette(
        routes=[Route("/", aliyun.call, methods=["POST"])],
        middleware=[
            Middleware(FaultGate, faults=cloud.faults, named=action_of(ACTION), refused=_broken)
        ],
        lifespan=cloud.lifespan,
    )
    app.state.aliyun = aliyun
    return app


def refusal(error: RefusedError) -> Response:
    answer = {"RequestId": "R-0", "Code": error.code, "Message": error.message}
    return JSONResponse(answer, error.status)


def _broken(fault: Fault) -> Response:
    return refusal(RefusedError(fault.code or "isp.SYSTEM_ERROR"))


def _filled(body: str, given: str) -> str:
    try:
        values = json.loads(given or "{}")
    except ValueError:
        raise RefusedError(code="isv.INVALID_JSON_PARAM") from None
    if not isinstance(values, dict) or not all(isinstance(one, str) for one in values.values()):
        raise RefusedError(code="isv.INVALID_JSON_PARAM")
    if not set(_VARIABLE.findall(body)) <= set(values):
        raise RefusedError(code="isv.TEMPLATE_MISSING_PARAMETERS")
    return _VARIABLE.sub(lambda found: str(values[found[1]]), body)


def _to_sign(
    request: Request, query: list[tuple[str, str]], names: list[str], digest: str
) -> bytes:
    pairs = "&".join(f"{_escape(name)}={_escape(value)}" for name, value in sorted(query))
    lines = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    parts: tuple[Any, ...] = (
        request.method,
        request.scope["path"],
        pairs,
        lines,
        ";".join(names),
        digest,
    )
    hashed = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"ACS3-HMAC-SHA256\n{hashed}".encode()


def _escape(text: str) -> str:
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode())


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(PEOPLES_ZONE):%Y-%m-%d %H:%M:%S}"
