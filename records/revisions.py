"""Revisions of education articles: drafts, signatures and withdrawals, one row each, never changed.

What is in force is the newest signed revision of an article, unless it was withdrawn after that;
then the packaged file stands. Articles are plain text here: `knowledge` knows what they mean.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, func, select

from records import audit, running
from records.identity import new_id
from records.insertion import insert_once
from records.practitioners import name_of
from records.reader import Reader
from records.tables import ArticleRevision, Practitioner
from records.vault import Vault

DRAFT, SIGNED, WITHDRAWN = "draft", "signed", "withdrawn"
EDITION = "articles.edition"


@dataclass(frozen=True, slots=True)
class InForce:
    """A signed text that is served instead of the packaged file, or beside all of them."""

    article_id: str
    number: int
    manuscript: str
    packaged_digest: str = ""


@dataclass(frozen=True, slots=True)
class Vouching:
    """Who vouches for a text."""

    name: str
    title: str
    on: date


@dataclass(frozen=True, slots=True)
class Draft:
    """What a curator wants to keep. `based_on`: the newest revision they had seen, 0 for none."""

    article_id: str
    manuscript: str
    based_on: int
    packaged_digest: str = ""
    note: str = ""
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of it. Not kept: somebody else wrote `number` meanwhile."""

    done: bool
    number: int


def digest_of(manuscript: str) -> str:
    """What a signature binds to."""
    return hashlib.sha256(manuscript.encode()).hexdigest()


def in_force(session: Session) -> tuple[InForce, ...]:
    """The signed revisions that are served, by article. One whose text was tampered with is not."""
    newest = (
        select(col(ArticleRevision.article_id), func.max(col(ArticleRevision.number)))
        .where(col(ArticleRevision.state).in_((SIGNED, WITHDRAWN)))
        .group_by(col(ArticleRevision.article_id))
        .subquery()
    )
    article, number = newest.c
    rows = session.exec(
        select(ArticleRevision)
        .join(
            newest,
            (col(ArticleRevision.article_id) == article) & (col(ArticleRevision.number) == number),
        )
        .where(ArticleRevision.state == SIGNED)
        .order_by(col(ArticleRevision.article_id))
    ).all()
    return tuple(
        InForce(row.article_id, row.number, row.manuscript, row.packaged_digest)
        for row in rows
        if intact(row)
    )


def edition(session: Session) -> str:
    """A word that changes whenever `in_force` does; empty as long as nothing was ever signed."""
    return running.marked(session, EDITION) or ""


def intact(row: ArticleRevision) -> bool:
    """Whether the text is the one that was kept."""
    return digest_of(row.manuscript) == row.digest


def history(session: Session, article_id: str) -> tuple[ArticleRevision, ...]:
    """Every revision of an article, the newest first."""
    return tuple(
        session.exec(
            select(ArticleRevision)
            .where(ArticleRevision.article_id == article_id)
            .order_by(col(ArticleRevision.number).desc())
        ).all()
    )


def newest(session: Session, article_id: str) -> ArticleRevision | None:
    """The newest revision of an article, whatever its state."""
    return session.exec(
        select(ArticleRevision)
        .where(ArticleRevision.article_id == article_id)
        .order_by(col(ArticleRevision.number).desc())
        .limit(1)
    ).first()


def one(session: Session, article_id: str, number: int) -> ArticleRevision | None:
    """One revision."""
    return session.exec(
        select(ArticleRevision)
        .where(ArticleRevision.article_id == article_id)
        .where(ArticleRevision.number == number)
    ).first()


def latest(session: Session) -> tuple[ArticleRevision, ...]:
    """The newest revision of every article that has any."""
    last = (
        select(col(ArticleRevision.article_id), func.max(col(ArticleRevision.number)))
        .group_by(col(ArticleRevision.article_id))
        .subquery()
    )
    article, number = last.c
    return tuple(
        session.exec(
            select(ArticleRevision).join(
                last,
                (col(ArticleRevision.article_id) == article)
                & (col(ArticleRevision.number) == number),
            )
        ).all()
    )


def keep(session: Session, reader: Reader, draft: Draft, now: datetime) -> Kept:
    """Keep a draft as the next revision, unless somebody wrote one since `based_on`."""
    row = ArticleRevision(
        article_id=draft.article_id,
        number=draft.based_on + 1,
        state=DRAFT,
        manuscript=draft.manuscript,
        digest=digest_of(draft.manuscript),
        packaged_digest=draft.packaged_digest,
        note=draft.note,
        group_id=draft.group_id,
        author_id=reader.practitioner_id,
        made_at=now,
    )
    return _add(session, reader, row, "article.drafted", now)


