"""The endpoints we need, over httpx. Errors are read from the body: success is errcode 0.

Whatever may have reached the platform and did not come back is `unknown`, never an exception.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import httpx
import structlog

from channels.port import Letter, Result, SendOutcome
from channels.wechat.account import CHANNEL, WeChatAccount, template_fields
from channels.wechat.errors import STALE_TOKEN, outcome_of
from channels.wechat.token import NoTokenError, TokenKeeper
from records.media import File

CALL_SECONDS = 10.0
LARGEST_FILE = 12 * 1024 * 1024
LONGEST_THING = 20
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_FILES = ("image/", "audio/", "voice/", "video/", "application/octet-stream")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class QrCode:
    """An enrolment code: what to print, and the ticket that shows its picture."""

    ticket: str
    url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform said, as an outcome, with the body and the code to look into."""

    outcome: SendOutcome
    body: Mapping[str, Any]
    errcode: int | None = None


@dataclass(frozen=True, slots=True)
class WeChatClient:
    """Sends for one account. A `Channel` and a `MediaSource`."""

    account: WeChatAccount
    http: httpx.AsyncClient
    tokens: TokenKeeper
    name: str = CHANNEL
    windowed: bool = True
    free_text: bool = True

    @property
    def provider(self) -> str:
        return f"{self.name}:{self.account.app_id}"

    def has_template(self, name: str) -> bool:
        return name in self.account.templates and name in template_fields()

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        """A customer-service message. It has neither receipt nor idempotency key."""
        request = {"touser": letter.address, "msgtype": "text", "text": {"content": letter.body}}
        return (await self._post("message/custom/send", request, now)).outcome

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        """A template message; the same client_msg_id is sent once within ten minutes."""
        name = str(letter.template.get("name", ""))
        request = {
            "touser": letter.address,
            "template_id": self.account.templates[name],
            "data": template_data(name, letter.template),
            "client_msg_id": letter.message_id,
        }
        answer = await self._post("message/template/send", request, now)
        msgid = answer.body.get("msgid")
        if answer.outcome.result is not Result.ACCEPTED or msgid is None:
            return answer.outcome
        return SendOutcome(Result.ACCEPTED, answer.outcome.code, provider_id=str(msgid))

    async def send_picture(self, letter: Letter, now: datetime) -> SendOutcome:
        """A picture as a customer-service message; the upload before it reaches nobody."""
        media_id = await self._upload(letter.picture or b"", now)
        if isinstance(media_id, SendOutcome):
            return media_id
        request = {"touser": letter.address, "msgtype": "image", "image": {"media_id": media_id}}
        return (await self._post("message/custom/send", request, now)).outcome

    async def create_menu(self, menu: Mapping[str, Any], now: datetime) -> Answer:
        """Publish the menu under the chat; phones show it within a day, or after following anew."""
        return await self._post("menu/create", menu, now)

    async def published_menu(self, now: datetime) -> Answer:
        """The menu as the platform holds it; code 46003 when there is none."""
        return await self._call("menu/get", now, method="GET")

    async def create_qr_code(
        self, scene: str, lasts_seconds: int, now: datetime
    ) -> QrCode | SendOutcome:
        """A temporary enrolment code. `scene` is an opaque random token, never a person's id."""
        request = {
            "action_name": "QR_STR_SCENE",
            "expire_seconds": lasts_seconds,
            "action_info": {"scene": {"scene_str": scene}},
        }
        answer = await self._post("qrcode/create", request, now)
        if "ticket" not in answer.body:
            return answer.outcome
        return QrCode(str(answer.body["ticket"]), str(answer.body.get("url", "")))

    async def fetch(self, media_id: str, now: datetime) -> File | SendOutcome:
        """A file that somebody sent; the platform forgets it after three days."""
        try:
            token = await self.tokens.token(now)
            found, errcode = await self._download(media_id, token)
            if errcode in STALE_TOKEN:
                token = await self.tokens.token(now, refused=token)
                found, _ = await self._download(media_id, token)
        except NoTokenError as error:
            return error.outcome
        return found

    async def _upload(self, picture: bytes, now: datetime) -> str | SendOutcome:
        """The id of a temporary picture. Nobody has seen it yet, so any doubt is worth a retry."""
        files = {"media": ("values.png", picture, "image/png")}
        answer = await self._call("media/upload", now, query={"type": "image"}, files=files)
        if "media_id" in answer.body:
            return str(answer.body["media_id"])
        if answer.outcome.result in {Result.UNKNOWN, Result.ACCEPTED}:
            return SendOutcome(Result.RETRY, answer.outcome.code, "picture_not_uploaded")
        return answer.outcome

    async def _post(self, path: str, request: Mapping[str, Any], now: datetime) -> Answer:
        # The platform refuses \uXXXX, so the text travels as it is.
        content = json.dumps(request, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"content-type": "application/json; charset=utf-8"}
        return await self._call(path, now, content=content, headers=headers)

    async def _call(
        self,
        path: str,
        now: datetime,
        *,
        method: str = "POST",
        query: Mapping[str, str] | None = None,
        **body: Any,
    ) -> Answer:
        """One call with a good token; made again once when the platform no longer believes it."""
        try:
            token = await self.tokens.token(now)
            answer = await self._call_once(method, path, _signed(query, token), body)
            if answer.errcode in STALE_TOKEN:
                token = await self.tokens.token(now, refused=token)
                answer = await self._call_once(method, path, _signed(query, token), body)
        except NoTokenError as error:
            return Answer(error.outcome, {})
        return answer

    async def _call_once(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any]
    ) -> Answer:
        try:
            response = await self.http.request(
                method, f"/cgi-bin/{path}", params=dict(query), timeout=CALL_SECONDS, **body
            )
        except httpx.HTTPError as error:
            return Answer(_outcome_of_failure(error), {})
        return _read(response.status_code, response.content)

    async def _download(self, media_id: str, token: str) -> tuple[File | SendOutcome, int | None]:
        query = {"access_token": token, "media_id": media_id}
        content = bytearray()
        try:
            async with self.http.stream(
                "GET", "/cgi-bin/media/get", params=query, timeout=CALL_SECONDS
            ) as response:
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > LARGEST_FILE:
                        return SendOutcome(Result.NEVER, reason="file_too_large"), None
        except httpx.HTTPError as error:
            return SendOutcome(Result.RETRY, reason=type(error).__name__), None
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status_code == httpx.codes.OK and kind.startswith(_FILES) and content:
            return File(bytes(content), kind), None
        return _no_file(response.status_code, bytes(content))


