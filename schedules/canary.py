"""One message a day over every provider to the operator's own phone: does it still arrive?

Sent in working hours through the adapter that carries everything else, claimed once among all
machines; no patient's row is touched. Where it cannot even be tried, the page says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from channels.parcel import TEMPLATE, TEXT, Routes
from channels.port import Channel, Letter, Result, SendOutcome
from channels.sms.line import CHANNEL as SMS
from records import alarms, canaries, halting, providers, windows
from records.db import Database
from records.people import china_date
from records.phone_numbers import e164
from records.tables import Canary, ContactPoint
from records.vault import Vault
from schedules.watching import bounds
from texts.catalogue import render

log = structlog.get_logger(__name__)

NAME = "canary"
_WECHAT = "wechat"
_CALL_SECONDS = 25.0
_LIVES = timedelta(hours=2)
_TAKEN = (Result.ACCEPTED, Result.DELIVERED)


@dataclass(frozen=True, slots=True)
class Perch:
    """Where canaries land: phones and openids of the operator's own. Several take turns by day."""

    phones: tuple[str, ...] = ()
    openids: tuple[str, ...] = ()

    @staticmethod
    def of(phones: str | None, openids: str | None) -> Perch:
        """As they stand in the settings, with commas; what is no phone number is left out."""
        numbers = (e164(part) for part in (phones or "").split(","))
        names = (part.strip() for part in (openids or "").split(","))
        return Perch(tuple(one for one in numbers if one), tuple(one for one in names if one))


@dataclass(frozen=True, slots=True)
class Flight:
    """How a canary can go: the address and the way; `contact_id` whose window it uses."""

    address: str
    way: str
    contact_id: str | None = None


async def send_due(
    database: Database, vault: Vault, routes: Routes, perch: Perch, now: datetime
) -> int:
    """Send what is due today and judge what was sent. Returns how many were sent or judged."""
    sent = 0
    channels = [one for one in routes.every() if one.name in (SMS, _WECHAT)]
    if await database.read(lambda session: _is_due(session, channels, now)):
        for channel in channels:
            sent += await _send_one(database, vault, channel, perch, now)
    return sent + await database.hop(lambda: judge(database, now))


def judge(database: Database, now: datetime) -> int:
    """Look for receipts; a canary that did not arrive is an alarm until another one does."""
    with database.reading() as session:
        known = {(one.kind, one.subject) for one in alarms.open_alarms(session)}
        arrived = canaries.receipts(session, now)
        today = [(one, canaries.verdict(one, now)) for one in canaries.of_today(session, now)]
    news = [
        (one, how)
        for one, how in today
        if (how == canaries.GOOD) == ((alarms.CANARY, one.provider) in known)
        and how in (canaries.GOOD, canaries.BAD)
    ]
    if not arrived and not news:
        return 0
    with database.transaction() as session:
        done = canaries.take_receipts(session, now)
        for one in canaries.of_today(session, now):
            done += _alarm(session, one, now)
        return done


async def fly(channel: Channel, letter: Letter, way: str, now: datetime) -> SendOutcome:
    """Make the call, as delivery does."""
    send = channel.send_template if way == TEMPLATE else channel.send_text
    try:
        async with asyncio.timeout(_CALL_SECONDS):
            return await send(letter, now)
    except Exception as error:  # noqa: BLE001 - what an adapter does wrong must be seen, not fatal
        return SendOutcome(Result.UNKNOWN, reason=type(error).__name__)


def letter_for(flight: Flight, canary_id: str, now: datetime) -> Letter:
    """The canary's words, or its template."""
    return Letter(
        message_id=canary_id,
        address=flight.address,
        body=render("canary.hello"),
        send_key=f"canary:{canary_id}",
        attempt_id=canary_id,
        purpose=NAME,
        template={"name": NAME},
        expires_at=now + _LIVES,
    )


def plan(
    session: Session, vault: Vault, channel: Channel, perch: Perch, now: datetime
) -> Flight | str:
    """How a canary can go over this channel, or the word for why it cannot."""
    if channel.name == SMS:
        return _to_phone(channel, perch.phones, now)
    return _to_openid(session, vault, channel, perch.openids, now)


