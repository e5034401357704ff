"""Codes that tie a phone to a person: given out, used once, cancelled; and the ties themselves.

A code is six digits for the tongue and an opaque token for the QR picture. Of two phones that send
it at the same instant one wins: the database decides.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, func, select, update

from language.binding_code import FIRST_DIGITS, LENGTH
from records import strangers
from records.db import changed
from records.identity import new_id
from records.links import SELF, holder_of, tie
from records.people import UNIDENTIFIED
from records.tables import BindingCode, BindingGuess, ContactPoint, Person
from records.vault import Vault

LASTS = timedelta(days=7)
SCENE_PREFIX = "bind"
MERGED = "merged"
_GONE = ("deceased", "refused")
_CODE = "binding_codes.code"

# Six digits must not be guessable: so many wrong ones per phone and day, per account and hour.
_WRONG_PER_PHONE, _PHONE_WINDOW = 5, timedelta(hours=24)
_WRONG_PER_ACCOUNT, _ACCOUNT_WINDOW = 60, timedelta(hours=1)


class Outcome(StrEnum):
    """What came of a code. `TAKEN`: this phone is somebody else's own already."""

    BOUND = "bound"
    ALREADY = "already"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    CANCELLED = "cancelled"
    TAKEN = "taken"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The outcome, and who was tied to the phone."""

    outcome: Outcome
    person_id: str | None = None
    relation: str = SELF


@dataclass(frozen=True, slots=True)
class Issued:
    """A code that can still be used. `scene` is known only when it was just drawn."""

    id: str
    person_id: str
    relation: str
    digits: str
    issued_at: datetime
    expires_at: datetime
    qr_url: str | None = None
    scene: str | None = None


def issue(
    session: Session,
    vault: Vault,
    person_id: str,
    *,
    relation: str,
    issued_by: str,
    now: datetime,
) -> Issued:
    """Give out a code. An older one for the same purpose is good no more."""
    for old in live(session, vault, person_id, now):
        if old.relation == relation:
            cancel(session, old.id, now)
    digits, index = _unused(session, vault, now)
    scene, row = new_scene(), new_id()
    session.add(
        BindingCode(
            id=row,
            person_id=person_id,
            relation=relation,
            code_sealed=vault.seal(digits, _CODE, row),
            code_index=index,
            scene_index=vault.index(scene, "scene"),
            issued_by=issued_by,
            issued_at=now,
            expires_at=now + LASTS,
        )
    )
    session.flush()
    return Issued(row, person_id, relation, digits, now, now + LASTS, scene=scene)


def live(session: Session, vault: Vault, person_id: str, now: datetime) -> list[Issued]:
    """The codes of a person that still work, the newest first."""
    rows = session.exec(
        select(BindingCode)
        .where(BindingCode.person_id == person_id)
        .where(col(BindingCode.used_at).is_(None))
        .where(col(BindingCode.cancelled_at).is_(None))
        .where(col(BindingCode.expires_at) > now)
        .order_by(col(BindingCode.issued_at).desc(), col(BindingCode.id).desc())
    ).all()
    return [
        Issued(
            row.id,
            row.person_id,
            row.relation,
            vault.open(row.code_sealed, _CODE, row.id),
            row.issued_at,
            row.expires_at,
            row.qr_url,
        )
        for row in rows
    ]


def cancel(session: Session, code_id: str, now: datetime) -> bool:
    """Make a code useless. False when it was used or cancelled before."""
    statement = (
        update(BindingCode)
        .where(col(BindingCode.id) == code_id)
        .where(col(BindingCode.used_at).is_(None))
        .where(col(BindingCode.cancelled_at).is_(None))
        .values(cancelled_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def new_scene() -> str:
    """A token for a QR picture that says nothing about anybody."""
    return SCENE_PREFIX + secrets.token_hex(16)


def keep_picture(session: Session, vault: Vault, code_id: str, *, scene: str, url: str) -> None:
    """Keep what WeChat wants in the picture. Only this picture works from now on."""
    session.execute(
        update(BindingCode)
        .where(col(BindingCode.id) == code_id)
        .values(scene_index=vault.index(scene, "scene"), qr_url=url)
        .execution_options(synchronize_session=False)
    )


def redeem_digits(
    session: Session, vault: Vault, contact: ContactPoint, digits: str, now: datetime
) -> Redeemed:
    """Use six digits that were typed. Wrong ones are counted, and too many end the trying."""
    if _tried_out(session, contact, now):
        return Redeemed(Outcome.TOO_MANY)
    index = vault.index(digits, "binding")
    rows = session.exec(
        select(BindingCode)
        .where(BindingCode.code_index == index)
        .order_by(col(BindingCode.issued_at).desc())
    ).all()
    code = next((row for row in rows if _standing(row, contact, now) is None), None)
    code = code or next(iter(rows), None)
    if code is None:
        session.add(BindingGuess(contact_point_id=contact.id, account=contact.account, at=now))
        session.flush()
        return Redeemed(Outcome.UNKNOWN)
    return _use(session, contact, code, now)


def redeem_scene(
    session: Session, vault: Vault, contact: ContactPoint, scene: str, now: datetime
) -> Redeemed | None:
    """Use a scanned QR picture. None when it is none of ours."""
    if not scene.startswith(SCENE_PREFIX):
        return None
    code = session.exec(
        select(BindingCode).where(BindingCode.scene_index == vault.index(scene, "scene"))
    ).first()
    return _use(session, contact, code, now) if code else Redeemed(Outcome.UNKNOWN)


def _use(session: Session, contact: ContactPoint, code: BindingCode, now: datetime) -> Redeemed:
    refused = _standing(code, contact, now)
    if refused is Outcome.ALREADY:
        return Redeemed(refused, code.person_id, code.relation)
    if refused is not None:
        return Redeemed(refused)
    person = _meant(session, code.person_id)
    if person is None:
        return Redeemed(Outcome.CANCELLED)
    holder = holder_of(session, contact.id, but_not=person.id)
    stranger = holder is not None and holder.status == UNIDENTIFIED
    if code.relation == SELF and holder is not None and not stranger:
        return Redeemed(Outcome.TAKEN, holder.id)
    statement = (
        update(BindingCode)
        .where(col(BindingCode.id) == code.id)
        .where(col(BindingCode.used_at).is_(None))
        .where(col(BindingCode.cancelled_at).is_(None))
        .values(used_at=now, used_by=contact.id)
        .execution_options(synchronize_session=False)
    )
    if changed(session, statement) != 1:
        return Redeemed(Outcome.USED)
    tie(session, person.id, contact.id, now, relation=code.relation)
    if holder is not None and stranger:
        strangers.came_in(session, holder, person, contact.id, now, own=code.relation == SELF)
    return Redeemed(Outcome.BOUND, person.id, code.relation)


def _standing(code: BindingCode, contact: ContactPoint, now: datetime) -> Outcome | None:
    """Why a code does not work for this phone; None when it does."""
    if code.used_at is not None:
        return Outcome.ALREADY if code.used_by == contact.id else Outcome.USED
    if code.cancelled_at is not None:
        return Outcome.CANCELLED
    return Outcome.EXPIRED if code.expires_at <= now else None


def _meant(session: Session, person_id: str) -> Person | None:
    """The person a code was made for, or the one she was found to be; None when nobody is there."""
    person = session.get(Person, person_id)
    while person is not None and person.status == MERGED and person.merged_into is not None:
        person = session.get(Person, person.merged_into)
    return None if person is None or person.status in _GONE else person


def _unused(session: Session, vault: Vault, now: datetime) -> tuple[str, str]:
    """Digits that no working code has, and their index."""
    while True:
        digits = secrets.choice(FIRST_DIGITS) + "".join(
            secrets.choice("0123456789") for _ in range(LENGTH - 1)
        )
        index = vault.index(digits, "binding")
        taken = session.exec(
            select(BindingCode.id)
            .where(BindingCode.code_index == index)
            .where(col(BindingCode.expires_at) > now)
        ).first()
        if taken is None:
            return digits, index


def _tried_out(session: Session, contact: ContactPoint, now: datetime) -> bool:
    guesses = select(func.count()).select_from(BindingGuess)
    phone = guesses.where(BindingGuess.contact_point_id == contact.id).where(
        col(BindingGuess.at) > now - _PHONE_WINDOW
    )
    if session.exec(phone).one() >= _WRONG_PER_PHONE:
        return True
    account = guesses.where(BindingGuess.account == contact.account).where(
        col(BindingGuess.at) > now - _ACCOUNT_WINDOW
    )
    return session.exec(account).one() >= _WRONG_PER_ACCOUNT
