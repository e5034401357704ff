"""Rows that keep the machine honest: heartbeats, ticks, tokens, limits and the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from records.tables.base import json_object, row_id, sealed
from records.times import instant, optional_instant


class Heartbeat(SQLModel, table=True):
    """A worker that lives. Older than a minute: the inbox shows a red banner."""

    __tablename__ = "heartbeats"

    worker: str = Field(primary_key=True)
    at: datetime = instant(index=True)


class TickRun(SQLModel, table=True):
    """The last run of each tick, for `suifang doctor`."""

    __tablename__ = "tick_runs"

    name: str = Field(primary_key=True)
    began_at: datetime = instant()
    ended_at: datetime | None = optional_instant()
    result: str | None = None


class AccessToken(SQLModel, table=True):
    """A provider's token. One owner per account refreshes it, by lease."""

    __tablename__ = "access_tokens"

    account: str = Field(primary_key=True)
    token_sealed: bytes | None = sealed()
    expires_at: datetime | None = optional_instant()
    claim_token: str | None = None
    claimed_until: datetime | None = optional_instant()


class Throttle(SQLModel, table=True):
    """A counter in a fixed window, shared by all processes."""

    __tablename__ = "throttles"

    key: str = Field(primary_key=True)
    window_began_at: datetime = instant()
    count: int = 0


class Marker(SQLModel, table=True):
    """A named value: which index is current, which protocol was loaded."""

    __tablename__ = "markers"

    name: str = Field(primary_key=True)
    value: str
    set_at: datetime = instant()


class AuditEvent(SQLModel, table=True):
    """Who read or changed what. Ids and codes only; rows are never updated or deleted."""

    __tablename__ = "audit_events"

    id: str = row_id()
    at: datetime = instant(index=True)
    actor: str
    action: str
    subject: str
    subject_id: str
    person_id: str | None = Field(default=None, index=True)
    facility_id: str | None = None
    detail: dict[str, Any] = json_object()
