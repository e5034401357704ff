"""What became of a message, for those who may see the person; and what a phone call found out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from records import outbound, sent
from records.db import Database
from records.outbound import NOTICE, Draft
from records.reader import Reader
from records.tables import AuditEvent, OutboundMessage
from records.vault import Vault
from tests.inbox.county import County, there


@pytest.fixture
def county(sqlite_database: Database, vault: Vault, now: datetime) -> Iterator[County]:
    """On SQLite; test_channel_board asks the same of PostgreSQL once."""
    with sqlite_database.transaction() as session:
        yield County(session, vault, now).build()


@pytest.fixture
def session(county: County) -> Session:
    return county.session


@pytest.fixture
def message_id(county: County) -> str:
    """A doctor's message to a person of village A that may have arrived."""
    return county.unsure(*county.person("a"), "明早来量一下")


def test_a_doctor_sees_every_try_of_a_message(
    county: County, session: Session, message_id: str, doctor: Reader
) -> None:
    found = there(sent.one(session, county.vault, doctor, message_id))
    assert (found.name, found.text, found.state) == ("王桂芳", "明早来量一下", "unknown")
    assert [(one.route, one.result, one.code) for one in found.tries] == [
        ("wechat:text", "unknown", "ReadTimeout")
    ]


@pytest.mark.parametrize("login", ["doctor_b", "bureau", "curator"])
def test_for_others_the_message_does_not_exist(
    county: County, session: Session, message_id: str, now: datetime, login: str
) -> None:
    reader = county.readers[login]
    assert sent.one(session, county.vault, reader, message_id) is None
    assert sent.settle(session, reader, message_id, "received", now) is None
    assert sent.unsure(session, county.vault, reader, now) == ()
    row = session.get_one(OutboundMessage, message_id)
    assert not sent.visible(session, reader, [row])


def test_a_message_that_names_nobody_belongs_to_those_behind_the_phone(
    county: County, session: Session, doctor: Reader
) -> None:
    _, point = county.person("a", "刘永贵")
    message_id = county.unsure(None, point)
    assert there(sent.one(session, county.vault, doctor, message_id)).name == "刘永贵"
    row = session.get_one(OutboundMessage, message_id)
    assert sent.visible(session, doctor, [row]) == {message_id}
    assert sent.visible(session, doctor, []) == frozenset()
    assert sent.one(session, county.vault, county.readers["doctor_b"], message_id) is None


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [("received", "delivered", sent.HEARD), ("not_received", "never", sent.NOT_HEARD)],
)
def test_what_the_phone_call_found_out_is_final(
    county: County,
    session: Session,
    message_id: str,
    doctor: Reader,
    now: datetime,
    outcome: str,
    state: str,
    reason: str,
) -> None:
    assert [one.id for one in sent.unsure(session, county.vault, doctor, now)] == [message_id]
    assert there(sent.settle(session, doctor, message_id, outcome, now)).done
    assert not there(sent.settle(session, doctor, message_id, "received", now)).done
    row = session.get_one(OutboundMessage, message_id, populate_existing=True)
    assert (row.state, row.reason) == (state, reason)
    assert sent.unsure(session, county.vault, doctor, now) == ()
    [event] = session.exec(select(AuditEvent).where(AuditEvent.action == "settle")).all()
    assert event.detail == {"outcome": outcome}


def test_a_slow_worker_does_not_change_what_was_found_out(
    session: Session, message_id: str, doctor: Reader, now: datetime
) -> None:
    slow = session.get_one(OutboundMessage, message_id)
    slow.claim_token = "slow"
    session.flush()
    session.expunge(slow)
    sent.settle(session, doctor, message_id, "received", now)
    assert not outbound.settle(session, slow, "never", "late", now)


def test_an_outcome_nobody_knows_changes_nothing(
    session: Session, message_id: str, doctor: Reader, now: datetime
) -> None:
    assert sent.settle(session, doctor, message_id, "perhaps", now) is None


def test_a_notice_to_a_colleague_is_no_message_to_a_person(
    county: County, session: Session, doctor: Reader, now: datetime
) -> None:
    draft = Draft(
        purpose=NOTICE,
        text_key="notice",
        body="x",
        send_key="n",
        expires_at=now + timedelta(days=1),
        practitioner_id=doctor.practitioner_id,
        person_id=county.person("a")[0],
    )
    row = there(outbound.queue(session, county.vault, draft, now))
    assert sent.one(session, county.vault, doctor, row.id) is None
