"""What we know of the ways out: each provider's state, its receipts, templates and daily canary."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, SQLModel, UniqueConstraint

from records.tables.base import json_list, json_object, row_id, sealed
from records.times import instant, optional_instant


class ProviderState(SQLModel, table=True):
    """One account at one provider ("aliyun:main"), shared by every process.

    The bucket: `tokens` were there at `refilled_at`; what we start is booked one by one up to
    `bulk_until`. The breaker: after `failures` in a row it is open until `open_until`; the one call
    that holds `probe_until` finds out. `trouble`: why our own account is refused, until a send is
    accepted. `balance` counts in `balance_unit` (sms, cny).
    """

    __tablename__ = "provider_states"

    provider: str = Field(primary_key=True)
    tokens: float = 0.0
    refilled_at: datetime | None = optional_instant()
    bulk_until: datetime | None = optional_instant()
    failures: int = 0
    opened_at: datetime | None = optional_instant()
    open_until: datetime | None = optional_instant()
    probe_until: datetime | None = optional_instant()
    last_accepted_at: datetime | None = optional_instant()
    last_receipt_at: datetime | None = optional_instant()
    last_inbound_at: datetime | None = optional_instant()
    last_code: str | None = None
    last_code_at: datetime | None = optional_instant()
    trouble: str | None = None
    trouble_since: datetime | None = optional_instant()
    balance: float | None = None
    balance_unit: str | None = None
    balance_at: datetime | None = optional_instant()


class DeliveryReceipt(SQLModel, table=True):
    """A provider's later word about a message it took. Unique, so that a second copy changes nothing.

    One that came before the answer to its own send waits without an `attempt_id`.
    """

    __tablename__ = "delivery_receipts"
    __table_args__ = (UniqueConstraint("provider", "provider_id", "delivered", "code"),)

    id: str = row_id()
    provider: str
    provider_id: str = Field(index=True)
    delivered: bool
    code: str = ""
    happened_at: datetime | None = optional_instant()
    received_at: datetime = instant(index=True)
    attempt_id: str | None = Field(default=None, index=True)


class TemplateApproval(SQLModel, table=True):
    """What a provider last said of one of our templates: approved, pending, rejected or paused."""

    __tablename__ = "template_approvals"

    provider: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    template_id: str
    state: str
    reason: str = ""
    checked_at: datetime = instant()


class Subscription(SQLModel, table=True):
    """What somebody agreed to be sent by one WeChat template.

    `kind` one_time: each yes is one message, `credits` are left. long_term: as long as `state` is
    accepted. `state`: accepted, rejected or banned. `marks` is what happened, as [time, what, key]:
    state and credits follow from them in whatever order they came.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (UniqueConstraint("contact_point_id", "template_id"),)

    id: str = row_id()
    contact_point_id: str = Field(foreign_key="contact_points.id", index=True)
    template_id: str
    kind: str = "one_time"
    state: str = "accepted"
    credits: int = 0
    changed_at: datetime = instant()
    marks: list[list[str]] = json_list()


class Canary(SQLModel, table=True):
    """One message a day to a phone of the operator's own, on each provider: does it arrive?

    `result` is that of the send; `arrived_at` comes with the receipt where the provider sends one.
    """

    __tablename__ = "canaries"
    __table_args__ = (UniqueConstraint("provider", "day"),)

    id: str = row_id()
    provider: str
    day: date
    sent_at: datetime = instant()
    result: str | None = None
    code: str | None = None
    provider_id: str | None = Field(default=None, index=True)
    arrived_at: datetime | None = optional_instant()


class OperatorAlarm(SQLModel, table=True):
    """Something about the ways out that a person must look at.

    One is open per `open_key` (kind and subject); it is empty once the alarm is closed. `detail`
    holds codes and counts. `acknowledged_by`: who has seen it; it rings nobody any more.
    """

    __tablename__ = "operator_alarms"

    id: str = row_id()
    kind: str = Field(index=True)
    subject: str
    open_key: str | None = Field(default=None, unique=True)
    opened_at: datetime = instant(index=True)
    last_at: datetime = instant()
    count: int = 1
    closed_at: datetime | None = optional_instant()
    closed_by: str | None = None
    acknowledged_at: datetime | None = optional_instant()
    acknowledged_by: str | None = None
    detail: dict[str, Any] = json_object()


class ExternalIdentity(SQLModel, table=True):
    """A practitioner's identity elsewhere (WeCom member, WeChat openid), bound once with a code."""

    __tablename__ = "external_identities"

    id: str = row_id()
    practitioner_id: str = Field(foreign_key="practitioners.id", index=True)
    provider: str
    subject_sealed: bytes | None = sealed()
    subject_index: str = Field(index=True)
    bound_at: datetime = instant()
    ended_at: datetime | None = optional_instant()
    bound_key: str | None = Field(default=None, unique=True)


class IdentityCode(SQLModel, table=True):
    """A one-time code that binds an identity elsewhere to a practitioner. Only its index is kept."""

    __tablename__ = "identity_codes"

    id: str = row_id()
    practitioner_id: str = Field(foreign_key="practitioners.id", index=True)
    code_index: str = Field(unique=True)
    issued_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = optional_instant()


class CallbackAnswer(SQLModel, table=True):
    """What one message of a platform was answered: a second copy of it reads the same.

    The key is the index of the platform's own id of the message.
    """

    __tablename__ = "callback_answers"

    id: str = Field(primary_key=True)
    said_sealed: bytes | None = sealed()
    answered_at: datetime = instant(index=True)
