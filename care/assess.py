"""How urgent a situation is. Pure and monotone: more findings or a worse value never lower it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from care.concept import implied
from care.level import Level
from care.measure import Measure, numbers, range_name, repeated
from care.protocol import Protocol, protocol
from care.reading import Reading
from care.rule import IMPLAUSIBLE, PREGNANT, Rule
from care.situation import Assessment, Background, Situation

_NOTHING = Assessment()
_AGE_UNKNOWN = 0.0


def assess(situation: Situation, rules: Protocol | None = None) -> Assessment:
    """Judges one person, now.

    Every reading counts, the worst decides. A number that cannot be is not compared but reported as
    `implausible_value`; a number that is unusual but possible is judged like any other.

    Args:
        situation: findings, readings and meter errors of one person, and what is known of them.
        rules: the protocol to judge by; the one in use when left out.
    """
    known = rules or protocol()
    facts = implied(situation.findings, known.concepts)
    facts |= {f"meter:{error}" for error in situation.meter_errors}
    facts.update(_readings(situation.readings, known))
    if not facts:
        return _NOTHING
    started = facts.copy()
    facts.update(_background(situation.background, known))
    fired = _fired(started, facts, known)
    if not fired:
        return _NOTHING
    return Assessment(
        level=fired[0].level,
        reasons=tuple(dict.fromkeys(reason for rule in fired for reason in rule.reasons)),
        advice=fired[0].advice,
        rules=tuple(rule.id for rule in fired),
    )


def _fired(started: set[str], facts: set[str], known: Protocol) -> list[Rule]:
    book = known.book
    candidates: set[int] = set()
    for fact in started:
        candidates |= book.by_fact.get(fact, frozenset())
    return [book.rules[i] for i in sorted(candidates) if book.rules[i].when.holds(facts)]


def _readings(readings: Sequence[Reading], known: Protocol) -> Iterator[str]:
    """What the numbers are compared to. One that cannot be is reported and compared no further."""
    possible = [reading for reading in readings if _possible(reading, known)]
    if len(possible) < len(readings):
        yield IMPLAUSIBLE
    single = (pair for reading in readings for pair in numbers(reading))
    for measure, value in itertools.chain(single, repeated(possible)):
        low, high = known.spans[range_name(measure)].possible
        if not low <= value <= high:
            continue
        for comparison in known.book.comparisons.get(measure, ()):
            if comparison.holds(value):
                yield comparison.fact


def _possible(reading: Reading, known: Protocol) -> bool:
    spans = ((known.spans[range_name(measure)].possible, v) for measure, v in numbers(reading))
    return all(low <= value <= high for (low, high), value in spans)


def _background(person: Background, known: Protocol) -> Iterator[str]:
    """Facts about the person. An unknown age counts as young, where the lines are stricter."""
    age = _AGE_UNKNOWN if person.age is None else person.age
    yield from (c.fact for c in known.book.comparisons[Measure.AGE] if c.holds(age))
    yield from (f"condition:{programme}" for programme in person.conditions)
    yield from (f"drug:{drug}" for drug in person.drugs)
    if person.pregnant:
        yield PREGNANT


def is_dangerous(level: Level) -> bool:
    """Whether the level opens an escalation at once."""
    return level >= Level.URGENT
