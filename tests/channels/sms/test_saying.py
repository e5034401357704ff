"""What lies open on a screen names nobody; what a template could not say, a doctor says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import Session, select

from channels.sms.saying import BY_TEMPLATE, phone_besides, words_for
from channels.templates import Template, registry
from records.db import Database
from records.tables import ContactPoint, OutboundMessage, Task
from records.vault import Vault
from tests.channels.world import MovingClock, a_contact, queue
from texts.catalogue import Channel, Use, catalogue, render

STARTED = [
    key for key, one in catalogue().sentences.items() if one.use is Use.INITIATED and one.sms
]


@pytest.mark.parametrize("key", STARTED)
def test_what_we_start_names_nobody_on_sms(key: str) -> None:
    said = words_for(key, "王桂芳，该随访啦。请坐着歇5分钟量个血压。")
    assert said == render(str(catalogue().sentence(key).sms))
    assert "王桂芳" not in said
    assert Channel.SMS in catalogue().sentence(str(catalogue().sentence(key).sms)).channels


@pytest.mark.parametrize(
    "key", ["reading.recorded", "doctor.replied", "answer.passage", "lesson.today"]
)
def test_other_words_go_as_they_are(key: str) -> None:
    assert words_for(key, "记下了：血压128/76。") == "记下了：血压128/76。"


@pytest.fixture
def told(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.transaction() as session:
        yield session


def said(session: Session, vault: Vault, clock: MovingClock, key: str) -> OutboundMessage:
    """A reply that went out by SMS."""
    contact = session.exec(select(ContactPoint)).first() or a_contact(
        session, vault, clock.now, "+8613800001111", channel="sms", account="main"
    )
    queued = queue(session, vault, clock.now, contact_point_id=contact.id, text_key=key)
    message = session.get_one(OutboundMessage, queued.id)
    message.state = "accepted"
    session.flush()
    return message


def calls(session: Session) -> list[str]:
    return [task.reason for task in session.exec(select(Task)).all()]


@pytest.mark.parametrize(
    ("key", "name"), [("answer.passage", "question_noted"), ("doctor.replied", "reply_waiting")]
)
def test_a_doctor_phones_where_a_template_only_tells_that_there_is_something(
    told: Session, vault: Vault, clock: MovingClock, key: str, name: str
) -> None:
    message = said(told, vault, clock, key)
    assert phone_besides(told, message, name, clock.now)
    assert not phone_besides(told, message, name, clock.now)
    assert calls(told) == [f"undelivered:{BY_TEMPLATE}"]


def test_what_is_asked_again_in_vain_is_asked_by_a_doctor(
    told: Session, vault: Vault, clock: MovingClock
) -> None:
    first = said(told, vault, clock, "reading.joined")
    assert not phone_besides(told, first, "read_back", clock.now)
    clock.move(hours=3)
    second = said(told, vault, clock, "reading.clarify_number")
    assert phone_besides(told, second, "read_back", clock.now)
    clock.move(hours=30)
    third = said(told, vault, clock, "reading.joined")
    assert not phone_besides(told, third, "read_back", clock.now)


@pytest.mark.parametrize("name", ["reading_noted", "a WeChat template"])
def test_nobody_phones_where_everything_was_said(
    told: Session, vault: Vault, clock: MovingClock, name: str
) -> None:
    message = said(told, vault, clock, "reading.recorded")
    assert not phone_besides(told, message, name, clock.now)
    assert calls(told) == []


@pytest.mark.parametrize("entry", [one for one in registry() if one.calls and one.text_keys])
def test_a_call_that_a_template_leaves_to_a_doctor_is_kept_whatever_goes_in_its_place(
    told: Session, vault: Vault, clock: MovingClock, entry: Template
) -> None:
    key = entry.text_keys[0].replace("*", "passage")
    for name in registry().candidates("reply", key, {}):
        message = said(told, vault, clock, key)
        assert phone_besides(told, message, name, clock.now), name
        # The next one is a call of its own.
        for task in told.exec(select(Task)).all():
            told.delete(task)


def test_what_is_asked_again_in_vain_is_asked_by_a_doctor_where_another_template_went(
    told: Session, vault: Vault, clock: MovingClock
) -> None:
    first = said(told, vault, clock, "reading.joined")
    assert not phone_besides(told, first, "not_understood", clock.now)
    clock.move(hours=3)
    second = said(told, vault, clock, "chat.unclear")
    assert phone_besides(told, second, "not_understood", clock.now)
