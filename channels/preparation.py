"""Before the call: claim a row, find who gets it and which way is open now, write the attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session

from channels.conclusion import finish, phone_if_unsaid, take_up
from channels.limits import Limits, day_began
from channels.parcel import PICTURE, TEMPLATE, Decided, Parcel, Routes, segments, template_for
from channels.port import Channel, Letter
from channels.recipient import Refusal, addressed, refused
from channels.ringing import Call, bell_for
from channels.routing import (
    IN_LINE,
    NO_ROUTE,
    PACED,
    PROVIDER_SHUT,
    WORDS,
    Routing,
    Wait,
    Way,
)
from channels.sms import line
from channels.sms.saying import SAID_ALREADY, said_to_household, words_for
from channels.undelivered import hand_over
from records import alarms, messages, outbound, switches, takeover
from records.identity import new_id
from records.outbound import (
    ALL_STOPPED,
    AWAITS_WINDOW,
    DOCTOR,
    EXPIRED,
    NEVER,
    REMINDER,
    SAFETY,
    STARTED_BY_US,
)
from records.sms_contacts import sms_contact_of
from records.spoken import spoken_since
from records.tables import ContactPoint, OutboundMessage, Person
from records.vault import Vault

# What may go to a number that nobody wrote from yet.
_BY_NUMBER = (REMINDER, DOCTOR)
# What a row that grew old while it waited ends with; any other was simply too late.
_WAITED = (ALL_STOPPED, NO_ROUTE, PROVIDER_SHUT, PACED, IN_LINE)

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
            about = session.get(Person, message.person_id) if message.person_id else None
            return _Plan(session, vault, routes, limits, message, now, about).made()
    except Exception as error:  # noqa: BLE001 - one row that cannot be read must not stop the queue
        _broken(session, message, limits, now, error)
        return Decided(message.id)


def recover(session: Session, vault: Vault, routes: Routes, limits: Limits, now: datetime) -> bool:
    """Take up one row of a worker that never came back. False when there is none.

    A row that cannot be taken up is looked at again a lease later, and holds up no other.
    """
    rows = outbound.lapsed(session, now, 1)
    for message in rows:
        try:
            with session.begin_nested():
                take_up(session, vault, routes, message, limits, now)
        except Exception as error:  # noqa: BLE001 - one lost row must not stop the queue
            kind = type(error).__name__
            log.warning("delivery.broken_recovery", outbound_message_id=message.id, error=kind)
            outbound.hold(session, message, now + limits.lease)
    return bool(rows)


def _broken(
    session: Session, message: OutboundMessage, limits: Limits, now: datetime, error: Exception
) -> None:
    """Nothing was called. A database that is away says nothing about the row, so it comes again.

    What the database refuses, and what is dangerous, comes again a few times before it is given up.
    """
    kind = type(error).__name__
    log.warning("delivery.broken_row", outbound_message_id=message.id, error=kind)
    dangerous = message.purpose == SAFETY
    again = isinstance(error, (OperationalError, InterfaceError)) or (
        (dangerous or isinstance(error, DBAPIError)) and message.attempts <= limits.retries
    )
    if again and message.expires_at > now:
        at = min(now + limits.pause(message.id, message.attempts), message.expires_at)
        if dangerous:
            at = min(at, limits.again(message, now))
        phone_if_unsaid(session, message, f"broken_{kind}", limits, now)
        outbound.put_back(session, message, f"broken_{kind}", at)
    else:
        finish(session, message, EXPIRED if again else NEVER, f"broken_{kind}", now)


def _waited_for(message: OutboundMessage) -> str | None:
    """What a row that grew old was waiting for, where that was not its own time."""
    if message.template == WORDS:
        return AWAITS_WINDOW
    return message.reason if message.reason in _WAITED else None


@dataclass(frozen=True, slots=True)
class _Plan:
    """Decides about one claimed row. Every way out either has a parcel or has settled the row.

    `about`: whom it is about. Held here, so that nobody who asks for the person reads the row again.
    """

    session: Session
    vault: Vault
    routes: Routes
    limits: Limits
    message: OutboundMessage
    now: datetime
    about: Person | None = None

    def made(self) -> Parcel | Decided:
        message = self.message
        if message.expires_at <= self.now:
            return self._finish(EXPIRED, _waited_for(message) or "too_late")
        if message.practitioner_id is not None:
            return self._to_practitioner()
        stop = switches.stopped(self.session)
        if stop is not None and stop.holds(message.purpose):
            return self._stopped()
        first = self._addressed()
        if isinstance(first, Refusal):
            return self._finish(first.state, first.reason)
        refusal = refused(self.session, message, first)
        if refusal is not None and refusal.final:
            return self._finish(refusal.state, refusal.reason)
        held_back = self._held_back(first) if message.purpose in STARTED_BY_US else None
        return held_back or self._to_contact(first, refusal)

    def _addressed(self) -> ContactPoint | Refusal:
        """The address that is meant; without one the number of the household, told once a day.

        The household's number is for what names nobody: never for a doctor's words about one person.
        """
        number = self._registered_number()
        first = addressed(self.session, self.message, self.now)
        if isinstance(first, ContactPoint) or first.final or number is None:
            return first
        if self.message.purpose == DOCTOR:
            return first
        if said_to_household(self.session, self.message, number.id, day_began(self.now)):
            return Refusal(NEVER, SAID_ALREADY)
        return number

    def _registered_number(self) -> ContactPoint | None:
        """The mobile in the person's file, where an SMS line is set up and we may write to it."""
        message = self.message
        if message.purpose not in _BY_NUMBER or not self.routes.carries(line.CHANNEL, line.ACCOUNT):
            return None
        if self.about is None:
            return None
        return sms_contact_of(self.session, self.vault, self.about, self.now)

    def _stopped(self) -> Decided:
        """It waits as long as it is true, and looks now and then, should nobody tell it to go on.

        What is dangerous is said by telephone meanwhile.
        """
        if self.message.purpose == SAFETY:
            hand_over(self.session, self.message, ALL_STOPPED, self.now)
        return self._postpone(ALL_STOPPED, self.limits.again(self.message, self.now))

    def _to_practitioner(self) -> Parcel | Decided:
        found = bell_for(self.session, self.vault, self.routes, self.message, self.limits, self.now)
        if isinstance(found, Call):
            return self._parcel(found.channel, found.address, found.way, call=found)
        if found.state:
            return self._finish(found.state, found.reason)
        return self._postpone(found.reason, self.now + self.limits.operator_pause)

    def _to_contact(self, first: ContactPoint, refusal: Refusal | None) -> Parcel | Decided:
        routing = Routing(self.session, self.routes, self.limits, self.message, self.now)
        found = routing.way(first, refusal)
        if isinstance(found, Refusal):
            return self._finish(found.state, found.reason)
        if isinstance(found, Wait):
            if found.reason == NO_ROUTE:
                log.error("delivery.no_route", channel=first.channel)
            return self._postpone(found.reason, found.until)
        if self.message.contact_point_id is None:
            self.message.contact_point_id = found.contact.id
            self.session.flush()
        address = messages.address_of(self.vault, found.contact)
        return self._parcel(found.channel, address, found.kind, way=found)

    def _held_back(self, contact: ContactPoint) -> Decided | None:
        """A doctor's talk, quiet hours, the fuse against ourselves. Put off, never just dropped."""
        if takeover.is_held(contact, self.now) and contact.taken_over_until is not None:
            return self._postpone("doctor_talks", contact.taken_over_until)
        if self.limits.is_quiet(self.now):
            return self._postpone("quiet_hours", self.limits.quiet_ends(self.now))
        began = day_began(self.now)
        today = spoken_since(self.session, self.message, contact.id, began)
        if today < self.limits.fuse:
            return None
        log.warning("delivery.fuse", outbound_message_id=self.message.id, today=today)
        alarms.raise_for_operator(self.session, alarms.FUSE, "patients", self.now, today=today)
        return self._postpone("daily_fuse", self.limits.quiet_ends(self.now))

    def _parcel(
        self,
        channel: Channel,
        address: str,
        kind: str,
        *,
        way: Way | None = None,
        call: Call | None = None,
    ) -> Parcel:
        message = self.message
        template = message.template
        if kind == TEMPLATE:
            name = way.template if way else template_for(message, channel)
            template = {**template, "name": name}
        letter = Letter(
            message_id=message.id,
            address=address,
            body=self._words(channel),
            send_key=message.send_key,
            attempt_id=new_id(),
            purpose=message.purpose,
            expires_at=message.expires_at,
            template=template,
            name=call.name if call else "",
            ring=call.ring if call else None,
            picture=outbound.picture_of(self.vault, message) if kind == PICTURE else None,
        )
        trial = outbound.Trial(
            id=letter.attempt_id,
            route=f"{channel.name}:{kind}",
            provider=channel.provider,
            contact_point_id=way.contact.id if way else None,
            segments=segments(letter, channel, kind),
            template=str(template["name"]) if kind == TEMPLATE else None,
        )
        outbound.begin_attempt(self.session, message, trial, self.now)
        return Parcel(
            message,
            trial.id,
            letter,
            channel,
            kind,
            contact_id=trial.contact_point_id,
            bell=call.bell if call else None,
            state=way.state if way else None,
        )

    def _words(self, channel: Channel) -> str:
        body = outbound.text_of(self.vault, self.message)
        return words_for(self.message.text_key, body) if channel.name == line.CHANNEL else body

    def _finish(self, state: str, reason: str) -> Decided:
        finish(self.session, self.message, state, reason, self.now)
        return Decided(self.message.id)

    def _postpone(self, reason: str, until: datetime) -> Decided:
        message = self.message
        if message.purpose == SAFETY or reason == PROVIDER_SHUT:
            until = min(until, self.limits.again(message, self.now))
        phone_if_unsaid(self.session, message, reason, self.limits, self.now)
        outbound.postpone(self.session, message, reason, min(until, message.expires_at))
        return Decided(self.message.id)
