"""Twilio and whoever speaks like it, for places outside China: free words out, signed callbacks in.

A refusal is a 4xx with a code in the body, a message taken is a 201 with its SID. Receipts name the
try in their address, so that a send that never came back is closed all the same. Twilio itself ends
and begins again at STOP and START, and refuses with 21610 whatever we send in between.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

import httpx
import structlog

from channels.port import NOT_FOLLOWING, Balance, Letter, Result, SendOutcome
from channels.sms.calling import CALL_SECONDS, Answered, call
from channels.sms.inlet import PushAnswer, Pushed, PushError, PushRequest
from channels.sms.line import ACCOUNT, CHANNEL
from channels.sms.loose_json import object_in, text_of
from records.identity import new_id
from records.messages import Arrival
from records.outbound import Receipt
from records.phone_numbers import e164

KIND = "twilio"
PROVIDER = f"{KIND}:{ACCOUNT}"
# What an ordinary number may send. Twilio queues the rest, but in its own order, not in ours.
PER_SECOND = 1.0
LONGEST = 1600
SIGNATURE = "x-twilio-signature"

# Codes of refusals and of receipts. 2xxxx is the check of what we asked, made before anything is
# sent; 3xxxx is what a network said of a message.
CODES: Mapping[str, tuple[Result, str]] = {
    # too much at once
    "14107": (Result.RETRY, "throttled"),
    "20429": (Result.RETRY, "throttled"),
    "21611": (Result.RETRY, "queue_full"),
    "63018": (Result.RETRY, "throttled"),
    # theirs: nobody says how far the message got
    "20500": (Result.UNKNOWN, "provider_fault"),
    "20503": (Result.UNKNOWN, "provider_fault"),
    # this person, this number
    "21610": (Result.CHANNEL_CLOSED, NOT_FOLLOWING),
    "21211": (Result.NEVER, "number_illegal"),
    "21214": (Result.NEVER, "number_not_served"),
    "21217": (Result.NEVER, "number_illegal"),
    "21265": (Result.NEVER, "number_illegal"),
    "21604": (Result.NEVER, "number_illegal"),
    "21612": (Result.NEVER, "number_not_served"),
    "21614": (Result.NEVER, "not_a_mobile_number"),
    "21635": (Result.NEVER, "not_a_mobile_number"),
    # these words
    "21602": (Result.NEVER, "empty_text"),
    "21605": (Result.NEVER, "too_long"),
    "21617": (Result.NEVER, "too_long"),
    # our account
    "20003": (Result.OPERATOR, "key"),
    "20005": (Result.OPERATOR, "account"),
    "20404": (Result.OPERATOR, "account"),
    "21212": (Result.OPERATOR, "sender"),
    "21219": (Result.OPERATOR, "trial_account"),
    "21408": (Result.OPERATOR, "country_not_allowed"),
    "21601": (Result.OPERATOR, "sender"),
    "21603": (Result.OPERATOR, "sender"),
    "21606": (Result.OPERATOR, "sender"),
    "21607": (Result.OPERATOR, "trial_account"),
    "21608": (Result.OPERATOR, "trial_account"),
    "21609": (Result.OPERATOR, "callback_address"),
    "21703": (Result.OPERATOR, "sender"),
    "21704": (Result.OPERATOR, "sender"),
    "21705": (Result.OPERATOR, "sender"),
    "63038": (Result.OPERATOR, "account_daily_limit"),
    # what networks say
    "30001": (Result.RETRY, "queue_full"),
    "30002": (Result.OPERATOR, "account"),
    "30003": (Result.NEVER, "phone_off"),
    "30004": (Result.NEVER, "network_blocks"),
    "30005": (Result.NEVER, "number_out_of_use"),
    "30006": (Result.NEVER, "not_a_mobile_number"),
    "30007": (Result.NEVER, "words_refused"),
    "30008": (Result.NEVER, "network"),
    "30010": (Result.OPERATOR, "price_limit"),
    "30034": (Result.OPERATOR, "sender_not_registered"),
}
# What may be said of a message: whether it arrived; None: not the last word.
STATUSES: Mapping[str, bool | None] = {
    "accepted": None,
    "scheduled": None,
    "queued": None,
    "sending": None,
    "sent": None,
    "delivered": True,
    "read": True,
    "undelivered": False,
    "failed": False,
    "canceled": False,
}
# The whole message of somebody who ends it, or begins again. Twilio answers both itself.
STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
START = frozenset({"start", "unstop"})
_STOPPED = "21610"

# How often Twilio comes again with a receipt that we did not take: by default it never does.
_AGAIN = "#rc=3&rp=5xx,ct,rt"
_LONGEST_VALIDITY = 36_000
_SERVICE = "MG"
_PORTS = {"http": 80, "https": 443}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Twilio:
    """Sends for one account. A `Channel` and a `Purse`. `sender`: a number or a messaging service."""

    http: httpx.AsyncClient
    account_sid: str
    auth_token: str = field(repr=False)
    sender: str
    push_url: str
    base: str = "https://api.twilio.com"
    name: str = CHANNEL
    provider: str = PROVIDER
    windowed: bool = False
    free_text: bool = True
    sends_per_second: float = PER_SECOND
    patience: float = CALL_SECONDS

    def has_template(self, name: str) -> bool:
        return False

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        """Hand over the words, with the try's own name in the address of its receipts."""
        number = e164(letter.address)
        if number is None:
            return SendOutcome(Result.NEVER, "number", "not_a_phone_number")
        body = letter.body.replace("\x00", "")
        if not body.strip():
            return SendOutcome(Result.NEVER, "text", "empty_text")
        if len(body) > LONGEST:
            return SendOutcome(Result.NEVER, "text", "too_long")
        answered = await self._call("POST", "Messages", self._form(number, body, letter, now))
        return answered if isinstance(answered, SendOutcome) else _outcome(answered)

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        """No templates here: the words themselves go."""
        return await self.send_text(letter, now)

    async def balance(self, now: datetime) -> Balance | SendOutcome:
        """What is left, in the account's currency."""
        answered = await self._call("GET", "Balance")
        if isinstance(answered, SendOutcome):
            return answered
        body = object_in(answered.content)
        try:
            return Balance(float(text_of(body.get("balance"))), text_of(body["currency"]).lower())
        except (KeyError, ValueError):
            return _refusal(answered)

    def _form(self, number: str, body: str, letter: Letter, now: datetime) -> dict[str, str]:
        sender = "MessagingServiceSid" if self.sender.startswith(_SERVICE) else "From"
        attempt = quote(letter.attempt_id or new_id())
        form = {
            "To": number,
            sender: self.sender,
            "Body": body.encode("utf-8", "replace").decode(),
            "StatusCallback": f"{self.push_url}?attempt={attempt}{_AGAIN}",
        }
        if letter.expires_at is not None:
            left = int((letter.expires_at - now).total_seconds())
            form["ValidityPeriod"] = str(min(max(1, left), _LONGEST_VALIDITY))
        return form

    async def _call(
        self, method: str, what: str, form: Mapping[str, str] | None = None
    ) -> Answered | SendOutcome:
        account = f"{self.base.rstrip('/')}/2010-04-01/Accounts/{quote(self.account_sid)}"
        basic = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode())
        return await call(
            self.http,
            method,
            f"{account}/{what}.json",
            seconds=self.patience,
            headers={"authorization": b"Basic " + basic},
            data=form,
        )


