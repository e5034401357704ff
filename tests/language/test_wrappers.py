"""What is said around a value or a complaint does not change what it is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from care.level import Level
from care.situation import Background, Programme
from language.judgement import highest, judge
from language.reader import read

with (Path(__file__).parent / "cases" / "wrappers.toml").open("rb") as file:
    WRAPPERS = tomllib.load(file)
SENDER = Background(age=60, conditions=frozenset({Programme.HYPERTENSION}))


def filled(table: str) -> Iterator[tuple[str, str]]:
    for fill in WRAPPERS[table]["fill"]:
        for around in WRAPPERS[table]["around"]:
            yield fill, around.replace("{}", fill)


def stored(message: str) -> list[str]:
    return sorted(str(mention.reading) for mention in read(message).storable)


def level(message: str) -> Level:
    return highest(judge(read(message), SENDER))


def test_a_value_is_stored_whatever_is_said_around_it() -> None:
    assert [m for fill, m in filled("stored") if stored(m) != stored(fill)] == []


def test_what_is_not_the_senders_value_of_now_is_never_stored() -> None:
    assert [m for _, m in filled("not_stored") if stored(m)] == []


def test_an_alarming_complaint_is_heard_whatever_is_said_around_it() -> None:
    assert [m for _, m in filled("alarming") if level(m) < Level.URGENT] == []


def test_a_complaint_asked_about_denied_or_past_raises_no_alarm() -> None:
    assert [m for _, m in filled("calm") if level(m) >= Level.URGENT] == []


def test_a_disease_in_a_lesson_raises_no_alarm() -> None:
    assert [m for _, m in filled("lessons") if level(m) >= Level.URGENT] == []
