"""When an address is stopped, refused or not the person's own: which other way is taken, and which not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from channels.port import OPTED_OUT, Result, SendOutcome
from records import opting_out, people
from records.db import Database
from records.people import Registration
from records.tables import Consent, Facility, Person
from records.vault import Vault
from tests.channels.post_office import OTHER_PHONE, PostOffice, an_sms

DUE = "followup.open_neutral"
DANGER = "safety.general_emergency"
BLOCKED = SendOutcome(Result.NEVER, "isv.MOBILE_IN_BLACK", OPTED_OUT)
ILLEGAL = SendOutcome(Result.NEVER, "isv.MOBILE_NUMBER_ILLEGAL", "number_illegal")


@pytest.fixture
def post(sqlite_database: Database, vault: Vault, now: datetime) -> PostOffice:
    return PostOffice(sqlite_database, vault, now)


def a_person(post: PostOffice, session: Session, name: str, phone: str | None = None) -> Person:
    facility = session.exec(select(Facility)).first()
    assert facility is not None
    given = Registration(name=name, facility_id=facility.id, phone=phone)
    return people.register(session, post.vault, given, post.now)


# --- A stop holds for its phone ---------------------------------------------------------------------


async def test_a_reminder_planned_for_a_phone_that_is_stopped_takes_the_chat(
    post: PostOffice,
) -> None:
    later = post.now + timedelta(minutes=5)
    post.change(post.phone_id, last_inbound_at=post.now + timedelta(minutes=1))
    post.queue("reminder", contact_point_id=post.phone_id, text_key=DUE, not_before=later)
    with post.db.transaction() as session:
        assert opting_out.stop(session, post.phone_id, post.now + timedelta(minutes=1))
    await post.deliver(timedelta(minutes=6))
    assert post.row().state == "accepted"
    assert (len(post.wechat.sent), post.aliyun.sent) == (1, [])


async def test_who_stopped_every_phone_gets_nothing_that_we_start(post: PostOffice) -> None:
    with post.db.transaction() as session:
        for contact_id in (post.chat_id, post.phone_id):
            opting_out.stop(session, contact_id, post.now)
    post.queue("reminder", contact_point_id=None, text_key=DUE)
    await post.deliver()
    assert (post.row().state, post.row().reason) == ("never", "stopped")
    assert post.wechat.sent == post.aliyun.sent == []


# --- A doctor's words about one person --------------------------------------------------------------


@pytest.mark.parametrize("agreed", [False, True])
async def test_a_doctors_words_go_to_the_daughters_phone_only_if_it_may_see(
    post: PostOffice, *, agreed: bool
) -> None:
    post.aliyun = an_sms("kannel:main", free_text=True)
    with post.db.transaction() as session:
        father = a_person(post, session, "赵大爷")
        daughters = post.a_phone(session, OTHER_PHONE)
        people.link(session, father.id, daughters.id, post.now, "father")
        if agreed:
            session.add(
                Consent(
                    person_id=father.id,
                    contact_point_id=daughters.id,
                    purpose="sharing",
                    given_at=post.now,
                )
            )
        father_id = father.id
    post.queue("doctor", contact_point_id=None, person_id=father_id, text_key="doctor.words")
    await post.deliver()
    assert len(post.aliyun.sent) == int(agreed)
    assert post.row().state == ("accepted" if agreed else "channel_closed")
    assert post.tasks() == ([] if agreed else ["undelivered:no_address"])


@pytest.mark.parametrize("files", [1, 2])
async def test_a_doctors_words_go_to_a_number_that_stands_in_one_file_alone(
    post: PostOffice, files: int
) -> None:
    post.aliyun = an_sms("kannel:main", free_text=True)
    with post.db.transaction() as session:
        first, *_ = [a_person(post, session, name, "13911112222") for name in ("甲", "乙")[:files]]
        person_id = first.id
    post.queue("doctor", contact_point_id=None, person_id=person_id, text_key="doctor.words")
    await post.deliver()
    assert len(post.aliyun.sent) == (1 if files == 1 else 0)


# --- One provider's no ------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", ["safety", "doctor", "reply"])
@pytest.mark.parametrize("refusal", [BLOCKED, ILLEGAL])
async def test_one_providers_no_leaves_the_words_to_the_next_one(
    post: PostOffice, purpose: str, refusal: SendOutcome
) -> None:
    post.aliyun.answers = [refusal]
    post.queue(purpose, contact_point_id=post.phone_id, text_key=DANGER)
    await post.deliver()
    assert post.row().state == "accepted"
    assert [len(channel.sent) for channel in (post.aliyun, post.tencent)] == [1, 1]
    assert post.tasks() == []


async def test_when_no_provider_takes_a_number_the_open_chat_says_what_is_dangerous(
    post: PostOffice,
) -> None:
    post.aliyun.answers, post.tencent.answers = [BLOCKED], [ILLEGAL]
    post.queue("safety", contact_point_id=post.phone_id, text_key=DANGER)
    await post.deliver()
    assert (post.row().state, len(post.wechat.sent)) == ("accepted", 1)


async def test_what_every_way_refused_ends_with_the_last_word_and_a_call(post: PostOffice) -> None:
    post.wechat.templates = ()
    post.shut()
    post.aliyun.answers, post.tencent.answers = [BLOCKED], [ILLEGAL]
    post.queue("safety", contact_point_id=post.phone_id, text_key=DANGER)
    await post.deliver()
    assert (post.row().state, post.row().reason) == ("never", "number_illegal")
    assert post.tasks() == ["undelivered:number_illegal"]


@pytest.mark.parametrize("shut", [Result.NEVER, Result.CHANNEL_CLOSED])
async def test_a_reminder_for_a_blocked_phone_takes_the_persons_chat(
    post: PostOffice, shut: Result
) -> None:
    post.aliyun.answers = [SendOutcome(shut, "21610", OPTED_OUT)]
    post.queue("reminder", contact_point_id=post.phone_id, text_key=DUE)
    await post.deliver()
    assert post.row().state == "accepted"
    assert (len(post.aliyun.sent), post.tencent.sent, len(post.wechat.sent)) == (1, [], 1)


async def test_a_reminder_for_a_blocked_phone_ends_where_it_is_the_only_one(
    post: PostOffice,
) -> None:
    post.change(unfollowed_at=post.now)
    post.aliyun.answers = [BLOCKED]
    post.queue("reminder", contact_point_id=post.phone_id, text_key=DUE)
    await post.deliver()
    assert (post.row().state, post.row().reason) == ("never", OPTED_OUT)
    assert post.tencent.sent == post.wechat.sent == []


# --- The fuse ---------------------------------------------------------------------------------------


async def test_a_household_is_told_no_more_a_day_than_one_person(post: PostOffice) -> None:
    with post.db.transaction() as session:
        family = [a_person(post, session, name).id for name in ("甲", "乙", "丙")]
        for person_id in family:
            people.link(session, person_id, post.phone_id, post.now, "household")
    for person_id in family * 2:
        post.queue("reminder", contact_point_id=post.phone_id, person_id=person_id, text_key=DUE)
    await post.deliver()
    assert len(post.aliyun.sent) == post.limits.fuse
    assert [alarm.kind for alarm in post.alarms()] == ["fuse"]


async def test_who_has_two_phones_is_told_no_more_than_who_has_one(post: PostOffice) -> None:
    post.change(window_left=99)
    for contact_id in (post.chat_id, post.phone_id) * 3:
        post.queue("reminder", contact_point_id=contact_id, text_key=DUE)
    await post.deliver()
    assert len(post.aliyun.sent) + len(post.wechat.sent) == post.limits.fuse
