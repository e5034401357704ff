"""A doctor's answer in words: to the notice it stands under, or to the last one that was rung.

The same words mean the same in a webhook's answer, in WeCom and by SMS. What may be said about a
patient stays in the inbox: an answer names codes and colleagues only.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from sqlmodel import Session

from channels.sms.line import ACCOUNT, CHANNEL
from records import bells, messages, outbound, picking_up
from records.messages import Accepted, Address
from records.outbound import NOTICE, Draft
from records.tables import OutboundMessage
from records.vault import Vault
from texts.catalogue import fit, render

_SOURCE = Path(__file__).parent / "answering.toml"
_ANSWER_LIVES = timedelta(minutes=30)
_CODE = re.compile(r"(?<!\d)\d{4}(?!\d)")
# A value such as 12.0 is no 120.
_FIGURES = re.compile(r"\d\D+\d")
_QUESTIONS = "?"


@dataclass(frozen=True, slots=True)
class Words:
    """What each answer means, and which count from a phone number without a code."""

    meaning: Mapping[str, str]
    bare: frozenset[str]
    ambiguous: frozenset[str]


@lru_cache(maxsize=1)
def words() -> Words:
    """The answers in use, read once per process."""
    read = tomllib.loads(_SOURCE.read_text("utf-8"))
    bare, ambiguous = read["sms"]["bare"], read["sms"]["ambiguous"]
    return Words(read["words"], frozenset(bare), frozenset(ambiguous))


@dataclass(frozen=True, slots=True)
class Caller:
    """A practitioner whose answer an SMS is. `unsure`: perhaps the patient's; only a code helps."""

    practitioner_id: str
    unsure: bool = False


def understood(text: str) -> tuple[str | None, str | None]:
    """The action and the code in a reply; None for what is not there."""
    word, code = _taken_apart(text)
    return words().meaning.get(word), code


def _taken_apart(text: str) -> tuple[str, str | None]:
    """The bare word of a reply and its code: phones add signs, brackets and wide figures."""
    plain = unicodedata.normalize("NFKC", text)
    code = _CODE.search(plain)
    rest = _CODE.sub("", plain, count=1).replace("编号", "").strip()
    if _FIGURES.search(rest):
        return rest, code[0] if code else None
    return "".join(sign for sign in rest if not _is_noise(sign)), code[0] if code else None


def _is_noise(sign: str) -> bool:
    """Spaces, marks and little pictures. A question mark changes what is said."""
    kind = unicodedata.category(sign)
    return sign not in _QUESTIONS and (kind[0] in "PZCM" or kind in {"So", "Sk"})


def to_notice(
    session: Session, vault: Vault, notice: OutboundMessage, text: str, now: datetime
) -> str:
    """Do what an answer to this notice says. Returns what became of it, in words."""
    action, code = understood(text)
    if action is None:
        return render("bell.help") + _still_open(picking_up.open_codes(session, notice))
    answered = picking_up.pick_up(session, vault, notice, action, code, now)
    values: dict[str, str] = {}
    if answered.kind in {"acknowledged", "closed", "late", "unknown_code"}:
        values["code"] = answered.code
    if answered.kind == "late":
        values["by"] = fit("by", answered.by or render("bell.colleague"))
    if answered.kind == "closed":
        values["outcome"] = render(f"bell.outcome_{action}")
    return render(f"bell.{answered.kind}", **values) + _still_open(answered.others)


def to_latest(
    session: Session, vault: Vault, practitioner_id: str, text: str, now: datetime
) -> str:
    """Do what a practitioner says about the last alarm they were rung for."""
    notice = picking_up.latest(session, practitioner_id, now)
    if notice is None:
        return render("bell.nothing_open")
    return to_notice(session, vault, notice, text, now)


def by_sms(
    session: Session,
    vault: Vault,
    caller: Caller,
    accepted: Accepted,
    text: str,
    now: datetime,
) -> None:
    """Do what a practitioner's SMS says, and text back what became of it."""
    said, key = _which_one(session, caller, now), "bell.which"
    if not caller.unsure:
        said = to_latest(session, vault, caller.practitioner_id, text, now)
        key = "bell.acknowledged"
    _, code = understood(text)
    draft = Draft(
        purpose=NOTICE,
        text_key=key,
        body=said,
        send_key=f"answered:{accepted.message_id}",
        contact_point_id=accepted.contact_point_id,
        template={"code": code} if code else {},
        expires_at=now + _ANSWER_LIVES,
    )
    outbound.queue(session, vault, draft, now)


def whose(session: Session, vault: Vault, number: str, text: str, now: datetime) -> Caller | None:
    """The practitioner whose answer this SMS is; None: it is a patient's message.

    The number must be one that doctors are rung at, the words must be exactly an answer, and an
    alarm they were rung for must be open. With a code it must be the code of such an alarm.
    """
    word, code = _taken_apart(text)
    if word not in words().meaning:
        return None
    contact = messages.contact_point_at(session, vault, Address(CHANNEL, ACCOUNT, number))
    for practitioner_id in bells.holders(session, vault, number):
        notice = picking_up.latest(session, practitioner_id, now)
        if notice is None:
            continue
        codes = picking_up.open_codes(session, notice)
        if code is not None and code in codes:
            return Caller(practitioner_id)
        if code is None and codes and word in words().bare:
            if contact is None or not contact.awaiting:
                return Caller(practitioner_id)
            if word not in words().ambiguous:
                rung = picking_up.rang_last(session, practitioner_id, contact.id)
                return Caller(practitioner_id, unsure=not rung)
    return None


def _which_one(session: Session, caller: Caller, now: datetime) -> str:
    notice = picking_up.latest(session, caller.practitioner_id, now)
    return render("bell.which") + _still_open(
        picking_up.open_codes(session, notice) if notice else ()
    )


def _still_open(codes: tuple[str, ...]) -> str:
    return render("bell.still_open", codes=fit("codes", "、".join(codes))) if codes else ""
