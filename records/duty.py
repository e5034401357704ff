"""Who can be rung for a person, now: practitioners up the facility tree, nearest first.

Somebody absent is not rung, but their deputy is. A shift puts those on it before the others of the
same place; a gap in a roster rings everybody there, because a forgotten roster must silence nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import BindParameter, ColumnElement, bindparam
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import Session, and_, col, func, not_, select

from records.tables import Absence, DutyShift, Facility, NoticeAddress, Practitioner
from records.times import CHINA

# Who is rung at each kind of facility. Curators and bureau officers are never rung.
RUNG_ROLES = ("village_doctor", "family_doctor", "township_doctor", "county_duty")
# Who sees people that belong to no place yet.
ABOVE_THE_VILLAGES = ("township_doctor", "county_duty")
# Who is rung for them about what is no alarm.
FOR_THE_COUNTY = ("county_duty",)
ROLES = (*RUNG_ROLES, "curator", "bureau_officer", "operator")

_TODAY: BindParameter[date] = bindparam("today")


def _away(practitioner_id: Mapped[str]) -> ColumnElement[bool]:
    absence = aliased(Absence)
    return (
        select(absence.id)
        .where(col(absence.practitioner_id) == practitioner_id)
        .where(col(absence.cancelled_at).is_(None))
        .where(col(absence.first_day) <= _TODAY)
        .where(col(absence.last_day) >= _TODAY)
        .exists()
    )


def _silenced(practitioner_id: Mapped[str]) -> ColumnElement[bool]:
    """Every address they had is switched off. Who never had one hears the installation's bell."""
    any_, live = aliased(NoticeAddress), aliased(NoticeAddress)
    had = select(any_.id).where(col(any_.practitioner_id) == practitioner_id).exists()
    has = (
        select(live.id)
        .where(col(live.practitioner_id) == practitioner_id)
        .where(col(live.disabled_at).is_(None))
        .exists()
    )
    return and_(had, not_(has))


def rings(practitioner: type[Practitioner]) -> ColumnElement[bool]:
    """True for whom a notice would reach today. Needs the parameter `today`."""
    return and_(
        col(practitioner.role).in_(RUNG_ROLES),
        col(practitioner.disabled_at).is_(None),
        not_(_away(col(practitioner.id))),
        not_(_silenced(col(practitioner.id))),
    )


_DEPUTY = aliased(Practitioner)
_AT = col(Practitioner.facility_id).in_(bindparam("places", expanding=True))
_STAFF = (
    select(Practitioner, rings(Practitioner).label("here"))
    .where(_AT)
    .where(col(Practitioner.role).in_(RUNG_ROLES))
    .where(col(Practitioner.disabled_at).is_(None))
    .order_by(col(Practitioner.id))
)
_DEPUTIES = (
    select(Absence.practitioner_id, _DEPUTY)
    .join(Practitioner, col(Practitioner.id) == col(Absence.practitioner_id))
    .join(_DEPUTY, col(_DEPUTY.id) == col(Absence.deputy_id))
    .where(_AT)
    .where(col(Practitioner.disabled_at).is_(None))
    .where(col(Absence.cancelled_at).is_(None))
    .where(col(Absence.first_day) <= _TODAY)
    .where(col(Absence.last_day) >= _TODAY)
    .where(rings(_DEPUTY))
    .order_by(col(Absence.set_at).desc())
)
_SOMEBODY = select(Practitioner.id).where(_AT).where(rings(Practitioner)).limit(1)
_STAFFED = (
    select(Practitioner.facility_id)
    .where(col(Practitioner.role).in_(ABOVE_THE_VILLAGES))
    .where(col(Practitioner.disabled_at).is_(None))
    .distinct()
)
_FOR_WHOM = (
    select(Facility.path)
    .join(Practitioner, col(Practitioner.facility_id) == col(Facility.id))
    .join(Absence, col(Absence.practitioner_id) == col(Practitioner.id))
    .where(col(Absence.deputy_id) == bindparam("deputy"))
    .where(col(Absence.cancelled_at).is_(None))
    .where(col(Absence.first_day) <= _TODAY)
    .where(col(Absence.last_day) >= _TODAY)
    .distinct()
)
_ON_SHIFT = (
    select(DutyShift.practitioner_id)
    .where(col(DutyShift.facility_id).in_(bindparam("places", expanding=True)))
    .where(col(DutyShift.begins_at) <= bindparam("now"))
    .where(col(DutyShift.ends_at) > bindparam("now"))
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


def reachable(
    session: Session, facility_id: str, now: datetime, roles: Sequence[str] = RUNG_ROLES
) -> list[Practitioner]:
    """Whom to ring at one facility: those on shift, else everybody there; deputies for the absent."""
    asked = {"places": [facility_id], "today": today(now), "now": now}
    staff = session.execute(_STAFF, asked).all()
    if not staff:
        return []
    deputies: dict[str, Practitioner] = {}
    for absent, deputy in session.execute(_DEPUTIES, asked).all():
        deputies.setdefault(absent, deputy)
    stands_in = [
        (one.id, one if here else deputies.get(one.id)) for one, here in staff if one.role in roles
    ]
    shift = set(session.execute(_ON_SHIFT, asked).scalars())
    return _each_once(stands_in, shift) or _each_once(stands_in, None)


def anywhere(
    session: Session, now: datetime, roles: Sequence[str] = ABOVE_THE_VILLAGES
) -> list[Practitioner]:
    """Whom to ring for who belongs to no place: those with one of these roles, or their deputies.

    Everybody above the villages, where none of these roles is.
    """
    above = tuple(role for role in ABOVE_THE_VILLAGES if role in roles) or ABOVE_THE_VILLAGES
    found = {
        one.id: one
        for place in session.exec(_STAFFED).all()
        for one in reachable(session, place, now, above)
    }
    return [found[key] for key in sorted(found)]


def nearest(
    session: Session,
    places: Sequence[Facility],
    now: datetime,
    roles: Sequence[str] = RUNG_ROLES,
) -> list[Practitioner]:
    """Those with one of these roles at the nearest place that has any; without places, `anywhere`."""
    if not places:
        return anywhere(session, now, roles)
    for place in places:
        found = reachable(session, place.id, now, roles)
        if found:
            return found
    return []


def somebody_on_duty(session: Session, facility_id: str | None, now: datetime) -> bool:
    """Whether anybody at all can be rung for a person of this facility, or of none."""
    return anybody_at(session, chain(session, facility_id), now)


def anybody_at(session: Session, places: Sequence[Facility], now: datetime) -> bool:
    """Whether anybody at all can be rung at one of these places, or a deputy of theirs."""
    if not places:
        return bool(anywhere(session, now))
    asked = {"places": [place.id for place in places], "today": today(now)}
    return (
        session.execute(_SOMEBODY, asked).first() is not None
        or session.execute(_DEPUTIES, asked).first() is not None
    )


def stands_in_at(session: Session, practitioner_id: str, now: datetime) -> tuple[str, ...]:
    """The paths of the places whose doctor is away today and named this one as deputy."""
    asked = {"deputy": practitioner_id, "today": today(now)}
    return tuple(session.execute(_FOR_WHOM, asked).scalars())


def today(now: datetime) -> date:
    """The day by which absences count."""
    return now.astimezone(CHINA).date()


def _each_once(
    stands_in: Sequence[tuple[str, Practitioner | None]], shift: set[str] | None
) -> list[Practitioner]:
    found = {
        one.id: one
        for whose, one in stands_in
        if one is not None and (shift is None or whose in shift)
    }
    return list(found.values())
