"""The budget of a conversation: our ledger and the platform's own never disagree, and the last sends
are kept for what matters more, whatever happens in whatever order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, delete

from channels.delivery import Limits, Routes, deliver_due
from channels.port import Letter, Result, SendOutcome
from records import windows
from records.db import Database
from records.tables import ContactPoint, DeliveryAttempt, OutboundMessage
from records.vault import Vault
from records.windows import Window
from simulator.errors import ApiError
from simulator.quota import QuotaLedger, Trigger
from tests.channels.world import APP_ID, ScriptedChannel, a_contact, outbound_rows, queue

PURPOSES = ("safety", "doctor", "reply", "reminder", "education")
KEYS = {
    "safety": "safety.general_emergency",
    "doctor": "doctor.replied",
    "reply": "reading.recorded",
    "reminder": "followup.reminder1",
    "education": "lesson.one",
}
# What must be left after a send of each purpose.
KEPT = {"reminder": 1, "education": 2}
GRANTS = {
    "say": (Trigger.MESSAGE, Window(timedelta(hours=48), 5)),
    "tap": (Trigger.MENU, Window(timedelta(minutes=1), 3)),
}
ALL_DAY = Limits(fuse=99, quiet_from=time(0), quiet_until=time(0), lanes=1)
NUMBERS = count()

STEPS = st.lists(
    st.sampled_from(sorted(GRANTS))
    | st.tuples(st.just("pass"), st.sampled_from([0.5, 2.0, 60 * 30.0, 60 * 49.0]))
    | st.tuples(st.just("send"), st.sampled_from(PURPOSES)),
    max_size=25,
)


@dataclass
class Counting(ScriptedChannel):
    """Refuses what the platform's own ledger refuses, and remembers what was left before each send."""

    quota: QuotaLedger = field(default_factory=QuotaLedger)
    templates: tuple[str, ...] = ()
    spent: list[tuple[str, int]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        left = self.quota.left(letter.address, now)
        try:
            self.quota.spend(letter.address, now)
        except ApiError as error:
            self.refused.append(error.errcode)
            return SendOutcome(Result.CHANNEL_CLOSED, str(error.errcode), "window_used_up")
        self.spent.append((letter.purpose, left))
        return SendOutcome(Result.ACCEPTED, "0")


@dataclass
class Talk:
    """One conversation from its beginning."""

    db: Database
    vault: Vault
    now: datetime
    channel: Counting
    openid: str
    contact_id: str

    def grant(self, act: str) -> None:
        trigger, window = GRANTS[act]
        self.channel.quota.grant(self.openid, trigger, self.now)
        with self.db.transaction() as session:
            contact = session.get_one(ContactPoint, self.contact_id)
            windows.grant(contact, window, self.now)
            session.add(contact)

    def send(self, purpose: str) -> str:
        """Queue and deliver; returns the state it ends in."""
        with self.db.transaction() as session:
            row = queue(
                session,
                self.vault,
                self.now,
                purpose=purpose,
                text_key=KEYS[purpose],
                contact_point_id=self.contact_id,
            )
        routes = Routes({("wechat", APP_ID): self.channel})
        asyncio.run(deliver_due(self.db, self.vault, routes, self.now, limits=ALL_DAY))
        return next(one.state for one in outbound_rows(self.db) if one.id == row.id)


def begin(db: Database, vault: Vault, now: datetime) -> Talk:
    openid = f"o-{next(NUMBERS)}"
    with db.transaction() as session:
        session.execute(delete(DeliveryAttempt))
        session.execute(delete(OutboundMessage).where(col(OutboundMessage.id).is_not(None)))
        contact = a_contact(session, vault, now, openid, window_until=None, window_left=0)
        contact_id = contact.id
    return Talk(db, vault, now, Counting(), openid, contact_id)


@pytest.mark.slow
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_no_reminder_and_no_lesson_ever_takes_the_last_sends(
    sqlite_database: Database, vault: Vault, now: datetime, steps: list[str | tuple[str, object]]
) -> None:
    talk = begin(sqlite_database, vault, now)
    for step in steps:
        match step:
            case "say" | "tap":
                talk.grant(str(step))
            case ("pass", minutes):
                talk.now += timedelta(minutes=float(str(minutes)))
            case ("send", purpose):
                before = talk.channel.quota.left(talk.openid, talk.now)
                state = talk.send(str(purpose))
                if purpose == "safety":
                    assert (state == "accepted") == (before > 0)
    assert talk.channel.refused == [], "our ledger never promises what the platform refuses"
    assert all(left > KEPT.get(purpose, 0) for purpose, left in talk.channel.spent)


@pytest.mark.parametrize("started", ["reminder", "education"])
def test_what_we_start_leaves_room_for_danger(
    sqlite_database: Database, vault: Vault, now: datetime, started: str
) -> None:
    talk = begin(sqlite_database, vault, now)
    talk.grant("say")
    states = [talk.send(started) for _ in range(6)]
    assert states.count("accepted") == 5 - KEPT[started]
    assert talk.send("safety") == "accepted"


def test_a_tap_gives_three_sends_for_its_minute_and_takes_none_away(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    talk = begin(sqlite_database, vault, now)
    talk.grant("say")
    assert [talk.send("doctor") for _ in range(4)] == ["accepted"] * 4
    talk.grant("tap")
    assert [talk.send("reply") for _ in range(3)] == ["accepted"] * 3
    assert talk.send("reply") == "channel_closed"
