"""What becomes of an outbound row: every way out, on both databases where the database decides."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from threading import Event

import pytest
import sqlalchemy.exc
from sqlmodel import Session, select

from channels import preparation
from channels.delivery import Limits, Routes, deliver_due
from channels.parcel import Decided, Parcel
from channels.port import NOT_FOLLOWING, Letter, Result, SendOutcome
from records import outbound, people
from records.db import Database
from records.identity import new_id
from records.people import Registration
from records.tables import (
    Consent,
    ContactPoint,
    DeliveryAttempt,
    OutboundMessage,
    Person,
    Practitioner,
    Task,
)
from records.tables.base import metadata
from records.vault import Vault
from tests.channels.world import (
    APP_ID,
    LI,
    WANG,
    ScriptedChannel,
    a_contact,
    a_facility,
    attempts,
    outbound_rows,
    queue,
)

LIMITS = Limits(lanes=1)
DUE = {"name": "followup_due", "title": "健康随访提醒"}
RETRY = SendOutcome(Result.RETRY, "-1", "platform_busy")
UNKNOWN = SendOutcome(Result.UNKNOWN, "", "ReadTimeout")
CLOSED = SendOutcome(Result.CHANNEL_CLOSED, "45047", "window_used_up")


class Post:
    """A database with one contact, a scripted channel, and the delivery between them."""

    def __init__(self, db: Database, vault: Vault, now: datetime, channel: ScriptedChannel) -> None:
        self.db, self.vault, self.now, self.channel = db, vault, now, channel
        self.limits = LIMITS
        with db.transaction() as session:
            self.contact_id = a_contact(session, vault, now).id

    def queue(self, **changes: object) -> OutboundMessage:
        with self.db.transaction() as session:
            given = {"contact_point_id": self.contact_id, **changes}
            return queue(session, self.vault, self.now, **given)

    async def deliver(self, now: datetime | None = None, limit: int = 100) -> int:
        routes = Routes({("wechat", APP_ID): self.channel})
        at = now or self.now
        return await deliver_due(self.db, self.vault, routes, at, limit, limits=self.limits)

    def row(self, message: OutboundMessage | None = None) -> OutboundMessage:
        rows = outbound_rows(self.db)
        if message is None:
            assert len(rows) == 1
            return rows[0]
        return next(row for row in rows if row.id == message.id)

    def contact(self) -> ContactPoint:
        with self.db.reading() as session:
            return session.get_one(ContactPoint, self.contact_id)

    def change(self, **values: object) -> None:
        with self.db.transaction() as session:
            contact = session.get_one(ContactPoint, self.contact_id)
            for name, value in values.items():
                setattr(contact, name, value)

    def tasks(self) -> list[Task]:
        with self.db.reading() as session:
            return list(session.exec(select(Task)).all())

    def register(self, **changes: object) -> Person:
        with self.db.transaction() as session:
            facility = a_facility(session)
            registration = Registration(name="王秀英", facility_id=facility.id)
            person = people.register(session, self.vault, registration, self.now)
            for name, value in changes.items():
                setattr(person, name, value)
            return person

    def link(self, person: Person, unlinked_at: datetime | None = None) -> None:
        with self.db.transaction() as session:
            link = people.link(session, person.id, self.contact_id, self.now)
            link.unlinked_at = unlinked_at


@pytest.fixture
def post(database: Database, vault: Vault, now: datetime, channel: ScriptedChannel) -> Post:
    return Post(database, vault, now, channel)


@pytest.fixture
def desk(sqlite_database: Database, vault: Vault, now: datetime, channel: ScriptedChannel) -> Post:
    """The same on SQLite alone, where the rule under test is not the database's."""
    return Post(sqlite_database, vault, now, channel)


# --- The plain way ----------------------------------------------------------------------------------


async def test_an_accepted_message_is_settled_with_its_attempt(post: Post) -> None:
    post.queue(body="记下148/92")
    assert await post.deliver() == 1
    row, (attempt,) = post.row(), attempts(post.db)
    assert (row.state, row.attempts, row.reason) == ("accepted", 1, None)
    assert row.settled_at is not None
    assert (attempt.number, attempt.route, attempt.result, attempt.code) == (
        1,
        "wechat:text",
        "accepted",
        "0",
    )
    assert post.channel.texts == ["记下148/92"]
    assert post.channel.sent[0].address == WANG
    assert post.contact().window_left == 4


