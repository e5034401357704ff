"""A measurement while it is being read: mutable, private to the grammar."""

from __future__ import annotations

from dataclasses import dataclass

from care.reading import GlucoseContext, Kind
from language.moment import Moment
from language.understanding import Certainty, Purpose, Subject


@dataclass(slots=True)
class Draft:
    """`own`: the sender said 我. `when` is the word class of the time word in force: now, habitual, past, vague or ''."""

    kind: Kind
    start: int
    end: int
    systolic: float | None = None
    diastolic: float | None = None
    value: float | None = None
    context: GlucoseContext | None = None
    approximate: bool = False
    low: float | None = None
    high: float | None = None
    original: str | None = None
    subject: Subject = Subject.SELF
    relation: str | None = None
    when: str = ""
    today: bool = False
    purpose: Purpose = Purpose.MEASURED
    limited: bool = False
    certainty: Certainty = Certainty.PLAIN
    moment: Moment | None = None
    own: bool = False

    @property
    def half(self) -> bool:
        """Only one of the two pressures is known so far."""
        return self.kind is Kind.BP and (self.systolic is None) != (self.diastolic is None)
