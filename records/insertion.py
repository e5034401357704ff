"""One statement for a row that others may write too: the unique key decides, never a read before it."""

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


def put(session: Session, row: SQLModel) -> None:
    """Insert the row, or bring the one with the same primary key up to it: the last writer wins."""
    session.flush()
    table = _table(type(row))
    values = {column.key: getattr(row, column.key) for column in table.columns}
    session.execute(_put_statement(table, session.get_bind().dialect.name), values)


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
    return _insert(table, dialect).on_conflict_do_nothing().returning(*table.primary_key.columns)


@cache
def _put_statement(table: Table, dialect: str) -> Executable:
    key = {column.key for column in table.primary_key.columns}
    new = _insert(table, dialect)
    return new.on_conflict_do_update(
        index_elements=sorted(key),
        set_={
            column.key: new.excluded[column.key]
            for column in table.columns
            if column.key not in key
        },
    )


def _insert(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
