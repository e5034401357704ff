"""Codes: given out, used once, by one phone, before their end; and not to be guessed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlmodel import Session, select

from language.binding_code import code_in
from language.reader import read
from records import binding, consents, links, people
from records.binding import Issued, Outcome
from records.db import Database
from records.messages import Address, ensure_contact_point
from records.reader import Reader
from records.tables import (
    BindingCode,
    BindingGuess,
    ContactPoint,
    Person,
    PersonContact,
    StoredReading,
)
from records.vault import Vault
from tests.inbox.county import County


def phone(county: County, openid: str, account: str = "gh_demo") -> ContactPoint:
    address = Address("wechat", account, openid)
    return ensure_contact_point(county.session, county.vault, address, county.now)


@pytest.fixture
def patient(county: County) -> str:
    return county.person("a", "王桂芳")[0]


def given_out(county: County, doctor: Reader, person_id: str, relation: str = "self") -> Issued:
    return binding.issue(
        county.session,
        county.vault,
        person_id,
        relation=relation,
        issued_by=doctor.practitioner_id,
        now=county.now,
    )


def send(
    county: County, digits: str, contact: ContactPoint, *, after: timedelta = timedelta(0)
) -> Outcome:
    now = county.now + after
    return binding.redeem_digits(county.session, county.vault, contact, digits, now).outcome


def test_a_code_ties_the_phone_to_the_person(county: County, doctor: Reader, patient: str) -> None:
    code, new = given_out(county, doctor, patient, "mother"), phone(county, "o-daughter")
    found = binding.redeem_digits(county.session, county.vault, new, code.digits, county.now)
    assert (found.outcome, found.person_id, found.relation) == (Outcome.BOUND, patient, "mother")
    (linked,) = people.behind(county.session, new.id)
    assert (linked.person.id, linked.relation) == (patient, "mother")
    assert not consents.allowed(county.session, patient, new.id)


def test_a_code_looks_like_a_code_and_like_nothing_else(
    county: County, doctor: Reader, patient: str
) -> None:
    for _ in range(30):
        digits = given_out(county, doctor, patient).digits
        spotted = code_in(digits)
        assert spotted is not None
        assert spotted.digits == digits
        assert read(digits).mentions == ()


def test_a_code_is_good_once(county: County, doctor: Reader, patient: str) -> None:
    code = given_out(county, doctor, patient, "mother")
    first, second = phone(county, "o-1"), phone(county, "o-2")
    assert send(county, code.digits, first) is Outcome.BOUND
    assert send(county, code.digits, second) is Outcome.USED
    assert send(county, code.digits, first) is Outcome.ALREADY
    assert people.behind(county.session, second.id) == []


def test_a_code_ends_after_seven_days(county: County, doctor: Reader, patient: str) -> None:
    code, new = given_out(county, doctor, patient), phone(county, "o-1")
    late = timedelta(days=7)
    assert send(county, code.digits, new, after=late) is Outcome.EXPIRED
    assert send(county, code.digits, new, after=late - timedelta(seconds=1)) is Outcome.BOUND


def test_a_cancelled_code_works_no_more(county: County, doctor: Reader, patient: str) -> None:
    code, new = given_out(county, doctor, patient), phone(county, "o-1")
    assert binding.cancel(county.session, code.id, county.now)
    assert not binding.cancel(county.session, code.id, county.now)
    assert send(county, code.digits, new) is Outcome.CANCELLED


def test_a_new_code_for_the_same_phone_ends_the_old_one(
    county: County, doctor: Reader, patient: str
) -> None:
    old = given_out(county, doctor, patient)
    other = given_out(county, doctor, patient, "mother")
    new = given_out(county, doctor, patient)
    left = {code.id for code in binding.live(county.session, county.vault, patient, county.now)}
    assert left == {other.id, new.id}
    assert send(county, old.digits, phone(county, "o-1")) is Outcome.CANCELLED


def test_a_scanned_picture_ties_as_well(county: County, doctor: Reader, patient: str) -> None:
    code, new = given_out(county, doctor, patient), phone(county, "o-1")
    assert code.scene is not None
    session, vault, now = county.session, county.vault, county.now
    assert binding.redeem_scene(session, vault, new, "poster-7", now) is None
    unknown = binding.redeem_scene(session, vault, new, "bind00", now)
    assert unknown is not None
    assert unknown.outcome is Outcome.UNKNOWN
    found = binding.redeem_scene(session, vault, new, code.scene, now)
    assert found is not None
    assert found.outcome is Outcome.BOUND


def test_only_the_newest_picture_works(county: County, doctor: Reader, patient: str) -> None:
    code, scene = given_out(county, doctor, patient), binding.new_scene()
    assert code.scene is not None
    session, vault = county.session, county.vault
    binding.keep_picture(session, vault, code.id, scene=scene, url="http://x")
    old = binding.redeem_scene(session, vault, phone(county, "o-1"), code.scene, county.now)
    assert old is not None
    assert old.outcome is Outcome.UNKNOWN
    new = binding.redeem_scene(session, vault, phone(county, "o-2"), scene, county.now)
    assert new is not None
    assert new.outcome is Outcome.BOUND


def test_one_phone_has_several_people_and_one_person_several_phones(
    county: County, doctor: Reader, patient: str
) -> None:
    father, _ = county.person("a", "王大山")
    daughter, son = phone(county, "o-daughter"), phone(county, "o-son")
    for person, relation, contact in (
        (patient, "mother", daughter),
        (father, "father", daughter),
        (patient, "mother", son),
    ):
        code = given_out(county, doctor, person, relation)
        assert send(county, code.digits, contact) is Outcome.BOUND
    behind = {(w.person.id, w.relation) for w in people.behind(county.session, daughter.id)}
    assert behind == {(patient, "mother"), (father, "father")}
    relations = [one.relation for one in links.phones_of(county.session, patient)]
    assert relations == ["self", "mother", "mother"]


def test_a_phone_that_is_somebody_elses_own_stays_so(
    county: County, doctor: Reader, patient: str
) -> None:
    husband, point = county.person("a", "王大山")
    code, contact = given_out(county, doctor, patient), county.session.get_one(ContactPoint, point)
    found = binding.redeem_digits(county.session, county.vault, contact, code.digits, county.now)
    assert (found.outcome, found.person_id) == (Outcome.TAKEN, husband)
    assert [w.person.id for w in people.behind(county.session, point)] == [husband]
    assert send(county, code.digits, phone(county, "o-new")) is Outcome.BOUND


def test_an_ended_link_is_taken_up_again_and_asks_again(
    county: County, doctor: Reader, patient: str
) -> None:
    contact = phone(county, "o-1")
    send(county, given_out(county, doctor, patient).digits, contact)
    (first, *_) = [
        one
        for one in links.phones_of(county.session, patient)
        if one.contact_point_id == contact.id
    ]
    assert links.untie(county.session, first.link_id, county.now)
    assert not links.untie(county.session, first.link_id, county.now)
    county.now += timedelta(days=1)
    assert send(county, given_out(county, doctor, patient).digits, contact) is Outcome.BOUND
    row = county.session.get_one(PersonContact, first.link_id, populate_existing=True)
    assert (row.unlinked_at, row.linked_at) == (None, county.now)
    assert row.consent_asked_at == county.now


def test_what_a_stranger_sent_is_hers_once_the_code_says_who_she_is(
    county: County, doctor: Reader, patient: str
) -> None:
    contact = phone(county, "o-1")
    stranger = people.ensure_person(county.session, contact, county.now)
    reading = county.pressure(stranger.id, 150, 95)
    send(county, given_out(county, doctor, patient).digits, contact)
    gone = county.session.get_one(Person, stranger.id, populate_existing=True)
    assert (gone.status, gone.merged_into) == ("merged", patient)
    assert [w.person.id for w in people.behind(county.session, contact.id)] == [patient]
    assert county.session.get_one(StoredReading, reading).person_id == patient


def test_a_relative_who_wrote_before_is_no_patient(
    county: County, doctor: Reader, patient: str
) -> None:
    contact = phone(county, "o-1")
    stranger = people.ensure_person(county.session, contact, county.now)
    send(county, given_out(county, doctor, patient, "mother").digits, contact)
    assert [w.person.id for w in people.behind(county.session, contact.id)] == [patient]
    gone = county.session.get_one(Person, stranger.id, populate_existing=True)
    assert gone.status == "dismissed"


def test_a_relative_who_sent_values_stays_until_a_doctor_says_whose_they_are(
    county: County, doctor: Reader, patient: str
) -> None:
    contact = phone(county, "o-1")
    stranger = people.ensure_person(county.session, contact, county.now)
    county.pressure(stranger.id, 150, 95)
    send(county, given_out(county, doctor, patient, "mother").digits, contact)
    behind = [w.person.id for w in people.behind(county.session, contact.id)]
    assert behind == [stranger.id, patient]


@pytest.mark.parametrize("status", ["deceased", "refused"])
def test_a_code_of_somebody_who_is_gone_works_no_more(
    county: County, doctor: Reader, patient: str, status: str
) -> None:
    code = given_out(county, doctor, patient)
    county.session.get_one(Person, patient).status = status
    county.session.flush()
    assert send(county, code.digits, phone(county, "o-1")) is Outcome.CANCELLED


def test_a_code_of_a_merged_duplicate_ties_the_one_that_was_kept(
    county: County, doctor: Reader, patient: str
) -> None:
    kept, _ = county.person("a", "王桂芳")
    code, contact = given_out(county, doctor, patient), phone(county, "o-1")
    duplicate = county.session.get_one(Person, patient)
    duplicate.status, duplicate.merged_into = "merged", kept
    county.session.flush()
    assert send(county, code.digits, contact) is Outcome.BOUND
    assert [w.person.id for w in people.behind(county.session, contact.id)] == [kept]


def test_a_phone_that_guesses_is_stopped_for_a_day(
    county: County, doctor: Reader, patient: str
) -> None:
    code, contact = given_out(county, doctor, patient), phone(county, "o-1")
    wrong = "999999" if code.digits != "999999" else "999998"
    tries = [send(county, wrong, contact) for _ in range(6)]
    assert tries == [Outcome.UNKNOWN] * 5 + [Outcome.TOO_MANY]
    assert send(county, code.digits, contact) is Outcome.TOO_MANY
    assert send(county, code.digits, contact, after=timedelta(hours=24)) is Outcome.BOUND


def test_many_phones_that_guess_are_stopped_together(
    county: County, doctor: Reader, patient: str
) -> None:
    code = given_out(county, doctor, patient)
    for number in range(60):
        point = phone(county, f"o-guess-{number}")
        county.session.add(
            BindingGuess(contact_point_id=point.id, account=point.account, at=county.now)
        )
    county.session.flush()
    assert send(county, code.digits, phone(county, "o-1")) is Outcome.TOO_MANY
    other = phone(county, "o-1", account="gh_other")
    assert send(county, code.digits, other) is Outcome.BOUND


def test_two_phones_at_the_same_instant_one_wins(
    database: Database, vault: Vault, now: datetime
) -> None:
    with database.transaction() as session:
        county = County(session, vault, now).build()
        patient, _ = county.person("a", "王桂芳")
        code = given_out(county, county.readers["doctor_a"], patient, "mother")
        contacts = [phone(county, f"o-{number}").id for number in range(4)]
    start = Barrier(len(contacts))

    def use(contact_id: str) -> Outcome:
        start.wait()
        with database.transaction() as session:
            contact = session.get_one(ContactPoint, contact_id)
            return binding.redeem_digits(session, vault, contact, code.digits, now).outcome

    with ThreadPoolExecutor(len(contacts)) as pool:
        outcomes = sorted(pool.map(use, contacts))
    assert outcomes == [Outcome.BOUND, Outcome.USED, Outcome.USED, Outcome.USED]
    with database.reading() as session:
        (row,) = session.exec(select(BindingCode)).all()
        tied = _tied(session, patient)
    assert tied == [row.used_by]


def _tied(session: Session, person_id: str) -> list[str]:
    return [
        one.contact_point_id
        for one in links.phones_of(session, person_id)
        if one.relation == "mother"
    ]
