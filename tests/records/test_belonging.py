"""Where a stranger belongs, and who is there for who belongs nowhere."""

from __future__ import annotations

import pytest
from sqlmodel import select

from records import alarms, belonging, duty, merging, people
from records.belonging import covering, ensure_placed, say_where, settle_default
from records.messages import Address, ensure_contact_point
from records.people import Registration
from records.sms_contacts import sms_contact_of
from records.tables import ContactPoint, Facility, Practitioner
from tests.inbox.county import County

E164 = "+8613800001111"


def phone_of(county: County, number: str = E164, channel: str = "sms") -> ContactPoint:
    address = Address(channel, "main", number)
    return ensure_contact_point(county.session, county.vault, address, county.now)


def in_file(county: County, place: str) -> None:
    registration = Registration("王桂芳", county.places[place].id, phone="13800001111")
    people.register(county.session, county.vault, registration, county.now)


def placed(county: County, contact: ContactPoint) -> str | None:
    return ensure_placed(county.session, county.vault, contact, county.now).facility_id


def alone(county: County, *kinds: str) -> None:
    """Nobody works here but these."""
    for one in county.session.exec(select(Practitioner)):
        one.disabled_at = None if one.role in kinds else county.now
    county.session.flush()


def test_a_stranger_belongs_where_the_one_does_in_whose_file_the_number_stands(
    county: County,
) -> None:
    in_file(county, "a")
    assert placed(county, phone_of(county)) == county.places["a"].id


def test_of_several_files_it_is_the_nearest_place_above_them_all(county: County) -> None:
    in_file(county, "a")
    in_file(county, "b")
    assert placed(county, phone_of(county)) == county.places["town"].id


def test_a_number_in_no_file_belongs_where_the_county_says(county: County) -> None:
    contact = phone_of(county)
    assert placed(county, contact) is None
    say_where(county.session, county.places["town"].id, county.now)
    assert placed(county, contact) == county.places["town"].id
    assert placed(county, phone_of(county, "open-1", "wechat")) == county.places["town"].id


def test_whoever_is_known_is_moved_by_nothing(county: County) -> None:
    in_file(county, "a")
    contact = phone_of(county)
    person = ensure_placed(county.session, county.vault, contact, county.now)
    in_file(county, "b")
    assert placed(county, contact) == person.facility_id == county.places["a"].id


def test_the_number_of_a_record_that_was_merged_belongs_where_the_one_kept_does(
    county: County,
) -> None:
    merged, kept = (
        people.register(
            county.session,
            county.vault,
            Registration("王桂芳", county.places[place].id, phone=phone),
            county.now,
        )
        for place, phone in (("a", "13800001111"), ("b", "13800002222"))
    )
    contact = sms_contact_of(county.session, county.vault, merged, county.now)
    assert contact is not None
    reader = county.readers["town_doctor"]
    done = merging.merge(county.session, county.vault, reader, kept.id, merged.id, county.now)
    assert done is not None
    assert placed(county, contact) == county.places["b"].id


def test_for_who_belongs_nowhere_everybody_above_the_villages_is_there(county: County) -> None:
    found = duty.anywhere(county.session, county.now)
    assert {one.role for one in found} == {"township_doctor", "county_duty"}
    assert duty.somebody_on_duty(county.session, None, county.now)
    alone(county, "village_doctor")
    assert not duty.somebody_on_duty(county.session, None, county.now)


def test_where_only_one_place_can_be_meant_it_need_not_be_said(county: County) -> None:
    alarms.raise_for_operator(county.session, alarms.UNPLACED, alarms.STRANGERS, county.now)
    alone(county)
    assert settle_default(county.session, county.now) is None
    alone(county, "county_duty")
    found = settle_default(county.session, county.now)
    assert found is not None
    assert found == covering(county.session) == belonging.default_place(county.session)
    assert found.kind != "village_clinic"
    assert alarms.open_alarms(county.session) == []
    assert settle_default(county.session, county.now) is None


@pytest.mark.parametrize("kind", ["county", "village_clinic"])
def test_beside_a_second_county_it_has_to_be_said(county: County, kind: str) -> None:
    county.session.add(Facility(id="x", kind=kind, name="别处", path="x/"))
    county.session.flush()
    assert covering(county.session) is None
    assert settle_default(county.session, county.now) is None
