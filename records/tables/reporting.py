"""What the bureau's figures are made of: monthly states, closed months, estimates and tokens.

A state is derived and may be recomputed at any time; a closed month never changes any more, what
became different afterwards stands in the log of revisions.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, Index, SQLModel

from records.tables.base import json_object, row_id
from records.times import instant, optional_instant


class Touched(SQLModel, table=True):
    """Something about a person changed that figures from `since` on may depend on.

    Written by triggers of the database (`records.tables.touching`), so that no writer can forget it.
    """

    __tablename__ = "touched"

    id: int | None = Field(default=None, primary_key=True)
    person_id: str = Field(index=True)
    since: date


class MonthlyState(SQLModel, table=True):
    """One person in one programme at the end of one month ("2026-11"), the year so far.

    `standard`, `control` and `cohort` are classes of a partition each, see `reports.state`.
    """

    __tablename__ = "monthly_states"
    __table_args__ = (Index("ix_monthly_states_place", "month", "facility_id"),)

    month: str = Field(primary_key=True, max_length=7)
    person_id: str = Field(primary_key=True, index=True)
    programme: str = Field(primary_key=True)
    facility_id: str | None = None
    under_care: bool
    standard: str
    control: str
    cohort: str
    visits: int
    fasting_tests: int


class ClosedMonth(SQLModel, table=True):
    """A month whose figures are final."""

    __tablename__ = "closed_months"

    month: str = Field(primary_key=True, max_length=7)
    closed_at: datetime = instant()
    definitions: str


class ClosedTally(SQLModel, table=True):
    """What was counted in one facility when its month was closed: numbers only."""

    __tablename__ = "closed_tallies"

    month: str = Field(primary_key=True, max_length=7)
    place: str = Field(primary_key=True)
    counted: dict[str, Any] = json_object()


class StateRevision(SQLModel, table=True):
    """A state of a closed month that would come out differently today. Rows are only ever added.

    `before` and `after` are the classes as in `MonthlyState`; empty: no state at all.
    """

    __tablename__ = "state_revisions"
    __table_args__ = (Index("ix_state_revisions_place", "month", "facility_id"),)

    id: str = row_id()
    month: str
    person_id: str = Field(index=True)
    programme: str
    facility_id: str | None = None
    noted_at: datetime = instant()
    reason: str
    before: dict[str, Any] = json_object()
    after: dict[str, Any] = json_object()


class FacilityEstimate(SQLModel, table=True):
    """How many patients of a programme an area is thought to have in a year, and on whose word.

    Rows are only ever added; the last one set counts.
    """

    __tablename__ = "facility_estimates"
    __table_args__ = (Index("ix_facility_estimates_year", "year", "programme"),)

    id: str = row_id()
    facility_id: str = Field(foreign_key="facilities.id", index=True)
    programme: str
    year: int
    patients: int
    source: str
    set_by: str
    set_at: datetime = instant()


class ApiToken(SQLModel, table=True):
    """Lets another program read the figures of one facility until it expires. Only a hash is kept."""

    __tablename__ = "api_tokens"

    id: str = row_id()
    name: str
    facility_id: str = Field(foreign_key="facilities.id", index=True)
    token_hash: str = Field(unique=True, max_length=64)
    created_at: datetime = instant()
    created_by: str
    expires_at: datetime = instant()
    revoked_at: datetime | None = optional_instant()
    last_used_at: datetime | None = optional_instant()
