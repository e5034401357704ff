"""What is to be said: queued once under its send key, claimed by lease, settled for good.

States only move forward: queued → sending → accepted | delivered | unknown | never | expired |
channel_closed. `sending → queued` happens only together with a finished attempt that is to be
repeated, and receipts may move accepted and unknown on. Which result means what is decided in
`channels.delivery`; here every move is a guarded UPDATE that says whether it won.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Update, bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select, update

from records.db import changed
from records.identity import new_id
from records.insertion import insert, insert_once
from records.plain import plain
from records.tables import DeliveryAttempt, OutboundMessage
from records.vault import Vault

BODY, PICTURE = "outbound_messages.body", "outbound_messages.picture"

SAFETY, DOCTOR, REPLY = "safety", "doctor", "reply"
NOTICE, REMINDER, EDUCATION = "notice", "reminder", "education"
PRIORITY: Mapping[str, int] = {
    SAFETY: 0,
    DOCTOR: 1,
    REPLY: 2,
    NOTICE: 2,
    REMINDER: 6,
    EDUCATION: 8,
}
# Messages that we start: quiet hours and the daily fuse apply to these alone.
STARTED_BY_US = (REMINDER, EDUCATION)

QUEUED, SENDING = "queued", "sending"
ACCEPTED, DELIVERED, UNKNOWN = "accepted", "delivered", "unknown"
NEVER, EXPIRED, CHANNEL_CLOSED = "never", "expired", "channel_closed"
# Said, or perhaps said: what counts against the daily fuse.
SPOKEN = (SENDING, ACCEPTED, DELIVERED, UNKNOWN)

# Why a row waits: until its reader opens the chat, or until whoever stopped everything goes on.
AWAITS_WINDOW, ALL_STOPPED = "awaits_window", "all_stopped"
# While one waits for this, the others of its conversation go before it.
STANDS_ASIDE = (AWAITS_WINDOW, ALL_STOPPED)
# Waiting for a provider keeps the place in the conversation: what came later goes later.
KEEPS_ITS_PLACE = ("paced", "in_line", "provider_shut")


@dataclass(frozen=True, slots=True)
class Draft:
    """Something to be said. `send_key` names its cause: the same cause never speaks twice.

    `template` = {"name": our name of a registered template, and its fields}: what may travel when
    the window is shut. Without a contact point the person's own one is found when it is sent.
    A `picture` goes instead of the body, which then says in words what was sent.
    """

    purpose: str
    text_key: str
    body: str
    send_key: str
    expires_at: datetime
    contact_point_id: str | None = None
    practitioner_id: str | None = None
    person_id: str | None = None
    turn_id: str | None = None
    escalation_id: str | None = None
    author_id: str | None = None
    template: Mapping[str, Any] = field(default_factory=dict)
    not_before: datetime | None = None
    picture: bytes | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider says later, and for good, about a message it accepted.

    `provider` is the account it went over. `attempt_id`: our own name of the try, where the provider
    echoes one. `stops`: the person or the network refuses anything more from us. `templates`: our
    names of what it may be about, where the provider told no id when it took the message.
    """

    provider_id: str
    delivered: bool
    code: str
    provider: str = ""
    attempt_id: str | None = None
    at: datetime | None = None
    stops: bool = False
    templates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Whatever a provider tells can be written down."""
        for name in ("provider_id", "code"):
            object.__setattr__(self, name, plain(getattr(self, name)))
        if self.attempt_id is not None:
            object.__setattr__(self, "attempt_id", plain(self.attempt_id))


@dataclass(frozen=True, slots=True)
class Trial:
    """One try: by which way, over which provider, to which address, billed as so many SMS.

    `template`: our name of the template that goes instead of the words.
    """

    id: str
    route: str
    provider: str
    contact_point_id: str | None = None
    segments: int | None = None
    template: str | None = None


def queue(session: Session, vault: Vault, draft: Draft, now: datetime) -> OutboundMessage | None:
    """Queue a message. None when its send key was used before: it was said already."""
    row = new_id()
    message = OutboundMessage(
        id=row,
        contact_point_id=draft.contact_point_id,
        practitioner_id=draft.practitioner_id,
        person_id=draft.person_id,
        turn_id=draft.turn_id,
        escalation_id=draft.escalation_id,
        author_id=draft.author_id,
        purpose=draft.purpose,
        text_key=draft.text_key,
        body_sealed=vault.seal(draft.body, BODY, row),
        template=dict(draft.template),
        picture_sealed=vault.seal_bytes(draft.picture, PICTURE, row) if draft.picture else None,
        send_key=draft.send_key,
        priority=PRIORITY[draft.purpose],
        state=QUEUED,
        created_at=now,
        next_attempt_at=draft.not_before or now,
        expires_at=draft.expires_at,
    )
    return message if insert_once(session, message) else None


def text_of(vault: Vault, message: OutboundMessage) -> str:
    """What is to be said."""
    return vault.open(message.body_sealed, BODY, message.id)


def picture_of(vault: Vault, message: OutboundMessage) -> bytes | None:
    """The PNG that is sent instead of the words, if there is one."""
    if message.picture_sealed is None:
        return None
    return vault.open_bytes(message.picture_sealed, PICTURE, message.id)


def any_due(session: Session, now: datetime) -> bool:
    """Whether a claim could find something, asked without a writing transaction."""
    lapsed = and_(OutboundMessage.state == SENDING, col(OutboundMessage.claimed_until) < now)
    queued = and_(OutboundMessage.state == QUEUED, col(OutboundMessage.next_attempt_at) <= now)
    asked = (select(OutboundMessage.id).where(one).exists() for one in (queued, lapsed))
    return bool(session.exec(select(or_(*asked))).one())


def claim_due(session: Session, now: datetime, lease: timedelta) -> OutboundMessage | None:
    """Take the most urgent due message whose turn it is in its conversation.

    A later message waits while an earlier one of the same or a higher priority is under way, due
    retried or waiting for a provider; a safety text waits for nobody, and nobody waits for words that
    wait for a window.
    """
    values = {"now": now, "token": new_id(), "until": now + lease}
    return session.execute(_CLAIM, values).scalar_one_or_none()


def _behind_another() -> ColumnElement[bool]:
    mine, other = OutboundMessage, aliased(OutboundMessage)
    earlier = or_(
        col(other.created_at) < col(mine.created_at),
        and_(col(other.created_at) == col(mine.created_at), col(other.id) < col(mine.id)),
    )
    under_way = or_(
        other.state == SENDING,
        and_(
            other.state == QUEUED,
            or_(
                col(other.next_attempt_at) <= bindparam("now"),
                col(other.reason).in_(KEEPS_ITS_PLACE),
                and_(
                    col(other.attempts) > 0,
                    func.coalesce(col(other.reason), "").not_in(STANDS_ASIDE),
                ),
            ),
        ),
    )
    return (
        select(other.id)
        .where(other.contact_point_id == mine.contact_point_id)
        .where(col(other.priority) <= col(mine.priority))
        .where(under_way)
        .where(earlier)
        .correlate(mine)
        .exists()
    )


def _claim() -> Update:
    # In the order of `ix_outbound_messages_turn`, so that the first one found ends the search. As a
    # bare column the time would draw the planner to its own index, and to sorting all that is due.
    due_at = func.coalesce(OutboundMessage.next_attempt_at, OutboundMessage.created_at)
    due = (
        select(OutboundMessage.id)
        .where(OutboundMessage.state == QUEUED)
        .where(due_at <= bindparam("now"))
        .where(or_(OutboundMessage.purpose == SAFETY, ~_behind_another()))
        .order_by(
            col(OutboundMessage.priority),
            col(OutboundMessage.created_at),
            col(OutboundMessage.id),
        )
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return (
        update(OutboundMessage)
        .where(col(OutboundMessage.id) == due)
        .where(col(OutboundMessage.state) == QUEUED)
        .values(
            state=SENDING,
            attempts=col(OutboundMessage.attempts) + 1,
            claim_token=bindparam("token"),
            claimed_until=bindparam("until"),
        )
        .returning(OutboundMessage)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


# Built once: building the statement costs more than running it.
_CLAIM = _claim()


def begin_attempt(
    session: Session, message: OutboundMessage, trial: Trial, now: datetime
) -> DeliveryAttempt:
    """Write down a try before the call is made."""
    attempt = DeliveryAttempt(
        id=trial.id,
        outbound_message_id=message.id,
        number=message.attempts,
        route=trial.route,
        provider=trial.provider,
        contact_point_id=trial.contact_point_id,
        segments=trial.segments,
        template=trial.template,
        began_at=now,
    )
    insert(session, attempt)
    return attempt


def end_attempt(
    session: Session,
    attempt_id: str,
    now: datetime,
    *,
    result: str,
    code: str | None,
    provider_id: str | None = None,
) -> None:
    """Write down what came back."""
    values = {"result": str(result), "code": code, "provider_id": provider_id}
    session.execute(_END_ATTEMPT, {"attempt": attempt_id, "at": now, **values})


# Its values are the parameters.
_END_ATTEMPT = (
    update(DeliveryAttempt)
    .where(col(DeliveryAttempt.id) == bindparam("attempt"))
    .values(
        ended_at=bindparam("at"),
        result=bindparam("result"),
        code=bindparam("code"),
        provider_id=bindparam("provider_id"),
    )
    .execution_options(synchronize_session=False)
)


def settle(
    session: Session, message: OutboundMessage, state: str, reason: str | None, now: datetime
) -> bool:
    """End a claimed message. False when the claim was lost and somebody else decided."""
    return _move(
        session,
        message,
        state=state,
        reason=reason,
        settled_at=now,
        claimed_until=None,
    )


def put_back(
    session: Session,
    message: OutboundMessage,
    reason: str,
    at: datetime,
    *,
    elsewhere: bool = False,
) -> bool:
    """Return a claimed message to the queue for another try at `at`.

    `elsewhere`: its address is of no use any more; the person's own one is found when it is sent.
    """
    anew: dict[str, Any] = {"contact_point_id": None} if elsewhere else {}
    return _move(session, message, state=QUEUED, reason=reason, next_attempt_at=at, **anew)


def postpone(session: Session, message: OutboundMessage, reason: str, at: datetime) -> bool:
    """Return a claimed message that was not tried: its place in the order is free meanwhile."""
    return _move(
        session,
        message,
        state=QUEUED,
        reason=reason,
        next_attempt_at=at,
        attempts=message.attempts - 1,
    )


def hold(session: Session, message: OutboundMessage, until: datetime) -> bool:
    """Nobody else takes up a claimed message before `until`."""
    return _move(session, message, claimed_until=until)


def _move(session: Session, message: OutboundMessage, **values: Any) -> bool:
    """A slow worker may still correct its own `unknown`: the token tells whose it was."""
    statement = (
        update(OutboundMessage)
        .where(col(OutboundMessage.id) == message.id)
        .where(col(OutboundMessage.claim_token) == message.claim_token)
        .where(col(OutboundMessage.state).in_((SENDING, UNKNOWN)))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def lapsed(session: Session, now: datetime, limit: int) -> list[OutboundMessage]:
    """Messages whose worker never came back, the longest gone first, locked for the recovery."""
    query = (
        select(OutboundMessage)
        .where(OutboundMessage.state == SENDING)
        .where(col(OutboundMessage.claimed_until) < now)
        .order_by(col(OutboundMessage.claimed_until))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(session.exec(query).all())


def unfinished_attempt(session: Session, message: OutboundMessage) -> DeliveryAttempt | None:
    """The try that was begun and never came back, even if its receipt did."""
    return session.exec(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.outbound_message_id == message.id)
        .where(col(DeliveryAttempt.ended_at).is_(None))
        .order_by(col(DeliveryAttempt.number).desc())
    ).first()


def attempts_of(session: Session, message: OutboundMessage) -> list[DeliveryAttempt]:
    """Every try of a message, the first one first."""
    return list(
        session.exec(
            select(DeliveryAttempt)
            .where(DeliveryAttempt.outbound_message_id == message.id)
            .order_by(col(DeliveryAttempt.number))
            .execution_options(populate_existing=True)
        ).all()
    )


def tries_with(session: Session, message: OutboundMessage, result: str) -> int:
    """How many tries of a message ended with a result."""
    return session.exec(
        select(func.count(col(DeliveryAttempt.id)))
        .where(DeliveryAttempt.outbound_message_id == message.id)
        .where(DeliveryAttempt.result == result)
    ).one()
