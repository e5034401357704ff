"""Questions the library could not answer well, without the person who asked, for a curator."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from records.identity import undated_id
from records.tables.base import json_list, row_id, sealed
from records.times import optional_instant


class QuestionGroup(SQLModel, table=True):
    """Questions that one answer serves.

    `state`: waiting, covered (`article_id` answers it), dismissed (`dismissed_as` says why it is
    not ours) or merged (its questions moved to `merged_into`).
    """

    __tablename__ = "question_groups"

    id: str = row_id()
    state: str = Field(default="waiting", index=True)
    article_id: str | None = None
    dismissed_as: str | None = None
    merged_into: str | None = None
    made_on: date
    decided_by: str | None = Field(default=None, foreign_key="practitioners.id")
    decided_at: datetime | None = optional_instant()


class AskedQuestion(SQLModel, table=True):
    """One question, de-identified before it was sealed. Nothing here leads to the person.

    `turn_index` is a blind index of the turn: the same turn is kept once, and 没用 finds its row.
    `place_index`, a blind index of the village, serves to count villages. `removed` names what was
    cut out of the words. `reason`: unknown, declined, unsure or unhelpful; `refusal` is the kind of a
    declined one. `group_id` is empty until the next tick, `was_in` is the group before a merger.
    """

    __tablename__ = "asked_questions"

    id: str = Field(default_factory=undated_id, primary_key=True, max_length=36)
    turn_index: str = Field(unique=True, max_length=64)
    group_id: str | None = Field(default=None, foreign_key="question_groups.id", index=True)
    was_in: str | None = None
    county_id: str | None = Field(default=None, foreign_key="facilities.id", index=True)
    place_index: str | None = Field(default=None, max_length=64)
    words_sealed: bytes | None = sealed()
    removed: list[str] = json_list()
    reason: str
    refusal: str | None = None
    articles: list[str] = json_list()
    confidence: float | None = None
    conditions: list[str] = json_list()
    age_band: str | None = None
    asked_on: date = Field(index=True)
