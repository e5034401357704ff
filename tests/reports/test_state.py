"""The classes are partitions, and nothing unsatisfactory ever makes a rate better."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from care.situation import Programme
from care.targets import Setting
from reports.definition import Rules, definitions
from reports.month import Month
from reports.state import (
    COHORT,
    CONTROL,
    CONTROLLED,
    ENDED,
    OUTCOMES,
    STANDARD,
    History,
    Measured,
    State,
    Visit,
    state,
)
from tests.reports.hand import pressure, sugar

RULES = definitions().rules
MONTHS = st.builds(Month, st.just(2026), st.integers(1, 12))
DAYS = st.dates(date(2024, 6, 1), date(2026, 12, 31))
READINGS = st.one_of(
    st.builds(pressure, st.integers(90, 200), st.integers(50, 120)),
    st.builds(sugar, st.floats(3, 20).map(lambda value: round(value, 1))),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Somebody's visits and values, some of them tied to a visit."""
    days = sorted(draw(st.lists(DAYS, max_size=8)))
    visits = [Visit(f"{number:03d}", on) for number, on in enumerate(days)]
    values = [Measured(on, draw(READINGS)) for on in draw(st.lists(DAYS, max_size=6))]
    values += [
        Measured(visit.held_on, draw(READINGS), Setting.CLINIC, visit.id)
        for visit in visits
        if draw(st.booleans())
    ]
    enrolled = draw(st.dates(date(2024, 6, 1), date(2026, 12, 1)))
    ended = draw(st.none() | st.integers(0, 700).map(lambda days: enrolled + timedelta(days)))
    return History(
        person_id="p",
        programme=draw(st.sampled_from(list(Programme))),
        facility_id="a",
        born_on=draw(st.none() | st.dates(date(1930, 1, 1), date(1990, 1, 1))),
        enrolled_on=enrolled,
        ended_on=ended,
        visits=visits,
        values=sorted(values, key=lambda one: one.on),
    )


def controlled_share(found: State | None, name: str) -> tuple[int, int]:
    """What a person adds to numerator and denominator of a control rate."""
    if found is None:
        return 0, 0
    if name == "nbphs":
        return int(found.control == CONTROLLED), 1
    return int(found.cohort == CONTROLLED), int(found.cohort in OUTCOMES)


@given(histories(), MONTHS)
def test_everybody_managed_in_the_year_is_in_exactly_one_class_of_each_partition(
    history: History, month: Month
) -> None:
    found = state(history, month, RULES)
    year = [
        month.year_began_on + timedelta(n)
        for n in range((month.last_on - month.year_began_on).days + 1)
    ]
    ended = history.ended_on or date.max
    managed = any(history.enrolled_on <= one < ended for one in year)
    assert (found is not None) == managed
    if found:
        assert found.standard in STANDARD
        assert found.control in CONTROL
        assert found.cohort in COHORT
        assert (found.cohort == ENDED) == (not found.under_care)


@given(histories(), MONTHS, DAYS, st.booleans())
def test_an_unsatisfactory_visit_more_never_makes_a_control_rate_better(
    history: History, month: Month, on: date, first_of_its_day: bool
) -> None:
    bad = pressure(200, 80) if history.programme is Programme.HYPERTENSION else sugar(16.0)
    visit = Visit("!" if first_of_its_day else "~", on)
    worse = replace(
        history,
        visits=sorted([*history.visits, visit], key=lambda one: (one.held_on, one.id)),
        values=sorted(
            [*history.values, Measured(on, bad, Setting.CLINIC, visit.id)], key=lambda one: one.on
        ),
    )
    before, after = (state(one, month, RULES) for one in (history, worse))
    for family in ("nbphs", "hearts"):
        over_before, under_before = controlled_share(before, family)
        over_after, under_after = controlled_share(after, family)
        # No more controlled among no fewer: whatever the others are, the rate cannot rise.
        assert over_after <= over_before
        assert under_after >= under_before


@given(histories(), MONTHS)
def test_a_visit_more_never_makes_care_less_than_standard(history: History, month: Month) -> None:
    more = replace(history, visits=[*history.visits, Visit("~", month.last_on)])
    before, after = (state(one, month, RULES) for one in (history, more))
    if before and after:
        assert (before.standard, after.standard) != ("met", "short")
        assert after.visits >= before.visits


@given(histories(), MONTHS)
def test_what_happens_later_does_not_change_an_earlier_month(
    history: History, month: Month
) -> None:
    known = replace(
        history,
        visits=[one for one in history.visits if one.held_on <= month.last_on],
        values=[one for one in history.values if one.on <= month.last_on],
    )
    assert state(known, month, RULES) == state(history, month, RULES)


def test_without_prorating_the_whole_year_is_asked_of_everybody() -> None:
    strict = replace(RULES, prorated=False)
    days = [date(2026, month, 1) for month in (1, 4, 7)]
    visits = [Visit(str(n), on) for n, on in enumerate(days)]
    history = History("p", Programme.HYPERTENSION, "a", None, date(2025, 1, 1), visits=visits)
    october, december = Month(2026, 10), Month(2026, 12)

    def standard(month: Month, rules: Rules) -> str:
        found = state(history, month, rules)
        assert found is not None
        return found.standard

    assert (standard(october, RULES), standard(october, strict)) == ("met", "short")
    assert (standard(december, RULES), standard(december, strict)) == ("short", "short")


def test_exactly_on_the_line_of_either_family_is_not_controlled() -> None:
    on = date(2026, 10, 1)
    for reading, programme in (
        (pressure(140, 70), Programme.HYPERTENSION),
        (pressure(120, 90), Programme.HYPERTENSION),
        (sugar(7.0), Programme.TYPE2_DIABETES),
    ):
        history = History(
            "p",
            programme,
            "a",
            date(1980, 1, 1),
            date(2025, 1, 1),
            visits=[Visit("v", on)],
            values=[Measured(on, reading, Setting.CLINIC, "v")],
        )
        found = state(history, Month(2026, 10), RULES)
        assert found is not None
        assert (found.control, found.cohort) == ("uncontrolled", "uncontrolled")
