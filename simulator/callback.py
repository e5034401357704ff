"""The wire to the product's callback: one signed request, one answer, no memory."""

import secrets
import time
from dataclasses import dataclass
from enum import StrEnum

import httpx

from simulator.clock import Clock
from simulator.codec import Codec, CodecError, Fields, build_xml, read_xml
from simulator.messages import seconds
from simulator.settings import Mode

ACKNOWLEDGED = frozenset({"", "success"})
SERVER_ERROR = 500


class Outcome(StrEnum):
    """What the platform makes of an answer."""

    ACCEPTED = "accepted"  # empty or "success"
    REPLIED = "replied"  # a passive reply for the patient
    UNANSWERED = "unanswered"  # no answer in time, or 5xx: it will be sent again
    INVALID = "invalid"  # anything else: the patient is told that the account is out of order


@dataclass(frozen=True, slots=True)
class Answer:
    """The callback's answer; `status` 0 means that there was none."""

    outcome: Outcome
    status: int
    ms: float
    reason: str = ""
    reply: dict[str, str] | None = None


class CallbackWire:
    """Signs, encrypts and posts to one callback address."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        codec: Codec,
        *,
        clock: Clock,
        mode: Mode = "safe",
        answer_within: float = 5.0,
    ) -> None:
        self._http = http
        self._url = url
        self._codec = codec
        self._clock = clock
        self._mode = mode
        self._answer_within = answer_within

    async def verify(self) -> bool:
        """Ask the callback to echo, as WeChat does when the address is saved."""
        echo = secrets.token_hex(10)
        params = {**self._signed(), "echostr": echo}
        try:
            response = await self._http.get(self._url, params=params, timeout=self._answer_within)
        except httpx.HTTPError:
            return False
        return response.status_code == httpx.codes.OK and response.text == echo

    async def post(self, fields: Fields) -> Answer:
        """Send one message once. It is encrypted anew each time, with its MsgId unchanged."""
        params, body = self._request(fields)
        started = time.perf_counter()
        try:
            response = await self._http.post(
                self._url,
                params=params,
                content=body.encode(),
                headers={"content-type": "text/xml"},
                timeout=self._answer_within,
            )
        except httpx.HTTPError as error:
            return Answer(Outcome.UNANSWERED, 0, _since(started), type(error).__name__)
        return self._judge(response, _since(started))

    def _request(self, fields: Fields) -> tuple[dict[str, str], str]:
        params = {**self._signed(), "openid": str(fields["FromUserName"])}
        plain = build_xml(fields)
        if self._mode == "plain":
            return params, plain
        encrypted = self._codec.encrypt(plain)
        params["encrypt_type"] = "aes"
        params["msg_signature"] = self._codec.sign(params["timestamp"], params["nonce"], encrypted)
        shown = fields if self._mode == "compatible" else {"ToUserName": fields["ToUserName"]}
        return params, build_xml({**shown, "Encrypt": encrypted})

    def _signed(self) -> dict[str, str]:
        timestamp, nonce = str(seconds(self._clock())), str(secrets.randbelow(10**10))
        signature = self._codec.sign(timestamp, nonce)
        return {"signature": signature, "timestamp": timestamp, "nonce": nonce}

    def _judge(self, response: httpx.Response, ms: float) -> Answer:
        status = response.status_code
        if status >= SERVER_ERROR:
            return Answer(Outcome.UNANSWERED, status, ms, f"HTTP {status}")
        if status != httpx.codes.OK:
            return Answer(Outcome.INVALID, status, ms, f"HTTP {status}")
        if response.text.strip() in ACKNOWLEDGED:
            return Answer(Outcome.ACCEPTED, status, ms)
        try:
            reply = self._read_reply(response.text)
        except CodecError as error:
            return Answer(Outcome.INVALID, status, ms, str(error))
        return Answer(Outcome.REPLIED, status, ms, reply=reply)

    def _read_reply(self, body: str) -> dict[str, str]:
        reply = read_xml(body if self._mode == "plain" else self._codec.open_reply(body))
        if not {"ToUserName", "MsgType"} <= reply.keys():
            message = "the reply lacks ToUserName or MsgType"
            raise CodecError(message)
        return reply


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
