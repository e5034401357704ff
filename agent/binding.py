"""Codes that were sent or scanned: used while the turn is loaded, answered in its reply.

Using a code is safe to repeat: a turn that failed afterwards finds it used by its own conversation
and says the same again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from agent import wording
from agent.context import SENDER, Heard, Member, TurnContext
from agent.decision import Part
from language.binding_code import Spotted, code_in
from records import binding
from records.binding import Outcome, Redeemed
from records.links import holder_of
from records.people import UNIDENTIFIED
from records.tables import ContactPoint
from records.vault import Vault

# What is carried to the next turn when an alarm left no room for the first words.
HELLO = "hello"
_GOOD = (Outcome.BOUND, Outcome.ALREADY)
_CLINIC = "卫生院"


def carries_code(messages: Sequence[Heard]) -> bool:
    """Whether there is something to redeem: a scan, or digits that may be a code."""
    return any(_scene(heard) or _spotted(heard) for heard in messages)


def redeem(
    session: Session,
    vault: Vault,
    contact: ContactPoint,
    messages: Sequence[Heard],
    now: datetime,
) -> tuple[Redeemed | None, tuple[Heard, ...]]:
    """Use every code in the messages. Returns what came of it, and the messages without codes."""
    found: list[Redeemed] = []
    left: list[Heard] = []
    for heard in messages:
        redeemed, rest = _one(session, vault, contact, heard, now)
        found += [redeemed] if redeemed else []
        left.append(rest)
    good = next((one for one in found if one.outcome in _GOOD), None)
    return good or next(iter(found), None), tuple(left)


def _one(
    session: Session, vault: Vault, contact: ContactPoint, heard: Heard, now: datetime
) -> tuple[Redeemed | None, Heard]:
    scene = _scene(heard)
    if scene:
        return binding.redeem_scene(session, vault, contact, scene, now), heard
    spotted = _spotted(heard)
    if spotted is None:
        return None, heard
    redeemed = binding.redeem_digits(session, vault, contact, spotted.digits, now)
    if _may_be_no_code(session, contact, spotted, redeemed):
        return None, heard
    return redeemed, replace(heard, text=spotted.rest)


def _scene(heard: Heard) -> str:
    return str(heard.event.get("scene") or "") if heard.kind == "event" else ""


def _spotted(heard: Heard) -> Spotted | None:
    return code_in(heard.text) if heard.kind in ("text", "voice") else None


def _may_be_no_code(
    session: Session, contact: ContactPoint, spotted: Spotted, redeemed: Redeemed
) -> bool:
    """Six digits of somebody we know, who did not call them a code, and that are none."""
    if spotted.named or redeemed.outcome not in (Outcome.UNKNOWN, Outcome.TOO_MANY):
        return False
    holder = holder_of(session, contact.id)
    return holder is not None and holder.status != UNIDENTIFIED


def first_words(context: TurnContext) -> tuple[Part, ...]:
    """What is said about a code, or what an alarm left unsaid; empty when there is nothing."""
    redeemed = context.redeemed
    if redeemed is None:
        tied = _tied(context, context.awaiting.get(HELLO))
        return _hello(tied, context) if tied else ()
    tied = _tied(context, redeemed.person_id)
    if redeemed.outcome is Outcome.TAKEN:
        name = tied.name if tied else ""
        return (wording.part("bound.taken", name=name or "别人"),)
    if tied is not None and redeemed.outcome in _GOOD:
        if redeemed.outcome is Outcome.ALREADY and not tied.pending:
            return (wording.part("bound.already", name=tied.name),)
        return _hello(tied, context)
    return (wording.part(f"bound.{redeemed.outcome}"),)


def unsaid(context: TurnContext, parts: Sequence[Part]) -> str | None:
    """The person whose first words an alarm or a doctor's takeover left no room for."""
    redeemed = context.redeemed
    waiting = context.awaiting.get(HELLO)
    if redeemed is not None and redeemed.outcome is Outcome.BOUND:
        waiting = redeemed.person_id
    said = any(part.key.startswith("bound.") for part in parts)
    return str(waiting) if waiting and not said else None


def _hello(tied: Member, context: TurnContext) -> tuple[Part, ...]:
    """Who we are, that this is no doctor, 120; and what we ask consent for."""
    clinic = context.clinic_name or _CLINIC
    if tied.relation != SENDER:
        hello = wording.part("bound.family", name=tied.name, clinic=clinic)
        return (
            (hello, wording.part("consent.ask_family", name=tied.name))
            if tied.pending
            else (hello,)
        )
    hello = wording.part("bound.self", name=tied.name, clinic=clinic)
    asked = (wording.part("consent.ask"),) if tied.pending else ()
    relatives = dict.fromkeys(tied.relatives)
    shared = tuple(
        wording.part("consent.ask_sharing", name=tied.name, relation=who) for who in relatives
    )
    return (hello, *asked, *shared[:1])


def _tied(context: TurnContext, person_id: object) -> Member | None:
    return next((who for who in context.members if who.person_id == person_id), None)
