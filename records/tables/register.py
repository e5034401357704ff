"""Registers brought in from spreadsheets, and duplicates put together again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from records.tables.base import json_list, json_object, row_id, sealed
from records.times import instant, optional_instant


class ImportRun(SQLModel, table=True):
    """One spreadsheet on its way in.

    `state`: preview (the mapping is being looked at) → trial or waiting → done; or cancelled.
    A worker owns the run while `claim_token` is its own and `claimed_until` has not passed.
    `outline_sealed` is a JSON object: the file's name, its sheets and their headers. `mapping`
    says which field a column holds, by the column's number. `content_index` finds the same file.
    """

    __tablename__ = "import_runs"

    id: str = row_id()
    facility_id: str = Field(foreign_key="facilities.id", index=True)
    started_by: str | None = Field(default=None, foreign_key="practitioners.id")
    content_index: str = Field(index=True)
    outline_sealed: bytes | None = sealed()
    family: int = 0
    mapping: dict[str, str] = json_object()
    state: str = Field(default="preview", index=True)
    tried: bool = False
    total: int = 0
    finished_rows: int = 0
    started_at: datetime = instant()
    confirmed_at: datetime | None = optional_instant()
    ended_at: datetime | None = optional_instant()
    claim_token: str | None = None
    claimed_until: datetime | None = optional_instant()


class ImportRow(SQLModel, table=True):
    """One row of a sheet. `cells_sealed` is a JSON list, emptied when nothing is left to mend.

    `state`: waiting → created, updated, unchanged, repeated (the same person stands further up) or
    failed; left_out is a footer. `notes` say in codes what was repaired or refused. `key_index`
    finds the row again in a later sheet; `written` holds, by field, the index of the value this
    import left in the person, so that a later import can tell who changed it since.
    """

    __tablename__ = "import_rows"
    __table_args__ = (
        UniqueConstraint("run_id", "sheet", "number"),
        Index("ix_import_rows_waiting", "run_id", "state"),
    )

    id: str = row_id()
    run_id: str = Field(foreign_key="import_runs.id")
    family: int = 0
    sheet: int
    number: int
    cells_sealed: bytes | None = sealed()
    state: str = "waiting"
    notes: list[dict[str, str]] = json_list()
    key_index: str | None = Field(default=None, index=True)
    person_id: str | None = Field(default=None, foreign_key="persons.id", index=True)
    written: dict[str, str] = json_object()
    settled_at: datetime | None = optional_instant()


class Merger(SQLModel, table=True):
    """Two records of one person put together. `journal` holds what is needed to take it back.

    `journal` is ids, codes and names of columns; what was sealed stays sealed in the merged row.
    """

    __tablename__ = "mergers"

    id: str = row_id()
    kept_id: str = Field(foreign_key="persons.id", index=True)
    merged_id: str = Field(foreign_key="persons.id", index=True)
    journal: dict[str, Any] = json_object()
    merged_by: str | None = None
    merged_at: datetime = instant()
    undone_by: str | None = None
    undone_at: datetime | None = optional_instant()


class Distinction(SQLModel, table=True):
    """Somebody looked and said: these are two people. `first_id` is the smaller id."""

    __tablename__ = "distinctions"
    __table_args__ = (UniqueConstraint("first_id", "second_id"),)

    id: str = row_id()
    first_id: str = Field(foreign_key="persons.id", index=True)
    second_id: str = Field(foreign_key="persons.id", index=True)
    decided_by: str | None = None
    decided_at: datetime = instant()
