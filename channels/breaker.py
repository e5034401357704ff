"""What an answer says about the provider itself: it is well, it is broken, or our account is."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session

from channels.limits import Limits
from channels.notice import NoticeChannel
from channels.parcel import Parcel
from channels.port import Result, SendOutcome
from records import alarms, providers

# Answers of a provider that is well, whatever it thinks of the message.
_ANSWERED = (Result.ACCEPTED, Result.DELIVERED, Result.NEVER, Result.CHANNEL_CLOSED)
_TAKEN = (Result.ACCEPTED, Result.DELIVERED)

log = structlog.get_logger(__name__)


def note_outcome(
    session: Session, parcel: Parcel, outcome: SendOutcome, limits: Limits, now: datetime
) -> None:
    """Count it for the provider's breaker, and open or settle the operator's alarms."""
    if isinstance(parcel.channel, NoticeChannel):
        # Behind it stand many doctors' own addresses: one that is dead says nothing of the others.
        return
    if outcome.result in _ANSWERED:
        _well(session, parcel, now, taken=outcome.result in _TAKEN)
    else:
        _failed(session, parcel, outcome, limits, now)


def _well(session: Session, parcel: Parcel, now: datetime, *, taken: bool) -> None:
    provider, state = parcel.channel.provider, parcel.state
    if parcel.contact_id is None:
        state = providers.states(session, [provider]).get(provider)
    if not providers.note_answer(session, state, provider, now, accepted=taken):
        return
    log.info("provider.well", provider=provider)
    alarms.settle_alarm(session, alarms.BREAKER, provider, now)
    if taken:
        alarms.settle_alarm(session, alarms.TROUBLE, provider, now)


def _failed(
    session: Session, parcel: Parcel, outcome: SendOutcome, limits: Limits, now: datetime
) -> None:
    provider, code = parcel.channel.provider, outcome.code or outcome.reason
    if providers.note_failure(session, provider, code, limits.breaker, now):
        log.error("provider.left_alone", provider=provider, code=code)
        alarms.raise_for_operator(session, alarms.BREAKER, provider, now, code=code)
    if outcome.result is Result.OPERATOR:
        log.error("delivery.operator_needed", code=outcome.code, reason=outcome.reason)
        providers.note_trouble(session, provider, outcome.reason or code, now)
        alarms.raise_for_operator(session, alarms.TROUBLE, provider, now, code=code)
