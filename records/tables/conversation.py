"""Words in and out. A contact point is a conversation: the unit of order and of claiming."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from records.tables.base import json_list, json_object, row_id, sealed
from records.times import instant, optional_instant


class ContactPoint(SQLModel, table=True):
    """An address on a channel (an openid, a phone number) and the state of its conversation.

    `wake_at` is when a worker should take a turn (empty: nothing waits). A worker owns the
    conversation while `claim_token` is its own and `claimed_until` has not passed.
    `window_until`/`window_left`: how long and how often WeChat lets us write freely after words;
    `brief_until`/`brief_left`: for the minute after a tap, a follow or a scan.
    `awaiting` holds the question we asked last: codes and ids, never text.
    While `taken_over_until` has not passed a doctor holds the conversation: the agent only reads,
    stores and alarms. `reminder_hour` is the hour of the day the holder asked for.
    """

    __tablename__ = "contact_points"
    __table_args__ = (UniqueConstraint("channel", "account", "address_index"),)

    id: str = row_id()
    channel: str
    account: str
    address_sealed: bytes | None = sealed()
    address_index: str
    created_at: datetime = instant()
    followed_at: datetime | None = optional_instant()
    unfollowed_at: datetime | None = optional_instant()
    stopped_at: datetime | None = optional_instant()
    last_inbound_at: datetime | None = optional_instant()
    window_until: datetime | None = optional_instant()
    window_left: int = 0
    brief_until: datetime | None = optional_instant()
    brief_left: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    wake_at: datetime | None = optional_instant(index=True)
    waiting_since: datetime | None = optional_instant()
    claim_token: str | None = None
    claimed_until: datetime | None = optional_instant()
    failed_turns: int = 0
    awaiting: dict[str, Any] = json_object()
    taken_over_by: str | None = None
    taken_over_until: datetime | None = optional_instant()
    reminder_hour: int | None = None


class InboundMessage(SQLModel, table=True):
    """A message or event as it came. `external_id` is the provider's id, or sender + time + event.

    `state` moves waiting → done, or waiting → handed_over (three turns failed: a doctor reads it).
    `passive_sealed` is the reply given in the webhook's own answer, repeated when WeChat repeats.
    """

    __tablename__ = "inbound_messages"
    __table_args__ = (
        UniqueConstraint("channel", "account", "external_id"),
        Index("ix_inbound_messages_waiting", "contact_point_id", "state"),
    )

    id: str = row_id()
    contact_point_id: str = Field(foreign_key="contact_points.id")
    channel: str
    account: str
    external_id: str
    kind: str
    body_sealed: bytes | None = sealed()
    event: dict[str, Any] = json_object()
    sent_at: datetime = instant()
    received_at: datetime = instant(index=True)
    state: str = "waiting"
    level: str | None = None
    passive_sealed: bytes | None = sealed()
    turn_id: str | None = None


class Media(SQLModel, table=True):
    """A photo or a voice message, fetched at once because WeChat forgets it after three days.

    `state`: wanted → stored, or failed after the last attempt. `heard_state`: what became of
    listening to it or looking at it: wanted → done (`heard_sealed` holds what was made of it) or
    failed; empty: nobody tries.
    """

    __tablename__ = "media"

    id: str = row_id()
    inbound_message_id: str = Field(foreign_key="inbound_messages.id", index=True)
    channel: str
    account: str
    external_id: str
    kind: str
    state: str = "wanted"
    attempts: int = 0
    next_attempt_at: datetime | None = optional_instant(index=True)
    content_type: str | None = None
    content_sealed: bytes | None = sealed()
    stored_at: datetime | None = optional_instant()
    reason: str | None = None
    heard_state: str | None = None
    heard_attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    heard_next_at: datetime | None = optional_instant(index=True)
    heard_sealed: bytes | None = sealed()


class Turn(SQLModel, table=True):
    """One answer to everything that waited in a conversation, and which mode gave it."""

    __tablename__ = "turns"

    id: str = row_id()
    contact_point_id: str = Field(foreign_key="contact_points.id", index=True)
    person_id: str | None = Field(default=None, foreign_key="persons.id", index=True)
    began_at: datetime = instant()
    ended_at: datetime = instant()
    mode: str
    route: str
    level: str
    reasons: list[str] = json_list()
    rules: list[str] = json_list()
    citations: list[str] = json_list()


class OutboundMessage(SQLModel, table=True):
    """Something to be said. `send_key` is unique: one cause, one message, whatever crashes.

    `purpose`: safety, doctor, reply, reminder, education or notice (to a practitioner).
    `state`: queued → sending → accepted | delivered | unknown | never | expired | channel_closed.
    `template` holds a template's fields when the text may travel outside the window.
    """

    __tablename__ = "outbound_messages"
    __table_args__ = (
        Index("ix_outbound_messages_due", "state", "next_attempt_at"),
        Index(
            "ix_outbound_messages_turn", "state", "priority", "created_at", "id", "next_attempt_at"
        ),
    )

    id: str = row_id()
    contact_point_id: str | None = Field(default=None, foreign_key="contact_points.id", index=True)
    practitioner_id: str | None = Field(default=None, foreign_key="practitioners.id", index=True)
    person_id: str | None = Field(default=None, foreign_key="persons.id", index=True)
    turn_id: str | None = Field(default=None, index=True)
    escalation_id: str | None = Field(default=None, index=True)
    author_id: str | None = None
    purpose: str
    text_key: str
    body_sealed: bytes | None = sealed()
    template: dict[str, Any] = json_object()
    picture_sealed: bytes | None = sealed()
    send_key: str = Field(unique=True)
    priority: int = 5
    state: str = "queued"
    reason: str | None = None
    attempts: int = 0
    created_at: datetime = instant()
    next_attempt_at: datetime = instant()
    expires_at: datetime = instant()
    claim_token: str | None = None
    claimed_until: datetime | None = optional_instant()
    settled_at: datetime | None = optional_instant()


class DeliveryAttempt(SQLModel, table=True):
    """One try on one route, written before the call. `result` empty: the call never came back.

    `provider` is the account it went over, `contact_point_id` the address it went to (which may be
    another one than the conversation's), `segments` the SMS it was billed as, `template` what went
    instead of the words.
    """

    __tablename__ = "delivery_attempts"
    __table_args__ = (
        UniqueConstraint("outbound_message_id", "number"),
        Index("ix_delivery_attempts_provider", "provider", "began_at"),
    )

    id: str = row_id()
    outbound_message_id: str = Field(foreign_key="outbound_messages.id", index=True)
    number: int
    route: str
    began_at: datetime = instant()
    ended_at: datetime | None = optional_instant()
    result: str | None = None
    code: str | None = None
    provider_id: str | None = Field(default=None, index=True)
    provider: str | None = None
    contact_point_id: str | None = None
    segments: int | None = None
    template: str | None = None
