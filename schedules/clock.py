"""The real clock: runs every tick at its interval until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from records import running
from schedules.ticks import TICKS, Tick, Work

log = structlog.get_logger()

# Whoever started the worker (`suifang.serve`, a container) kills it after twenty.
_FINISH_SECONDS = 15.0


async def run(work: Work, stop: asyncio.Event) -> None:
    """Tick until `stop` is set, then let running ticks finish.

    A message that was handed over and not written down would be sent twice or never known.
    """
    # A tick that is still running when its time comes round is skipped on purpose.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = AsyncIOScheduler(timezone="UTC")
    busy: set[asyncio.Task[object]] = set()

    async def once(tick: Tick) -> None:
        if work.stopping.is_set():
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in a task
        busy.add(task)
        try:
            await run_once(tick, work)
        finally:
            busy.discard(task)

    for tick in TICKS:
        scheduler.add_job(
            once,
            "interval",
            args=(tick,),
            seconds=tick.every.total_seconds(),
            id=tick.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    # Until a worker has said that it lives the pages call it dead, and the next beat is far off.
    for tick in TICKS:
        if tick.name == "beat":
            await once(tick)
    scheduler.start()
    log.info("worker.started", worker=work.worker)
    try:
        await stop.wait()
    finally:
        # Long ticks look at it between two steps.
        work.stopping.set()
    scheduler.pause()
    if busy:
        await asyncio.wait(busy, timeout=_FINISH_SECONDS)
    # This cancels whatever is still running.
    scheduler.shutdown(wait=False)
    log.info("worker.stopped", worker=work.worker)


async def run_once(tick: Tick, work: Work) -> int:
    """One run of one tick. An error is logged and seen in `suifang doctor`; the next run goes on."""
    began = work.clock()
    try:
        done = await tick.run(work)
    except Exception as error:
        log.exception("tick.failed", tick=tick.name, error=type(error).__name__)
        await _note(tick, work, began, type(error).__name__)
        return 0
    if done and tick.name != "beat":
        await _note(tick, work, began, "ok")
    return done


async def _note(tick: Tick, work: Work, began: datetime, result: str) -> None:
    ended = work.clock()
    await work.database.write(
        lambda session: running.note_tick(session, tick.name, began, ended, result)
    )
