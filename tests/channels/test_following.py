"""Somebody unfollows: what was planned goes another way, and comes back with the follower."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from records import follow_ups, people
from records.identity import new_id
from records.people import Registration, china_date
from records.tables import ContactPoint, OutboundMessage, Task
from tests.channels.world import WANG, World, a_contact, a_facility


@pytest.fixture
async def wang(world: World) -> str:
    """Wang writes, is registered, and her follow-up is open with a reminder queued for tonight."""
    await world.patients.say(WANG, "你好")
    with world.db.transaction() as session:
        contact = session.exec(select(ContactPoint)).one()
        place = a_facility(session)
        person = people.register(
            session, world.vault, Registration("王秀英", place.id), world.clock.now
        )
        people.link(session, person.id, contact.id, world.clock.now)
        today = china_date(world.clock.now)
        follow_ups.plan(session, person.id, "hypertension", today)
        [due] = follow_ups.due_to_open(session, today, 5)
        later = world.clock.now + timedelta(days=2)
        follow_ups.start(session, [due.id], now=world.clock.now, next_step_at=later)
        contact_id = contact.id
    world.queue(
        purpose="reminder",
        person_id=person.id,
        contact_point_id=contact_id,
        not_before=world.clock.now + timedelta(hours=3),
        send_key=new_id(),
    )
    return person.id


def state(world: World) -> tuple[str, str | None, str | None]:
    with world.db.reading() as session:
        row = session.exec(select(OutboundMessage)).one()
        return row.state, row.reason, row.contact_point_id


def calls(world: World) -> list[tuple[str, str | None]]:
    with world.db.reading() as session:
        rows = session.exec(select(Task).order_by(col(Task.id))).all()
        return [(row.reason, row.outcome) for row in rows]


async def test_without_another_address_a_doctor_phones(world: World, wang: str) -> None:
    await world.patients.unfollow(WANG)
    assert state(world)[:2] == ("channel_closed", "not_following")
    assert calls(world) == [("unfollowed", None)]


async def test_another_reminder_makes_no_second_call(world: World, wang: str) -> None:
    await world.patients.unfollow(WANG)
    world.queue(purpose="reminder", person_id=wang, body="还没收到", send_key=new_id())
    await world.deliver()
    assert calls(world) == [("unfollowed", None)]


async def test_another_phone_of_hers_takes_over(world: World, wang: str) -> None:
    with world.db.transaction() as session:
        other = a_contact(session, world.vault, world.clock.now, "o-other")
        people.link(session, wang, other.id, world.clock.now)
    await world.patients.unfollow(WANG)
    assert state(world) == ("queued", None, None)
    assert calls(world) == []


async def test_following_again_resumes_and_spares_the_call(world: World, wang: str) -> None:
    await world.patients.unfollow(WANG)
    world.clock.move(minutes=5)
    await world.patients.follow(WANG)
    assert calls(world) == [("unfollowed", "followed_again")]
    world.queue(purpose="reminder", person_id=wang, body="还没收到", send_key=new_id())
    await world.patients.say(WANG, "在")
    await world.deliver()
    assert "还没收到" in world.seen()


async def test_unfollowing_after_the_follow_up_is_done_calls_nobody(
    world: World, wang: str
) -> None:
    with world.db.transaction() as session:
        [row] = follow_ups.open_for(session, [wang])
        follow_ups.draft(session, row.id, {}, None, world.clock.now)
    await world.patients.unfollow(WANG)
    assert calls(world) == []
