"""Who can be rung, and when they cannot: the duty roster, absences and addresses for notices."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from records.tables.base import row_id, sealed
from records.times import instant, optional_instant


class DutyShift(SQLModel, table=True):
    """A practitioner is on duty for a facility from `begins_at` until `ends_at`."""

    __tablename__ = "duty_shifts"

    id: str = row_id()
    facility_id: str = Field(foreign_key="facilities.id", index=True)
    practitioner_id: str = Field(foreign_key="practitioners.id", index=True)
    begins_at: datetime = instant(index=True)
    ends_at: datetime = instant()
    set_by: str | None = None
    set_at: datetime = instant()


class Absence(SQLModel, table=True):
    """Days on which a practitioner is not to be rung (ill, at market, on leave), both included."""

    __tablename__ = "absences"

    id: str = row_id()
    practitioner_id: str = Field(foreign_key="practitioners.id", index=True)
    first_day: date
    last_day: date
    reason: str = "leave"
    deputy_id: str | None = Field(default=None, foreign_key="practitioners.id")
    set_by: str | None = None
    set_at: datetime = instant()
    cancelled_at: datetime | None = optional_instant()


class NoticeAddress(SQLModel, table=True):
    """Where a practitioner is rung: a webhook, or a phone number by SMS (found by its index)."""

    __tablename__ = "notice_addresses"

    id: str = row_id()
    practitioner_id: str = Field(foreign_key="practitioners.id", index=True)
    channel: str
    address_sealed: bytes | None = sealed()
    address_index: str | None = Field(default=None, index=True)
    created_at: datetime = instant()
    disabled_at: datetime | None = optional_instant()


class KeptDraft(SQLModel, table=True):
    """What a practitioner had typed on a page when the session ended; given back once."""

    __tablename__ = "kept_drafts"

    id: str = row_id()
    practitioner_id: str = Field(foreign_key="practitioners.id", index=True)
    path: str
    fields_sealed: bytes | None = sealed()
    kept_at: datetime = instant(index=True)


class LastLook(SQLModel, table=True):
    """When a practitioner last looked at a person: what was written since is unread for them."""

    __tablename__ = "last_looks"

    practitioner_id: str = Field(foreign_key="practitioners.id", primary_key=True)
    person_id: str = Field(foreign_key="persons.id", primary_key=True)
    at: datetime = instant()


class OwnReply(SQLModel, table=True):
    """A ready-made reply of a practitioner's own, or of a whole facility when it is `shared`."""

    __tablename__ = "own_replies"

    id: str = row_id()
    practitioner_id: str = Field(foreign_key="practitioners.id", index=True)
    facility_id: str = Field(foreign_key="facilities.id", index=True)
    shared: bool = False
    words_sealed: bytes | None = sealed()
    made_at: datetime = instant()
    retired_at: datetime | None = optional_instant()
