"""A doctor answers a notice without the inbox: takes the alarm, or closes it with its outcome.

The same guarded changes as on the pages, by the same rules of who sees whom: a case closed from a
phone as 转诊 has its check in two weeks like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, and_, col, or_, select

from records import casework
from records.escalations import CLOSED, OPEN, OUTCOMES, code_of
from records.outbound import NOTICE, SPOKEN
from records.practitioners import reader_of
from records.tables import DeliveryAttempt, Escalation, OutboundMessage
from records.vault import Vault

ACKNOWLEDGE = "acknowledge"
ACTIONS = (ACKNOWLEDGE, *OUTCOMES)
ANSWERED_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer did.

    `kind`: acknowledged, closed, late (somebody was faster, `by` says who), which (several are
    open), unknown_code, nothing_open, or gone. `others` are the codes still open for this doctor.
    """

    kind: str
    code: str = ""
    by: str = ""
    others: tuple[str, ...] = ()


def pick_up(
    session: Session,
    vault: Vault,
    notice: OutboundMessage,
    action: str,
    code: str | None,
    now: datetime,
) -> Answered:
    """Act as the practitioner of the notice on the alarm it is about, or on the one with this code."""
    reader = reader_of(session, notice.practitioner_id or "", now)
    if reader is None:
        return Answered("gone")
    rung = _rung_for(session, reader.practitioner_id)
    target = _target(rung, notice, code)
    if isinstance(target, Answered):
        return target
    mine = code_of(target)
    others = tuple(code_of(one.id) for one in rung if one.id != target and one.state == OPEN)
    if action == ACKNOWLEDGE:
        acted = casework.acknowledge(session, vault, reader, target, now)
    else:
        acted = casework.close(session, vault, reader, target, outcome=action, remark="", now=now)
    if acted is None:
        return Answered("unknown_code", mine)
    if acted.done:
        return Answered("acknowledged" if action == ACKNOWLEDGE else "closed", mine, "", others)
    case = session.get_one(Escalation, target)
    if case.state == CLOSED and case.closed_by == reader.practitioner_id:
        # The same answer once more; or another one, to what is over.
        again = case.outcome == action
        return Answered("closed", mine, "", others) if again else _none_meant(rung)
    return Answered("late", mine, acted.by or "", others)


def open_codes(session: Session, notice: OutboundMessage) -> tuple[str, ...]:
    """The codes of what is still open for the practitioner of this notice."""
    return tuple(code_of(one.id) for one in _rung_for(session, notice.practitioner_id or ""))


def latest(session: Session, practitioner_id: str, now: datetime) -> OutboundMessage | None:
    """The last notice about an alarm that this practitioner was rung with, within a day."""
    return session.exec(
        select(OutboundMessage)
        .where(OutboundMessage.practitioner_id == practitioner_id)
        .where(OutboundMessage.purpose == NOTICE)
        .where(col(OutboundMessage.escalation_id).is_not(None))
        .where(col(OutboundMessage.created_at) > now - ANSWERED_WITHIN)
        .order_by(col(OutboundMessage.created_at).desc(), col(OutboundMessage.id).desc())
    ).first()


def rang_last(session: Session, practitioner_id: str, contact_point_id: str) -> bool:
    """Whether the last SMS to a phone was an alarm for its doctor, and nothing to its patient."""
    last = session.exec(
        select(OutboundMessage)
        .join(DeliveryAttempt, col(DeliveryAttempt.outbound_message_id) == col(OutboundMessage.id))
        .where(
            or_(
                col(DeliveryAttempt.contact_point_id) == contact_point_id,
                and_(
                    col(OutboundMessage.practitioner_id) == practitioner_id,
                    col(DeliveryAttempt.route).startswith("sms:"),
                ),
            )
        )
        .where(or_(col(DeliveryAttempt.result).is_(None), col(DeliveryAttempt.result).in_(SPOKEN)))
        .order_by(col(DeliveryAttempt.began_at).desc(), col(DeliveryAttempt.id).desc())
    ).first()
    return last is not None and last.practitioner_id is not None and last.escalation_id is not None


def _rung_for(session: Session, practitioner_id: str) -> list[Escalation]:
    """What this practitioner was rung for and nobody has closed, the latest first."""
    rung = (
        select(OutboundMessage.escalation_id)
        .where(OutboundMessage.practitioner_id == practitioner_id)
        .where(OutboundMessage.purpose == NOTICE)
    )
    return list(
        session.exec(
            select(Escalation)
            .where(col(Escalation.id).in_(rung))
            .where(col(Escalation.state) != CLOSED)
            .order_by(col(Escalation.opened_at).desc())
        ).all()
    )


def _target(rung: list[Escalation], notice: OutboundMessage, code: str | None) -> str | Answered:
    """The alarm that is meant.

    Without a code only that of the notice, closed or not: another one is another patient.
    """
    if code is not None:
        found = [one.id for one in rung if code_of(one.id) == code]
        codes = tuple(code_of(one.id) for one in rung)
        return found[0] if found else Answered("unknown_code", code, "", codes)
    return notice.escalation_id or _none_meant(rung)


def _none_meant(rung: list[Escalation]) -> Answered:
    codes = tuple(code_of(one.id) for one in rung)
    return Answered("which", "", "", codes) if codes else Answered("nothing_open")
