"""What providers answered, in words: the meaning of a code, what to do about it, how a message stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from channels.port import Result
from inbox.standing import Standing
from inbox.words import because, word, words_of
from records.outbound import ACCEPTED, DELIVERED, QUEUED, SENDING, UNKNOWN

# Where a kind of provider keeps its tables: code -> (result, our word for it).
_TABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "wechat": ("channels.wechat.errors", ("ERRORS",)),
    "wecom": ("channels.wecom.errors", ("ERRORS",)),
    "aliyun": ("channels.sms.aliyun", ("SEND", "RECEIPT")),
    "tencent": ("channels.sms.tencent", ("SEND", "RECEIPT")),
    "kannel": ("channels.sms.kannel", ("ANSWERS",)),
    "gammu": ("channels.sms.gammu", ("DISK",)),
    "twilio": ("channels.sms.twilio", ("CODES",)),
}
# A gateway that is known by its HTTP status alone, and whose receipts are numbers.
_BY_STATUS = {
    "kannel": {"403": "user_refused", "503": "gateway_busy", "2": "network", "16": "rejected"}
}
# Of these three figures, no provider's own table has one.
_HTTP_STATUS = re.compile(r"[1-5]\d\d")
_CALM, _WAITING, _ALARMING = "calm", "waiting", "alarming"
_TONES = {ACCEPTED: _CALM, DELIVERED: _CALM, QUEUED: _WAITING, SENDING: _WAITING}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A provider's code in plain words. `do` is empty where nobody need do anything."""

    code: str
    says: str
    do: str


def meaning_of(provider: str, code: str | None) -> Meaning:
    """What a code means. One that is in no table is shown as it is, with where to look."""
    if not code:
        return Meaning("", "", "")
    kind = provider.partition(":")[0]
    known, ours = words_of("code_says"), reasons(kind)
    # A gateway's receipt is its own number and the carrier's words behind a stroke.
    head = code.partition("/")[0]
    found = (ours.get(code), code, ours.get(head), "http_status" if _is_status(code) else None)
    reason = next((one for one in found if one in known), None)
    if reason is None:
        return Meaning(code, word("code_says", "unlisted"), word("code_do", "unlisted"))
    return Meaning(code, known[reason], words_of("code_do").get(reason, ""))


@cache
def reasons(kind: str) -> Mapping[str, str]:
    """Our words for a provider's codes."""
    name, tables = _TABLES.get(kind, ("", ()))
    if not name:
        return {}
    module = import_module(name)
    found: dict[str, str] = dict(_BY_STATUS.get(kind, {}))
    for table in tables:
        rows: Mapping[object, tuple[object, ...]] = getattr(module, table)
        # The word stands beside the result of a send, and beside whether a receipt ends consent.
        for code, row in rows.items():
            found[str(code)] = next((str(one) for one in reversed(row) if _is_word(one)), "")
    return found


def _is_status(code: str) -> bool:
    return _HTTP_STATUS.fullmatch(code) is not None


def _is_word(one: object) -> bool:
    return isinstance(one, str) and not isinstance(one, Result)


def stands(state: str, reason: str) -> Standing:
    """How a message stands, and what somebody should do about it."""
    text = word("message_state", state)
    why = because(reason)
    if why and state not in (ACCEPTED, DELIVERED):
        text = f"{text}（{why}）"
    do = word("message_do", state) if state == UNKNOWN or state not in _TONES else ""
    return Standing(f"{text}。{do}", _TONES.get(state, _ALARMING))
