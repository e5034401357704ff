"""What comes out of the county: words and deeds, each with the truth behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from simulator.county.body import Measured


@dataclass(frozen=True, slots=True)
class Truth:
    """What was meant, whatever was typed. `level`: what somebody must notice (none, urgent, emergency).

    `about` is the villager's number; `measured` the value that stands in the words.
    """

    purpose: str
    about: int | None = None
    measured: Measured | None = None
    level: str = "none"


@dataclass(frozen=True, slots=True)
class Said:
    """A text sent from a phone. `again` marks the same message delivered a second time."""

    at: datetime
    phone: str
    text: str
    number: int
    truth: Truth
    again: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """A phone began (True) or ended (False) to follow the account."""

    at: datetime
    phone: str
    follows: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """The doctor of the village heard that somebody died, moved, or left for work until a day."""

    at: datetime
    villager: int
    status: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """A doctor does something: acknowledge, reply, close, rounds, away or back.

    `code` is the number on the notice that led to it; `words` what is written; `outcome` how a case
    ends; `until` the last day of an absence.
    """

    at: datetime
    doctor: str
    kind: str
    code: str = ""
    words: str = ""
    outcome: str = ""
    until: date | None = None


Happening = Said | Followed | Changed | Deed
