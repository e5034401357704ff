"""What a run amounts to: figures out of the rows and the platform's log, and what must never happen."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median, quantiles
from typing import Any

from sqlmodel import Session, col, func, select

from care.level import Level
from channels.limits import Limits
from records.people import china_date
from records.tables import (
    Escalation,
    EscalationEvent,
    FollowUp,
    InboundMessage,
    OutboundMessage,
    StoredReading,
    Turn,
)
from simulator.county.happening import Said
from suifang.simulation.living import Life
from suifang.simulation.phones import Arrived

_ENDED = frozenset(
    {"accepted", "delivered", "never", "unknown", "expired", "channel_closed", "queued"}
)
_STARTED = frozenset({"reminder", "education"})
_ON_TIME = timedelta(days=14)
_NOTICED_WITHIN = timedelta(minutes=2)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that must be so in every run. `broken` counts where it is not, with an example."""

    name: str
    broken: int
    example: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a run, ready for a page or JSON."""

    people: int
    phones: int
    days: int
    seed: int
    seconds: float
    follow_ups: dict[str, Any]
    messages: dict[str, Any]
    readings: dict[str, Any]
    alarms: dict[str, Any]
    doctors: dict[str, Any]
    invariants: tuple[Invariant, ...]

    @property
    def sound(self) -> bool:
        return not any(one.broken for one in self.invariants)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"sound": self.sound}


def judge(life: Life, began: datetime, seed: int, seconds: float) -> Report:
    """Look at everything once the run is over."""
    ended = life.clock.now
    with life.database.reading() as session:
        bench = _Bench(life, session, began, ended)
        return Report(
            people=len(life.world.villagers),
            phones=len(life.world.phones),
            days=(ended - began).days,
            seed=seed,
            seconds=round(seconds, 1),
            follow_ups=bench.follow_ups(),
            messages=bench.messages(),
            readings=bench.readings(),
            alarms=bench.alarms(),
            doctors=bench.doctors(),
            invariants=bench.invariants(),
        )


@dataclass
class _Bench:
    """One look at one run."""

    life: Life
    session: Session
    began: datetime
    ended: datetime

    def __post_init__(self) -> None:
        self._sent = {row.send_key: row for row in self.session.exec(select(OutboundMessage)).all()}
        self._years = len(self.life.world.villagers) * (self.ended - self.began).days / 365

    def follow_ups(self) -> dict[str, Any]:
        """How many were opened, and how many of them were answered within two weeks."""
        rows = self.session.exec(select(FollowUp).where(col(FollowUp.opened_at).is_not(None))).all()
        ripe = [one for one in rows if one.opened_at and self.ended - one.opened_at >= _ON_TIME]
        answered = [
            one
            for one in ripe
            if one.state in {"draft", "signed"}
            and one.closed_at is not None
            and one.opened_at is not None
            and one.closed_at - one.opened_at <= _ON_TIME
        ]
        return {
            "opened": len(rows),
            "within_two_weeks": _share(len(answered), len(ripe)),
            "by_state": dict(Counter(one.state for one in rows)),
        }

    def messages(self) -> dict[str, Any]:
        """Per person and year, by purpose, as they arrived."""
        purposes = Counter(self._purpose(one) for one in self.life.platform.log)
        return {
            "arrived_per_person_year": round(len(self.life.platform.log) / self._years, 1),
            "by_purpose_per_person_year": {
                purpose: round(number / self._years, 2) for purpose, number in purposes.items()
            },
            "written_per_person_year": round(len(self.life.said) / self._years, 1),
            "undelivered": dict(
                Counter(
                    f"{row.state}:{row.reason}"
                    for row in self._sent.values()
                    if row.state not in {"accepted", "delivered", "queued"}
                )
            ),
        }

    def readings(self) -> dict[str, Any]:
        """Values as stored beside the truth that was typed."""
        meant = [one for one in self.life.said if one.truth.measured is not None and not one.again]
        stored = self._values()
        missed = [one.text for one in meant if not self._stored(one, stored)]
        return {
            "typed": len(meant),
            "stored_as_meant": _share(len(meant) - len(missed), len(meant)),
            "stored": sum(len(values) for values in stored.values()),
            "examples_of_misses": missed[:12],
        }

    def alarms(self) -> dict[str, Any]:
        """How often a doctor is rung, how soon somebody takes it, and what nobody noticed."""
        rows = self.session.exec(select(Escalation)).all()
        weeks = len(self.life.world.villagers) * ((self.ended - self.began) / _WEEK)
        figures: dict[str, Any] = {
            "per_100_person_weeks": round(100 * len(rows) / weeks, 2),
            "outcomes": dict(Counter(row.outcome or row.state for row in rows)),
            "steps_rung": dict(
                self.session.exec(
                    select(EscalationEvent.step, func.count())
                    .where(EscalationEvent.kind == "rung")
                    .group_by(col(EscalationEvent.step))
                ).all()
            ),
            "nobody_on_duty": self._events("nobody_on_duty"),
        }
        for level in (Level.EMERGENCY, Level.URGENT):
            mine = [row for row in rows if row.level == level]
            minutes = [
                (row.acknowledged_at - row.opened_at).total_seconds() / 60
                for row in mine
                if row.acknowledged_at is not None
            ]
            figures[level.value] = {"opened": len(mine)} | _minutes(minutes)
        return figures | {"missed": self._missed()}

    def doctors(self) -> dict[str, Any]:
        """Taps of everybody's days, by who they are and what they did."""
        deeds, days = self.life.deeds, (self.ended - self.began).days
        return {
            "rings": self.life.pagers.rings,
            "deeds": dict(deeds.done),
            "taps_per_doctor_and_day": {
                doctor: round(taps / days, 1) for doctor, taps in sorted(deeds.taps.items())
            },
            "taps_per_100_patients_and_week": round(
                sum(deeds.taps.values())
                / (len(self.life.world.villagers) / 100 * ((self.ended - self.began) / _WEEK)),
                1,
            ),
        }

    def invariants(self) -> tuple[Invariant, ...]:
        """What must never happen."""
        return (
            self._nothing_lost_coming_in(),
            self._nothing_lost_going_out(),
            self._nothing_doubled(),
            self._nothing_at_night(),
            self._nobody_gone_is_written_to(),
            self._cap_kept(),
            self._one_lesson_a_week(),
            self._platform_never_refused(),
            self._every_emergency_answered(),
        )

    def _nothing_lost_coming_in(self) -> Invariant:
        waiting = self.session.exec(
            select(InboundMessage.id)
            .where(InboundMessage.state == "waiting")
            .where(col(InboundMessage.received_at) < self.ended - timedelta(minutes=5))
        ).all()
        missing = {one.number for one in self.life.said if not one.again}
        known = set(
            self.session.exec(
                select(InboundMessage.external_id).where(InboundMessage.kind == "text")
            ).all()
        )
        lost = [number for number in missing if f"simulated:{number}" not in known]
        return Invariant("every message has a row and a turn", len(waiting) + len(lost))

    def _nothing_lost_going_out(self) -> Invariant:
        late = [
            row.text_key
            for row in self._sent.values()
            if row.state not in _ENDED
            or (row.state == "queued" and row.expires_at < self.ended - timedelta(minutes=5))
        ]
        return Invariant("every text ends in a state with a reason", len(late), *late[:1])

    def _nothing_doubled(self) -> Invariant:
        routine = Counter(
            (one.phone, one.send_key)
            for one in self.life.platform.log
            if self._purpose(one) != "safety"
        )
        twice = [key for (_, key), number in routine.items() if number > 1]
        # A picture travels as a message of its own beside its sentence.
        replies = Counter(
            row.turn_id
            for row in self._sent.values()
            if row.turn_id and row.purpose == "reply" and row.picture_sealed is None
        )
        doubled = [turn for turn, number in replies.items() if number > 1]
        return Invariant("nothing routine arrives twice", len(twice) + len(doubled), *twice[:1])

    def _nothing_at_night(self) -> Invariant:
        limits = Limits()
        night = [
            one.send_key
            for one in self.life.platform.log
            if self._purpose(one) in _STARTED and limits.is_quiet(one.at)
        ]
        return Invariant("nothing that we start arrives in quiet hours", len(night), *night[:1])

    def _nobody_gone_is_written_to(self) -> Invariant:
        gone = {
            self.life.settled.people[one.villager]: one.at
            for one in self.life.changed
            if one.status in {"deceased", "moved"}
        }
        wrong = [
            one.send_key
            for one in self.life.platform.log
            if (row := self._sent.get(one.send_key)) is not None
            and row.purpose in _STARTED
            and row.person_id in gone
            and one.at > gone[row.person_id]
        ]
        return Invariant("nobody who died or moved is written to", len(wrong), *wrong[:1])

    def _cap_kept(self) -> Invariant:
        fuse = Limits().fuse
        daily = Counter(
            (one.phone, china_date(one.at))
            for one in self.life.platform.log
            if self._purpose(one) in _STARTED
        )
        over = [phone for (phone, _), number in daily.items() if number > fuse]
        return Invariant("no phone gets more than the daily cap", len(over), *over[:1])

    def _one_lesson_a_week(self) -> Invariant:
        lessons = sorted(
            (one.phone, one.at)
            for one in self.life.platform.log
            if self._purpose(one) == "education"
        )
        close = [
            phone
            for (phone, at), (other, later) in pairwise(lessons)
            if phone == other and later - at < _WEEK - timedelta(minutes=5)
        ]
        return Invariant("no phone gets two lessons in seven days", len(close), *close[:1])

    def _platform_never_refused(self) -> Invariant:
        refused = self.life.platform.refused
        return Invariant("our ledger knows the platform's quota", len(refused), *refused[:1])

    def _every_emergency_answered(self) -> Invariant:
        told = defaultdict(list)
        for one in self.life.platform.log:
            if self._purpose(one) == "safety":
                told[one.phone].append(one.at)
        raised = self._raised_numbers()
        silent = [
            one.text
            for one in self.life.said
            if one.number in raised
            and not one.again
            and not any(one.at <= at <= one.at + _NOTICED_WITHIN for at in told[one.phone])
        ]
        return Invariant(
            "every emergency that was heard was answered at once", len(silent), *silent[:1]
        )

    def _raised_numbers(self) -> set[int]:
        rows = self.session.exec(
            select(InboundMessage.external_id)
            .join(Turn, col(Turn.id) == col(InboundMessage.turn_id))
            .where(InboundMessage.kind == "text")
            .where(Turn.level == Level.EMERGENCY)
        ).all()
        numbers = {int(row.rpartition(":")[2]) for row in rows}
        return {
            one.number
            for one in self.life.said
            if one.number in numbers and one.truth.level == "emergency"
        }

    def _missed(self) -> dict[str, Any]:
        """Messages that somebody had to notice and that no turn raised."""
        levels = dict(
            self.session.exec(
                select(InboundMessage.external_id, Turn.level)
                .join(Turn, col(Turn.id) == col(InboundMessage.turn_id))
                .where(InboundMessage.kind == "text")
            ).all()
        )
        told = [one for one in self.life.said if one.truth.level != "none" and not one.again]
        missed = [
            one
            for one in told
            if levels.get(f"simulated:{one.number}") not in {"urgent", "emergency"}
        ]
        return {
            "told": len(told),
            "missed": len(missed),
            "examples": [one.text for one in missed[:12]],
        }

    def _events(self, kind: str) -> int:
        return self.session.exec(
            select(func.count()).select_from(EscalationEvent).where(EscalationEvent.kind == kind)
        ).one()

    def _purpose(self, one: Arrived) -> str:
        if one.send_key.startswith("passive:"):
            return "safety"
        row = self._sent.get(one.send_key)
        return row.purpose if row is not None else "unknown"

    def _values(self) -> dict[tuple[str, float | None, float | None], list[datetime]]:
        stored: dict[tuple[str, float | None, float | None], list[datetime]] = defaultdict(list)
        for row in self.session.exec(
            select(StoredReading).where(col(StoredReading.state).in_(("stored", "unconfirmed")))
        ):
            first = row.systolic if row.kind == "bp" else row.value
            stored[row.person_id, first, row.diastolic].append(row.recorded_at)
        return stored

    def _stored(
        self, said: Said, stored: dict[tuple[str, float | None, float | None], list[datetime]]
    ) -> bool:
        measured, about = said.truth.measured, said.truth.about
        if measured is None or about is None:
            return False
        first = measured.systolic if measured.kind == "bp" else measured.value
        key = (self.life.settled.people[about], first, measured.diastolic)
        return any(abs(at - said.at) <= timedelta(minutes=3) for at in stored.get(key, ()))


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({part / whole:.1%})" if whole else "0/0"


def _minutes(values: list[float]) -> dict[str, Any]:
    if not values:
        return {"acknowledged": 0}
    ninth = quantiles(values, n=10)[-1] if len(values) > 1 else values[0]
    return {
        "acknowledged": len(values),
        "median_minutes": round(median(values), 1),
        "p90_minutes": round(ninth, 1),
    }
