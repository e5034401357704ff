"""Registers the simulated county in a database: facilities, staff, people, phones and consent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle

from sqlmodel import Session

from care.cadence import Purpose
from care.situation import Programme
from records import follow_ups, people, practitioners
from records.people import china_date
from records.reader import Reader
from records.tables import Facility, Practitioner
from records.vault import Vault
from simulator.county.household import Villager
from simulator.county.world import World
from suifang.seed.arrivals import agree, follow
from suifang.seed.places import found_facility

ACCOUNT = "wxsimulated00001"
_PASSWORD = "nobody signs in to a simulation"  # noqa: S105 - the database is thrown away
_FIRST_PLAN_WITHIN_DAYS = 90


@dataclass(frozen=True, slots=True)
class Settled:
    """Who is who: rows by the county's own names and numbers, and back."""

    doctors: Mapping[str, Reader]
    people: Mapping[int, str]
    contacts: Mapping[str, str]

    def login_of(self, practitioner_id: str) -> str:
        return next(
            login for login, one in self.doctors.items() if one.practitioner_id == practitioner_id
        )

    def villager_of(self, person_id: str) -> int | None:
        return next((number for number, row in self.people.items() if row == person_id), None)


def settle(session: Session, vault: Vault, world: World, now: datetime) -> Settled:
    """Write the county down as it is on its first morning."""
    county = found_facility(session, None, "county", "模拟县")
    township = found_facility(
        session, county, "township_health_centre", "模拟镇卫生院", "0571-00000002"
    )
    villages = [
        found_facility(session, township, "village_clinic", f"{name}卫生室")
        for name in world.village_names
    ]
    people.set_default_facility(session, township.id, now)
    doctors = {
        f"village{number}": _doctor(
            session, vault, f"village{number}", "village_doctor", place, now
        )
        for number, place in enumerate(villages)
    }
    doctors["township"] = _doctor(session, vault, "township", "township_doctor", township, now)
    doctors["county"] = _doctor(session, vault, "county", "county_duty", county, now)
    contacts = {
        phone: follow(session, vault, ACCOUNT, phone, now) for phone in sorted(world.phones)
    }
    first_days = cycle(range(_FIRST_PLAN_WITHIN_DAYS))
    rows: dict[int, str] = {}
    for villager in world.villagers:
        person_id = _register(session, vault, villager, villages[villager.village], now)
        rows[villager.number] = person_id
        if villager.phone is not None:
            contact = contacts[villager.phone]
            people.link(session, person_id, contact, now, villager.relation)
            agree(session, person_id, contact, now)
        due = china_date(now) + timedelta(days=next(first_days))
        for programme in villager.programmes:
            follow_ups.plan(session, person_id, programme, due, Purpose.ROUTINE)
    return Settled(doctors, rows, contacts)


def _register(
    session: Session, vault: Vault, villager: Villager, village: Facility, now: datetime
) -> str:
    registration = people.Registration(
        name=villager.name,
        facility_id=village.id,
        sex=villager.sex,
        born_on=villager.born_on,
        phone=f"139{villager.number:08d}",
        programmes=tuple(Programme(name) for name in villager.programmes),
    )
    return people.register(session, vault, registration, now).id


def _doctor(
    session: Session, vault: Vault, login: str, role: str, place: Facility, now: datetime
) -> Reader:
    account = practitioners.Account(
        login=login, password=_PASSWORD, name=login, role=role, facility_id=place.id, demo=False
    )
    made: Practitioner = practitioners.create(session, vault, account, now)
    return Reader(made.id, role, place.id, place.path)
