"""A closed month never changes; what would be different today is written beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from records import estimates, readings
from records.db import Database
from records.estimates import Estimate
from records.tables import ClosedMonth, Enrolment, Escalation, StateRevision
from records.times import CHINA
from reports import closing
from reports.definition import definitions
from reports.grid import corrections_text
from reports.keeping import refresh
from reports.month import Month
from reports.report import Report
from tests.reports.conftest import OCTOBER, Look
from tests.reports.hand import HT, Hand, day, pressure

CONTROLLED = "nbphs.hypertension.controlled"


def number(report: Report, key: str) -> float | None:
    return next(t for t in report.tables if key in t.total.values).total.values[key].number


def test_a_month_closes_ten_days_after_its_end_at_midnight_in_china(
    sqlite_database: Database, hand: Hand
) -> None:
    hand.session.commit()
    assert closing.closes_on(OCTOBER, definitions().rules) == date(2026, 11, 11)
    midnight = datetime(2026, 11, 11, tzinfo=CHINA)
    for moment, closed in ((midnight - timedelta(seconds=1), False), (midnight, True)):
        refresh(sqlite_database, moment)
        with sqlite_database.reading() as session:
            found = closing.closed_at(session, OCTOBER)
        assert found == (midnight if closed else None)


def test_a_late_visit_changes_no_closed_figure_and_stands_in_the_log(
    hand: Hand, look: Look
) -> None:
    assert number(look(), CONTROLLED) == 6
    assert look().corrections == ()
    hand.visit("a4", HT, day(10, 2), pressure(120, 70))
    report = look()
    assert number(report, CONTROLLED) == 6
    (correction,) = report.corrections
    assert (correction.noted_on, correction.reason) == (date(2026, 11, 23), "visit_changed")
    assert correction.changes == 1
    assert correction.deltas == {
        CONTROLLED: 1,
        "nbphs.hypertension.not_seen": -1,
        "hearts.hypertension.lost": -1,
        "hearts.hypertension.population": 1,
        "hearts.hypertension.controlled": 1,
    }
    assert corrections_text(report) == "1 处更正"
    assert number(look(month=Month(2026, 11)), CONTROLLED) == 7


def test_a_corrected_value_gives_its_own_reason_and_the_way_back_is_logged_too(
    hand: Hand, look: Look
) -> None:
    wrong = hand.value("a6", pressure(120, 70), day(8, 20))
    look()
    assert readings.withdraw(hand.session, [wrong]) == 1
    (first,) = look().corrections
    assert (first.reason, first.deltas[CONTROLLED]) == ("value_changed", -1)
    hand.value("a6", pressure(120, 70), day(8, 20))
    hand.now += timedelta(days=1)
    back = look().corrections
    assert [one.deltas[CONTROLLED] for one in back] == [-1, 1]
    assert number(look(), CONTROLLED) == 7


def test_a_visit_that_changes_no_class_is_no_correction(hand: Hand, look: Look) -> None:
    look()
    hand.visit("a1", HT, day(4, 1), pressure(120, 70))
    assert look().corrections == ()


def test_who_moves_stays_in_the_village_where_the_month_counted_her(hand: Hand, look: Look) -> None:
    look()
    hand.found("a1").facility_id = "c"
    closed, running = look("town"), look("town", Month(2026, 11))
    assert closed.corrections == ()
    managed = "nbphs.hypertension.managed"
    assert number(closed, managed) == 10
    assert number(running, managed) == 9


def test_an_enrolment_written_late_is_logged_from_its_month_on(hand: Hand, look: Look) -> None:
    look()
    hand.person("a0", HT, enrolled=day(9, 1))
    september, october = look(month=Month(2026, 9)), look()
    for report in (september, october):
        (correction,) = report.corrections
        assert correction.reason == "enrolment_changed"
        assert correction.deltas["nbphs.hypertension.managed"] == 1
        assert number(report, "nbphs.hypertension.managed") == 10
    assert look(month=Month(2026, 8)).corrections == ()


def test_the_end_of_care_written_late_is_logged(hand: Hand, look: Look) -> None:
    look()
    statement = select(Enrolment).where(col(Enrolment.person_id) == hand.people["a1"])
    hand.session.exec(statement).one().ended_on = day(10, 20)
    (correction,) = look().corrections
    assert correction.reason == "care_changed"
    assert correction.deltas["nbphs.hypertension.now"] == -1


def test_an_estimate_set_after_closing_does_not_make_a_rate_of_the_closed_month(
    hand: Hand, look: Look
) -> None:
    look()
    hand.now += timedelta(hours=1)
    given = Estimate("county", HT, 2026, 50, "普查")
    estimates.put(hand.session, given, by="operator", now=hand.now)
    closed, running = look(), look(month=Month(2026, 11))
    assert number(closed, "nbphs.hypertension.managed_rate") is None
    assert [one.reason for one in closed.corrections] == ["estimate_changed"]
    assert number(running, "nbphs.hypertension.managed_rate") == 0.22


def test_what_was_done_in_a_closed_month_stays_as_it_was_counted(hand: Hand, look: Look) -> None:
    at = datetime(2026, 10, 5, 2, tzinfo=UTC)
    alarm = Escalation(person_id=hand.people["a1"], level="emergency", opened_at=at)
    hand.session.add(alarm)
    opened, waiting = "alarms.emergency.opened", "alarms.emergency.unacknowledged"
    assert (number(look(), opened), number(look(), waiting)) == (1, 1)
    alarm.acknowledged_at = at + timedelta(minutes=5)
    hand.session.add(alarm)
    hand.value("a1", pressure(120, 70), day(10, 7))
    assert (number(look(), opened), number(look(), waiting)) == (1, 1)


def test_closing_twice_closes_once(sqlite_database: Database, hand: Hand) -> None:
    hand.session.commit()
    refresh(sqlite_database, hand.now)
    with sqlite_database.transaction() as session:
        session.delete(session.get_one(ClosedMonth, "2026-10"))
    with sqlite_database.transaction() as session:
        session.add(ClosedMonth(month="2026-10", closed_at=hand.now, definitions="other"))
    assert closing.close_due(sqlite_database, hand.now) == 0


def test_a_month_with_something_left_to_recompute_is_not_closed_yet(
    sqlite_database: Database, hand: Hand
) -> None:
    hand.session.commit()
    assert closing.close_due(sqlite_database, hand.now) == 0


@pytest.mark.parametrize("area", ["county", "town", "a"])
def test_from_outside_no_small_difference_is_told(hand: Hand, look: Look, area: str) -> None:
    look()
    hand.visit("a4", HT, day(10, 2), pressure(120, 70))
    report = look(area, inside=False)
    assert [(one.few, one.changes, one.deltas) for one in report.corrections] == [(True, 0, {})]
    assert corrections_text(report) == "少量更正"
    hand.session.expire_all()
    assert len(hand.session.exec(select(StateRevision)).all()) == 1
