"""Every rate of the county in `tests/reports/hand.py`, counted on paper first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from records import estimates, readings
from records.estimates import Estimate
from records.tables import FollowUp
from reports.month import Month
from reports.report import Report
from tests.reports.conftest import Look
from tests.reports.hand import HT, Hand, day, pressure

# What the table in hand.py says, counted by eye. HT: a1–a9 and b8. DM: b1–b8.
ON_PAPER = {
    "nbphs.hypertension": {
        # a1 a2 a3 a4 a5 a6 a7 a8 a9 b8; the dead of the year stay in.
        "managed": "10",
        # all but a7
        "now": "9",
        # a1 a2 a7 a8 a9 b8 (a7: 160 days until her death, one visit was due, one was made)
        "standard_met": "6",
        # a3 a4 a6
        "standard_short": "3",
        # a5: 47 days
        "standard_early": "1",
        # 6 ÷ 9
        "standard_rate": "66.7%",
        # a1 a3 a5 a7 a9 b8; a3 and a9 are over 65: below 150
        "controlled": "6",
        # a2: 150 is on the line of the old; a8: 140 on the line of the young
        "uncontrolled": "2",
        # a6: came, but nobody measured; her message does not count
        "no_value": "1",
        # a4
        "not_seen": "1",
        # 6 ÷ 10
        "control_rate": "60.0%",
        "estimate": "缺估计数",
        "managed_rate": "缺估计数",
    },
    "nbphs.type2_diabetes": {
        "managed": "8",
        # all but b6
        "now": "7",
        # b1 b2 b4 b5 b8
        "standard_met": "5",
        # b3: three visits but one fasting glucose; b7: one visit
        "standard_short": "2",
        # b6: 89 days under management until the end of March
        "standard_early": "1",
        # 5 ÷ 7
        "standard_rate": "71.4%",
        # b1 b5 b7 b8
        "controlled": "4",
        # b2: 7.0 fails; b4
        "uncontrolled": "2",
        # b3: after a meal is not fasting
        "no_value": "1",
        # b6
        "not_seen": "1",
        # 4 ÷ 8
        "control_rate": "50.0%",
    },
    "hearts.hypertension": {
        # all but a7
        "registered": "9",
        # a5, since September
        "new": "1",
        # a4
        "lost": "1",
        # a1 a2 a3 a6 a8 a9 b8
        "population": "7",
        # a1 b8
        "controlled": "2",
        # a2 a8 a9: 140/90 at any age
        "uncontrolled": "3",
        # a6
        "visited_no_reading": "1",
        # a3: last came in July
        "missed_visit": "1",
        # 2 ÷ 7
        "control_rate": "28.6%",
        # 1 ÷ 7
        "missed_rate": "14.3%",
        # 1 ÷ 8
        "lost_rate": "12.5%",
    },
    "hearts.type2_diabetes": {
        "registered": "7",
        "new": "0",
        "lost": "0",
        "population": "7",
        # b1, b3 (9.0 after a meal), b8
        "controlled": "3",
        # b2
        "uncontrolled": "1",
        # b4: 12.0 fasting
        "worse": "1",
        "visited_no_reading": "0",
        # b5 b7
        "missed_visit": "2",
        # 3 ÷ 7
        "control_rate": "42.9%",
        "missed_rate": "28.6%",
        "lost_rate": "0.0%",
    },
}


def text(report: Report, table: str, name: str, place: str | None = None) -> str:
    """A figure as it is written; of the whole area unless a place is named."""
    found = report.table(table)
    row = next((row for row in found.rows if row.id == place), found.total)
    return row.values[f"{table}.{name}"].text


@pytest.mark.parametrize("table", ON_PAPER)
def test_every_figure_is_what_was_counted_on_paper(look: Look, table: str) -> None:
    report = look()
    assert {name: text(report, table, name) for name in ON_PAPER[table]} == ON_PAPER[table]


def test_the_parts_of_the_county_and_of_the_township(look: Look) -> None:
    county, town = look(), look("town")
    managed = "nbphs.hypertension"
    assert text(county, managed, "managed", "town") == "10"
    assert text(county, managed, "managed", "far") == "0"
    assert text(county, managed, "control_rate", "far") == "—"
    assert text(town, managed, "managed", "a") == "9"
    assert text(town, managed, "control_rate", "a") == "55.6%"
    assert text(town, managed, "managed", "b") == "1"
    assert [row.name for row in town.table(managed).rows] == ["东沟村", "西坡村"]
    assert [node.name for node in town.above] == ["清水县"]


def test_in_november_the_late_enrolment_counts_and_one_visit_more_is_not_yet_due(
    look: Look,
) -> None:
    report = look(month=look().month.following())
    assert text(report, "nbphs.hypertension", "managed") == "11"
    # a5 has 77 days by then, c2 has 26: neither is asked for a visit yet.
    assert text(report, "nbphs.hypertension", "standard_early") == "2"


def test_in_january_nobody_is_asked_for_a_visit_yet(look: Look) -> None:
    report = look(month=look().month.earlier(9))
    managed = text(report, "nbphs.hypertension", "managed")
    assert text(report, "nbphs.hypertension", "standard_early") == managed == "9"
    assert text(report, "nbphs.hypertension", "standard_rate") == "—"


def test_messages_calls_and_unsigned_visits_are_no_visits(hand: Hand, look: Look) -> None:
    for month in range(1, 10):
        on, fine = day(month, 20), pressure(120, 70)
        hand.visit("a4", HT, on, mode="message")
        hand.visit("a4", HT, on.replace(day=21), mode="phone")
        hand.visit("a4", HT, on.replace(day=22), state="draft")
        hand.value("a4", fine, on, setting="home")
        hand.value("a4", fine, on, setting="home", certainty="joined")
    report = look()
    assert text(report, "nbphs.hypertension", "not_seen") == "1"
    assert text(report, "nbphs.hypertension", "standard_short") == "3"
    assert text(report, "hearts.hypertension", "lost") == "1"


def test_two_forms_of_one_day_are_one_visit(hand: Hand, look: Look) -> None:
    for due_on in (day(3, 1), day(4, 1), day(5, 1)):
        row = hand.visit("a4", HT, due_on)
        hand.session.get_one(FollowUp, row).held_on = day(3, 1)
    assert text(look(), "nbphs.hypertension", "standard_met") == "6"


def test_an_unconfirmed_or_withdrawn_value_does_not_count(hand: Hand, look: Look) -> None:
    hand.value("a1", pressure(180, 100), day(10, 10), certainty="joined")
    taken_back = hand.value("a1", pressure(180, 100), day(10, 10))
    look()
    readings.withdraw(hand.session, [taken_back])
    assert text(look(month=Month(2026, 11)), "nbphs.hypertension", "controlled") == "6"


def test_a_value_of_the_visit_day_counts_when_the_form_has_none(hand: Hand, look: Look) -> None:
    hand.value("a6", pressure(128, 76), day(8, 20))
    report = look()
    assert text(report, "nbphs.hypertension", "no_value") == "0"
    assert text(report, "nbphs.hypertension", "controlled") == "7"
    assert text(report, "hearts.hypertension", "controlled") == "3"


def test_how_it_usually_is_enters_no_rate(hand: Hand, look: Look) -> None:
    hand.value("a6", pressure(128, 76), day(8, 20), basis="habitual")
    report = look()
    assert text(report, "nbphs.hypertension", "no_value") == "1"
    assert text(report, "nbphs.hypertension", "controlled") == "6"


def test_with_estimates_there_are_rates_and_without_one_part_there_are_none(
    hand: Hand, look: Look
) -> None:
    def estimate(place: str, patients: int) -> None:
        given = Estimate(place, HT, 2026, patients, "普查")
        estimates.put(hand.session, given, by="operator", now=hand.now - timedelta(days=60))

    estimate("a", 20)
    estimate("b", 5)
    half = look()
    assert text(half, "nbphs.hypertension", "estimate", "town") == "25"
    assert text(half, "nbphs.hypertension", "estimate") == "缺估计数"
    # 10 ÷ 25; none of the two townships alone makes the county.
    assert text(half, "nbphs.hypertension", "managed_rate", "town") == "40.0%"
    estimate("c", 25)
    # 10 ÷ 50, and 9 ÷ 50 for those registered at the end of the month.
    whole = look()
    assert text(whole, "nbphs.hypertension", "managed_rate") == "20.0%"
    assert text(whole, "hearts.hypertension", "coverage_rate") == "18.0%"
    estimate("county", 100)
    assert text(look(), "nbphs.hypertension", "managed_rate") == "10.0%"
    assert text(look(), "nbphs.type2_diabetes", "managed_rate") == "缺估计数"
