"""Who is rung on which day: absences, deputies, shifts, switched-off addresses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from sqlmodel import Session, select

from records import duty, roster
from records.db import Database
from records.identity import new_id
from records.reader import Reader
from records.roster import Leave, RosterError
from records.tables import AuditEvent, Facility, NoticeAddress, Practitioner

TODAY = date(2026, 11, 23)
_logins = count()


class Staff:
    """One facility and whoever works there; `names` asks who is rung."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now = session, now
        self.place = Facility(id=new_id(), kind="village_clinic", name="上塘村", path="v/")
        session.add(self.place)
        session.flush()

    def doctor(self, role: str = "village_doctor") -> Reader:
        row = Practitioner(
            facility_id=self.place.id,
            role=role,
            login=f"d{next(_logins)}",
            password_hash="x",
            created_at=self.now,
        )
        self.session.add(row)
        self.session.flush()
        return Reader(row.id, role, self.place.id, self.place.path)

    def rung(
        self, at: datetime | None = None, roles: tuple[str, ...] = duty.RUNG_ROLES
    ) -> set[str]:
        found = duty.reachable(self.session, self.place.id, at or self.now, roles)
        return {one.id for one in found}

    def away(self, who: Reader, days: int = 0, deputy: Reader | None = None) -> str:
        last = TODAY + timedelta(days=days)
        leave = Leave(TODAY, last, "market", deputy.practitioner_id if deputy else None)
        return roster.go_away(self.session, who, leave, self.now).id


@pytest.fixture
def staff(database: Database, now: datetime) -> Iterator[Staff]:
    with database.transaction() as session:
        yield Staff(session, now)


def test_who_is_away_today_is_not_rung_and_comes_back_tomorrow(staff: Staff) -> None:
    one = staff.doctor()
    staff.away(one)
    assert staff.rung() == set()
    assert not duty.somebody_on_duty(staff.session, staff.place.id, staff.now)
    # 15:59 UTC is a minute before midnight where the people live.
    almost = datetime(2026, 11, 23, 15, 59, tzinfo=UTC)
    assert staff.rung(almost) == set()
    assert staff.rung(almost + timedelta(minutes=1)) == {one.practitioner_id}


def test_an_absence_over_new_year_holds_on_both_sides(staff: Staff) -> None:
    one = staff.doctor()
    leave = Leave(date(2026, 12, 31), date(2027, 1, 1))
    roster.go_away(staff.session, one, leave, staff.now)
    eve = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    assert staff.rung(eve - timedelta(hours=24)) == {one.practitioner_id}
    assert staff.rung(eve) == set()
    assert staff.rung(eve + timedelta(minutes=2)) == set()
    assert staff.rung(eve + timedelta(hours=24, minutes=2)) == {one.practitioner_id}


def test_a_deputy_is_rung_instead_even_from_another_village(staff: Staff) -> None:
    one = staff.doctor()
    neighbour = Staff(staff.session, staff.now).doctor()
    staff.away(one, deputy=neighbour)
    assert staff.rung() == {neighbour.practitioner_id}
    assert duty.somebody_on_duty(staff.session, staff.place.id, staff.now)


def test_a_deputy_who_is_away_too_is_no_deputy(staff: Staff) -> None:
    one, other = staff.doctor(), Staff(staff.session, staff.now).doctor()
    staff.away(one, deputy=other)
    staff.away(other)
    assert staff.rung() == set()
    assert not duty.somebody_on_duty(staff.session, staff.place.id, staff.now)


def test_coming_back_early_counts_at_once(staff: Staff) -> None:
    one = staff.doctor()
    absence = staff.away(one, days=5)
    assert roster.come_back(staff.session, one, absence, staff.now)
    assert not roster.come_back(staff.session, one, absence, staff.now)
    assert staff.rung() == {one.practitioner_id}


def test_nobody_ends_the_absence_of_somebody_else(staff: Staff) -> None:
    one, other = staff.doctor(), staff.doctor()
    absence = staff.away(one)
    assert not roster.come_back(staff.session, other, absence, staff.now)
    assert staff.rung() == {other.practitioner_id}


def test_a_shift_puts_its_doctor_before_the_others_and_ends(staff: Staff) -> None:
    one, other = staff.doctor("township_doctor"), staff.doctor("township_doctor")
    ends = staff.now + timedelta(hours=12)
    roster.set_shift(staff.session, one, other.practitioner_id, staff.now, ends, staff.now)
    assert staff.rung() == {other.practitioner_id}
    assert staff.rung(ends) == {one.practitioner_id, other.practitioner_id}


