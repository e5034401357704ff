"""The table of ticks: what is looked at, and how often. Each claims due rows and may run twice.

APScheduler keeps a handful of fixed intervals and no patient's job. What a stopped machine missed
is found from the rows, so a tick that is late, coalesced or run on ten machines does no harm.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.loading import Tools
from agent.perceiving import perceive_next
from agent.turn import take_turn
from channels.delivery import Limits, Routes, deliver_due
from channels.media import Sources, fetch_wanted
from channels.port import Mailbox
from channels.reception import Reception
from knowledge.rehearsal import Rehearsal
from knowledge.shelf import Shelf
from records import running
from records.db import Database
from reports import keeping
from schedules import (
    canary,
    collecting,
    escalating,
    following_up,
    grouping,
    housekeeping,
    importing,
    polling,
    shelving,
    teaching,
    trying,
    watching,
)

_DELIVERIES = 50


@dataclass(frozen=True, slots=True)
class Work:
    """Everything the ticks need. `clock` is read once per step of work, never inside a rule.

    `school`: what is taught unasked, and when; None where lessons are off. `mailboxes`: ways in that
    are asked, whose messages `reception` takes. `perch`: where canaries land. `stopping`: set when the
    worker ends; what takes long leaves the rest to the next one.
    """

    database: Database
    tools: Tools
    routes: Routes
    media: Sources
    clock: Callable[[], datetime]
    worker: str
    shelf: Shelf | None = None
    rehearsal: Rehearsal | None = None
    school: teaching.School | None = None
    mailboxes: Sequence[Mailbox] = ()
    reception: Reception | None = None
    perch: canary.Perch = field(default_factory=canary.Perch)
    limits: Limits = field(default_factory=Limits)
    stopping: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Tick:
    """One interval. Returns how much it did, for the record of runs."""

    name: str
    every: timedelta
    run: Callable[[Work], Awaitable[int]]


async def answer(work: Work) -> int:
    """Take turns until no conversation is due."""
    done = 0
    while not work.stopping.is_set() and await asyncio.to_thread(
        take_turn, work.database, work.tools, work.clock
    ):
        done += 1
    return done


async def perceive(work: Work) -> int:
    """Listen to voice messages and look at photos, one after the other."""
    done = 0
    while not work.stopping.is_set() and await asyncio.to_thread(
        perceive_next, work.database, work.tools.vault, work.tools.senses, work.clock
    ):
        done += 1
    return done


async def deliver(work: Work) -> int:
    """Send what is due."""
    return await deliver_due(
        work.database,
        work.tools.vault,
        work.routes,
        work.clock(),
        _DELIVERIES,
        limits=work.limits,
        stopping=work.stopping,
    )


async def collect(work: Work) -> int:
    """Fetch messages and receipts from the mailboxes, where nobody calls us."""
    if work.reception is None:
        return 0
    return await collecting.collect_from(
        work.mailboxes, work.database, work.reception, work.clock()
    )


async def fetch_media(work: Work) -> int:
    """Fetch photos and voice messages before the platform forgets them."""
    return await fetch_wanted(work.database, work.tools.vault, work.media, work.clock())


async def escalate(work: Work) -> int:
    """Ring whoever is next for alarms that nobody has picked up, or that somebody forgot."""
    reopened = await _in_thread(work, escalating.reopen_due)
    return reopened + await _in_thread(work, escalating.ring_due)


async def open_follow_ups(work: Work) -> int:
    """Begin the follow-ups whose day has come."""
    return await _in_thread(work, following_up.open_due)


async def remind(work: Work) -> int:
    """Remind twice, then hand the silent to the doctor."""
    return await _in_thread(work, following_up.remind_due)


async def teach(work: Work) -> int:
    """Give the weekly lessons whose time has come."""
    school = work.school
    if school is None:
        return 0
    return await work.database.hop(
        lambda: teaching.teach_due(work.database, work.tools.vault, school, work.clock())
    )


async def shelve(work: Work) -> int:
    """Serve what curators have signed since."""
    shelf = work.shelf
    if shelf is None:
        return 0
    return await work.database.hop(lambda: shelving.renew(work.database, shelf, work.clock()))


async def group_questions(work: Work) -> int:
    """Put new questions for the curators beside those that ask the same."""
    return await _in_thread(work, grouping.group_due)


async def import_registers(work: Work) -> int:
    """Settle rows of the registers that were confirmed."""
    return await _in_thread(work, importing.settle_due)


async def try_drafts(work: Work) -> int:
    """Find out what a curator's draft would change."""
    rehearsal = work.rehearsal
    if rehearsal is None:
        return 0
    return await work.database.hop(
        lambda: trying.try_due(work.database, work.tools, rehearsal, work.clock, work.stopping)
    )


async def watch_channels(work: Work) -> int:
    """Raise, settle and ring what is wrong with the ways out."""
    return await _in_thread(work, watching.watch)


async def send_canaries(work: Work) -> int:
    """One message a day over every provider to the operator's own phone."""
    return await canary.send_due(
        work.database, work.tools.vault, work.routes, work.perch, work.clock()
    )


async def poll_providers(work: Work) -> int:
    """What is left on our accounts, and which templates are approved."""
    return await polling.poll(work.database, work.routes, work.clock())


async def tidy(work: Work) -> int:
    """Confirm what nobody objected to, and forget what has expired."""
    return await _in_thread(work, housekeeping.tidy)


async def keep_figures(work: Work) -> int:
    """Bring the monthly states up to date, and close the months whose time has come."""
    return await work.database.hop(lambda: keeping.refresh(work.database, work.clock()))


async def beat(work: Work) -> int:
    """Say that this worker lives."""
    now = work.clock()
    await work.database.write(lambda session: running.beat(session, work.worker, now))
    return 1


async def _in_thread(work: Work, step: Callable[[Database, Tools, datetime], int]) -> int:
    return await work.database.hop(lambda: step(work.database, work.tools, work.clock()))


TICKS = (
    Tick("answer", timedelta(seconds=0.5), answer),
    Tick("deliver", timedelta(seconds=0.5), deliver),
    Tick("collect", timedelta(seconds=2), collect),
    Tick("fetch_media", timedelta(seconds=2), fetch_media),
    Tick("perceive", timedelta(seconds=1), perceive),
    Tick("escalate", timedelta(seconds=1), escalate),
    Tick("open_follow_ups", timedelta(seconds=30), open_follow_ups),
    Tick("remind", timedelta(seconds=30), remind),
    Tick("teach", timedelta(minutes=2), teach),
    Tick("shelve", timedelta(seconds=3), shelve),
    Tick("group_questions", timedelta(seconds=10), group_questions),
    Tick("import_registers", timedelta(seconds=1), import_registers),
    Tick("try_drafts", timedelta(seconds=2), try_drafts),
    Tick("keep_figures", timedelta(minutes=1), keep_figures),
    Tick("watch_channels", timedelta(seconds=20), watch_channels),
    Tick("send_canaries", timedelta(minutes=1), send_canaries),
    Tick("poll_providers", timedelta(minutes=2), poll_providers),
    Tick("tidy", timedelta(minutes=5), tidy),
    Tick("beat", timedelta(seconds=10), beat),
)
