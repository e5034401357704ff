"""What came in: accepted once under the provider's own id, its media kept until they are fetched.

Accepting is short and refuses nothing: whatever was verified becomes a row, and the conversation is
due. A repeat of the same message changes nothing and gets the same passive reply again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from records import announced, subscriptions, windows
from records.conversations import DONE, WAITING
from records.identity import new_id
from records.insertion import insert_once
from records.media import WANTED
from records.outbound import Receipt
from records.subscriptions import Choice
from records.tables import ContactPoint, InboundMessage, Media
from records.times import credible
from records.vault import Vault
from records.windows import Window

BODY, PASSIVE, ADDRESS = (
    "inbound_messages.body",
    "inbound_messages.passive",
    "contact_points.address",
)

# A sender who keeps writing is answered at the latest so long after the first piece.
LONGEST_SETTLE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A file the provider holds for us: its id there, and image, voice or video."""

    external_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class Address:
    """An openid or a phone number on one account of a channel."""

    channel: str
    account: str
    value: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A verified message or event, in no channel's dialect.

    `kind`: text, image, voice, video, location, link or event. `event` holds codes and ids, never
    patient text: the provider's name of the event under "event" (subscribe, CLICK, unknown …), with
    "scene" or "key". `waits` is False for what needs no answer. `follows` says that the sender began
    (True) or ended (False) to follow the account. `receipts`: the event is about messages of ours.
    `choices`: what the sender agreed to be sent.
    """

    channel: str
    account: str
    address: str
    external_id: str
    kind: str
    sent_at: datetime
    text: str = ""
    event: Mapping[str, Any] = field(default_factory=dict)
    media: tuple[MediaRef, ...] = ()
    window: Window | None = None
    waits: bool = True
    follows: bool | None = None
    receipts: tuple[Receipt, ...] = ()
    choices: tuple[Choice, ...] = ()

    @property
    def sender(self) -> Address:
        return Address(self.channel, self.account, self.address)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Where an arrival went. `new` is False for a repeat; `passive` is the reply given then."""

    message_id: str
    contact_point_id: str
    new: bool
    passive: str | None


def accept(
    session: Session,
    vault: Vault,
    arrival: Arrival,
    now: datetime,
    *,
    wake_at: datetime,
    level: str | None = None,
    contact: ContactPoint | None = None,
) -> Accepted:
    """Store an arrival once and make its conversation due. Locks the contact point first.

    `level`: how urgent the rules found it already. `contact`: its contact point, if locked before.
    """
    arrival = replace(arrival, sent_at=credible(arrival.sent_at, now))
    if contact is None:
        contact = ensure_contact_point(session, vault, arrival.sender, now)
    row = _row(vault, arrival, contact.id, now)
    row.level = level
    if not insert_once(session, row):
        return _repeat(session, vault, row)
    for wanted in arrival.media:
        session.add(_wanted(wanted, row, now))
    _follow(contact, arrival, now)
    if arrival.window is not None:
        if windows.room(contact, now).left == 0:
            announced.release(session, contact.id, now)
        windows.grant(contact, arrival.window, now)
    subscriptions.note(session, contact.id, arrival.choices, arrival.sent_at, arrival.external_id)
    if arrival.waits:
        _wake(contact, now, wake_at)
    session.add(contact)
    session.flush()
    return Accepted(row.id, contact.id, new=True, passive=None)


def ensure_contact_point(
    session: Session, vault: Vault, address: Address, now: datetime
) -> ContactPoint:
    """The contact point of an address, locked until the transaction ends; made when it is new."""
    index = vault.index(address.value, "address")
    found = _found(session, _LOCKED, address, index)
    if found is not None:
        return found
    row = new_id()
    insert_once(
        session,
        ContactPoint(
            id=row,
            channel=address.channel,
            account=address.account,
            address_index=index,
            address_sealed=vault.seal(address.value, ADDRESS, row),
            created_at=now,
        ),
    )
    made = _found(session, _LOCKED, address, index)
    if made is None:
        msg = "A contact point vanished between its insert and its lock."
        raise LookupError(msg)
    return made


