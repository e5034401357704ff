"""The county's facilities and the accounts of those who work there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from records import people, practitioners
from records.identity import new_id
from records.reader import Reader
from records.tables import Facility, Practitioner
from records.vault import Vault
from suifang.seed.roster import county


@dataclass(frozen=True, slots=True)
class Places:
    """The facility tree. `staff` are the practitioners by login."""

    county: Facility
    township: Facility
    villages: tuple[Facility, ...]
    staff: dict[str, Practitioner]

    def readers(self) -> dict[str, Reader]:
        """Everybody who signs in, by login, with the part of the tree they look after."""
        paths = {place.id: place.path for place in (self.county, self.township, *self.villages)}
        return {
            login: Reader(one.id, one.role, one.facility_id, paths[one.facility_id])
            for login, one in self.staff.items()
        }

    def doctor(self, village: int) -> Reader:
        """The village doctor of one village."""
        place = self.villages[village].id
        return next(one for one in self.readers().values() if one.facility_id == place)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A log-in that is printed for the newcomer."""

    login: str
    password: str
    role: str
    place: str


def settle_places(session: Session, vault: Vault, now: datetime) -> Places:
    """Create county, township, villages and their staff; strangers go to the township."""
    facts = county()
    top = found_facility(session, None, "county", facts["county"]["name"])
    township = found_facility(
        session,
        top,
        "township_health_centre",
        facts["township"]["name"],
        facts["township"]["phone"],
    )
    villages = tuple(
        found_facility(session, township, "village_clinic", village["name"])
        for village in facts["villages"]
    )
    people.set_default_facility(session, township.id, now)
    places = Places(top, township, villages, {})
    for account in facts["staff"]:
        places.staff[account["login"]] = practitioners.create(
            session,
            vault,
            practitioners.Account(
                login=account["login"],
                password=facts["accounts"]["password"],
                name=account["name"],
                role=account["role"],
                facility_id=_place_of(places, account).id,
                demo=True,
            ),
            now,
        )
    return places


def demo_accounts() -> tuple[DemoAccount, ...]:
    """The log-ins of the demonstration."""
    facts = county()
    return tuple(
        DemoAccount(
            login=account["login"],
            password=facts["accounts"]["password"],
            role=account["role"],
            place=facts["villages"][account["village"]]["name"]
            if "village" in account
            else facts[account["place"]]["name"],
        )
        for account in facts["staff"]
    )


def _place_of(places: Places, account: dict[str, int | str]) -> Facility:
    if "village" in account:
        return places.villages[int(account["village"])]
    return places.township if account["place"] == "township" else places.county


def found_facility(
    session: Session, parent: Facility | None, kind: str, name: str, phone: str | None = None
) -> Facility:
    """Add a facility below another; its path is the chain of ids down to it."""
    row = new_id()
    facility = Facility(
        id=row,
        parent_id=parent.id if parent else None,
        kind=kind,
        name=name,
        path=f"{parent.path if parent else ''}{row}/",
        phone=phone,
    )
    session.add(facility)
    session.flush()
    return facility
