"""A platform's message is done once, and answered the same as long as copies of it may come."""

from __future__ import annotations

from datetime import datetime, timedelta

from records import answers
from records.db import Database
from records.vault import Vault


def test_a_copy_reads_the_first_answer_until_it_is_forgotten(
    database: Database, vault: Vault, now: datetime
) -> None:
    done: list[str] = []

    def said(word: str, name: str, at: datetime) -> str:
        def act() -> str:
            done.append(word)
            return word

        with database.transaction() as session:
            return answers.once(session, vault, name, act, at)

    assert said("a", "wecom:1", now) == "a"
    assert said("b", "wecom:1", now) == "a"
    assert said("c", "wecom:2", now + timedelta(hours=1)) == "c"
    with database.transaction() as session:
        assert answers.sweep(session, now + answers.LIVES) == 1
    assert said("d", "wecom:2", now + timedelta(hours=2)) == "c"
    assert said("e", "wecom:1", now + timedelta(hours=2)) == "e"
    assert done == ["a", "c", "e"]
