"""Which way a message goes: to whom, over which provider, as what; and to nobody when none is left."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from channels.port import OPTED_OUT, Result, SendOutcome
from channels.preparation import prepare
from channels.receipts import take_receipt
from records import messages, people
from records.db import Database
from records.messages import Arrival
from records.outbound import Receipt
from records.people import Registration
from records.tables import Consent, ContactPoint, PersonContact
from records.vault import Vault
from records.windows import Window
from tests.channels.post_office import (
    CLOSED,
    OPERATOR,
    OTHER_PHONE,
    PHONE,
    RETRY,
    UNKNOWN,
    LicensedChannel,
    PostOffice,
    accepted,
    an_sms,
)
from tests.channels.world import APP_ID, LI, WANG, a_contact, a_facility, outbound_rows

DUE = "followup.open_neutral"


@pytest.fixture
def post(sqlite_database: Database, vault: Vault, now: datetime) -> PostOffice:
    return PostOffice(sqlite_database, vault, now)


# --- The ways in order ------------------------------------------------------------------------------


async def test_while_the_window_is_open_words_go_by_wechat(post: PostOffice) -> None:
    post.queue()
    await post.deliver()
    assert post.wechat.texts == ["记下了"]
    assert (post.aliyun.sent, post.tencent.sent) == ([], [])


async def test_a_reminder_takes_the_template_then_the_sms_then_the_telephone(
    post: PostOffice,
) -> None:
    post.shut()
    message = post.queue("reminder", text_key=DUE)
    post.wechat.answers = [SendOutcome(Result.CHANNEL_CLOSED, "43101", "not_subscribed")]
    post.aliyun.answers = [SendOutcome(Result.CHANNEL_CLOSED, "x", "number_blocked")]
    post.tencent.answers = [SendOutcome(Result.CHANNEL_CLOSED, "y", "number_refused")]
    await post.deliver()
    assert [attempt.route for attempt in post.tries()] == [
        "wechat:template",
        "sms:template",
        "sms:template",
    ]
    assert [attempt.provider for attempt in post.tries()] == [
        f"wechat:{APP_ID}",
        "aliyun:main",
        "tencent:main",
    ]
    assert (post.row(message).state, post.row(message).reason) == (
        "channel_closed",
        "number_refused",
    )
    assert post.tasks() == ["undelivered:number_refused"]


async def test_an_attempt_notes_where_it_went_and_what_it_cost(post: PostOffice) -> None:
    post.shut()
    post.wechat.templates = ()
    message = post.queue("reminder", text_key=DUE)
    await post.deliver()
    (attempt,) = post.tries()
    assert (attempt.contact_point_id, attempt.segments) == (post.phone_id, 1)
    assert post.row(message).contact_point_id == post.chat_id, "the conversation stays the same"
    (letter,) = post.aliyun.sent
    assert (letter.address, letter.template["name"]) == (PHONE, "followup_due")
    assert (letter.attempt_id, letter.purpose) == (attempt.id, "reminder")


async def test_free_words_by_sms_are_counted_in_parts(post: PostOffice) -> None:
    post.aliyun = an_sms("kannel:main", free_text=True)
    post.queue("reminder", contact_point_id=post.phone_id, body="量血压" * 40)
    await post.deliver()
    assert post.aliyun.texts == ["量血压" * 40]
    assert post.tries()[0].segments == 2


async def test_a_template_needs_the_persons_leave(post: PostOffice) -> None:
    post.wechat = licensed = LicensedChannel(leave=False)
    post.shut()
    post.queue("reminder", text_key=DUE)
    await post.deliver()
    assert (licensed.texts, post.aliyun.texts) == ([], ["[followup_due]"])


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, ("sent", "followup_due")),
        (UNKNOWN, ("sent", "followup_due")),
        (
            SendOutcome(Result.CHANNEL_CLOSED, "43101", "not_subscribed"),
            ("not_subscribed", "followup_due"),
        ),
    ],
)
async def test_the_ledger_of_leaves_hears_what_became_of_it(
    post: PostOffice, answer: SendOutcome | None, told: tuple[str, str]
) -> None:
    post.wechat = licensed = LicensedChannel([answer] if answer else [])
    post.shut()
    post.queue("reminder", text_key=DUE)
    await post.deliver()
    assert licensed.told == [told]


async def test_a_template_takes_nothing_from_the_window(post: PostOffice) -> None:
    post.change(window_left=1)
    post.queue("reminder", text_key=DUE)
    await post.deliver()
    assert post.tries()[0].route == "wechat:template"
    with post.db.reading() as session:
        assert session.get_one(ContactPoint, post.chat_id).window_left == 1


# --- Providers of one line ---------------------------------------------------------------------------


async def test_what_one_provider_refuses_to_us_the_next_one_carries_at_once(
    post: PostOffice,
) -> None:
    post.aliyun.answers = [OPERATOR]
    post.queue("reminder", contact_point_id=post.phone_id, text_key=DUE)
    await post.deliver()
    assert post.row().state == "accepted"
    assert [attempt.provider for attempt in post.tries()] == ["aliyun:main", "tencent:main"]
    (alarm,) = post.alarms()
    assert (alarm.kind, alarm.subject) == ("trouble", "aliyun:main")


async def test_a_provider_in_trouble_is_the_last_choice_until_it_takes_something(
    post: PostOffice,
) -> None:
    post.aliyun.answers = [OPERATOR]
    for _ in range(3):
        post.queue(contact_point_id=post.phone_id, text_key="reading.stored")
    await post.deliver()
    assert len(post.aliyun.sent) == 1
    assert len(post.tencent.sent) == 3
    post.tencent.answers = [OPERATOR]
    post.queue("doctor", contact_point_id=post.phone_id, text_key="doctor.replied")
    await post.deliver()
    assert len(post.aliyun.sent) == 2, "the other one is in trouble, too"
    assert [alarm.subject for alarm in post.alarms()] == ["tencent:main"]


async def test_a_retry_prefers_the_provider_that_was_not_tried(post: PostOffice) -> None:
    post.aliyun.answers = [RETRY]
    post.queue("reminder", contact_point_id=post.phone_id, text_key=DUE)
    await post.deliver()
    await post.deliver(timedelta(seconds=30))
    assert [attempt.provider for attempt in post.tries()] == ["aliyun:main", "tencent:main"]


async def test_a_safety_text_that_may_be_lost_is_said_again_another_way(post: PostOffice) -> None:
    post.wechat.answers = [UNKNOWN]
    post.aliyun.answers = [UNKNOWN]
    message = post.queue("safety", text_key="safety.general_emergency", body="马上打120")
    for seconds in (0, 30, 90):
        await post.deliver(timedelta(seconds=seconds))
    tries = [one for one in post.tries() if one.outbound_message_id == message.id]
    assert [attempt.provider for attempt in tries] == [
        f"wechat:{APP_ID}",
        "aliyun:main",
        "tencent:main",
    ]
    assert post.aliyun.texts == ["[danger]"]


# --- Whose phone ---------------------------------------------------------------------------------------


def family(post: PostOffice, number: str, consent: str | None) -> str:
    with post.db.transaction() as session:
        phone = post.a_phone(session, number).id
        people.link(session, post.person_id, phone, post.now, relation="mother")
        if consent:
            session.add(
                Consent(
                    person_id=post.person_id,
                    contact_point_id=phone,
                    purpose=consent,
                    given_at=post.now,
                )
            )
        return phone


def unlink(post: PostOffice, contact_id: str) -> None:
    with post.db.transaction() as session:
        link = session.exec(
            select(PersonContact).where(PersonContact.contact_point_id == contact_id)
        ).one()
        link.unlinked_at = post.now


@pytest.mark.parametrize(
    ("consent", "reached"), [("reminders", True), ("education", False), (None, False)]
)
async def test_familys_phone_comes_last_and_only_with_consent_for_this(
    post: PostOffice, consent: str | None, reached: bool
) -> None:
    family(post, OTHER_PHONE, consent)
    unlink(post, post.phone_id)
    post.change(unfollowed_at=post.now)
    message = post.queue("reminder", text_key=DUE)
    await post.deliver()
    assert [letter.address for letter in post.aliyun.sent] == ([OTHER_PHONE] if reached else [])
    assert post.row(message).state == ("accepted" if reached else "channel_closed")
    assert len(post.tasks()) == (0 if reached else 1)


async def test_a_stop_on_the_conversation_stops_what_we_start_everywhere(post: PostOffice) -> None:
    post.change(stopped_at=post.now)
    post.queue("reminder")
    await post.deliver()
    assert (post.row().state, post.row().reason) == ("never", "stopped")
    assert post.aliyun.sent == []


async def test_another_phone_that_was_stopped_gets_nothing_either(post: PostOffice) -> None:
    post.shut()
    post.wechat.templates = ()
    post.change(post.phone_id, stopped_at=post.now)
    post.queue("reminder", text_key=DUE)
    await post.deliver()
    assert post.row().state == "channel_closed"
    assert post.aliyun.sent == []


async def test_an_answer_follows_the_same_human_to_their_own_phone_without_its_words(
    post: PostOffice,
) -> None:
    post.shut()
    post.wechat.templates = ()
    post.queue(body="您的血压168/95偏高", text_key="reading.stored")
    await post.deliver()
    (letter,) = post.aliyun.sent
    assert letter.address == PHONE
    assert "168" not in str(letter.template)
    assert len(post.aliyun.texts) == 1


async def test_an_answer_to_the_daughter_does_not_go_to_her_mothers_phone(
    post: PostOffice,
) -> None:
    with post.db.transaction() as session:
        daughter = a_contact(session, post.vault, post.now, LI, window_left=0).id
        people.link(session, post.person_id, daughter, post.now, relation="mother")
    post.wechat.templates = ()
    post.queue(contact_point_id=daughter)
    post.queue("doctor", contact_point_id=daughter)
    await post.deliver()
    assert (post.aliyun.sent, post.tencent.sent) == ([], [])
    assert {row.state for row in outbound_rows(post.db)} == {"channel_closed"}
    assert len(post.tasks()) == 2


@pytest.mark.parametrize("shared", ["chat", "phone"])
async def test_a_phone_that_two_people_call_their_own_is_nobodys_way_out(
    post: PostOffice, shared: str
) -> None:
    with post.db.transaction() as session:
        other = people.register(
            session, post.vault, Registration("李建国", a_facility(session).id), post.now
        )
        contact = post.chat_id if shared == "chat" else post.phone_id
        people.link(session, other.id, contact, post.now)
    post.shut()
    post.wechat.templates = ()
    post.queue()
    await post.deliver()
    assert post.aliyun.sent == []
    assert len(post.tasks()) == 1


async def test_a_doctors_words_reach_the_patients_own_phone_when_the_chat_is_shut(
    post: PostOffice,
) -> None:
    post.shut()
    post.wechat.templates = ()
    post.queue("doctor", text_key="doctor.replied", body="李医生说：明天来一趟")
    await post.deliver()
    assert post.aliyun.texts == ["[reply_waiting]"]


async def test_a_number_that_refuses_everything_is_remembered(post: PostOffice) -> None:
    post.aliyun.answers = [SendOutcome(Result.NEVER, "21610", OPTED_OUT)]
    post.queue("reminder", contact_point_id=post.phone_id, text_key=DUE)
    await post.deliver()
    post.queue("reminder", contact_point_id=post.phone_id, text_key=DUE)
    await post.deliver()
    assert len(post.aliyun.sent) == 1
    assert {(row.state, row.reason) for row in outbound_rows(post.db)} == {
        # Meant for this person, it takes the chat; meant for this phone, the next one ends.
        ("accepted", None),
        ("never", "stopped"),
    }


async def test_a_number_shut_by_its_owner_leaves_the_answer_to_another_way(
    post: PostOffice,
) -> None:
    post.aliyun.answers = [SendOutcome(Result.CHANNEL_CLOSED, "1012", OPTED_OUT)]
    post.queue("doctor", contact_point_id=post.phone_id, text_key="doctor.replied")
    await post.deliver()
    assert post.row().state == "accepted"
    with post.db.reading() as session:
        assert session.get_one(ContactPoint, post.phone_id).stopped_at is not None


async def test_a_safety_text_may_go_to_a_phone_that_was_stopped(post: PostOffice) -> None:
    post.shut()
    post.wechat.templates = ()
    post.change(post.phone_id, stopped_at=post.now)
    post.queue("safety", text_key="safety.general_emergency")
    await post.deliver()
    assert post.aliyun.texts == ["[danger]"]


async def test_words_about_stopping_go_by_no_template_and_nobody_phones(post: PostOffice) -> None:
    with post.db.transaction() as session:
        lone = post.a_phone(session, OTHER_PHONE).id
    post.queue(contact_point_id=lone, person_id=None, text_key="stop.done")
    await post.deliver()
    assert (post.row().state, post.row().reason) == ("never", "silent_here")
    assert post.tasks() == []


# --- Words that were announced ------------------------------------------------------------------------


def write(post: PostOffice, at: datetime) -> None:
    """The person opens the chat and writes."""
    arrival = Arrival(
        channel="wechat",
        account=APP_ID,
        address=WANG,
        external_id=f"m-{at}",
        kind="text",
        sent_at=at,
        text="您好",
        window=Window(timedelta(hours=48), 5),
    )
    with post.db.transaction() as session:
        messages.accept(session, post.vault, arrival, at, wake_at=at)


def announce(post: PostOffice, purpose: str = "doctor", **changes: object) -> None:
    post.wechat.templates = ("reply_waiting", "followup_due")
    post.shut()
    values = {"text_key": "doctor.replied", "body": "李医生说：药先别停", **changes}
    post.queue(purpose, expires_at=post.now + timedelta(days=3), **values)


async def test_announced_words_go_once_when_the_chat_is_opened(post: PostOffice) -> None:
    announce(post)
    await post.deliver()
    assert post.wechat.texts == ["[reply_waiting]"]
    later = timedelta(hours=20)
    await post.deliver(later - timedelta(hours=1))
    assert len(post.wechat.sent) == 1, "they look now and then, and wait on"
    write(post, post.now + later)
    for _ in range(2):
        await post.deliver(later)
    assert post.wechat.texts == ["[reply_waiting]", "李医生说：药先别停"]
    assert post.words().state == "accepted"
    assert post.tasks() == []


async def test_words_whose_worker_died_over_the_template_wait_all_the_same(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    wechat = LicensedChannel()
    post = PostOffice(sqlite_database, vault, now, wechat=wechat)
    announce(post)
    with post.db.transaction() as session:
        prepare(session, post.vault, post.routes, post.limits, post.now)
    await post.deliver(timedelta(minutes=2))
    assert wechat.told == [("sent", "reply_waiting")], "the leave is used up"
    write(post, post.now + timedelta(minutes=5))
    await post.deliver(timedelta(minutes=5))
    assert post.wechat.texts == ["李医生说：药先别停"]


async def test_an_sms_whose_worker_died_asks_a_doctor_to_phone(post: PostOffice) -> None:
    post.queue("doctor", contact_point_id=post.phone_id, text_key="doctor.replied")
    with post.db.transaction() as session:
        prepare(session, post.vault, post.routes, post.limits, post.now)
    await post.deliver(timedelta(minutes=2))
    assert post.row().state == "unknown"
    assert post.tasks() == ["undelivered:by_template"]


async def test_an_announcement_that_failed_and_its_words_are_one_telephone_call(
    post: PostOffice,
) -> None:
    announce(post)
    post.wechat.answers = [accepted("w1")]
    await post.deliver()
    failed = Receipt("w1", delivered=False, code="user_block", provider=post.wechat.provider)
    with post.db.transaction() as session:
        take_receipt(session, failed, post.now)
    await post.deliver(timedelta(days=3))
    assert post.words().state == "expired"
    assert post.tasks() == ["undelivered:user_block"]


async def test_words_nobody_came_for_become_a_telephone_call(post: PostOffice) -> None:
    announce(post)
    await post.deliver()
    await post.deliver(timedelta(days=3))
    assert (post.words().state, post.words().reason) == ("expired", "awaits_window")
    assert post.tasks() == ["undelivered:awaits_window"]


async def test_words_whose_window_closed_before_they_went_wait_on(post: PostOffice) -> None:
    announce(post)
    await post.deliver()
    write(post, post.now + timedelta(hours=1))
    post.wechat.answers = [CLOSED]
    await post.deliver(timedelta(hours=1))
    row = post.words()
    assert (row.state, row.reason) == ("queued", "awaits_window")
    assert row.next_attempt_at - post.now < timedelta(hours=1, minutes=10), "it looks again soon"


async def test_words_refused_once_go_when_the_chat_is_opened_again_and_hold_up_nobody(
    post: PostOffice,
) -> None:
    announce(post)
    await post.deliver()
    write(post, post.now + timedelta(hours=1))
    post.wechat.answers = [CLOSED]
    await post.deliver(timedelta(hours=1))
    post.change(window_until=post.now + timedelta(days=1), window_left=5)
    for text in ("answer", "second"):
        post.queue("reply" if text == "answer" else "doctor", body=text)
    await post.deliver(timedelta(hours=1, seconds=1))
    assert set(post.wechat.texts[-2:]) == {"answer", "second"}
    post.shut()
    write(post, post.now + timedelta(hours=2))
    await post.deliver(timedelta(hours=2))
    assert post.wechat.texts[-1] == "李医生说：药先别停"
    assert post.words().state == "accepted"


async def test_a_reminder_that_was_announced_says_it_all(post: PostOffice) -> None:
    announce(post, "reminder", text_key=DUE)
    await post.deliver()
    assert len(outbound_rows(post.db)) == 1


async def test_an_sms_that_only_announces_asks_a_doctor_to_phone(post: PostOffice) -> None:
    post.queue("doctor", contact_point_id=post.phone_id, text_key="doctor.replied")
    await post.deliver()
    assert post.row().state == "accepted"
    assert post.tasks() == ["undelivered:by_template"]


async def test_an_sms_for_a_chat_that_is_broken_leaves_the_words_to_the_chat(
    post: PostOffice,
) -> None:
    post.wechat.answers = [OPERATOR]
    post.queue("doctor", text_key="doctor.replied", body="李医生说：明天来")
    await post.deliver()
    assert post.aliyun.texts == ["[reply_waiting]"]
    await post.deliver(timedelta(minutes=6))
    assert post.wechat.texts[-1] == "李医生说：明天来"
    assert post.tasks() == []