def test_when_everybody_on_shift_is_away_the_others_are_rung(staff: Staff) -> None:
    one, other = staff.doctor(), staff.doctor()
    ends = staff.now + timedelta(hours=12)
    roster.set_shift(staff.session, one, other.practitioner_id, staff.now, ends, staff.now)
    staff.away(other)
    assert staff.rung() == {one.practitioner_id}


def test_a_shift_is_dropped_by_the_own_house_only(staff: Staff) -> None:
    one, other = staff.doctor(), staff.doctor()
    ends = staff.now + timedelta(hours=12)
    shift = roster.set_shift(
        staff.session, one, other.practitioner_id, staff.now, ends, staff.now
    ).id
    stranger = Staff(staff.session, staff.now).doctor()
    assert not roster.drop_shift(staff.session, stranger, shift, staff.now)
    assert roster.drop_shift(staff.session, one, shift, staff.now)
    assert staff.rung() == {one.practitioner_id, other.practitioner_id}


def test_only_the_roles_of_the_step_are_rung_but_a_deputy_has_any(staff: Staff) -> None:
    one, higher = staff.doctor(), staff.doctor("township_doctor")
    assert staff.rung(roles=("village_doctor",)) == {one.practitioner_id}
    staff.away(one, deputy=higher)
    assert staff.rung(roles=("village_doctor",)) == {higher.practitioner_id}


def test_whoever_switched_every_address_off_cannot_be_rung(staff: Staff) -> None:
    one = staff.doctor()
    address = NoticeAddress(
        practitioner_id=one.practitioner_id, channel="webhook", created_at=staff.now
    )
    staff.session.add(address)
    staff.session.flush()
    assert staff.rung() == {one.practitioner_id}
    address.disabled_at = staff.now
    staff.session.add(address)
    staff.session.flush()
    assert staff.rung() == set()


@pytest.mark.parametrize(
    "leave",
    [
        Leave(TODAY, TODAY - timedelta(days=1)),
        Leave(TODAY - timedelta(days=3), TODAY - timedelta(days=1)),
        Leave(TODAY, TODAY + timedelta(days=400)),
        Leave(TODAY, TODAY, deputy_id="nobody"),
    ],
)
def test_an_absence_that_cannot_be_is_refused(staff: Staff, leave: Leave) -> None:
    one = staff.doctor()
    with pytest.raises(RosterError):
        roster.go_away(staff.session, one, leave, staff.now)
    assert staff.rung() == {one.practitioner_id}


def test_nobody_is_their_own_deputy_and_no_clerk_is_one(staff: Staff) -> None:
    one, clerk = staff.doctor(), staff.doctor("bureau_officer")
    for deputy in (one, clerk):
        with pytest.raises(RosterError, match="deputy"):
            staff.away(one, deputy=deputy)


@pytest.mark.parametrize(("begins", "ends"), [(2, 1), (-5, -1), (0, 24 * 30)])
def test_a_shift_that_cannot_be_is_refused(staff: Staff, begins: int, ends: int) -> None:
    one = staff.doctor()
    at = [staff.now + timedelta(hours=hours) for hours in (begins, ends)]
    with pytest.raises(RosterError, match="shift_times"):
        roster.set_shift(staff.session, one, one.practitioner_id, at[0], at[1], staff.now)


def test_nobody_puts_a_stranger_on_duty(staff: Staff) -> None:
    one, stranger = staff.doctor(), Staff(staff.session, staff.now).doctor()
    ends = staff.now + timedelta(hours=1)
    with pytest.raises(RosterError, match="not_a_colleague"):
        roster.set_shift(staff.session, one, stranger.practitioner_id, staff.now, ends, staff.now)


def test_everything_on_the_roster_is_in_the_audit_trail(staff: Staff) -> None:
    one = staff.doctor()
    absence = staff.away(one)
    roster.come_back(staff.session, one, absence, staff.now)
    ends = staff.now + timedelta(hours=1)
    shift = roster.set_shift(staff.session, one, one.practitioner_id, staff.now, ends, staff.now)
    roster.drop_shift(staff.session, one, shift.id, staff.now)
    assert list(staff.session.exec(select(AuditEvent.action)).all()) == [
        "absence.set",
        "absence.cancelled",
        "shift.set",
        "shift.dropped",
    ]