def _to_phone(channel: Channel, phones: Sequence[str], now: datetime) -> Flight | str:
    if not phones:
        return "no_phone"
    if channel.free_text:
        return Flight(_turn(phones, now), TEXT)
    return (
        Flight(_turn(phones, now), TEMPLATE) if channel.has_template(NAME) else "template_missing"
    )


def _to_openid(
    session: Session, vault: Vault, channel: Channel, openids: Sequence[str], now: datetime
) -> Flight | str:
    """Words while the window is open, a template otherwise: as for everybody."""
    if not openids:
        return "no_openid"
    openid = _turn(openids, now)
    contact = session.exec(
        select(ContactPoint)
        .where(ContactPoint.channel == channel.name)
        .where(ContactPoint.account == channel.provider.partition(":")[2])
        .where(col(ContactPoint.address_index) == vault.index(openid, "address"))
    ).first()
    if contact is not None and windows.room(contact, now).left > 0:
        return Flight(openid, TEXT, contact.id)
    if channel.has_template(NAME):
        return Flight(openid, TEMPLATE)
    return "window_shut" if contact is not None else "openid_never_wrote"


def _turn(several: Sequence[str], now: datetime) -> str:
    return several[china_date(now).toordinal() % len(several)]


def _is_due(session: Session, channels: Sequence[Channel], now: datetime) -> bool:
    if not bounds().is_canary_time(now) or halting.halted(session) is not None:
        return False
    sent = {one.provider for one in canaries.of_today(session, now) if not canaries.again(one, now)}
    return any(channel.provider not in sent for channel in channels)


async def _send_one(
    database: Database, vault: Vault, channel: Channel, perch: Perch, now: datetime
) -> int:
    def begin(session: Session) -> tuple[str, Flight] | None:
        canary = canaries.claim(session, channel.provider, now)
        if canary is None:
            return None
        flight = plan(session, vault, channel, perch, now)
        if isinstance(flight, Flight):
            return canary.id, flight
        canaries.note(session, canary.id, result=canaries.CANNOT, code=flight, provider_id=None)
        return None

    begun = await database.write(begin)
    if begun is None:
        return 0
    canary_id, flight = begun
    outcome = await fly(channel, letter_for(flight, canary_id, now), flight.way, now)
    log.info(
        "canary.sent",
        provider=channel.provider,
        result=outcome.result.value,
        code=outcome.code,
        reason=outcome.reason,
    )
    await database.write(lambda session: _end(session, channel, canary_id, flight, outcome, now))
    return 1


def _end(
    session: Session,
    channel: Channel,
    canary_id: str,
    flight: Flight,
    outcome: SendOutcome,
    now: datetime,
) -> None:
    canaries.note(
        session,
        canary_id,
        result=outcome.result.value,
        code=outcome.reason or outcome.code or None,
        provider_id=outcome.provider_id,
    )
    if flight.contact_id is not None and outcome.result in (*_TAKEN, Result.UNKNOWN):
        windows.spend(session, flight.contact_id)
    if outcome.result in _TAKEN:
        mended(session, channel.provider, now)


def mended(session: Session, provider: str, now: datetime) -> None:
    """It took a message: whatever was wrong with the provider or our account is over."""
    state = providers.states(session, [provider]).get(provider)
    if providers.note_answer(session, state, provider, now):
        alarms.settle_alarm(session, alarms.BREAKER, provider, now)
        alarms.settle_alarm(session, alarms.TROUBLE, provider, now)


def _alarm(session: Session, canary: Canary, now: datetime) -> int:
    how = canaries.verdict(canary, now)
    if how == canaries.GOOD:
        return alarms.settle_alarm(session, alarms.CANARY, canary.provider, now)
    known = {(one.kind, one.subject) for one in alarms.open_alarms(session)}
    if how != canaries.BAD or (alarms.CANARY, canary.provider) in known:
        return 0
    code = canaries.why(canary)
    log.error("canary.failed", provider=canary.provider, code=code)
    return alarms.raise_for_operator(session, alarms.CANARY, canary.provider, now, code=code)
