"""What was agreed to, on which phone, by whose word; and what that lets us do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from records import consents, links
from records.consents import ASKED, EDUCATION, PURPOSES, READINGS, REMINDERS, SHARING, Evidence
from records.tables import Consent, StoredReading
from tests.inbox.county import County

MESSAGE = Evidence(message_id="m-1")


@pytest.fixture
def own(county: County) -> tuple[str, str]:
    """A person whose phone was bound by a code: asked, and not yet answered."""
    person, point = county.person("a", "王桂芳")
    for tied in links.phones_of(county.session, person):
        links.untie(county.session, tied.link_id, county.now)
    links.tie(county.session, person, point, county.now)
    return person, point


def agree(county: County, person: str, point: str | None, *purposes: str) -> None:
    consents.give(
        county.session, person, purposes, county.now, contact_point_id=point, evidence=MESSAGE
    )


def take_back(
    county: County, person: str, point: str, *purposes: str, all_phones: bool = True
) -> None:
    consents.revoke(
        county.session,
        person,
        purposes,
        county.now + timedelta(hours=1),
        evidence=Evidence(message_id="m-2"),
        said_on=point,
        everywhere=all_phones,
    )


def test_nothing_is_allowed_before_the_answer(county: County, own: tuple[str, str]) -> None:
    found = consents.standing(county.session, *own)
    assert (found.allowed, found.pending) == (frozenset(), True)


def test_a_yes_is_kept_with_the_message_that_said_it(county: County, own: tuple[str, str]) -> None:
    agree(county, *own, *ASKED)
    found = consents.standing(county.session, *own)
    assert (found.allowed, found.pending) == (ASKED, False)
    rows = consents.of_person(county.session, own[0])
    assert {row.evidence_message_id for row in rows} == {"m-1"}


def test_the_same_yes_twice_is_one_row(county: County, own: tuple[str, str]) -> None:
    agree(county, *own, READINGS)
    agree(county, *own, READINGS)
    assert len(consents.of_person(county.session, own[0])) == 1


def test_one_purpose_is_taken_back_and_the_others_stay(
    county: County, own: tuple[str, str]
) -> None:
    agree(county, *own, *ASKED)
    take_back(county, *own, REMINDERS)
    assert consents.allowed(county.session, *own) == {READINGS, EDUCATION}
    (ended,) = [r for r in consents.of_person(county.session, own[0]) if r.revoked_at]
    assert (ended.purpose, ended.revoked_message_id) == (REMINDERS, "m-2")


def test_a_no_to_the_question_is_evidence_too(county: County, own: tuple[str, str]) -> None:
    take_back(county, *own, *ASKED)
    found = consents.standing(county.session, *own)
    assert (found.allowed, found.pending) == (frozenset(), False)
    assert len(consents.of_person(county.session, own[0])) == len(ASKED)


def test_a_phone_that_is_tied_again_is_asked_again(county: County, own: tuple[str, str]) -> None:
    agree(county, *own, *ASKED)
    take_back(county, *own, *PURPOSES)
    (tied,) = links.phones_of(county.session, own[0])
    links.untie(county.session, tied.link_id, county.now + timedelta(hours=2))
    links.tie(county.session, *own, county.now + timedelta(hours=3))
    found = consents.standing(county.session, *own)
    assert (found.allowed, found.pending) == (frozenset(), True)
    county.now += timedelta(hours=4)
    take_back(county, *own, *ASKED)
    assert not consents.standing(county.session, *own).pending


def test_a_link_older_than_the_question_rests_on_paper_until_it_is_taken_back(
    county: County,
) -> None:
    person, point = county.person("a", "王桂芳")
    assert consents.allowed(county.session, person, point) == set(PURPOSES)
    assert not consents.standing(county.session, person, point).pending
    take_back(county, person, point, REMINDERS)
    assert REMINDERS not in consents.allowed(county.session, person, point)


def test_a_yes_told_to_the_doctor_holds_on_every_phone_but_for_sharing(
    county: County, own: tuple[str, str]
) -> None:
    person, point = own
    consents.give(
        county.session,
        person,
        PURPOSES,
        county.now,
        contact_point_id=None,
        evidence=Evidence(practitioner_id=county.readers["doctor_a"].practitioner_id),
    )
    assert consents.allowed(county.session, person, point) == ASKED


def test_her_own_no_holds_on_every_phone_and_a_relatives_only_on_his(
    county: County, own: tuple[str, str]
) -> None:
    person, point = own
    _, relative = county.person("b", "李小妹")
    links.tie(county.session, person, relative, county.now, relation="mother")
    agree(county, person, point, *ASKED)
    agree(county, person, relative, *PURPOSES)
    take_back(county, person, relative, REMINDERS, all_phones=False)
    assert REMINDERS in consents.allowed(county.session, person, point)
    assert REMINDERS not in consents.allowed(county.session, person, relative)
    take_back(county, person, point, SHARING)
    assert SHARING not in consents.allowed(county.session, person, relative)


def test_values_wait_for_the_yes_and_count_from_then_on(
    county: County, own: tuple[str, str]
) -> None:
    person, point = own
    plain = county.pressure(person, 150, 95)
    unsure = county.pressure(person, 148, 92, certainty="joined")
    consents.withhold(county.session, [plain, unsure])
    assert consents.holds_back(county.session, person)
    agree(county, person, point, READINGS)
    states = dict(county.session.exec(select(StoredReading.id, StoredReading.state)).all())
    assert states == {plain: "stored", unsure: "unconfirmed"}
    assert not consents.holds_back(county.session, person)


def test_values_that_waited_for_a_no_are_withdrawn(county: County, own: tuple[str, str]) -> None:
    person, point = own
    reading = county.pressure(person, 150, 95)
    consents.withhold(county.session, [reading])
    take_back(county, person, point, *ASKED)
    assert county.session.exec(select(StoredReading.state)).all() == ["withdrawn"]


def test_the_rows_stay_as_evidence(county: County, own: tuple[str, str]) -> None:
    agree(county, *own, *ASKED)
    take_back(county, *own, *PURPOSES)
    agree(county, *own, READINGS)
    rows = county.session.exec(select(Consent)).all()
    assert len([row for row in rows if row.purpose == READINGS]) == 2
    assert consents.allowed(county.session, *own) == {READINGS}
