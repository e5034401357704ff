"""A doctor's own phone number for notices: proven by a code that is sent to it, then rung.

The code is bound to the doctor and to the number, lives ten minutes, and only its index is kept.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from records import audit, bells, messages, outbound, throttle
from records.db import changed
from records.messages import Address
from records.outbound import NOTICE, Draft
from records.tables import IdentityCode
from records.vault import Vault
from texts.catalogue import render

LASTS = timedelta(minutes=10)
DIGITS = 6
PER_HOUR, GUESSES_PER_HOUR = 4, 10
_LINE = ("sms", "main")
_HOUR = timedelta(hours=1)


def send_code(
    session: Session, vault: Vault, practitioner_id: str, number: str, now: datetime
) -> bool:
    """Text a code to this number (E.164). False when there were too many in the last hour."""
    for key in (f"number:by:{practitioner_id}", f"number:to:{bells.number_index(vault, number)}"):
        if throttle.count(session, key, _HOUR, now) > PER_HOUR:
            return False
    code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    row = IdentityCode(
        practitioner_id=practitioner_id,
        code_index=_index(vault, practitioner_id, number, code),
        issued_at=now,
        expires_at=now + LASTS,
    )
    session.add(row)
    contact = messages.ensure_contact_point(session, vault, Address(*_LINE, number), now)
    draft = Draft(
        purpose=NOTICE,
        text_key="bell.number_code",
        body=render("bell.number_code", code=code),
        send_key=f"number_code:{row.id}",
        contact_point_id=contact.id,
        template={"name": "number_code", "code": code},
        expires_at=now + LASTS,
    )
    outbound.queue(session, vault, draft, now)
    return True


def prove(
    session: Session, vault: Vault, practitioner_id: str, number: str, code: str, now: datetime
) -> bool:
    """Ring this practitioner at the number from now on, if the code was the one sent there."""
    guesses = throttle.count(session, f"number:guess:{practitioner_id}", _HOUR, now)
    if guesses > GUESSES_PER_HOUR:
        return False
    index = _index(vault, practitioner_id, number, code)
    found = session.exec(select(IdentityCode.id).where(IdentityCode.code_index == index)).first()
    statement = (
        update(IdentityCode)
        .where(col(IdentityCode.id) == (found or ""))
        .where(col(IdentityCode.used_at).is_(None))
        .where(col(IdentityCode.expires_at) > now)
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if changed(session, statement) != 1:
        return False
    bells.set_number(session, vault, practitioner_id, number, now)
    _note(session, practitioner_id, "notices.number_set", now)
    return True


def drop(session: Session, practitioner_id: str, now: datetime) -> bool:
    """Ring this practitioner by SMS no more. False when there was no number."""
    if not bells.drop_number(session, practitioner_id):
        return False
    _note(session, practitioner_id, "notices.number_dropped", now)
    return True


def _index(vault: Vault, practitioner_id: str, number: str, code: str) -> str:
    digits = "".join(sign for sign in code if sign.isdigit())
    return vault.index(f"{practitioner_id}:{number}:{digits}", "number_code")


def _note(session: Session, practitioner_id: str, action: str, now: datetime) -> None:
    audit.note(
        session,
        actor=f"practitioner:{practitioner_id}",
        action=action,
        subject="practitioner",
        subject_id=practitioner_id,
        now=now,
    )
