"""Where care happens and who gives it: the facility tree and the practitioners."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from records.tables.base import row_id, sealed
from records.times import instant, optional_instant


class Facility(SQLModel, table=True):
    """A node of the tree county → township → village.

    `path` is the chain of ids from the county down, each followed by "/": a catchment is a prefix.
    `kind`: county, township_health_centre, community_health_centre or village_clinic. `code` is the
    number the county's own lists give it.
    """

    __tablename__ = "facilities"

    id: str = row_id()
    parent_id: str | None = Field(default=None, foreign_key="facilities.id", index=True)
    kind: str
    name: str
    path: str = Field(index=True)
    phone: str | None = None
    code: str | None = Field(default=None, index=True)


class Practitioner(SQLModel, table=True):
    """Someone who signs in. A `demo` account is refused off loopback.

    `role`: village_doctor, family_doctor, township_doctor, county_duty, curator, bureau_officer or
    operator.
    """

    __tablename__ = "practitioners"

    id: str = row_id()
    facility_id: str = Field(foreign_key="facilities.id", index=True)
    role: str
    login: str = Field(unique=True)
    name_sealed: bytes | None = sealed()
    phone_sealed: bytes | None = sealed()
    phone_index: str | None = Field(default=None, index=True)
    password_hash: str
    demo: bool = False
    created_at: datetime = instant()
    disabled_at: datetime | None = optional_instant()


class SignIn(SQLModel, table=True):
    """A browser session. The id is the SHA-256 of the cookie, so a stolen table opens nothing."""

    __tablename__ = "sign_ins"

    id: str = Field(primary_key=True, max_length=64)
    practitioner_id: str = Field(foreign_key="practitioners.id", index=True)
    csrf_token: str
    created_at: datetime = instant()
    last_seen_at: datetime = instant()
    expires_at: datetime = instant(index=True)
