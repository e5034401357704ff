"""Kannel: any carrier that speaks SMPP, over the HTTP interface of its smsbox.

Kannel keeps what the carrier does not take at once, so `accepted` means that Kannel has it. Its
answers carry no id: the try's own name travels in the address that it reports to.
deploy/kannel/kannel.conf is the other half of this module.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import structlog

from channels.port import Letter, Result, SendOutcome
from channels.sms.calling import Answered, call
from channels.sms.inlet import PushAnswer, Pushed, PushError, PushRequest
from channels.sms.line import ACCOUNT, CHANNEL
from channels.sms.wide import unlabelled_wide
from records.identity import new_id
from records.messages import Arrival
from records.outbound import Receipt
from records.phone_numbers import e164
from texts.segments import JOINED, SINGLE, sms_segments, sms_units

KIND = "kannel"
PER_SECOND = 20.0
# `max-messages` of our user: Kannel cuts off in silence what is longer.
LONGEST_PARTS = 10

CARRIER_DOWN = "carrier_is_down"

# What smsbox answers begins with these words; what is in none of them goes by its status.
ANSWERS: Mapping[str, tuple[Result, str]] = {
    "0: Accepted": (Result.ACCEPTED, ""),
    "3: Queued": (Result.ACCEPTED, CARRIER_DOWN),
    "Temporal failure": (Result.RETRY, "gateway_busy"),
    "Number(s) has/have been denied": (Result.NEVER, "number_refused"),
    "Empty receiver": (Result.NEVER, "number_refused"),
    "Charset or body": (Result.NEVER, "body_refused"),
    "Not routable": (Result.OPERATOR, "no_carrier_for_number"),
    "Authorization failed": (Result.OPERATOR, "user_refused"),
    "Sender missing": (Result.OPERATOR, "sender_missing"),
}
# %d of a report: whether it arrived; None: not the last word.
REPORTS: Mapping[int, bool | None] = {
    1: True,  # delivered to the phone
    2: False,  # not delivered
    4: None,  # the carrier keeps it for the phone
    8: None,  # the carrier has it
    16: False,  # the carrier refuses it, or it grew stale in Kannel
    32: None,  # on its way
}
# Only last words are asked for: 1 + 2 + 16.
_ASKED_FOR = 19
# What the carriers and aggregators of China write for a number that is on a list of theirs.
BLACKLISTED = frozenset({"MBBLACK", "SGBLACK", "BLACK", "BLKFAIL", "DB:0141", "MI:0084"})

_PUSH_FIELDS = "status=%d&answer=%A&at=%T"
_STATE = re.compile(r"\bstat:([\w:]{1,12})")
_ERROR = re.compile(r"\berr:([\w:]{1,12})")
_REFUSAL = re.compile(r"^NACK/(0x[0-9a-fA-F]{1,8}|[a-z ]{1,30})")
_NAME = re.compile(r"[\w-]{1,64}")
_STATUS = re.compile(r"[0-9]{1,3}")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KannelGateway:
    """Sends over one smsbox. `push_url` is our inlet with its token, as Kannel reaches it."""

    http: httpx.AsyncClient
    url: str
    username: str
    password: str = field(repr=False)
    push_url: str = field(repr=False)
    sender: str | None = None
    smsc: str | None = None
    account: str = ACCOUNT
    name: str = CHANNEL
    windowed: bool = False
    free_text: bool = True
    sends_per_second: float = PER_SECOND

    @property
    def provider(self) -> str:
        return f"{KIND}:{self.account}"

    def has_template(self, name: str) -> bool:
        return False

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        """Hand the message to smsbox. The words and the number stand in no address, hence in no log."""
        number = e164(letter.address)
        if number is None:
            return SendOutcome(Result.NEVER, "number", "not_a_phone_number")
        body = letter.body.replace("\x00", "")
        if not body.strip():
            return SendOutcome(Result.NEVER, "text", "empty_text")
        if sms_segments(body) > LONGEST_PARTS:
            return SendOutcome(Result.NEVER, "text", "too_long")
        attempt_id = letter.attempt_id or new_id()
        answered = await call(
            self.http,
            "POST",
            f"{self.url.rstrip('/')}/cgi-bin/sendsms",
            headers=self._headers(number, attempt_id, letter.expires_at, now),
            content=whole_at_seams(body).encode("utf-8", "replace"),
        )
        if isinstance(answered, SendOutcome):
            return answered
        return _outcome(answered, attempt_id)

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        """A carrier knows no templates: the words themselves go."""
        return await self.send_text(letter, now)

    def _headers(
        self, number: str, attempt_id: str, expires_at: datetime | None, now: datetime
    ) -> dict[str, str | bytes]:
        fields = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": self.username,
            "X-Kannel-Password": self.password,
            "X-Kannel-To": number,
            "X-Kannel-From": self.sender,
            "X-Kannel-SMSC": self.smsc,
            "X-Kannel-Coding": "2",
            "X-Kannel-DLR-Mask": str(_ASKED_FOR),
            "X-Kannel-DLR-Url": self._reported_at(attempt_id),
            "X-Kannel-Validity": _minutes(expires_at, now),
        }
        return {name: value for name, value in fields.items() if value}

    def _reported_at(self, attempt_id: str) -> str:
        """In this address `%` is Kannel's own sign."""
        return f"{self.push_url.replace('%', '%%')}?attempt={quote(attempt_id)}&{_PUSH_FIELDS}"


