"""What somebody agreed to be sent by a WeChat template: a ledger of marks, from which the rest follows.

A yes to a one-time template is one message, a yes to a long-term one holds until it is taken back.
Marks are kept in the order in which they happened, each of them once, so that state and credits do
not depend on the order in which the platform's events arrive, or on how often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from records.identity import new_id
from records.insertion import insert_once
from records.tables import ContactPoint, Subscription

ONE_TIME, LONG_TERM = "one_time", "long_term"
ACCEPTED, REJECTED, BANNED = "accepted", "rejected", "banned"

# What a mark says. A choice in the question itself, or in the phone's settings, where a no means
# "never again"; a send of ours; the platform's word that nothing is left.
YES, NO, ALLOWED, FORBIDDEN, BARRED = "yes", "no", "allowed", "forbidden", "barred"
SPENT, NOTHING_LEFT, CARRIED = "spent", "nothing_left", "carried"
# Of marks of the same second: what takes away comes last.
_RANK = {CARRIED: 0, YES: 1, ALLOWED: 1, NO: 2, SPENT: 2}
# So many marks are kept one by one; older ones are carried forward as one.
_KEPT = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose for one template: one of the marks above that a person can make."""

    template_id: str
    kind: str
    mark: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Where a person stands with one template."""

    state: str = REJECTED
    credits: int = 0

    def may_send(self, kind: str) -> bool:
        """Whether a message may go now."""
        return self.state == ACCEPTED and (kind == LONG_TERM or self.credits > 0)


NO_LEAVE = Leave()


def note(
    session: Session, contact_point_id: str, choices: Iterable[Choice], at: datetime, key: str
) -> None:
    """Write down what a person chose at `at`. `key` names the event: a repeat changes nothing."""
    for number, choice in enumerate(choices):
        row = _row(session, contact_point_id, choice.template_id, choice.kind, at)
        _mark(session, row, choice.mark, at, f"{key}:{number}", choice.kind)


def spend(
    session: Session, contact_point_id: str, template_id: str, kind: str, now: datetime
) -> None:
    """Count one message that was sent, or perhaps sent."""
    row = _row(session, contact_point_id, template_id, kind, now)
    _mark(session, row, SPENT, now, new_id(), kind)


def exhaust(
    session: Session, contact_point_id: str, template_id: str, kind: str, now: datetime
) -> None:
    """The platform says that the person agreed to nothing more, whatever we counted."""
    row = _row(session, contact_point_id, template_id, kind, now)
    _mark(session, row, NOTHING_LEFT, now, new_id(), kind)


def leave_for(session: Session, contact_point_id: str, template_id: str) -> Leave:
    """Where the person behind an address stands with a template."""
    row = session.exec(
        select(Subscription)
        .where(Subscription.contact_point_id == contact_point_id)
        .where(Subscription.template_id == template_id)
    ).first()
    return Leave(row.state, row.credits) if row is not None else NO_LEAVE


def subscribed(template_id: str, kind: str) -> ColumnElement[bool]:
    """For queries over contact points: whether a message of this template may go to them now."""
    mine = (
        select(Subscription.id)
        .where(Subscription.contact_point_id == ContactPoint.id)
        .where(Subscription.template_id == template_id)
        .where(Subscription.state == ACCEPTED)
        .correlate(ContactPoint)
    )
    return (mine if kind == LONG_TERM else mine.where(col(Subscription.credits) > 0)).exists()


def all_of(session: Session, contact_point_ids: Iterable[str]) -> list[Subscription]:
    """Every template that somebody behind these addresses was asked about."""
    return list(
        session.exec(
            select(Subscription)
            .where(col(Subscription.contact_point_id).in_(list(contact_point_ids)))
            .order_by(col(Subscription.template_id))
        ).all()
    )


def standing(marks: Iterable[list[str]], kind: str) -> Leave:
    """What the marks come to, in the order in which they happened."""
    now = NO_LEAVE
    for _, what, key in sorted(marks, key=_moment):
        now = _STEPS[what](now, kind, key)
    # A yes of the same second may be sorted behind its message, so only the end is held at nothing.
    return Leave(now.state, max(now.credits, 0))


def _no(now: Leave, kind: str, _: str) -> Leave:
    """A no to one more message takes nothing back that was agreed to before."""
    kept = kind == ONE_TIME and now.credits > 0
    return now if kept else Leave(REJECTED, now.credits)


def _nothing_left(now: Leave, kind: str, _: str) -> Leave:
    return Leave(REJECTED if kind == LONG_TERM else now.state, 0)


def _carried(_: Leave, __: str, key: str) -> Leave:
    number, state = key.split(":", 1)
    return Leave(state, int(number))


_STEPS: Mapping[str, Callable[[Leave, str, str], Leave]] = {
    YES: lambda now, _, __: Leave(ACCEPTED, now.credits + 1),
    NO: _no,
    ALLOWED: lambda now, _, __: Leave(ACCEPTED, now.credits),
    FORBIDDEN: lambda _, __, ___: Leave(REJECTED, 0),
    BARRED: lambda _, __, ___: Leave(BANNED, 0),
    SPENT: lambda now, _, __: Leave(now.state, now.credits - 1),
    NOTHING_LEFT: _nothing_left,
    CARRIED: _carried,
}


def _moment(mark: list[str]) -> tuple[str, int, str]:
    at, what, key = mark
    return at, _RANK.get(what, 3), key


def _mark(
    session: Session, row: Subscription, what: str, at: datetime, key: str, kind: str
) -> None:
    if any(known == key for _, _, known in row.marks):
        return
    written = at.astimezone(UTC).isoformat(timespec="seconds")
    marks = sorted([*row.marks, [written, what, key]], key=_moment)
    row.marks, row.kind = _shortened(marks, kind), kind
    now = standing(row.marks, kind)
    row.state, row.credits, row.changed_at = now.state, now.credits, max(row.changed_at, at)
    session.add(row)
    session.flush()


def _shortened(marks: list[list[str]], kind: str) -> list[list[str]]:
    """The oldest half as one mark, once there are many."""
    if len(marks) <= _KEPT:
        return marks
    old, young = marks[: _KEPT // 2], marks[_KEPT // 2 :]
    so_far = standing(old, kind)
    return [[old[-1][0], CARRIED, f"{so_far.credits}:{so_far.state}"], *young]


def _row(
    session: Session, contact_point_id: str, template_id: str, kind: str, at: datetime
) -> Subscription:
    """The ledger of one template at one address, locked; begun when there is none."""
    query = (
        select(Subscription)
        .where(Subscription.contact_point_id == contact_point_id)
        .where(Subscription.template_id == template_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = session.exec(query).first()
    if found is None:
        fresh = Subscription(
            contact_point_id=contact_point_id,
            template_id=template_id,
            kind=kind,
            state=REJECTED,
            changed_at=at,
        )
        insert_once(session, fresh)
        found = session.exec(query).one()
    return found