@dataclass(frozen=True, slots=True)
class TwilioInlet:
    """Reads receipts and messages, once their signature is found good."""

    account_sid: str
    auth_token: str = field(repr=False)
    name: str = KIND
    provider: str = PROVIDER
    signed: bool = True

    def read(self, request: PushRequest, now: datetime) -> Pushed:
        """A push with a status is a receipt, one with a body is a message."""
        posted = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        given = request.headers.get(SIGNATURE, "")
        if not is_signed(self.auth_token, request.url, posted, given):
            raise PushError(reason="signature", forged=True)
        asked = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        fields = dict([*asked, *posted])
        if fields.get("AccountSid", self.account_sid) != self.account_sid:
            raise PushError(reason="another_account")
        if fields.get("MessageStatus"):
            return self._receipt(fields, now)
        if fields.get("MessageSid") and "Body" in fields:
            return _message(fields, now)
        raise PushError(reason="neither_receipt_nor_message")

    def answer(self, *, ok: bool) -> PushAnswer:
        """Words in this answer would be sent to the person: there are none."""
        return PushAnswer(200 if ok else 503, "text/xml; charset=utf-8", "<Response/>")

    def _receipt(self, fields: Mapping[str, str], now: datetime) -> Pushed:
        status, sid = fields["MessageStatus"], fields.get("MessageSid", "")
        delivered = STATUSES.get(status)
        if delivered is None or not sid:
            log.info("twilio.not_the_last_word", status=status if status in STATUSES else "other")
            return Pushed()
        code = fields.get("ErrorCode", "")
        receipt = Receipt(
            provider_id=sid,
            delivered=delivered,
            code=f"{status}/{code}" if code else status,
            provider=self.provider,
            attempt_id=fields.get("attempt") or None,
            at=now,
            stops=code == _STOPPED,
        )
        return Pushed(receipts=(receipt,))


