"""A county of some twenty people made by hand, small enough to count every figure on paper.

October 2026 is looked at from 23 November 2026: it is over, and closed since 11 November. By its end
304 days of the year had passed, so three visits were due (one for each full 90 days). The window of
HEARTS is August to October.

                       NBPHS: 规范        控制            HEARTS
Village A, hypertension
  a1  50 y, 3 visits, last 10 Oct 138/88    met       controlled      controlled
  a2  70 y, 3 visits, last 1 Sep 150/85     met       uncontrolled    uncontrolled (150 is on the line)
  a3  70 y, 2 visits, last 1 Jul 148/88     short     controlled      missed_visit (July is outside)
  a4  never came since 2025-01-01           short     not_seen        lost (21 months)
  a5  enrolled 15 Sep, seen that day 130/80 early     controlled      new (one month)
  a6  2 visits, last 20 Aug, nothing measured;
      a message 120/70 in October           short     no_value        visited_no_reading
  a7  died 10 Jun, 1 visit 120/70           met       controlled      ended
  a8  45 y, 3 visits, last 5 Oct 140/80     met       uncontrolled    uncontrolled
  a9  66 y, 3 visits, last 5 Oct 148/80     met       controlled      uncontrolled (no age in HEARTS)
Village B, diabetes
  b1  3 visits, fasting 6.9 each            met       controlled      controlled
  b2  3 visits, fasting 7.0 each            met       uncontrolled    uncontrolled
  b3  3 visits, fasting only at the first;
      last 10 Oct, 9.0 after a meal         short     no_value        controlled (below 11.1)
  b4  3 visits, last 12.0 fasting           met       uncontrolled    worse
  b5  3 visits to May, fasting 6.0          met       controlled      missed_visit
  b6  managed until 31 Mar, no visit        met? 89 days: early   not_seen   ended
  b7  away for work, 1 visit Feb 6.5        short     controlled      missed_visit
Village B, both diseases
  b8  3 visits each, 130/80 and 6.5         met       controlled      controlled   (twice)
Village C
  c1  hypertension, enrolled 2025, refused in 2025   not managed in 2026 at all
  c2  hypertension, enrolled 5 Nov 2026              not yet
  c3  unidentified                                   nobody
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlmodel import Session, select

from care.reading import GlucoseContext, Kind, Reading
from care.situation import Programme
from records import people, readings
from records.identity import new_id
from records.readings import Provenance
from records.tables import Enrolment, Facility, FollowUp, Person
from records.times import CHINA
from records.vault import Vault

HT, DM = Programme.HYPERTENSION, Programme.TYPE2_DIABETES
FASTING, MEAL = GlucoseContext.FASTING, GlucoseContext.POSTPRANDIAL
LONG_AGO = date(2025, 1, 1)
THREE = (date(2026, 2, 10), date(2026, 5, 10))


def day(month: int, number: int) -> date:
    return date(2026, month, number)


def pressure(systolic: float, diastolic: float) -> Reading:
    return Reading(Kind.BP, systolic=systolic, diastolic=diastolic)


def sugar(value: float, context: GlucoseContext = FASTING) -> Reading:
    return Reading(Kind.GLUCOSE, value=value, context=context)


@dataclass
class Hand:
    """Writes people, visits and values the way the product's own functions do."""

    session: Session
    vault: Vault
    now: datetime
    people: dict[str, str] = field(default_factory=dict)
    visits: dict[str, list[str]] = field(default_factory=dict)

    def places(self) -> Hand:
        tree = (
            ("county", None, "county", "清水县"),
            ("town", "county", "township_health_centre", "清水镇卫生院"),
            ("far", "county", "township_health_centre", "石桥镇卫生院"),
            ("a", "town", "village_clinic", "东沟村"),
            ("b", "town", "village_clinic", "西坡村"),
            ("c", "far", "village_clinic", "南湾村"),
        )
        paths: dict[str | None, str] = {None: ""}
        for key, parent, kind, name in tree:
            paths[key] = f"{paths[parent]}{key}/"
            self.session.add(
                Facility(id=key, parent_id=parent, kind=kind, name=name, path=paths[key])
            )
            self.session.flush()
        return self

    def person(
        self,
        name: str,
        *programmes: Programme,
        born: int = 1976,
        enrolled: date = LONG_AGO,
        ended: date | None = None,
        place: str | None = None,
        **values: Any,
    ) -> str:
        known = people.Registration(name, place or name[0], born_on=date(born, 1, 1))
        person = people.register(self.session, self.vault, known, self.now)
        for key, value in values.items():
            setattr(person, key, value)
        self.session.add(person)
        for programme in programmes:
            self.session.add(
                Enrolment(
                    person_id=person.id,
                    programme=programme,
                    enrolled_on=enrolled,
                    ended_on=ended,
                )
            )
        self.session.flush()
        self.people[name] = person.id
        return person.id

    def visit(
        self,
        name: str,
        programme: Programme,
        on: date,
        reading: Reading | None = None,
        *,
        mode: str = "face_to_face",
        state: str = "signed",
    ) -> str:
        row = FollowUp(
            id=new_id(),
            person_id=self.people[name],
            programme=programme,
            due_on=on,
            state=state,
            mode=mode,
            held_on=on,
        )
        self.session.add(row)
        self.session.flush()
        self.visits.setdefault(name, []).append(row.id)
        if reading is not None:
            self.value(name, reading, on, visit=row.id)
        return row.id

    def value(
        self,
        name: str,
        reading: Reading,
        on: date,
        *,
        visit: str | None = None,
        setting: str = "clinic",
        certainty: str = "plain",
        basis: str = "measured",
    ) -> str:
        at = datetime.combine(on, time(9), CHINA)
        row = readings.store(
            self.session,
            self.people[name],
            reading,
            Provenance(
                follow_up_id=visit,
                source="clinic",
                setting=setting,
                certainty=certainty,
                basis=basis,
            ),
            taken_at=at,
            now=at,
        )
        return row.id

    def visits_of(
        self, name: str, programme: Programme, days: Sequence[date], reading: Reading | None
    ) -> None:
        for one in days:
            self.visit(name, programme, one, reading)

    def found(self, name: str) -> Person:
        return self.session.exec(select(Person).where(Person.id == self.people[name])).one()

    def populate(self) -> Hand:
        """Everybody of the table above."""
        self._village_a()
        self._village_b()
        self.person("c1", HT, status="refused", status_since=datetime(2025, 6, 1, tzinfo=CHINA))
        self.person("c2", HT, enrolled=day(11, 5))
        self.person("c3", HT, status="unidentified")
        return self

    def _village_a(self) -> None:
        fine = pressure(130, 80)
        for name, born, last in (
            ("a1", 1976, (day(10, 10), pressure(138, 88))),
            ("a2", 1956, (day(9, 1), pressure(150, 85))),
            ("a8", 1981, (day(10, 5), pressure(140, 80))),
            ("a9", 1960, (day(10, 5), pressure(148, 80))),
        ):
            self.person(name, HT, born=born)
            self.visits_of(name, HT, THREE, fine)
            self.visit(name, HT, *last)
        self.person("a3", HT, born=1956)
        self.visits_of("a3", HT, THREE[:1], fine)
        self.visit("a3", HT, day(7, 1), pressure(148, 88))
        self.person("a4", HT)
        self.person("a5", HT, enrolled=day(9, 15))
        self.visit("a5", HT, day(9, 15), fine)
        self.person("a6", HT)
        self.visits_of("a6", HT, THREE[:1], fine)
        self.visit("a6", HT, day(8, 20))
        self.visit("a6", HT, day(10, 1), mode="message")
        self.value("a6", pressure(120, 70), day(10, 1), setting="home")
        self.person(
            "a7", HT, status="deceased", status_since=datetime(2026, 6, 10, 12, tzinfo=CHINA)
        )
        self.visit("a7", HT, day(3, 1), pressure(120, 70))

    def _village_b(self) -> None:
        for name, value in (("b1", 6.9), ("b2", 7.0)):
            self.person(name, DM)
            self.visits_of(name, DM, (*THREE, day(10, 10)), sugar(value))
        self.person("b3", DM)
        self.visit("b3", DM, THREE[0], sugar(6.5))
        self.visits_of("b3", DM, (THREE[1], day(10, 10)), sugar(9.0, MEAL))
        self.person("b4", DM)
        self.visits_of("b4", DM, THREE, sugar(6.5))
        self.visit("b4", DM, day(10, 10), sugar(12.0))
        self.person("b5", DM)
        self.visits_of("b5", DM, (day(1, 10), day(3, 10), day(5, 10)), sugar(6.0))
        self.person("b6", DM, ended=day(3, 31))
        self.person("b7", DM, status="away")
        self.visit("b7", DM, day(2, 1), sugar(6.5))
        self.person("b8", HT, DM)
        for one in (*THREE, day(10, 10)):
            self.visit("b8", HT, one, pressure(130, 80))
            self.visit("b8", DM, one, sugar(6.5))
