"""`suifang simulate`: builds a county in a database of its own, lets it live, judges it."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from agent.context import Answers
from agent.loading import Tools
from records import migrations
from records.db import Database
from records.times import CHINA
from records.vault import Vault
from simulator.county.world import World
from suifang import schooling
from suifang.errors import ConfigurationError
from suifang.simulation.deeds import Deeds
from suifang.simulation.judging import Report, judge
from suifang.simulation.living import Clock, Life, Progress, reception
from suifang.simulation.phones import Pagers, Platform
from suifang.simulation.settling import settle


@dataclass(frozen=True, slots=True)
class Plan:
    """Which life is lived: so many people, from a first day on, drawn from one seed."""

    people: int
    days: int
    seed: int
    first_day: date

    @classmethod
    def of(cls, people: int, days: int, seed: int, first_day: str) -> Plan:
        """A plan from what was typed.

        Raises:
            ConfigurationError: the first day is no date.
        """
        try:
            return cls(people, days, seed, date.fromisoformat(first_day))
        except ValueError:
            msg = f"{first_day} is no day: write it like 2026-01-01."
            raise ConfigurationError(msg) from None


def simulate(plan: Plan, answers: Answers, tell: Progress) -> Report:
    """Live through so many days from the first midnight; `tell` hears of every day that passed."""
    with tempfile.TemporaryDirectory(prefix="suifang-simulate-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'county.db'}")
        try:
            migrations.upgrade(database)
            return _live(database, plan, answers, tell)
        finally:
            database.dispose()


def _live(database: Database, plan: Plan, answers: Answers, tell: Progress) -> Report:
    began = datetime.combine(plan.first_day, clock_time.min, tzinfo=CHINA)
    vault = Vault(os.urandom(32), os.urandom(32))
    world = World(people=plan.people, first_day=plan.first_day, days=plan.days, seed=plan.seed)
    with database.transaction() as session:
        settled = settle(session, vault, world, began)
    life = Life(
        database=database,
        vault=vault,
        world=world,
        settled=settled,
        tools=Tools(vault, answers),
        platform=Platform(world),
        pagers=Pagers(world, settled.login_of),
        clock=Clock(began),
        reception=reception(vault),
        deeds=Deeds(database, vault, world, settled),
        school=schooling.of_everything(answers) if isinstance(answers, schooling.Shelf) else None,
    )
    started = time.monotonic()
    until = began + timedelta(days=plan.days)
    asyncio.run(life.live(until, tell))
    return judge(life, began, plan.seed, time.monotonic() - started)
