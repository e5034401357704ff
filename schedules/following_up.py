"""Begins the follow-ups whose day has come, reminds twice, and hands the silent to the doctor.

Nothing that we start is sent in quiet hours; what was missed while the machine stood still is found
from the rows. One transaction per person, so a bad row stops nobody else.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import groupby

from sqlmodel import Session

from agent.context import OpenFollowUp
from agent.following_up import expected
from agent.loading import Tools
from care.cadence import chase
from care.quiet import may_start, next_allowed
from records import follow_ups, life, outbound, people, tasks
from records.db import Database
from records.outbound import Draft
from records.reaching import own_contact_point
from records.tables import FollowUp, Person
from records.times import CHINA
from records.vault import Vault
from texts.catalogue import fit, render

_AT_ONCE = 50
_REMINDERS = 2
_OPENING = {
    "bp": "followup.open_bp",
    "glucose": "followup.open_glucose",
    "both": "followup.open_both",
}
# A reminder that could not be sent on its day is stale on the next.
_REMINDER_LIVES = timedelta(hours=24)


def open_due(database: Database, tools: Tools, now: datetime) -> int:
    """Open what is due, one message per person however many programmes. Returns how many people."""
    if not may_start(now):
        return 0
    with database.transaction() as session:
        life.bring_back(session, now)
        due = follow_ups.due_to_open(session, people.china_date(now), _AT_ONCE)
        due.sort(key=lambda row: row.person_id)
        opened = 0
        for person_id, rows in groupby(due, key=lambda row: row.person_id):
            opened += _open(session, tools.vault, person_id, list(rows), now)
        return opened


def remind_due(database: Database, tools: Tools, now: datetime) -> int:
    """Remind, or hand over to the doctor. Returns how many follow-ups moved."""
    if not may_start(now):
        return 0
    with database.transaction() as session:
        rows = follow_ups.unanswered(session, now, _AT_ONCE)
        return sum(_chase(session, tools.vault, row, now) for row in rows)


def _open(
    session: Session, vault: Vault, person_id: str, rows: list[FollowUp], now: datetime
) -> int:
    person = session.get_one(Person, person_id)
    if person.status != "active":
        return 0
    if own_contact_point(session, person.id, outbound.REMINDER) is None:
        return _phone_at_once(session, person, rows, now)
    began = follow_ups.start(
        session,
        [row.id for row in rows],
        now=now,
        next_step_at=_morning(chase(people.china_date(now)).first_reminder),
    )
    if not began:
        return 0
    asked = expected(tuple(OpenFollowUp(row.id, person_id, row.programme) for row in rows))
    key = _OPENING[asked or "both"]
    first = min(row.due_on for row in rows)
    _say(session, vault, person, key, f"follow-up:{person_id}:{first}:open", now)
    return 1


def _phone_at_once(session: Session, person: Person, rows: list[FollowUp], now: datetime) -> int:
    """Nobody can be written to: a doctor phones on the day itself, not after a week of silence."""
    began = follow_ups.start(session, [row.id for row in rows], now=now, next_step_at=now)
    silent = sum(follow_ups.fall_silent(session, row.id, now) for row in rows)
    first = min(rows, key=lambda row: row.due_on)
    if began and silent:
        tasks.open_task(
            session,
            task_key=f"not_bound:{person.id}:{first.due_on}",
            kind=tasks.CALL,
            reason="not_bound",
            person_id=person.id,
            contact_point_id=None,
            facility_id=person.facility_id,
            follow_up_id=first.id,
            due_on=first.due_on,
            now=now,
        )
    return min(began, 1)


def _chase(session: Session, vault: Vault, row: FollowUp, now: datetime) -> int:
    if row.reminders_sent >= _REMINDERS:
        return _hand_over(session, row, now)
    number = row.reminders_sent + 1
    plan = chase(people.china_date(row.opened_at or now))
    following = plan.second_reminder if number < _REMINDERS else plan.call_list
    if not follow_ups.reminded(session, row, next_step_at=_morning(following)):
        return 0
    person = session.get_one(Person, row.person_id)
    opened_on = people.china_date(row.opened_at or now)
    # One reminder a day for a person with two programmes: they share the send key.
    cause = f"follow-up:{person.id}:{opened_on}:reminder{number}"
    _say(session, vault, person, f"followup.reminder{number}", cause, now)
    return 1


def _hand_over(session: Session, row: FollowUp, now: datetime) -> int:
    if not follow_ups.fall_silent(session, row.id, now):
        return 0
    person = session.get_one(Person, row.person_id)
    tasks.open_task(
        session,
        task_key=f"silent:{person.id}:{people.china_date(row.opened_at or now)}",
        kind=tasks.CALL,
        reason="silent",
        person_id=person.id,
        contact_point_id=row.contact_point_id,
        facility_id=person.facility_id,
        follow_up_id=row.id,
        now=now,
    )
    return 1


def _say(
    session: Session, vault: Vault, person: Person, key: str, cause: str, now: datetime
) -> None:
    """Queue it for the person; to which address is found when it is sent."""
    name = fit("name", people.name_of(vault, person))
    today = people.china_date(now)
    begins = _hour_asked_for(session, person, now)
    draft = Draft(
        purpose=outbound.REMINDER,
        text_key=key,
        body=render(key, name=name),
        send_key=cause,
        person_id=person.id,
        template=_template(key, today),
        not_before=begins,
        expires_at=begins + _REMINDER_LIVES,
    )
    outbound.queue(session, vault, draft, now)


def _hour_asked_for(session: Session, person: Person, now: datetime) -> datetime:
    """This moment, or the next one of the hour that the holder of the phone asked for."""
    contact = own_contact_point(session, person.id, outbound.REMINDER)
    if contact is None or contact.reminder_hour is None:
        return now
    local = now.astimezone(CHINA)
    wanted = local.replace(hour=contact.reminder_hour, minute=0, second=0, microsecond=0)
    if local.hour > contact.reminder_hour:
        wanted += timedelta(days=1)
    return max(now, wanted.astimezone(now.tzinfo))


def _template(key: str, today: date) -> dict[str, str]:
    """What may travel outside the window: it names no disease and no value."""
    return {
        "name": "followup_due" if "open" in key else "followup_reminder",
        "title": render("followup.template_title"),
        "date": f"{today.year}年{today.month}月{today.day}日",
        "action": render("followup.template_action"),
    }


def _morning(day: date) -> datetime:
    """The first moment of a day at which we may write."""
    return next_allowed(datetime.combine(day, time.min, tzinfo=CHINA))
