"""Before the call: claim a row, find who gets it and which way is open now, write the attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session

from channels.conclusion import LEFT_OUT, finish
from channels.limits import Limits, day_began
from channels.parcel import (
    PICTURE,
    TEMPLATE,
    TEXT,
    Decided,
    Parcel,
    Routes,
    segments,
    template_for,
)
from channels.port import Channel, Letter, PictureSender
from channels.recipient import Refusal, resolve
from channels.ringing import Call, bell_for
from records import messages, outbound, takeover, windows
from records.identity import new_id
from records.outbound import CHANNEL_CLOSED, EXPIRED, NEVER, STARTED_BY_US
from records.tables import ContactPoint, OutboundMessage
from records.vault import Vault

log = structlog.get_logger(__name__)


def prepare(
    session: Session, vault: Vault, routes: Routes, limits: Limits, now: datetime
) -> Parcel | Decided | None:
    """Take the next due row. None when there is none."""
    message = outbound.claim_due(session, now, limits.lease)
    if message is None:
        return None
    try:
        with session.begin_nested():
            return _Plan(session, vault, routes, limits, message, now).made()
    except Exception as error:  # noqa: BLE001 - one row that cannot be read must not stop the queue
        log.warning(
            "delivery.broken_row", outbound_message_id=message.id, error=type(error).__name__
        )
        finish(session, message, NEVER, f"broken_{type(error).__name__}", now)
        return Decided(message.id)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Decides about one claimed row. Every way out either has a parcel or has settled the row."""

    session: Session
    vault: Vault
    routes: Routes
    limits: Limits
    message: OutboundMessage
    now: datetime

    def made(self) -> Parcel | Decided:
        if self.message.expires_at <= self.now:
            return self._finish(EXPIRED, "too_late")
        if self.message.practitioner_id is not None:
            return self._to_practitioner()
        found = resolve(self.session, self.message, self.now)
        if isinstance(found, Refusal):
            return self._finish(found.state, found.reason)
        self.message.contact_point_id = found.id
        self.session.flush()
        held_back = self._held_back(found) if self.message.purpose in STARTED_BY_US else None
        return held_back or self._to_contact(found)

    def _to_practitioner(self) -> Parcel | Decided:
        found = bell_for(self.session, self.vault, self.routes, self.message, self.limits, self.now)
        if isinstance(found, Call):
            return self._parcel(found.channel, found.address, found.way, call=found)
        if found.state:
            return self._finish(found.state, found.reason)
        return self._postpone(found.reason, self.now + self.limits.operator_pause)

    def _to_contact(self, contact: ContactPoint) -> Parcel | Decided:
        carriers = self.routes.to(contact)
        if not carriers:
            log.error("delivery.no_route", channel=contact.channel)
            return self._postpone("no_route", self.now + self.limits.operator_pause)
        ways = ((channel, self._way(contact, channel)) for channel in carriers)
        channel, way = next(((one, way) for one, way in ways if way is not None), (None, None))
        if channel is None or way is None:
            drawn = self.message.picture_sealed is not None
            return self._finish(CHANNEL_CLOSED, LEFT_OUT if drawn else "window_closed")
        address = messages.address_of(self.vault, contact)
        return self._parcel(channel, address, way, contact.id)

    def _way(self, contact: ContactPoint, channel: Channel) -> str | None:
        """Free text while the window is open and this purpose may use it, else a template.

        A picture goes while sends are left for what matters more, or not at all.
        """
        open_now = channel.free_text and (not channel.windowed or self._window_open(contact))
        if self.message.picture_sealed is not None:
            return PICTURE if open_now and isinstance(channel, PictureSender) else None
        if open_now:
            return TEXT
        return TEMPLATE if template_for(self.message, channel) else None

    def _window_open(self, contact: ContactPoint) -> bool:
        left = windows.room(contact, self.now).left
        if self.message.picture_sealed is not None:
            return left > self.limits.reserved_by_picture
        return left > self.limits.reserved.get(self.message.purpose, 0)

    def _held_back(self, contact: ContactPoint) -> Decided | None:
        """A doctor's talk, quiet hours, the fuse against ourselves. Put off, never just dropped."""
        if takeover.is_held(contact, self.now) and contact.taken_over_until is not None:
            return self._postpone("doctor_talks", contact.taken_over_until)
        if self.limits.is_quiet(self.now):
            return self._postpone("quiet_hours", self.limits.quiet_ends(self.now))
        today = outbound.spoken_since(self.session, self.message, day_began(self.now))
        if today < self.limits.fuse:
            return None
        log.warning("delivery.fuse", contact_point_id=self.message.contact_point_id, today=today)
        return self._postpone("daily_fuse", self.limits.quiet_ends(self.now))

    def _parcel(
        self,
        channel: Channel,
        address: str,
        way: str,
        contact_id: str | None = None,
        *,
        call: Call | None = None,
    ) -> Parcel:
        template = self.message.template
        if way == TEMPLATE:
            template = {**template, "name": template_for(self.message, channel)}
        letter = Letter(
            message_id=self.message.id,
            address=address,
            body=outbound.text_of(self.vault, self.message),
            send_key=self.message.send_key,
            attempt_id=new_id(),
            purpose=self.message.purpose,
            expires_at=self.message.expires_at,
            template=template,
            name=call.name if call else "",
            ring=call.ring if call else None,
            picture=outbound.picture_of(self.vault, self.message) if way == PICTURE else None,
        )
        trial = outbound.Trial(
            id=letter.attempt_id,
            route=f"{channel.name}:{way}",
            provider=channel.provider,
            contact_point_id=contact_id,
            segments=segments(letter, channel, way),
        )
        outbound.begin_attempt(self.session, self.message, trial, self.now)
        bell = call.bell if call else None
        return Parcel(self.message, trial.id, letter, channel, way, contact_id, bell)

    def _finish(self, state: str, reason: str) -> Decided:
        finish(self.session, self.message, state, reason, self.now)
        return Decided(self.message.id)

    def _postpone(self, reason: str, until: datetime) -> Decided:
        outbound.postpone(self.session, self.message, reason, until)
        return Decided(self.message.id)
