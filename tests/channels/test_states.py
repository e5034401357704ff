"""Whatever providers answer, whenever receipts come and workers die: states only move forward."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from channels.delivery import Limits, Routes, deliver_due
from channels.port import Letter, Result, SendOutcome
from channels.receipts import take_receipt
from records.db import Database
from records.outbound import Receipt
from records.tables import DeliveryAttempt, OutboundMessage, ProviderState
from records.vault import Vault
from tests.channels.world import APP_ID, ScriptedChannel, a_contact, queue

PROVIDER = f"wechat:{APP_ID}"
OPEN = frozenset({"queued", "sending"})
# Under way, settled, on the phone: nothing goes back.
RANK = MappingProxyType({"queued": 0, "sending": 0, "delivered": 2})
MAY_HAVE_ARRIVED = frozenset({"accepted", "delivered", "unknown", "crash", "broken"})

answers = st.sampled_from([*Result, "crash", "broken"])
receipts = st.tuples(st.integers(0, 4), st.booleans(), st.sampled_from(["id", "echo"]))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), answers),
        st.tuples(st.just("receipt"), receipts),
        st.tuples(st.just("wait"), st.integers(1, 400)),
    ),
    min_size=1,
    max_size=14,
)


Happening = tuple[str, Any]


class PowerCut(BaseException):
    """Not an Exception: nothing catches a power cut."""


@dataclass
class Story:
    """One message, and everything that happens to it."""

    db: Database
    vault: Vault
    now: datetime
    purpose: str
    channel: ScriptedChannel = field(default_factory=ScriptedChannel)
    called: list[str] = field(default_factory=list)
    next_answer: str = "accepted"
    message_id: str = ""
    ranks: list[int] = field(default_factory=list)

    def begin(self) -> None:
        with self.db.transaction() as session:
            for row in session.exec(select(OutboundMessage)).all():
                row.state, row.expires_at = "never", self.now
            for provider in session.exec(select(ProviderState)).all():
                session.delete(provider)
            openid = f"o-{self.now.timestamp()}-{id(self)}"
            contact = a_contact(session, self.vault, self.now, openid, window_left=99)
            message = queue(
                session,
                self.vault,
                self.now,
                purpose=self.purpose,
                contact_point_id=contact.id,
                expires_at=self.now + timedelta(minutes=30),
            )
            self.message_id = message.id
        self.channel.send_text = self._send  # type: ignore[method-assign]

    async def _send(self, letter: Letter, now: datetime) -> SendOutcome:
        assert letter.message_id == self.message_id
        answer, self.next_answer = self.next_answer, "accepted"
        self.called.append(answer)
        if answer == "crash":
            raise PowerCut
        if answer == "broken":
            raise ValueError
        return SendOutcome(Result(answer), "1", "reason", provider_id=f"p{len(self.called)}")

    async def work(self) -> None:
        routes = Routes({("wechat", APP_ID): self.channel})
        try:
            await deliver_due(self.db, self.vault, routes, self.now, limits=Limits(lanes=1))
        except PowerCut:
            self.now += timedelta(seconds=1)

    def receipt(self, number: int, *, delivered: bool, by: str) -> None:
        with self.db.transaction() as session:
            tries = self._tries(session)
            attempt = tries[number] if number < len(tries) else None
            echo = attempt.id if attempt is not None and by == "echo" else None
            code = "ok" if delivered else "no"
            given = Receipt(f"p{number + 1}", delivered, code, PROVIDER, echo)
            take_receipt(session, given, self.now)

    def look(self) -> OutboundMessage:
        with self.db.reading() as session:
            row = session.get_one(OutboundMessage, self.message_id)
            assert len(self._tries(session)) == len(self.called), "every call has its attempt"
        self.ranks.append(RANK.get(row.state, 1))
        return row

    def _tries(self, session: Session) -> list[DeliveryAttempt]:
        return list(
            session.exec(
                select(DeliveryAttempt)
                .where(DeliveryAttempt.outbound_message_id == self.message_id)
                .order_by(col(DeliveryAttempt.number))
            ).all()
        )


async def told(story: Story, happenings: list[Happening]) -> OutboundMessage:
    for kind, what in happenings:
        if kind == "answer":
            story.next_answer = str(what)
            await story.work()
        elif kind == "wait":
            story.now += timedelta(seconds=what)
            await story.work()
        else:
            number, delivered, by = what
            story.receipt(number, delivered=delivered, by=by)
        story.look()
    # Then time passes, and a worker is there.
    for _ in range(4):
        story.now += timedelta(minutes=31)
        await story.work()
        story.look()
    return story.look()


def judge(story: Story, row: OutboundMessage) -> None:
    assert row.state not in OPEN, "nothing waits for ever"
    assert story.ranks == sorted(story.ranks), "no state goes back"
    assert row.reason or row.state in {"accepted", "delivered"}, "every other end has a reason"
    reached = [answer for answer in story.called if answer in MAY_HAVE_ARRIVED]
    if story.purpose != "safety":
        assert len(reached) <= 1, "what is routine is said once"
    if row.state == "accepted":
        assert "accepted" in story.called or "delivered" in story.called


SOME = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FEW = settings(SOME, max_examples=8)


@pytest.mark.slow
@SOME
@given(happenings=steps, purpose=st.sampled_from(["safety", "reply", "doctor"]))
def test_states_only_move_forward_and_nothing_is_said_twice_or_lost(
    sqlite_database: Database,
    vault: Vault,
    now: datetime,
    happenings: list[Happening],
    purpose: str,
) -> None:
    story = Story(sqlite_database, vault, now, purpose)
    story.begin()
    judge(story, asyncio.run(told(story, happenings)))


@pytest.mark.slow
@FEW
@given(happenings=steps, purpose=st.sampled_from(["safety", "reply", "doctor"]))
def test_the_same_on_postgresql(
    postgres_url: str,
    vault: Vault,
    now: datetime,
    happenings: list[Happening],
    purpose: str,
) -> None:
    database = Database(postgres_url)
    story = Story(database, vault, now, purpose)
    story.begin()
    judge(story, asyncio.run(told(story, happenings)))
    database.dispose()
