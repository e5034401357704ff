"""Insert a row once: the unique key decides, whoever else writes the same at the same instant."""

from __future__ import annotations

from functools import cache
from typing import cast

from sqlalchemy import Executable, Table, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_once(session: Session, row: SQLModel) -> bool:
    """Insert the row unless one with the same unique key exists. True when it is new.

    Asks for the key back instead of counting rows: an ORM insert reports no count on PostgreSQL.
    """
    session.flush()
    table = _table(type(row))
    values = {column.key: getattr(row, column.key) for column in table.columns}
    statement = _statement(table, session.get_bind().dialect.name)
    return session.execute(statement, values).first() is not None


def insert(session: Session, row: SQLModel) -> None:
    """Insert the row at once. Costs half of adding it to the session, which does not know it then."""
    session.flush()
    table = _table(type(row))
    session.execute(
        _plain_statement(table), {column.key: getattr(row, column.key) for column in table.columns}
    )


@cache
def _plain_statement(table: Table) -> Executable:
    return table.insert()


@cache
def _table(model: type[SQLModel]) -> Table:
    return cast("Table", inspect(model).local_table)


@cache
def _statement(table: Table, dialect: str) -> Executable:
    """Built once per table: a statement that is built anew costs more than its execution."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)
