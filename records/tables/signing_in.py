"""Signing in through another platform: one journey of a browser, and the devices we know."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from records.tables.base import row_id, sealed
from records.times import instant, optional_instant


class IdentityVisit(SQLModel, table=True):
    """A browser on its way through WeCom's or WeChat's authorize page and back.

    `state_index` is good once (`returned_at`), and only for the browser whose cookie is behind
    `browser_index`. The subject is who the platform said it is; it is not signed in by that.
    `claimed_by`: whose code was entered; the subject is bound when the password was given, too.
    """

    __tablename__ = "identity_visits"

    id: str = row_id()
    provider: str
    state_index: str = Field(unique=True)
    browser_index: str = Field(unique=True)
    back: str = "/"
    begun_at: datetime = instant()
    expires_at: datetime = instant(index=True)
    returned_at: datetime | None = optional_instant()
    ended_at: datetime | None = optional_instant()
    tries: int = 0
    subject_sealed: bytes | None = sealed()
    subject_index: str | None = None
    claimed_by: str | None = None


class TrustedDevice(SQLModel, table=True):
    """A browser on which a practitioner gave the password; its cookie changes with every use.

    `former_index` is the cookie before this one: whoever still brings that one has a copy.
    """

    __tablename__ = "trusted_devices"

    id: str = row_id()
    practitioner_id: str = Field(foreign_key="practitioners.id", index=True)
    token_index: str = Field(unique=True)
    former_index: str | None = Field(default=None, index=True)
    trusted_at: datetime = instant()
    used_at: datetime = instant()
    expires_at: datetime = instant(index=True)
