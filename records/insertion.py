"""Insert a row once: the unique key decides, whoever else writes the same at the same instant."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Executable, Table, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_once(session: Session, row: SQLModel) -> bool:
    """Insert the row unless one with the same unique key exists. True when it is new.

    Asks for the key back instead of counting rows: an ORM insert reports no count on PostgreSQL.
    """
    statement = _statement(type(row), session.get_bind().dialect.name)
    return session.execute(statement, row.model_dump()).first() is not None


@lru_cache(maxsize=64)
def _statement(model: type[SQLModel], dialect: str) -> Executable:
    """Built once per table: building costs more than running it."""
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    table = cast("Table", inspect(model).local_table)
    return cast(
        "Executable",
        insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns),
    )
