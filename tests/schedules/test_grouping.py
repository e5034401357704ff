"""New questions find those that ask the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlmodel import Session, select

from agent.loading import Tools
from records import asked, question_groups
from records.asked import Asker, Question
from records.db import Database
from records.tables import AskedQuestion, QuestionGroup
from records.vault import Vault
from schedules.grouping import group_due
from tests.agent.scene import OneAnswer


def keep(database: Database, vault: Vault, now: datetime, *texts: str) -> None:
    with database.transaction() as session:
        for text in texts:
            question = Question(text, asked.UNKNOWN)
            assert asked.keep(session, vault, text, question, Asker(()), now)


def groups(database: Database) -> int:
    with database.reading() as session:
        return len(set(session.exec(select(AskedQuestion.group_id)).all()))


def test_the_same_question_joins_its_group_now_and_later(
    sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    tools = Tools(vault, OneAnswer())
    assert group_due(sqlite_database, tools, now) == 0
    keep(sqlite_database, vault, now, "高血压能染头发吗", "糖尿病能泡温泉吗", "血压高染头发有事吗")
    assert group_due(sqlite_database, tools, now) == 3
    assert groups(sqlite_database) == 2
    keep(sqlite_database, vault, now, "泡温泉血糖高的人行吗", "血糖仪试纸过期了还能用吗")
    assert group_due(sqlite_database, tools, now) == 2
    assert groups(sqlite_database) == 3
    assert group_due(sqlite_database, tools, now) == 0


def test_two_workers_that_group_at_the_same_time_make_one_group(
    database: Database, vault: Vault, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(database, vault, now, "高血压能染头发吗", "血压高染头发有事吗", "血压高能不能染头发")
    tools, put, others = Tools(vault, OneAnswer()), question_groups.put, list[str]()

    def too_late(session: Session, question_id: str, *more: Any) -> str:
        """Between reading and writing, the other worker has done all of it."""
        if not others:
            others.append(question_id)
            with database.reading() as reading:
                new = [row for row, _ in asked.ungrouped(reading, vault)]
            assert put(session, new[0], None, *more[1:])
        return put(session, question_id, *more)

    monkeypatch.setattr(question_groups, "put", too_late)
    assert group_due(database, tools, now) == 3
    assert groups(database) == 1
    with database.reading() as session:
        assert len(session.exec(select(QuestionGroup)).all()) == 1
