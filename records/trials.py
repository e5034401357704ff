"""Trials of drafts: asked for on a page, worked off by a worker, and what they found.

The answers that would change quote patients' questions, so they are sealed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select, update

from records import asked, audit
from records.db import changed
from records.identity import new_id
from records.reader import Reader
from records.tables import ArticleTrial
from records.vault import Vault, VaultError

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
PLACE = "article_trials.result"
LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a question gets: an article's words, or how it is turned away."""

    kind: str
    articles: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One question whose answer would change: a wording of the article itself, or a kept question.

    Of a kept question only the id is written down, so that it is forgotten everywhere at once.
    """

    question: str
    before: Reply
    after: Reply
    question_id: str | None = None

    @property
    def own(self) -> bool:
        """It is a wording of the article itself."""
        return self.question_id is None


def request(session: Session, reader: Reader, article_id: str, number: int, now: datetime) -> str:
    """Ask for a trial of a draft; one that waits or runs already is that one."""
    open_one = session.exec(
        select(ArticleTrial)
        .where(ArticleTrial.article_id == article_id)
        .where(ArticleTrial.number == number)
        .where(col(ArticleTrial.state).in_((WAITING, RUNNING)))
    ).first()
    if open_one is not None:
        return open_one.id
    row = ArticleTrial(
        id=new_id(),
        article_id=article_id,
        number=number,
        requested_by=reader.practitioner_id,
        requested_at=now,
    )
    session.add(row)
    session.flush()
    audit.note(
        session,
        actor=reader.actor,
        action="article.tried",
        subject="article",
        subject_id=article_id,
        facility_id=reader.facility_id,
        now=now,
        detail={"number": number},
    )
    return row.id


def find(session: Session, article_id: str, trial_id: str) -> ArticleTrial | None:
    """One trial of an article."""
    row = session.get(ArticleTrial, trial_id)
    return row if row is not None and row.article_id == article_id else None


def latest(session: Session, article_id: str) -> ArticleTrial | None:
    """The newest trial of an article."""
    return session.exec(
        select(ArticleTrial)
        .where(ArticleTrial.article_id == article_id)
        .order_by(col(ArticleTrial.requested_at).desc(), col(ArticleTrial.id).desc())
        .limit(1)
    ).first()


def anything_to_do(session: Session, now: datetime) -> bool:
    """Whether a trial waits."""
    return session.exec(select(ArticleTrial.id).where(_free(now)).limit(1)).first() is not None


def claim(session: Session, now: datetime) -> ArticleTrial | None:
    """Take the trial that waits longest, or one whose worker is gone."""
    free = _free(now)
    row = session.exec(
        select(ArticleTrial)
        .where(free)
        .order_by(col(ArticleTrial.requested_at), col(ArticleTrial.id))
        .limit(1)
    ).first()
    if row is None:
        return None
    won = changed(
        session,
        update(ArticleTrial)
        .where(col(ArticleTrial.id) == row.id)
        .where(free)
        .values(state=RUNNING, claimed_until=now + LEASE, done=0)
        .execution_options(synchronize_session=False),
    )
    return row if won == 1 else None


def advance(session: Session, trial_id: str, done: int, total: int, now: datetime) -> None:
    """Say how far it is; the worker still lives."""
    _set(session, trial_id, done=done, total=total, claimed_until=now + LEASE)


def finish(
    session: Session,
    vault: Vault,
    trial_id: str,
    found: Sequence[Difference],
    changed_in_all: int,
    edition: str,
    now: datetime,
) -> None:
    """Keep what changes (the first of them), how much in all, and against which edition."""
    kept = [replace(one, question="" if one.question_id else one.question) for one in found]
    text = json.dumps([asdict(one) for one in kept], ensure_ascii=False)
    _set(
        session,
        trial_id,
        state=DONE,
        edition=edition,
        changed=changed_in_all,
        result_sealed=vault.seal(text, PLACE, trial_id),
        claimed_until=None,
        ended_at=now,
    )


def fail_running(session: Session, trial_id: str, problem: str, now: datetime) -> None:
    """End a trial that is not done; `problem` is a code, never a patient's words."""
    session.execute(
        update(ArticleTrial)
        .where(col(ArticleTrial.id) == trial_id)
        .where(col(ArticleTrial.state) == RUNNING)
        .values(state=FAILED, problem=problem, claimed_until=None, ended_at=now)
        .execution_options(synchronize_session=False)
    )


def put_back(session: Session, trial_id: str) -> None:
    """Let a running trial wait again, from its beginning: its worker ends."""
    session.execute(
        update(ArticleTrial)
        .where(col(ArticleTrial.id) == trial_id)
        .where(col(ArticleTrial.state) == RUNNING)
        .values(state=WAITING, claimed_until=None, done=0)
        .execution_options(synchronize_session=False)
    )


def differences(
    session: Session, vault: Vault, reader: Reader, row: ArticleTrial
) -> tuple[Difference, ...]:
    """What a finished trial found, without questions that were forgotten or are not this reader's."""
    if row.result_sealed is None:
        return ()
    try:
        found = json.loads(vault.open(row.result_sealed, PLACE, row.id))
    except VaultError:
        return ()
    said = {one.id: one.text for one in asked.stored(session, vault, reader)}
    read = (
        Difference(
            one["question"] or said.get(one["question_id"], ""),
            _reply(one["before"]),
            _reply(one["after"]),
            one["question_id"],
        )
        for one in found
    )
    return tuple(one for one in read if one.question)


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(
        col(ArticleTrial.state) == WAITING,
        and_(col(ArticleTrial.state) == RUNNING, col(ArticleTrial.claimed_until) <= now),
    )


def _reply(fields: dict[str, object]) -> Reply:
    articles = fields["articles"]
    names = tuple(str(name) for name in articles) if isinstance(articles, list) else ()
    return Reply(str(fields["kind"]), names, str(fields["text"]))


def _set(session: Session, trial_id: str, **values: object) -> None:
    session.execute(
        update(ArticleTrial)
        .where(col(ArticleTrial.id) == trial_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