async def test_nothing_due_means_no_call(desk: Post, now: datetime) -> None:
    desk.queue(not_before=now + timedelta(minutes=1))
    assert await desk.deliver() == 0
    assert await desk.deliver(now + timedelta(minutes=1)) == 1


async def test_the_attempt_is_committed_before_the_call_and_no_transaction_is_open(
    post: Post,
) -> None:
    found = []

    def look() -> None:
        # A writer that would wait for an open transaction; SQLite has only one at a time.
        with post.db.transaction() as session:
            session.exec(select(OutboundMessage).with_for_update()).all()
        found.extend(attempts(post.db))

    post.channel.during = look
    post.queue()
    await post.deliver()
    assert [attempt.result for attempt in found] == [None]


async def test_a_send_key_speaks_once(post: Post) -> None:
    first = post.queue(send_key="turn:1:reply")
    with post.db.transaction() as session:
        draft = outbound.Draft(
            purpose="reply",
            text_key="chat.thanks",
            body="again",
            send_key="turn:1:reply",
            expires_at=post.now + timedelta(hours=1),
        )
        assert outbound.queue(session, post.vault, draft, post.now) is None
    await post.deliver()
    assert post.row().id == first.id
    assert len(post.channel.texts) == 1


async def test_the_limit_bounds_one_run(desk: Post) -> None:
    for _ in range(3):
        desk.queue()
    assert await desk.deliver(limit=2) == 2
    assert await desk.deliver(limit=2) == 1


# --- Order ------------------------------------------------------------------------------------------


async def test_messages_of_one_conversation_keep_their_order(post: Post) -> None:
    post.limits = Limits(lanes=4)
    post.change(window_left=9)
    for number in range(6):
        post.queue(body=f"{number}")
    while await post.deliver():
        pass
    assert post.channel.texts == [f"{number}" for number in range(6)]


async def test_the_most_urgent_goes_first(desk: Post) -> None:
    desk.change(window_left=9)
    for purpose in ("education", "reminder", "reply", "doctor", "safety"):
        desk.queue(purpose=purpose, body=purpose)
    while await desk.deliver():
        pass
    assert desk.channel.texts == ["safety", "doctor", "reply", "reminder", "education"]


async def test_a_later_reply_waits_for_one_that_is_being_retried(post: Post) -> None:
    post.queue(body="first")
    post.queue(body="second")
    post.channel.answers = [RETRY]
    assert await post.deliver() == 1
    assert post.channel.texts == ["first"]
    await post.deliver(post.now + timedelta(seconds=30))
    await post.deliver(post.now + timedelta(seconds=31))
    assert post.channel.texts == ["first", "first", "second"]


async def test_a_safety_text_waits_for_nobody(post: Post) -> None:
    post.queue(purpose="doctor", body="doctor")
    post.channel.answers = [RETRY]
    await post.deliver()
    post.queue(purpose="safety", body="safety")
    await post.deliver()
    assert post.channel.texts == ["doctor", "safety"]


async def test_another_conversation_does_not_wait(desk: Post) -> None:
    desk.queue(body="first")
    with desk.db.transaction() as session:
        other = a_contact(session, desk.vault, desk.now, LI).id
    desk.queue(body="other", contact_point_id=other)
    desk.channel.answers = [RETRY]
    assert await desk.deliver() == 2
    assert desk.channel.texts == ["first", "other"]


async def test_a_reminder_planned_for_later_holds_up_nothing(desk: Post) -> None:
    desk.queue(purpose="reminder", not_before=desk.now + timedelta(hours=1))
    desk.queue(purpose="education", body="tip")
    await desk.deliver()
    assert desk.channel.texts == ["tip"]


async def test_two_workers_send_each_message_once(post: Post) -> None:
    for number in range(12):
        with post.db.transaction() as session:
            contact = a_contact(session, post.vault, post.now, f"o-{number}").id
        post.queue(body=f"{number}", contact_point_id=contact)
    taken = await asyncio.gather(*(post.deliver() for _ in range(4)))
    assert sum(taken) == 12
    assert sorted(post.channel.texts, key=int) == [f"{number}" for number in range(12)]
    assert {row.state for row in outbound_rows(post.db)} == {"accepted"}