def contact_point_at(session: Session, vault: Vault, address: Address) -> ContactPoint | None:
    """The contact point of an address as it is now, not locked; None when nobody wrote from there."""
    return _found(session, _AT, address, vault.index(address.value, "address"))


def answer_passively(session: Session, vault: Vault, message_id: str, text: str) -> None:
    """Keep the reply given in the webhook's own answer, to give it again when the repeat comes."""
    session.execute(
        update(InboundMessage)
        .where(col(InboundMessage.id) == message_id)
        .values(passive_sealed=vault.seal(text, PASSIVE, message_id))
        .execution_options(synchronize_session=False)
    )


def receipt_id(provider_id: str) -> str:
    """Under which external id a receipt is stored."""
    return f"receipt:{provider_id}"


def text_of(vault: Vault, message: InboundMessage) -> str:
    """What the sender wrote."""
    return vault.open(message.body_sealed, BODY, message.id)


def passive_of(vault: Vault, message: InboundMessage) -> str | None:
    """The reply given in the webhook's own answer, if any."""
    if message.passive_sealed is None:
        return None
    return vault.open(message.passive_sealed, PASSIVE, message.id)


def address_of(vault: Vault, contact: ContactPoint) -> str:
    """The openid or number behind a contact point."""
    return vault.open(contact.address_sealed, ADDRESS, contact.id)


def _row(vault: Vault, arrival: Arrival, contact_point_id: str, now: datetime) -> InboundMessage:
    row = new_id()
    return InboundMessage(
        id=row,
        contact_point_id=contact_point_id,
        channel=arrival.channel,
        account=arrival.account,
        external_id=arrival.external_id,
        kind=arrival.kind,
        body_sealed=vault.seal(arrival.text, BODY, row) if arrival.text else None,
        event=dict(arrival.event),
        sent_at=arrival.sent_at,
        received_at=now,
        state=WAITING if arrival.waits else DONE,
    )


def _wanted(ref: MediaRef, message: InboundMessage, now: datetime) -> Media:
    return Media(
        inbound_message_id=message.id,
        channel=message.channel,
        account=message.account,
        external_id=ref.external_id,
        kind=ref.kind,
        state=WANTED,
        next_attempt_at=now,
    )


def _repeat(session: Session, vault: Vault, row: InboundMessage) -> Accepted:
    first = session.exec(
        select(InboundMessage)
        .where(InboundMessage.channel == row.channel)
        .where(InboundMessage.account == row.account)
        .where(InboundMessage.external_id == row.external_id)
    ).one()
    return Accepted(first.id, first.contact_point_id, new=False, passive=passive_of(vault, first))


# Built once: building the statement costs more than running it.
_AT = (
    select(ContactPoint)
    .where(col(ContactPoint.channel) == bindparam("channel"))
    .where(col(ContactPoint.account) == bindparam("account"))
    .where(col(ContactPoint.address_index) == bindparam("address_index"))
)
# Not FOR UPDATE: rows that point at this one may be written meanwhile.
_LOCKED = _AT.with_for_update(key_share=True).execution_options(populate_existing=True)


def _found(
    session: Session, statement: SelectOfScalar[ContactPoint], address: Address, index: str
) -> ContactPoint | None:
    values = {"channel": address.channel, "account": address.account, "address_index": index}
    return session.exec(statement, params=values).first()


def _follow(contact: ContactPoint, arrival: Arrival, now: datetime) -> None:
    if arrival.follows is False:
        contact.unfollowed_at = now
        windows.close(contact)
        return
    if arrival.follows:
        contact.followed_at = now
    if arrival.kind != "event" or arrival.window is not None:
        # Somebody who writes or taps is there, even if the event of following again was lost.
        contact.last_inbound_at = now
        contact.unfollowed_at = None


def _wake(contact: ContactPoint, now: datetime, wake_at: datetime) -> None:
    """Each piece of a message puts the turn off a little, but never once it is due."""
    if contact.waiting_since is None:
        contact.waiting_since = now
    if contact.wake_at is None or wake_at <= now:
        contact.wake_at = min(wake_at, contact.wake_at or wake_at)
    elif contact.wake_at > now:
        latest = max(contact.waiting_since + LONGEST_SETTLE, now)
        contact.wake_at = min(wake_at, latest)
