"""A year in the life of one person, told in order by the functions that write live data.

What happens next depends on what was found: an unsatisfactory follow-up is repeated sooner, a
dangerous value stands in front of the doctor, silence ends on the call list.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import count
from typing import Any

from sqlmodel import Session, col, select

from care.assess import assess, is_dangerous
from care.cadence import Purpose, chase, next_due
from care.classify import Classification, NextMeasure, Visit, VisitClass, classify
from care.escalation import ladder, lapses_at
from care.form import Mode
from care.level import Level
from care.line import Setting
from care.protocol import protocol
from care.reading import Kind, Reading
from care.situation import Programme, Situation
from records import casework, escalations, follow_ups, people, readings, tasks
from records.reader import Reader
from records.readings import JUDGED_BY, Provenance
from records.tables import Escalation, FollowUp, Person, Task
from records.times import CHINA
from records.vault import Vault
from suifang.seed.arrivals import Resident
from suifang.seed.bedside import hold_visit, sign_draft
from suifang.seed.course import Course
from suifang.seed.roster import county

_MORNING = time(9, 0)


@dataclass(frozen=True, slots=True)
class Said:
    """Words that are yet to be sent by the patient, as in life."""

    at: datetime
    openid: str
    words: str
    taken_by: str | None = None


@dataclass
class Year:
    """One resident's year. Nothing later than `now` happens."""

    session: Session
    vault: Vault
    resident: Resident
    doctor: Reader
    chance: random.Random
    now: datetime
    talks_from: datetime
    said: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._course = Course(self.chance)
        self._habits: dict[str, Any] = county()["habits"]
        self._events: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = count()
        self._expected: set[str] = set()
        self._ahead: set[Programme] = set()
        self._classes: dict[Programme, list[VisitClass]] = {}
        person = self.session.get_one(Person, self.resident.person_id)
        self._person = person
        self._background = people.background(self.session, person, people.china_date(self.now))

    def live(self) -> None:
        """Let the year pass."""
        for programme in self.resident.villager.programmes:
            first = self._day(self.resident.joined_at) + timedelta(days=self.chance.randint(1, 89))
            self._plan(programme, first, Purpose.ROUTINE)
            if self.resident.openid is not None:
                self._later(self._some_morning(self._day(self.resident.joined_at), 3), programme)
        if self.resident.openid is not None:
            self._next_visit(self._day(self.resident.joined_at))
        while self._events:
            at, _, happen = heapq.heappop(self._events)
            happen(at)

    def _later(self, at: datetime, programme: Programme) -> None:
        self._at(at, lambda moment: self._measure_at_home(moment, programme))

    def _at(self, at: datetime, happen: Callable[[datetime], None]) -> None:
        if at <= self.now:
            heapq.heappush(self._events, (at, next(self._order), happen))

    def _measure_at_home(self, at: datetime, programme: Programme) -> None:
        reading = self._course.reading(programme, self._part(at))
        if at >= self.talks_from and self.resident.openid is not None:
            self.said.append(Said(at, self.resident.openid, self._words(reading)))
        else:
            self._store(at, reading, Provenance())
        days = self.chance.randint(*self._habits["days_between_home_readings"])
        self._later(self._some_morning(self._day(at), days), programme)

    def _next_visit(self, day: date) -> None:
        """About every three months the doctor asks in who else only writes; most come."""
        days = self.chance.randint(*self._habits["days_between_visits"])
        at = self._some_morning(day, days) + timedelta(hours=3)
        self._at(at, self._visit)

    def _visit(self, at: datetime) -> None:
        if self.chance.random() < self._habits["comes_to_clinic"]:
            self._hold_visit(at, Mode.FACE_TO_FACE)
        self._next_visit(self._day(at))

    def _hold_visit(self, at: datetime, mode: Mode) -> None:
        measured = [
            self._course.reading(programme, self._part(at))
            for programme in self.resident.villager.programmes
        ]
        once = f"{self._person.id}:{at.isoformat()}"
        done = hold_visit(
            self.session,
            self.vault,
            self.doctor,
            self._person.id,
            measured,
            once=once,
            now=at,
            mode=mode,
        )
        for case in {one.case_id for one in done if one.case_id}:
            self._ring(at, self.session.get_one(Escalation, case))
            self._have_it_seen(at, case)
        self._expect_planned()

    def _plan(self, programme: Programme, due_on: date, purpose: Purpose) -> None:
        follow_ups.plan(self.session, self._person.id, programme, due_on, purpose)
        self._expect_planned()

    def _plan_next(self, at: datetime, programme: Programme, result: Classification) -> None:
        """Plan the next follow-up, unless a referral has planned one already."""
        if programme not in self._ahead:
            due = next_due(self._day(at), result)
            self._plan(programme, due.on, due.purpose)

    def _expect_planned(self) -> None:
        """Begin what is planned on its day, whoever planned it."""
        planned = (
            select(FollowUp)
            .where(FollowUp.person_id == self._person.id)
            .where(FollowUp.state == follow_ups.PLANNED)
            .order_by(col(FollowUp.due_on), col(FollowUp.programme))
        )
        for row in self.session.exec(planned):
            self._ahead.add(Programme(row.programme))
            if row.id not in self._expected:
                self._expected.add(row.id)
                self._at(_morning(row.due_on), partial(self._begin, row=row))

    def _begin(self, at: datetime, row: FollowUp) -> None:
        programme = Programme(row.programme)
        self._ahead.discard(programme)
        chased = chase(self._day(at))
        if not follow_ups.start(
            self.session, [row.id], now=at, next_step_at=_morning(chased.first_reminder)
        ):
            return
        by_phone = self.resident.openid is not None
        if self.chance.random() < self._habits["answers" if by_phone else "comes_to_clinic"]:
            days = self.chance.randint(*self._habits["answer_days"])
            done = self._some_morning(self._day(at), days) + timedelta(hours=3)
            self._at(done, lambda moment: self._answer(moment, row, programme, home=by_phone))
        else:
            silent_from = _morning(chased.call_list)
            self._at(silent_from, lambda moment: self._fall_silent(moment, row, programme))

    def _answer(self, at: datetime, row: FollowUp, programme: Programme, *, home: bool) -> None:
        self.session.refresh(row)
        if row.state != follow_ups.OPEN:
            return
        if not home:
            self._hold_visit(at, Mode.FACE_TO_FACE)
            return
        reading = self._course.reading(programme, self._part(at))
        critical = self._store(at, reading, Provenance(follow_up_id=row.id))
        answers = {
            **_as_answer(reading),
            "symptoms": [],
            "medicine_taken": self.chance.random() < self._habits["takes_medicine"],
        }
        result = self._classify(programme, reading, critical=critical)
        if result.visit_class is not None:
            follow_ups.draft(self.session, row.id, answers, result.visit_class, at)
            self._classes.setdefault(programme, []).insert(0, result.visit_class)
        self._plan_next(at, programme, result)
        days = self.chance.randint(*self._habits["signs_after_days"])
        self._at(at + timedelta(days=days, hours=1), lambda moment: self._sign(moment, row))

    def _sign(self, at: datetime, row: FollowUp) -> None:
        sign_draft(self.session, self.vault, self.doctor, row.id, at)
        self._expect_planned()

    def _fall_silent(self, at: datetime, row: FollowUp, programme: Programme) -> None:
        if not follow_ups.fall_silent(self.session, row.id, at):
            return
        key = f"silent:{self._person.id}:{row.due_on}:{programme}"
        tasks.open_task(
            self.session,
            task_key=key,
            kind=tasks.CALL,
            reason="silent",
            person_id=self._person.id,
            contact_point_id=self.resident.contact_point_id,
            facility_id=self._person.facility_id,
            follow_up_id=row.id,
            now=at,
        )
        days = self.chance.randint(*self._habits["doctor_calls_after_days"])
        calls = at + timedelta(days=days, hours=2)
        self._at(calls, lambda moment: self._call(moment, key, row, programme))

    def _call(self, at: datetime, key: str, row: FollowUp, programme: Programme) -> None:
        task = self.session.exec(select(Task).where(Task.task_key == key)).one()
        reached = self.chance.random() < self._habits["doctor_reaches"]
        outcome = "reached" if reached else "no_answer"
        tasks.close_task(
            self.session, task.id, by=self.doctor.practitioner_id, outcome=outcome, now=at
        )
        if reached:
            self._hold_visit(at, Mode.PHONE)
            return
        unjudged = Classification(None, NextMeasure.TWO_WEEKS, refer=False)
        self._plan_next(at, programme, unjudged)

    def _store(self, at: datetime, reading: Reading, provenance: Provenance) -> bool:
        """Store a reading and raise the alarm it asks for; True when it was dangerous."""
        judged = assess(Situation(background=self._background, readings=(reading,)))
        readings.store(
            self.session,
            self._person.id,
            reading,
            provenance,
            taken_at=at,
            now=at,
            level=judged.level,
            protocol_version=protocol().versions[JUDGED_BY[reading.kind]],
        )
        if not is_dangerous(judged.level):
            return False
        alarm = escalations.raise_alarm(
            self.session,
            person_id=self._person.id,
            contact_point_id=self.resident.contact_point_id,
            facility_id=self._person.facility_id,
            level=judged.level,
            reasons=judged.reasons,
            now=at,
            rings_at=at,
        )
        if alarm.opened:
            self._ring(at, alarm.escalation)
            self._have_it_seen(at, alarm.escalation.id)
        return True

    def _ring(self, at: datetime, row: Escalation) -> None:
        """The village doctor heard it at once: nothing of the past rings when the worker starts."""
        rungs = ladder(Level(row.level))
        if rungs is not None:
            escalations.advance(self.session, row, step=0, rings_at=lapses_at(rungs, 0, at))
            self.session.refresh(row)
            escalations.record(self.session, row, "rung", at)

    def _have_it_seen(self, at: datetime, escalation_id: str) -> None:
        seen = at + timedelta(minutes=self.chance.randint(*self._habits["doctor_minutes"]))
        closed = seen + timedelta(
            minutes=self.chance.randint(*self._habits["closes_after_minutes"])
        )
        outcome = self.chance.choice(self._habits["outcomes"])

        def acknowledge(moment: datetime) -> None:
            casework.acknowledge(self.session, self.vault, self.doctor, escalation_id, moment)

        def close(moment: datetime) -> None:
            casework.close(
                self.session,
                self.vault,
                self.doctor,
                escalation_id,
                outcome=outcome,
                remark="",
                now=moment,
            )
            self._expect_planned()

        self._at(seen, acknowledge)
        self._at(closed, close)

    def _classify(
        self, programme: Programme, reading: Reading, *, critical: bool
    ) -> Classification:
        visit = Visit(
            programme=programme,
            background=self._background,
            readings=(reading,),
            critical=critical,
            setting=Setting.HOME,
        )
        return classify(visit, self._classes.get(programme, []))

    def _words(self, reading: Reading) -> str:
        talk = county()["talk"]
        if reading.kind is Kind.BP:
            sentence = str(self.chance.choice(talk["bp"]))
            return sentence.format(
                systolic=f"{reading.systolic:g}", diastolic=f"{reading.diastolic:g}"
            )
        return str(self.chance.choice(talk["glucose"])).format(value=f"{reading.value:g}")

    def _some_morning(self, day: date, days: int) -> datetime:
        clock = time(self.chance.randint(6, 8), self.chance.randint(0, 59))
        return datetime.combine(day + timedelta(days=days), clock, tzinfo=CHINA)

    def _part(self, at: datetime) -> float:
        whole = self.now - self.resident.joined_at
        return min(1.0, (at - self.resident.joined_at) / whole)

    @staticmethod
    def _day(at: datetime) -> date:
        return people.china_date(at)


def _morning(day: date) -> datetime:
    return datetime.combine(day, _MORNING, tzinfo=CHINA)


def _as_answer(reading: Reading) -> dict[str, Any]:
    if reading.kind is Kind.BP:
        return {"bp": [reading.systolic, reading.diastolic]}
    return {"glucose": [reading.value, reading.context]}
