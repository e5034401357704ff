"""`suifang simulate`: builds a county in a database of its own, lets it live, judges it."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from datetime import date, datetime
from datetime import time as clock_time
from pathlib import Path

from agent.context import Answers
from agent.loading import Tools
from records import migrations
from records.db import Database
from records.times import CHINA
from records.vault import Vault
from simulator.county.world import World
from suifang.simulation.deeds import Deeds
from suifang.simulation.judging import Report, judge
from suifang.simulation.living import Clock, Life, Progress, reception
from suifang.simulation.phones import Pagers, Platform
from suifang.simulation.settling import settle


def simulate(
    *,
    people: int,
    days: int,
    seed: int,
    first_day: date,
    answers: Answers,
    tell: Progress,
) -> Report:
    """Live through so many days from the morning of the first one."""
    with tempfile.TemporaryDirectory(prefix="suifang-simulate-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'county.db'}")
        try:
            migrations.upgrade(database)
            return _live(database, people, days, seed, first_day, answers, tell)
        finally:
            database.dispose()


def _live(
    database: Database,
    people: int,
    days: int,
    seed: int,
    first_day: date,
    answers: Answers,
    tell: Progress,
) -> Report:
    began = datetime.combine(first_day, clock_time.min, tzinfo=CHINA)
    vault = Vault(os.urandom(32), os.urandom(32))
    world = World(people=people, first_day=first_day, days=days, seed=seed)
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
    )
    started = time.monotonic()
    until = datetime.fromordinal(first_day.toordinal() + days).replace(tzinfo=CHINA)
    asyncio.run(life.live(until, tell))
    return judge(life, began, seed, time.monotonic() - started)
