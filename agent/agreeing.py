"""What people agree to and take back by a word: understood, answered and written as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from langgraph.runtime import Runtime
from sqlmodel import Session

from agent import binding, wording
from agent.context import SENDER, Heard, Member, TurnContext
from agent.decision import Agreement, Part, Route
from agent.state import TurnState
from care.quiet import next_allowed
from language.consenting import (
    ASKED,
    PURPOSES,
    READINGS,
    REMINDERS,
    SHARING,
    Stance,
    stance_of,
)
from language.understanding import Intent
from records import audit, consents, links, outbound
from records.binding import Outcome
from records.consents import Evidence
from records.vault import Vault
from texts.catalogue import render

_ASKED_FOR = timedelta(days=2)
# Set while the question of consent is the last thing we said: then 好 is a yes to it.
AGREE = "agree"
_SOFT = {Intent.CONFIRM: Stance(gives=ASKED), Intent.DENY: Stance(refuses=True)}
_ASKING = ("consent.ask", "consent.ask_family", "consent.held")


def heard(state: TurnState, context: TurnContext) -> Agreement | None:
    """What these messages agree to or take back, and for whom; None when nothing."""
    stance, message_id = _stance(state, context)
    people = tuple(who for who in context.members if who.identified)
    if stance is None or not people:
        return None
    asked = tuple(who for who in people if who.pending)
    if stance.gives == ASKED or stance.refuses:
        people = asked or people
    if stance.refuses and not asked:
        stance = Stance(revokes=ASKED)
    return Agreement(stance, tuple(who.person_id for who in people), message_id)


def any_stance(messages: Sequence[Heard]) -> bool:
    """Whether any message agrees to something or takes it back."""
    return any(stance_of(one.text) is not None for one in messages)


def may_keep(member: Member, agreement: Agreement | None) -> bool:
    """Whether this person's values may be kept, after what is said right now."""
    if agreement is not None and member.person_id in agreement.person_ids:
        if READINGS in agreement.stance.gives:
            return True
        if READINGS in agreement.stance.revokes or agreement.stance.refuses:
            return False
    return member.kept


