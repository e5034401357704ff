"""What curators write: revisions of education articles, and trials of a draft before it is signed.

Rows of revisions are only ever added. A manuscript is public: it is not sealed, is exported and goes
into releases. The desk puts no patient's words into it; a curator may, one wording at a time, told
that it will be public. What a trial found quotes patients' questions and is sealed.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Field, SQLModel, UniqueConstraint

from records.tables.base import row_id, sealed
from records.times import instant, optional_instant


class ArticleRevision(SQLModel, table=True):
    """One state of one article, as the Markdown file it would be.

    `state`: draft, signed or withdrawn. `of_number` is the revision that was signed or withdrawn;
    `packaged_digest` the digest of the packaged article when this was written, empty without one. `group_id` is the group of
    patients' questions that it was written for.
    """

    __tablename__ = "article_revisions"
    __table_args__ = (UniqueConstraint("article_id", "number"),)

    id: str = row_id()
    article_id: str = Field(index=True)
    number: int
    state: str = Field(index=True)
    manuscript: str
    digest: str
    packaged_digest: str = ""
    of_number: int | None = None
    note: str = ""
    group_id: str | None = None
    author_id: str | None = Field(default=None, foreign_key="practitioners.id")
    made_at: datetime = instant()
    signer_name: str | None = None
    signer_title: str | None = None
    signed_on: date | None = None


class ArticleTrial(SQLModel, table=True):
    """A draft to be compared with what is in force, on every stored question; and what it changes.

    `state`: waiting, running, done or failed. `result_sealed` is a JSON list of the answers that
    would change.
    """

    __tablename__ = "article_trials"

    id: str = row_id()
    article_id: str = Field(index=True)
    number: int
    edition: str = ""
    state: str = Field(default="waiting", index=True)
    done: int = 0
    total: int = 0
    changed: int = 0
    problem: str = ""
    result_sealed: bytes | None = sealed()
    requested_by: str = Field(foreign_key="practitioners.id")
    requested_at: datetime = instant()
    claimed_until: datetime | None = optional_instant()
    ended_at: datetime | None = optional_instant()
