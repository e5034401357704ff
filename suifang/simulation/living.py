"""The loop: the county acts, the ticks run, the clock jumps to whatever comes next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from sqlmodel import select

from agent.loading import Tools
from channels.delivery import Routes
from channels.reception import Reception
from records import messages
from records.db import Database
from records.escalations import CLOSED
from records.messages import Arrival
from records.tables import Escalation
from records.times import CHINA
from records.vault import Vault
from records.windows import Window
from schedules.teaching import School
from schedules.ticks import TICKS, Work
from simulator.county.happening import Changed, Deed, Followed, Happening, Said
from simulator.county.world import World
from suifang import installation
from suifang.simulation.deeds import Deeds
from suifang.simulation.phones import Pagers, Platform
from suifang.simulation.settling import ACCOUNT, Settled
from suifang.simulation.upcoming import next_due

CHANNEL = "wechat"
_WINDOW = Window(lasts=timedelta(hours=48), sends=5)
# Looked at in every step, because they answer people; the rest when it could find something.
_ALWAYS = ("answer", "deliver")
_WHILE_RINGING = "escalate"
_SOMETIMES = ("open_follow_ups", "remind", "teach", "tidy")
_SOMETIMES_EVERY = timedelta(minutes=30)
_SMALLEST_STEP = timedelta(seconds=1)
_MOST_ROUNDS = 500

Progress = Callable[[int], None]


@dataclass
class Clock:
    """The only clock of the run."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Life:
    """One run: the product's rows on one side, the county on the other."""

    database: Database
    vault: Vault
    world: World
    settled: Settled
    tools: Tools
    platform: Platform
    pagers: Pagers
    clock: Clock
    reception: Reception
    deeds: Deeds
    school: School | None = None
    said: list[Said] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    _last_sometimes: datetime | None = None

    @property
    def work(self) -> Work:
        return Work(
            database=self.database,
            tools=self.tools,
            routes=Routes({(CHANNEL, ACCOUNT): self.platform}, self.pagers),
            media={},
            clock=self.clock,
            worker="simulation",
            school=self.school,
        )

    async def live(self, until: datetime, tell: Progress) -> None:
        """Let everything happen up to a moment."""
        work, first = self.work, self.clock.now
        while self.clock.now < until:
            for happening in self.world.happenings(self.clock.now):
                self._happen(happening)
            await self._tick(work)
            tell((self.clock.now - first).days)
            self.clock.now = min(self._next(), until)

    def _next(self) -> datetime:
        with self.database.reading() as session:
            due = next_due(session, self.clock.now, self.school)
        coming = self.world.next_at
        soonest = min(due, coming) if coming is not None else due
        return max(soonest, self.clock.now + _SMALLEST_STEP)

    async def _tick(self, work: Work) -> None:
        names = list(_ALWAYS)
        if self._ringing():
            names.append(_WHILE_RINGING)
        last = self._last_sometimes
        if last is None or self.clock.now - last >= _SOMETIMES_EVERY or self._opening():
            names += _SOMETIMES
            self._last_sometimes = self.clock.now
        for _ in range(_MOST_ROUNDS):
            if not sum([await tick.run(work) for tick in TICKS if tick.name in names]):
                return

    def _ringing(self) -> bool:
        with self.database.reading() as session:
            found = select(Escalation.id).where(Escalation.state != CLOSED).limit(1)
            return session.exec(found).first() is not None

    def _opening(self) -> bool:
        return self.clock.now.astimezone(CHINA).time() == time(8, 0)

    def _happen(self, happening: Happening) -> None:
        if isinstance(happening, Said):
            self.said.append(happening)
            self._hear(happening)
        elif isinstance(happening, Followed):
            self._follow(happening)
        elif isinstance(happening, Changed):
            self.changed.append(happening)
            self.deeds.change(happening)
        elif isinstance(happening, Deed):
            self.deeds.do(happening)

    def _hear(self, said: Said) -> None:
        self.platform.wrote(said.phone, said.at)
        arrival = Arrival(
            channel=CHANNEL,
            account=ACCOUNT,
            address=said.phone,
            external_id=f"simulated:{said.number}",
            kind="text",
            sent_at=said.at,
            text=said.text,
            window=_WINDOW,
        )
        with self.database.transaction() as session:
            accepted = self.reception.receive(session, arrival, self.clock.now)
        if accepted.passive and accepted.new:
            self.platform.passively(
                said.phone, f"passive:{accepted.message_id}", accepted.passive, said.at
            )

    def _follow(self, followed: Followed) -> None:
        if followed.follows:
            self.platform.left.discard(followed.phone)
        else:
            self.platform.left.add(followed.phone)
        arrival = Arrival(
            channel=CHANNEL,
            account=ACCOUNT,
            address=followed.phone,
            external_id=f"simulated:{followed.phone}:{followed.at.timestamp()}",
            kind="event",
            sent_at=followed.at,
            event={"event": "subscribe" if followed.follows else "unsubscribe"},
            waits=False,
            follows=followed.follows,
        )
        with self.database.transaction() as session:
            messages.accept(session, self.vault, arrival, self.clock.now, wake_at=self.clock.now)


def reception(vault: Vault) -> Reception:
    """The reception of the live product, with its settling time."""
    return Reception(vault, installation.watch)
