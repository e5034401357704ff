"""After the call: what came back decides the row's state, another try, or the doctor's call list."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session, col, update

from channels.announcing import announced_perhaps
from channels.limits import Limits
from channels.parcel import TEMPLATE, Parcel, Routes
from channels.port import NOT_FOLLOWING, OPTED_OUT, Licensed, Result, SendOutcome
from channels.receipts import apply_early
from channels.routing import WORDS
from channels.sms.saying import SAID_ALREADY
from channels.undelivered import hand_over
from records import outbound, receipts, windows
from records.outbound import (
    CHANNEL_CLOSED,
    DELIVERED,
    DOCTOR,
    EXPIRED,
    NEVER,
    NOTICE,
    REMINDER,
    REPLY,
    SAFETY,
    UNKNOWN,
)
from records.reaching import contact_points
from records.tables import ContactPoint, DeliveryAttempt, OutboundMessage
from records.vault import Vault

# Said to a person who waits for it, or must hear it: one refusal is not the end of it.
_ANY_WAY = (SAFETY, DOCTOR, REPLY)
_UNSENT = (NEVER, EXPIRED, CHANNEL_CLOSED)
# The person, or whoever knows, decided that nothing should come: nobody need phone.
_ON_PURPOSE = (
    "stopped",
    "silent_here",
    SAID_ALREADY,
    "person_moved",
    "person_deceased",
    "person_refused",
    "person_away",
)

log = structlog.get_logger(__name__)


def conclude(
    session: Session, parcel: Parcel, outcome: SendOutcome, limits: Limits, now: datetime
) -> None:
    """Write down the answer to a call and decide what follows from it."""
    message = parcel.message
    outbound.end_attempt(
        session,
        parcel.attempt_id,
        now,
        result=outcome.result,
        code=outcome.code or outcome.reason,
        provider_id=outcome.provider_id,
    )
    reason = outcome.reason or outcome.code
    if _rings_elsewhere(session, parcel, outcome, limits, now):
        return
    match outcome.result:
        case Result.ACCEPTED | Result.DELIVERED:
            _accepted(session, parcel, outcome, now)
        case Result.RETRY:
            _try_again(session, message, reason, limits, now)
        case Result.OPERATOR:
            # Another provider goes at once; without one the row waits for ours to be mended.
            outbound.put_back(session, message, reason, now)
        case Result.UNKNOWN:
            _count(session, parcel, now)
            _unsure(session, message, reason, limits, now)
            apply_early(session, _tried(session, parcel.attempt_id), now)
        case Result.CHANNEL_CLOSED:
            _closed(session, parcel, reason, now)
        case _:
            _never(session, parcel, reason, now)


def take_up(
    session: Session,
    vault: Vault,
    routes: Routes,
    message: OutboundMessage,
    limits: Limits,
    now: datetime,
) -> None:
    """A worker never came back: what it did with a row decides what becomes of it."""
    attempt = outbound.unfinished_attempt(session, message)
    if attempt is None:
        # The attempt is written with the claim: without one, no call was made.
        outbound.put_back(session, message, "worker_lost", now)
        return
    outbound.end_attempt(session, attempt.id, now, result=Result.UNKNOWN, code="worker_lost")
    _spend(session, attempt)
    _unsure(session, message, "worker_lost", limits, now)
    apply_early(session, _tried(session, attempt.id), now)
    announced_perhaps(session, vault, routes, message, attempt, limits, now)


def finish(
    session: Session, message: OutboundMessage, state: str, reason: str, now: datetime
) -> None:
    """Settle a row for good; what was not said becomes a task, unless it was meant so."""
    if not outbound.settle(session, message, state, reason or None, now):
        log.warning("delivery.claim_lost", outbound_message_id=message.id, state=state)
        return
    if message.picture_sealed is not None:
        # The words went by themselves: nobody need phone for the sake of a picture.
        return
    unsure_of_safety = state == UNKNOWN and message.purpose == SAFETY
    if (state in _UNSENT and reason not in _ON_PURPOSE) or unsure_of_safety:
        hand_over(session, message, reason, now, state)


def phone_if_unsaid(
    session: Session, message: OutboundMessage, reason: str, limits: Limits, now: datetime
) -> None:
    """What is dangerous and could not be said for minutes is said by telephone, too."""
    if message.purpose == SAFETY and now - message.created_at >= limits.safety_unsaid:
        hand_over(session, message, reason, now)


def _accepted(session: Session, parcel: Parcel, outcome: SendOutcome, now: datetime) -> None:
    _count(session, parcel, now)
    finish(session, parcel.message, outcome.result, "", now)
    if parcel.by_template or not parcel.channel.windowed:
        # WeChat sends no receipt for words within the window.
        apply_early(session, _tried(session, parcel.attempt_id), now)


def _rings_elsewhere(
    session: Session, parcel: Parcel, outcome: SendOutcome, limits: Limits, now: datetime
) -> bool:
    """A doctor's bell that failed: the next one rings at once. False when this was the last one.

    When all were tried, those that may still work are tried again after a pause.
    """
    bell, message, result = parcel.bell, parcel.message, outcome.result
    if bell is None or result in (Result.ACCEPTED, Result.DELIVERED):
        return False
    reason = outcome.reason or outcome.code
    if result is Result.OPERATOR:
        log.error("delivery.operator_needed", code=outcome.code, reason=reason)
    if bell.fresh and (result is not Result.UNKNOWN or bell.round == 1):
        outbound.put_back(session, message, reason, now)
        return True
    useless = result in (Result.NEVER, Result.CHANNEL_CLOSED, Result.OPERATOR)
    if result is Result.RETRY or (useless and bell.again):
        _try_again(session, message, reason, limits, now, tries=bell.round)
        return True
    return False


def _try_again(
    session: Session,
    message: OutboundMessage,
    reason: str,
    limits: Limits,
    now: datetime,
    *,
    tries: int = 0,
) -> None:
    """Certainly not sent. A safety text is tried as long as it is true."""
    tries = tries or outbound.tries_with(session, message, Result.RETRY)
    at = now + limits.pause(message.id, tries)
    if message.purpose == SAFETY:
        at = min(at, limits.again(message, now))
    if at >= message.expires_at:
        finish(session, message, EXPIRED, reason, now)
    elif message.purpose != SAFETY and tries > limits.retries:
        finish(session, message, NEVER, f"gave_up_{reason}", now)
    else:
        phone_if_unsaid(session, message, reason, limits, now)
        outbound.put_back(session, message, reason, at)


def _unsure(
    session: Session, message: OutboundMessage, reason: str, limits: Limits, now: datetime
) -> None:
    """Perhaps sent. A safety text may arrive twice and a doctor may be rung twice; nothing else."""
    tries = outbound.tries_with(session, message, Result.UNKNOWN)
    may_repeat = message.purpose in (SAFETY, NOTICE)
    if receipts.has_arrived(session, message):
        finish(session, message, DELIVERED, "", now)
    elif may_repeat and tries < limits.unknown_safety_tries:
        outbound.put_back(session, message, reason, now + limits.pause(message.id, tries))
    else:
        finish(session, message, UNKNOWN, reason, now)


def _closed(session: Session, parcel: Parcel, reason: str, now: datetime) -> None:
    """The platform knows better than our ledger. The next look finds another way, or none."""
    message = parcel.message
    if parcel.contact_id is None:
        finish(session, message, CHANNEL_CLOSED, reason, now)
        return
    if parcel.by_template:
        _unlicensed(session, parcel, reason, now)
    elif parcel.channel.windowed:
        windows.shut(session, parcel.contact_id)
    if reason == NOT_FOLLOWING:
        _note_leaving(session, parcel.contact_id, now)
    stopped = reason == OPTED_OUT
    if stopped:
        receipts.note_stop(session, parcel.contact_id, now)
    anew = stopped and _another_of_theirs(session, message, parcel.contact_id)
    outbound.put_back(session, message, reason, now, elsewhere=anew)


def _never(session: Session, parcel: Parcel, reason: str, now: datetime) -> None:
    """One provider wants no part of it. What is said to a person ends only when no way is left."""
    message = parcel.message
    if reason == OPTED_OUT and parcel.contact_id is not None:
        receipts.note_stop(session, parcel.contact_id, now)
    movable = message.picture_sealed is None and message.template != WORDS
    if movable and parcel.contact_id is not None:
        other = _another_of_theirs(session, message, parcel.contact_id)
        if message.purpose in _ANY_WAY or other:
            anew = other and reason == OPTED_OUT
            outbound.put_back(session, message, reason, now, elsewhere=anew)
            return
    finish(session, message, NEVER, reason, now)


def _another_of_theirs(session: Session, message: OutboundMessage, contact_id: str) -> bool:
    """Whether a reminder may go to another address of the person."""
    if message.purpose != REMINDER or message.person_id is None:
        return False
    return any(
        contact.id != contact_id and contact.stopped_at is None and contact.unfollowed_at is None
        for contact in contact_points(session, message.person_id, REMINDER)
    )


def _unlicensed(session: Session, parcel: Parcel, reason: str, now: datetime) -> None:
    name = str(parcel.letter.template["name"])
    if isinstance(parcel.channel, Licensed) and parcel.contact_id is not None:
        parcel.channel.template_refused(session, parcel.contact_id, name, reason, now)


def _tried(session: Session, attempt_id: str) -> DeliveryAttempt:
    return session.get_one(DeliveryAttempt, attempt_id, populate_existing=True)


def _spend(session: Session, attempt: DeliveryAttempt) -> None:
    """Count it against the window; a template needs none."""
    if attempt.contact_point_id is not None and not attempt.route.endswith(TEMPLATE):
        windows.spend(session, attempt.contact_point_id)


def _count(session: Session, parcel: Parcel, now: datetime) -> None:
    """What was sent, or perhaps sent, is used up: a send of the window, or a leave."""
    if parcel.contact_id is None:
        return
    if not parcel.by_template:
        windows.spend(session, parcel.contact_id)
    elif isinstance(parcel.channel, Licensed):
        name = str(parcel.letter.template["name"])
        parcel.channel.template_sent(session, parcel.contact_id, name, now)


def _note_leaving(session: Session, contact_point_id: str, now: datetime) -> None:
    session.execute(
        update(ContactPoint)
        .where(col(ContactPoint.id) == contact_point_id)
        .where(col(ContactPoint.unfollowed_at).is_(None))
        .values(unfollowed_at=now)
        .execution_options(synchronize_session=False)
    )
