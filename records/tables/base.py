"""What every table shares: naming of constraints, ids and sealed columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import LargeBinary
from sqlmodel import JSON, Field, SQLModel

from records.identity import new_id

metadata = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def row_id() -> Any:
    """The primary key: an id made by the writer."""
    return Field(default_factory=new_id, primary_key=True, max_length=36)


def sealed() -> Any:
    """A column holding a value sealed by the vault; empty when there is nothing to hide."""
    return Field(default=None, sa_type=LargeBinary, nullable=True)


def json_list() -> Any:
    """A list of codes. Never patient text."""
    return Field(default_factory=list, sa_type=JSON)


def json_object() -> Any:
    """A mapping of codes and ids. Never patient text."""
    return Field(default_factory=dict, sa_type=JSON)
