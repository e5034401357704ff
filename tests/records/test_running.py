"""Heartbeats, ticks and markers, written by several workers at the same instant."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

from sqlmodel import Session

from records import running
from records.db import Database

WORKERS = 4


def test_two_workers_may_note_the_first_run_of_a_tick_at_the_same_instant(
    database: Database, now: datetime
) -> None:
    begun = Barrier(WORKERS, timeout=20)

    def note(worker: int) -> None:
        begun.wait()
        ended = now + timedelta(seconds=worker)
        with database.transaction() as session:
            running.note_tick(session, "deliver", now, ended, "ok")

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(note, range(WORKERS)))
    with database.reading() as session:
        assert [tick.name for tick in running.ticks(session)] == ["deliver"]


def test_a_first_beat_waits_for_the_same_one_of_another_transaction(
    database: Database, now: datetime
) -> None:
    later = now + timedelta(seconds=9)

    def beat(at: datetime) -> None:
        with database.transaction() as session:
            running.beat(session, "w1", at)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(beat, [now, later]))
    with database.reading() as session:
        assert running.last_beat(session) in {now, later}


def test_a_value_that_is_set_again_in_the_same_transaction_is_the_new_one(
    database: Database, now: datetime
) -> None:
    def value(session: Session) -> str | None:
        return running.marked(session, "index")

    with database.transaction() as session:
        assert value(session) is None
        running.mark(session, "index", "1", now)
        assert value(session) == "1"
        running.mark(session, "index", "2", now + timedelta(minutes=1))
        assert value(session) == "2"
