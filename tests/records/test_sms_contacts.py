"""From the register to a phone: her own number ties, a household's is asked about, a no holds everywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from care.situation import Programme
from records import consents, follow_ups, links, opting_out, outbound, people
from records.consents import EDUCATION, REMINDERS, SHARING, Evidence
from records.links import HOUSEHOLD, SELF
from records.messages import Address, address_of, ensure_contact_point
from records.outbound import Draft
from records.people import Registration
from records.reaching import own_contact_point
from records.register import fields
from records.sms_contacts import follow_the_file, in_whose_file, sms_contact_of
from records.tables import AuditEvent, ContactPoint, OutboundMessage, Person, PersonContact, Task
from tests.inbox.county import County

NUMBER, E164 = "13800001111", "+8613800001111"


def register(county: County, name: str, phone: str | None = NUMBER) -> Person:
    registration = Registration(
        name, county.places["a"].id, phone=phone, programmes=(Programme.HYPERTENSION,)
    )
    return people.register(county.session, county.vault, registration, county.now)


def contact_of(county: County, person: Person) -> ContactPoint | None:
    return sms_contact_of(county.session, county.vault, person, county.now)


def relations(county: County, contact: ContactPoint) -> dict[str, str]:
    rows = county.session.exec(
        select(PersonContact).where(PersonContact.contact_point_id == contact.id)
    ).all()
    return {row.person_id: row.relation for row in rows}


def test_a_number_in_one_file_is_her_own_and_is_made_once(county: County) -> None:
    person = register(county, "王桂芳")
    first, again = contact_of(county, person), contact_of(county, person)
    assert first is not None
    assert again is not None
    assert first.id == again.id
    assert (first.channel, first.account) == ("sms", "main")
    assert address_of(county.vault, first) == E164
    assert relations(county, first) == {person.id: SELF}
    # It rests on the paper signed at registration.
    assert REMINDERS in consents.allowed(county.session, person.id, first.id)


@pytest.mark.parametrize("phone", [None, "0871-6123456", "10657000", "不知道"])
def test_without_a_mobile_there_is_nowhere_to_write(county: County, phone: str | None) -> None:
    assert contact_of(county, register(county, "王桂芳", phone)) is None


def test_a_number_in_two_files_is_a_household_s_and_shows_nobody_anything(county: County) -> None:
    wife, husband = register(county, "王桂芳"), register(county, "李大山", E164)
    contact = contact_of(county, wife)
    assert contact is not None
    assert relations(county, contact) == {wife.id: HOUSEHOLD, husband.id: HOUSEHOLD}
    same = contact_of(county, husband)
    assert same is not None
    assert same.id == contact.id
    allowed = consents.allowed(county.session, wife.id, contact.id)
    assert REMINDERS in allowed
    assert SHARING not in allowed
    assert len(in_whose_file(county.session, county.vault, E164)) == 2


def test_the_number_that_somebody_else_bound_is_a_household_s(county: County) -> None:
    son = register(county, "王小明", None)
    address = Address("sms", "main", E164)
    contact = ensure_contact_point(county.session, county.vault, address, county.now)
    links.tie(county.session, son.id, contact.id, county.now)
    mother = register(county, "王桂芳")
    found = contact_of(county, mother)
    assert found is not None
    assert relations(county, found) == {son.id: SELF, mother.id: HOUSEHOLD}


def test_while_a_stranger_waits_for_the_doctor_nothing_is_written_to_that_number(
    county: County,
) -> None:
    address = Address("sms", "main", E164)
    contact = ensure_contact_point(county.session, county.vault, address, county.now)
    people.ensure_person(county.session, contact, county.now)
    assert contact_of(county, register(county, "王桂芳")) is None


def test_a_tie_that_was_ended_is_not_made_again(county: County) -> None:
    person = register(county, "王桂芳")
    contact = contact_of(county, person)
    assert contact is not None
    (tied,) = links.phones_of(county.session, person.id)
    assert links.untie(county.session, tied.link_id, county.now)
    assert contact_of(county, person) is None


@pytest.mark.parametrize("status", ["moved", "deceased", "refused", "merged", "unidentified"])
def test_who_is_not_looked_after_is_not_written_to(county: County, status: str) -> None:
    person = register(county, "王桂芳")
    person.status = status
    assert contact_of(county, person) is None


def _on_wechat(county: County, person: Person) -> ContactPoint:
    address = Address("wechat", "wx1", "openid-9")
    contact = ensure_contact_point(county.session, county.vault, address, county.now)
    people.link(county.session, person.id, contact.id, county.now)
    return contact


def test_who_took_reminders_back_elsewhere_gets_none_by_sms(county: County) -> None:
    person = register(county, "王桂芳")
    other = _on_wechat(county, person)
    consents.revoke(
        county.session,
        person.id,
        (REMINDERS, EDUCATION),
        county.now,
        evidence=Evidence(),
        said_on=other.id,
    )
    assert contact_of(county, person) is None


def test_who_stopped_on_wechat_is_not_written_to_by_sms_instead(county: County) -> None:
    person = register(county, "王桂芳")
    _on_wechat(county, person).stopped_at = county.now
    assert contact_of(county, person) is None


# --- Another number in the file ---------------------------------------------------------------------


def _moves(county: County, person: Person, number: str) -> None:
    fields.put(county.vault, person, "phone", number)
    follow_the_file(county.session, county.vault, person, county.now)
    county.session.expire_all()


def test_with_another_number_in_the_file_nothing_goes_to_the_old_one(county: County) -> None:
    person = register(county, "王桂芳")
    old = contact_of(county, person)
    assert old is not None
    row = _planned(county, person, old)
    _moves(county, person, "13733334444")
    assert own_contact_point(county.session, person.id, outbound.DOCTOR) is None
    assert county.session.get_one(OutboundMessage, row).contact_point_id is None
    new = contact_of(county, person)
    assert new is not None
    assert address_of(county.vault, new) == "+8613733334444"
    found = own_contact_point(county.session, person.id, outbound.DOCTOR)
    assert found is not None
    assert found.id == new.id


def test_a_number_that_comes_back_into_the_file_is_hers_again(county: County) -> None:
    person = register(county, "王桂芳")
    old = contact_of(county, person)
    assert old is not None
    _moves(county, person, "13733334444")
    _moves(county, person, NUMBER)
    again = contact_of(county, person)
    assert again is not None
    assert again.id == old.id
    assert relations(county, again) == {person.id: SELF}


def test_a_number_that_was_written_from_and_comes_back_is_hers_again(county: County) -> None:
    person = register(county, "王桂芳")
    old = contact_of(county, person)
    assert old is not None
    old.last_inbound_at = county.now
    _moves(county, person, "13733334444")
    _moves(county, person, NUMBER)
    assert contact_of(county, person) is not None
    assert relations(county, old) == {person.id: SELF}


@pytest.mark.parametrize("agreed", [False, True])
def test_an_old_number_that_somebody_wrote_from_is_her_own_only_if_she_agreed_there(
    county: County, *, agreed: bool
) -> None:
    person = register(county, "王桂芳")
    old = contact_of(county, person)
    assert old is not None
    old.last_inbound_at = county.now
    if agreed:
        said = Evidence(message_id="m1")
        consents.give(
            county.session,
            person.id,
            (REMINDERS,),
            county.now,
            contact_point_id=old.id,
            evidence=said,
        )
    _moves(county, person, "13733334444")
    assert [who.person.id for who in people.behind(county.session, old.id)] == [person.id]
    assert relations(county, old) == {person.id: SELF if agreed else HOUSEHOLD}
    assert (own_contact_point(county.session, person.id, outbound.DOCTOR) is not None) is agreed


def test_a_phone_that_was_bound_stays_whatever_number_the_file_holds(county: County) -> None:
    person = register(county, "王桂芳")
    contact = contact_of(county, person)
    assert contact is not None
    links.tie(county.session, person.id, contact.id, county.now)
    _moves(county, person, "13733334444")
    same = contact_of(county, person)
    assert same is not None
    assert same.id == contact.id


def test_a_number_taken_out_of_the_file_is_written_to_no_more(county: County) -> None:
    person = register(county, "王桂芳")
    assert contact_of(county, person) is not None
    person.phone_sealed = person.phone_index = None
    assert contact_of(county, person) is None
    assert own_contact_point(county.session, person.id, outbound.REMINDER) is None


def test_a_file_that_cannot_be_opened_ends_nothing(county: County) -> None:
    person = register(county, "王桂芳")
    assert contact_of(county, person) is not None
    person.phone_sealed = b"\x01nonsense-nonsense"
    assert contact_of(county, person) is not None


# --- Stopping ---------------------------------------------------------------------------------------


def _planned(county: County, person: Person, contact: ContactPoint, key: str = "k1") -> str:
    draft = Draft(
        purpose=outbound.REMINDER,
        text_key="followup.open_bp",
        body="到日子了",
        send_key=key,
        contact_point_id=contact.id,
        person_id=person.id,
        expires_at=county.now + timedelta(days=1),
    )
    row = outbound.queue(county.session, county.vault, draft, county.now)
    assert row is not None
    return row.id


def _asked(county: County, person: Person) -> None:
    today = people.china_date(county.now)
    follow_ups.plan(county.session, person.id, Programme.HYPERTENSION, today)
    due = [row.id for row in follow_ups.due_to_open(county.session, today, 10)]
    follow_ups.start(county.session, due, now=county.now, next_step_at=county.now)


def test_who_stops_while_being_asked_is_phoned_and_nothing_planned_goes_out(county: County) -> None:
    person = register(county, "王桂芳")
    contact = contact_of(county, person)
    assert contact is not None
    _asked(county, person)
    row = _planned(county, person, contact)
    assert opting_out.stop(county.session, contact.id, county.now)
    assert not opting_out.stop(county.session, contact.id, county.now)
    county.session.expire_all()
    message = county.session.get_one(OutboundMessage, row)
    assert (message.state, message.reason) == ("never", "stopped")
    (task,) = county.session.exec(select(Task).where(Task.reason == "stopped")).all()
    assert (task.kind, task.person_id) == ("call", person.id)
    event = county.session.exec(
        select(AuditEvent).where(AuditEvent.action == "consent.stopped")
    ).one()
    assert event.detail == {"by": "message"}


def test_what_was_planned_takes_another_phone_that_is_not_stopped(county: County) -> None:
    person = register(county, "王桂芳")
    contact = contact_of(county, person)
    assert contact is not None
    _on_wechat(county, person)
    _asked(county, person)
    row = _planned(county, person, contact)
    opting_out.stop(county.session, contact.id, county.now, by=opting_out.BY_CARRIER)
    county.session.expire_all()
    message = county.session.get_one(OutboundMessage, row)
    assert (message.state, message.contact_point_id) == ("queued", None)
    assert county.session.exec(select(Task).where(Task.reason == "stopped")).all() == []


def test_a_carrier_s_block_is_told_as_what_it_is(county: County) -> None:
    person = register(county, "王桂芳")
    contact = contact_of(county, person)
    assert contact is not None
    _asked(county, person)
    assert opting_out.stop(county.session, contact.id, county.now, by=opting_out.BY_CARRIER)
    assert [task.reason for task in county.session.exec(select(Task)).all()] == [
        "stopped_by_carrier"
    ]
