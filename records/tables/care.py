"""What was measured and what was asked: enrolments, readings and follow-ups."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from records.tables.base import json_object, row_id, sealed
from records.times import instant, optional_instant


class Enrolment(SQLModel, table=True):
    """A person under management in a programme (hypertension, type2_diabetes).

    `diagnosed` is as exact as it is known: "2015", "2015-03" or "2015-03-08".
    """

    __tablename__ = "enrolments"
    __table_args__ = (UniqueConstraint("person_id", "programme"),)

    id: str = row_id()
    person_id: str = Field(foreign_key="persons.id", index=True)
    programme: str
    enrolled_on: date
    diagnosed: str | None = Field(default=None, max_length=10)
    ended_on: date | None = None
    ended_reason: str | None = None


class StoredReading(SQLModel, table=True):
    """A value of one person. Units as in `care.reading.UNITS`.

    `state`: stored, unconfirmed (read back, waiting for a yes or 24 h), replaced or withdrawn.
    `basis`: measured or habitual; `setting`: home or clinic; `source`: typed, voice, photo, clinic.
    """

    __tablename__ = "readings"
    __table_args__ = (Index("ix_readings_person_taken", "person_id", "kind", "taken_at"),)

    id: str = row_id()
    person_id: str = Field(foreign_key="persons.id")
    inbound_message_id: str | None = Field(default=None, index=True)
    turn_id: str | None = None
    follow_up_id: str | None = None
    kind: str
    systolic: float | None = None
    diastolic: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    context: str | None = None
    approximate: bool = False
    original: str | None = None
    basis: str = "measured"
    setting: str = "home"
    source: str = "typed"
    certainty: str = "plain"
    state: str = "stored"
    level: str = "none"
    protocol_version: str = ""
    taken_at: datetime = instant(index=True)
    recorded_at: datetime = instant()
    recorded_by: str | None = None
    confirm_by: datetime | None = optional_instant(index=True)
    replaced_by: str | None = None


class FollowUp(SQLModel, table=True):
    """One contact that is due for one programme. Answers are codes and ids in `answers`.

    `state`: planned → open → draft (a doctor signs it) → signed; or silent (on the call list),
    or cancelled. Contact by message is never a face-to-face visit: `mode` says what it was (message,
    phone or face_to_face). `held_on` is the day of the contact; `form` holds the coded fields of the
    official form, `words_sealed` those that are words (medicines as told, remarks) as a JSON object.
    `next_due_on` is the next date on the form: from the rules, or as the doctor changed it.
    """

    __tablename__ = "follow_ups"
    __table_args__ = (
        UniqueConstraint("person_id", "programme", "due_on"),
        Index("ix_follow_ups_state_due", "state", "due_on"),
    )

    id: str = row_id()
    person_id: str = Field(foreign_key="persons.id", index=True)
    programme: str
    due_on: date
    reason: str = "routine"
    state: str = "planned"
    mode: str = "message"
    contact_point_id: str | None = None
    opened_at: datetime | None = optional_instant()
    reminders_sent: int = 0
    next_step_at: datetime | None = optional_instant(index=True)
    answers: dict[str, Any] = json_object()
    classification: str | None = None
    closed_at: datetime | None = optional_instant()
    signed_by: str | None = None
    signed_at: datetime | None = optional_instant()
    held_on: date | None = None
    form: dict[str, Any] = json_object()
    words_sealed: bytes | None = sealed()
    next_due_on: date | None = None
