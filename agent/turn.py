"""One turn: claim → load → decide → save. No transaction is open while it thinks.

A crash at any point loses nothing: before the save the messages still wait and the lease runs out;
the save is one transaction that also marks the messages as answered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from agent.context import TurnContext
from agent.graph import decide
from agent.loading import Tools, load, load_reading
from agent.perceiving import LOOK_AGAIN, came_meanwhile, is_awaited
from agent.saving import Save, save
from agent.stepping_back import step_back
from records import conversations, tasks
from records.conversations import HANDED_OVER, Claim
from records.db import Database
from records.identity import new_id
from records.people import ensure_person
from records.tables import ContactPoint

log = structlog.get_logger()

# Longer than the slowest turn; so long a patient waits when a worker dies in the middle of one.
LEASE = timedelta(minutes=1)
_TRIES = 3
_RETRY_AFTER = timedelta(seconds=20)


def take_turn(database: Database, tools: Tools, clock: Callable[[], datetime]) -> bool:
    """Answer the conversation that has waited longest. False when none is due.

    After three failed turns the messages become a doctor's task and the conversation moves on.
    """
    now = clock()
    with database.transaction() as session:
        held = conversations.claim(session, now, LEASE)
    if held is None:
        return False
    try:
        _answer(database, tools, held, now, clock)
    except Exception as error:
        log.exception("turn.failed", error=type(error).__name__, attempts=held.failed_turns + 1)
        _fail(database, held, clock())
    return True


def _answer(
    database: Database, tools: Tools, held: Claim, now: datetime, clock: Callable[[], datetime]
) -> None:
    context = _loaded(database, tools, held, now)
    if not context.messages:
        with database.transaction() as session:
            conversations.release(session, held, now)
        return
    if is_awaited(context.messages, tools.senses, now):
        with database.transaction() as session:
            conversations.put_off(session, held, now + LOOK_AGAIN)
        return
    decision = decide(context)
    if context.held:
        decision = step_back(decision, context)
    turn_id, ended = new_id(), clock()
    with database.transaction() as session:
        if not conversations.still_own(session, held):
            log.warning("turn.lost", turn_id=turn_id)
            return
        if came_meanwhile(session, tools.vault, context.messages):
            conversations.put_off(session, held, ended)
            return
        save(Save(session, tools.vault, held, turn_id, context, decision, ended))
        conversations.release(session, held, ended)
    _tell(turn_id, context, decision.route, decision.mode, decision.level)


def _loaded(database: Database, tools: Tools, held: Claim, now: datetime) -> TurnContext:
    """Almost every turn only reads here: writers need not wait while it does."""
    with database.reading() as session:
        context = load_reading(session, tools, held.contact_point_id, now)
    if context is not None:
        return context
    with database.transaction() as session:
        return load(session, tools, held.contact_point_id, now)


def _fail(database: Database, held: Claim, now: datetime) -> None:
    with database.transaction() as session:
        if not conversations.still_own(session, held):
            return
        if held.failed_turns + 1 < _TRIES:
            conversations.release_failed(session, held, now + _RETRY_AFTER)
            return
        contact = session.get_one(ContactPoint, held.contact_point_id)
        person = ensure_person(session, contact, now)
        unread = conversations.waiting(session, contact.id)
        for message in unread:
            tasks.open_task(
                session,
                task_key=f"{tasks.READ_MESSAGE}:{message.id}",
                kind=tasks.READ_MESSAGE,
                reason="turn_failed",
                person_id=person.id,
                contact_point_id=contact.id,
                facility_id=person.facility_id,
                inbound_message_id=message.id,
                now=now,
            )
        conversations.settle(session, [m.id for m in unread], None, HANDED_OVER)
        conversations.release(session, held, now)


def _tell(turn_id: str, context: TurnContext, route: str, mode: str, level: str) -> None:
    log.info(
        "turn.done",
        turn_id=turn_id,
        route=route,
        mode=mode,
        level=level,
        count=len(context.messages),
    )