@dataclass(frozen=True, slots=True)
class KannelInlet:
    """Reads what smsbox calls us with: reports, and people's messages by post-url or get-url."""

    account: str = ACCOUNT
    name: str = KIND
    signed: bool = False

    @property
    def provider(self) -> str:
        return f"{KIND}:{self.account}"

    def read(self, request: PushRequest, now: datetime) -> Pushed:
        """A report names a try of ours, a message names who wrote."""
        fields = _fields(request.url)
        if "attempt" in fields:
            return self._report(fields, now)
        if request.method == "POST":
            fields["from"] = request.headers.get("x-kannel-from", "").encode()
            fields["text"] = request.body
        if fields.get("from") and "text" in fields:
            return self._message(fields, now)
        reason = "neither_report_nor_message"
        raise PushError(reason)

    def answer(self, *, ok: bool) -> PushAnswer:
        """Whatever we answered to a message would go to the sender as an SMS: nothing."""
        return PushAnswer(200 if ok else 503)

    def _report(self, fields: Mapping[str, bytes], now: datetime) -> Pushed:
        attempt_id, status = _text(fields, "attempt"), _text(fields, "status")
        if not _NAME.fullmatch(attempt_id) or not _STATUS.fullmatch(status):
            reason = "report_unreadable"
            raise PushError(reason)
        delivered = REPORTS.get(int(status))
        if delivered is None:
            log.info("kannel.not_the_last_word", status=int(status))
            return Pushed()
        words = _said(_text(fields, "answer"))
        receipt = Receipt(
            provider_id=attempt_id,
            delivered=delivered,
            code="/".join((status, *words)),
            provider=self.provider,
            attempt_id=attempt_id,
            at=_instant(fields, now),
            stops=not delivered and not BLACKLISTED.isdisjoint(words),
        )
        return Pushed(receipts=(receipt,))

    def _message(self, fields: Mapping[str, bytes], now: datetime) -> Pushed:
        sender = e164(_text(fields, "from"))
        text = _decoded(fields["text"], _text(fields, "charset")).replace("\x00", "")
        if sender is None or not text.strip():
            log.info("kannel.no_person")
            return Pushed()
        arrival = Arrival(
            channel=CHANNEL,
            account=ACCOUNT,
            address=sender,
            external_id=f"{KIND}:{_identity(fields)}",
            kind="text",
            sent_at=_instant(fields, now),
            text=text,
        )
        return Pushed(arrivals=(arrival,))


