"""What is wrong with the ways out is told once, and settled when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlmodel import select

from channels.delivery import Routes, deliver_due
from channels.notice import NoticeChannel
from records import alarms, halting, outbound
from records.identity import new_id
from records.outbound import DOCTOR, REMINDER, SAFETY, Draft
from records.tables import OutboundMessage, Practitioner, ProviderState, TemplateApproval
from schedules.watching import bounds, watch
from tests.agent.scene import Village

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_numbers = count(1)


@pytest.fixture
def operator(village: Village) -> str:
    """Somebody who runs the installation."""
    with village.database.transaction() as session:
        here = session.exec(select(Practitioner.facility_id)).first()
        assert here is not None
        row = Practitioner(
            id=new_id(),
            facility_id=here,
            role="operator",
            login="root",
            password_hash="x",
            created_at=village.now,
        )
        session.add(row)
        return row.id


def queue(village: Village, purpose: str, ago: timedelta, **values: object) -> str:
    with village.database.transaction() as session:
        draft = Draft(
            purpose=purpose,
            text_key="x",
            body="好",
            send_key=f"w{next(_numbers)}",
            expires_at=village.now + timedelta(days=1),
        )
        row = outbound.queue(session, village.vault, draft, village.now - ago)
        assert row is not None
        row = session.get_one(OutboundMessage, row.id)
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)
        return row.id


def look(village: Village, now: datetime | None = None) -> int:
    return watch(village.database, village.tools, now or village.now)


def opened(village: Village) -> list[tuple[str, str]]:
    with village.database.reading() as session:
        return [(one.kind, one.subject) for one in alarms.open_alarms(session)]


def told(village: Village) -> list[tuple[str | None, str]]:
    with village.database.reading() as session:
        rows = session.exec(
            select(OutboundMessage)
            .where(OutboundMessage.purpose == outbound.NOTICE)
            .where(OutboundMessage.text_key == "notice.channels")
            .order_by(OutboundMessage.created_at)  # type: ignore[arg-type]
        ).all()
        return [(row.practitioner_id, outbound.text_of(village.vault, row)) for row in rows]


def arrive(village: Village) -> None:
    """The notices are delivered."""
    with village.database.transaction() as session:
        for row in session.exec(
            select(OutboundMessage).where(OutboundMessage.purpose == outbound.NOTICE)
        ).all():
            row.state = "accepted"
            session.add(row)


def test_a_quiet_day_opens_nothing(village: Village, operator: str) -> None:
    assert look(village) == 0
    assert opened(village) == []
    assert told(village) == []


@pytest.mark.parametrize(
    ("purpose", "ago", "raised"),
    [
        (SAFETY, 61, True),
        (SAFETY, 59, False),
        (DOCTOR, 301, True),
        (DOCTOR, 299, False),
        (REMINDER, 7201, True),
        (REMINDER, 7199, False),
    ],
)
def test_each_purpose_has_its_own_patience(
    village: Village, purpose: str, ago: int, raised: bool
) -> None:
    queue(village, purpose, timedelta(seconds=ago))
    look(village)
    assert opened(village) == ([(alarms.OLDEST_UNSENT, purpose)] if raised else [])


def test_what_is_held_back_on_purpose_raises_nothing(village: Village) -> None:
    night = {"reason": "quiet_hours", "next_attempt_at": village.now + HOUR}
    queue(village, REMINDER, 10 * HOUR, **night)
    with village.database.transaction() as session:
        halting.halt(session, "operator", "everything", "x", village.now)
    queue(village, DOCTOR, HOUR)
    look(village)
    assert opened(village) == [(alarms.STOPPED, "all")]


def test_an_alarm_ends_when_its_cause_does_and_rings_once(village: Village, operator: str) -> None:
    late = queue(village, DOCTOR, 10 * MINUTE)
    for minutes in range(3):
        look(village, village.now + minutes * MINUTE)
    [(who, words)] = told(village)
    assert who == operator
    assert words == "随访系统有1件事要管理员看：该发的没发出去。请打开工作台“消息通道”。"
    with village.database.transaction() as session:
        row = session.get_one(OutboundMessage, late)
        row.state = "accepted"
        session.add(row)
    assert look(village, village.now + 4 * MINUTE) == 1
    assert opened(village) == []


def test_an_alarm_that_stands_rings_again_the_next_day_until_it_is_taken(
    village: Village, operator: str
) -> None:
    queue(village, DOCTOR, 10 * MINUTE, expires_at=village.now + timedelta(days=9))
    for days in (0, 1):
        look(village, village.now + timedelta(days=days))
        arrive(village)
    assert len(told(village)) == 2
    with village.database.transaction() as session:
        [alarm] = alarms.open_alarms(session)
        alarms.acknowledge_alarm(session, alarm.id, village.now, operator)
    look(village, village.now + timedelta(days=2))
    assert len(told(village)) == 2


def test_what_comes_together_rings_together(village: Village, operator: str) -> None:
    with village.database.transaction() as session:
        alarms.raise_for_operator(session, alarms.BREAKER, "aliyun:main", village.now)
        for number in range(30):
            alarms.raise_for_operator(session, alarms.FUSE, f"c{number}", village.now)
    look(village)
    [(_, words)] = told(village)
    assert words.startswith("随访系统有2件事要管理员看：连着发不出去（阿里云短信）、一天发得太多。")


def test_what_can_wait_rings_nobody_at_night(village: Village, operator: str) -> None:
    night = village.now + 14 * HOUR
    with village.database.transaction() as session:
        alarms.raise_for_operator(session, alarms.CANARY, "aliyun:main", night)
        alarms.raise_for_operator(session, alarms.BREAKER, "tencent:main", night)
    look(village, night)
    assert [words.partition("：")[2][:6] for _, words in told(village)] == ["连着发不出去"]
    look(village, night + 10 * HOUR)
    assert "每日自检没通过" in told(village)[1][1]


def test_a_stop_rings_when_it_was_forgotten(village: Village, operator: str) -> None:
    with village.database.transaction() as session:
        halting.halt(session, "operator", "everything", "x", village.now)
    look(village, village.now + 59 * MINUTE)
    assert told(village) == []
    look(village, village.now + 60 * MINUTE)
    assert len(told(village)) == 1


def test_the_fuses_of_yesterday_are_over(village: Village) -> None:
    with village.database.transaction() as session:
        alarms.raise_for_operator(session, alarms.FUSE, "c1", village.now)
    look(village, village.now + HOUR)
    assert opened(village) == [(alarms.FUSE, "c1")]
    look(village, village.now + timedelta(days=1))
    assert opened(village) == []


def test_what_a_provider_that_is_gone_once_did_is_over_in_a_week(village: Village) -> None:
    with village.database.transaction() as session:
        alarms.raise_for_operator(session, alarms.BREAKER, "aliyun:main", village.now)
        state: dict[str, Any] = {"balance": 1, "balance_unit": "cny", "balance_at": village.now}
        session.add(ProviderState(provider="aliyun:main", **state))
    look(village)
    assert len(opened(village)) == 2
    look(village, village.now + timedelta(days=7, minutes=1))
    assert opened(village) == []


async def test_the_notice_goes_the_way_of_all_notices(village: Village, operator: str) -> None:
    with village.database.transaction() as session:
        alarms.raise_for_operator(session, alarms.BREAKER, "aliyun:main", village.now)
    look(village)
    routes = Routes({}, NoticeChannel())
    assert await deliver_due(village.database, village.vault, routes, village.now) == 1
    with village.database.reading() as session:
        [row] = session.exec(select(OutboundMessage)).all()
    assert (row.practitioner_id, row.state) == (operator, "accepted")


def test_many_that_may_be_lost_are_an_alarm(village: Village) -> None:
    for _ in range(bounds().unknown_today):
        assert opened(village) == []
        queue(village, DOCTOR, MINUTE, state="unknown", settled_at=village.now)
        look(village)
    assert opened(village) == [(alarms.UNKNOWN_SENDS, "today")]


def test_little_money_and_a_refused_template_are_alarms_until_they_are_mended(
    village: Village,
) -> None:
    with village.database.transaction() as session:
        for provider, unit in (("aliyun:main", "cny"), ("kannel:main", "eur")):
            session.add(
                ProviderState(
                    provider=provider, balance=12, balance_unit=unit, balance_at=village.now
                )
            )
        for name, state in (("canary", "paused"), ("danger", "approved")):
            session.add(
                TemplateApproval(
                    provider="aliyun:main",
                    name=name,
                    template_id="SMS_1",
                    state=state,
                    checked_at=village.now,
                )
            )
    look(village)
    assert opened(village) == [
        (alarms.LOW_BALANCE, "aliyun:main"),
        (alarms.TEMPLATE, "aliyun:main/canary"),
    ]
    with village.database.transaction() as session:
        session.get_one(ProviderState, "aliyun:main").balance = 500
        session.get_one(TemplateApproval, ("aliyun:main", "canary")).state = "approved"
    look(village)
    assert opened(village) == []


def test_without_an_administrator_the_county_is_rung(village: Village) -> None:
    with village.database.transaction() as session:
        alarms.raise_for_operator(session, alarms.BREAKER, "aliyun:main", village.now)
        row = session.exec(select(Practitioner)).first()
        assert row is not None
        row.role = "county_duty"
        session.add(row)
        who = row.id
    look(village)
    assert [practitioner for practitioner, _ in told(village)] == [who]