# --- The window and the templates -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("purpose", "left", "spoken"),
    [
        ("safety", 1, True),
        ("doctor", 1, True),
        ("reply", 1, True),
        ("reminder", 1, False),
        ("reminder", 2, True),
        ("education", 2, False),
        ("reply", 0, False),
    ],
)
async def test_the_window_is_kept_for_the_more_important_words(
    desk: Post, purpose: str, left: int, spoken: bool
) -> None:
    desk.change(window_left=left)
    desk.queue(purpose=purpose)
    await desk.deliver()
    assert desk.row().state == ("accepted" if spoken else "channel_closed")


async def test_outside_the_window_a_template_goes_instead(desk: Post) -> None:
    desk.change(window_until=desk.now)
    desk.queue(purpose="reminder", template=DUE)
    await desk.deliver()
    assert desk.channel.texts == ["[followup_due]"]
    assert desk.row().state == "accepted"
    (tried,) = attempts(desk.db)
    assert (tried.route, tried.template) == ("wechat:template", "followup_due")


@pytest.mark.parametrize("template", [{}, {"name": "not_registered"}])
async def test_outside_the_window_without_a_template_somebody_must_phone(
    desk: Post, template: dict[str, str]
) -> None:
    desk.change(window_until=None)
    message = desk.queue(purpose="reminder", template=template)
    await desk.deliver()
    assert (desk.row().state, desk.row().reason) == ("channel_closed", "window_closed")
    assert attempts(desk.db) == []
    (task,) = desk.tasks()
    assert (task.kind, task.reason) == ("call", "undelivered:window_closed")
    assert task.outbound_message_id == message.id


async def test_a_tip_that_finds_no_way_is_nobodys_task(desk: Post) -> None:
    desk.change(window_left=0)
    desk.queue(purpose="education")
    await desk.deliver()
    assert desk.row().state == "channel_closed"
    assert desk.tasks() == []


async def test_when_the_platform_says_the_window_is_used_up_the_template_follows(
    desk: Post,
) -> None:
    desk.queue(purpose="reminder", template=DUE, body="到日子量血压了")
    desk.channel.answers = [CLOSED]
    await desk.deliver()
    assert desk.channel.texts == ["到日子量血压了", "[followup_due]"]
    assert desk.contact().window_left == 0
    assert desk.row().state == "accepted"
    assert [attempt.result for attempt in attempts(desk.db)] == ["channel_closed", "accepted"]


async def test_a_template_that_finds_the_way_shut_is_the_end(desk: Post) -> None:
    desk.change(window_left=0)
    desk.queue(purpose="reminder", template=DUE)
    desk.channel.answers = [SendOutcome(Result.CHANNEL_CLOSED, "43101", "not_subscribed")]
    await desk.deliver()
    assert (desk.row().state, desk.row().reason) == ("channel_closed", "not_subscribed")
    assert len(desk.tasks()) == 1


async def test_somebody_who_unfollowed_is_noticed_and_phoned(desk: Post) -> None:
    desk.queue(purpose="doctor", template=DUE)
    desk.queue(purpose="doctor", body="another")
    desk.channel.answers = [SendOutcome(Result.CHANNEL_CLOSED, "43004", NOT_FOLLOWING)]
    await desk.deliver()
    assert {row.state for row in outbound_rows(desk.db)} == {"channel_closed"}
    assert len(desk.channel.texts) == 1, "the second was not even tried"
    assert desk.contact().unfollowed_at is not None
    assert len(desk.tasks()) == 2


# --- Results ----------------------------------------------------------------------------------------


async def test_a_busy_platform_is_tried_again_with_growing_pauses_then_given_up(
    post: Post,
) -> None:
    post.queue()
    post.channel.answers = [RETRY] * 9
    waits, at = [], post.now
    while post.row().state == "queued":
        assert await post.deliver(at) == 1
        row = post.row()
        waits.append((row.next_attempt_at - at).total_seconds())
        at = row.next_attempt_at + timedelta(seconds=1)
    assert len(post.channel.texts) == 4
    assert 3 <= waits[0] <= 7
    assert 10 <= waits[1] <= 20
    assert 30 <= waits[2] <= 60
    assert (post.row().state, post.row().reason) == ("never", "gave_up_platform_busy")
    assert post.contact().window_left == 5
    assert len(post.tasks()) == 1


