"""What a doctor signed. Rows are only ever added: a correction is the next number."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, SQLModel, UniqueConstraint

from records.tables.base import json_object, row_id, sealed
from records.times import instant


class SignedForm(SQLModel, table=True):
    """One version of the form of a follow-up, exactly as it was signed.

    The row of the follow-up repeats the latest version, for lists and figures. `form` holds codes
    and numbers, `words_sealed` a JSON object of what is words (medicines, remarks, reasons).
    """

    __tablename__ = "signed_forms"
    __table_args__ = (UniqueConstraint("follow_up_id", "number"),)

    id: str = row_id()
    follow_up_id: str = Field(foreign_key="follow_ups.id", index=True)
    person_id: str = Field(foreign_key="persons.id", index=True)
    number: int
    mode: str
    held_on: date
    form: dict[str, Any] = json_object()
    words_sealed: bytes | None = sealed()
    classification: str | None = None
    next_due_on: date | None = None
    signed_by: str = Field(foreign_key="practitioners.id")
    signed_at: datetime = instant()
