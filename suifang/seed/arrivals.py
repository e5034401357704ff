"""Registers the invented people; some of them follow the WeChat account, one has a phone with keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from channels.sms import line
from records import messages, people
from records.dossier import EMERGENCY
from records.identity import new_id
from records.messages import Address, Arrival
from records.phone_numbers import e164
from records.tables import Consent, Person
from records.vault import Vault
from suifang.seed.places import Places
from suifang.seed.roster import Villager, county

CHANNEL = "wechat"
AGREED = ("readings", "reminders", "education")
# Everybody but each so-manieth has left the number of a grown child.
_WITHOUT_CONTACT = 3
_CHILDREN = (("son", "小军"), ("daughter", "小燕"))


@dataclass(frozen=True, slots=True)
class Resident:
    """A registered person: the row's id, the invented facts, and the conversation if any.

    `openid` is None for who has no WeChat.
    """

    person_id: str
    villager: Villager
    joined_at: datetime
    openid: str | None = None
    contact_point_id: str | None = None


def register_people(
    session: Session,
    vault: Vault,
    roster: Sequence[Villager],
    places: Places,
    *,
    account: str,
    now: datetime,
) -> list[Resident]:
    """Register everybody; those with WeChat follow the account, agree, and may share a phone."""
    holders: dict[int, int] = {
        pair["other"]: pair["holder"] for pair in county()["wechat"]["together"]
    }
    relations = {pair["other"]: pair["relation"] for pair in county()["wechat"]["together"]}
    openids = {
        place: f"demo-{number:03d}" for number, place in enumerate(county()["wechat"]["people"], 1)
    }
    residents = []
    for place, villager in enumerate(roster):
        openid = openids.get(holders.get(place, place))
        facility = places.villages[villager.village]
        joined = now + timedelta(days=villager.joins_after_days)
        person = people.register(session, vault, _registration(villager, facility.id), joined)
        if place % _WITHOUT_CONTACT:
            _leave_a_number(vault, person, villager, place)
            session.add(person)
        contact = None
        if openid is not None:
            contact = follow(session, vault, account, openid, joined)
            people.link(session, person.id, contact, joined, relations.get(place, "self"))
            agree(session, person.id, contact, joined)
        if place in county()["sms"]["people"]:
            contact = texts_from(session, vault, villager.phone, joined)
            people.link(session, person.id, contact, joined)
            agree(session, person.id, contact, joined)
        residents.append(Resident(person.id, villager, joined, openid, contact))
    return residents


def _registration(villager: Villager, facility_id: str) -> people.Registration:
    return people.Registration(
        name=villager.name,
        facility_id=facility_id,
        sex=villager.sex,
        born_on=villager.born_on,
        phone=villager.phone,
        height_cm=villager.height_cm,
        drugs=villager.drugs,
        programmes=villager.programmes,
    )


def _leave_a_number(vault: Vault, person: Person, villager: Villager, place: int) -> None:
    """A grown child to phone in an emergency."""
    relation, given = _CHILDREN[place % len(_CHILDREN)]
    known = {
        "name": villager.name[0] + given,
        "phone": f"1391111{place:04d}",
        "relation": relation,
    }
    text = json.dumps(known, ensure_ascii=False)
    person.emergency_sealed = vault.seal(text, EMERGENCY, person.id)


def follow(session: Session, vault: Vault, account: str, openid: str, now: datetime) -> str:
    """A phone begins to follow the account. Returns its contact point."""
    arrival = Arrival(
        channel=CHANNEL,
        account=account,
        address=openid,
        external_id=f"{openid}:{int(now.timestamp())}:subscribe",
        kind="event",
        sent_at=now,
        event={"name": "subscribe"},
        waits=False,
        follows=True,
    )
    messages.accept(session, vault, arrival, now, wake_at=now)
    where = Address(CHANNEL, account, openid)
    return messages.ensure_contact_point(session, vault, where, now).id


def texts_from(session: Session, vault: Vault, phone: str, now: datetime) -> str:
    """Somebody can be reached by SMS. Returns the contact point of their number."""
    where = Address(line.CHANNEL, line.ACCOUNT, e164(phone) or phone)
    return messages.ensure_contact_point(session, vault, where, now).id


def agree(session: Session, person_id: str, contact_point_id: str, now: datetime) -> None:
    """A person agrees to everything that is asked at the beginning."""
    for purpose in AGREED:
        session.add(
            Consent(
                id=new_id(),
                person_id=person_id,
                contact_point_id=contact_point_id,
                purpose=purpose,
                given_at=now,
            )
        )
    session.flush()