def whole_at_seams(text: str) -> str:
    """The text with a space before a sign that Kannel would cut in two.

    Kannel cuts a long message every 67 units, emoji and rare hanzi (two units each) included; half a
    sign is refused by some carriers and shown as a box by some phones.
    """
    if sms_units(text) <= SINGLE:
        return text
    used, pieces = 0, []
    for sign in text:
        units = sms_units(sign)
        if units > 1 and used % JOINED == JOINED - 1:
            pieces.append(" ")
            used += 1
        pieces.append(sign)
        used += units
    return "".join(pieces)


def _outcome(answered: Answered, attempt_id: str) -> SendOutcome:
    said = answered.text.strip()
    found = next((row for words, row in ANSWERS.items() if said.startswith(words)), None)
    result, reason = found or _by_status(answered.status)
    code = f"{answered.status}/{said[0]}" if result is Result.ACCEPTED else str(answered.status)
    if result is Result.OPERATOR:
        log.error("sms.operator_needed", kind=KIND, code=code, reason=reason)
    elif reason == CARRIER_DOWN:
        log.warning("kannel.carrier_is_down", code=code)
    accepted = result is Result.ACCEPTED
    return SendOutcome(result, code, reason, attempt_id if accepted else None)


def _by_status(status: int) -> tuple[Result, str]:
    """Smsbox says no with 4xx. Any other status may be somebody's who stands between us."""
    if httpx.codes.is_client_error(status):
        return Result.OPERATOR, "gateway_refused"
    return Result.UNKNOWN, "no_answer_of_kannel"


def _minutes(expires_at: datetime | None, now: datetime) -> str | None:
    """How long Kannel and the carrier may keep it, in whole minutes."""
    if expires_at is None:
        return None
    return str(max(1, int((expires_at - now).total_seconds() // 60)))


def _fields(url: str) -> dict[str, bytes]:
    """The query as bytes: its letters are in whatever charset the carrier used."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, encoding="latin-1")
    return {name: value.encode("latin-1") for name, value in pairs}


def _text(fields: Mapping[str, bytes], name: str) -> str:
    return fields.get(name, b"").decode("ascii", "replace").strip()


def _decoded(content: bytes, charset: str) -> str:
    """The words; `mo-recode` makes them UTF-8, and a carrier that lies about it sends GBK."""
    wide = unlabelled_wide(content) if _is_utf8(charset) else None
    if wide is not None:
        log.warning("kannel.charset_odd", labelled=bool(charset), read_as="utf-16-be")
        return wide
    for named in (charset or "utf-8", "utf-8", "gb18030"):
        try:
            return content.decode(named)
        except (LookupError, UnicodeDecodeError):
            continue
    return content.decode("utf-8", "replace")


def _is_utf8(charset: str) -> bool:
    return charset.lower().replace("_", "-") in {"", "utf-8", "utf8"}


def _said(answer: str) -> tuple[str, ...]:
    """The codes in a carrier's answer; its text field repeats the message and is left out."""
    refusal = _REFUSAL.match(answer)
    if refusal:
        return (refusal[1].strip().replace(" ", "_"),)
    head = answer.partition(" text:")[0]
    return tuple(found[1] for pattern in (_STATE, _ERROR) if (found := pattern.search(head)))


def _instant(fields: Mapping[str, bytes], now: datetime) -> datetime:
    at = _text(fields, "at")
    if not at.isdecimal():
        return now
    try:
        return datetime.fromtimestamp(int(at), UTC)
    except (OverflowError, ValueError, OSError):
        return now


def _identity(fields: Mapping[str, bytes]) -> str:
    """Kannel's own id of the message, the same when it asks again; without one, what it says."""
    named = _text(fields, "id")
    if _NAME.fullmatch(named):
        return named
    content = b"\x1f".join(fields.get(name, b"") for name in ("from", "at", "text"))
    return hashlib.sha256(content).hexdigest()[:40]
