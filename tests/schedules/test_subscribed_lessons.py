"""Lessons for those who subscribed to them: the chat need not be open, and each yes is one lesson."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from records import subscriptions
from records.subscriptions import LONG_TERM, ONE_TIME, Choice
from records.tables import OutboundMessage
from schedules.lesson_plan import NO_WINDOW, foresee
from tests.agent.scene import Village
from tests.schedules.classroom import Classroom, a_school

LESSON = "tpl-lesson"


@pytest.fixture
def room(village: Village) -> Classroom:
    """The window of the phone has been shut for long."""
    found = Classroom(village, replace(a_school(), leave=(LESSON, ONE_TIME)))
    found.open_window(left=0, lasts=timedelta(hours=-1))
    found.at_its_time()
    return found


def choose(room: Classroom, mark: str, kind: str = ONE_TIME) -> None:
    with room.village.database.transaction() as session:
        asked = [Choice(LESSON, kind, mark)]
        subscriptions.note(session, room.village.contact_id, asked, room.now, mark)


def hindrances(room: Classroom) -> list[str | None]:
    with room.village.database.reading() as session:
        plan = foresee(session, room.village.vault, room.school, room.now)
        return [one.hindrance for one in plan]


def test_without_a_yes_a_shut_window_stays_shut(room: Classroom) -> None:
    assert hindrances(room) == [NO_WINDOW]
    assert room.teach() == 0


def test_whoever_subscribed_is_taught_and_told_so_by_a_template(room: Classroom) -> None:
    choose(room, subscriptions.YES)
    assert hindrances(room) == [None]
    assert room.teach() == 1
    with room.village.database.reading() as session:
        (message,) = session.exec(select(OutboundMessage)).all()
    assert message.template == {"name": "lesson"}


def test_a_yes_that_is_used_up_teaches_nobody(room: Classroom) -> None:
    choose(room, subscriptions.YES)
    with room.village.database.transaction() as session:
        subscriptions.spend(session, room.village.contact_id, LESSON, ONE_TIME, room.now)
    assert hindrances(room) == [NO_WINDOW]
    assert room.teach() == 0


@pytest.mark.parametrize(("mark", "given"), [(subscriptions.YES, 1), (subscriptions.FORBIDDEN, 0)])
def test_a_lasting_yes_holds_until_it_is_taken_back(room: Classroom, mark: str, given: int) -> None:
    room.school = replace(room.school, leave=(LESSON, LONG_TERM))
    choose(room, mark, LONG_TERM)
    assert room.teach() == given
