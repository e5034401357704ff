"""Where words about a person may go, and which phones are in the hands of one human."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from records import people
from records.db import Database
from records.people import Registration
from records.reaching import contact_points, is_own, own_contact_point, same_human
from records.tables import Consent, ContactPoint, Facility
from records.vault import Vault


def a_person(session: Session, vault: Vault, now: datetime) -> str:
    facility = Facility(kind="village_clinic", name="柳树沟村卫生室", path="/")
    session.add(facility)
    session.flush()
    return people.register(session, vault, Registration("王秀英", facility.id), now).id


def a_phone(session: Session, name: str, now: datetime, **changes: Any) -> str:
    contact = ContactPoint(
        channel="sms", account="main", address_index=name, created_at=now, **changes
    )
    session.add(contact)
    session.flush()
    return contact.id


def test_a_persons_own_addresses_come_first_and_family_with_consent_last(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        person = a_person(session, vault, now)
        old = a_phone(session, "old", now, last_inbound_at=now - timedelta(days=9))
        new = a_phone(session, "new", now, last_inbound_at=now)
        left = a_phone(session, "left", now, last_inbound_at=now, unfollowed_at=now)
        daughter, son = a_phone(session, "daughter", now), a_phone(session, "son", now)
        for own in (old, new, left):
            people.link(session, person, own, now)
        for family in (daughter, son):
            people.link(session, person, family, now, relation="mother")
        session.add(
            Consent(person_id=person, contact_point_id=daughter, purpose="reminders", given_at=now)
        )
        session.flush()
        found = [contact.id for contact in contact_points(session, person, "reminder")]
        assert found == [new, old, left, daughter]
        first = own_contact_point(session, person, "reminder")
        assert first is not None
        assert first.id == new


def test_only_phones_of_one_and_the_same_human_stand_for_each_other(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        wang, li = a_person(session, vault, now), a_person(session, vault, now)
        chat, phone = a_phone(session, "chat", now), a_phone(session, "phone", now)
        shared = a_phone(session, "shared", now)
        for contact in (chat, phone, shared):
            people.link(session, wang, contact, now)
        people.link(session, li, shared, now)
        assert [contact.id for contact in same_human(session, chat)] == [phone]
        assert same_human(session, shared) == []
        assert is_own(session, wang, chat)
        assert not is_own(session, li, chat)


def test_a_phone_that_nobody_calls_their_own_stands_for_nothing(
    sqlite_database: Database, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        assert same_human(session, a_phone(session, "lone", now)) == []
