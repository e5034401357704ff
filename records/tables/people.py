"""The people looked after, how they are reached, and what they agreed to."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import JSON, Field, SQLModel, UniqueConstraint

from records.tables.base import json_list, row_id, sealed
from records.times import instant, optional_instant


class Person(SQLModel, table=True):
    """A person under care, or a stranger who wrote before anyone registered them.

    `status`: active, unidentified (wrote, but nobody knows who it is), away (works elsewhere until
    `away_until`), moved, deceased, refused or merged (a duplicate: `merged_into` is the one kept).
    `emergency_sealed` is the contact in an emergency: a JSON object of name, phone and relation.
    `asked_name_at`: when a stranger was asked for village and name, which happens once.
    `ailments` are what changes what may be eaten: kidney, gout, heart_failure.
    """

    __tablename__ = "persons"

    id: str = row_id()
    facility_id: str | None = Field(default=None, foreign_key="facilities.id", index=True)
    status: str = Field(default="active", index=True)
    name_sealed: bytes | None = sealed()
    phone_sealed: bytes | None = sealed()
    phone_index: str | None = Field(default=None, index=True)
    identity_number_sealed: bytes | None = sealed()
    identity_number_index: str | None = Field(default=None, index=True)
    sex: str | None = None
    born_on: date | None = None
    height_cm: float | None = None
    pregnant: bool = False
    drugs: list[str] = json_list()
    registered_at: datetime = instant()
    status_since: datetime | None = optional_instant()
    away_until: date | None = None
    merged_into: str | None = Field(default=None, index=True)
    emergency_sealed: bytes | None = sealed()
    asked_name_at: datetime | None = optional_instant()
    ailments: list[str] = Field(
        default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"}
    )


class PersonContact(SQLModel, table=True):
    """Who is behind a contact point. A phone is never an identity: it may have several people.

    `relation` is the person's relation to whoever holds the phone: self, spouse, father, mother …
    `consent_asked_at`: since when nothing is started on this link without consent. Empty for links
    that are older than the question, which rest on the paper signed when the person was registered.
    `basis`: what a link rests on where nobody said so: the number that stands in the file
    (`register`), or one that stood there (`former`).
    """

    __tablename__ = "person_contacts"
    __table_args__ = (UniqueConstraint("person_id", "contact_point_id"),)

    id: str = row_id()
    person_id: str = Field(foreign_key="persons.id", index=True)
    contact_point_id: str = Field(foreign_key="contact_points.id", index=True)
    relation: str = "self"
    linked_at: datetime = instant()
    unlinked_at: datetime | None = optional_instant()
    consent_asked_at: datetime | None = optional_instant()
    basis: str = Field(default="", sa_column_kwargs={"server_default": ""})


class Consent(SQLModel, table=True):
    """One purpose a person agreed to (readings, reminders, education, sharing). Rows are evidence.

    `contact_point_id` is the phone it was said on; for sharing, the phone that may see. Proof is the
    message that said so, or `recorded_by`, the practitioner who was told face to face.
    """

    __tablename__ = "consents"

    id: str = row_id()
    person_id: str = Field(foreign_key="persons.id", index=True)
    contact_point_id: str | None = Field(default=None, foreign_key="contact_points.id")
    purpose: str
    given_at: datetime = instant()
    revoked_at: datetime | None = optional_instant()
    evidence_message_id: str | None = None
    recorded_by: str | None = Field(default=None, foreign_key="practitioners.id")
    revoked_message_id: str | None = None
    revoked_by: str | None = Field(default=None, foreign_key="practitioners.id")


class BindingCode(SQLModel, table=True):
    """A code on paper or in a QR picture that ties a phone to a person. Good once, for seven days.

    `code_index` and `scene_index` are blind indexes of the six digits and of the QR code's token.
    `relation` is what the person is to whoever will hold the phone. `qr_url` is what WeChat wants in
    the picture; empty when it could not be asked.
    """

    __tablename__ = "binding_codes"

    id: str = row_id()
    person_id: str = Field(foreign_key="persons.id", index=True)
    relation: str = "self"
    code_sealed: bytes | None = sealed()
    code_index: str = Field(index=True)
    scene_index: str = Field(unique=True)
    issued_by: str = Field(foreign_key="practitioners.id")
    issued_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = optional_instant()
    used_by: str | None = Field(default=None, foreign_key="contact_points.id")
    cancelled_at: datetime | None = optional_instant()
    qr_url: str | None = None


class BindingGuess(SQLModel, table=True):
    """Six digits that were no code: counted, so that nobody can try them all."""

    __tablename__ = "binding_guesses"

    id: str = row_id()
    contact_point_id: str = Field(foreign_key="contact_points.id", index=True)
    account: str = Field(index=True)
    at: datetime = instant(index=True)
