"""Insert a row once: the unique key decides, whoever else writes the same at the same instant."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from records.db import changed


def insert_once(session: Session, row: SQLModel) -> bool:
    """Insert the row unless one with the same unique key exists. True when it is new."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(type(row)).values(**row.model_dump()).on_conflict_do_nothing()
    return changed(session, statement) == 1
