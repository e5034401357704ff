"""Monotone by construction, checked over generated situations: worse is never less urgent."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from care.assess import assess, is_dangerous
from care.level import Level
from care.protocol import protocol
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Background, Programme, Situation

CODES = sorted(protocol().concepts)
DRUGS = sorted(protocol().drugs)
METERS = ["hi", "lo", "error"]
SPANS = protocol().spans
NORMAL = {name: sum(span.normal) / 2 for name, span in SPANS.items()}


def number(name: str) -> st.SearchStrategy[float]:
    low, high = SPANS[name].possible
    return st.floats(low, high).map(lambda value: round(value, 1))


def further(name: str, value: float) -> st.SearchStrategy[float]:
    """Possible values on the same side of normal, not nearer to it."""
    low, high = SPANS[name].possible
    return st.floats(value, high) if value >= NORMAL[name] else st.floats(low, value)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    kind = draw(st.sampled_from(Kind))
    if kind is Kind.BP:
        return Reading(kind, systolic=draw(number("systolic")), diastolic=draw(number("diastolic")))
    context = None
    if kind is Kind.GLUCOSE:
        context = draw(st.sampled_from([None, *GlucoseContext]))
    return Reading(kind, value=draw(number(kind.value)), context=context)


people = st.builds(
    Background,
    age=st.none() | st.integers(18, 99),
    conditions=st.frozensets(st.sampled_from(Programme)),
    pregnant=st.booleans(),
    drugs=st.frozensets(st.sampled_from(DRUGS), max_size=2),
)
situations = st.builds(
    Situation,
    background=people,
    readings=st.lists(readings(), max_size=3).map(tuple),
    findings=st.frozensets(st.sampled_from(CODES), max_size=5),
    meter_errors=st.frozensets(st.sampled_from(METERS), max_size=1),
)


@given(situations, st.frozensets(st.sampled_from(CODES), min_size=1, max_size=3))
def test_one_more_complaint_never_lowers_the_level(before: Situation, more: frozenset[str]) -> None:
    after = replace(before, findings=before.findings | more)
    assert assess(after).level >= assess(before).level


@given(situations, st.data())
def test_a_value_further_from_normal_never_lowers_the_level(
    before: Situation, data: st.DataObject
) -> None:
    reading = data.draw(readings())
    if reading.kind is Kind.BP:
        assert reading.systolic is not None
        assert reading.diastolic is not None
        worse = replace(
            reading,
            systolic=data.draw(further("systolic", reading.systolic)),
            diastolic=data.draw(further("diastolic", reading.diastolic)),
        )
    else:
        assert reading.value is not None
        worse = replace(reading, value=data.draw(further(reading.kind.value, reading.value)))
    less = replace(before, readings=(*before.readings, reading))
    more = replace(before, readings=(*before.readings, worse))
    assert assess(more).level >= assess(less).level


@given(situations, readings())
def test_one_more_reading_never_lowers_the_level(before: Situation, more: Reading) -> None:
    after = replace(before, readings=(*before.readings, more))
    assert assess(after).level >= assess(before).level


@given(situations, st.sampled_from(METERS))
def test_a_meter_error_never_lowers_the_level(before: Situation, error: str) -> None:
    after = replace(before, meter_errors=before.meter_errors | {error})
    assert assess(after).level >= assess(before).level


@given(situations, st.sampled_from(Programme), st.sampled_from(DRUGS))
def test_more_known_illness_never_lowers_the_level(
    before: Situation, programme: Programme, drug: str
) -> None:
    person = before.background
    iller = replace(
        person,
        conditions=person.conditions | {programme},
        drugs=person.drugs | {drug},
        pregnant=True,
    )
    assert assess(replace(before, background=iller)).level >= assess(before).level


@given(situations)
def test_an_assessment_is_whole_or_empty(situation: Situation) -> None:
    found = assess(situation)
    assert bool(found.reasons) == bool(found.rules) == (found.level is not Level.NONE)
    assert (found.advice is None) == (found.level is Level.NONE)
    assert is_dangerous(found.level) == (found.level in {Level.URGENT, Level.EMERGENCY})


@given(situations)
def test_every_complaint_is_seen(situation: Situation) -> None:
    complaints = {c for c in situation.findings if not protocol().concepts[c].background}
    if complaints:
        assert assess(situation).level > Level.NONE


@given(readings(), st.floats(1000, 9999))
def test_a_value_that_cannot_be_is_reported(reading: Reading, absurd: float) -> None:
    absurdly = replace(reading, systolic=absurd, value=absurd)
    found = assess(Situation(readings=(absurdly,)))
    assert "implausible_value" in found.reasons


@given(situations, st.none() | st.integers(18, 110))
def test_age_never_decides_between_danger_and_none(before: Situation, age: int | None) -> None:
    """From 65 years the reporting line is higher: that is routine or nothing, never an alarm."""
    other = replace(before, background=replace(before.background, age=age))
    one, two = assess(before).level, assess(other).level
    assert one == two or max(one, two) <= Level.ROUTINE