async def test_a_safety_text_is_tried_as_long_as_it_is_true(desk: Post) -> None:
    desk.queue(purpose="safety", expires_at=desk.now + timedelta(hours=1))
    desk.channel.answers = [RETRY] * 100
    at = desk.now
    while desk.row().state == "queued":
        await desk.deliver(at)
        at = max(desk.row().next_attempt_at, at) + timedelta(milliseconds=1)
    assert len(desk.channel.texts) > 10
    assert desk.row().state == "expired"
    assert desk.row().reason in {"platform_busy", "provider_shut"}
    assert len(desk.tasks()) == 1


async def test_a_retry_never_outlives_the_words(desk: Post) -> None:
    desk.queue(expires_at=desk.now + timedelta(seconds=2))
    desk.channel.answers = [RETRY]
    await desk.deliver()
    assert desk.row().state == "expired"


async def test_stale_words_are_not_sent(desk: Post) -> None:
    desk.queue(purpose="reminder", expires_at=desk.now)
    desk.queue(purpose="doctor", expires_at=desk.now)
    assert await desk.deliver() == 2
    assert desk.channel.texts == []
    assert {(row.state, row.reason) for row in outbound_rows(desk.db)} == {("expired", "too_late")}
    assert len(desk.tasks()) == 1, "the doctor's words are worth a call, an old reminder is not"


async def test_a_routine_text_whose_fate_is_unknown_is_not_repeated(post: Post) -> None:
    post.queue()
    post.channel.answers = [UNKNOWN]
    await post.deliver()
    await post.deliver(post.now + timedelta(hours=1))
    assert (post.row().state, post.row().reason) == ("unknown", "ReadTimeout")
    assert len(post.channel.texts) == 1
    assert post.contact().window_left == 4, "it may have been counted"
    assert post.tasks() == []


async def test_a_safety_text_whose_fate_is_unknown_is_said_again_but_not_for_ever(
    post: Post,
) -> None:
    post.queue(purpose="safety")
    post.channel.answers = [UNKNOWN] * 9
    at = post.now
    while post.row().state == "queued":
        await post.deliver(at)
        at += timedelta(minutes=1)
    assert len(post.channel.texts) == 3
    assert post.row().state == "unknown"
    assert len(post.tasks()) == 1


async def test_an_adapter_that_breaks_leaves_the_fate_unknown(desk: Post) -> None:
    desk.queue()
    desk.channel.answers = [RuntimeError("boom")]
    await desk.deliver()
    assert (desk.row().state, desk.row().reason) == ("unknown", "RuntimeError")


async def test_an_adapter_that_hangs_is_cut_off(desk: Post) -> None:
    class Hanging(ScriptedChannel):
        async def send_text(self, *_: object) -> SendOutcome:
            await asyncio.sleep(60)
            return SendOutcome(Result.ACCEPTED)

    desk.channel, desk.limits = Hanging(), Limits(lanes=1, call_seconds=0.05)
    desk.queue()
    await desk.deliver()
    assert (desk.row().state, desk.row().reason) == ("unknown", "TimeoutError")


async def test_what_the_operator_must_mend_waits_for_the_operator(desk: Post) -> None:
    desk.queue()
    refused = SendOutcome(Result.OPERATOR, "40164", "address_not_on_whitelist")
    desk.channel.answers = [refused] * 6
    at = desk.now
    for _ in range(6):
        await desk.deliver(at)
        assert (desk.row().state, desk.row().reason) == ("queued", "address_not_on_whitelist")
        at += timedelta(minutes=6)
    await desk.deliver(at)
    assert desk.row().state == "accepted"


async def test_what_can_never_be_sent_becomes_a_task(desk: Post) -> None:
    desk.queue()
    desk.channel.answers = [SendOutcome(Result.NEVER, "45002", "body_too_long")]
    await desk.deliver()
    assert (desk.row().state, desk.row().reason) == ("never", "body_too_long")
    assert len(desk.tasks()) == 1


async def test_a_provider_that_confirms_at_once_is_believed(desk: Post) -> None:
    desk.queue()
    desk.channel.answers = [SendOutcome(Result.DELIVERED, "0")]
    await desk.deliver()
    assert desk.row().state == "delivered"


# --- Crashes ----------------------------------------------------------------------------------------


async def crash(post: Post) -> None:
    """Claim and write the attempt, then die in the call."""

    class PowerCut(BaseException):
        """Not an Exception: nothing catches a power cut."""

    def die() -> None:
        raise PowerCut

    post.channel.during = die
    with pytest.raises(PowerCut):
        await post.deliver()
    post.channel.during = None


