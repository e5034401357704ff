"""What a person agreed to, purpose by purpose, and who may see whose data. Rows are the evidence.

Consent gates what we start and what we keep; it never gates a safety text or an alarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, select, update

from language.consenting import ASKED, EDUCATION, PURPOSES, READINGS, REMINDERS, SHARING
from records.db import changed
from records.identity import new_id
from records.links import HOUSEHOLD
from records.readings import STORED, UNCONFIRMED, WITHDRAWN
from records.tables import Consent, PersonContact, StoredReading

__all__ = ["ASKED", "EDUCATION", "PURPOSES", "READINGS", "REMINDERS", "SHARING"]

# What we start, by the purpose of the message, and the consent that it needs.
NEEDED = {"reminder": REMINDERS, "education": EDUCATION}
# A value sent before its owner agreed: kept apart, in no chart and no rate.
WITHHELD = "withheld"

# Both are asked in every turn: building them anew would cost more than running them.
_ROWS = select(Consent).where(Consent.person_id == bindparam("person"))
_LINK = (
    select(PersonContact)
    .where(PersonContact.person_id == bindparam("person"))
    .where(PersonContact.contact_point_id == bindparam("contact"))
    .where(col(PersonContact.unlinked_at).is_(None))
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How it was said: in a message, or to a practitioner face to face."""

    message_id: str | None = None
    practitioner_id: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The purposes that are allowed; `pending`: asked on this phone, and neither yes nor no said."""

    allowed: frozenset[str]
    pending: bool


def give(
    session: Session,
    person_id: str,
    purposes: Iterable[str],
    now: datetime,
    *,
    contact_point_id: str | None,
    evidence: Evidence,
) -> tuple[str, ...]:
    """Write down what was agreed to. What stands already is not written twice."""
    standing = given(session, person_id, contact_point_id)
    new = tuple(purpose for purpose in PURPOSES if purpose in set(purposes) - standing)
    for purpose in new:
        session.add(
            Consent(
                id=new_id(),
                person_id=person_id,
                contact_point_id=contact_point_id,
                purpose=purpose,
                given_at=now,
                evidence_message_id=evidence.message_id,
                recorded_by=evidence.practitioner_id,
            )
        )
    session.flush()
    if READINGS in new:
        _release(session, person_id)
    return new


def revoke(
    session: Session,
    person_id: str,
    purposes: Iterable[str],
    now: datetime,
    *,
    evidence: Evidence,
    said_on: str | None,
    everywhere: bool = True,
) -> int:
    """Take consent back, or say no to it. Returns how many rows ended.

    The person's own no holds on every phone; a relative's only on the phone it was `said_on`.
    Where nothing stood, a row that ends as it begins is the evidence of the no.
    """
    wanted = tuple(purposes)
    stood = given(session, person_id, said_on)
    statement = (
        update(Consent)
        .where(col(Consent.person_id) == person_id)
        .where(col(Consent.purpose).in_(wanted))
        .where(col(Consent.revoked_at).is_(None))
        .values(
            revoked_at=now,
            revoked_message_id=evidence.message_id,
            revoked_by=evidence.practitioner_id,
        )
        .execution_options(synchronize_session=False)
    )
    if not everywhere:
        statement = statement.where(col(Consent.contact_point_id) == said_on)
    ended = changed(session, statement)
    if said_on is not None:
        never = [purpose for purpose in PURPOSES if purpose in wanted and purpose not in stood]
        _write_no(session, person_id, never, now, said_on=said_on, evidence=evidence)
    if READINGS in wanted and READINGS not in _anywhere(session, person_id):
        _drop(session, person_id)
    return ended


def given(session: Session, person_id: str, contact_point_id: str | None) -> set[str]:
    """What stands for this very phone (None: said without any phone)."""
    same = (
        col(Consent.contact_point_id).is_(None)
        if contact_point_id is None
        else col(Consent.contact_point_id) == contact_point_id
    )
    return set(
        session.exec(
            select(Consent.purpose)
            .where(Consent.person_id == person_id)
            .where(col(Consent.revoked_at).is_(None))
            .where(same)
        ).all()
    )


def standing(
    session: Session, person_id: str, contact_point_id: str, link: PersonContact | None = None
) -> Standing:
    """What this phone may be used for, for this person. `link`: the tie, where it is known already.

    Letting a phone see is agreed to for that phone by name. The rest may also have been told to a
    doctor; a link older than the question rests on the paper signed at registration, until it is
    taken back.
    """
    rows = session.exec(_ROWS, params={"person": person_id}).all()
    link = link or _link(session, person_id, contact_point_id)
    unasked = link is None or link.consent_asked_at is None
    found = set()
    for purpose in PURPOSES:
        mine = [
            row
            for row in rows
            if row.purpose == purpose
            and (row.contact_point_id == contact_point_id or _counts_everywhere(row))
        ]
        on_paper = unasked and not mine and not (purpose == SHARING and _of_several(link))
        if on_paper or any(row.revoked_at is None for row in mine):
            found.add(purpose)
    pending = not unasked and not _answered(rows, link) and not found >= ASKED
    return Standing(frozenset(found), pending)


def allowed(session: Session, person_id: str, contact_point_id: str) -> frozenset[str]:
    """The purposes for which this phone may be used for this person."""
    return standing(session, person_id, contact_point_id).allowed


def of_person(session: Session, person_id: str) -> list[Consent]:
    """Every row of a person, the oldest first: the evidence."""
    return list(
        session.exec(
            select(Consent)
            .where(Consent.person_id == person_id)
            .order_by(col(Consent.given_at), col(Consent.id))
        ).all()
    )


def holds_back(session: Session, person_id: str) -> bool:
    """Whether values wait for the person's yes."""
    found = session.exec(
        select(StoredReading.id)
        .where(StoredReading.person_id == person_id)
        .where(StoredReading.state == WITHHELD)
    ).first()
    return found is not None


