"""Asks providers what is left on our accounts, and where the approval of our templates stands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeVar

import structlog
from sqlmodel import Session, col, delete

from channels.parcel import Routes
from channels.port import Approval, Balance, Purse, Result, SendOutcome, TemplateOffice
from records import providers, running
from records.db import Database
from records.insertion import insert_once, put
from records.tables import ProviderState, TemplateApproval
from schedules.watching import bounds

log = structlog.get_logger(__name__)

T = TypeVar("T")
_CALL_SECONDS = 25.0


async def poll(database: Database, routes: Routes, now: datetime) -> int:
    """Ask whoever is due, one process each. Returns how many answered."""
    answered = 0
    for channel in routes.every():
        # The ports are found by their methods: whoever tells a balance is a purse.
        if isinstance(channel, Purse):
            answered += await _poll_balance(database, channel.provider, channel, now)
        if isinstance(channel, TemplateOffice):
            answered += await _poll_approvals(database, channel.provider, channel, now)
    return answered


async def _poll_balance(database: Database, provider: str, purse: Purse, now: datetime) -> int:
    if not await _turn(database, f"polled:balance:{provider}", now, templates=False):
        return 0
    found = await _asked(lambda: purse.balance(now))
    if isinstance(found, SendOutcome):
        _log(provider, "balance", found)
        return 0
    await database.write(lambda session: note_balance(session, provider, found, now))
    return 1


async def _poll_approvals(
    database: Database, provider: str, office: TemplateOffice, now: datetime
) -> int:
    if not await _turn(database, f"polled:templates:{provider}", now, templates=True):
        return 0
    found = await _asked(lambda: office.approvals(now))
    if isinstance(found, SendOutcome):
        _log(provider, "templates", found)
        return 0
    await database.write(lambda session: note_approvals(session, provider, found, now))
    return 1


def note_balance(session: Session, provider: str, found: Balance, now: datetime) -> None:
    """Write down what is left."""
    insert_once(session, ProviderState(provider=provider))
    row = providers.states(session, [provider])[provider]
    row.balance, row.balance_unit, row.balance_at = found.amount, found.unit, now
    session.add(row)


def note_approvals(
    session: Session, provider: str, found: Mapping[str, Approval], now: datetime
) -> None:
    """Write down where each template stands; one that we use no more is forgotten."""
    for name, approval in found.items():
        row = TemplateApproval(
            provider=provider,
            name=name,
            template_id=approval.template_id,
            state=approval.state,
            reason=approval.reason,
            checked_at=now,
        )
        put(session, row)
    session.execute(
        delete(TemplateApproval)
        .where(col(TemplateApproval.provider) == provider)
        .where(col(TemplateApproval.name).not_in(sorted(found)))
        .execution_options(synchronize_session=False)
    )


async def _turn(database: Database, name: str, now: datetime, *, templates: bool) -> bool:
    every = bounds().templates_every if templates else bounds().balance_every
    if not await database.read(lambda session: running.may_be_time(session, name, every, now)):
        return False
    return await database.write(lambda session: running.is_time(session, name, every, now))


async def _asked(ask: Callable[[], Awaitable[T | SendOutcome]]) -> T | SendOutcome:
    try:
        async with asyncio.timeout(_CALL_SECONDS):
            return await ask()
    except Exception as error:  # noqa: BLE001 - one provider that breaks must not stop the others
        return SendOutcome(Result.UNKNOWN, reason=type(error).__name__)


def _log(provider: str, what: str, outcome: SendOutcome) -> None:
    log.warning(
        "polling.not_told",
        provider=provider,
        what=what,
        result=outcome.result.value,
        code=outcome.code,
        reason=outcome.reason,
    )
