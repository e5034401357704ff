"""What befell a person: died, moved, works elsewhere, refuses; and what stopped because of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, SQLModel

from records.tables.base import json_object, row_id, sealed
from records.times import instant, optional_instant


class LifeChange(SQLModel, table=True):
    """One change of a person's status. Rows stay; `undone_at` ends the effect of one.

    `on_day` is the day it happened (of death, of moving), `until` the day somebody away is expected
    back, `place_sealed` where to. `stopped` holds ids and dates of what ended with it, so that it
    can be brought back: follow_ups (id → due date), enrolments, tasks.
    """

    __tablename__ = "life_changes"

    id: str = row_id()
    person_id: str = Field(foreign_key="persons.id", index=True)
    at: datetime = instant()
    by: str
    before: str
    status: str
    on_day: date | None = None
    until: date | None = None
    place_sealed: bytes | None = sealed()
    stopped: dict[str, Any] = json_object()
    undone_at: datetime | None = optional_instant()
