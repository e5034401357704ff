import asyncio
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from channels.delivery import Routes
from records import readings, running
from records.tables import StoredReading, Throttle
from schedules import clock
from schedules.clock import run_once
from schedules.housekeeping import tidy
from schedules.ticks import TICKS, Tick, Work
from tests.agent.scene import Village


@pytest.fixture
def work(village: Village) -> Work:
    return Work(
        database=village.database,
        tools=village.tools,
        routes=Routes({}),
        media={},
        clock=lambda: village.now,
        worker="test:1",
    )


def named(name: str) -> Tick:
    return next(tick for tick in TICKS if tick.name == name)


async def test_every_tick_runs_on_an_empty_day_and_does_nothing(work: Work) -> None:
    for tick in TICKS:
        assert await run_once(tick, work) == (tick.name in {"beat", "keep_figures"})


async def test_the_answer_tick_empties_the_queue(work: Work, village: Village) -> None:
    village.hear("血压128/78")
    village.later(seconds=20)
    assert await run_once(named("answer"), work) == 1
    assert len(village.said()) == 1
    with village.database.reading() as session:
        (row,) = running.ticks(session)
    assert (row.name, row.result) == ("answer", "ok")


async def test_a_tick_that_fails_is_noted_and_does_not_stop_the_clock(work: Work) -> None:
    async def burn(_: Work) -> int:
        msg = "burnt"
        raise RuntimeError(msg)

    assert await run_once(Tick("burning", timedelta(seconds=1), burn), work) == 0
    with work.database.reading() as session:
        (row,) = running.ticks(session)
    assert (row.name, row.result) == ("burning", "RuntimeError")


async def test_a_heartbeat_is_seen(work: Work, now: datetime) -> None:
    await run_once(named("beat"), work)
    with work.database.reading() as session:
        last = running.last_beat(session)
    assert last is not None
    assert last >= now


async def runs_of(work: Work, monkeypatch: pytest.MonkeyPatch, name: str, every: timedelta) -> int:
    """How often a tick ran until it had run once and the clock was told to stop."""
    ran: list[str] = []
    first = asyncio.Event()

    async def note(_: Work) -> int:
        ran.append(name)
        first.set()
        return 1

    monkeypatch.setattr(clock, "TICKS", (Tick(name, every, note),))
    stop = asyncio.Event()
    running_clock = asyncio.create_task(clock.run(work, stop))
    await asyncio.wait_for(first.wait(), 5)
    stop.set()
    await asyncio.wait_for(running_clock, 5)
    return len(ran)


async def test_the_clock_runs_until_it_is_told_to_stop(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await runs_of(work, monkeypatch, "noting", timedelta(milliseconds=20)) >= 1


async def test_a_worker_says_at_once_that_it_lives(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its next beat is far off, and until then the pages would call it dead."""
    assert await runs_of(work, monkeypatch, "beat", timedelta(hours=1)) == 1


async def stopped_meanwhile(
    work: Work, monkeypatch: pytest.MonkeyPatch, finish: asyncio.Event, told: list[str]
) -> None:
    """A worker is told to stop while its only tick waits for an answer from outside."""
    sending = asyncio.Event()

    async def send(_: Work) -> int:
        told.append("sent")
        sending.set()
        try:
            await finish.wait()
        except asyncio.CancelledError:
            told.append("cut off")
            raise
        told.append("written down")
        return 1

    monkeypatch.setattr(clock, "TICKS", (Tick("deliver", timedelta(milliseconds=20), send),))
    stop = asyncio.Event()
    running_clock = asyncio.create_task(clock.run(work, stop))
    await asyncio.wait_for(sending.wait(), 5)
    stop.set()
    await asyncio.sleep(0.1)
    assert work.stopping.is_set()
    if told == ["sent"]:
        asyncio.get_running_loop().call_later(0.05, finish.set)
    await asyncio.wait_for(running_clock, 5)
    await asyncio.sleep(0.05)


async def test_what_is_being_sent_when_the_worker_stops_is_still_written_down(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    await stopped_meanwhile(work, monkeypatch, asyncio.Event(), told)
    assert told == ["sent", "written down"]


async def test_what_never_ends_is_cut_off_in_the_end(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_FINISH_SECONDS", 0.05)
    told: list[str] = []
    await stopped_meanwhile(work, monkeypatch, asyncio.Event(), told)
    assert told == ["sent", "cut off"]


async def test_a_worker_that_stops_begins_no_other_turn(work: Work, village: Village) -> None:
    village.hear("血压128/78")
    village.later(seconds=20)
    work.stopping.set()
    assert await run_once(named("answer"), work) == 0
    assert village.said() == []


def test_nobody_objected_so_the_value_counts(village: Village) -> None:
    village.say("14892")
    tidy(village.database, village.tools, village.now + timedelta(hours=23))
    assert state(village) == readings.UNCONFIRMED
    tidy(village.database, village.tools, village.now + timedelta(hours=25))
    assert state(village) == readings.STORED


def test_what_has_expired_is_forgotten(village: Village) -> None:
    then = village.now - timedelta(days=3)
    with village.database.transaction() as session:
        session.add(Throttle(key="k", window_began_at=then, count=3))
        running.beat(session, "old:1", then)
    assert tidy(village.database, village.tools, village.now) == 2


def state(village: Village) -> str:
    with village.database.reading() as session:
        return session.exec(select(StoredReading.state)).one()
