"""A small post office: one person on a WeChat account and on a phone line with two SMS providers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import select

from channels.delivery import Limits, Routes, deliver_due
from channels.port import Letter, Result, SendOutcome
from records import alarms, people
from records.db import Database
from records.people import Registration
from records.tables import (
    ContactPoint,
    DeliveryAttempt,
    OperatorAlarm,
    OutboundMessage,
    ProviderState,
    Task,
)
from records.vault import Vault
from tests.channels.world import (
    APP_ID,
    WANG,
    ScriptedChannel,
    a_contact,
    a_facility,
    attempts,
    outbound_rows,
    queue,
)

PHONE, OTHER_PHONE = "+8613800001111", "+8613900002222"
SMS_TEMPLATES = (
    "followup_due",
    "reply_waiting",
    "danger",
    "not_understood",
    "reading_noted",
    "question_noted",
    "who_i_am",
)
RETRY = SendOutcome(Result.RETRY, "busy", "provider_busy")
UNKNOWN = SendOutcome(Result.UNKNOWN, "", "ReadTimeout")
CLOSED = SendOutcome(Result.CHANNEL_CLOSED, "45015", "window_closed")
OPERATOR = SendOutcome(Result.OPERATOR, "40164", "address_not_on_whitelist")


def accepted(provider_id: str) -> SendOutcome:
    return SendOutcome(Result.ACCEPTED, "0", provider_id=provider_id)


@dataclass
class PacedChannel(ScriptedChannel):
    """One whose provider bears so much a second."""

    sends_per_second: float = 10.0


@dataclass
class LicensedChannel(ScriptedChannel):
    """One whose templates need a leave; it remembers what it was told of them."""

    leave: bool = True
    told: list[tuple[str, str]] = field(default_factory=list)

    def may_template(self, _session: object, _contact: str, _name: str) -> bool:
        return self.leave

    def template_sent(self, _session: object, _contact: str, name: str, _now: datetime) -> None:
        self.told.append(("sent", name))

    def template_refused(
        self, _session: object, _contact: str, name: str, reason: str, _now: datetime
    ) -> None:
        self.told.append((reason, name))


def an_sms(provider: str, **changes: object) -> ScriptedChannel:
    values: dict[str, object] = {
        "name": "sms",
        "provider": provider,
        "windowed": False,
        "free_text": False,
        "templates": SMS_TEMPLATES,
    }
    return ScriptedChannel(**{**values, **changes})  # type: ignore[arg-type]


@dataclass
class PostOffice:
    """Everything between a queued row and the phones."""

    db: Database
    vault: Vault
    now: datetime
    wechat: ScriptedChannel = field(default_factory=ScriptedChannel)
    aliyun: ScriptedChannel = field(default_factory=lambda: an_sms("aliyun:main"))
    tencent: ScriptedChannel = field(default_factory=lambda: an_sms("tencent:main"))
    limits: Limits = field(default_factory=lambda: Limits(lanes=1))
    chat_id: str = ""
    phone_id: str = ""
    person_id: str = ""

    def __post_init__(self) -> None:
        with self.db.transaction() as session:
            facility = a_facility(session)
            registration = Registration(name="王秀英", facility_id=facility.id)
            self.person_id = people.register(session, self.vault, registration, self.now).id
            self.chat_id = a_contact(
                session, self.vault, self.now, WANG, last_inbound_at=self.now
            ).id
            self.phone_id = self.a_phone(session, PHONE).id
            people.link(session, self.person_id, self.chat_id, self.now)
            people.link(session, self.person_id, self.phone_id, self.now)

    def a_phone(self, session: object, number: str) -> ContactPoint:
        return a_contact(
            session,  # type: ignore[arg-type]
            self.vault,
            self.now,
            number,
            channel="sms",
            account="main",
            window_until=None,
            window_left=0,
        )

    @property
    def routes(self) -> Routes:
        return Routes(
            {("wechat", APP_ID): self.wechat, ("sms", "main"): (self.aliyun, self.tencent)}
        )

    def queue(self, purpose: str = "reply", **changes: object) -> OutboundMessage:
        given: dict[str, object] = {
            "purpose": purpose,
            "contact_point_id": self.chat_id,
            "person_id": self.person_id,
        }
        with self.db.transaction() as session:
            return queue(session, self.vault, self.now, **{**given, **changes})

    async def deliver(self, after: timedelta = timedelta(0), limit: int = 100) -> int:
        at = self.now + after
        return await deliver_due(self.db, self.vault, self.routes, at, limit, limits=self.limits)

    def change(self, contact_id: str | None = None, **values: object) -> None:
        with self.db.transaction() as session:
            contact = session.get_one(ContactPoint, contact_id or self.chat_id)
            for name, value in values.items():
                setattr(contact, name, value)

    def shut(self) -> None:
        """The window is over."""
        self.change(window_until=self.now, window_left=0)

    def row(self, message: OutboundMessage | None = None) -> OutboundMessage:
        rows = outbound_rows(self.db)
        if message is None:
            assert len(rows) == 1
            return rows[0]
        return next(row for row in rows if row.id == message.id)

    def words(self) -> OutboundMessage:
        """The full words of what was announced."""
        (found,) = [row for row in outbound_rows(self.db) if row.send_key.endswith(":words")]
        return found

    def tries(self) -> list[DeliveryAttempt]:
        return attempts(self.db)

    def tasks(self) -> list[str]:
        with self.db.reading() as session:
            return [task.reason for task in session.exec(select(Task)).all()]

    def alarms(self) -> list[OperatorAlarm]:
        with self.db.reading() as session:
            return alarms.open_alarms(session)

    def state(self, provider: str) -> ProviderState:
        with self.db.reading() as session:
            return session.get_one(ProviderState, provider)

    def said(self) -> dict[str, list[Letter]]:
        every = (self.wechat, self.aliyun, self.tencent)
        return {channel.provider.partition(":")[0]: channel.sent for channel in every}
