"""Who can be rung for a person: practitioners up the facility tree, nearest first.

A roster with absences comes later; until then everyone who may sign in counts as reachable.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from records.tables import Facility, Practitioner

# Who is rung at each kind of facility. Curators and bureau officers are never rung.
RUNG_ROLES = ("village_doctor", "family_doctor", "township_doctor", "county_duty")
ROLES = (*RUNG_ROLES, "curator", "bureau_officer", "operator")

_REACHABLE = (
    select(Practitioner)
    .where(col(Practitioner.facility_id).in_(bindparam("places", expanding=True)))
    .where(col(Practitioner.role).in_(RUNG_ROLES))
    .where(col(Practitioner.disabled_at).is_(None))
    .order_by(col(Practitioner.id))
)
_SOMEBODY = (
    select(Practitioner.id)
    .where(col(Practitioner.facility_id).in_(bindparam("places", expanding=True)))
    .where(col(Practitioner.role).in_(RUNG_ROLES))
    .where(col(Practitioner.disabled_at).is_(None))
    .limit(1)
)
_HERE = aliased(Facility)
# A path is the chain of ids from the county down, so whoever is above has the beginning of it.
_CHAIN = (
    select(Facility)
    .join(_HERE, col(_HERE.path).startswith(col(Facility.path)))
    .where(col(_HERE.id) == bindparam("facility"))
    .order_by(func.length(col(Facility.path)).desc())
)


def chain(session: Session, facility_id: str | None) -> list[Facility]:
    """The facility and everything above it, the nearest first."""
    return list(session.exec(_CHAIN, params={"facility": facility_id}).all())


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
