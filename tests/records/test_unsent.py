"""What waits, since when it should have gone, and what was never said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlmodel import Session

from records import outbound, unsent
from records.db import Database
from records.outbound import DOCTOR, EDUCATION, REMINDER, SAFETY, Draft
from records.tables import OutboundMessage
from records.vault import Vault
from tests.inbox.county import County

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_numbers = count(1)
Queue = Callable[..., OutboundMessage]


@pytest.fixture
def county(sqlite_database: Database, vault: Vault, now: datetime) -> Iterator[County]:
    """On SQLite; test_channel_board asks the same of PostgreSQL once."""
    with sqlite_database.transaction() as session:
        yield County(session, vault, now).build()


@pytest.fixture
def session(county: County) -> Session:
    return county.session


@pytest.fixture
def queue(county: County, now: datetime) -> Queue:
    """A message that was made some time ago, in the state given."""
    person, point = county.person("a")

    def _queue(purpose: str, *, ago: timedelta = MINUTE, **values: object) -> OutboundMessage:
        draft = Draft(
            purpose=purpose,
            text_key="x",
            body="好",
            send_key=f"k{next(_numbers)}",
            expires_at=now + timedelta(days=1),
            contact_point_id=point,
            person_id=person,
        )
        row = outbound.queue(county.session, county.vault, draft, now - ago)
        assert row is not None
        row = county.session.get_one(OutboundMessage, row.id)
        for name, value in values.items():
            setattr(row, name, value)
        county.session.add(row)
        county.session.flush()
        return row

    return _queue


def late(session: Session, now: datetime, peace: timedelta = HOUR) -> dict[str, timedelta]:
    found = unsent.late_by_purpose(unsent.heaps(session, now, now - peace))
    return {purpose: now - since for purpose, since in found.items()}


def test_a_message_that_is_due_is_late_since_it_was_due(
    session: Session, queue: Queue, now: datetime
) -> None:
    queue(SAFETY, ago=3 * MINUTE)
    queue(SAFETY, ago=MINUTE)
    queue(DOCTOR, ago=HOUR, next_attempt_at=now - 2 * MINUTE)
    assert late(session, now) == {SAFETY: 3 * MINUTE, DOCTOR: 2 * MINUTE}


@pytest.mark.parametrize("reason", ["quiet_hours", "daily_fuse", "doctor_talks", None])
def test_what_waits_on_purpose_is_not_late(
    session: Session, queue: Queue, now: datetime, reason: str | None
) -> None:
    queue(REMINDER, ago=12 * HOUR, reason=reason, next_attempt_at=now + HOUR)
    assert late(session, now) == {}
    [heap] = unsent.heaps(session, now, now)
    assert (heap.count, heap.reason) == (1, reason or unsent.PLANNED)


def test_what_waited_on_purpose_is_late_once_it_may_go(
    session: Session, queue: Queue, now: datetime
) -> None:
    queue(REMINDER, ago=12 * HOUR, reason="quiet_hours", next_attempt_at=now - 5 * MINUTE)
    assert late(session, now) == {REMINDER: 5 * MINUTE}


def test_what_a_provider_refused_waits_since_it_was_made(
    session: Session, queue: Queue, now: datetime
) -> None:
    queue(DOCTOR, ago=3 * HOUR, reason="permission_missing", next_attempt_at=now + 4 * MINUTE)
    assert late(session, now) == {DOCTOR: 3 * HOUR}


def test_what_is_paced_is_late_only_where_somebody_waits_for_it(
    session: Session, queue: Queue, now: datetime
) -> None:
    paced = {"reason": "paced", "next_attempt_at": now + MINUTE}
    queue(REMINDER, ago=HOUR, **paced)
    queue(DOCTOR, ago=HOUR, **paced)
    assert late(session, now) == {DOCTOR: HOUR}


@pytest.mark.parametrize("reason", ["paced", "in_line"])
def test_what_stands_in_line_is_late_when_its_words_soon_expire(
    session: Session, queue: Queue, now: datetime, reason: str
) -> None:
    waits = {"ago": 2 * HOUR, "reason": reason, "next_attempt_at": now + MINUTE}
    queue(REMINDER, **waits)
    assert late(session, now) == {}
    queue(REMINDER, **waits, expires_at=now + 30 * MINUTE)
    assert late(session, now, 3 * HOUR) == {REMINDER: 2 * HOUR}


def test_the_night_does_not_count_for_what_we_start(
    session: Session, queue: Queue, now: datetime
) -> None:
    refused = {"reason": "permission_missing", "next_attempt_at": now + MINUTE}
    queue(EDUCATION, ago=12 * HOUR, **refused)
    queue(DOCTOR, ago=12 * HOUR, **refused)
    assert late(session, now) == {EDUCATION: HOUR, DOCTOR: 12 * HOUR}


def test_a_worker_that_never_came_back_makes_its_message_late(
    session: Session, queue: Queue, now: datetime
) -> None:
    queue(DOCTOR, state="sending", claimed_until=now - 2 * MINUTE)
    queue(SAFETY, state="sending", claimed_until=now + MINUTE)
    assert late(session, now) == {DOCTOR: 2 * MINUTE}


def test_what_was_never_said_is_counted_by_its_reason(
    session: Session, queue: Queue, now: datetime
) -> None:
    for _ in range(2):
        queue(REMINDER, state="expired", reason="too_late", settled_at=now)
    queue(DOCTOR, state="never", reason="stopped", settled_at=now)
    queue(DOCTOR, state="never", reason="stopped", settled_at=now - 2 * HOUR)
    queue(DOCTOR, state="accepted", settled_at=now)
    found = [(one.state, one.reason, one.count) for one in unsent.unsaid(session, now - HOUR)]
    assert found == [("expired", "too_late", 2), ("never", "stopped", 1)]


def test_what_may_have_arrived_is_counted(session: Session, queue: Queue, now: datetime) -> None:
    row = queue(DOCTOR, state="unknown", settled_at=now)
    queue(DOCTOR, state="unknown", settled_at=now - 2 * HOUR)
    assert unsent.count_unknown(session, now - HOUR) == 1
    assert [one.id for one in unsent.unknown_since(session, now - HOUR, 9)] == [row.id]