def _signed(query: Mapping[str, str] | None, token: str) -> dict[str, str]:
    return {**(query or {}), "access_token": token}


def template_data(name: str, template: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Our fields under the platform's names, cut and written as their value types demand."""
    return {
        theirs: {"value": _fitted(theirs, str(template.get(ours, "")))}
        for ours, theirs in template_fields()[name].items()
    }


def _fitted(name: str, value: str) -> str:
    """The letters of a name are its type: `thing` holds 20 characters, `time` a Chinese date."""
    kind = name.rstrip("0123456789")
    if kind in {"time", "date"}:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return value
        return f"{day.year}年{day.month}月{day.day}日"
    line = " ".join(value.split())
    return line if len(line) <= LONGEST_THING else line[: LONGEST_THING - 1] + "…"


def _outcome_of_failure(error: httpx.HTTPError) -> SendOutcome:
    """Without a connection nothing left us; after that, nobody knows."""
    result = Result.RETRY if isinstance(error, _NEVER_LEFT) else Result.UNKNOWN
    return SendOutcome(result, reason=type(error).__name__)


def _read(status: int, content: bytes) -> Answer:
    """The body decides. One that is no answer of the platform's tells nothing about the message."""
    body = _object(content)
    errcode = body.get("errcode")
    if not isinstance(errcode, int):
        return Answer(SendOutcome(Result.UNKNOWN, str(status), "no_answer_in_body"), body)
    if errcode == 0:
        return Answer(SendOutcome(Result.ACCEPTED, "0"), body, 0)
    outcome = outcome_of(errcode)
    if outcome.result is Result.OPERATOR:
        log.error("wechat.operator_needed", code=outcome.code, reason=outcome.reason)
    return Answer(outcome, body, errcode)


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _no_file(status: int, content: bytes) -> tuple[SendOutcome, int | None]:
    """Errors come as JSON with status 200. Anything else may be better next time."""
    answer = _read(status, content)
    if answer.errcode is None:
        return SendOutcome(Result.RETRY, str(status), "not_a_file"), None
    return answer.outcome, answer.errcode
