"""Who can be rung for a person: practitioners up the facility tree, nearest first.

A roster with absences comes later; until then everyone who may sign in counts as reachable.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from records.tables import Facility, Practitioner

# Who is rung at each kind of facility. Curators and bureau officers are never rung.
RUNG_ROLES = ("village_doctor", "family_doctor", "township_doctor", "county_duty")

_REACHABLE = (
    select(Practitioner)
    .where(col(Practitioner.facility_id).in_(bindparam("places", expanding=True)))
    .where(col(Practitioner.role).in_(RUNG_ROLES))
    .where(col(Practitioner.disabled_at).is_(None))
    .order_by(col(Practitioner.id))
)
_SOMEBODY = _REACHABLE.limit(1)
_PLACES = select(Facility).where(col(Facility.id).in_(bindparam("places", expanding=True)))


def chain(session: Session, facility_id: str | None) -> list[Facility]:
    """The facility and everything above it, the nearest first."""
    facility = session.get(Facility, facility_id) if facility_id else None
    if facility is None:
        return []
    ids = [part for part in facility.path.split("/") if part]
    rows = session.exec(_PLACES, params={"places": ids}).all()
    by_id = {row.id: row for row in rows}
    return [by_id[one] for one in reversed(ids) if one in by_id]


def reachable(session: Session, facility_id: str) -> list[Practitioner]:
    """Practitioners of one facility who may be rung."""
    return list(session.exec(_REACHABLE, params={"places": [facility_id]}).all())


def somebody_on_duty(session: Session, facility_id: str | None) -> bool:
    """Whether anybody at all can be rung for a person of this facility."""
    return anybody_at(session, chain(session, facility_id))


def anybody_at(session: Session, places: Sequence[Facility]) -> bool:
    """Whether anybody at all can be rung at one of these places."""
    ids = [place.id for place in places]
    return session.exec(_SOMEBODY, params={"places": ids}).first() is not None