def _message(fields: Mapping[str, str], now: datetime) -> Pushed:
    sender, text = e164(fields.get("From", "")), fields["Body"].replace("\x00", "")
    if sender is None or not text.strip():
        log.info("twilio.no_person")
        return Pushed()
    said = (fields.get("OptOutType") or text).strip().casefold()
    # What Twilio answers itself needs no answer of ours, and ours would be refused after a STOP.
    follows = False if said in STOP else True if said in START else None
    arrival = Arrival(
        channel=CHANNEL,
        account=ACCOUNT,
        address=sender,
        external_id=f"{KIND}:{fields['MessageSid'][:64]}",
        kind="event" if follows is False else "text",
        event={"event": "unsubscribe"} if follows is False else {},
        sent_at=now,
        text="" if follows is False else text,
        follows=follows,
        waits=follows is None,
    )
    return Pushed(arrivals=(arrival,))


def is_signed(token: str, url: str, posted: list[tuple[str, str]], given: str) -> bool:
    """Whether Twilio signed this. It names the port of the address or not, as it pleases."""
    parts = urlsplit(url)
    return any(
        hmac.compare_digest(signature(token, one, posted).encode(), given.encode())
        for one in {url, _with_port(parts), _without_port(parts)}
    )


def signature(token: str, url: str, posted: list[tuple[str, str]]) -> str:
    """Base64 of the HMAC-SHA1 over the address and every field, by name, each value once."""
    values: dict[str, set[str]] = defaultdict(set)
    for name, value in posted:
        values[name].add(value)
    told = "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    digest = hmac.new(token.encode(), f"{url}{told}".encode("utf-8", "replace"), hashlib.sha1)
    return base64.b64encode(digest.digest()).decode()


def _with_port(parts: SplitResult) -> str:
    if parts.port or parts.scheme not in _PORTS:
        return parts.geturl()
    return parts._replace(netloc=f"{parts.netloc}:{_PORTS[parts.scheme]}").geturl()


def _without_port(parts: SplitResult) -> str:
    return parts._replace(netloc=parts.netloc.removesuffix(f":{parts.port}")).geturl()


def _outcome(answered: Answered) -> SendOutcome:
    """Taken is a SID that has not failed already."""
    body = object_in(answered.content)
    sid, status = text_of(body.get("sid")), text_of(body.get("status"))
    if not httpx.codes.is_success(answered.status) or not sid:
        return _refusal(answered)
    if STATUSES.get(status) is not False:
        return SendOutcome(Result.ACCEPTED, status, provider_id=sid)
    code = text_of(body.get("error_code"))
    result, reason = CODES.get(code, (Result.NEVER, "network"))
    return SendOutcome(result, code or status, reason)


def _refusal(answered: Answered) -> SendOutcome:
    """By the code in the body. Without one, somebody between us may have answered."""
    code = text_of(object_in(answered.content).get("code"))
    if not code or httpx.codes.is_success(answered.status):
        return SendOutcome(Result.UNKNOWN, str(answered.status), "no_answer_in_body")
    refused = httpx.codes.is_client_error(answered.status)
    unlisted = (Result.OPERATOR, "refused") if refused else (Result.UNKNOWN, "provider_fault")
    result, reason = CODES.get(code, unlisted)
    if result is Result.OPERATOR:
        log.error("sms.operator_needed", kind=KIND, code=code, reason=reason)
    return SendOutcome(result, code, reason)
