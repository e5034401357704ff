"""A provider that fails is left alone, found again by one call, and never burns a message's tries."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from channels.delivery import Limits
from channels.port import Result, SendOutcome
from records import providers
from records.db import Database
from records.providers import Breaker
from records.vault import Vault
from tests.channels.post_office import OPERATOR, RETRY, UNKNOWN, PostOffice
from tests.channels.world import APP_ID, a_contact, outbound_rows

WECHAT = f"wechat:{APP_ID}"
LIMITS = Limits(lanes=1, breaker=Breaker(failures=3, pause=timedelta(seconds=60)))


@pytest.fixture
def post(sqlite_database: Database, vault: Vault, now: datetime) -> PostOffice:
    return PostOffice(sqlite_database, vault, now, limits=LIMITS)


def strangers(post: PostOffice, count: int, purpose: str = "reply") -> None:
    """Messages to people who have no other way."""
    for number in range(count):
        with post.db.transaction() as session:
            contact = a_contact(session, post.vault, post.now, f"o-{number}").id
        post.queue(purpose, contact_point_id=contact, person_id=None, body=f"{number}")


async def test_after_failures_in_a_row_nothing_more_is_tried(post: PostOffice) -> None:
    strangers(post, 6)
    post.wechat.answers = [RETRY] * 9
    await post.deliver()
    assert len(post.wechat.sent) == 3
    waiting = [row for row in outbound_rows(post.db) if row.reason == "provider_shut"]
    assert len(waiting) == 3
    assert {row.attempts for row in waiting} == {0}, "waiting burns no try"
    (alarm,) = post.alarms()
    assert (alarm.kind, alarm.subject, alarm.detail) == ("breaker", WECHAT, {"code": "busy"})


async def test_garbage_and_silence_count_as_failures(post: PostOffice) -> None:
    strangers(post, 6)
    post.wechat.answers = [UNKNOWN, RuntimeError("boom"), UNKNOWN]
    await post.deliver()
    assert len(post.wechat.sent) == 3
    assert post.state(WECHAT).opened_at is not None


@pytest.mark.parametrize("result", [Result.NEVER, Result.CHANNEL_CLOSED])
async def test_a_no_about_one_message_says_nothing_against_the_provider(
    post: PostOffice, result: Result
) -> None:
    strangers(post, 6)
    post.wechat.answers = [SendOutcome(result, "1", "refused")] * 6
    await post.deliver()
    assert len(post.wechat.sent) == 6
    assert post.alarms() == []


async def test_one_call_finds_out_and_then_everything_goes(post: PostOffice) -> None:
    strangers(post, 6)
    post.wechat.answers = [RETRY] * 3
    await post.deliver()
    probing = []

    def others_meanwhile() -> None:
        probing.append(post.state(WECHAT).probe_until)

    post.wechat.during = others_meanwhile
    for seconds in (125, 140, 150):
        await post.deliver(timedelta(seconds=seconds))
    assert {row.state for row in outbound_rows(post.db)} == {"accepted"}
    assert len(post.wechat.sent) == 9
    assert probing[0] is not None, "the first call was the probe"
    assert probing[1:] == [None] * 5
    assert post.alarms() == []
    assert post.state(WECHAT).failures == 0


async def test_a_probe_that_fails_leaves_the_others_waiting(post: PostOffice) -> None:
    strangers(post, 6)
    post.wechat.answers = [RETRY] * 4
    await post.deliver()
    await post.deliver(timedelta(seconds=125))
    assert len(post.wechat.sent) == 4
    open_until = post.state(WECHAT).open_until
    assert open_until is not None
    rest = (open_until - post.now).total_seconds()
    assert rest == pytest.approx(125 + 120, abs=2), "twice as long"


async def test_while_somebody_probes_the_others_look_again_soon(post: PostOffice) -> None:
    strangers(post, 4)
    post.wechat.answers = [RETRY] * 3
    await post.deliver()
    with post.db.transaction() as session:
        at = post.now + timedelta(seconds=125)
        assert providers.begin_probe(session, WECHAT, at, timedelta(seconds=60))
    await post.deliver(timedelta(seconds=125))
    assert len(post.wechat.sent) == 3
    waits = [row.next_attempt_at - post.now for row in outbound_rows(post.db)]
    assert all(timedelta(seconds=130) <= wait <= timedelta(seconds=136) for wait in waits)


async def test_a_safety_text_is_tried_once_all_the_same(post: PostOffice) -> None:
    strangers(post, 3)
    post.wechat.answers = [RETRY] * 4
    await post.deliver()
    post.queue("safety", person_id=None, contact_point_id=_lone(post))
    await post.deliver(timedelta(seconds=1))
    assert len(post.wechat.sent) == 4
    await post.deliver(timedelta(seconds=30))
    assert len(post.wechat.sent) == 4, "from then on it waits like the others"


async def test_when_a_provider_is_well_again_answers_that_waited_go_at_once(
    post: PostOffice,
) -> None:
    strangers(post, 3)
    post.wechat.answers = [RETRY] * 4
    await post.deliver()
    for purpose in ("reply", "doctor", "reminder"):
        with post.db.transaction() as session:
            contact = a_contact(session, post.vault, post.now, f"o-{purpose}").id
        post.queue(purpose, person_id=None, contact_point_id=contact, body=purpose)
    await post.deliver(timedelta(seconds=1))
    with post.db.transaction() as session:
        known = providers.states(session, [WECHAT])[WECHAT]
        assert providers.note_answer(session, known, WECHAT, post.now + timedelta(seconds=2))
    before = len(post.wechat.sent)
    await post.deliver(timedelta(seconds=2))
    said = [letter.body for letter in post.wechat.sent[before:]]
    assert sorted(said) == ["doctor", "reply"]


async def test_a_safety_text_that_gets_through_all_the_same_opens_the_way_for_the_others(
    post: PostOffice,
) -> None:
    strangers(post, 6)
    post.wechat.answers = [RETRY] * 3
    await post.deliver()
    post.queue("safety", person_id=None, contact_point_id=_lone(post))
    await post.deliver(timedelta(seconds=1))
    assert post.state(WECHAT).opened_at is None
    assert len(post.wechat.sent) == 3 + 1 + 3


async def test_what_is_dangerous_and_unsaid_for_minutes_is_said_by_telephone_too(
    post: PostOffice,
) -> None:
    post.wechat.answers = [RETRY] * 99
    message = post.queue("safety", person_id=None, contact_point_id=_lone(post))
    waits, at = [], timedelta(0)
    while at < timedelta(minutes=7):
        await post.deliver(at)
        if at < timedelta(minutes=5):
            assert post.tasks() == []
        waits.append(post.row(message).next_attempt_at - (post.now + at))
        at += timedelta(seconds=5)
    assert max(waits) < timedelta(seconds=62), "it never sleeps longer than a minute"
    assert len(post.tasks()) == 1
    post.wechat.answers = []
    for _ in range(3):
        at += timedelta(minutes=2)
        await post.deliver(at)
    assert post.row(message).state == "accepted"


async def test_a_safety_text_takes_another_way_at_once(post: PostOffice) -> None:
    strangers(post, 3)
    post.wechat.answers = [RETRY] * 3
    await post.deliver()
    post.queue("safety", text_key="safety.general_emergency")
    await post.deliver(timedelta(seconds=1))
    assert post.aliyun.texts == ["[danger]"]


async def test_a_reminder_waits_for_its_own_way_to_come_back(post: PostOffice) -> None:
    strangers(post, 3)
    post.wechat.answers = [RETRY] * 3
    await post.deliver()
    post.queue("reminder", text_key="followup.open_neutral")
    await post.deliver(timedelta(seconds=1))
    assert post.aliyun.sent == []
    await post.deliver(timedelta(seconds=130))
    await post.deliver(timedelta(seconds=145))
    assert {row.state for row in outbound_rows(post.db)} == {"accepted"}


async def test_another_provider_of_the_line_carries_on(post: PostOffice) -> None:
    post.aliyun.answers = [RETRY] * 3
    for _ in range(5):
        with post.db.transaction() as session:
            phone = post.a_phone(session, f"+861380000{len(outbound_rows(post.db)):04d}").id
        post.queue("doctor", contact_point_id=phone, person_id=None, text_key="doctor.replied")
    await post.deliver()
    assert len(post.aliyun.sent) == 3
    assert len(post.tencent.sent) == 2
    await post.deliver(timedelta(seconds=30))
    assert len(post.tencent.sent) == 5
    assert {row.state for row in outbound_rows(post.db)} == {"accepted"}


async def test_what_grows_old_behind_a_broken_provider_says_so(post: PostOffice) -> None:
    strangers(post, 3)
    post.wechat.answers = [RETRY] * 3
    await post.deliver()
    message = post.queue(contact_point_id=_lone(post), person_id=None, expires_at=_soon(post))
    await post.deliver(timedelta(seconds=1))
    await post.deliver(timedelta(seconds=31))
    row = post.row(message)
    assert (row.state, row.reason) == ("expired", "provider_shut")


async def test_our_own_account_refused_is_an_alarm_until_a_send_is_taken(post: PostOffice) -> None:
    strangers(post, 1)
    post.wechat.answers = [OPERATOR, OPERATOR]
    await post.deliver()
    await post.deliver(timedelta(minutes=6))
    (alarm,) = post.alarms()
    assert (alarm.kind, alarm.subject, alarm.count) == ("trouble", WECHAT, 2)
    assert post.state(WECHAT).trouble == "address_not_on_whitelist"
    await post.deliver(timedelta(minutes=12))
    assert post.alarms() == []
    assert post.state(WECHAT).trouble is None
    assert post.row().state == "accepted"


def _lone(post: PostOffice) -> str:
    with post.db.transaction() as session:
        return a_contact(session, post.vault, post.now, "o-lone").id


def _soon(post: PostOffice) -> datetime:
    return post.now + timedelta(seconds=30)
