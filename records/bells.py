"""Where each practitioner is rung, and the tokens by which an answer to a notice is known.

A webhook and a phone number of one's own stand beside each other. A token is the notice's id and a keyed digest of it: whoever was sent the notice may answer it, for
a day. The secret of a webhook signs what we post there, so that its owner knows it is from us.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from records.db import changed
from records.identities import WECOM, bound_to
from records.identity import new_id
from records.outbound import NOTICE
from records.practitioners import same
from records.tables import NoticeAddress, OutboundMessage, Practitioner
from records.vault import Vault, VaultError

WEBHOOK, SMS = "webhook", "sms"
PLACE = "notice_addresses.address"
TOKEN_LIVES = timedelta(hours=24)
_DIGEST = 32


@dataclass(frozen=True, slots=True)
class Bell:
    """A webhook of somebody's own. `secret` signs what is posted there."""

    channel: str
    url: str
    secret: str


def set_webhook(
    session: Session, vault: Vault, practitioner_id: str, url: str, now: datetime
) -> Bell:
    """Ring this practitioner here, and at no webhook before it. The secret is told once."""
    _switch_off(session, practitioner_id, now, WEBHOOK)
    bell = Bell(WEBHOOK, url, secrets.token_urlsafe(32))
    row = new_id()
    address = json.dumps({"url": bell.url, "secret": bell.secret})
    session.add(
        NoticeAddress(
            id=row,
            practitioner_id=practitioner_id,
            channel=WEBHOOK,
            address_sealed=vault.seal(address, PLACE, row),
            created_at=now,
        )
    )
    session.flush()
    return bell


def set_number(
    session: Session, vault: Vault, practitioner_id: str, number: str, now: datetime
) -> None:
    """Ring this practitioner by SMS at this number (E.164), in place of one before it."""
    drop_number(session, practitioner_id)
    row = new_id()
    session.add(
        NoticeAddress(
            id=row,
            practitioner_id=practitioner_id,
            channel=SMS,
            address_sealed=vault.seal(number, PLACE, row),
            address_index=number_index(vault, number),
            created_at=now,
        )
    )
    session.flush()


def drop_number(session: Session, practitioner_id: str) -> bool:
    """Ring this practitioner by SMS no more. False when there was no number."""
    rows = session.exec(
        select(NoticeAddress)
        .where(NoticeAddress.practitioner_id == practitioner_id)
        .where(NoticeAddress.channel == SMS)
    ).all()
    for row in rows:
        session.delete(row)
    session.flush()
    return bool(rows)


def number_of(session: Session, vault: Vault, practitioner_id: str) -> str | None:
    """The number this practitioner is rung at by SMS."""
    row = _address(session, practitioner_id, SMS)
    return vault.open(row.address_sealed, PLACE, row.id) if row is not None else None


def holders(session: Session, vault: Vault, number: str) -> list[str]:
    """Whose number this is: practitioners who may act and are rung there."""
    return list(
        session.exec(
            select(NoticeAddress.practitioner_id)
            .join(Practitioner, col(Practitioner.id) == col(NoticeAddress.practitioner_id))
            .where(NoticeAddress.address_index == number_index(vault, number))
            .where(col(NoticeAddress.disabled_at).is_(None))
            .where(col(Practitioner.disabled_at).is_(None))
            .order_by(col(NoticeAddress.created_at))
        ).all()
    )


def number_index(vault: Vault, number: str) -> str:
    return vault.index(number, "phone")


def silence(session: Session, practitioner_id: str, now: datetime) -> bool:
    """Switch every address off. Whoever had one and has none left cannot be rung."""
    return _switch_off(session, practitioner_id, now, WEBHOOK, SMS)


def silenced(session: Session, practitioner_id: str) -> bool:
    """Whether every address was switched off: this practitioner is to be rung nowhere."""
    rows = session.exec(
        select(NoticeAddress.disabled_at).where(NoticeAddress.practitioner_id == practitioner_id)
    ).all()
    return bool(rows) and all(one is not None for one in rows)


def forget(session: Session, practitioner_id: str) -> None:
    """No address of one's own any more: the installation's common bell rings again."""
    for row in session.exec(
        select(NoticeAddress).where(NoticeAddress.practitioner_id == practitioner_id)
    ).all():
        session.delete(row)
    session.flush()


def bell_of(session: Session, vault: Vault, practitioner_id: str) -> Bell | None:
    """The practitioner's own webhook; None for the installation's common bell."""
    row = _address(session, practitioner_id, WEBHOOK)
    if row is None:
        return None
    known = json.loads(vault.open(row.address_sealed, PLACE, row.id))
    return Bell(row.channel, known["url"], known["secret"])


def ways_of(session: Session, practitioner_id: str) -> tuple[str, ...]:
    """The ways of one's own by which this practitioner is rung, the first one first."""
    if silenced(session, practitioner_id):
        return ()
    member = any(one.provider == WECOM for one in bound_to(session, practitioner_id))
    own = [one for one in (WEBHOOK, SMS) if _address(session, practitioner_id, one) is not None]
    return (*([WECOM] if member else []), *own)


def has_own(session: Session, vault: Vault, practitioner_id: str) -> str:
    """The host an own address rings at, for the account's page; empty for the common bell."""
    try:
        bell = bell_of(session, vault, practitioner_id)
    except VaultError:
        return "?"
    return bell.url if bell else ""


def token_of(vault: Vault, message_id: str) -> str:
    """What the answer to this notice must bring along."""
    return f"{message_id}.{vault.index(message_id, 'notice')[:_DIGEST]}"


def notice_of(session: Session, vault: Vault, token: str, now: datetime) -> OutboundMessage | None:
    """The notice that a token answers; None for a wrong one, or one that is a day old."""
    message_id, _, _ = token.partition(".")
    if not same(token, token_of(vault, message_id)):
        return None
    row = session.get(OutboundMessage, message_id)
    known = row is not None and row.purpose == NOTICE and row.practitioner_id is not None
    return row if row is not None and known and now - row.created_at < TOKEN_LIVES else None


def _address(session: Session, practitioner_id: str, channel: str) -> NoticeAddress | None:
    return session.exec(
        select(NoticeAddress)
        .where(NoticeAddress.practitioner_id == practitioner_id)
        .where(NoticeAddress.channel == channel)
        .where(col(NoticeAddress.disabled_at).is_(None))
        .order_by(col(NoticeAddress.created_at).desc())
    ).first()


def _switch_off(session: Session, practitioner_id: str, now: datetime, *channels: str) -> bool:
    statement = (
        update(NoticeAddress)
        .where(col(NoticeAddress.practitioner_id) == practitioner_id)
        .where(col(NoticeAddress.channel).in_(channels))
        .where(col(NoticeAddress.disabled_at).is_(None))
        .values(disabled_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) > 0