def withhold(session: Session, reading_ids: list[str]) -> None:
    """Keep readings apart until their owner agrees."""
    session.execute(
        update(StoredReading)
        .where(col(StoredReading.id).in_(reading_ids))
        .values(state=WITHHELD)
        .execution_options(synchronize_session=False)
    )


def _write_no(
    session: Session,
    person_id: str,
    purposes: Iterable[str],
    now: datetime,
    *,
    said_on: str,
    evidence: Evidence,
) -> None:
    for purpose in purposes:
        session.add(
            Consent(
                id=new_id(),
                person_id=person_id,
                contact_point_id=said_on,
                purpose=purpose,
                given_at=now,
                revoked_at=now,
                evidence_message_id=evidence.message_id,
                revoked_message_id=evidence.message_id,
                revoked_by=evidence.practitioner_id,
            )
        )
    session.flush()


def _anywhere(session: Session, person_id: str) -> set[str]:
    return set(
        session.exec(
            select(Consent.purpose)
            .where(Consent.person_id == person_id)
            .where(col(Consent.revoked_at).is_(None))
        ).all()
    )


def _answered(rows: Sequence[Consent], link: PersonContact | None) -> bool:
    """Whether yes or no was said on this phone since it was asked; a new tie asks anew."""
    if link is None or link.consent_asked_at is None:
        return True
    return any(
        row.contact_point_id == link.contact_point_id
        and row.purpose != SHARING
        and row.given_at >= link.consent_asked_at
        for row in rows
    )


def _counts_everywhere(row: Consent) -> bool:
    """Told to a doctor, or given on another phone of the person; never for letting a phone see."""
    return row.purpose != SHARING and (row.contact_point_id is None or row.purpose == READINGS)


def _of_several(link: PersonContact | None) -> bool:
    """The number came from the register, where it stands in several files: it shows nothing."""
    return link is not None and link.relation == HOUSEHOLD


def _link(session: Session, person_id: str, contact_point_id: str) -> PersonContact | None:
    values = {"person": person_id, "contact": contact_point_id}
    return session.exec(_LINK, params=values).first()


def _release(session: Session, person_id: str) -> None:
    """The values sent before the yes count from now on; the unsure ones still want their own yes."""
    held = (
        update(StoredReading)
        .where(col(StoredReading.person_id) == person_id)
        .where(col(StoredReading.state) == WITHHELD)
        .execution_options(synchronize_session=False)
    )
    session.execute(held.where(col(StoredReading.certainty) == "plain").values(state=STORED))
    session.execute(held.values(state=UNCONFIRMED))


def _drop(session: Session, person_id: str) -> None:
    """What waited for a yes that will not come is withdrawn."""
    session.execute(
        update(StoredReading)
        .where(col(StoredReading.person_id) == person_id)
        .where(col(StoredReading.state) == WITHHELD)
        .values(state=WITHDRAWN)
        .execution_options(synchronize_session=False)
    )
