"""Alembic's entry: runs against the engine it is handed, or the URL given with -x url."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, Engine, inspect

from records.db import Database
from records.tables import metadata, watch


def _engine() -> Engine:
    engine: Engine | None = context.config.attributes.get("engine")
    if engine is not None:
        return engine
    return Database(context.get_x_argument(as_dictionary=True)["url"]).engine


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    # A table that a migration made anew has lost its triggers.
    if inspect(connection).has_table("touched"):
        watch(connection)


with _engine().connect() as _connection:
    _run(_connection)
    _connection.commit()