def sign(
    session: Session,
    reader: Reader,
    draft: Draft,
    of_number: int | None,
    vouching: Vouching,
    now: datetime,
) -> Kept:
    """Put a text in force: a new revision that holds the signed text, right after the draft.

    Args:
        session: the transaction.
        reader: who presses the button.
        draft: the signed manuscript, based on the revision that was read.
        of_number: the draft that was read; None when the packaged text itself is signed.
        vouching: the clinician who answers for the text.
        now: the moment.
    """
    row = ArticleRevision(
        article_id=draft.article_id,
        number=draft.based_on + 1,
        state=SIGNED,
        manuscript=draft.manuscript,
        digest=digest_of(draft.manuscript),
        packaged_digest=draft.packaged_digest,
        of_number=of_number,
        note=draft.note,
        group_id=draft.group_id,
        author_id=reader.practitioner_id,
        made_at=now,
        signer_name=vouching.name,
        signer_title=vouching.title,
        signed_on=vouching.on,
    )
    kept = _add(session, reader, row, "article.signed", now)
    if kept.done:
        _move(session, now)
    return kept


def withdraw(
    session: Session, reader: Reader, article_id: str, based_on: int, note: str, now: datetime
) -> Kept | None:
    """Take the signed revision out of force. None when nothing is in force."""
    signed = next((item for item in in_force(session) if item.article_id == article_id), None)
    if signed is None:
        return None
    row = ArticleRevision(
        article_id=article_id,
        number=based_on + 1,
        state=WITHDRAWN,
        manuscript=signed.manuscript,
        digest=digest_of(signed.manuscript),
        packaged_digest=signed.packaged_digest,
        of_number=signed.number,
        note=note,
        author_id=reader.practitioner_id,
        made_at=now,
    )
    kept = _add(session, reader, row, "article.withdrawn", now)
    if kept.done:
        _move(session, now)
    return kept


def groups_waiting(session: Session, article_id: str) -> tuple[str, ...]:
    """The groups of questions that drafts since the last signature were written for."""
    found: list[str] = []
    for row in history(session, article_id):
        if row.state == SIGNED:
            break
        if row.group_id and row.group_id not in found:
            found.append(row.group_id)
    return tuple(found)


def last_signed(session: Session, reader: Reader) -> ArticleRevision | None:
    """What was signed last from this account."""
    return session.exec(
        select(ArticleRevision)
        .where(ArticleRevision.state == SIGNED)
        .where(ArticleRevision.author_id == reader.practitioner_id)
        .order_by(col(ArticleRevision.made_at).desc(), col(ArticleRevision.number).desc())
        .limit(1)
    ).first()


def authors(session: Session, vault: Vault, rows: Sequence[ArticleRevision]) -> dict[str, str]:
    """The names of those who wrote these revisions, by their id."""
    ids = {row.author_id for row in rows if row.author_id}
    found = session.exec(select(Practitioner).where(col(Practitioner.id).in_(ids))).all()
    return {one.id: name_of(vault, one.id, one.name_sealed) for one in found}


def unsound(session: Session) -> Sequence[str]:
    """Ids of articles of which some revision no longer is what was kept."""
    rows = session.exec(select(ArticleRevision)).all()
    return sorted({row.article_id for row in rows if not intact(row)})


def note_read(session: Session, reader: Reader, article_id: str, now: datetime) -> None:
    """Into the audit trail: who opened which article."""
    _note(session, reader, "article.read", article_id, now)


def _add(
    session: Session, reader: Reader, row: ArticleRevision, action: str, now: datetime
) -> Kept:
    """The unique number decides between two who write at the same time."""
    last = newest(session, row.article_id)
    if (last.number if last else 0) != row.number - 1 or not insert_once(session, row):
        found = newest(session, row.article_id)
        return Kept(done=False, number=found.number if found else 0)
    _note(session, reader, action, row.article_id, now, number=row.number, of=row.of_number)
    return Kept(done=True, number=row.number)


def _move(session: Session, now: datetime) -> None:
    """A word that never was before.

    One made from what is served could come back: of two who sign at the same time, the later sees
    only its own, and after a withdrawal of the other the word would be the same.
    """
    running.mark(session, EDITION, new_id(), now)


def _note(
    session: Session, reader: Reader, action: str, article_id: str, now: datetime, **detail: object
) -> None:
    audit.note(
        session,
        actor=reader.actor,
        action=action,
        subject="article",
        subject_id=article_id,
        facility_id=reader.facility_id,
        now=now,
        detail=detail,
    )
