from datetime import date, datetime

import pytest

from care.situation import Programme
from records import duty, people
from records.db import Database
from records.identity import new_id
from records.people import Registration
from records.tables import ContactPoint, Facility, Practitioner
from records.vault import Vault
from tests.agent.scene import Village


def test_a_name_and_a_number_are_sealed_and_the_phone_is_found_by_index(
    village: Village, vault: Vault, now: datetime
) -> None:
    registration = Registration(
        "李大山", village.facility.id, phone="13800000000", identity_number="11010119600101123x"
    )
    with village.database.transaction() as session:
        person = people.register(session, vault, registration, now)
        assert people.name_of(vault, person) == "李大山"
        assert person.phone_index == vault.index("13800000000", "phone")
        assert person.identity_number_index == vault.index("11010119600101123X", "identity")
        assert b"13800000000" not in (person.phone_sealed or b"")


def test_a_stranger_becomes_somebody_once(village: Village, now: datetime) -> None:
    with village.database.transaction() as session:
        contact = ContactPoint(channel="wechat", account="wx1", address_index="new", created_at=now)
        session.add(contact)
        session.flush()
        first = people.ensure_person(session, contact, now)
        assert first.status == people.UNIDENTIFIED
        assert first.facility_id == village.facility.id
        assert people.name_of(village.vault, first) == ""
        assert people.ensure_person(session, contact, now).id == first.id


def test_the_holder_of_the_phone_comes_first(village: Village, now: datetime) -> None:
    with village.database.transaction() as session:
        mother = people.register(
            session, village.vault, Registration("张秀英", village.facility.id), now
        )
        people.link(session, mother.id, village.contact_id, now, "mother")
        found = people.behind(session, village.contact_id)
    assert [who.relation for who in found] == ["self", "mother"]


@pytest.mark.parametrize(
    ("today", "age"),
    [(date(2026, 4, 30), 65), (date(2026, 5, 1), 66), (date(2027, 1, 1), 66)],
)
def test_a_birthday_counts_from_its_day(today: date, age: int) -> None:
    assert people.age_on(date(1960, 5, 1), today) == age


def test_an_unknown_birthday_is_no_age() -> None:
    assert people.age_on(None, date(2026, 1, 1)) is None


def test_the_rules_are_told_age_programmes_and_drugs(village: Village, now: datetime) -> None:
    with village.database.reading() as session:
        known = people.background(session, village.patient, people.china_date(now))
    assert known.age == 66
    assert known.conditions == {Programme.HYPERTENSION}


def test_an_account_may_have_its_own_clinic_for_strangers(village: Village, now: datetime) -> None:
    with village.database.transaction() as session:
        other = Facility(id=new_id(), kind="village_clinic", name="别村", path="x/")
        session.add(other)
        session.flush()
        people.set_default_facility(session, other.id, now, "wx2")
        people.set_default_facility(session, other.id, now, "wx2")
        assert people.default_facility(session, "wx2") == other.id
        assert people.default_facility(session, "wx1") == village.facility.id


def test_a_disabled_doctor_is_not_on_duty(village: Village, now: datetime) -> None:
    with village.database.transaction() as session:
        assert duty.somebody_on_duty(session, village.facility.id, now)
        for doctor in duty.reachable(session, village.facility.id, now):
            doctor.disabled_at = now
            session.add(doctor)
        session.flush()
        assert not duty.somebody_on_duty(session, village.facility.id, now)
        assert not duty.somebody_on_duty(session, None, now)


def test_a_curator_is_never_rung(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        place = Facility(id=new_id(), kind="county", name="县", path="c/")
        session.add(place)
        session.flush()
        session.add(
            Practitioner(
                facility_id=place.id, role="curator", login="c", password_hash="x", created_at=now
            )
        )
        session.flush()
        assert duty.reachable(session, place.id, now) == []
