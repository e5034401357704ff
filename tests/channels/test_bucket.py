"""How fast we send: a provider's pace, whose words go first, and what piled up is spread out."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from sqlmodel import update

from channels.delivery import Limits
from records.db import Database
from records.tables import OutboundMessage
from records.vault import Vault
from tests.channels.post_office import PacedChannel, PostOffice
from tests.channels.world import a_contact, outbound_rows

A_MINUTE = 1 / 60


@pytest.fixture
def post(sqlite_database: Database, vault: Vault, now: datetime) -> PostOffice:
    # So slow that the seconds which the test itself takes do not count.
    return PostOffice(sqlite_database, vault, now, wechat=PacedChannel(sends_per_second=A_MINUTE))


def crowd(post: PostOffice, count: int, purpose: str) -> None:
    for number in range(count):
        with post.db.transaction() as session:
            contact = a_contact(session, post.vault, post.now, f"{purpose}-{number}").id
        post.queue(
            purpose,
            contact_point_id=contact,
            person_id=None,
            body=purpose,
            expires_at=post.now + timedelta(days=1),
        )


async def drain(post: PostOffice) -> timedelta:
    """The worker looks whenever something is due. Returns when the last one went, to the minute."""
    at = post.now
    while waiting := [
        row.next_attempt_at for row in outbound_rows(post.db) if row.state == "queued"
    ]:
        at = max(min(waiting), at)
        await post.deliver(at - post.now, limit=500)
    return timedelta(minutes=round((at - post.now).total_seconds() / 60))


async def test_answers_keep_to_the_pace_and_each_waits_once(post: PostOffice) -> None:
    crowd(post, 8, "reply")
    await post.deliver()
    assert len(post.wechat.sent) == 1
    waiting = [row for row in outbound_rows(post.db) if row.state == "queued"]
    assert {row.reason for row in waiting} == {"paced"}
    last = max(row.next_attempt_at for row in waiting)
    assert last - post.now == pytest.approx(timedelta(minutes=7), abs=timedelta(seconds=20))
    assert await drain(post) == timedelta(minutes=7)
    assert len(post.wechat.sent) == 8
    assert {row.attempts for row in outbound_rows(post.db)} == {1}


async def test_what_is_urgent_waits_for_nobody(post: PostOffice) -> None:
    crowd(post, 3, "reply")
    await post.deliver()
    crowd(post, 6, "safety")
    crowd(post, 6, "doctor")
    await post.deliver()
    assert post.wechat.texts.count("safety") == 6
    assert post.wechat.texts.count("doctor") == 6


async def test_a_morning_of_reminders_is_spread_and_never_a_burst(post: PostOffice) -> None:
    crowd(post, 30, "reminder")
    await post.deliver(limit=500)
    assert len(post.wechat.sent) == 1
    await drain(post)
    moments = sorted(attempt.began_at for attempt in post.tries())
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(moments)]
    assert len(gaps) == 29
    assert min(gaps) == pytest.approx(120, abs=3), "at half of the pace, one after the other"
    assert sum(gaps) == pytest.approx(29 * 120, rel=0.1), "and without a hole"


async def test_moments_are_booked_only_so_far_ahead_and_whatever_is_withdrawn_leaves_no_debt(
    post: PostOffice,
) -> None:
    crowd(post, 30, "reminder")
    await post.deliver(limit=500)
    with post.db.transaction() as session:
        session.execute(update(OutboundMessage).values(state="never"))
    post.queue("reminder", person_id=None)
    await post.deliver(timedelta(seconds=1))
    (row,) = [row for row in outbound_rows(post.db) if row.state == "queued"]
    assert row.next_attempt_at - post.now < timedelta(minutes=12)


async def test_a_lesson_leaves_moments_to_reminders(post: PostOffice) -> None:
    crowd(post, 20, "education")
    await post.deliver(limit=500)
    crowd(post, 1, "reminder")
    await post.deliver(timedelta(seconds=1), limit=500)
    rows = outbound_rows(post.db)
    (reminder,) = [row for row in rows if row.purpose == "reminder"]
    assert reminder.reason == "paced"
    assert {row.reason for row in rows if row.purpose == "education"} >= {"in_line"}


@pytest.mark.parametrize("purpose", ["reply", "reminder"])
async def test_moments_that_passed_while_nobody_sent_are_void(
    post: PostOffice, purpose: str
) -> None:
    crowd(post, 6, purpose)
    await post.deliver()
    await post.deliver(timedelta(minutes=30), limit=100)
    assert len(post.wechat.sent) == 2, "one at first, one after the rest"
    await drain(post)
    moments = sorted(attempt.began_at for attempt in post.tries())
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(moments)]
    assert len(gaps) == 5
    assert min(gaps) >= 58, "and no two of them in one minute"


async def test_a_full_provider_leaves_the_next_one_of_the_line_its_share(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    values = {"name": "sms", "windowed": False, "sends_per_second": A_MINUTE}
    post = PostOffice(
        sqlite_database,
        vault,
        now,
        aliyun=PacedChannel(provider="modem:a", **values),  # type: ignore[arg-type]
        tencent=PacedChannel(provider="modem:b", **values),  # type: ignore[arg-type]
    )
    for number in range(2):
        with post.db.transaction() as session:
            phone = post.a_phone(session, f"+86138000099{number:02}").id
        post.queue("reminder", contact_point_id=phone, person_id=None)
    await post.deliver()
    assert (len(post.aliyun.sent), len(post.tencent.sent)) == (1, 1)
    assert {row.state for row in outbound_rows(post.db)} == {"accepted"}


async def test_a_reply_overtakes_what_we_start(post: PostOffice) -> None:
    crowd(post, 10, "education")
    await post.deliver(limit=500)
    crowd(post, 1, "reply")
    await post.deliver(timedelta(seconds=61), limit=500)
    assert post.wechat.texts == ["education", "reply"]


async def test_the_operators_pace_goes_before_the_providers(post: PostOffice) -> None:
    post.limits = Limits(lanes=1, sends_per_second=100.0)
    crowd(post, 8, "reply")
    await post.deliver()
    assert len(post.wechat.sent) == 8


async def test_a_provider_that_names_no_pace_is_not_slowed(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    post = PostOffice(sqlite_database, vault, now)
    crowd(post, 20, "reply")
    await post.deliver()
    assert len(post.wechat.sent) == 20


async def test_after_a_long_rest_the_night_still_holds(post: PostOffice) -> None:
    crowd(post, 3, "reminder")
    night = timedelta(hours=12)
    await post.deliver(night)
    assert post.wechat.sent == []
    assert {row.reason for row in outbound_rows(post.db)} == {"quiet_hours"}


async def test_the_fuse_counts_a_patient_not_an_address_and_tells_the_operator(
    post: PostOffice,
) -> None:
    post.limits = Limits(lanes=1, fuse=2)
    post.wechat.sends_per_second = 100.0  # type: ignore[attr-defined]
    for contact in (post.chat_id, post.phone_id, post.chat_id):
        post.queue("reminder", contact_point_id=contact, text_key="followup.open_neutral")
    await post.deliver()
    assert len(post.wechat.sent) + len(post.aliyun.sent) == 2
    (alarm,) = post.alarms()
    assert (alarm.kind, alarm.subject, alarm.detail) == ("fuse", "patients", {"today": 2})
