"""Whose file is heard next, when more wait than one ear can hear."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from records import heard, media
from records.db import Database
from records.heard import File
from records.identity import new_id
from records.messages import Arrival, MediaRef, accept
from records.vault import Vault

LEASE = timedelta(minutes=3)
A_MOMENT = timedelta(seconds=1)


class Queue:
    """Senders whose files are stored at once, and an ear that takes them one by one."""

    def __init__(self, database: Database, vault: Vault, now: datetime) -> None:
        self.database, self.vault, self.now = database, vault, now

    def sends(self, name: str, files: int = 1) -> None:
        """Each file holds the name of its sender and its number."""
        for number in range(1, files + 1):
            self.now += A_MOMENT
            with self.database.transaction() as session:
                accept(
                    session,
                    self.vault,
                    Arrival(
                        channel="wechat",
                        account="wx1",
                        address=name,
                        external_id=new_id(),
                        kind="voice",
                        media=(MediaRef(new_id(), "voice"),),
                        sent_at=self.now,
                    ),
                    self.now,
                    wake_at=self.now,
                )
                row = media.claim(session, self.now, LEASE)
                assert row is not None
                file = media.File(f"{name}{number}".encode(), "audio/amr")
                media.store(session, self.vault, row.id, file, self.now)

    def takes(self) -> File | None:
        self.now += A_MOMENT
        with self.database.transaction() as session:
            return heard.claim(session, self.vault, {"voice"}, self.now, LEASE)

    def hears(self) -> str:
        """Take the next file and be done with it; whose it was."""
        file = self.takes()
        if file is None:
            return ""
        with self.database.transaction() as session:
            assert heard.keep(session, self.vault, file.media_id, {"text": "好"}, self.now)
        return file.content.decode()


@pytest.fixture
def queue(database: Database, vault: Vault, now: datetime) -> Queue:
    return Queue(database, vault, now)


def test_one_sender_of_many_files_does_not_keep_the_others_waiting(queue: Queue) -> None:
    queue.sends("a", 4)
    assert queue.hears() == "a1"
    queue.sends("b", 2)
    queue.sends("c")
    assert [queue.hears() for _ in range(7)] == ["b1", "c1", "a2", "b2", "a3", "a4", ""]


def test_files_that_are_just_being_heard_count_for_their_sender(queue: Queue) -> None:
    queue.sends("a", 2)
    queue.sends("b")
    taken = [queue.takes() for _ in range(3)]
    assert [file and file.content for file in taken] == [b"a1", b"b1", b"a2"]


def test_what_was_heard_earlier_in_the_day_puts_nobody_back(queue: Queue) -> None:
    queue.sends("a", 3)
    assert [queue.hears() for _ in range(3)] == ["a1", "a2", "a3"]
    queue.sends("b", 2)
    queue.sends("a")
    assert [queue.hears() for _ in range(3)] == ["b1", "a1", "b2"]


def test_a_file_that_is_tried_again_waits_behind_nobody_of_its_sender(queue: Queue) -> None:
    queue.sends("a", 2)
    first = queue.takes()
    assert first is not None
    with queue.database.transaction() as session:
        assert heard.retry(session, first.media_id, queue.now)
    assert [queue.hears() for _ in range(2)] == ["a1", "a2"]
