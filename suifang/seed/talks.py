"""The last days as they really pass: a message comes in, a turn answers it, the reply is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session, select

from agent.loading import Tools
from agent.turn import take_turn
from records import casework, messages, outbound
from records.db import Database
from records.identity import new_id
from records.messages import Arrival
from records.reader import Reader
from records.tables import Escalation
from records.windows import Window
from schedules.escalating import ring_due
from suifang.seed.arrivals import CHANNEL
from suifang.seed.history import Said

_SETTLE = timedelta(seconds=4)
_LEASE = timedelta(minutes=1)
_BELL, _BELLS = "notice:text", "notice:main"
_WINDOW = Window(lasts=timedelta(hours=48), sends=5)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the conversations happen. `doctors` are readers by login."""

    database: Database
    tools: Tools
    account: str
    doctors: dict[str, Reader]


def talk(stage: Stage, said: Sequence[Said]) -> None:
    """Play the conversations in the order in which they happened."""
    for number, words in enumerate(sorted(said, key=lambda one: one.at)):
        contact_id = _write(stage, words, number)
        answered = words.at + _SETTLE
        take_turn(stage.database, stage.tools, partial(_same, answered))
        ring_due(stage.database, stage.tools, answered)
        with stage.database.transaction() as session:
            _send(session, stage.account, answered)
            if words.taken_by is not None:
                _take(session, stage, contact_id, stage.doctors[words.taken_by], answered)


def _same(moment: datetime) -> datetime:
    return moment


def _write(stage: Stage, words: Said, number: int) -> str:
    arrival = Arrival(
        channel=CHANNEL,
        account=stage.account,
        address=words.openid,
        external_id=f"demo:{number}",
        kind="text",
        sent_at=words.at,
        text=words.words,
        window=_WINDOW,
    )
    with stage.database.transaction() as session:
        accepted = messages.accept(
            session, stage.tools.vault, arrival, words.at, wake_at=words.at + _SETTLE
        )
    return accepted.contact_point_id


def _send(session: Session, account: str, now: datetime) -> None:
    while (message := outbound.claim_due(session, now, _LEASE)) is not None:
        route = CHANNEL if message.practitioner_id is None else _BELL
        provider = f"{CHANNEL}:{account}" if route == CHANNEL else _BELLS
        trial = outbound.Trial(new_id(), route, provider, message.contact_point_id)
        attempt = outbound.begin_attempt(session, message, trial, now)
        outbound.end_attempt(session, attempt.id, now, result=outbound.ACCEPTED, code="0")
        outbound.settle(session, message, outbound.ACCEPTED, None, now)


def _take(
    session: Session, stage: Stage, contact_id: str, doctor: Reader, answered: datetime
) -> None:
    for row in session.exec(
        select(Escalation)
        .where(Escalation.contact_point_id == contact_id)
        .where(Escalation.state == "open")
    ):
        taken = answered + timedelta(minutes=6)
        casework.acknowledge(session, stage.tools.vault, doctor, row.id, taken)
