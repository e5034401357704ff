"""What a platform's message was answered: sent twice, it is done once and answered the same.

A platform that reads our answer too late sends its message again. Done again, the same words could
mean another alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from records.db import changed
from records.insertion import insert_once
from records.tables import CallbackAnswer
from records.vault import Vault

LIVES = timedelta(days=1)
_PLACE = "callback_answers.said"


def once(session: Session, vault: Vault, name: str, act: Callable[[], str], now: datetime) -> str:
    """Do `act` for the first copy of the message of this name. Returns what it was answered.

    The row comes first: a second copy waits for the transaction of the first one.
    """
    row = vault.index(name, "callback")
    if not insert_once(session, CallbackAnswer(id=row, answered_at=now)):
        said = session.exec(
            select(CallbackAnswer.said_sealed).where(CallbackAnswer.id == row)
        ).one()
        return vault.open(said, _PLACE, row)
    answer = act()
    session.execute(
        update(CallbackAnswer)
        .where(col(CallbackAnswer.id) == row)
        .values(said_sealed=vault.seal(answer, _PLACE, row))
        .execution_options(synchronize_session=False)
    )
    return answer


def sweep(session: Session, now: datetime) -> int:
    """Forget answers that no platform asks for any more."""
    return changed(
        session, delete(CallbackAnswer).where(col(CallbackAnswer.answered_at) <= now - LIVES)
    )
