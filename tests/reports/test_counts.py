"""The counts by village and month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlmodel import select

from care.level import Level
from care.situation import Background, Programme
from care.targets import Setting, pressure_cutoff
from records.db import Database
from records.tables import Enrolment, Escalation, FollowUp, Person, StoredReading
from records.times import CHINA
from records.vault import Vault
from reports import rows
from reports.counts import FACE_TO_FACE, monthly, percentile
from reports.disclosure import Cell
from reports.figure import definitions
from reports.month import Month
from tests.inbox.county import County

NOVEMBER = Month(2026, 11)


@pytest.fixture
def county(database: Database, vault: Vault, now: datetime) -> Iterator[County]:
    with database.transaction() as session:
        yield County(session, vault, now).build()


def count(
    county: County, login: str = "doctor_a", month: Month = NOVEMBER
) -> dict[str, int | None]:
    """The figures of everything the reader sees, together."""
    counts = monthly(county.session, county.readers[login], month, county.now)
    return {key: cell.value for key, cell in counts.total.cells.items()}


def plan(county: County, person: str, due_on: date, **values: Any) -> None:
    row = FollowUp(person_id=person, programme="hypertension", due_on=due_on, **values)
    county.session.add(row)
    county.session.flush()


def test_every_figure_has_a_definition_and_every_definition_a_figure(county: County) -> None:
    assert set(count(county)) == {figure.key for figure in definitions().figures}


def test_people_under_management_are_those_at_the_end_of_the_month(county: County) -> None:
    both = (Programme.HYPERTENSION, Programme.TYPE2_DIABETES)
    county.person("a", programmes=both)
    ended, _ = county.person("a")
    moved, _ = county.person("a")
    enrolment = county.session.exec(select(Enrolment).where(Enrolment.person_id == ended)).one()
    enrolment.ended_on = date(2026, 11, 30)
    person = county.session.get_one(Person, moved)
    person.status = "moved"
    county.session.add_all([enrolment, person])
    county.session.flush()
    found = count(county)
    assert (found["managed_hypertension"], found["managed_type2_diabetes"]) == (1, 1)
    before = count(county, month=Month(2026, 10))
    assert before["managed_hypertension"] == 0


def test_only_confirmed_readings_of_the_month_count(county: County) -> None:
    person, _ = county.person("a")
    county.pressure(person, 135, 85)
    county.pressure(person, 137, 86, ago=timedelta(days=2))
    county.pressure(person, 150, 90, certainty="joined")
    county.pressure(person, 150, 90, ago=timedelta(days=40))
    found = count(county)
    assert (found["readings"], found["people_measured"]) == (2, 1)


def test_a_reading_at_midnight_belongs_to_the_day_in_china(county: County) -> None:
    person, _ = county.person("a")
    row = county.session.get_one(StoredReading, county.pressure(person, 135, 85))
    for moment, counted in (
        (datetime(2026, 10, 31, 23, 59, tzinfo=CHINA), 0),
        (datetime(2026, 11, 1, 0, 0, tzinfo=CHINA), 1),
        (datetime(2026, 11, 30, 23, 59, tzinfo=CHINA), 1),
        (datetime(2026, 12, 1, 0, 0, tzinfo=CHINA), 0),
    ):
        row.taken_at = moment
        county.session.add(row)
        county.session.flush()
        assert count(county)["readings"] == counted


def test_a_message_is_never_counted_as_a_face_to_face_visit(county: County) -> None:
    for day, state, mode in (
        (1, "planned", "message"),
        (2, "draft", "message"),
        (3, "signed", "message"),
        (4, "signed", FACE_TO_FACE),
        (5, "draft", FACE_TO_FACE),
        (6, "cancelled", "message"),
        (7, "silent", "phone"),
    ):
        person, _ = county.person("a")
        plan(county, person, date(2026, 11, day), state=state, mode=mode)
    plan(county, county.person("a")[0], date(2026, 12, 1))
    found = count(county)
    assert found["follow_ups_due"] == 6
    assert found["follow_ups_done"] == 4
    assert found["follow_ups_face_to_face"] == 1


def test_the_last_pressure_counts_under_the_line_of_its_place(county: County) -> None:
    line = pressure_cutoff(Background(age=40), Setting.HOME)
    person, _ = county.person("a")
    row = county.session.get_one(Person, person)
    row.born_on = date(1986, 1, 1)
    county.session.add(row)
    county.pressure(person, 180, 100, ago=timedelta(days=9))
    county.pressure(person, line.systolic - 1, line.diastolic - 1, ago=timedelta(days=3))
    high, _ = county.person("a")
    county.pressure(high, 120, 70, ago=timedelta(days=9))
    county.pressure(high, 180, 100, ago=timedelta(days=3))
    half = county.session.get_one(StoredReading, county.pressure(high, 120, 70))
    half.diastolic = None
    county.session.add(half)
    county.session.flush()
    found = count(county)
    assert (found["home_pressure"], found["home_pressure_below"]) == (2, 1)
    assert (found["clinic_pressure"], found["clinic_pressure_below"]) == (0, 0)


def test_home_and_clinic_are_kept_apart(county: County) -> None:
    person, _ = county.person("a")
    county.pressure(person, 120, 70)
    row = county.session.get_one(StoredReading, county.pressure(person, 180, 100))
    row.setting = "clinic"
    county.session.add(row)
    county.session.flush()
    found = count(county)
    assert (found["home_pressure"], found["home_pressure_below"]) == (1, 1)
    assert (found["clinic_pressure"], found["clinic_pressure_below"]) == (1, 0)


@given(st.sampled_from(list(Setting)), st.integers(0, 100), st.data())
def test_exactly_on_the_line_is_not_below(setting: Setting, age: int, data: st.DataObject) -> None:
    from reports.counts import pressures

    born_on = date(2026 - age, 1, 1)
    line = pressure_cutoff(Background(age=age), setting)
    under = data.draw(st.integers(1, 30))
    on = rows.PressureRow("a", born_on, setting, line.systolic, line.diastolic - under)
    below = rows.PressureRow("a", born_on, setting, line.systolic - under, line.diastolic - under)
    found = pressures([on, below], NOVEMBER)
    assert (found[f"{setting}_pressure"], found[f"{setting}_pressure_below"]) == (2, 1)


def test_alarms_are_counted_by_level_with_the_minutes_until_somebody_took_them(
    county: County,
) -> None:
    for minutes in (1, 3, 7, 60):
        case = county.alarm(*county.person("a"), ago=timedelta(hours=5))
        row = county.session.get_one(Escalation, case)
        row.acknowledged_at = row.opened_at + timedelta(minutes=minutes)
        county.session.add(row)
    county.alarm(*county.person("a"), level=Level.URGENT)
    county.session.flush()
    found = count(county)
    assert (found["emergencies"], found["urgent"], found["unacknowledged"]) == (4, 1, 1)
    assert (found["minutes_p50"], found["minutes_p95"]) == (3, 60)


def test_without_any_alarm_there_are_no_minutes(county: County) -> None:
    found = count(county)
    assert (found["minutes_p50"], found["minutes_p95"]) == (None, None)


@given(st.lists(st.integers(0, 999), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_value_that_occurred(values: list[int], share: float) -> None:
    ordered = sorted(values)
    found = percentile(ordered, share)
    assert found in ordered
    assert sum(value <= found for value in ordered) >= share * len(ordered)


def test_a_village_doctor_counts_the_village(county: County) -> None:
    county.person("a")
    county.person("b")
    counts = monthly(county.session, county.readers["doctor_a"], NOVEMBER, county.now)
    assert [row.name for row in counts.rows] == ["东沟村"]
    assert counts.total.cells["managed_hypertension"] == Cell(1)


def test_a_township_has_a_row_for_each_village_and_for_whoever_has_none(county: County) -> None:
    for place in ("a", "b", "b", "town", "c", None):
        county.person(place)
    counts = monthly(county.session, county.readers["town_doctor"], NOVEMBER, county.now)
    people = {row.name: row.cells["managed_hypertension"].value for row in counts.rows}
    assert people == {"清水镇卫生院": 1, "东沟村": 1, "西坡村": 2, "还没有定村": 1}
    assert counts.total.cells["managed_hypertension"].value == 5


def test_the_rows_add_up_to_the_sum(county: County) -> None:
    for place in ("a", "b", "b", "c"):
        person, point = county.person(place)
        county.pressure(person, 120, 70)
        county.alarm(person, point, place=place)
        plan(county, person, date(2026, 11, 3), state="draft")
    counts = monthly(county.session, county.readers["duty"], NOVEMBER, county.now)
    for figure in counts.definitions.figures:
        if not figure.per_event:
            parts = [row.cells[figure.key].value or 0 for row in counts.rows]
            assert sum(parts) == counts.total.cells[figure.key].value, figure.key


@pytest.mark.parametrize("login", ["bureau", "curator"])
def test_who_does_not_look_after_the_people_sees_no_small_numbers(
    county: County, login: str
) -> None:
    for _ in range(7):
        county.person("a")
    for _ in range(3):
        county.person("b")
    counts = monthly(county.session, county.readers[login], NOVEMBER, county.now)
    assert counts.small_hidden
    shown = {row.name: row.cells["managed_hypertension"] for row in counts.rows}
    assert shown["西坡村"].hidden == "small"
    assert shown["东沟村"].hidden == "derived"
    assert counts.total.cells["managed_hypertension"] == Cell(10)


def test_a_path_is_treated_as_somebody_from_outside_unless_told(county: County) -> None:
    county.person("a")
    path = county.places["a"].path
    outside = monthly(county.session, path, NOVEMBER, county.now)
    assert outside.total.cells["managed_hypertension"].hidden == "small"
    inside = monthly(county.session, path, NOVEMBER, county.now, show_small=True)
    assert inside.total.cells["managed_hypertension"] == Cell(1)


def test_six_statements_however_many_people(county: County) -> None:
    for _ in range(4):
        person, point = county.person("a")
        county.pressure(person, 120, 70)
        county.alarm(person, point)
    county.session.flush()
    statements = []
    connection = county.session.connection()
    event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
    monthly(county.session, county.readers["duty"], NOVEMBER, county.now)
    assert len(statements) == 6


def test_every_figure_says_on_whose_word() -> None:
    known = definitions()
    for figure in known.figures:
        assert figure.definition.endswith("。")
        assert figure.source.endswith("。")
    below = next(figure for figure in known.figures if figure.key == "home_pressure_below")
    line = pressure_cutoff(Background(), Setting.HOME)
    assert f"{line.systolic:g}/{line.diastolic:g}" in below.source
    assert "待医生审核" in below.source
