"""How a practitioner is rung: which bell is tried now, and what the notice carries along."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from channels.parcel import TEXT, Routes
from channels.port import Channel, Ring
from records import bells, practitioners
from records.outbound import NEVER
from records.tables import OutboundMessage, Practitioner
from records.vault import Vault


@dataclass(frozen=True, slots=True)
class Call:
    """One bell to be rung now, and how the notice reaches it."""

    channel: Channel
    address: str
    way: str = TEXT
    name: str = ""
    ring: Ring | None = None


@dataclass(frozen=True, slots=True)
class NotRung:
    """Nothing rings now. A `state` settles the notice; without one it waits."""

    reason: str
    state: str = ""


def bell_for(
    session: Session, vault: Vault, routes: Routes, message: OutboundMessage, now: datetime
) -> Call | NotRung:
    """The bell to ring for this notice."""
    del now
    practitioner = session.get_one(Practitioner, message.practitioner_id)
    if practitioner.disabled_at is not None:
        return NotRung("practitioner_disabled", NEVER)
    if routes.notices is None:
        return NotRung("no_route")
    own = bells.bell_of(session, vault, practitioner.id)
    ring = Ring(
        token=bells.token_of(vault, message.id),
        url=own.url if own else "",
        secret=own.secret if own else "",
    )
    name = practitioners.name_of(vault, practitioner.id, practitioner.name_sealed)
    return Call(routes.notices, practitioner.id, name=name, ring=ring)
