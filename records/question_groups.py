"""What a curator decides about a group of questions. Every decision can be taken back.

A new question reopens a covered group once the article has had time to reach the patients: whoever
still asks shows that it does not answer. What is not ours stays not ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from records import audit
from records.identity import undated_id
from records.people import china_date
from records.reader import Reader
from records.tables import AskedQuestion, Facility, QuestionGroup

WAITING, COVERED, DISMISSED, MERGED = "waiting", "covered", "dismissed", "merged"
STATES = (WAITING, COVERED, DISMISSED)
CURATOR = "curator"
# Why a group is no work for the library. The first three may become decoys of the gate.
AS_DECOYS = ("other_disease", "off_topic", "ad")
DISMISSALS = (*AS_DECOYS, "doctor_only", "unclear", "again")


def cover(session: Session, reader: Reader, group_id: str, article_id: str, now: datetime) -> bool:
    """An article answers this group. False when there is no such group for this reader."""
    group = _group(session, reader, group_id)
    if group is None:
        return False
    _decide(session, group, reader, now, COVERED, article_id=article_id)
    _note(session, "question.covered", reader, group_id, now, {"article": article_id})
    return True


def dismiss(session: Session, reader: Reader, group_id: str, why: str, now: datetime) -> bool:
    """Not a question for the library, and why."""
    group = _group(session, reader, group_id)
    if group is None or why not in DISMISSALS:
        return False
    _decide(session, group, reader, now, DISMISSED, dismissed_as=why)
    _note(session, "question.dismissed", reader, group_id, now, {"why": why})
    return True


def reopen(session: Session, reader: Reader, group_id: str, now: datetime) -> bool:
    """Take back whatever was decided: the group waits again."""
    group = _group(session, reader, group_id)
    if group is None or group.state == WAITING:
        return False
    if group.state == MERGED:
        session.execute(
            update(AskedQuestion)
            .where(col(AskedQuestion.was_in) == group_id)
            .values(group_id=group_id, was_in=None)
        )
    _decide(session, group, reader, now, WAITING)
    _note(session, "question.reopened", reader, group_id, now, {})
    return True


def merge(session: Session, reader: Reader, group_id: str, into: str, now: datetime) -> bool:
    """Put the questions of one group into another."""
    group, other = _group(session, reader, group_id), _group(session, reader, into)
    if group is None or other is None or group_id == into or MERGED in (group.state, other.state):
        return False
    session.execute(
        update(AskedQuestion)
        .where(col(AskedQuestion.group_id) == group_id)
        .values(group_id=into, was_in=group_id)
    )
    _decide(session, group, reader, now, MERGED, merged_into=into)
    _note(session, "question.merged", reader, group_id, now, {"into": into})
    return True


def split(
    session: Session, reader: Reader, group_id: str, question_ids: tuple[str, ...], now: datetime
) -> str | None:
    """Take some questions out into a group of their own; never all of them."""
    if _group(session, reader, group_id) is None:
        return None
    held = session.exec(select(AskedQuestion.id).where(AskedQuestion.group_id == group_id)).all()
    chosen = [one for one in held if one in question_ids]
    if not chosen or len(chosen) == len(held):
        return None
    made = QuestionGroup(id=undated_id(), made_on=china_date(now))
    session.add(made)
    session.flush()
    session.execute(
        update(AskedQuestion)
        .where(col(AskedQuestion.id).in_(chosen))
        .values(group_id=made.id, was_in=None)
    )
    _note(session, "question.split", reader, group_id, now, {"into": made.id})
    return made.id


def put(
    session: Session, question_id: str, group_id: str | None, now: datetime, settled: timedelta
) -> str:
    """Put a new question into a group, or into one of its own. Returns the group it is in.

    Another worker may have put it somewhere first, a curator merged the group away meanwhile, or
    the question may be gone; then there is no group.
    """
    new = select(AskedQuestion).where(AskedQuestion.id == question_id).with_for_update()
    row = session.exec(new.execution_options(populate_existing=True)).one_or_none()
    if row is None or row.group_id is not None:
        return (row.group_id if row else None) or ""
    group = _standing(session, group_id)
    if group is None:
        group = QuestionGroup(id=undated_id(), made_on=china_date(now))
        session.add(group)
        session.flush()
    elif _should_have_reached(group, now, settled):
        group.state = WAITING
        session.add(group)
    row.group_id = group.id
    session.add(row)
    session.flush()
    return group.id


def _standing(session: Session, group_id: str | None) -> QuestionGroup | None:
    """The group, locked, or the one it was merged into in the end."""
    seen = set[str]()
    while group_id and group_id not in seen:
        seen.add(group_id)
        group = session.exec(
            select(QuestionGroup)
            .where(QuestionGroup.id == group_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()
        if group is None or group.state != MERGED:
            return group
        group_id = group.merged_into
    return None


def _should_have_reached(group: QuestionGroup, now: datetime, settled: timedelta) -> bool:
    """Covered so long ago that the article answers by now."""
    if group.state != COVERED or group.decided_at is None:
        return False
    return now - group.decided_at >= settled


def _group(session: Session, reader: Reader, group_id: str) -> QuestionGroup | None:
    """A group of which this curator may see a question."""
    if reader.role != CURATOR:
        return None
    inside = select(Facility.id).where(reader.catchment())
    seen = (
        select(AskedQuestion.id)
        .where((col(AskedQuestion.group_id) == group_id) | (col(AskedQuestion.was_in) == group_id))
        .where(col(AskedQuestion.county_id).in_(inside) | col(AskedQuestion.county_id).is_(None))
    )
    if session.exec(seen).first() is None:
        return None
    return session.exec(
        select(QuestionGroup).where(QuestionGroup.id == group_id).with_for_update()
    ).one_or_none()


def _decide(
    session: Session,
    group: QuestionGroup,
    reader: Reader,
    now: datetime,
    state: str,
    *,
    article_id: str | None = None,
    dismissed_as: str | None = None,
    merged_into: str | None = None,
) -> None:
    group.state, group.article_id, group.dismissed_as = state, article_id, dismissed_as
    group.merged_into = merged_into
    group.decided_by, group.decided_at = reader.practitioner_id, now
    session.add(group)


def _note(
    session: Session,
    action: str,
    reader: Reader,
    group_id: str,
    now: datetime,
    detail: dict[str, str],
) -> None:
    audit.note(
        session,
        actor=reader.actor,
        action=action,
        subject="question",
        subject_id=group_id,
        facility_id=reader.facility_id,
        now=now,
        detail=detail,
    )
