"""When the next contact is due, and when a silent follow-up is chased. Pure arithmetic on dates."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from care.classify import Classification, NextMeasure
from care.protocol import protocol

_MONTHS = 12


class Purpose(StrEnum):
    """Why a contact is due."""

    ROUTINE = "routine"
    RECHECK = "recheck"
    REFERRAL_CHECK = "referral_check"


@dataclass(frozen=True, slots=True)
class Due:
    """A day and the reason for it."""

    on: date
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Chase:
    """What happens to an open follow-up that nobody answers."""

    first_reminder: date
    second_reminder: date
    call_list: date


def next_due(done_on: date, result: Classification) -> Due:
    """The next contact after a follow-up: three months, or two weeks when something was wrong.

    A follow-up without anything to judge by counts as something to look at again soon.
    """
    if result.refer:
        return referral_check(done_on)
    if result.measure is NextMeasure.ROUTINE:
        return Due(add_months(done_on, protocol().whole("routine_months")), Purpose.ROUTINE)
    return Due(done_on + _days("unsatisfactory_days"), Purpose.RECHECK)


def referral_check(referred_on: date) -> Due:
    """The active check whether a referred person arrived."""
    return Due(referred_on + _days("referral_check_days"), Purpose.REFERRAL_CHECK)


def chase(opened_on: date) -> Chase:
    """The days on which a follow-up opened on this day is chased."""
    return Chase(
        opened_on + _days("first_reminder_days"),
        opened_on + _days("second_reminder_days"),
        opened_on + _days("call_list_days"),
    )


def call_again(day: date, *, reached: bool) -> date:
    """When a call that came to nothing is tried again: nobody answered, or it did not suit."""
    return day + _days("call_later_days" if reached else "call_again_days")


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day when it has no such day."""
    index = day.year * _MONTHS + day.month - 1 + months
    year, month = divmod(index, _MONTHS)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _days(name: str) -> timedelta:
    return timedelta(days=protocol().whole(name))
