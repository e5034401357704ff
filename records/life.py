"""Died, moved, works elsewhere, refuses, is back: one tap, and all that was planned stops or moves.

Everything happens in the caller's transaction. Nothing is deleted, so that a slip can be undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from records import audit, stopping
from records.festivals import next_spring_festival
from records.identity import new_id
from records.people import china_date
from records.reader import Reader
from records.stopping import Stopped
from records.tables import LifeChange, OutboundMessage, Person
from records.vault import Vault

ACTIVE, AWAY, MOVED, DECEASED, REFUSED = "active", "away", "moved", "deceased", "refused"
STATUSES = (ACTIVE, AWAY, MOVED, DECEASED, REFUSED)
# Nothing that we start goes to these; away is asked for its day.
GONE = (MOVED, DECEASED, REFUSED)
CLOCK = "clock"
PLACE = "life_changes.place"
LONGEST_PLACE = 60
_LONGEST_AWAY = timedelta(days=730)
_LONG_AGO = timedelta(days=3660)


class LifeError(ValueError):
    """A change that cannot be: `code` is until, day or place."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be written down. `on`: when it happened; `until`: back on; `place`: where to."""

    status: str
    on: date | None = None
    until: date | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of it. Not `done`: it was so already."""

    person_id: str
    done: bool


def change(
    session: Session, vault: Vault, reader: Reader, person_id: str, wish: Wish, now: datetime
) -> Changed | None:
    """Change a person's status. None when this reader may not see the person.

    Raises:
        LifeError: a day that cannot be, or too many words.
    """
    person = session.exec(
        select(Person).where(Person.id == person_id).where(reader.people()).with_for_update()
    ).first()
    if person is None or person.status not in STATUSES or wish.status not in STATUSES:
        return None
    wish = _checked(wish, china_date(now))
    if person.status == wish.status and person.away_until == wish.until:
        return Changed(person.id, done=False)
    if wish.status == ACTIVE:
        _come_back(session, person, reader.actor, now)
    else:
        _leave(session, vault, person, wish, reader.actor, now)
    return Changed(person.id, done=True)


def bring_back(session: Session, now: datetime, limit: int = 200) -> int:
    """Those whose day of return has come are under management again. Returns how many."""
    due = session.exec(
        select(Person)
        .where(Person.status == AWAY)
        .where(col(Person.away_until) <= china_date(now))
        .order_by(col(Person.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for person in due:
        _come_back(session, person, CLOCK, now)
    return len(due)


def takes_plans(person: Person, today: date) -> bool:
    """Whether messages that we start may go to this person today."""
    if person.status == AWAY:
        return person.away_until is not None and person.away_until <= today
    return person.status not in GONE


def last_change(session: Session, person_id: str) -> LifeChange | None:
    """The change that holds now, if any."""
    return session.exec(
        select(LifeChange)
        .where(LifeChange.person_id == person_id)
        .where(col(LifeChange.undone_at).is_(None))
        .where(LifeChange.status != ACTIVE)
        .order_by(col(LifeChange.at).desc(), col(LifeChange.id).desc())
    ).first()


def _checked(wish: Wish, today: date) -> Wish:
    _refuse("place", when=len(wish.place) > LONGEST_PLACE)
    if wish.status == AWAY:
        until = wish.until or next_spring_festival(today)
        _refuse("until", when=not today < until <= today + _LONGEST_AWAY)
        return Wish(AWAY, until=until, place=wish.place)
    on = wish.on or today
    _refuse("day", when=not today - _LONG_AGO <= on <= today)
    return Wish(wish.status, on=None if wish.status == ACTIVE else on, place=wish.place)


def _refuse(code: str, *, when: bool) -> None:
    if when:
        raise LifeError(code)


def _leave(
    session: Session, vault: Vault, person: Person, wish: Wish, by: str, now: datetime
) -> None:
    """Stop or move everything that was planned, and keep what it was."""
    dead = wish.status == DECEASED
    stopping.stop_messages(
        session,
        col(OutboundMessage.person_id) == person.id,
        f"person_{wish.status}",
        now,
        all_of_them=dead,
    )
    if wish.status == AWAY and wish.until is not None:
        if person.status != ACTIVE:
            _come_back(session, person, by, now)
        follow_ups = stopping.put_off_follow_ups(session, person.id, wish.until, now)
    else:
        follow_ups = stopping.cancel_follow_ups(session, person.id, now)
    ended: tuple[str, ...] = ()
    if wish.status in {DECEASED, MOVED} and wish.on is not None:
        ended = stopping.end_enrolments(session, person.id, wish.on, wish.status)
    closed = stopping.close_tasks(
        session, person.id, f"person_{wish.status}", by=by, now=now, every_call=dead
    )
    cases = stopping.close_cases(session, person.id, wish.status, by, now) if dead else ()
    row = LifeChange(
        id=new_id(),
        person_id=person.id,
        at=now,
        by=by,
        before=person.status,
        status=wish.status,
        on_day=wish.on,
        until=wish.until,
        stopped=Stopped(follow_ups, ended, closed, cases).as_json(),
    )
    row.place_sealed = vault.seal(wish.place, PLACE, row.id) if wish.place else None
    session.add(row)
    _set(session, person, wish.status, wish.until, by, now)


def _come_back(session: Session, person: Person, by: str, now: datetime) -> None:
    """Bring back what every change since the person was last active had stopped."""
    changes = session.exec(
        select(LifeChange)
        .where(LifeChange.person_id == person.id)
        .where(col(LifeChange.undone_at).is_(None))
        .order_by(col(LifeChange.at), col(LifeChange.id))
        .with_for_update()
    ).all()
    today = china_date(now)
    days: dict[str, date] = {}
    for one in changes:
        stopped, slip = Stopped.of(one.stopped), china_date(one.at) == today
        stopping.resume_enrolments(session, stopped.enrolments)
        for row, day in stopped.follow_ups.items():
            # What was a slip is as it was before; what was asked already is not asked again.
            days.setdefault(row, day if slip else max(day, today))
        if slip:
            stopping.reopen_cases(session, stopped.cases, now)
            stopping.reopen_tasks(session, stopped.tasks, f"person_{one.status}")
        one.undone_at = now
        session.add(one)
    session.flush()
    stopping.bring_follow_ups_back(session, days)
    stopping.plan_what_lacks(session, person.id, today)
    session.add(
        LifeChange(
            id=new_id(),
            person_id=person.id,
            at=now,
            by=by,
            before=person.status,
            status=ACTIVE,
            undone_at=now,
        )
    )
    _set(session, person, ACTIVE, None, by, now)


def _set(
    session: Session, person: Person, status: str, until: date | None, by: str, now: datetime
) -> None:
    audit.note(
        session,
        actor=by,
        action="person.status",
        subject="person",
        subject_id=person.id,
        person_id=person.id,
        facility_id=person.facility_id,
        now=now,
        detail={"before": person.status, "status": status},
    )
    person.status, person.status_since, person.away_until = status, now, until
    session.add(person)
    session.flush()
