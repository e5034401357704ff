"""A doctor's answer in words: to the notice it stands under, or to the last one that was rung.

The same words mean the same in a webhook's answer, in WeCom and by SMS. What may be said about a
patient stays in the inbox: an answer names codes and colleagues only.
"""

from __future__ import annotations

import re
import tomllib
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
_NOISE = re.compile(r"[\s,，。.!！、:：#【】\[\]编号]+")


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


def understood(text: str) -> tuple[str | None, str | None]:
    """The action and the code in a reply; None for what is not there."""
    code = _CODE.search(text)
    rest = _NOISE.sub("", _CODE.sub("", text, count=1))
    return words().meaning.get(rest), code[0] if code else None


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
    practitioner_id: str,
    accepted: Accepted,
    text: str,
    now: datetime,
) -> None:
    """Do what a practitioner's SMS says, and text back what became of it."""
    said = to_latest(session, vault, practitioner_id, text, now)
    _, code = understood(text)
    draft = Draft(
        purpose=NOTICE,
        text_key="bell.acknowledged",
        body=said,
        send_key=f"answered:{accepted.message_id}",
        contact_point_id=accepted.contact_point_id,
        template={"code": code} if code else {},
        expires_at=now + _ANSWER_LIVES,
    )
    outbound.queue(session, vault, draft, now)


def whose(session: Session, vault: Vault, number: str, text: str, now: datetime) -> str | None:
    """The practitioner whose answer this SMS is; None: it is a patient's message.

    The number must be one that doctors are rung at, the words must be exactly an answer, and an
    alarm they were rung for must be open. With a code it must be the code of such an alarm.
    """
    action, code = understood(text)
    if action is None:
        return None
    bare = text.strip()
    for practitioner_id in bells.holders(session, vault, number):
        notice = picking_up.latest(session, practitioner_id, now)
        if notice is None:
            continue
        codes = picking_up.open_codes(session, notice)
        if code is not None and code in codes:
            return practitioner_id
        if code is None and codes and _counts(session, vault, number, bare):
            return practitioner_id
    return None


def _counts(session: Session, vault: Vault, number: str, bare: str) -> bool:
    """Whether a word alone is an answer from this number, and not one to a question of ours."""
    if bare not in words().bare:
        return False
    if bare not in words().ambiguous:
        return True
    contact = messages.contact_point_at(session, vault, Address(CHANNEL, ACCOUNT, number))
    return contact is None or not contact.awaiting


def _still_open(codes: tuple[str, ...]) -> str:
    return render("bell.still_open", codes=fit("codes", "、".join(codes))) if codes else ""
