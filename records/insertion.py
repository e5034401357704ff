"""Insert a row once: the unique key decides, whoever else writes the same at the same instant."""

from __future__ import annotations

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_once(session: Session, row: SQLModel) -> bool:
    """Insert the row unless one with the same unique key exists. True when it is new.

    Asks for the key back instead of counting rows: an ORM insert reports no count on PostgreSQL.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(type(row))
        .values(**row.model_dump())
        .on_conflict_do_nothing()
        .returning(inspect(type(row)).primary_key[0])
    )
    return session.execute(statement).first() is not None
