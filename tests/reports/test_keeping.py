"""Keeping the states little by little gives what counting everything anew would give."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, delete, select

from care.situation import Programme
from records import readings
from records.db import Database
from records.tables import Enrolment, FollowUp, MonthlyState, Person, StoredReading, Touched
from records.times import CHINA
from records.vault import Vault
from reports import closing, history, keeping
from reports.definition import definitions
from reports.keeping import rebuild, refresh
from reports.month import Month
from reports.state import state
from tests.reports.hand import HT, Hand, day, pressure, sugar

RULES = definitions().rules


def kept(session: Session) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    """The states of open months as they stand in the table."""
    rows = session.exec(select(MonthlyState)).all()
    return {
        (row.month, row.person_id, row.programme): (
            row.facility_id,
            row.under_care,
            row.standard,
            row.control,
            row.cohort,
            row.visits,
            row.fasting_tests,
        )
        for row in rows
        if not closing.closed_at(session, Month.parse(row.month))
    }


def counted_anew(session: Session, now: datetime) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    """The same from nothing but the rows people write."""
    first = closing.first_month(session, now, RULES)
    everybody = list(session.exec(select(Person.id)).all())
    found = {}
    for one in history.load(session, everybody, first, RULES):
        for month in first.until(Month.of(now)):
            made = state(one, month, RULES)
            if made and not closing.closed_at(session, month):
                found[str(month), one.person_id, str(one.programme)] = (
                    one.facility_id,
                    made.under_care,
                    made.standard,
                    made.control,
                    made.cohort,
                    made.visits,
                    made.fasting_tests,
                )
    return found


class Life:
    """Things that happen to people, in any order."""

    def __init__(self, hand: Hand, chance: random.Random) -> None:
        self.hand, self.session, self.chance = hand, hand.session, chance
        self.named = iter(range(10_000))

    def someone(self) -> str:
        return self.chance.choice(sorted(self.hand.people))

    def some_day(self) -> date:
        return self.hand.now.date() - timedelta(days=self.chance.randrange(400))

    def joins(self) -> None:
        name = f"{self.chance.choice('abc')}n{next(self.named)}"
        self.hand.person(name, self.chance.choice(list(Programme)), enrolled=self.some_day())

    def is_visited(self) -> None:
        programme = self.chance.choice(list(Programme))
        value = pressure(self.chance.randint(110, 180), 80) if programme is HT else sugar(6.0)
        mode = self.chance.choice(["face_to_face", "face_to_face", "message"])
        on = self.some_day()
        name = self.someone()
        taken = select(FollowUp.id).where(FollowUp.person_id == self.hand.people[name])
        taken = taken.where(FollowUp.programme == programme).where(FollowUp.due_on == on)
        if not self.session.exec(taken).first():
            self.hand.visit(name, programme, on, value, mode=mode)

    def is_measured(self) -> None:
        setting = self.chance.choice(["clinic", "home"])
        value = self.chance.choice([pressure(150, 95), pressure(120, 70), sugar(9.9), sugar(5.5)])
        self.hand.value(self.someone(), value, self.some_day(), setting=setting)

    def takes_back(self) -> None:
        rows = self.session.exec(select(StoredReading.id)).all()
        if rows:
            readings.withdraw(self.session, [self.chance.choice(sorted(rows))])

    def is_signed_later(self) -> None:
        row = self.session.exec(select(FollowUp).order_by(col(FollowUp.id))).all()
        if row:
            one = self.chance.choice(row)
            one.state = self.chance.choice(["signed", "draft", "cancelled"])
            one.held_on = self.some_day()

    def leaves(self) -> None:
        person = self.hand.found(self.someone())
        person.status = self.chance.choice(["moved", "deceased", "active", "away", "merged"])
        person.status_since = datetime.combine(self.some_day(), datetime.min.time(), CHINA)

    def ends(self) -> None:
        rows = self.session.exec(select(Enrolment).order_by(col(Enrolment.id))).all()
        one = self.chance.choice(rows)
        one.ended_on = self.chance.choice([None, self.some_day()])

    def goes_to_another_village(self) -> None:
        self.hand.found(self.someone()).facility_id = self.chance.choice([*"abc", None])

    def has_another_birthday(self) -> None:
        self.hand.found(self.someone()).born_on = date(self.chance.randint(1940, 1990), 1, 1)

    def is_forgotten(self) -> None:
        rows = sorted(self.session.exec(select(StoredReading.id)).all())
        if rows:
            one = self.chance.choice(rows)
            self.session.execute(delete(StoredReading).where(col(StoredReading.id) == one))

    def something(self) -> None:
        happenings: list[Callable[[], None]] = [
            self.joins,
            self.is_visited,
            self.is_visited,
            self.is_measured,
            self.is_measured,
            self.takes_back,
            self.is_signed_later,
            self.leaves,
            self.ends,
            self.goes_to_another_village,
            self.has_another_birthday,
            self.is_forgotten,
        ]
        self.chance.choice(happenings)()


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))]
)
def test_whatever_happens_the_kept_states_are_those_counted_anew(
    sqlite_database: Database, hand: Hand, seed: int
) -> None:
    chance = random.Random(seed)
    life = Life(hand, chance)
    for _ in range(6):
        for _ in range(chance.randint(2, 9)):
            life.something()
        hand.session.commit()
        hand.now += timedelta(days=chance.choice([0, 0, 3, 20]))
        refresh(sqlite_database, hand.now)
        with sqlite_database.reading() as session:
            assert kept(session) == counted_anew(session, hand.now)


def test_counting_everything_anew_changes_nothing(sqlite_database: Database, hand: Hand) -> None:
    hand.session.commit()
    refresh(sqlite_database, hand.now)
    with sqlite_database.reading() as session:
        before = kept(session)
    assert before
    assert rebuild(sqlite_database, hand.now) == len(hand.people)
    with sqlite_database.reading() as session:
        assert kept(session) == before


def test_only_who_was_touched_is_looked_at_again(sqlite_database: Database, hand: Hand) -> None:
    hand.session.commit()
    assert refresh(sqlite_database, hand.now) == len(hand.people)
    assert refresh(sqlite_database, hand.now) == 0
    hand.visit("a4", HT, day(11, 3), pressure(130, 80))
    hand.value("b1", sugar(6.0), day(11, 4))
    hand.session.commit()
    assert refresh(sqlite_database, hand.now) == 2


def test_only_the_months_from_the_touched_one_on_are_computed(
    sqlite_database: Database, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.session.commit()
    refresh(sqlite_database, hand.now)
    hand.visit("a4", HT, day(10, 20))
    hand.session.commit()
    asked: list[str] = []

    def noted(one: Any, month: Month, rules: Any) -> Any:
        asked.append(str(month))
        return state(one, month, rules)

    monkeypatch.setattr(keeping, "state", noted)
    refresh(sqlite_database, hand.now)
    assert asked == ["2026-10", "2026-11"]


def test_a_new_month_begins_for_everybody(sqlite_database: Database, hand: Hand) -> None:
    hand.session.commit()
    refresh(sqlite_database, hand.now)
    later = hand.now.replace(month=12, day=1)
    assert refresh(sqlite_database, later) == len(hand.people)
    with sqlite_database.reading() as session:
        rows = session.exec(select(MonthlyState).where(MonthlyState.month == "2026-12")).all()
    assert len(rows) == 19


def test_a_value_that_is_not_sure_touches_nobody(sqlite_database: Database, hand: Hand) -> None:
    hand.session.commit()
    refresh(sqlite_database, hand.now)
    unsure = hand.value("a1", pressure(150, 90), day(11, 3), certainty="joined")
    hand.visit("a1", HT, day(11, 4), state="draft")
    hand.session.commit()
    assert refresh(sqlite_database, hand.now) == 0
    readings.confirm(hand.session, [unsure])
    hand.session.commit()
    assert refresh(sqlite_database, hand.now) == 1


def test_many_people_are_taken_a_handful_at_a_time(
    sqlite_database: Database, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PEOPLE_AT_ONCE", 3)
    hand.session.commit()
    assert refresh(sqlite_database, hand.now) == len(hand.people)
    with sqlite_database.reading() as session:
        assert kept(session) == counted_anew(session, hand.now)
        assert session.exec(select(Touched)).all() == []


def test_both_databases_note_the_same_touches(
    database: Database, vault: Vault, now: datetime
) -> None:
    with database.transaction() as session:
        hand = Hand(session, vault, now).places()
        hand.person("a1", HT)
        hand.visit("a1", HT, day(10, 1), pressure(120, 70))
    with database.transaction() as session:
        person = session.exec(select(Person)).one()
        person.facility_id = "b"
        session.add(person)
        session.execute(delete(StoredReading))
    with database.reading() as session:
        notes = session.execute(text("SELECT since FROM touched ORDER BY id")).scalars().all()
    assert [str(one) for one in notes] == [
        "2025-01-01",
        "2026-10-01",
        "2026-10-01",
        "0001-01-01",
        "0001-01-01",
        "2026-10-01",
    ]
    refresh(database, now)
    with database.reading() as session:
        assert kept(session) == counted_anew(session, now)
