"""What belongs to a person: her records, her phones, and which messages are hers and nobody else's.

On a phone that several people share, a message is hers when the turn that answered it, or the
sender of it, was about her.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from records.reader import ERASED, MERGED
from records.tables import InboundMessage, OutboundMessage, Person, PersonContact, Turn


@dataclass(frozen=True, slots=True)
class Belongings:
    """Ids. `records` are the person and every duplicate merged into her."""

    records: tuple[str, ...]
    own_contacts: tuple[str, ...]
    shared_contacts: tuple[str, ...]
    inbound: tuple[str, ...]
    outbound: tuple[str, ...]


def belongings(session: Session, person_id: str) -> Belongings:
    """Find everything in a fixed number of queries for each merged duplicate."""
    records = _records(session, person_id)
    contacts = set(
        session.exec(
            select(PersonContact.contact_point_id).where(col(PersonContact.person_id).in_(records))
        ).all()
    )
    shared = set(
        session.exec(
            select(PersonContact.contact_point_id)
            .join(Person, col(Person.id) == col(PersonContact.person_id))
            .where(col(PersonContact.contact_point_id).in_(contacts))
            .where(col(PersonContact.person_id).not_in(records))
            .where(col(Person.status).not_in((MERGED, ERASED)))
        ).all()
    )
    own = contacts - shared
    about_her = select(Turn.id).where(col(Turn.person_id).in_(records))
    inbound = session.exec(
        select(InboundMessage.id)
        .where(
            or_(
                col(InboundMessage.contact_point_id).in_(own),
                col(InboundMessage.turn_id).in_(about_her),
            )
        )
        .order_by(col(InboundMessage.received_at))
    ).all()
    outbound = session.exec(
        select(OutboundMessage.id)
        .where(
            or_(
                col(OutboundMessage.contact_point_id).in_(own),
                col(OutboundMessage.person_id).in_(records),
            )
        )
        .order_by(col(OutboundMessage.created_at))
    ).all()
    return Belongings(
        records=records,
        own_contacts=tuple(sorted(own)),
        shared_contacts=tuple(sorted(shared)),
        inbound=tuple(inbound),
        outbound=tuple(outbound),
    )


def _records(session: Session, person_id: str) -> tuple[str, ...]:
    found = [person_id]
    ahead = [person_id]
    while ahead:
        ahead = list(
            session.exec(
                select(Person.id)
                .where(col(Person.merged_into).in_(ahead))
                .where(col(Person.id).not_in(found))
            ).all()
        )
        found += ahead
    return tuple(found)
