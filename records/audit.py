"""The audit trail: who read or changed what. Rows are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from records.tables import AuditEvent


def note(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    subject_id: str,
    now: datetime,
    person_id: str | None = None,
    facility_id: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add one event. `actor` is "practitioner:<id>", "agent" or "operator".

    `detail` holds ids and codes only: never a patient's words, name or number.
    """
    session.add(
        AuditEvent(
            at=now,
            actor=actor,
            action=action,
            subject=subject,
            subject_id=subject_id,
            person_id=person_id,
            facility_id=facility_id,
            detail=detail or {},
        )
    )
