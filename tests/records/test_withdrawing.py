"""A reminder that waits is not sent to somebody who has answered meanwhile."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from records import follow_ups, outbound, people, stopping
from records.db import Database
from records.outbound import Draft
from records.tables import ContactPoint, FollowUp, OutboundMessage
from records.vault import Vault


@pytest.fixture
def person(database: Database, now: datetime) -> str:
    """Somebody who is asked for two programmes."""
    with database.transaction() as session:
        contact = ContactPoint(channel="wechat", account="gh", address_index="a", created_at=now)
        session.add(contact)
        session.flush()
        someone = people.ensure_person(session, contact, now)
        for programme in ("hypertension", "type2_diabetes"):
            session.add(
                FollowUp(
                    person_id=someone.id,
                    programme=programme,
                    due_on=date(2026, 11, 23),
                    state="open",
                    opened_at=now,
                )
            )
        return someone.id


def reminded(
    db: Database,
    vault: Vault,
    person: str,
    now: datetime,
    *,
    purpose: str = "reminder",
    send_key: str = "follow-up:1:reminder1",
) -> str:
    with db.transaction() as session:
        draft = Draft(
            text_key="followup.reminder1",
            body="该量血压了",
            person_id=person,
            expires_at=now + timedelta(days=1),
            purpose=purpose,
            send_key=send_key,
        )
        row = outbound.queue(session, vault, draft, now)
        assert row is not None
        return row.id


def answered(db: Database, person: str, now: datetime, *programmes: str) -> int:
    with db.transaction() as session:
        for row in follow_ups.open_for(session, [person]):
            if row.programme in programmes:
                follow_ups.draft(session, row.id, {}, "controlled", now)
        return stopping.withdraw_reminders(session, person, now)


def state(db: Database, row: str) -> tuple[str, str | None]:
    with db.reading() as session:
        found = session.get_one(OutboundMessage, row)
        return found.state, found.reason


def test_while_something_is_asked_the_reminder_stands(
    database: Database, vault: Vault, person: str, now: datetime
) -> None:
    row = reminded(database, vault, person, now)
    assert answered(database, person, now, "hypertension") == 0
    assert state(database, row) == ("queued", None)


def test_once_everything_is_answered_the_reminder_is_withdrawn(
    database: Database, vault: Vault, person: str, now: datetime
) -> None:
    row = reminded(database, vault, person, now)
    assert answered(database, person, now, "hypertension", "type2_diabetes") == 1
    assert state(database, row) == ("expired", "answered")


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": "reply"},
        {"send_key": "visit:1"},
    ],
)
def test_nothing_else_is_withdrawn(
    database: Database, vault: Vault, person: str, now: datetime, changes: dict[str, str]
) -> None:
    row = reminded(database, vault, person, now, **changes)
    assert answered(database, person, now, "hypertension", "type2_diabetes") == 0
    assert state(database, row)[0] == "queued"