async def test_a_routine_text_whose_worker_died_is_unknown_and_not_repeated(post: Post) -> None:
    post.queue()
    await crash(post)
    assert post.row().state == "sending"
    assert await post.deliver(post.now + timedelta(seconds=30)) == 0, "the lease still holds"
    await post.deliver(post.now + timedelta(seconds=61))
    assert (post.row().state, post.row().reason) == ("unknown", "worker_lost")
    (attempt,) = attempts(post.db)
    assert (attempt.result, attempt.code) == ("unknown", "worker_lost")
    assert len(post.channel.texts) == 1


async def test_a_safety_text_whose_worker_died_is_said_again(post: Post) -> None:
    post.queue(purpose="safety")
    await crash(post)
    later = post.now + timedelta(seconds=61)
    await post.deliver(later)
    await post.deliver(later + timedelta(seconds=30))
    assert post.row().state == "accepted"
    assert [attempt.result for attempt in attempts(post.db)] == ["unknown", "accepted"]
    assert len(post.channel.texts) == 2


async def test_later_messages_move_on_once_the_fate_is_settled(desk: Post) -> None:
    desk.queue(body="first")
    desk.queue(body="second")
    await crash(desk)
    await desk.deliver(desk.now + timedelta(seconds=30))
    assert desk.channel.texts == ["first"]
    await desk.deliver(desk.now + timedelta(seconds=61))
    assert desk.channel.texts == ["first", "second"]


async def test_a_claim_without_an_attempt_was_never_called_and_goes_back(desk: Post) -> None:
    message = desk.queue()
    with desk.db.transaction() as session:
        outbound.claim_due(session, desk.now, timedelta(seconds=60))
    await desk.deliver(desk.now + timedelta(seconds=61))
    assert desk.row(message).state == "accepted"


