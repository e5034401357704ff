"""What stands in front of a doctor, with its clock. Events are the truth; the row is their sum."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Field, Index, SQLModel

from records.tables.base import json_list, row_id, sealed
from records.times import instant, optional_instant


class Escalation(SQLModel, table=True):
    """An abnormal situation of one person. Repeats bundle into the one that is not closed.

    `state`: open → acknowledged → closed. `next_escalation_at` is the clock: when it passes and
    nobody acknowledged, the next step of the ladder is rung. `step` is the last one that was rung,
    -1 for none yet. Closing needs an `outcome`.
    """

    __tablename__ = "escalations"
    __table_args__ = (Index("ix_escalations_clock", "state", "next_escalation_at"),)

    id: str = row_id()
    person_id: str = Field(foreign_key="persons.id", index=True)
    contact_point_id: str | None = Field(default=None, foreign_key="contact_points.id")
    facility_id: str | None = Field(default=None, foreign_key="facilities.id", index=True)
    level: str
    reasons: list[str] = json_list()
    state: str = "open"
    step: int = -1
    opened_at: datetime = instant(index=True)
    next_escalation_at: datetime | None = optional_instant()
    acknowledged_at: datetime | None = optional_instant()
    acknowledged_by: str | None = None
    closed_at: datetime | None = optional_instant()
    closed_by: str | None = None
    outcome: str | None = None
    patient_told_again_at: datetime | None = optional_instant()


class EscalationEvent(SQLModel, table=True):
    """opened, repeated, raised, rung, nobody_on_duty, acknowledged, replied, closed, reopened."""

    __tablename__ = "escalation_events"

    id: str = row_id()
    escalation_id: str = Field(foreign_key="escalations.id", index=True)
    kind: str
    at: datetime = instant()
    step: int = 0
    practitioner_id: str | None = None
    turn_id: str | None = None
    inbound_message_id: str | None = None
    reasons: list[str] = json_list()
    note_sealed: bytes | None = sealed()


class Task(SQLModel, table=True):
    """Something a person must do for the machine: phone her, read a message, look at a photo.

    `kind`: call, read_message, look_at_media. `task_key` is unique: one cause, one task.
    """

    __tablename__ = "tasks"
    __table_args__ = (Index("ix_tasks_open", "closed_at", "facility_id"),)

    id: str = row_id()
    task_key: str = Field(unique=True)
    kind: str
    reason: str
    person_id: str = Field(foreign_key="persons.id", index=True)
    contact_point_id: str | None = Field(default=None, foreign_key="contact_points.id")
    facility_id: str | None = Field(default=None, foreign_key="facilities.id")
    inbound_message_id: str | None = None
    outbound_message_id: str | None = None
    follow_up_id: str | None = None
    opened_at: datetime = instant()
    due_on: date | None = None
    closed_at: datetime | None = optional_instant()
    closed_by: str | None = None
    outcome: str | None = None
