"""How often WeChat lets us write: a long window after words, a brief one after a tap.

A new window replaces the old one of its kind, they never add up, and the larger count counts. A send
is taken from both, because the platform counts it against both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Case, case
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, update

from records.tables import ContactPoint

# A window that ends sooner is a tap's, a follow's or a scan's: it runs beside the long one.
BRIEF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Window:
    """What the platform lets us send freely after this message: so many texts, for so long."""

    lasts: timedelta
    sends: int


@dataclass(frozen=True, slots=True)
class Room:
    """What can still be sent now, and until when that holds."""

    left: int = 0
    until: datetime | None = None


NO_ROOM = Room()


def room(contact: ContactPoint, now: datetime) -> Room:
    """The larger of the windows that are open now."""
    kinds = (
        Room(contact.window_left, contact.window_until),
        Room(contact.brief_left, contact.brief_until),
    )
    still = [one for one in kinds if one.left > 0 and one.until is not None and one.until > now]
    return max(still, key=lambda one: one.left, default=NO_ROOM)


def grant(contact: ContactPoint, window: Window, now: datetime) -> None:
    """Open a window; the one of its kind before it is gone."""
    until = now + window.lasts
    if window.lasts < BRIEF:
        contact.brief_until, contact.brief_left = until, window.sends
    else:
        contact.window_until, contact.window_left = until, window.sends


def close(contact: ContactPoint) -> None:
    """Nothing may be written any more: the person left."""
    contact.window_until, contact.window_left = None, 0
    contact.brief_until, contact.brief_left = None, 0


def spend(session: Session, contact_point_id: str) -> None:
    """Count one free text against every window."""
    session.execute(
        update(ContactPoint)
        .where(col(ContactPoint.id) == contact_point_id)
        .values(
            window_left=_one_less(col(ContactPoint.window_left)),
            brief_left=_one_less(col(ContactPoint.brief_left)),
        )
        .execution_options(synchronize_session=False)
    )


def shut(session: Session, contact_point_id: str) -> None:
    """The platform says that nothing is left, whatever we counted."""
    session.execute(
        update(ContactPoint)
        .where(col(ContactPoint.id) == contact_point_id)
        .values(window_left=0, brief_left=0)
        .execution_options(synchronize_session=False)
    )


def _one_less(left: Mapped[int]) -> Case[int]:
    return case((left > 0, left - 1), else_=0)
