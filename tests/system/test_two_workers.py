"""Two workers on one database, their clocks run by hand over New Year: nothing happens twice.

Every tick runs on both at the same moment, by day and by night; once both stand still for two days.
The judge is the simulated platform's log, beside the rows.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session, col, select

from agent.loading import Tools
from care.situation import Programme
from channels.delivery import Routes
from channels.notice import NoticeChannel
from channels.reception import Reception
from channels.wechat.account import WeChatAccount
from channels.wechat.client import WeChatClient
from channels.wechat.token import TokenKeeper
from channels.wechat.webhook import Callback, router
from knowledge.library import Library
from records import follow_ups, messages, outbound, people, running
from records.conversations import DONE
from records.db import Database
from records.follow_ups import DRAFT, PLANNED, SILENT
from records.messages import Address
from records.people import Registration
from records.tables import (
    Escalation,
    EscalationEvent,
    FollowUp,
    InboundMessage,
    OutboundMessage,
    Task,
)
from records.times import CHINA
from records.vault import Vault
from schedules.clock import run_once
from schedules.ticks import TICKS, Tick, Work
from simulator.log import Kind
from simulator.patient import PatientSide
from simulator.platform import Platform
from simulator.server import create_app
from simulator.settings import DemoPatient, SimulatorSettings, TemplateSpec
from suifang.installation import watch
from suifang.seed.places import settle_places
from tests.channels.world import MovingClock

APP_ID, TOKEN = "wx5823bf96d3bd56c7", "demo-token"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
TEMPLATE = TemplateSpec("tpl", "随访到期", {"thing1": "项目", "time2": "时间", "thing3": "提示"})
BEGINS = datetime(2026, 12, 29, 7, 30, tzinfo=CHINA)
ENDS = datetime(2027, 1, 9, 12, 0, tzinfo=CHINA)
ASLEEP = (datetime(2027, 1, 2, 18, 0, tzinfo=CHINA), datetime(2027, 1, 4, 9, 10, tzinfo=CHINA))
SILENT_ONES = tuple(f"o-silent-{number}" for number in range(8))
ANSWERS, IN_DANGER = "o-answers", "o-danger"
# Who says what when; the second copy of a message is a repeat under the same id.
SAID = {
    datetime(2026, 12, 30, 19, 50, tzinfo=CHINA): (ANSWERS, "血压128/76,没有不舒服"),
    datetime(2026, 12, 31, 23, 50, tzinfo=CHINA): (IN_DANGER, "胸口压榨一样疼,出冷汗"),
    datetime(2027, 1, 1, 0, 10, tzinfo=CHINA): (ANSWERS, "药按时吃了"),
}

pytestmark = pytest.mark.slow


def _moments() -> Iterator[datetime]:
    """Every ten minutes around midnight and the edges of the quiet hours, else every hour."""
    now = BEGINS
    while now <= ENDS:
        if not ASLEEP[0] < now < ASLEEP[1]:
            yield now
        edge = now.hour in (7, 8, 19, 20, 23, 0)
        now += timedelta(minutes=10 if edge or now.minute else 60)


@dataclass
class Days:
    """What the two workers lived through."""

    database: Database
    platform: Platform
    clock: MovingClock
    works: list[Work] = field(default_factory=list)

    async def live(self) -> None:
        patients = PatientSide(self.platform)
        for moment in _moments():
            self.clock.now = moment
            if moment in SAID:
                await patients.say(*SAID[moment])
                self.clock.move(seconds=30)
            for tick in TICKS:
                await self._both(tick)
        await self._both(next(tick for tick in TICKS if tick.name == "deliver"))

    async def _both(self, tick: Tick) -> None:
        await asyncio.gather(*(run_once(tick, work) for work in self.works))
        await self.platform.settle()

    def started_by_us(self, openid: str) -> list[datetime]:
        """When a template reached this phone."""
        log = self.platform.log.entries(openid, Kind.TEMPLATE)
        return [entry.at.astimezone(CHINA) for entry in log]


@pytest.fixture
async def days(database: Database, vault: Vault) -> AsyncIterator[Days]:
    account = WeChatAccount(
        app_id=APP_ID,
        secret="not-a-secret",
        token=TOKEN,
        aes_keys=(AES_KEY,),
        templates={"followup_due": "tpl", "followup_reminder": "tpl"},
    )
    async with _platform(database, vault, account) as lived:
        with database.transaction() as session:
            _settle(session, vault)
        yield lived


@asynccontextmanager
async def _platform(
    database: Database, vault: Vault, account: WeChatAccount
) -> AsyncIterator[Days]:
    """The simulated platform, our callback, and two workers with a database handle of their own."""
    product, clock = FastAPI(), MovingClock(BEGINS)
    settings = SimulatorSettings(
        app_id=APP_ID,
        secret="not-a-secret",
        token=TOKEN,
        encoding_aes_key=AES_KEY,
        callback_url="http://product/wechat/main",
        patients=tuple(
            DemoPatient(openid, openid, "") for openid in (*SILENT_ONES, ANSWERS, IN_DANGER)
        ),
        templates=(TEMPLATE,),
        receipt_after=0.0,
    )
    async with AsyncExitStack() as stack:
        inside = httpx.AsyncClient(transport=httpx.ASGITransport(product))
        simulator = create_app(settings, clock=clock, http=inside)
        stack.push_async_callback(simulator.state.platform.close)
        lived = Days(database, simulator.state.platform, clock)
        reception = Reception(vault, watch, settle=timedelta(0))
        callback = Callback(account, database, reception, clock)
        product.include_router(router({"main": callback}))
        transport = httpx.ASGITransport(simulator)
        http = httpx.AsyncClient(base_url="http://platform", transport=transport)
        await stack.enter_async_context(http)
        for name in ("one:1", "two:2"):
            own = Database(database.url)
            stack.callback(own.dispose)
            client = WeChatClient(account, http, TokenKeeper(account, http, own, vault))
            lived.works.append(
                Work(
                    database=own,
                    tools=Tools(vault, Library(None, None, serve_pending=True)),
                    routes=Routes({("wechat", APP_ID): client}, NoticeChannel(http, "/notices")),
                    media={},
                    clock=clock,
                    worker=name,
                )
            )
        yield lived


def _settle(session: Session, vault: Vault) -> None:
    """Everybody is registered; follow-ups are due on the last and the first days of the year."""
    places = settle_places(session, vault, BEGINS)
    for number, openid in enumerate((*SILENT_ONES, ANSWERS, IN_DANGER)):
        both = number % 4 == 0
        programmes = tuple(Programme)[: 2 if both else 1]
        registration = Registration(f"村民{number}", places.villages[0].id, programmes=programmes)
        person = people.register(session, vault, registration, BEGINS)
        contact = messages.ensure_contact_point(
            session, vault, Address("wechat", APP_ID, openid), BEGINS
        )
        people.link(session, person.id, contact.id, BEGINS)
        if openid == IN_DANGER:
            continue
        due = date(2026, 12, 30) + timedelta(days=number % 4 if openid != ANSWERS else 0)
        for programme in programmes if openid != ANSWERS else (Programme.HYPERTENSION,):
            follow_ups.plan(session, person.id, programme, due)


async def test_over_new_year_two_workers_do_everything_once(days: Days) -> None:
    await days.live()
    _nothing_failed(days)
    _the_silent_were_asked_three_times_and_then_phoned(days)
    _nobody_was_woken_by_us(days)
    _who_wrote_was_answered_once(days)
    _the_alarm_rang_once_a_step(days)


def _nothing_failed(days: Days) -> None:
    with days.database.reading() as session:
        assert {run.result for run in running.ticks(session)} == {"ok"}
        assert set(session.exec(select(InboundMessage.state)).all()) == {DONE}
        ends = set(session.exec(select(OutboundMessage.purpose, OutboundMessage.state)).all())
    # What was to be rung while both stood still is too old when they are back.
    late = {(outbound.NOTICE, outbound.EXPIRED)}
    assert {state for _, state in ends - late} <= {outbound.ACCEPTED, outbound.DELIVERED}


def _the_silent_were_asked_three_times_and_then_phoned(days: Days) -> None:
    """Opened, reminded after two and five days, on the call list after seven."""
    asked = {openid: [at.date() for at in days.started_by_us(openid)] for openid in SILENT_ONES}
    assert {openid: len(set(dates)) for openid, dates in asked.items()} == dict.fromkeys(asked, 3)
    assert {openid: len(dates) for openid, dates in asked.items()} == dict.fromkeys(asked, 3)
    assert days.platform.log.duplicates() == []
    with days.database.reading() as session:
        calls = session.exec(select(Task.person_id).where(Task.reason == "silent")).all()
        silent = session.exec(select(FollowUp.person_id).where(FollowUp.state == SILENT)).all()
        others = Counter(session.exec(select(FollowUp.state)).all())
    assert Counter(calls) == Counter(set(silent))
    assert len(calls) == len(SILENT_ONES)
    # Whoever answered has a draft, and the next one planned.
    assert others == {SILENT: len(silent), DRAFT: 1, PLANNED: 1}


def _nobody_was_woken_by_us(days: Days) -> None:
    for openid in (*SILENT_ONES, ANSWERS):
        assert all(8 <= at.hour < 20 for at in days.started_by_us(openid)), openid


def _who_wrote_was_answered_once(days: Days) -> None:
    """Also ten minutes after midnight: an answer knows no quiet hours."""
    log = days.platform.log
    replies = [entry.at.astimezone(CHINA) for entry in log.entries(ANSWERS, Kind.CUSTOM)]
    assert [(at.day, at.hour) for at in replies] == [(30, 19), (1, 0)]
    assert len(list(log.entries(IN_DANGER, Kind.PASSIVE))) == 1


def _the_alarm_rang_once_a_step(days: Days) -> None:
    with days.database.reading() as session:
        alarm = session.exec(select(Escalation)).one()
        rung = session.exec(
            select(EscalationEvent)
            .where(EscalationEvent.kind == "rung")
            .order_by(col(EscalationEvent.at))
        ).all()
    assert {event.escalation_id for event in rung} == {alarm.id}
    steps = [event.step for event in rung]
    assert steps == sorted(set(steps))
    assert len(steps) > 10
    notices = Counter((e.openid, e.at) for e in days.platform.log if e.kind is Kind.NOTICE)
    assert max(notices.values()) == 1
