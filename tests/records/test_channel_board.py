"""The board of the ways out: states in one word, counts, and nobody's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from records import alarms, channel_board, halting, sent
from records.channel_board import CUT, FINE, OFF, PROBING, SLOW, TROUBLE, UNUSED, Way
from records.db import Database
from records.tables import (
    Canary,
    DeliveryAttempt,
    DeliveryReceipt,
    InboundMessage,
    OutboundMessage,
    ProviderState,
    TemplateApproval,
)
from records.vault import Vault
from tests.inbox.county import County, there

MINUTE = timedelta(minutes=1)
ALIYUN = "aliyun:main"
Tries = Callable[..., None]


@pytest.fixture
def county(sqlite_database: Database, vault: Vault, now: datetime) -> Iterator[County]:
    """On SQLite; one test asks the same of PostgreSQL."""
    with sqlite_database.transaction() as session:
        yield County(session, vault, now).build()


@pytest.fixture
def session(county: County) -> Session:
    return county.session


@pytest.fixture
def tries(county: County, now: datetime) -> Tries:
    """Some attempts over a provider."""
    message = county.unsure(*county.person("a"))

    def _tries(
        count: int, result: str | None, code: str = "", *, ago: timedelta = MINUTE, took: float = 1
    ) -> None:
        for _ in range(count):
            _tries.number += 1  # type: ignore[attr-defined]
            began = now - ago
            county.session.add(
                DeliveryAttempt(
                    outbound_message_id=message,
                    number=_tries.number,  # type: ignore[attr-defined]
                    route="sms:template",
                    provider=ALIYUN,
                    began_at=began,
                    ended_at=began + timedelta(seconds=took) if result else None,
                    result=result,
                    code=code or None,
                    segments=2,
                )
            )
        county.session.flush()

    _tries.number = 1  # type: ignore[attr-defined]
    return _tries


def way(session: Session, now: datetime, set_up: tuple[str, ...] = (ALIYUN,)) -> Way:
    found = channel_board.ways(session, set_up, now)
    return next(one for one in found if one.provider == ALIYUN)


def known(session: Session, **values: Any) -> None:
    session.add(ProviderState(provider=ALIYUN, **values))
    session.flush()


def test_nothing_set_up_is_an_empty_board(county: County, session: Session, now: datetime) -> None:
    board = there(channel_board.board(session, county.readers["duty"], (), now, now))
    assert (board.ways, board.waiting, board.alarms, board.stopped) == ((), (), (), None)
    assert board.late_since is None


@pytest.mark.parametrize("login", ["doctor_a", "curator"])
def test_who_has_nothing_to_do_with_channels_sees_none(
    county: County, session: Session, now: datetime, login: str
) -> None:
    assert channel_board.board(session, county.readers[login], (ALIYUN,), now, now) is None


def test_today_and_the_last_hour_are_counted_apart(
    session: Session, tries: Tries, now: datetime
) -> None:
    tries(3, "delivered")
    tries(2, "never", "isv.MOBILE_NUMBER_ILLEGAL", ago=2 * 60 * MINUTE)
    tries(4, "accepted", ago=20 * 60 * MINUTE)
    tries(1, None)
    one = way(session, now)
    assert dict(one.today.by_result) == {"delivered": 3, "never": 2, "under_way": 1}
    assert (one.today.tries, one.today.taken, one.today.segments) == (6, 3, 12)
    assert dict(one.hour.by_result) == {"delivered": 3, "under_way": 1}
    [code] = one.codes
    assert (code.result, code.code, code.count) == ("never", "isv.MOBILE_NUMBER_ILLEGAL", 2)


def test_a_way_that_was_never_used_says_so(session: Session, now: datetime) -> None:
    assert way(session, now).condition == UNUSED


def test_a_way_that_took_something_is_fine(session: Session, tries: Tries, now: datetime) -> None:
    tries(6, "accepted")
    assert way(session, now).condition == FINE


@pytest.mark.parametrize(
    ("values", "condition"),
    [
        ({"trouble": "balance"}, TROUBLE),
        ({"opened_at": 0, "open_until": 1}, CUT),
        ({"opened_at": -2, "open_until": -1}, PROBING),
        ({"opened_at": -2, "open_until": 1, "trouble": "key"}, TROUBLE),
        ({"last_accepted_at": -60}, FINE),
    ],
)
def test_the_state_in_one_word(
    session: Session, now: datetime, values: dict[str, Any], condition: str
) -> None:
    known(
        session,
        **{
            name: now + value * MINUTE if isinstance(value, int) else value
            for name, value in values.items()
        },
    )
    assert way(session, now).condition == condition


def test_many_that_come_to_nothing_are_slow(session: Session, tries: Tries, now: datetime) -> None:
    tries(4, "accepted")
    tries(2, "retry", "throttled")
    assert way(session, now).condition == SLOW


def test_long_answers_are_slow(session: Session, tries: Tries, now: datetime) -> None:
    tries(5, "accepted", took=8)
    one = way(session, now)
    assert (one.condition, one.seconds) == (SLOW, 8.0)


def test_a_provider_of_former_days_is_off(session: Session, now: datetime) -> None:
    known(session)
    assert way(session, now, set_up=()).condition == OFF


def test_when_a_provider_was_last_heard(county: County, session: Session, now: datetime) -> None:
    _, point = county.person("a")
    said = county.says(point, "好", ago=3 * MINUTE)
    for provider, ago in ((ALIYUN, 5), (ALIYUN, 4), ("tencent:main", 9)):
        session.add(
            DeliveryReceipt(
                provider=provider,
                provider_id=f"b{ago}",
                delivered=True,
                received_at=now - ago * MINUTE,
            )
        )
    row = session.get_one(InboundMessage, said)
    session.add(
        InboundMessage(
            contact_point_id=point,
            channel="sms",
            account="main",
            external_id="aliyun:77",
            kind="text",
            sent_at=now,
            received_at=now - 7 * MINUTE,
        )
    )
    session.flush()
    one = way(session, now)
    assert (one.last_receipt_at, one.last_inbound_at) == (now - 4 * MINUTE, now - 7 * MINUTE)
    found = channel_board.ways(session, (f"wechat:{row.account}", "kannel:main"), now)
    assert [each.last_inbound_at for each in found[:2]] == [now - 3 * MINUTE, None]


def test_canaries_and_templates_stand_with_their_provider(session: Session, now: datetime) -> None:
    for day in (14, 22, 23):
        session.add(Canary(provider=ALIYUN, day=date(2026, 11, day), sent_at=now, result="x"))
    session.add(
        TemplateApproval(
            provider=ALIYUN, name="canary", template_id="SMS_1", state="paused", checked_at=now
        )
    )
    session.flush()
    one = way(session, now)
    assert [canary.day.day for canary in one.canaries] == [23, 22]
    assert there(one.canary).day.day == 23
    assert [approval.state for approval in one.approvals] == ["paused"]


def test_a_message_that_may_be_lost_opens_only_for_who_may_see_the_person(
    county: County, session: Session, now: datetime
) -> None:
    county.unsure(*county.person("c"))
    for login, visible in (("duty", True), ("town_doctor", False), ("bureau", False)):
        board = there(channel_board.board(session, county.readers[login], (), now, now))
        assert [one.visible for one in board.unsure] == [visible]
        assert board.unknown == 1


def test_the_pulse_is_four_numbers(county: County, session: Session, now: datetime) -> None:
    county.unsure(*county.person("a"))
    alarms.raise_for_operator(session, alarms.TROUBLE, ALIYUN, now)
    pulse = channel_board.pulse(session, now, now)
    assert pulse == channel_board.Pulse(0, 1, 1, stopped=False)


def test_a_stop_says_who_why_and_since_when(session: Session, now: datetime) -> None:
    assert halting.halt(session, "operator", "everything", "发错了模板", now)
    assert not halting.halt(session, "operator", "everything", "again", now)
    found = there(halting.halted(session))
    assert (found.scope, found.since, found.by, found.why) == (
        "everything",
        now,
        "operator",
        "发错了模板",
    )
    assert channel_board.pulse(session, now, now).stopped
    assert halting.go_on(session, "operator", "改好了", now) == 0
    assert halting.go_on(session, "operator", "改好了", now) is None
    assert halting.halted(session) is None


def test_both_engines_read_the_same(database: Database, vault: Vault, now: datetime) -> None:
    with database.transaction() as session:
        made = County(session, vault, now).build()
        message = made.unsure(*made.person("a"))
        late = session.get_one(OutboundMessage, made.unsure(*made.person("b")))
        late.state, late.reason, late.next_attempt_at = "queued", "provider_shut", now + MINUTE
        session.add(late)
        session.flush()
        doctor = made.readers["doctor_a"]
        board = there(channel_board.board(session, made.readers["duty"], ("wechat:wx1",), now, now))
        assert [(one.id, one.visible) for one in board.unsure] == [(message, True)]
        assert board.late_since == now - 9 * MINUTE
        assert board.ways[0].today.tries == 2
        assert [one.id for one in sent.unsure(session, vault, doctor, now)] == [message]
        assert there(sent.settle(session, doctor, message, "received", now)).done
        assert channel_board.pulse(session, now, now).unknown_today == 0