def bind(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
    """First words after a code, the answer to a yes or a no, and what was recorded besides."""
    context, agreement = runtime.context, state.get("agreement")
    parts = binding.first_words(context)
    said: TurnState = {"route": Route.CHAT}
    if agreement is not None:
        parts += _answer(agreement, context)
        if agreement.stance.leaves:
            said["opt_out"] = True
        elif context.stopped and agreement.stance.gives:
            said["opt_out"] = False
    asked = any(part.key in _ASKING for part in parts)
    values = wording.recorded(state, context) or wording.clarification(state)
    parts += tuple(part for part in values if not (asked and part.key == "consent.held"))
    if asked:
        said["awaiting"] = {AGREE: True}
    return {**said, "parts": parts}


def _stance(state: TurnState, context: TurnContext) -> tuple[Stance | None, str | None]:
    for one in reversed(context.messages):
        stance = stance_of(one.text) if one.kind in ("text", "voice") else None
        if stance is not None:
            return stance, one.message_id
    if context.awaiting.get(AGREE) and not context.awaiting.get("confirm"):
        soft = _SOFT.get(state["heed"].understood.intent)
        return soft, context.messages[-1].message_id
    return None, None


def _answer(agreement: Agreement, context: TurnContext) -> tuple[Part, ...]:
    stance, people = agreement.stance, _people(agreement, context)
    if stance.leaves:
        return (wording.part("consent.left"),)
    if stance.refuses:
        return (wording.part("consent.refused"),)
    if stance.revokes:
        named = _named(stance.revokes)
        word = named.partition("、")[0]
        return (wording.part("consent.revoked", purposes=named, purpose=word),)
    if stance.gives == {SHARING}:
        return (_about_sharing(people),)
    key = "consent.given_all" if stance.gives >= ASKED else "consent.given"
    values = {} if key == "consent.given_all" else {"purposes": _named(stance.gives)}
    released = READINGS in stance.gives and any(who.waiting for who in people)
    added = (wording.part("consent.released"),) if released else ()
    return (wording.part(key, **values), *added)


def _about_sharing(people: Sequence[Member]) -> Part:
    own = next((who for who in people if who.relation == SENDER), None)
    if own is None:
        return wording.part("consent.sharing_not_yours", name=people[0].name)
    return wording.part("consent.given_sharing" if own.relatives else "consent.nothing_to_share")


def _people(agreement: Agreement, context: TurnContext) -> list[Member]:
    return [who for who in context.members if who.person_id in agreement.person_ids]


def _named(purposes: frozenset[str]) -> str:
    return "、".join(render(f"consent.{one}") for one in PURPOSES if one in purposes)


def write(
    session: Session,
    context: TurnContext,
    agreement: Agreement | None,
    contact_point_id: str,
    now: datetime,
) -> None:
    """Keep what was agreed to, with the message that said so."""
    if agreement is None:
        return
    evidence = Evidence(message_id=agreement.message_id)
    for who in _people(agreement, context):
        _give(session, who, agreement.stance, contact_point_id, evidence, now)
        taken = ASKED if agreement.stance.refuses else agreement.stance.revokes
        if taken:
            consents.revoke(
                session,
                who.person_id,
                taken,
                now,
                evidence=evidence,
                said_on=contact_point_id,
                everywhere=who.relation == SENDER,
            )
        _note(session, who, agreement.stance, now)


def ask_owner(
    session: Session, vault: Vault, context: TurnContext, contact_point_id: str, now: datetime
) -> None:
    """A relative's phone was tied: ask the patient on her own whether it may see her values.

    Only where she agreed to be written to; otherwise the doctor asks her face to face.
    """
    redeemed = context.redeemed
    if redeemed is None or redeemed.outcome is not Outcome.BOUND or redeemed.relation == SENDER:
        return
    person_id = str(redeemed.person_id)
    who = next((one for one in context.members if one.person_id == person_id), None)
    own = [one for one in links.phones_of(session, person_id) if one.relation == SENDER]
    if who is None or not own:
        return
    mine = own[-1].contact_point_id
    if REMINDERS not in consents.allowed(session, person_id, mine):
        return
    holder = links.holder_word(redeemed.relation)
    asked = wording.part("consent.ask_sharing", name=who.name, relation=holder)
    draft = outbound.Draft(
        purpose=outbound.REMINDER,
        text_key=asked.key,
        body=asked.text,
        send_key=f"{asked.key}:{person_id}:{contact_point_id}",
        contact_point_id=mine,
        person_id=person_id,
        not_before=next_allowed(now),
        expires_at=now + _ASKED_FOR,
    )
    outbound.queue(session, vault, draft, now)


def _give(
    session: Session,
    who: Member,
    stance: Stance,
    contact_point_id: str,
    evidence: Evidence,
    now: datetime,
) -> None:
    own = stance.gives - {SHARING}
    if own:
        consents.give(
            session, who.person_id, own, now, contact_point_id=contact_point_id, evidence=evidence
        )
    if SHARING in stance.gives and who.relation == SENDER:
        for tied in links.phones_of(session, who.person_id):
            if tied.relation != SENDER:
                consents.give(
                    session,
                    who.person_id,
                    [SHARING],
                    now,
                    contact_point_id=tied.contact_point_id,
                    evidence=evidence,
                )


def _note(session: Session, who: Member, stance: Stance, now: datetime) -> None:
    audit.note(
        session,
        actor="agent",
        action="consent.given" if stance.gives else "consent.taken_back",
        subject="consent",
        subject_id=who.person_id,
        person_id=who.person_id,
        facility_id=who.facility_id,
        now=now,
        detail={"purposes": sorted(stance.gives or stance.revokes or ASKED)},
    )