async def test_one_lost_row_that_cannot_be_taken_up_holds_up_no_other(
    desk: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = [desk.queue(purpose="safety", body=body) for body in ("first", "second", "third")]
    with desk.db.transaction() as session:
        for _ in lost:
            outbound.claim_due(session, desk.now, timedelta(seconds=60))
    found = outbound.unfinished_attempt

    def refused(session: Session, message: OutboundMessage) -> DeliveryAttempt | None:
        if message.id == lost[0].id:
            raise _A_REFUSAL
        return found(session, message)

    with monkeypatch.context() as broken:
        broken.setattr(outbound, "unfinished_attempt", refused)
        await desk.deliver(desk.now + timedelta(seconds=61))
        assert desk.channel.texts == ["second", "third"]
        assert desk.row(lost[0]).state == "sending"
    await desk.deliver(desk.now + timedelta(seconds=122))
    assert desk.row(lost[0]).state == "accepted"


async def test_the_lost_are_taken_up_a_transaction_each_and_so_many_in_a_run(
    desk: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels import delivery

    lost = [desk.queue(purpose="safety") for _ in range(3)]
    with desk.db.transaction() as session:
        for _ in lost:
            outbound.claim_due(session, desk.now, timedelta(seconds=60))
        assert len(outbound.lapsed(session, desk.now + timedelta(seconds=61), 9)) == 3
    monkeypatch.setattr(delivery, "_ONE_RECOVERY", 2)
    await desk.deliver(desk.now + timedelta(seconds=61))
    assert sorted(desk.row(one).state for one in lost) == ["accepted", "accepted", "sending"]


async def test_a_slow_worker_corrects_its_own_unknown(desk: Post) -> None:
    desk.queue()
    late = desk.now + timedelta(seconds=61)

    def recovered_meanwhile() -> None:
        with desk.db.transaction() as session:
            assert preparation.recover(session, desk.vault, Routes({}), desk.limits, late)

    desk.channel.during = recovered_meanwhile
    await desk.deliver()
    assert desk.row().state == "accepted"
    assert attempts(desk.db)[0].result == "accepted"


async def test_a_worker_that_lost_its_claim_changes_nothing(desk: Post) -> None:
    message = desk.queue(purpose="safety")

    def taken_by_another() -> None:
        with desk.db.transaction() as session:
            row = session.get_one(OutboundMessage, message.id)
            row.claim_token, row.state = new_id(), "delivered"

    desk.channel.during = taken_by_another
    desk.channel.answers = [SendOutcome(Result.NEVER, "44004", "body_empty")]
    await desk.deliver()
    assert desk.row().state == "delivered"
    assert desk.tasks() == []


async def test_a_row_that_cannot_be_opened_does_not_stop_the_others(post: Post) -> None:
    broken = post.queue()
    with post.db.transaction() as session:
        session.get_one(OutboundMessage, broken.id).body_sealed = b"\x01nonsense-nonsense"
    good = post.queue(body="good")
    await post.deliver()
    assert (post.row(broken).state, post.row(broken).reason) == ("never", "broken_VaultError")
    assert post.row(good).state == "accepted"
    assert len(post.tasks()) == 1


@pytest.mark.parametrize("purpose", ["safety", "reply"])
async def test_a_fault_of_the_database_while_deciding_ends_no_message(
    post: Post, monkeypatch: pytest.MonkeyPatch, purpose: str
) -> None:
    post.queue(purpose=purpose, expires_at=post.now + timedelta(hours=6))
    with monkeypatch.context() as broken:
        broken.setattr(preparation._Plan, "made", _a_deadlock)
        await post.deliver()
    assert (post.row().state, post.row().reason) == ("queued", "broken_OperationalError")
    await post.deliver(post.now + timedelta(minutes=1))
    assert post.row().state == "accepted"
    assert post.tasks() == []


async def test_a_fault_of_the_database_does_not_outlive_the_words(
    desk: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.queue(purpose="reply", expires_at=desk.now + timedelta(seconds=1))
    monkeypatch.setattr(preparation._Plan, "made", _a_deadlock)
    await desk.deliver()
    await desk.deliver(desk.now + timedelta(seconds=2))
    assert (desk.row().state, desk.row().reason) == ("expired", "broken_OperationalError")
    assert len(desk.tasks()) == 1


async def test_what_is_dangerous_is_phoned_while_the_database_fails_and_tried_every_minute(
    desk: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.queue(purpose="safety", expires_at=desk.now + timedelta(hours=6))
    monkeypatch.setattr(preparation._Plan, "made", _a_deadlock)
    for times in range(6):
        at = desk.now + timedelta(seconds=62 * times)
        await desk.deliver(at)
        due = desk.row().next_attempt_at
        assert due is not None
        assert due <= at + desk.limits.longest_safety_wait + timedelta(seconds=1)
    assert (desk.row().state, desk.row().attempts) == ("queued", 6)
    assert len(desk.tasks()) == 1


async def test_what_the_database_refuses_is_given_up_and_blocks_nobody(
    desk: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.queue(purpose="reply", expires_at=desk.now + timedelta(hours=6))
    then = desk.queue(purpose="reply", body="then", expires_at=desk.now + timedelta(hours=6))
    made = preparation._Plan.made

    def refused(plan: preparation._Plan) -> Parcel | Decided:
        if plan.message.id == first.id:
            raise _A_REFUSAL
        return made(plan)

    monkeypatch.setattr(preparation._Plan, "made", refused)
    for minutes in range(desk.limits.retries + 1):
        assert desk.channel.texts == []
        await desk.deliver(desk.now + timedelta(minutes=5 * minutes))
    assert (desk.row(first).state, desk.row(first).reason) == ("never", "broken_DataError")
    assert desk.row(then).state == "accepted"
    assert len(desk.tasks()) == 1


async def test_a_safety_text_that_cannot_be_opened_comes_again_before_it_is_given_up(
    desk: Post,
) -> None:
    desk.queue(purpose="safety", expires_at=desk.now + timedelta(hours=6))
    with desk.db.transaction() as session:
        session.get_one(OutboundMessage, desk.row().id).body_sealed = b"\x01nonsense-nonsense"
    await desk.deliver()
    assert desk.row().state == "queued"
    for minutes in (1, 2, 3):
        await desk.deliver(desk.now + timedelta(minutes=minutes))
    assert (desk.row().state, desk.row().reason) == ("never", "broken_VaultError")
    assert len(desk.tasks()) == 1


_A_REFUSAL = sqlalchemy.exc.DataError("UPDATE", {}, Exception("value too long"))


def _a_deadlock(*_: object) -> None:
    raise sqlalchemy.exc.OperationalError("UPDATE", {}, Exception("deadlock detected"))


async def test_a_lost_database_is_an_error_of_the_whole_run(desk: Post) -> None:
    desk.queue()
    desk.channel.during = lambda: metadata.drop_all(desk.db.engine)
    with pytest.raises(sqlalchemy.exc.OperationalError):
        await desk.deliver()


# --- Who gets it ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("purpose", "state"),
    [
        ("reminder", "never"),
        ("education", "never"),
        ("reply", "accepted"),
        ("doctor", "accepted"),
        ("safety", "accepted"),
    ],
)
async def test_after_opting_out_only_what_we_start_stops(
    desk: Post, purpose: str, state: str
) -> None:
    desk.change(stopped_at=desk.now)
    desk.queue(purpose=purpose)
    await desk.deliver()
    assert desk.row().state == state
    assert desk.tasks() == []


@pytest.mark.parametrize("status", ["moved", "deceased", "refused"])
async def test_nobody_is_reminded_of_somebody_who_is_gone(desk: Post, status: str) -> None:
    person = desk.register(status=status)
    desk.queue(purpose="reminder", person_id=person.id)
    await desk.deliver()
    assert (desk.row().state, desk.row().reason) == ("never", f"person_{status}")
    assert desk.tasks() == []


async def test_words_about_a_person_do_not_follow_a_phone_that_changed_hands(desk: Post) -> None:
    person = desk.register()
    desk.link(person, unlinked_at=desk.now)
    desk.queue(purpose="reminder", person_id=person.id)
    await desk.deliver()
    assert (desk.row().state, desk.row().reason) == ("channel_closed", "no_longer_theirs")
    assert desk.tasks()[0].person_id == person.id


async def test_an_answer_goes_to_whoever_wrote(desk: Post) -> None:
    person = desk.register()
    desk.link(person, unlinked_at=desk.now)
    desk.queue(purpose="reply", person_id=person.id)
    await desk.deliver()
    assert desk.row().state == "accepted"


async def test_without_a_contact_point_the_persons_own_one_is_found_when_sending(
    desk: Post,
) -> None:
    person = desk.register()
    desk.link(person)
    with desk.db.transaction() as session:
        unfollowed = a_contact(session, desk.vault, desk.now, LI, unfollowed_at=desk.now)
        people.link(session, person.id, unfollowed.id, desk.now)
    desk.queue(purpose="reminder", person_id=person.id, contact_point_id=None)
    await desk.deliver()
    assert desk.row().contact_point_id == desk.contact_id
    assert desk.channel.sent[0].address == WANG


@pytest.mark.parametrize(
    ("consent", "state"),
    [
        pytest.param({"purpose": "reminders"}, "accepted", id="agreed to"),
        pytest.param({"purpose": "education"}, "channel_closed", id="agreed to something else"),
        pytest.param({"purpose": "reminders", "revoked": True}, "channel_closed", id="revoked"),
        pytest.param(None, "channel_closed", id="never asked"),
    ],
)
async def test_the_familys_phone_is_used_only_with_consent(
    desk: Post, consent: dict[str, object] | None, state: str
) -> None:
    mother = desk.register()
    with desk.db.transaction() as session:
        people.link(session, mother.id, desk.contact_id, desk.now, relation="mother")
        if consent is not None:
            given = Consent(
                person_id=mother.id,
                contact_point_id=desk.contact_id,
                purpose=str(consent["purpose"]),
                given_at=desk.now,
                revoked_at=desk.now if consent.get("revoked") else None,
            )
            session.add(given)
    desk.queue(purpose="reminder", person_id=mother.id, contact_point_id=None)
    await desk.deliver()
    assert desk.row().state == state
    assert len(desk.tasks()) == (0 if state == "accepted" else 1)


@pytest.mark.parametrize("known", [True, False])
async def test_a_message_for_nobody_reachable_goes_to_nobody(desk: Post, known: bool) -> None:
    person_id = desk.register().id if known else None
    desk.queue(purpose="reminder", person_id=person_id, contact_point_id=None)
    await desk.deliver()
    assert (desk.row().state, desk.row().reason) == ("channel_closed", "no_address")
    assert len(desk.tasks()) == (1 if known else 0)


async def test_an_account_that_is_not_set_up_is_waited_for(desk: Post) -> None:
    desk.change(account="another")
    desk.queue()
    await desk.deliver()
    row = desk.row()
    assert (row.state, row.reason, row.attempts) == ("queued", "no_route", 0)
    assert row.next_attempt_at > desk.now


# --- Practitioners ----------------------------------------------------------------------------------


def a_practitioner(desk: Post, disabled_at: datetime | None = None) -> str:
    with desk.db.transaction() as session:
        practitioner = Practitioner(
            facility_id=a_facility(session).id,
            role="village_doctor",
            login="li",
            password_hash="x",
            created_at=desk.now,
            disabled_at=disabled_at,
        )
        session.add(practitioner)
        return practitioner.id


async def notify(desk: Post, notices: ScriptedChannel | None) -> None:
    routes = Routes({}, notices)
    await deliver_due(desk.db, desk.vault, routes, desk.now, limits=desk.limits)


async def test_a_notice_reaches_the_practitioner(desk: Post) -> None:
    who = a_practitioner(desk)
    notices = ScriptedChannel(name="notice", windowed=False)
    desk.queue(purpose="notice", contact_point_id=None, practitioner_id=who)
    await notify(desk, notices)
    assert desk.row().state == "accepted"
    assert notices.sent[0].address == who
    assert attempts(desk.db)[0].route == "notice:text"


async def test_a_shut_notice_channel_is_the_end_of_the_notice(desk: Post) -> None:
    desk.queue(purpose="notice", contact_point_id=None, practitioner_id=a_practitioner(desk))
    await notify(desk, ScriptedChannel([CLOSED], name="notice"))
    assert desk.row().state == "channel_closed"
    assert desk.tasks() == []


async def test_a_notice_waits_until_there_is_a_way(desk: Post) -> None:
    desk.queue(purpose="notice", contact_point_id=None, practitioner_id=a_practitioner(desk))
    await notify(desk, None)
    assert (desk.row().state, desk.row().reason) == ("queued", "no_route")


async def test_somebody_who_left_gets_no_notice(desk: Post) -> None:
    who = a_practitioner(desk, disabled_at=desk.now)
    desk.queue(purpose="notice", contact_point_id=None, practitioner_id=who)
    await notify(desk, ScriptedChannel(name="notice"))
    assert (desk.row().state, desk.row().reason) == ("never", "practitioner_disabled")


# --- Peace and the fuse -----------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", ["reminder", "education"])
async def test_what_we_start_waits_for_the_morning(desk: Post, purpose: str) -> None:
    desk.change(window_until=desk.now + timedelta(days=2))
    desk.queue(purpose=purpose, expires_at=desk.now + timedelta(days=2))
    night = desk.now + timedelta(hours=12)
    await desk.deliver(night)
    assert (desk.row().state, desk.row().reason) == ("queued", "quiet_hours")
    await desk.deliver(desk.now + timedelta(hours=23))
    assert desk.row().state == "accepted"


async def test_an_answer_does_not_wait_for_the_morning(desk: Post) -> None:
    desk.queue(purpose="reply", expires_at=desk.now + timedelta(days=1))
    await desk.deliver(desk.now + timedelta(hours=12))
    assert desk.row().state == "accepted"


async def test_the_fuse_stops_a_flood_of_our_own_until_tomorrow(post: Post) -> None:
    post.change(window_left=0, window_until=None)
    for _ in range(6):
        post.queue(purpose="reminder", template=DUE, expires_at=post.now + timedelta(days=2))
    while await post.deliver():
        pass
    assert len(post.channel.texts) == 4
    assert [row.reason for row in outbound_rows(post.db) if row.state == "queued"] == [
        "daily_fuse",
        "daily_fuse",
    ]
    await post.deliver(post.now + timedelta(days=1))
    assert len(post.channel.texts) == 6


async def test_answers_do_not_count_against_the_fuse(desk: Post) -> None:
    desk.change(window_left=99)
    for _ in range(6):
        desk.queue(purpose="reply")
    while await desk.deliver():
        pass
    assert len(desk.channel.texts) == 6


async def test_a_worker_that_stops_writes_down_what_it_sent_and_begins_no_other(
    desk: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping, send = Event(), desk.channel.send_text

    async def send_while_stopping(letter: Letter, now: datetime) -> SendOutcome:
        stopping.set()
        return await send(letter, now)

    monkeypatch.setattr(desk.channel, "send_text", send_while_stopping)
    for _ in range(3):
        desk.queue(purpose="reply")
    routes = Routes({("wechat", APP_ID): desk.channel})
    once = await deliver_due(
        desk.db, desk.vault, routes, desk.now, limits=LIMITS, stopping=stopping
    )
    assert once == 1
    assert sorted(row.state for row in outbound_rows(desk.db)) == ["accepted", "queued", "queued"]
