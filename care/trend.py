"""What values say over days: weight gained or lost, and a second high fasting glucose.

Compared is the newest value with those before it, and only where one of them is new: what was found
once is not found again by a message without a value. The numbers are `[values]` of red_flags.toml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from care.protocol import Protocol, protocol
from care.reading import GlucoseContext, Kind, Reading
from care.situation import Situation

GAINED, LOST = "weight_gain_rapid", "weight_loss"
# Half a jin is a quarter of a kilogram: finer than this no scale is read.
_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Taken:
    """A measured, certain value of one person. `new`: it was told or confirmed just now."""

    reading: Reading
    at: datetime
    new: bool = False


@dataclass(frozen=True, slots=True)
class Trend:
    """What is added to the situation: findings, and an earlier reading that counts with the new one."""

    findings: frozenset[str] = frozenset()
    readings: tuple[Reading, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.findings or self.readings)

    def added_to(self, situation: Situation) -> Situation:
        """The same situation with what the days before say. It can only become more urgent."""
        return replace(
            situation,
            findings=situation.findings | self.findings,
            readings=(*situation.readings, *self.readings),
        )


def trend(values: Sequence[Taken], now: datetime) -> Trend:
    """What stored and new values of one person show together."""
    known = protocol()
    ordered = sorted(
        (one for one in values if one.reading.value is not None), key=lambda one: one.at
    )
    weights = [one for one in ordered if one.reading.kind is Kind.WEIGHT and _exact(one.reading)]
    fasting = [one for one in ordered if one.reading.context is GlucoseContext.FASTING]
    return Trend(
        findings=frozenset(_weight(weights, now, known)),
        readings=tuple(_fasting(fasting, now, known)),
    )


def _weight(weights: Sequence[Taken], now: datetime, known: Protocol) -> Iterator[str]:
    for before, after in ((one, weights[-1]) for one in weights[:-1]):
        was, became = _value(before), _value(after)
        if max(was, became) >= known.number("weight_unit_ratio") * min(was, became):
            continue
        gained = round(became - was, ndigits=_DIGITS)
        if gained >= known.number("weight_gain") and _within(
            before, after, now, known.number("weight_gain_days")
        ):
            yield GAINED
        line = round(was * known.number("weight_lost_to"), ndigits=_DIGITS)
        if became <= line and _within(before, after, now, known.number("weight_loss_days")):
            yield LOST


def _fasting(values: Sequence[Taken], now: datetime, known: Protocol) -> Iterator[Reading]:
    """The value before the newest, never above it: yesterday's crisis is not today's."""
    for before, after in pairwise(values[-2:]):
        value = min(_value(before), _value(after))
        again = timedelta(hours=known.number("fasting_told_again_hours"))
        told_again = _value(before) == _value(after) and after.at - before.at < again
        high = value >= known.number("glucose_ketosis_risk")
        days = known.number("fasting_twice_days")
        if high and not told_again and _within(before, after, now, days):
            yield replace(before.reading, value=value, low=None, high=None)


def _within(before: Taken, after: Taken, now: datetime, days: float) -> bool:
    """Whole days count: from Monday morning to Thursday noon are three. Old news is none."""
    return (before.new or after.new) and max(after.at - before.at, now - after.at).days <= days


def _exact(reading: Reading) -> bool:
    return not reading.approximate and reading.low is None


def _value(one: Taken) -> float:
    """Pressures, which have none, were left out before."""
    return one.reading.value or 0.0
