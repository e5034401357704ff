"""What was taught: one article of the curriculum to one person, on one phone, in one week."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Field, SQLModel, UniqueConstraint

from records.tables.base import row_id
from records.times import instant


class Lesson(SQLModel, table=True):
    """One lesson. A phone has at most one a week: two workers, or one that died, teach once.

    `week_on` is the Monday of the week where the people live. `digest` says which wording of the
    article was sent, `reason` is the code of why it was chosen. Whether it arrived stands in the
    outbound message; its words are in no other row.
    """

    __tablename__ = "lessons"
    __table_args__ = (UniqueConstraint("contact_point_id", "week_on"),)

    id: str = row_id()
    person_id: str = Field(foreign_key="persons.id", index=True)
    contact_point_id: str = Field(foreign_key="contact_points.id")
    week_on: date
    article_id: str
    subject: str
    digest: str = Field(max_length=64)
    reason: str
    told_opt_out: bool = False
    outbound_message_id: str | None = Field(default=None, foreign_key="outbound_messages.id")
    planned_at: datetime = instant(index=True)
