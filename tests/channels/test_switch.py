"""The stop for everything: nothing leaves, nothing vanishes, and it goes on where it stood."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import delete

from channels.delivery import Routes, deliver_due
from records import switches
from records.db import Database
from records.tables import Marker, Practitioner
from records.vault import Vault
from tests.channels.post_office import PostOffice
from tests.channels.world import ScriptedChannel, a_facility, outbound_rows


@pytest.fixture
def post(sqlite_database: Database, vault: Vault, now: datetime) -> PostOffice:
    return PostOffice(sqlite_database, vault, now)


def stop(post: PostOffice, scope: str = switches.EVERYTHING) -> None:
    with post.db.transaction() as session:
        switches.stop(session, scope, "operator", post.now)


def resume(post: PostOffice, after: timedelta) -> int:
    with post.db.transaction() as session:
        return switches.resume(session, "operator", post.now + after)


async def test_nothing_leaves_and_nothing_vanishes(post: PostOffice) -> None:
    stop(post)
    for purpose in ("safety", "doctor", "reply", "reminder", "education"):
        post.queue(purpose, expires_at=post.now + timedelta(hours=6))
    await post.deliver()
    assert post.wechat.sent == []
    rows = outbound_rows(post.db)
    assert {(row.state, row.reason, row.attempts) for row in rows} == {("queued", "all_stopped", 0)}
    assert await post.deliver(timedelta(hours=1)) == 5, "each looks once, and waits on"
    assert post.wechat.sent == []
    assert await post.deliver(timedelta(hours=1)) == 0, "it does not turn in a circle meanwhile"
    assert resume(post, timedelta(hours=1)) == 5
    while await post.deliver(timedelta(hours=1)):
        pass
    assert {row.state for row in outbound_rows(post.db)} <= {"accepted", "channel_closed"}
    assert len(post.wechat.sent) >= 3


async def test_what_is_dangerous_is_said_by_telephone_meanwhile(post: PostOffice) -> None:
    stop(post)
    post.queue("safety")
    await post.deliver()
    assert post.tasks() == ["undelivered:all_stopped"]


async def test_what_grows_old_meanwhile_says_so(post: PostOffice) -> None:
    stop(post)
    post.queue("doctor", expires_at=post.now + timedelta(hours=1))
    await post.deliver()
    await post.deliver(timedelta(hours=1))
    assert (post.row().state, post.row().reason) == ("expired", "all_stopped")
    assert post.tasks() == ["undelivered:all_stopped"]


async def test_only_what_we_start_may_be_stopped(post: PostOffice) -> None:
    stop(post, switches.ONLY_WHAT_WE_START)
    post.queue("reminder")
    post.queue("reply", body="answer")
    await post.deliver()
    assert post.wechat.texts == ["answer"]


async def test_a_stop_that_is_narrowed_lets_answers_and_danger_go_at_once(post: PostOffice) -> None:
    stop(post)
    for purpose in ("safety", "reply", "reminder"):
        post.queue(purpose, body=purpose)
    await post.deliver()
    stop(post, switches.ONLY_WHAT_WE_START)
    await post.deliver(timedelta(seconds=1))
    assert sorted(post.wechat.texts) == ["reply", "safety"]


async def test_whoever_missed_the_end_of_a_stop_finds_out_soon(post: PostOffice) -> None:
    stop(post)
    for purpose in ("safety", "reply"):
        post.queue(purpose, body=purpose)
    await post.deliver()
    with post.db.transaction() as session:
        session.execute(delete(Marker))
    await post.deliver(timedelta(seconds=61))
    assert post.wechat.texts == ["safety"]
    await post.deliver(timedelta(minutes=8, seconds=1))
    assert post.wechat.texts == ["safety", "reply"]


async def test_bells_of_practitioners_go_on(post: PostOffice) -> None:
    stop(post)
    with post.db.transaction() as session:
        who = Practitioner(
            facility_id=a_facility(session).id,
            role="village_doctor",
            login="li",
            password_hash="x",
            created_at=post.now,
        )
        session.add(who)
        doctor = who.id
    post.queue("notice", contact_point_id=None, person_id=None, practitioner_id=doctor)
    bell = ScriptedChannel(name="notice", provider="notice:main", windowed=False)
    await deliver_due(post.db, post.vault, Routes({}, bell), post.now, limits=post.limits)
    assert len(bell.sent) == 1
