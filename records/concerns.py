"""How often a model's worry has opened a case lately: a worry is bounded, an alarm of the rules is not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, cast
from sqlmodel import Session, col, func, select

from records.tables import Escalation

MODEL_CONCERN = "model_concern"


def raised_since(session: Session, facility_id: str | None, since: datetime) -> int:
    """The cases of one facility that a model's worry opened or is part of, since then."""
    return session.exec(
        select(func.count())
        .select_from(Escalation)
        .where(col(Escalation.facility_id) == facility_id)
        .where(col(Escalation.opened_at) >= since)
        .where(cast(col(Escalation.reasons), String).contains(MODEL_CONCERN))
    ).one()
